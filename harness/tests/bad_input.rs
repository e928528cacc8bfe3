//! Targets that are broken or mean harm, and commands that cannot be carried out: each ends in time, with the exit code
//! that README.md promises and a message that says what to do, and nothing that a target sends reaches the terminal as
//! a command.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpSocket;

use crate::support::hostile::{Hostile, answer};
use crate::support::{Bench, Ended, assert_harmless};

const SCIM: &str = "Content-Type: application/scim+json\r\n";
static MEBIBYTE: [u8; 1024 * 1024] = [b' '; 1024 * 1024];

#[test]
fn nobody_listens() {
    // Bound and not listening: the port stays ours, and a connection to it is refused.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/scim/v2", socket.local_addr().unwrap());
    could_not_run("nobody_listens", &run_against(&url, &[]));
}

#[test]
fn the_host_does_not_exist() {
    let ended = run_against("http://scimspec.invalid/scim/v2", &[]);
    assert_eq!(ended.code, Some(3));
    // The resolver's own words differ from machine to machine.
    assert!(ended.stderr.contains("http://scimspec.invalid/scim/v2/Users"), "{}", ended.stderr);
    assert!(ended.stderr.contains("cannot be reached: could not connect"), "{}", ended.stderr);
}

#[test]
fn the_token_is_wrong() {
    let server = Hostile::that_answers("401 Unauthorized", SCIM, r#"{"detail": "no"}"#);
    could_not_run("the_token_is_wrong", &run_against(&server.url, &["--token-env", "TOKEN"]));
}

#[test]
fn a_token_is_wanted_and_none_was_given() {
    let server = Hostile::that_answers("401 Unauthorized", "WWW-Authenticate: Bearer\r\n", "");
    could_not_run("a_token_is_wanted", &run_against(&server.url, &[]));
}

#[test]
fn a_page_for_people_answers() {
    let page = "<!DOCTYPE html><title>Sign in</title>";
    let server = Hostile::that_answers("200 OK", "Content-Type: text/html; charset=utf-8\r\n", page);
    could_not_run("a_page_for_people", &run_against(&server.url, &[]));
}

#[test]
fn a_page_that_does_not_say_that_it_is_one() {
    let server = Hostile::that_answers("404 Not Found", SCIM, "\n<html><h1>Not here</h1>");
    could_not_run("a_page_in_disguise", &run_against(&server.url, &[]));
}

#[test]
fn the_json_is_broken() {
    let server = Hostile::that_answers("200 OK", SCIM, r#"{"totalResults": 1, "Resources": ["#);
    could_not_run("the_json_is_broken", &run_against(&server.url, &[]));
}

#[test]
fn the_json_is_no_object() {
    let server = Hostile::that_answers("200 OK", SCIM, "[]");
    could_not_run("the_json_is_no_object", &run_against(&server.url, &[]));
}

#[test]
fn a_redirect_is_not_followed_and_takes_no_token_along() {
    let thief = Hostile::that_answers("200 OK", SCIM, "{}");
    let to = thief.url.clone();
    let server =
        Hostile::new(move |_, stream| answer(stream, "302 Found", &format!("Location: {to}/Users\r\n"), b""));
    could_not_run("a_redirect", &run_against(&server.url, &["--token-env", "TOKEN"]));
    assert_eq!(thief.connections(), 0);
}

#[test]
fn fifty_megabytes_that_are_announced() {
    let server = Hostile::new(|_, stream| {
        write!(stream, "HTTP/1.1 200 OK\r\n{SCIM}Content-Length: 52428800\r\n\r\n")?;
        (0..50).try_for_each(|_| stream.write_all(&MEBIBYTE))
    });
    could_not_run("fifty_megabytes", &run_against(&server.url, &[]));
}

#[test]
fn fifty_megabytes_in_pieces() {
    let server = Hostile::new(|_, stream| {
        write!(stream, "HTTP/1.1 200 OK\r\n{SCIM}Transfer-Encoding: chunked\r\n\r\n")?;
        for _ in 0..50 {
            write!(stream, "100000\r\n")?;
            stream.write_all(&MEBIBYTE)?;
            stream.write_all(b"\r\n")?;
        }
        stream.write_all(b"0\r\n\r\n")
    });
    could_not_run("fifty_megabytes", &run_against(&server.url, &[]));
}

#[test]
fn a_body_that_never_ends() {
    let server = Hostile::new(|_, stream| {
        write!(stream, "HTTP/1.1 200 OK\r\n{SCIM}Transfer-Encoding: chunked\r\n\r\n")?;
        trickle(stream, b"1\r\n \r\n")
    });
    could_not_run("a_body_that_never_ends", &run_against(&server.url, &["--timeout", "1s"]));
}

#[test]
fn a_header_that_never_ends_and_comes_fast() {
    let server = Hostile::new(|_, stream| {
        write!(stream, "HTTP/1.1 200 OK\r\nX-Long: ")?;
        loop {
            stream.write_all(&[b'a'; 8192])?;
        }
    });
    could_not_run("a_header_that_never_ends", &run_against(&server.url, &[]));
}

#[test]
fn a_header_that_never_ends_and_comes_slowly() {
    let server = Hostile::new(|_, stream| {
        write!(stream, "HTTP/1.1 200 OK\r\nX-Long: ")?;
        trickle(stream, b"a")
    });
    could_not_run("a_header_that_comes_slowly", &run_against(&server.url, &["--timeout", "1s"]));
}

#[test]
fn headers_without_number() {
    let server = Hostile::new(|_, stream| {
        write!(stream, "HTTP/1.1 200 OK\r\n")?;
        (0..).try_for_each(|i| write!(stream, "X-{i}: a\r\n"))
    });
    could_not_run("headers_without_number", &run_against(&server.url, &[]));
}

#[test]
fn the_connection_is_closed_at_once() {
    let server = Hostile::new(|_, _| Ok(()));
    could_not_run("closed_at_once", &run_against(&server.url, &[]));
}

#[test]
fn an_answer_that_is_not_http() {
    let server = Hostile::new(|_, stream| stream.write_all(b"SSH-2.0-OpenSSH_9.7\r\n"));
    could_not_run("not_http", &run_against(&server.url, &[]));
}

#[test]
fn an_error_that_would_command_the_terminal() {
    let detail = r#"{"detail": "\u001b[2J\u001b]0;owned\u0007 \u202edenwo\r\nconformant \u009b1m"}"#;
    let server = Hostile::that_answers("500 Internal Server Error", SCIM, detail);
    could_not_run("a_command_in_an_error", &run_against(&server.url, &[]));
}

#[test]
fn a_redirect_that_would_command_the_terminal() {
    let server = Hostile::that_answers("302 Found", "Location: http://app.example/\u{202e}\u{9b}2J\r\n", "");
    could_not_run("a_command_in_a_redirect", &run_against(&server.url, &[]));
}

/// It lets the run begin, then commands the terminal wherever a server has a say: ids, names, errors, headers.
#[test]
fn a_whole_run_in_which_nothing_commands_the_terminal() {
    const HEADERS: &str = "Content-Type: application/scim+json; x=\"\u{9b}1m\u{202e}\"\r\n";
    const EVIL: &str = r"\u001b[2J\u001b]0;owned\u0007\u202e\u009b1m\r\nconformant";
    let server = Hostile::new(|head, stream| {
        if head.starts_with("GET /scim/v2/Users?startIndex=1&count=1 ") {
            answer(stream, "200 OK", SCIM, br#"{"Resources": [], "totalResults": 0}"#)
        } else if head.starts_with("GET /scim/v2/Users?") {
            answer(stream, "200 OK", HEADERS, br#"{"Resources": [], "totalResults": 0}"#)
        } else if head.starts_with("POST ") {
            let body = format!(r#"{{"id": "{EVIL}", "userName": "{EVIL}", "{EVIL}": "{EVIL}"}}"#);
            answer(stream, "201 Created", HEADERS, body.as_bytes())
        } else {
            let body = format!(r#"{{"detail": "{EVIL}", "scimType": "{EVIL}"}}"#);
            answer(stream, "400 Bad Request", HEADERS, body.as_bytes())
        }
    });
    let bench = Bench::new();
    let reports = ["--report", "pretty", "--report", "json=out.json", "--report", "junit=out.xml"];
    let only =
        ["--only", "lifecycle/create", "--only", "lifecycle/p*-deactivates", "--only", "groups/rename"];
    let ended = bench.run(&[["run", "--url", &server.url].as_slice(), &only, &reports].concat());

    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    ended.assert_harmless();
    assert!(ended.stdout.contains("NOT REMOVED"), "{}", ended.stdout);
    let json = std::fs::read_to_string(bench.path("out.json")).unwrap();
    assert_harmless(&json);
    let mut seen = 0;
    each_string(&serde_json::from_str(&json).unwrap(), &mut |text| {
        seen += usize::from(text.contains("owned"));
        assert_harmless(text);
    });
    assert!(seen > 0, "what the server says is in the report");
    assert_harmless(&std::fs::read_to_string(bench.path("out.xml")).unwrap());
}

#[test]
fn commands_that_cannot_be_carried_out() {
    usage_errors(
        "commands",
        &[
            ("a command that there is not", &["test"]),
            ("a flag that there is not", &["run", "--uri", "http://127.0.0.1:1"]),
            ("a profile that there is not", &["run", "--profile", "github"]),
            ("a persona that there is not", &["run", "--persona", "okta"]),
            ("a persona's option that there is not", &["run", "--persona", "entra+lower"]),
            ("a report that there is not", &["run", "--report", "html"]),
            ("a report to nowhere", &["run", "--report", "json="]),
            ("a pattern that is none", &["run", "--only", "lifecycle/["]),
            ("a pattern that matches nothing", &["run", "--only", "lifecycel/*"]),
            ("a time that is none", &["run", "--timeout", "soon"]),
            ("no time at all", &["run", "--timeout", "0s"]),
            ("a number of jobs that is none", &["run", "--jobs", "0"]),
            ("a deviation that there is not", &["run", "--deviate", "is-nice"]),
            (
                "a deviation of somebody else's server",
                &["run", "--url", "http://127.0.0.1:1", "--deviate", "x"],
            ),
            ("a URL that is none", &["run", "--url", "app.example/scim/v2"]),
            ("a URL that is not HTTP", &["run", "--url", "ftp://app.example/scim/v2"]),
            ("a URL with a password in it", &["run", "--url", "https://ada:hunter2@app.example/scim/v2"]),
            (
                "a token that is not there",
                &["run", "--url", "http://127.0.0.1:1", "--token-env", "NO_SUCH_TOKEN"],
            ),
            ("a token that is empty", &["run", "--url", "http://127.0.0.1:1", "--token-env", "EMPTY"]),
            ("a token for our own server", &["run", "--token-env", "TOKEN"]),
            ("a configuration that is not there", &["run", "--config", "nowhere.toml"]),
            ("a baseline that is not there", &["run", "--baseline", "nowhere.toml"]),
            ("scenarios that are not there", &["run", "--scenarios", "nowhere"]),
            ("something that nothing is called", &["explain", "lifecycle/nothing"]),
            ("snapshots that are not there", &["review", "nowhere"]),
            ("a journal that is not there", &["cleanup", "nowhere.journal"]),
        ],
    );
}

#[test]
fn configurations_that_cannot_be_used() {
    let url = "[target]\nurl = \"http://127.0.0.1:1\"\n";
    let probe = |rest: &str| format!("{url}[access.sign-in]\n{rest}\n");
    let configurations = [
        ("TOML that is none", "[target\nurl = 1\n".to_owned()),
        ("a key that there is not", "[target]\nuri = \"http://127.0.0.1:1\"\n".to_owned()),
        ("a table that there is not", format!("{url}[acess.sign-in]\nkind = \"fresh\"\n")),
        ("no target", "[secrets]\n".to_owned()),
        ("a URL that is none", "[target]\nurl = \"app.example\"\n".to_owned()),
        ("a provider that there is not", format!("{url}idps = [\"okta\", \"google\"]\n")),
        ("a profile that there is not", format!("{url}profile = \"github\"\n")),
        ("a secret from nowhere", format!("{url}token = {{}}\n")),
        ("a secret from two places", format!("{url}token = {{ env = \"TOKEN\", file = \"token\" }}\n")),
        ("a variable that is not set", format!("{url}token = {{ env = \"NO_SUCH_TOKEN\" }}\n")),
        ("a file that is not there", format!("{url}token = {{ file = \"no-such-token\" }}\n")),
        (
            "another secret that is not there",
            format!("{url}[secrets]\nadmin = {{ env = \"NO_SUCH_TOKEN\" }}\n"),
        ),
        ("a time that is none", format!("{url}[access]\nwithin = 5\n")),
        ("a probe without a kind", probe("command = [\"./try\"]")),
        ("a probe of a kind that there is not", probe("kind = \"new\"\ncommand = [\"./try\"]")),
        ("a probe with a key that there is not", probe("kind = \"fresh\"\ncomand = [\"./try\"]")),
        ("a probe that tries nothing", probe("kind = \"fresh\"")),
        ("a probe with an empty command", probe("kind = \"fresh\"\ncommand = []")),
        (
            "a probe that cannot tell",
            probe("kind = \"fresh\"\ntry = { request = \"GET http://127.0.0.1:1\" }"),
        ),
        (
            "a probe whose reading says nothing",
            probe(
                "kind = \"fresh\"\ntry = { request = \"GET http://127.0.0.1:1\" }\nallowed = {}\nblocked = { status = 401 }",
            ),
        ),
        (
            "a probe without a request",
            probe(
                "kind = \"fresh\"\ntry = { request = \"/login\" }\nallowed = { status = 200 }\nblocked = { status = 401 }",
            ),
        ),
        (
            "a probe with a name that is none",
            probe(
                "kind = \"fresh\"\ntry = { request = \"GET http://127.0.0.1:1/${person name}\" }\nallowed = { status = 200 }\nblocked = { status = 401 }",
            ),
        ),
        (
            "a probe that keeps something from nowhere",
            probe(
                "kind = \"held\"\narrange = [{ request = \"GET http://127.0.0.1:1\", keep = { token = \"token\" } }]\ntry = { request = \"GET http://127.0.0.1:1\" }\nallowed = { status = 200 }\nblocked = { status = 401 }",
            ),
        ),
        (
            "a probe of a door for members and for administrators",
            probe("kind = \"fresh\"\ngroup = true\nadministrator = true\ncommand = [\"./try\"]"),
        ),
        (
            "a command that shows who somebody is",
            probe("kind = \"held\"\ncommand = [\"./try\"]\nspeaks = { Authorization = \"x\" }"),
        ),
        (
            "an account that is made by no request",
            format!("{url}[account]\narrange = [{{ request = \"make it\" }}]\n"),
        ),
        ("an act that there is not", format!("{url}[administrator]\nlock = []\n")),
        ("an act that does nothing", format!("{url}[administrator]\nblock = []\n")),
        (
            "an administrator who stays one",
            format!("{url}[administrator]\npromote = [{{ request = \"PUT http://127.0.0.1:1\" }}]\n"),
        ),
    ];
    let bench = Bench::new();
    let mut page = String::new();
    for (kind, text) in configurations {
        let path = bench.file("scimspec.toml", &text);
        usage_error(&bench, kind, &["run", "--config", &path], &mut page);
    }
    insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!("configurations", page) });
}

/// Who writes the secret itself where its source belongs makes a mistake, and must not find it in a log.
#[test]
fn a_secret_that_stands_in_the_configuration_is_refused_and_not_repeated() {
    let bench = Bench::new();
    let target = "[target]\nurl = \"http://127.0.0.1:1\"\n";
    for text in [
        format!("{target}token = \"hunter2-hunter2\"\n"),
        format!("{target}token = {{ value = \"hunter2-hunter2\" }}\n"),
        format!("{target}[secrets]\nadmin = \"hunter2-hunter2\"\n"),
    ] {
        let ended = bench.run(&["run", "--config", &bench.file("scimspec.toml", &text)]);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
        assert!(ended.stderr.contains("env = "), "it says what to write instead: {}", ended.stderr);
    }
}

#[test]
fn baselines_that_cannot_be_used() {
    let bench = Bench::new();
    let mut page = String::new();
    for (kind, text) in [
        ("an entry without a reason", "[[known]]\ncheck = \"lifecycle/*\"\n"),
        ("an entry with an empty reason", "[[known]]\ncheck = \"lifecycle/*\"\nreason = \" \"\n"),
        ("an entry without a check", "[[known]]\nreason = \"C14\"\n"),
        (
            "a key that there is not",
            "[[known]]\ncheck = \"lifecycle/*\"\nreason = \"C14\"\nuntil = \"2027\"\n",
        ),
        ("a pattern that is none", "[[known]]\ncheck = \"lifecycle/[\"\nreason = \"C14\"\n"),
    ] {
        let path = bench.file("baseline.toml", text);
        usage_error(&bench, kind, &["run", "--baseline", &path], &mut page);
    }
    insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!("baselines", page) });
}

#[test]
fn scenarios_with_mistakes_are_refused_before_anything_is_sent() {
    let server = Hostile::that_answers("200 OK", SCIM, "{}");
    let bench = Bench::new();
    bench.file("own/a.yaml", "title: A story\nsteps:\n  - idp: asign\n");
    bench.file("own/deep/b.yaml", "title: Another\nsteps:\n  - request: GET /Users/${x}\n");
    let ended = bench.run(&["run", "--url", &server.url, "--scenarios", "own"]);
    assert_eq!((ended.code, server.connections()), (Some(2), 0));
    insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!("own_scenarios", ended.shown()) });
}

#[test]
fn a_folder_without_a_scenario_is_refused() {
    let bench = Bench::new();
    bench.file("own/readme.md", "# Nothing here\n");
    let ended = bench.run(&["run", "--scenarios", "own"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("own holds no scenario"), "{}", ended.stderr);
}

fn run_against(url: &str, flags: &[&str]) -> Ended {
    let bench = Bench::new();
    let mut command = bench.scimspec(&[["run", "--url", url].as_slice(), flags].concat());
    let ended = crate::support::start(command.env("TOKEN", "a-token-that-is-wrong")).end();
    assert_eq!(bench.files(), [], "a run that could not begin leaves nothing behind");
    ended
}

/// The run could not begin: exit 3, nothing on standard output, and the stored message.
#[track_caller]
fn could_not_run(name: &str, ended: &Ended) {
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    ended.assert_harmless();
    insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!(name, ended.shown()) });
}

fn usage_errors(name: &str, commands: &[(&str, &[&str])]) {
    let bench = Bench::new();
    let mut page = String::new();
    for (kind, arguments) in commands {
        usage_error(&bench, kind, arguments, &mut page);
    }
    insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!(name, page) });
}

#[track_caller]
fn usage_error(bench: &Bench, kind: &str, arguments: &[&str], page: &mut String) {
    let mut command = bench.scimspec(arguments);
    let ended = crate::support::start(command.env("TOKEN", "a-token").env("EMPTY", " ")).end();
    assert_eq!(ended.code, Some(2), "{kind}: {}", ended.stderr);
    assert_eq!(ended.stdout, "", "{kind}");
    assert!(!ended.stderr.contains("hunter2"), "{kind}: {}", ended.stderr);
    let _ = writeln!(page, "## {kind}\n{}", ended.shown());
}

/// Says the same for ever, slowly.
fn trickle(stream: &mut std::net::TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    loop {
        stream.write_all(bytes)?;
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn each_string(json: &Value, seen: &mut impl FnMut(&str)) {
    match json {
        Value::String(text) => seen(text),
        Value::Array(items) => items.iter().for_each(|item| each_string(item, seen)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            seen(name);
            each_string(value, seen);
        }),
        _ => {}
    }
}

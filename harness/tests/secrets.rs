//! No secret leaves the process: not in a report, a snapshot, a journal or a message, in no spelling, also when the
//! target sends our own secrets back.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::support::foreign::{self, Foreign, Heard, TOKEN};
use crate::support::{Bench, Ended};

/// Every way in which a run can write.
const OUTPUTS: [&str; 12] = [
    "--report",
    "pretty",
    "--report",
    "pretty=report.txt",
    "--report",
    "json=report.json",
    "--report",
    "junit=report.xml",
    "--snapshots",
    "snapshots",
    "--allow",
    "load",
];

#[test]
fn a_run_that_fails_tells_no_secret_of_ours() {
    let (ended, bench, secrets) = run_that_fails();
    let written = written(&bench, &ended);
    for name in ["report.txt", "report.json", "report.xml", ".snap.new", "stdout", "stderr"] {
        assert!(written.iter().any(|(path, _)| path.ends_with(name)), "{name} was written");
    }
    assert!(secrets.ours.contains(TOKEN));
    assert!(secrets.ours.len() > 50, "passwords, sessions, tokens: {}", secrets.ours.len());
    assert_eq!(found(&secrets.ours, &written), [""; 0]);
}

/// A sign-in that serves as a probe opens a session; what it answers is as good as a password.
#[test]
fn a_run_that_fails_tells_nothing_that_the_application_handed_out() {
    let (ended, bench, secrets) = run_that_fails();
    assert!(secrets.theirs.len() > 50, "sessions and tokens: {}", secrets.theirs.len());
    assert_eq!(found(&secrets.theirs, &written(&bench, &ended)), [""; 0]);
}

/// The server repeats who asked and what was asked wherever it has a say.
#[test]
fn a_target_that_sends_our_secrets_back_puts_them_nowhere() {
    let (ended, bench, secrets) = run_against_an_echo(Echo::default());
    assert!(ended.stdout.contains("NOT REMOVED"), "{}", ended.stdout);
    assert_eq!(bench.journals().len(), 1, "what could not be removed is noted");
    assert_eq!(found(&secrets, &written(&bench, &ended)), [""; 0]);
}

/// A message that is cut for length must not be cut within a secret, where nobody recognises it any more.
#[test]
fn a_secret_is_masked_before_a_message_is_cut() {
    let (ended, bench, secrets) = run_against_an_echo(Echo::default());
    let beginnings = secrets.iter().map(|secret| secret.chars().take(12).collect()).collect();
    assert_eq!(found(&beginnings, &written(&bench, &ended)), [""; 0]);
}

#[test]
fn a_secret_that_comes_back_as_the_name_of_a_member_is_masked() {
    let (ended, bench, secrets) = run_against_an_echo(Echo { in_names: true, ..Echo::default() });
    assert_eq!(found(&secrets, &written(&bench, &ended)), [""; 0]);
}

#[test]
fn a_secret_in_the_url_of_a_probe_is_masked() {
    let (ended, bench, secrets) = run_against_an_echo(Echo { in_urls: true, ..Echo::default() });
    assert_eq!(found(&secrets, &written(&bench, &ended)), [""; 0]);
}

#[test]
fn the_search_finds_a_secret_in_every_spelling() {
    let secrets = BTreeSet::from([TOKEN.to_owned()]);
    let quoted = Value::from(TOKEN).to_string();
    let percent = utf8_percent_encode(TOKEN, NON_ALPHANUMERIC).to_string();
    let planted = [
        ("raw", format!("Authorization: Bearer {TOKEN}\n")),
        ("json", format!("{{\"detail\": {quoted}}}")),
        ("json in json", format!("{{\"body\": {}}}", Value::from(quoted.as_str()))),
        ("percent", format!("/login?token={percent}&x=1")),
        ("percent, lower case", format!("/login?token={}&x=1", percent.to_lowercase())),
        ("xml", TOKEN.replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&apos;")),
        ("base64", STANDARD.encode(TOKEN)),
        ("base64, one byte in", STANDARD.encode(format!(" {TOKEN}, and more"))),
        ("base64, two bytes in", URL_SAFE.encode(format!("a:{TOKEN}"))),
    ];
    for (spelling, text) in planted {
        let bench = Bench::new();
        bench.file("state/planted", &text);
        let ended = Ended { code: Some(0), stdout: String::new(), stderr: String::new() };
        assert_eq!(found(&secrets, &written(&bench, &ended)).len(), 1, "{spelling}: {text}");
    }
    let ended = Ended { code: Some(0), stdout: String::new(), stderr: TOKEN.to_owned() };
    assert_eq!(found(&secrets, &written(&Bench::new(), &ended)).len(), 1);
}

/// The token of `serve` is in a file that only its owner reads, and gone when the server is.
#[cfg(unix)]
#[test]
fn a_server_tells_where_its_token_is_and_not_what_it_is() {
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::PermissionsExt;
    use std::process::Stdio;

    let bench = Bench::new();
    let mut command = bench.scimspec(&["serve", "--port", "0", "--config-out", "served.toml"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut url = String::new();
    lines.read_line(&mut url).unwrap();
    let mut secrets = BTreeSet::new();
    for name in ["served.toml.token", "served.toml.admin-token"] {
        let path = bench.path(name);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        secrets.insert(std::fs::read_to_string(path).unwrap().trim().to_owned());
    }
    let config = std::fs::read_to_string(bench.path("served.toml")).unwrap();
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-s", "INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut lines, &mut rest).unwrap();

    assert_eq!(output.status.code(), Some(0));
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/scim/v2\n"), "{url}");
    assert_eq!(secrets.len(), 2);
    assert_eq!(bench.files(), [], "the files end with the server");
    let stderr = String::from_utf8(output.stderr).unwrap();
    let said = [("stdout", url + &rest), ("stderr", stderr), ("served.toml", config)];
    assert_eq!(found(&secrets, &said.map(|(name, text)| (name.to_owned(), text))), [""; 0]);
}

/// A run against a server that fails it in several ways, with access probes.
fn run_that_fails() -> (Ended, Bench, Heard) {
    let server = Foreign::new(&["active-attribute-ignored-everywhere", "pathless-active-500"]);
    let bench = Bench::new();
    let config = server.config(&bench);
    let only = [
        ["--only", "lifecycle/deactivate-*"],
        ["--only", "lifecycle/link-local-account"],
        ["--only", "groups/*"],
        ["--only", "security/own-credential"],
    ]
    .concat();
    let ended = bench.run(&[["run", "--config", &config].as_slice(), &only, &OUTPUTS].concat());
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    (ended, bench, server.heard())
}

/// What the echo does besides saying everything again in values and messages.
#[derive(Clone, Copy, Default)]
struct Echo {
    /// Members of its answers are named by what it heard.
    in_names: bool,
    /// Its access probes have secrets in their URLs.
    in_urls: bool,
}

fn run_against_an_echo(echo: Echo) -> (Ended, Bench, BTreeSet<String>) {
    const ACCESS: &str = r#"
        [access]
        within = "0s"

        [access.token]
        kind = "held"
        arrange = [ { request = "POST @APP@/issue", headers = { Authorization = "Bearer ${secret.admin}" }, json = { user = "${person.userName}", password = "${person.password}" }, keep = { token = "$.token" } } ]
        try = { request = "GET @APP@/me", headers = { Authorization = "Bearer ${token}" }, json = { password = "${person.password}" } }
        allowed = { status = 200 }
        blocked = { status = 401 }
        account = "$.account"

        [access.refused]
        kind = "fresh"
        arrange = [ { request = "POST @APP@/refuse", headers = { Authorization = "Bearer ${secret.admin}" } } ]
        try = { request = "GET @APP@/me" }
        allowed = { status = 200 }
        blocked = { status = 401 }
    "#;
    let (sender, heard) = std::sync::mpsc::channel();
    let runtime = foreign::runtime();
    let in_names = echo.in_names;
    let answer = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        let said = Said::new(&method, &uri, &headers, &body);
        // Nobody listens any more when the test is over.
        let _ = sender.send(said.secrets.clone());
        std::future::ready(said.answer(&method, &uri, in_names))
    };
    let root = foreign::serve(&runtime, Router::new().fallback(answer));
    let bench = Bench::new();
    let mut access = ACCESS.replace("@APP@", &format!("{root}/app"));
    if echo.in_urls {
        access = access
            .replace("/me\"", "/me?password=${person.password}\"")
            .replace("/refuse\"", "/refuse?key=${secret.admin}&password=${person.password}\"");
    }
    bench.file("config/token", TOKEN);
    bench.file("config/admin", ADMIN);
    let config = format!(
        "[target]\nurl = \"{root}/scim/v2\"\ntoken = {{ file = \"token\" }}\nidps = [\"okta\", \"entra\"]\n\n\
         [secrets]\nadmin = {{ file = \"admin\" }}\n\n{access}"
    );
    let config = bench.file("config/scimspec.toml", &config);
    // Without the scenarios that wait for a list to change: this server's never does.
    let only = [
        "--only",
        "lifecycle/deactivate-blocks",
        "--only",
        "lifecycle/p*-deactivates",
        "--only",
        "groups/rename",
    ];
    let ended = bench.run(&[["run", "--config", &config].as_slice(), &only, &OUTPUTS].concat());
    assert!(matches!(ended.code, Some(1 | 3)), "it is not right, or cannot be judged: {}", ended.stderr);
    let secrets: BTreeSet<String> = heard.try_iter().flatten().collect();
    assert!(secrets.contains(TOKEN) && secrets.contains(ADMIN) && secrets.contains(ISSUED));
    assert!(secrets.len() > 8, "there are passwords among them: {secrets:?}");
    (ended, bench, secrets)
}

/// The token of the echo's administrator.
const ADMIN: &str = r#"adm1n"to\ken/with+odd%chars&'quotes"#;
/// What the echo's application hands out.
const ISSUED: &str = r#"1ssued"to\ken/with+odd%chars"#;

/// What the echo heard, and how it says it again.
struct Said {
    secrets: BTreeSet<String>,
    text: String,
    body: Value,
}

impl Said {
    fn new(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        let mut secrets = BTreeSet::new();
        let authorization =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        secrets.extend(authorization.strip_prefix("Bearer ").map(str::to_owned));
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        secrets.extend(body.get("password").and_then(Value::as_str).map(str::to_owned));
        let text = format!("{method} {uri} came with {authorization} and {body}; ");
        Self { secrets, text, body }
    }

    fn answer(self, method: &Method, uri: &Uri, in_names: bool) -> Response {
        let mut text = self.text.clone();
        // Wherever a message is cut, some secret is likely to stand there.
        while text.len() < 10_000 {
            let _ = write!(text, "{} ", self.text);
        }
        let resource = |mut body: Value| {
            body["id"] = json!(body["userName"].as_str().or(body["displayName"].as_str()));
            body["nickName"] = json!(text);
            if in_names {
                body[&text] = json!(true);
            }
            body
        };
        let (status, body) = match (method.as_str(), uri.path()) {
            ("GET", "/scim/v2/Users" | "/scim/v2/Groups") => {
                (StatusCode::OK, json!({"totalResults": 0, "Resources": [], "note": text}))
            }
            ("POST", "/scim/v2/Users" | "/scim/v2/Groups") => (StatusCode::CREATED, resource(self.body)),
            ("POST", "/app/issue") => (StatusCode::OK, json!({"token": ISSUED, "note": text})),
            ("GET", "/app/me") => (StatusCode::OK, json!({"account": text})),
            _ => (StatusCode::BAD_REQUEST, json!({"detail": text, "scimType": self.text, "status": "400"})),
        };
        let kind = "application/scim+json";
        (status, [(header::CONTENT_TYPE, kind)], body.to_string()).into_response()
    }
}

/// Everything that a command wrote, by name; the configuration that the test itself wrote is left out.
fn written(bench: &Bench, ended: &Ended) -> Vec<(String, String)> {
    let config = bench.path("config");
    let mut all: Vec<(String, String)> = bench
        .files()
        .into_iter()
        .filter(|(path, _)| !path.starts_with(&config))
        .map(|(path, content)| (path.display().to_string(), String::from_utf8_lossy(&content).into_owned()))
        .collect();
    all.push(("stdout".to_owned(), ended.stdout.clone()));
    all.push(("stderr".to_owned(), ended.stderr.clone()));
    all
}

/// Where a secret stands, in whatever spelling.
fn found(secrets: &BTreeSet<String>, written: &[(String, String)]) -> Vec<String> {
    let mut places = Vec::new();
    for secret in secrets {
        let spellings = spellings(secret);
        for (name, text) in written {
            if let Some(at) = spellings.iter().find_map(|spelling| text.find(spelling.as_str())) {
                let context: String = text[at..].chars().take(80).collect();
                places.push(format!("{secret} in {name}: {context}"));
            }
        }
    }
    places
}

/// What needs no coding in a URL (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn spellings(secret: &str) -> BTreeSet<String> {
    let quoted = |text: &str| {
        let json = Value::from(text).to_string();
        json[1..json.len() - 1].to_owned()
    };
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let url = utf8_percent_encode(secret, RESERVED).to_string();
    let xml = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut all = BTreeSet::from([
        secret.to_owned(),
        quoted(secret),
        quoted(&quoted(secret)),
        percent.to_lowercase(),
        percent,
        url.replace("%20", "+"),
        url,
        xml.replace('"', "&quot;"),
        xml.replace('"', "&quot;").replace('\'', "&apos;"),
        xml,
    ]);
    // A secret within a longer text starts at one of three places of the coding; the characters at its edges depend on
    // what stands beside it and are left out.
    for engine in [STANDARD, URL_SAFE] {
        for before in 0..3 {
            let coded = engine.encode(format!("{}{secret}", " ".repeat(before)));
            let whole = (before + secret.len()) / 3 * 4;
            all.insert(coded[(before * 4).div_ceil(3)..whole].to_owned());
        }
    }
    all
}

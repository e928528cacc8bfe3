//! `scimspec record` as a provider meets it: between the mock identity provider and the reference server.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use scimspec::secrets::Secrets;
use scimspec::target::embedded::Embedded;
use scimspec_mock_idp::directory::{Act, Directory, Person, PersonKey};
use scimspec_mock_idp::exchange::{Client, ClientConfig};
use scimspec_mock_idp::persona::PersonaName;
use scimspec_mock_idp::provisioner::{Patience, Provisioner};
use scimspec_reference_server::deviations;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::support::{Bench, Ended, start};

/// Nothing here takes longer than a few seconds; whatever is not over by then hangs.
const WATCHDOG: Duration = Duration::from_mins(1);
const TOKEN: &str = "the-token-of-the-provider";
const PASSWORD: &str = "the-password-of-everybody";

/// A recorder under way.
struct Recording {
    process: Child,
    origin: String,
    lines: mpsc::Receiver<String>,
    told: Vec<String>,
}

impl Recording {
    fn start(bench: &Bench, upstream: &str, flags: &[&str]) -> Self {
        let arguments = ["record", "--listen", "127.0.0.1:0", "--out", "okta.har", "--upstream", upstream];
        let mut command = bench.scimspec(&[&arguments, flags].concat());
        command.env("OBSERVED_PASSWORD", PASSWORD).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let stderr = process.stderr.take().unwrap();
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            // Nobody listens any more when the test is over.
            let _ =
                BufReader::new(stderr).lines().map_while(Result::ok).try_for_each(|line| sender.send(line));
        });
        let mut origin = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut origin).unwrap();
        process.stdout = Some(stdout.into_inner());
        Self { process, origin: origin.trim().to_owned(), lines, told: Vec::new() }
    }

    /// Waits until a line holds this.
    fn tells(&mut self, what: &str) {
        loop {
            let Ok(line) = self.lines.recv_timeout(WATCHDOG) else {
                panic!("never told {what:?}, but:\n{}", self.told.join("\n"));
            };
            self.told.push(line);
            if self.told.last().is_some_and(|line| line.contains(what)) {
                return;
            }
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for the end.
    fn end(mut self) -> Ended {
        while let Ok(line) = self.lines.recv_timeout(WATCHDOG) {
            self.told.push(line);
        }
        let mut stdout = String::new();
        self.process.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        Ended { code: self.process.wait().unwrap().code(), stdout, stderr: self.told.join("\n") }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // It has ended already, unless the test failed before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An identity provider that was pointed at the recorder.
struct Provider {
    wire: Client,
    directory: Directory,
    provisioner: Provisioner,
}

impl Provider {
    fn new(persona: &str, origin: &str) -> Self {
        let mut config = ClientConfig::new(Url::parse(origin).unwrap());
        config.authorization = Some(SecretString::from(format!("Bearer {TOKEN}")));
        let mut directory = Directory::default();
        directory.add_person(Person {
            key: PersonKey("ada".to_owned()),
            user_name: "ada@example.com".to_owned(),
            external_id: "00u1abcdEFGHijklm0h7".to_owned(),
            given_name: "Ada".to_owned(),
            family_name: "Example".to_owned(),
            display_name: "Ada Example".to_owned(),
            email: "ada@example.com".to_owned(),
            locale: None,
            title: None,
            department: None,
            employee_number: None,
            password: "the-provider-s-own-idea".to_owned(),
        });
        let provisioner = Provisioner::new(persona.parse::<PersonaName>().unwrap().build(1));
        Self { wire: Client::new(config).unwrap(), directory, provisioner }
    }

    /// An administrator acts; how many requests that took.
    async fn act(&mut self, act: fn(PersonKey) -> Act) -> usize {
        let mut sent = 0;
        for event in self.directory.act(&act(PersonKey("ada".to_owned()))).unwrap() {
            let task = self.provisioner.perform(&event, &self.wire, &Patience::default()).await;
            sent += task.exchanges.len();
        }
        sent
    }
}

async fn server(deviating: &[&str]) -> Embedded {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let deviations = deviating.iter().map(|slug| deviations::find(slug).unwrap()).collect();
    Embedded::start(address, Some(SecretString::from(TOKEN)), deviations, &Secrets::default()).await.unwrap()
}

fn entries(bench: &Bench) -> Vec<Value> {
    let text = std::fs::read_to_string(bench.path("okta.har")).unwrap();
    let har: Value = serde_json::from_str(&text).unwrap();
    har["log"]["entries"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passes_is_in_the_file_at_the_end_and_no_secret_anywhere() {
    let (bench, embedded) = (Bench::new(), server(&[]).await);
    let mut recording = Recording::start(&bench, embedded.url.as_str(), &[]);
    let mut provider = Provider::new("okta-wizard", &recording.origin);
    let sent = provider.act(Act::Assign).await + provider.act(Act::Unassign).await;
    recording.tells("deactivates ada");
    recording.signal("INT");
    let ended = recording.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains(&format!("{sent} exchanges are recorded in okta.har")), "{}", ended.stderr);
    ended.assert_harmless();
    let entries = entries(&bench);
    assert_eq!(entries.len(), sent);
    assert!(entries[0]["request"]["url"].as_str().unwrap().starts_with(embedded.url.as_str()));
    let written: Vec<String> = bench
        .files()
        .into_iter()
        .map(|(_, content)| String::from_utf8_lossy(&content).into_owned())
        .chain([ended.stdout, ended.stderr])
        .collect();
    for secret in [TOKEN, "the-provider-s-own-idea"] {
        assert!(written.iter().all(|text| !text.contains(secret)), "{secret} was written");
    }
    assert!(written.iter().any(|text| text.contains("[redacted]")));
    embedded.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorder_that_is_killed_loses_only_what_was_in_flight() {
    let bench = Bench::new();
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let upstream = format!("http://{}/scim", server.local_addr().unwrap());
    let recording = Recording::start(&bench, &upstream, &[]);
    let mut client = TcpStream::connect(recording.origin.strip_prefix("http://").unwrap()).unwrap();
    let ask = |client: &mut TcpStream, id: u32| {
        let request = format!("GET /Users/{id} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
        std::io::Write::write_all(client, request.as_bytes()).unwrap();
    };
    ask(&mut client, 1);
    let (mut to_recorder, _) = server.accept().unwrap();
    // Each follows on the answer to the one before, and nobody waits until anything is told.
    for id in 1..=50 {
        heard_head(&mut to_recorder);
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Length: 10\r\n\r\n{\"id\":\"1\"}";
        std::io::Write::write_all(&mut to_recorder, answer.as_bytes()).unwrap();
        client.read_exact(&mut vec![0; answer.len()]).unwrap();
        ask(&mut client, id + 1);
    }
    heard_head(&mut to_recorder);
    recording.signal("KILL");
    recording.end();
    assert!(!bench.path("okta.har").exists());

    let again = ["record", "--listen", "127.0.0.1:0", "--out", "okta.har", "--upstream", &upstream];
    let again = start(&mut bench.scimspec(&again)).end();
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.stderr.contains("its 50 exchanges are now in okta.har"), "{}", again.stderr);
    let urls: Vec<Value> = entries(&bench).into_iter().map(|entry| entry["request"]["url"].clone()).collect();
    assert_eq!(urls, (1..=50).map(|id| Value::from(format!("{upstream}/Users/{id}"))).collect::<Vec<_>>());
    for (path, content) in bench.files() {
        assert!(!String::from_utf8_lossy(&content).contains(TOKEN), "{}", path.display());
    }
}

fn heard_head(stream: &mut TcpStream) {
    let (mut came, mut byte) = (Vec::new(), [0]);
    while !came.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        came.push(byte[0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_output_that_exists_is_not_overwritten() {
    let bench = Bench::new();
    let file = bench.file("okta.har", "precious");
    let ended =
        bench.run(&["record", "--listen", "127.0.0.1:0", "--out", &file, "--upstream", "http://127.0.0.1:1"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
}

/// Ada comes, goes and comes back through the recorder; what became of it, with the report.
async fn observed(deviating: &[&str], flags: &[&str]) -> (Ended, Value) {
    let (bench, embedded) = (Bench::new(), server(deviating).await);
    bench.file("token", TOKEN);
    bench.file("admin-token", embedded.admin.expose_secret());
    let config = embedded.config_text("token".as_ref(), "admin-token".as_ref());
    bench.file("c.toml", &format!("{config}\n[observe]\npassword = {{ env = \"OBSERVED_PASSWORD\" }}\n"));
    let url = embedded.url.to_string();
    let observing = ["--observe", "--config", "c.toml", "--report", "json=report.json", "--report", "pretty"];
    let mut recording = Recording::start(&bench, &url, &[&observing, flags].concat());
    let mut provider = Provider::new("entra", &recording.origin);
    provider.act(Act::Assign).await;
    recording.tells("gets in by every way");
    provider.act(Act::Unassign).await;
    recording.tells("every-way-in-is-shut");
    recording.signal("INT");
    let ended = recording.end();
    ended.assert_harmless();
    for (path, content) in bench.files() {
        let is_ours = path.ends_with("token") || path.ends_with("admin-token");
        for secret in [TOKEN, PASSWORD, embedded.admin.expose_secret()] {
            let found = String::from_utf8_lossy(&content).contains(secret);
            assert!(is_ours || !found, "a secret is in {}", path.display());
        }
    }
    let report = std::fs::read_to_string(bench.path("report.json")).unwrap();
    embedded.stop().await.unwrap();
    (ended, serde_json::from_str(&report).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_that_survives_a_real_deactivation_is_a_finding_and_the_exit_code_says_so() {
    let (ended, report) = observed(&["deactivate-keeps-api-keys"], &[]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let failed: Vec<&Value> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["verdict"] == "fail")
        .map(|check| &check["id"])
        .collect();
    assert_eq!(failed, ["observe/every-way-in-is-shut"]);
    assert!(ended.stderr.contains("api-token still lets them in"), "{}", ended.stderr);
    assert!(ended.stdout.contains("FAIL observe/every-way-in-is-shut"), "{}", ended.stdout);
    assert!(!ended.stdout.contains(TOKEN) && !ended.stderr.contains(PASSWORD));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_made_up_is_made_up_in_the_findings_too() {
    let (ended, report) = observed(&["deactivate-keeps-api-keys"], &["--pseudonymise"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for text in [&ended.stdout, &ended.stderr, &report.to_string()] {
        assert!(!text.contains("ada@example.com"), "{text}");
    }
}

//! Two operating-system processes on one PostgreSQL database. Each child is this test binary again, with a whole server
//! in it; the parent writes a line of requests to each, which the child carries out at the same time, and reads a line
//! of answers.

use std::{
    env,
    io::{self, BufRead, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use futures::future::join_all;
use scimspec_reference_server::{Config, ReferenceServer, TokenHash, store::PostgresStore};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    cluster::Cluster,
    world::{World, behaviours},
};

/// In the child: the database, and the schema in it.
const URL: &str = "SCIMSPEC_TEST_PROCESS_URL";
const SCHEMA: &str = "SCIMSPEC_TEST_PROCESS_SCHEMA";

/// How many requests each child carries out at the same time.
const MANY: usize = 12;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

behaviours![
    processes_that_start_at_once_on_an_empty_database_both_serve,
    of_many_creates_of_one_name_in_two_processes_one_does,
    of_many_patches_with_one_if_match_in_two_processes_one_does,
    no_member_is_lost_that_two_processes_add,
    a_token_that_one_process_ends_is_refused_by_the_other_at_once,
    who_is_deactivated_in_one_process_is_out_in_the_other,
    a_process_that_is_killed_holds_the_other_up_no_longer,
];

#[derive(Serialize, Deserialize, Clone)]
struct Ask {
    method: String,
    path: String,
    bearer: String,
    if_match: Option<String>,
    body: Value,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    status: u16,
    body: Value,
}

/// In the child process: serves until nobody asks any more.
pub(crate) fn child() -> Option<ExitCode> {
    let (url, schema) = (env::var(URL).ok()?, env::var(SCHEMA).ok()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().ok()?;
    runtime.block_on(async {
        let store = PostgresStore::open_in(&url, &schema).await.unwrap();
        let config = Config::single(TokenHash::of("scim"), TokenHash::of("admin"));
        let router = ReferenceServer::over_store(store.into(), config).await.unwrap().router();
        tell(&json!("ready"));
        for line in io::stdin().lock().lines() {
            let asks: Vec<Ask> = serde_json::from_str(&line.unwrap()).unwrap();
            let answers = asks.into_iter().map(|ask| tokio::spawn(carry_out(router.clone(), ask)));
            let answers: Vec<Answer> = join_all(answers).await.into_iter().map(Result::unwrap).collect();
            tell(&answers);
        }
    });
    Some(ExitCode::SUCCESS)
}

fn tell(what: &impl Serialize) {
    let line = serde_json::to_string(what).unwrap() + "\n";
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.flush().unwrap();
}

async fn carry_out(router: Router, ask: Ask) -> Answer {
    let request = Request::builder().method(ask.method.as_str()).uri(ask.path);
    let mut request = request.header("authorization", format!("Bearer {}", ask.bearer));
    if let Some(condition) = ask.if_match {
        request = request.header("if-match", condition);
    }
    let body = if ask.body.is_null() { Body::empty() } else { Body::from(ask.body.to_string()) };
    let response = router.oneshot(request.body(body).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() }
}

/// A child, seen from the parent. It ends with this value.
struct Process {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Process {
    fn start(schema: &str) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .env(URL, Cluster::url())
            .env(SCHEMA, schema)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let asks = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, asks, answers }
    }

    /// Two that begin at the same time, on tables that are not there yet.
    fn two(purpose: &str) -> [Self; 2] {
        let schema = Cluster::schema(purpose);
        let mut both = [Self::start(&schema), Self::start(&schema)];
        for process in &mut both {
            assert_eq!(process.line(), "\"ready\"\n");
        }
        both
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line
    }

    fn send(&mut self, asks: &[Ask]) {
        let line = serde_json::to_string(asks).unwrap() + "\n";
        self.asks.write_all(line.as_bytes()).unwrap();
        self.asks.flush().unwrap();
    }

    fn receive(&mut self) -> Vec<Answer> {
        serde_json::from_str(&self.line()).expect("the child answers")
    }

    fn ask(&mut self, ask: Ask) -> Answer {
        self.send(&[ask]);
        self.receive().remove(0)
    }

    /// Creates something; returns its id and its entity tag.
    fn create(&mut self, path: &str, body: Value) -> (String, String) {
        let Answer { status, body } = self.ask(scim("POST", path, body));
        assert_eq!(status, 201, "{body}");
        (body["id"].as_str().unwrap().to_owned(), body["meta"]["version"].as_str().unwrap().to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have been killed already.
        _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

/// Lets both carry out their requests at the same time.
fn race([one, two]: &mut [Process; 2], asks: impl Fn(usize) -> Ask) -> Vec<Answer> {
    let asks: Vec<Ask> = (0..2 * MANY).map(asks).collect();
    let (first, second) = asks.split_at(MANY);
    one.send(first);
    two.send(second);
    let mut answers = one.receive();
    answers.extend(two.receive());
    answers
}

fn scim(method: &str, path: &str, body: Value) -> Ask {
    let (method, path) = (method.to_owned(), format!("/scim/v2{path}"));
    Ask { method, path, bearer: "scim".to_owned(), if_match: None, body }
}

fn app(method: &str, path: &str, bearer: &str, body: Value) -> Ask {
    let (method, path) = (method.to_owned(), format!("/app{path}"));
    Ask { method, path, bearer: bearer.to_owned(), if_match: None, body }
}

fn patch(path: &str, operation: Value) -> Ask {
    let operations = Value::Array(vec![operation]);
    scim("PATCH", path, json!({"schemas": [PATCH_OP], "Operations": operations}))
}

fn user(name: &str) -> Value {
    json!({"schemas": [USER], "userName": name, "password": "analytical"})
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

async fn processes_that_start_at_once_on_an_empty_database_both_serve(_: &World) {
    for round in 0..4 {
        let [mut one, mut two] = Process::two(&format!("begin{round}"));
        let (id, _) = one.create("/Users", user("ada"));
        let found = two.ask(scim("GET", &format!("/Users/{id}"), Value::Null));
        assert_eq!((found.status, &found.body["userName"]), (200, &json!("ada")));
    }
}

async fn of_many_creates_of_one_name_in_two_processes_one_does(_: &World) {
    let mut both = Process::two("creates");
    for round in 0..8 {
        let answers = race(&mut both, |_| scim("POST", "/Users", user(&format!("ada{round}"))));
        assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 2 * MANY - 1));
        let filter = format!("/Users?filter=userName%20eq%20%22ada{round}%22");
        for process in &mut both {
            let found = process.ask(scim("GET", &filter, Value::Null));
            assert_eq!(found.body["totalResults"], 1);
        }
    }
}

async fn of_many_patches_with_one_if_match_in_two_processes_one_does(_: &World) {
    let mut both = Process::two("if_match");
    for round in 0..8 {
        let (id, tag) = both[round % 2].create("/Users", user(&format!("ada{round}")));
        let answers = race(&mut both, |n| {
            let operation = json!({"op": "replace", "path": "nickName", "value": format!("n{n}")});
            Ask { if_match: Some(tag.clone()), ..patch(&format!("/Users/{id}"), operation) }
        });
        assert_eq!((count(&answers, 200), count(&answers, 412)), (1, 2 * MANY - 1));
        let winner = answers.iter().find(|answer| answer.status == 200).unwrap();
        for process in &mut both {
            let now = process.ask(scim("GET", &format!("/Users/{id}"), Value::Null)).body;
            assert_eq!((&now["nickName"], &now["meta"]), (&winner.body["nickName"], &winner.body["meta"]));
        }
    }
}

async fn no_member_is_lost_that_two_processes_add(_: &World) {
    let mut both = Process::two("members");
    let body = json!({"schemas": [GROUP], "displayName": "Staff"});
    let (group, _) = both[0].create("/Groups", body);
    let made = race(&mut both, |n| scim("POST", "/Users", user(&format!("u{n}"))));
    let ids: Vec<String> = made.iter().map(|made| made.body["id"].as_str().unwrap().to_owned()).collect();
    let path = format!("/Groups/{group}");
    let add = |n: usize| patch(&path, json!({"op": "add", "path": "members", "value": [{"value": ids[n]}]}));
    assert_eq!(count(&race(&mut both, add), 204), 2 * MANY);
    let mut expected = ids.clone();
    expected.sort_unstable();
    for (n, process) in both.iter_mut().enumerate() {
        let now = process.ask(scim("GET", &path, Value::Null)).body;
        let members = now["members"].as_array().unwrap();
        let mut members: Vec<_> = members.iter().map(|member| member["value"].as_str().unwrap()).collect();
        members.sort_unstable();
        assert_eq!(members, expected);
        let session = process.ask(app(
            "POST",
            "/sign-in",
            "",
            json!({"user": format!("u{n}"), "password": "analytical"}),
        ));
        let session = session.body["session"].as_str().unwrap().to_owned();
        assert_eq!(process.ask(app("GET", "/doors/Staff", &session, Value::Null)).status, 200);
    }
    // Half of them go while the others are added once more.
    let change = |n: usize| {
        if n.is_multiple_of(2) {
            add(n)
        } else {
            patch(&path, json!({"op": "remove", "path": format!("members[value eq \"{}\"]", ids[n])}))
        }
    };
    assert_eq!(count(&race(&mut both, change), 204), 2 * MANY);
    let now = both[0].ask(scim("GET", &path, Value::Null)).body;
    assert_eq!(now["members"].as_array().unwrap().len(), MANY);
}

async fn a_token_that_one_process_ends_is_refused_by_the_other_at_once(_: &World) {
    let [mut one, mut two] = Process::two("tokens");
    for _ in 0..10 {
        let made = one.ask(app("POST", "/admin/scim-tokens", "admin", Value::Null)).body;
        let (id, token) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
        let read = || Ask { bearer: token.to_owned(), ..scim("GET", "/Users", Value::Null) };
        assert_eq!((one.ask(read()).status, two.ask(read()).status), (200, 200));
        let path = format!("/admin/scim-tokens/{id}");
        assert_eq!(two.ask(app("DELETE", &path, "admin", Value::Null)).status, 204);
        assert_eq!((one.ask(read()).status, two.ask(read()).status), (401, 401));
    }
}

async fn who_is_deactivated_in_one_process_is_out_in_the_other(_: &World) {
    let [mut one, mut two] = Process::two("access");
    let (id, _) = one.create("/Users", user("ada"));
    let credentials = json!({"user": "ada", "password": "analytical"});
    let session = one.ask(app("POST", "/sign-in", "", credentials.clone())).body;
    let session = session["session"].as_str().unwrap();
    assert_eq!(two.ask(app("GET", "/me", session, Value::Null)).status, 200);
    let off = json!({"op": "replace", "path": "active", "value": false});
    assert_eq!(two.ask(patch(&format!("/Users/{id}"), off)).status, 200);
    assert_eq!(one.ask(app("GET", "/me", session, Value::Null)).status, 401);
    assert_eq!(one.ask(app("POST", "/sign-in", "", credentials)).status, 403);
}

async fn a_process_that_is_killed_holds_the_other_up_no_longer(_: &World) {
    let mut both = Process::two("killed");
    let (group, _) = both[0].create("/Groups", json!({"schemas": [GROUP], "displayName": "Staff"}));
    let made = race(&mut both, |n| scim("POST", "/Users", user(&format!("u{n}"))));
    let ids: Vec<&str> = made.iter().map(|made| made.body["id"].as_str().unwrap()).collect();
    let path = format!("/Groups/{group}");
    let add = |n: usize| patch(&path, json!({"op": "add", "path": "members", "value": [{"value": ids[n]}]}));
    let [mut one, mut two] = both;
    one.send(&(0..MANY).map(add).collect::<Vec<_>>());
    two.send(&(MANY..2 * MANY).map(add).collect::<Vec<_>>());
    one.child.kill().unwrap();
    assert_eq!(count(&two.receive(), 204), MANY);
    let now = two.ask(scim("GET", &path, Value::Null)).body;
    let members: Vec<_> = now["members"].as_array().unwrap().iter().map(|member| &member["value"]).collect();
    assert!(ids[MANY..].iter().all(|id| members.contains(&&json!(id))), "{members:?}");
    assert_eq!(two.ask(patch(&path, json!({"op": "remove", "path": "members"}))).status, 204);
}

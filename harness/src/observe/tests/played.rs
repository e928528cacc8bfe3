//! Exchanges written by hand, for what the reference server would not do.

use http::Method;
use scimspec_mock_idp::exchange::{Answer, Broken, Destination, Origin, Request};
use scimspec_mock_idp::recorder::Watch;
use serde_json::{Value, json};

use super::*;
use crate::target::config::Config;

/// Doors that are commands, so that it takes no server: `true` lets everybody in, `false` nobody.
fn observed(command: &str) -> Observed {
    observed_at(&format!(
        "[access]\nwithin = \"0s\"\n[access.door]\nkind = \"fresh\"\ncommand = [\"{command}\"]\n"
    ))
}

/// The doors of that configuration.
fn observed_at(text: &str) -> Observed {
    let secrets = Secrets::default();
    let probes = Config::parse(text, std::path::Path::new("c.toml"), &secrets).unwrap().probes;
    Observed::with(probes, None, None, secrets, &url::Url::parse("http://app.example").unwrap())
}

fn exchange(line: &str, sent: &Value, answer: Option<(u16, Value)>) -> Exchange {
    let (method, target) = line.split_once(' ').unwrap();
    let answer = answer.map(|(status, json)| {
        let body = if json.is_null() { String::new() } else { json.to_string() };
        Answer { status, headers: Vec::new(), body: body.into() }
    });
    Exchange {
        origin: Origin::Recorded,
        request: Request::scim(Method::from_bytes(method.as_bytes()).unwrap(), target).body(sent.to_string()),
        url: format!("http://app.example{target}"),
        result: answer.ok_or_else(|| Broken::Cut("gone".to_owned())),
        started: SystemTime::UNIX_EPOCH,
        took: Duration::ZERO,
    }
}

impl Observed {
    /// A request begins.
    fn begins(&self, number: u64, line: &str) {
        let (method, target) = line.split_once(' ').unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.observer.begins(number, &method, &Destination::Scim(target.to_owned()));
    }

    fn ends(&self, number: u64, line: &str, sent: &Value, answer: Option<(u16, Value)>) {
        let exchange = exchange(line, sent, answer);
        let read = self.observer.read(&exchange, None);
        self.observer.ended(number, read, &exchange);
    }

    fn passes(&self, number: u64, line: &str, sent: &Value, answer: (u16, Value)) {
        self.begins(number, line);
        self.ends(number, line, sent, Some(answer));
    }

    async fn tried(&self) {
        self.observer.try_everybody(&mut self.observer.ways()).await;
    }
}

fn ada(active: bool) -> Value {
    json!({"id": "7", "userName": "ada@example.com", "externalId": "e-7", "active": active})
}

fn deactivated() -> Value {
    json!({"Operations": [{"op": "Replace", "path": "active", "value": "False"}]})
}

#[tokio::test]
async fn who_gets_in_though_deactivated_is_a_finding_by_every_kind_of_removal() {
    for (line, sent, answer) in [
        ("PATCH /Users/7", deactivated(), (204, Value::Null)),
        ("PUT /Users/7", ada(false), (200, ada(false))),
        ("DELETE /Users/7", Value::Null, (204, Value::Null)),
        ("PATCH /Users/7", json!({"Operations": [{"op": "remove", "path": "active"}]}), (200, ada(false))),
    ] {
        let observed = observed("true");
        observed.passes(1, "POST /Users", &ada(true), (201, ada(true)));
        observed.tried().await;
        observed.passes(2, line, &sent, answer);
        observed.tried().await;
        assert_eq!(
            verdicts(&observed.report()),
            ["assigned-person-gets-in pass", "every-way-in-is-shut fail"],
            "{line} {sent}"
        );
    }
}

/// Okta's or Entra's answer need not be readable: that it was a success is enough to judge by.
#[tokio::test]
async fn a_deactivation_whose_answer_is_not_kept_is_judged_by_its_status() {
    let observed = observed("true");
    observed.passes(1, "POST /Users", &ada(true), (201, ada(true)));
    observed.tried().await;
    observed.begins(2, "PATCH /Users/7");
    let mut exchange = exchange("PATCH /Users/7", &deactivated(), None);
    exchange.result = Err(Broken::NotRecorded);
    let unkept = Answer { status: 200, headers: Vec::new(), body: "".into() };
    let read = observed.observer.read(&exchange, Some(&unkept));
    observed.observer.ended(2, read, &exchange);
    observed.tried().await;
    assert_eq!(verdicts(&observed.report()), ["assigned-person-gets-in pass", "every-way-in-is-shut fail"]);
}

#[tokio::test]
async fn a_deactivation_without_an_answer_is_told_not_to_be_judged() {
    let observed = observed("true");
    observed.passes(1, "POST /Users", &ada(true), (201, ada(true)));
    observed.tried().await;
    observed.begins(2, "PATCH /Users/7");
    observed.ends(2, "PATCH /Users/7", &deactivated(), None);
    observed.tried().await;
    assert_eq!(verdicts(&observed.report()), ["assigned-person-gets-in pass", "every-way-in-is-shut error"]);
}

/// Entra writes so, and a server may answer with nothing: the old address would find every door shut.
#[tokio::test]
async fn a_door_is_tried_with_the_address_that_was_written_last() {
    let observed = observed_at(
        "[access]\nwithin = \"0s\"\n[access.door]\nkind = \"fresh\"\n\
         command = ['grep', '-q', '\"email\": *\"new@example.com\"']\n",
    );
    let wrote =
        |path: &str, value: &str| json!({"Operations": [{"op": "Replace", "path": path, "value": value}]});
    let mut ada = ada(false);
    ada["emails"] = json!([{"type": "work", "value": "old@example.com"}]);
    observed.passes(1, "POST /Users", &ada, (201, ada.clone()));
    let address = wrote("emails[type eq \"work\"].value", "new@example.com");
    observed.passes(2, "PATCH /Users/7", &address, (204, Value::Null));
    observed.passes(3, "PATCH /Users/7", &wrote("active", "True"), (204, Value::Null));
    observed.tried().await;
    observed.passes(4, "PATCH /Users/7", &deactivated(), (204, Value::Null));
    observed.tried().await;
    assert_eq!(verdicts(&observed.report()), ["assigned-person-gets-in pass", "every-way-in-is-shut fail"]);
}

/// A server may take the userName for the id.
#[tokio::test]
async fn where_names_are_hidden_an_id_that_is_one_is_hidden_too() {
    let mut watched = observed("true");
    std::sync::Arc::get_mut(&mut watched.observer).unwrap().setting.hides_names = true;
    let own =
        |active: bool| json!({"id": "ada@example.com", "userName": "Ada@example.com", "active": active});
    let made_up = |active: bool| json!({"id": "p1@made.up", "userName": "p1@made.up", "active": active});
    let pass = |number: u64, line: &str, sent: &Value, answer: Option<(u16, Value)>, shown: &Value| {
        watched.begins(number, line);
        let read = watched.observer.read(&exchange(line, sent, answer), None);
        let shown = exchange("POST /Users", shown, Some((201, shown.clone())));
        watched.observer.ended(number, read, &shown);
    };
    pass(1, "POST /Users", &own(true), Some((201, own(true))), &made_up(true));
    watched.tried().await;
    pass(2, "PATCH /Users/ada@example.com", &deactivated(), Some((204, Value::Null)), &made_up(false));
    pass(3, "PATCH /Users/grace@example.com", &deactivated(), Some((204, Value::Null)), &json!({}));
    watched.tried().await;
    let told = watched.told().join("\n");
    assert!(told.contains("p1@made.up") && told.contains("person 2"), "{told}");
    assert!(!told.to_lowercase().contains("example.com"), "{told}");
}

#[tokio::test]
async fn a_change_of_something_else_asks_nobody_to_the_door() {
    let observed = observed("false");
    observed.passes(1, "GET /Users/7", &Value::Null, (200, ada(true)));
    observed.passes(
        2,
        "PATCH /Users/7",
        &json!({"Operations": [{"op": "replace", "value": {"title": "x"}}]}),
        (200, ada(true)),
    );
    observed.passes(
        3,
        "POST /Users",
        &json!({"userName": "grace", "active": false}),
        (201, json!({"id": "8", "userName": "grace", "active": false})),
    );
    observed.passes(4, "PATCH /Groups/9", &deactivated(), (204, Value::Null));
    observed.tried().await;
    assert!(verdicts(&observed.report()).is_empty());
}

#[tokio::test]
async fn a_request_that_began_meanwhile_makes_a_reading_worthless() {
    let observed = observed("true");
    observed.passes(1, "PATCH /Users/7", &deactivated(), (204, Value::Null));
    observed.begins(2, "PUT /Users/7");
    observed.tried().await;
    assert!(observed.told().is_empty(), "nothing is known while it is under way");
    observed.ends(2, "PUT /Users/7", &ada(true), Some((200, ada(true))));
    observed.tried().await;
    assert_eq!(verdicts(&observed.report()), ["same-account-opens-again pass"]);
}

#[tokio::test]
async fn a_write_that_changed_nothing_lets_the_reading_be_made_again() {
    let observed = observed("true");
    observed.passes(1, "PATCH /Users/7", &deactivated(), (204, Value::Null));
    observed.begins(2, "PUT /Users/7");
    observed.tried().await;
    observed.ends(2, "PUT /Users/7", &json!({"title": "x"}), Some((409, json!({}))));
    observed.tried().await;
    assert_eq!(verdicts(&observed.report()), ["every-way-in-is-shut fail"]);
}

#[tokio::test]
async fn what_nobody_knows_the_outcome_of_is_not_held_against_anybody() {
    let observed = observed("true");
    observed.passes(1, "PATCH /Users/7", &deactivated(), (204, Value::Null));
    observed.begins(2, "PUT /Users/7");
    observed.ends(2, "PUT /Users/7", &ada(true), None);
    observed.tried().await;
    assert!(verdicts(&observed.report()).is_empty());
}

#[tokio::test]
async fn a_deactivation_that_is_refused_cannot_be_judged_until_one_passes() {
    let observed = observed("false");
    observed.passes(1, "PATCH /Users/7", &deactivated(), (400, json!({})));
    observed.tried().await;
    let report = observed.report();
    assert_eq!(verdicts(&report), ["every-way-in-is-shut error"]);
    assert!(report.checks[0].message.contains("refused the deactivation with 400"));
}

#[tokio::test]
async fn a_refusal_is_forgotten_when_the_deactivation_passes() {
    let observed = observed("true");
    observed.passes(1, "POST /Users", &ada(true), (201, ada(true)));
    observed.tried().await;
    observed.passes(2, "PATCH /Users/7", &deactivated(), (429, json!({})));
    observed.passes(3, "PATCH /Users/7", &deactivated(), (204, Value::Null));
    observed.tried().await;
    assert_eq!(verdicts(&observed.report()), ["assigned-person-gets-in pass", "every-way-in-is-shut fail"]);
}

#[tokio::test]
async fn an_identity_that_the_provider_cannot_find_any_more_is_a_finding() {
    for (answer, right) in [
        ((404, json!({})), false),
        ((200, ada(false)), true),
        ((200, json!({"id": "7", "userName": "other@example.com"})), false),
        ((200, json!({"id": "7", "userName": "ADA@example.com"})), true),
    ] {
        let observed = observed("false");
        observed.passes(1, "POST /Users", &ada(true), (201, ada(true)));
        observed.passes(2, "PATCH /Users/7", &deactivated(), (204, Value::Null));
        observed.passes(3, "GET /Users/7", &Value::Null, answer.clone());
        let expected = if right { "identity-is-kept pass" } else { "identity-is-kept fail" };
        assert!(verdicts(&observed.report()).contains(&expected.to_owned()), "{answer:?}");
    }
}

#[tokio::test]
async fn an_answer_to_what_was_asked_before_shows_nothing_about_afterwards() {
    let observed = observed("false");
    observed.passes(1, "POST /Users", &ada(true), (201, ada(true)));
    observed.begins(2, "GET /Users/7");
    observed.passes(3, "PATCH /Users/7", &deactivated(), (204, Value::Null));
    observed.ends(2, "GET /Users/7", &Value::Null, Some((404, json!({}))));
    observed.passes(4, "DELETE /Users/7", &Value::Null, (204, Value::Null));
    observed.passes(5, "GET /Users/7", &Value::Null, (404, json!({})));
    assert!(verdicts(&observed.report()).is_empty());
}

#[tokio::test]
async fn who_comes_back_under_another_id_is_looked_into_where_that_is_possible() {
    let observed = observed("true");
    observed.passes(1, "POST /Users", &ada(true), (201, ada(true)));
    observed.passes(2, "PATCH /Users/7", &deactivated(), (204, Value::Null));
    let again = json!({"id": "8", "userName": "Ada@example.com", "active": true});
    observed.passes(3, "POST /Users", &again, (201, again.clone()));
    observed.tried().await;
    let report = observed.report();
    let second = report.checks.iter().find(|check| check.id == "observe/same-account-opens-again").unwrap();
    assert_eq!(second.verdict, crate::judge::Verdict::Skip);
    assert!(second.message.contains("made the person again, as 8"), "{}", second.message);
}

/// GitLab's way: a create of somebody who is there gives the same identity back.
#[tokio::test]
async fn a_create_that_gives_the_same_id_back_is_a_reactivation() {
    let observed = observed("true");
    observed.passes(1, "POST /Users", &ada(true), (201, ada(true)));
    observed.tried().await;
    observed.passes(2, "PATCH /Users/7", &deactivated(), (204, Value::Null));
    observed.passes(3, "POST /Users", &ada(true), (201, ada(true)));
    observed.tried().await;
    assert_eq!(
        verdicts(&observed.report()),
        ["assigned-person-gets-in pass", "same-account-opens-again pass"]
    );
}

#[tokio::test]
async fn a_password_that_passes_is_used_and_shown_nowhere() {
    let observed = observed("true");
    let with_password = json!({"userName": "ada@example.com", "password": "hidden-from-all"});
    observed.passes(1, "POST /Users", &with_password, (201, ada(true)));
    assert_eq!(observed.secrets.scrub("is hidden-from-all"), "is [secret]");
}

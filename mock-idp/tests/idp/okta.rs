//! Okta's conversations, event by event, as the app made with the wizard and as the app of the catalogue; and how
//! Okta takes what a server may say.

use std::fmt::Write;

use rstest::rstest;
use scimspec_mock_idp::directory::{Event, PersonKey};
use scimspec_mock_idp::exchange::Broken;
use scimspec_mock_idp::persona::{Failure, Heard, PersonaName, Step};

use crate::script::{
    Conversation, Line, ada, answer, changed, error, grace, group, list, play, timeout, too_many, user,
};

fn linked(conversation: &Conversation) -> Option<String> {
    conversation.persona().linked(&PersonKey("ada".to_owned())).map(str::to_owned)
}

#[test]
fn every_request_has_oktas_headers_and_a_content_type_only_with_a_body() {
    let name: PersonaName = "okta-wizard".parse().unwrap();
    let mut persona = name.build(1);
    let Step::Send(message) = persona.on(&Event::TestConnection) else { panic!("no message") };
    insta::assert_debug_snapshot!(message.request.headers, @r#"
    [
        (
            "Accept",
            "application/scim+json",
        ),
        (
            "Accept-Charset",
            "utf-8",
        ),
        (
            "User-Agent",
            "Okta SCIM Client 1.0.0",
        ),
        (
            "Connection",
            "Keep-Alive",
        ),
        (
            "Accept-Encoding",
            "gzip,deflate",
        ),
    ]
    "#);
    persona.on(&Event::Assign(ada()));
    let Line::Answer(nobody) = list(&[]) else { panic!("no answer") };
    let Step::Send(create) = persona.heard(Heard::Answer(nobody)) else { panic!("no create") };
    let content_type = ("Content-Type".to_owned(), "application/scim+json; charset=utf-8".to_owned());
    assert_eq!(create.request.headers[3], content_type);
}

#[rstest]
fn the_life_of_an_account(#[values("okta-wizard", "okta-catalog")] name: &str) {
    let mut conversation = Conversation::with(name);
    let created = || answer(201, &user("u-42", "ada", true));
    let read = |active| answer(200, &user("u-42", "ada", active));
    let patch = name == "okta-catalog";
    let flip = |active: bool| if patch { vec![answer(204, "")] } else { vec![read(!active), read(active)] };
    let push = || vec![read(true), read(true)];

    let mut act = |event: &Event, script: &[Line]| conversation.perform(event, script).unwrap();
    act(&Event::TestConnection, &[list(&[])]);
    act(&Event::Assign(ada()), &[list(&[]), created()]);
    act(&changed(|ada| ada.title = Some("Lead".to_owned())), &push());
    act(&changed(|ada| (ada.title, ada.department) = (None, None)), &push());
    act(&Event::Suspend(ada()), &[]);
    act(&Event::Unsuspend(ada()), &[]);
    act(&Event::Unassign(ada()), &flip(false));
    let inactive = user("u-42", "ada", false);
    act(&Event::Assign(ada()), &[vec![list(&[&inactive])], flip(true), push()].concat());
    act(&Event::Assign(ada()), &[vec![list(&[&user("u-42", "ada", true)])], push()].concat());
    act(&Event::SyncPassword(ada()), &flip(true));
    act(&Event::Deactivate(ada()), &flip(false));
    act(&Event::Delete(ada()), &[]);
    insta::assert_snapshot!(format!("life-{name}"), conversation.text);
    insta::assert_snapshot!(format!("life-{name}-log"), conversation.log());
}

#[rstest]
fn groups(#[values("okta-wizard", "okta-catalog")] name: &str) {
    let mut conversation = Conversation::provisioned(name);
    let patch = name == "okta-catalog";
    let group_answer = |status| answer(status, r#"{"id":"g-7","displayName":"Staff"}"#);
    let write = || if patch { vec![answer(204, ""); 2] } else { vec![group_answer(200); 2] };
    let (ada, grace) = (ada(), grace());
    let members = |added: &[&PersonKey], removed: &[&PersonKey], group| Event::ChangeMembers {
        group,
        added: added.iter().map(|key| (*key).clone()).collect(),
        removed: removed.iter().map(|key| (*key).clone()).collect(),
    };

    let mut act = |event: &Event, script: &[Line]| conversation.perform(event, script).unwrap();
    act(&Event::PushGroup(group("Staff", &[&ada])), &[vec![list(&[]), group_answer(201)], write()].concat());
    act(&members(&[&grace.key], &[&ada.key], group("Staff", &[&grace])), &write());
    let nobody = PersonKey("nobody".to_owned());
    act(&members(&[&nobody], &[], group("Staff", &[&grace])), &[]);
    act(&Event::PushNow(group("Staff", &[&ada, &grace])), &write());
    let name_only = if patch { 1 } else { 2 };
    act(&Event::RenameGroup(group("Everybody", &[&ada, &grace])), &write()[..name_only]);
    act(&Event::DeleteGroup(group("Everybody", &[&ada, &grace])), &[answer(204, "")]);
    act(&Event::DeleteGroup(group("Everybody", &[&ada, &grace])), &[]);
    act(
        &Event::PushGroup(group("Staff", &[])),
        &[vec![list(&[r#"{"id":"g-8","displayName":"staff"}"#])], write()].concat(),
    );
    insta::assert_snapshot!(format!("groups-{name}"), conversation.text);
    insta::assert_snapshot!(format!("groups-{name}-log"), conversation.log());
}

#[test]
fn import_pages_by_a_hundred() {
    let mut conversation = Conversation::with("okta-wizard+import-groups");
    let page = |total: u64| answer(200, &format!(r#"{{"totalResults":{total},"Resources":[{{}}]}}"#));
    conversation.perform(&Event::Import, &[page(201), page(201), page(201), page(1)]).unwrap();
    conversation
        .perform(&Event::Import, &[page(301), answer(200, r#"{"totalResults":301,"Resources":[]}"#)])
        .unwrap_err();
    insta::assert_snapshot!(conversation.text);
}

/// Every option against the events that it changes.
#[test]
fn options() {
    let mut text = String::new();
    let mut play = |name: &str, links: bool, event: Event, script: &[Line]| {
        text += &play(name, links, &event, script);
    };
    let (nobody, created) = (list(&[]), answer(201, &user("u-42", "ada", true)));
    let read = |active| answer(200, &user("u-42", "ada", active));
    let group_answer = answer(200, r#"{"id":"g-7","displayName":"Staff"}"#);
    let staff = Event::PushGroup(group("Staff", &[&ada()]));

    play("okta-wizard+import-groups", false, Event::TestConnection, &[nobody.clone(), nobody.clone()]);
    play("okta-wizard+strict-probe", false, Event::TestConnection, std::slice::from_ref(&nobody));
    for name in ["okta-wizard+plus", "okta-wizard+locale-underscore", "okta-wizard+sparse-mapping"] {
        play(name, false, Event::Assign(ada()), &[nobody.clone(), created.clone()]);
    }
    play("okta-wizard+no-create", false, Event::Assign(ada()), std::slice::from_ref(&nobody));
    let inactive = list(&[&user("u-42", "ada", false)]);
    play("okta-catalog+no-updates", true, Event::Assign(ada()), &[inactive, answer(204, "")]);
    play("okta-catalog+no-updates", true, changed(|ada| ada.title = None), &[]);
    play(
        "okta-catalog+verify-by-id",
        true,
        Event::Assign(ada()),
        &[read(false), answer(204, ""), read(true), read(true)],
    );
    play(
        "okta-wizard+verify-by-id",
        true,
        Event::Assign(ada()),
        &[error(404, "gone"), nobody.clone(), answer(201, &user("u-43", "ada", true))],
    );
    play("okta-wizard+delete-on-unassign", true, Event::Unassign(ada()), &[answer(204, "")]);
    play("okta-wizard+delete-on-unassign", true, Event::Unassign(ada()), &[error(404, "gone")]);
    play(
        "okta-wizard+retry-failed",
        false,
        Event::Assign(ada()),
        &[nobody.clone(), error(409, "User exists"), nobody.clone(), created],
    );
    play(
        "okta-wizard+retry-failed",
        false,
        Event::Assign(ada()),
        &[nobody.clone(), error(409, "User exists"), Line::Abandon],
    );
    let change = changed(|ada| {
        ada.title = None;
        ada.department = None;
        ada.given_name = String::new();
        ada.display_name = "Countess".to_owned();
    });
    play("okta-catalog+patch-profile", true, change, &[answer(204, "")]);
    let script = [nobody.clone(), group_answer.clone(), group_answer.clone(), group_answer];
    play("okta-wizard+empty-group-create", true, staff.clone(), &script);
    play("okta-catalog+full-group-create", true, staff, &script);
    insta::assert_snapshot!(text);
}

#[test]
fn an_account_that_exists_is_linked_and_its_unmapped_attributes_are_kept() {
    let mut conversation = Conversation::with("okta-wizard");
    let read = answer(200, &user("u-1", "ada", true));
    conversation
        .perform(&Event::Assign(ada()), &[list(&[&user("u-1", "ADA", true)]), read.clone(), read])
        .unwrap();
    assert_eq!(linked(&conversation).as_deref(), Some("u-1"));
    insta::assert_snapshot!(conversation.text);
}

/// 404 with a SCIM error is "nobody"; so is a list that is empty, spelled in lower case or without Resources.
#[rstest]
#[case(error(404, "not found"))]
#[case(answer(200, r#"{"totalresults":0,"startindex":1,"itemsperpage":0,"resources":[]}"#))]
#[case(answer(200, r#"{"totalResults":0}"#))]
fn nobody_can_be_said_in_several_ways(#[case] nobody: Line) {
    let mut conversation = Conversation::with("okta-wizard");
    let script = [nobody, answer(201, &user("u-42", "ada", true))];
    assert_eq!(conversation.perform(&Event::Assign(ada()), &script), Ok(()));
    assert_eq!(linked(&conversation).as_deref(), Some("u-42"));
}

/// What an administrator reads if an assignment goes wrong, and what the log says.
#[test]
fn an_assignment_that_fails() {
    let ada_is_there = || list(&[&user("u-1", "ada", true)]);
    let cases: &[(&str, &[Line])] = &[
        ("exists", &[list(&[]), error(409, "User exists")]),
        ("html", &[list(&[]), answer(502, "error code: 502")]),
        ("markup", &[list(&[]), answer(500, "<html>oops</html>")]),
        ("no detail", &[list(&[]), answer(400, "{}")]),
        ("empty answer", &[list(&[]), answer(201, "")]),
        ("no id", &[list(&[]), answer(201, r#"{"userName":"ada@example.com"}"#)]),
        ("number id", &[list(&[]), answer(201, r#"{"id":42}"#)]),
        ("lost", &[list(&[]), timeout()]),
        ("cut", &[Line::Broken(Broken::Cut("connection closed".to_owned()))]),
        ("down", &[Line::Broken(Broken::Connect("refused".to_owned()))]),
        ("lookup unauthorized", &[answer(401, "")]),
        ("lookup wrong url", &[answer(404, "<html>")]),
        ("start index string", &[answer(200, r#"{"totalResults":0,"startIndex":"1","Resources":[]}"#)]),
        ("bare array", &[answer(200, "[]")]),
        ("two results", &[list(&[&user("u-1", "ada", true), &user("u-2", "ada", true)])]),
        ("somebody else", &[list(&[r#"{"id":"u-1","userName":"root"}"#])]),
        ("bad link", &[ada_is_there(), error(404, "gone")]),
        ("refused put", &[ada_is_there(), answer(200, &user("u-1", "ada", true)), error(400, "no")]),
        ("no user", &[ada_is_there(), answer(200, "[1]")]),
    ];
    let mut text = String::new();
    for (case, script) in cases {
        let mut conversation = Conversation::with("okta-wizard");
        let stuck = conversation.perform(&Event::Assign(ada()), script).unwrap_err();
        writeln!(text, "# {case}: {:?}\n{}\n{}", stuck.kind, stuck.text, conversation.log()).unwrap();
    }
    insta::assert_snapshot!(text);
}

/// Developer forum, 7207: nothing is sent on unassign if the last push failed, whether or not there is an account.
#[rstest]
#[case::never_created(&[list(&[]), error(409, "User exists")])]
#[case::push_failed(&[list(&[&user("u-1", "ada", true)]), error(500, "oops")])]
fn nothing_is_sent_on_unassign_if_provisioning_failed(#[case] script: &[Line]) {
    let mut conversation = Conversation::with("okta-wizard");
    conversation.perform(&Event::Assign(ada()), script).unwrap_err();
    assert_eq!(conversation.perform(&Event::Unassign(ada()), &[]), Ok(()));
}

#[test]
fn a_retry_starts_again_at_the_lookup() {
    let mut conversation = Conversation::with("okta-wizard");
    conversation.perform(&Event::Assign(ada()), &[list(&[]), timeout()]).unwrap_err();
    let read = answer(200, &user("u-42", "ada", true));
    let found = list(&[&user("u-42", "ada", true)]);
    assert_eq!(conversation.perform(&Event::Assign(ada()), &[found, read.clone(), read.clone()]), Ok(()));
    assert_eq!(linked(&conversation).as_deref(), Some("u-42"));
    assert_eq!(conversation.perform(&Event::Unassign(ada()), &[read.clone(), read]), Ok(()));
}

#[test]
fn a_failed_deactivation_can_be_tried_again() {
    let mut conversation = Conversation::provisioned("okta-catalog");
    conversation.perform(&Event::Unassign(ada()), &[error(501, "no PATCH")]).unwrap_err();
    conversation.perform(&Event::Unassign(ada()), &[answer(204, "")]).unwrap();
    // No fallback to PUT.
    insta::assert_snapshot!(conversation.text);
}

#[test]
fn who_is_created_as_inactive_is_reactivated_and_the_task_fails_if_that_does_not_help() {
    let mut conversation = Conversation::with("okta-catalog");
    let inactive = user("u-42", "ada", false);
    conversation
        .perform(&Event::Assign(ada()), &[list(&[]), answer(201, &inactive), answer(200, &inactive)])
        .unwrap_err();
    let log = conversation.log();
    insta::assert_snapshot!(format!("{}{log}", conversation.text));
}

#[test]
fn a_group_that_is_gone_is_a_mapping_error() {
    let mut conversation = Conversation::with_group("okta-wizard");
    let stuck =
        conversation.perform(&Event::PushNow(group("Staff", &[&ada()])), &[error(404, "gone")]).unwrap_err();
    assert_eq!(stuck.kind, Failure::Refused { status: 404 });
    insta::assert_snapshot!(format!("{}\n{}", stuck.text, conversation.log()), @r"
    Linked group is missing in scimspec. Change the linked group to resume pushing group memberships.
    application.provision.group.verify_exists Staff FAILURE Linked group is missing in scimspec. Change the linked group to resume pushing group memberships.
    ");
}

/// Who is not assigned any more is not written as a member, and who never was provisioned is not removed.
#[test]
fn only_who_is_assigned_and_provisioned_is_a_member() {
    let mut conversation = Conversation::with_group("okta-catalog");
    conversation.perform(&Event::Unassign(grace()), &[answer(204, "")]).unwrap();
    conversation.text.clear();
    conversation
        .perform(&Event::PushNow(group("Staff", &[&ada(), &grace()])), &[answer(204, ""), answer(204, "")])
        .unwrap();
    assert!(!conversation.text.contains("u-9"), "{}", conversation.text);
    assert!(conversation.text.contains("u-42"), "{}", conversation.text);
}

#[test]
fn a_429_is_waited_out_as_retry_after_says_or_five_minutes_and_each_attempt_doubles() {
    let mut conversation = Conversation::with("okta-wizard");
    let script = [
        too_many(Some("120")),
        too_many(Some("120")),
        too_many(None),
        too_many(Some("Wed, 21 Oct 2026 07:28:00 GMT")),
        list(&[]),
        too_many(Some("1")),
        answer(201, &user("u-42", "ada", true)),
    ];
    conversation.perform(&Event::Assign(ada()), &script).unwrap();
    insta::assert_snapshot!(conversation.text);
}

#[test]
fn after_ten_attempts_the_task_has_failed() {
    let mut conversation = Conversation::with("okta-wizard");
    let stuck = conversation.perform(&Event::Assign(ada()), &vec![too_many(Some("1")); 10]).unwrap_err();
    assert_eq!(stuck.kind, Failure::RateLimited);
    assert_eq!(conversation.text.matches("~ ").count(), 9);
    assert_eq!(linked(&conversation), None);
}

#[test]
fn a_wait_that_nobody_waits_out_names_its_length() {
    let mut conversation = Conversation::with("okta-wizard");
    let script = [too_many(Some("99999999999")), Line::Abandon];
    let stuck = conversation.perform(&Event::Assign(ada()), &script).unwrap_err();
    assert_eq!(stuck.kind, Failure::RateLimited);
    assert!(stuck.text.contains("Okta would wait 99999999999 s before attempt 2 of 10"), "{}", stuck.text);
}

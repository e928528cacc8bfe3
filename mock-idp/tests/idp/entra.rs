//! Entra's conversations, event by event, with and without the flag aadOptscim062020; and how Entra takes what a
//! server may say.

use std::fmt::Write;

use rstest::rstest;
use scimspec_mock_idp::directory::{Event, PersonKey};
use scimspec_mock_idp::exchange::Broken;
use scimspec_mock_idp::persona::{Failure, PersonaName, Step};

use crate::script::{
    Conversation, Line, ada, answer, changed, error, grace, group, list, play, timeout, too_many, user,
};

/// ada as Entra made her.
fn created(active: bool) -> String {
    format!(
        r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"u-42","externalId":"00u1ada","userName":"ada@example.com","active":{active},"displayName":"Ada Example","title":"Clerk","emails":[{{"primary":true,"type":"work","value":"ada@example.com"}}],"name":{{"formatted":"Ada Example","familyName":"Example","givenName":"Ada"}},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{{"department":"Sales"}}}}"#
    )
}

#[test]
fn requests_carry_no_user_agent() {
    let name: PersonaName = "entra".parse().unwrap();
    let Step::Send(message) = name.build(1).on(&Event::TestConnection) else { panic!("no message") };
    assert_eq!(message.request.headers, [("ADSCIMVersion".to_owned(), "6.0".to_owned())]);
}

#[rstest]
fn the_life_of_an_account(#[values("entra", "entra+aadOptscim062020")] name: &str) {
    let mut conversation = Conversation::with(name);
    let (active, inactive) = (answer(200, &created(true)), answer(200, &created(false)));
    let done = || answer(204, "");

    let mut act = |event: &Event, script: &[Line]| conversation.perform(event, script).unwrap();
    act(&Event::TestConnection, &[list(&[])]);
    act(&Event::Assign(ada()), &[list(&[]), answer(201, &created(true))]);
    let change = changed(|ada| {
        ada.email = "countess@example.com".to_owned();
        ada.display_name = "Countess".to_owned();
        ada.given_name = "Augusta".to_owned();
        ada.employee_number = Some("1815".to_owned());
        ada.department = None;
    });
    act(&change, &[active.clone(), done()]);
    act(&changed(|ada| ada.title = None), std::slice::from_ref(&active));
    act(&Event::Unassign(ada()), &[active.clone(), done()]);
    act(&Event::Unassign(ada()), std::slice::from_ref(&inactive));
    act(&Event::Assign(ada()), &[list(&[&created(false)]), done()]);
    act(&Event::Assign(ada()), &[list(&[&created(true)])]);
    act(&Event::Suspend(ada()), &[active.clone(), done()]);
    act(&Event::Unsuspend(ada()), &[inactive, done()]);
    act(&Event::SyncPassword(ada()), &[]);
    act(&Event::Import, &[]);
    act(&Event::Deactivate(ada()), &[active, done()]);
    act(&Event::Delete(ada()), &[done()]);
    act(&Event::Delete(ada()), &[]);
    insta::assert_snapshot!(format!("life-{name}"), conversation.text);
}

#[rstest]
fn groups(#[values("entra", "entra+aadOptscim062020")] name: &str) {
    let mut conversation = Conversation::provisioned(name);
    let (ada, grace) = (ada(), grace());
    let done = || answer(204, "");
    let read = |name: &str| {
        answer(200, &format!(r#"{{"id":"g-7","displayName":"{name}","externalId":"00g1staff"}}"#))
    };
    let members = |added: &[&PersonKey], removed: &[&PersonKey], group| Event::ChangeMembers {
        group,
        added: added.iter().map(|key| (*key).clone()).collect(),
        removed: removed.iter().map(|key| (*key).clone()).collect(),
    };

    let mut act = |event: &Event, script: &[Line]| conversation.perform(event, script).unwrap();
    let both = || group("Staff", &[&ada, &grace]);
    act(&Event::PushGroup(both()), &[list(&[]), answer(201, r#"{"id":"g-7"}"#), done()]);
    act(&members(&[], &[&ada.key, &grace.key], group("Staff", &[])), &[done()]);
    act(&members(&[&ada.key], &[&grace.key], group("Staff", &[&ada])), &[done(), done()]);
    act(&members(&[&PersonKey("nobody".to_owned())], &[], both()), &[]);
    act(&Event::RenameGroup(group("Everybody", &[&ada])), &[read("Staff"), done()]);
    act(&Event::PushNow(both()), &[list(&[r#"{"id":"g-7","displayName":"Staff"}"#]), done(), done()]);
    act(
        &Event::RenameGroup(both()),
        &[error(404, "gone"), list(&[]), answer(201, r#"{"id":"g-8"}"#), done()],
    );
    act(&Event::DeleteGroup(both()), &[done()]);
    act(&Event::DeleteGroup(both()), &[]);
    insta::assert_snapshot!(format!("groups-{name}"), conversation.text);
}

#[rstest]
fn a_manager_follows_in_a_second_pass(
    #[values("entra", "entra+aadOptscim062020", "entra+manager-array")] name: &str,
) {
    let mut conversation = Conversation::provisioned(name);
    let manager = |manager| Event::SetManager { person: ada(), manager };
    conversation.perform(&manager(Some(grace().key)), &[list(&[]), answer(204, "")]).unwrap();
    conversation.perform(&manager(Some(grace().key)), &[list(&[&created(true)])]).unwrap();
    conversation.perform(&manager(None), &[]).unwrap();
    conversation.perform(&manager(Some(PersonKey("nobody".to_owned()))), &[]).unwrap();
    insta::assert_snapshot!(format!("manager-{name}"), conversation.text);
}

/// Every option against the events that it changes.
#[test]
fn options() {
    let mut text = String::new();
    let mut play = |name: &str, links: bool, event: Event, script: &[Line]| {
        text += &play(name, links, &event, script);
    };
    let (nobody, done) = (list(&[]), answer(204, ""));
    let active = answer(200, &created(true));

    let lists = [nobody.clone(), nobody.clone(), nobody.clone()];
    play("entra+probe-groups+gallery", false, Event::TestConnection, &lists);
    for name in ["entra+match-external-id", "entra+match-email", "entra+mail-nickname"] {
        play(name, false, Event::Assign(ada()), &[nobody.clone(), answer(201, &created(true))]);
    }
    for name in ["entra+active-lower", "entra+active-boolean", "entra+active-mixed"] {
        play(name, true, Event::Unassign(ada()), &[active.clone(), done.clone()]);
    }
    let email = changed(|ada| ada.email = "countess@example.com".to_owned());
    for event in [email, Event::Unassign(ada()), Event::Unsuspend(ada())] {
        play("entra+blind-updates", true, event, std::slice::from_ref(&done));
    }
    play("entra+delete-on-unassign", true, Event::Unassign(ada()), std::slice::from_ref(&done));
    play("entra+delete-on-unassign", true, Event::Deactivate(ada()), &[error(404, "gone")]);
    let script = [nobody.clone(), answer(201, r#"{"id":"g-7"}"#), done];
    play("entra+ref-null", true, Event::PushGroup(group("Staff", &[&ada()])), &script);
    play(
        "entra+repeat-lost-create",
        false,
        Event::Assign(ada()),
        &[nobody.clone(), timeout(), error(409, "exists")],
    );
    play("entra+ignore-retry-after", false, Event::Assign(ada()), &[too_many(Some("1"))]);
    insta::assert_snapshot!(text);
}

/// An account that somebody else made is brought up to date attribute by attribute; what it lacks is added.
#[test]
fn an_account_that_exists_is_linked_and_patched() {
    let mut conversation = Conversation::with("entra");
    let bare =
        r#"{"id":"u-1","userName":"ADA@example.com","emails":[{"value":"h@example.com","type":"home"}]}"#;
    conversation.perform(&Event::Assign(ada()), &[list(&[bare]), answer(200, bare)]).unwrap();
    insta::assert_snapshot!(conversation.text);
}

#[test]
fn an_id_that_leads_nowhere_is_forgotten_and_the_person_matched_again() {
    let mut conversation = Conversation::provisioned("entra");
    let gone = error(404, "gone");
    conversation.perform(&Event::Unassign(ada()), &[gone.clone(), list(&[])]).unwrap();
    assert_eq!(conversation.persona().linked(&ada().key), None);
    conversation
        .perform(&changed(|ada| ada.title = None), &[list(&[]), answer(201, &user("u-50", "ada", true))])
        .unwrap();
    assert_eq!(conversation.persona().linked(&ada().key), Some("u-50"));
}

/// After an unassignment Entra does not manage the person any more.
#[test]
fn who_was_unassigned_before_being_deleted_is_not_deleted_in_the_application() {
    let mut conversation = Conversation::provisioned("entra");
    conversation.perform(&Event::Unassign(ada()), &[answer(200, &created(true)), answer(204, "")]).unwrap();
    assert_eq!(conversation.perform(&Event::Delete(ada()), &[]), Ok(()));
}

/// What an administrator reads.
#[test]
fn what_goes_wrong() {
    let mut text = String::new();
    let mut play = |event: &Event, script: &[Line]| {
        let mut conversation = Conversation::with("entra");
        let stuck = conversation.perform(event, script).unwrap_err();
        writeln!(text, "{:?}\n  {}", stuck.kind, stuck.text).unwrap();
    };
    let assign = Event::Assign(ada());
    play(&Event::TestConnection, &[error(401, "no")]);
    play(&Event::TestConnection, &[error(404, "nobody")]);
    play(&Event::TestConnection, &[answer(200, "<html>")]);
    play(&Event::TestConnection, &[answer(200, r#"{"totalResults":0,"Resources":null}"#)]);
    play(&Event::TestConnection, &[list(&[&created(true)])]);
    play(&Event::TestConnection, &[Line::Broken(Broken::Connect("refused".to_owned()))]);
    play(&assign, &[error(404, "nobody")]);
    play(&assign, &[error(401, "no")]);
    play(&assign, &[list(&[r#"{"id":"u-1","userName":"root"}"#])]);
    play(&assign, &[list(&[&created(true), &created(true)])]);
    play(&assign, &[list(&[]), error(409, "exists")]);
    play(&assign, &[list(&[]), answer(201, "")]);
    play(&assign, &[list(&[]), answer(201, r#"{"id":""}"#)]);
    play(&assign, &[list(&[]), answer(500, "oops")]);
    play(&assign, &[list(&[]), timeout()]);
    play(&assign, &[list(&[&created(false)]), error(400, "active must be a Boolean")]);
    play(&assign, &[too_many(None)]);
    play(&assign, &[too_many(Some("60")), Line::Abandon]);
    play(&Event::PushGroup(group("Staff", &[])), &[list(&[]), error(403, "no groups")]);
    insta::assert_snapshot!(text);
}

#[test]
fn a_refusal_names_the_contested_spelling() {
    let mut conversation = Conversation::provisioned("entra");
    let script = [answer(200, &created(true)), error(400, "active must be a Boolean")];
    let stuck = conversation.perform(&Event::Unassign(ada()), &script).unwrap_err();
    assert_eq!(stuck.kind, Failure::Refused { status: 400 });
    assert_eq!(stuck.forms.iter().map(|form| form.point).collect::<Vec<_>>(), ["C5", "C6"]);
    assert!(stuck.demands.contains(&"ENTRA-Patch-L1"), "{:?}", stuck.demands);
}

#[test]
fn a_429_is_waited_out_as_retry_after_says_and_not_for_ever() {
    let mut conversation = Conversation::with("entra");
    let script = [too_many(Some("3")), too_many(Some("0")), list(&[]), answer(201, &created(true))];
    conversation.perform(&Event::Assign(ada()), &script).unwrap();
    assert_eq!(conversation.text.matches("~ 3 s").count(), 1);
    let stuck = conversation.perform(&Event::Assign(ada()), &vec![too_many(Some("0")); 10]).unwrap_err();
    assert_eq!(stuck.kind, Failure::RateLimited);
}

#[test]
fn what_is_made_up_follows_from_the_seed() {
    let name: PersonaName = "entra".parse().unwrap();
    let probe = |seed| name.build(seed).on(&Event::TestConnection);
    assert_eq!(probe(1), probe(1));
    assert_ne!(probe(1), probe(2));
}

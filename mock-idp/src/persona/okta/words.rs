//! What an Okta administrator reads: task errors in Okta's grammar ("Automatic provisioning of user ... failed: ...")
//! and the rows of the System Log.

use serde_json::Value;

use super::groups::GroupStep;
use super::people::{Change, PersonStep};
use super::{Endpoint, Stage};
use crate::directory::{Group, Person};
use crate::exchange::{Answer, Broken};
use crate::persona::machine::Trouble;
use crate::persona::reading::{member, reason, shortened};
use crate::persona::{Failure, LogEntry, LogOutcome};

/// The application's label.
const APP: &str = "scimspec";

/// What Okta logs when it pushed somebody as active and the server says that they are not.
pub(super) const DELAYED: &str = "delay in reactivating remote User. Rescheduling";

pub(super) fn no_results(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Users => "No results for users returned",
        Endpoint::Groups => "No results for groups returned",
    }
}

pub(super) fn not_connected(answer: &Answer) -> Trouble {
    refused(format!("Error authenticating: {}", remote(answer)), answer)
}

pub(super) fn import_refused(answer: &Answer) -> Trouble {
    refused(format!("Import failed: {}", remote(answer)), answer)
}

pub(super) fn person_refused(person: &Person, step: &PersonStep, answer: &Answer) -> Trouble {
    let why = match step {
        PersonStep::Fetch { id, .. } | PersonStep::Put { id, .. } if answer.status == 404 => {
            format!("No user returned for user {}", shortened(id))
        }
        _ => remote(answer),
    };
    refused(person_failed(person, step, &why), answer)
}

pub(super) fn person_unusable(person: &Person, step: &PersonStep, why: &str) -> Trouble {
    Trouble { text: person_failed(person, step, why), kind: Failure::Unusable }
}

/// Okta support, question 0D54z0000A4i091CQA: a lookup that Okta cannot read ends without a task error. What the
/// log does not say stands in brackets.
pub(super) fn silent(why: &str) -> Trouble {
    let text = format!("Sync user in external application: FAILURE, no reason given ({why})");
    Trouble { text, kind: Failure::Unusable }
}

pub(super) fn not_created(person: &Person) -> Trouble {
    let text = format!(
        "Automatic provisioning of user {} to app {APP} failed: Matching user not found",
        name(person)
    );
    Trouble { text, kind: Failure::Unusable }
}

pub(super) fn empty_user(person: &Person) -> Trouble {
    person_unusable(person, &PersonStep::Create, "Create new user returned empty user.")
}

pub(super) fn delayed(person: &Person) -> Trouble {
    let text = format!("Automatic provisioning of user {} to app {APP} failed: {DELAYED}", name(person));
    Trouble { text, kind: Failure::Unusable }
}

pub(super) fn group_refused(group: &Group, step: &GroupStep, answer: &Answer) -> Trouble {
    let linked = !matches!(step, GroupStep::Find | GroupStep::Create);
    let text = if answer.status == 404 && linked {
        format!(
            "Linked group is missing in {APP}. Change the linked group to resume pushing group memberships."
        )
    } else {
        group_failed(group, step, &remote(answer))
    };
    refused(text, answer)
}

pub(super) fn group_unusable(group: &Group, step: &GroupStep, why: &str) -> Trouble {
    Trouble { text: group_failed(group, step, why), kind: Failure::Unusable }
}

pub(super) fn unreachable(stage: &Stage, broken: Broken) -> Trouble {
    let why = match &broken {
        Broken::Timeout(_) => format!("Read timed out: {broken}"),
        Broken::Connect(_) => format!("Connection failed: {broken}"),
        Broken::Cut(_) => format!("Connection reset: {broken}"),
        Broken::TooLarge { .. } | Broken::Unsendable(_) | Broken::NotRecorded => broken.to_string(),
    };
    Trouble { text: failed(stage, &why), kind: Failure::Unreachable(broken) }
}

pub(super) fn rate_limited(stage: &Stage, answer: &Answer, when: &str) -> Trouble {
    Trouble { text: failed(stage, &format!("{} ({when})", remote(answer))), kind: Failure::RateLimited }
}

/// The row for a failed stage. Names per Okta's catalogue of event types.
pub(super) fn failure(stage: &Stage, trouble: &Trouble) -> LogEntry {
    let unusable = trouble.kind == Failure::Unusable;
    let (event_type, legacy_event_type) = match stage {
        Stage::Probe(_) => ("application.integration.general_failure", None),
        Stage::Import { .. } => ("application.provision.user.import", None),
        Stage::Person(_, step) => match step {
            PersonStep::LookUp if unusable => {
                ("application.provision.user.sync", Some("app.user_management.provision_user_failed"))
            }
            PersonStep::LookUp | PersonStep::Verify { .. } => {
                ("application.provision.user.verify_exists", None)
            }
            PersonStep::Create => {
                ("application.provision.user.push", Some("app.user_management.provision_user_failed"))
            }
            PersonStep::Delete { .. } => ("application.provision.user.delete", None),
            PersonStep::Fetch { change, .. }
            | PersonStep::Put { change, .. }
            | PersonStep::Patch { change, .. } => match change {
                Change::Profile => {
                    ("application.provision.user.push_profile", Some("app.api.error.push_profile_update"))
                }
                Change::Active(true) => {
                    ("application.provision.user.reactivate", Some("app.api.error.reactivate_user"))
                }
                Change::Active(false) => ("application.provision.user.deactivate", None),
                Change::Password => ("application.provision.user.password", None),
            },
        },
        Stage::Group(_, step) => match (step, &trouble.kind) {
            (GroupStep::Find | GroupStep::Create, _) => {
                ("application.provision.group.add", Some("app.api.error.upsert_group"))
            }
            (GroupStep::Fetch { .. }, Failure::Refused { status: 404 }) => {
                ("application.provision.group.verify_exists", None)
            }
            // Okta tells failures that it retries (the server's own) from those that need somebody.
            (_, Failure::Refused { status: 500.. } | Failure::Unreachable(_) | Failure::RateLimited) => {
                ("application.provision.group_push.mapping.update.or.delete.failed", None)
            }
            _ => ("application.provision.group_push.mapping.update.or.delete.failed.with.error", None),
        },
    };
    let silent = matches!(stage, Stage::Person(_, PersonStep::LookUp)) && unusable;
    let reason = (!silent).then(|| trouble.text.clone());
    LogEntry {
        event_type,
        legacy_event_type,
        target: stage.target(),
        outcome: LogOutcome::Failure { reason },
    }
}

fn failed(stage: &Stage, why: &str) -> String {
    match stage {
        Stage::Probe(_) => format!("Error authenticating: {why}"),
        Stage::Import { .. } => format!("Import failed: {why}"),
        Stage::Person(subject, step) => person_failed(&subject.person, step, why),
        Stage::Group(group, step) => group_failed(group, step, why),
    }
}

/// `Automatic {provisioning|profile push|deprovisioning} of user {display} to app {App} failed: {stage}: {why}`.
fn person_failed(person: &Person, step: &PersonStep, why: &str) -> String {
    let who = name(person);
    let (operation, stage) = match step {
        PersonStep::LookUp | PersonStep::Verify { .. } => {
            ("provisioning", format!("Error while verifying if user {who} exists"))
        }
        PersonStep::Create => ("provisioning", format!("Error while creating user {who}")),
        PersonStep::Delete { .. } => ("deprovisioning", format!("Error while deleting user {who}")),
        PersonStep::Fetch { change, .. }
        | PersonStep::Put { change, .. }
        | PersonStep::Patch { change, .. } => match change {
            Change::Profile => {
                ("profile push", format!("Error while trying to push profile update for {who}"))
            }
            Change::Active(true) => ("provisioning", format!("Error while reactivating user {who}")),
            Change::Active(false) => ("deprovisioning", format!("Error while deactivating user {who}")),
            Change::Password => {
                ("profile push", format!("Error while trying to push password update for {who}"))
            }
        },
    };
    format!("Automatic {operation} of user {who} to app {APP} failed: {stage}: {why}")
}

fn group_failed(group: &Group, step: &GroupStep, why: &str) -> String {
    let name = &group.display_name;
    let verb = match step {
        GroupStep::Find | GroupStep::Create => "creating",
        GroupStep::Delete { .. } => "deleting",
        _ => "updating",
    };
    format!(
        "Unable to update Group Push mapping target App group {name}: Error while {verb} user group {name}: {why}"
    )
}

fn refused(text: String, answer: &Answer) -> Trouble {
    Trouble { text, kind: Failure::Refused { status: answer.status } }
}

fn name(person: &Person) -> &str {
    if person.display_name.is_empty() { &person.user_name } else { &person.display_name }
}

/// `{HTTP reason}. Errors reported by remote server: {detail}`, or what Okta says about a body that is no error.
fn remote(answer: &Answer) -> String {
    let reason = reason(answer.status);
    let text = String::from_utf8_lossy(&answer.body);
    if text.trim().is_empty() {
        return if answer.status == 401 {
            format!("{reason}. The credentials used to connect to the API were invalid")
        } else {
            reason
        };
    }
    let detail = match serde_json::from_str::<Value>(&text) {
        Ok(body) => match member(&body, "detail") {
            Some(Value::String(detail)) => detail.clone(),
            _ => return reason,
        },
        Err(error) => invalid_json(&text, &error),
    };
    format!("{reason}. Errors reported by remote server: {}", shortened(&detail))
}

/// The words of Okta's JSON parser: a bare word is an unrecognized token, counted up to its end.
fn invalid_json(text: &str, error: &serde_json::Error) -> String {
    let start = text.len() - text.trim_start().len();
    let token: String = text[start..].chars().take_while(|c| c.is_alphanumeric()).collect();
    if token.starts_with(char::is_alphabetic) {
        let before = &text[..start];
        let line = before.matches('\n').count() + 1;
        let column =
            before.rsplit('\n').next().unwrap_or_default().chars().count() + token.chars().count() + 1;
        return format!(
            "Invalid JSON: Unrecognized token '{}' line: {line}, column: {column}",
            shortened(&token)
        );
    }
    match text[start..].chars().next() {
        Some(c) if error.is_syntax() && !matches!(c, '{' | '[' | '"') => format!(
            "Invalid JSON: Unexpected character '{c}' line: {}, column: {}",
            error.line(),
            error.column()
        ),
        _ => format!("Invalid JSON: {error}"),
    }
}

//! Okta's stages for people: look up, create, link, push the profile, deactivate, reactivate.

use std::sync::Arc;

use http::Method;
use serde_json::Value;

use super::{Endpoint, Okta, Stage, Writes, body, options, request, words};
use crate::directory::Person;
use crate::exchange::Answer;
use crate::persona::machine::Trouble;
use crate::persona::reading::{self, List};
use crate::persona::writing::{self, path};
use crate::persona::{LogOutcome, Message};

const GUIDE_CREATE: &str = "Okta, SCIM 2.0 reference: create users; live session of 2026";
const GUIDE_READ: &str = "Okta, SCIM 2.0 reference: retrieve a specific user";
const GUIDE_UPDATE: &str =
    "Okta, SCIM 2.0 reference: update a specific user (PUT); captured requests of 2024";
const GUIDE_PATCH: &str = "Okta, SCIM 2.0 reference: update a specific user (PATCH)";
const GUIDE_DELETE: &str = "Okta, event types: application.provision.user.delete (2026.07.3)";

/// The person of a task, and as they were before if the profile changed.
#[derive(Debug)]
pub(in crate::persona) struct Subject {
    pub(super) person: Person,
    pub(super) before: Option<Person>,
}

/// One message about a person.
#[derive(Debug, Clone)]
pub(in crate::persona) enum PersonStep {
    LookUp,
    Verify { id: String },
    Create,
    Fetch { id: String, change: Change },
    Put { id: String, change: Change, resource: Value },
    Patch { id: String, change: Change },
    Delete { id: String },
}

/// What is to be different afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::persona) enum Change {
    Profile,
    Active(bool),
    Password,
}

impl Okta {
    /// The first stage of a change that the two kinds of app write in their own ways.
    pub(super) fn write(&self, subject: Arc<Subject>, id: String, change: Change) -> Stage {
        let step = match self.writes {
            Writes::Put => PersonStep::Fetch { id, change },
            Writes::Patch => PersonStep::Patch { id, change },
        };
        Stage::Person(subject, step)
    }

    /// Profiles are pushed with GET and PUT by both kinds of app.
    pub(super) fn push_profile(&self, subject: &Arc<Subject>, id: &str) -> Vec<Stage> {
        if self.options.has(options::NO_UPDATES) {
            return Vec::new();
        }
        let (id, change) = (id.to_owned(), Change::Profile);
        let step = if self.options.has(options::PATCH_PROFILE) {
            PersonStep::Patch { id, change }
        } else {
            PersonStep::Fetch { id, change }
        };
        vec![Stage::Person(Arc::clone(subject), step)]
    }

    pub(super) fn person_message(&self, subject: &Subject, step: &PersonStep) -> Message {
        let person = &subject.person;
        let key = &person.key;
        let (request, doing, source, demands) = match step {
            PersonStep::LookUp => (
                request(
                    Method::GET,
                    self.lookup(Endpoint::Users, &writing::equals("userName", &person.user_name)),
                    None,
                ),
                format!("looks {key} up by userName"),
                GUIDE_CREATE,
                vec!["OKTA-Users-L1", "OKTA-Users-L2", "OKTA-Users-L6"],
            ),
            PersonStep::Verify { id } => (
                request(Method::GET, path("/Users", id), None),
                format!("verifies that {key} exists"),
                GUIDE_READ,
                vec!["OKTA-Prepare-L4", "OKTA-Users-L12"],
            ),
            PersonStep::Create => (
                request(Method::POST, "/Users".to_owned(), Some(&body::new_user(person, &self.options))),
                format!("creates {key}"),
                GUIDE_CREATE,
                vec!["OKTA-Users-L4", "OKTA-Users-L3", "OKTA-Prepare-L3", "OKTA-Prepare-L4"],
            ),
            PersonStep::Fetch { id, change } => (
                request(Method::GET, path("/Users", id), None),
                format!("reads {key} in order to {}", change.words()),
                GUIDE_READ,
                match change {
                    Change::Active(true) => vec!["OKTA-Prepare-L4", "OKTA-Users-L12"],
                    _ => vec!["OKTA-Prepare-L4"],
                },
            ),
            PersonStep::Put { id, change, resource } => (
                request(Method::PUT, path("/Users", id), Some(resource)),
                format!("writes {key} in order to {}", change.words()),
                GUIDE_UPDATE,
                match change {
                    Change::Active(_) => vec!["OKTA-Prepare-L5", "OKTA-Users-L9", "OKTA-Users-L10"],
                    _ => vec!["OKTA-Users-L9", "OKTA-Users-L10"],
                },
            ),
            PersonStep::Patch { id, change } => (
                request(
                    Method::PATCH,
                    path("/Users", id),
                    Some(&body::patch_user(subject, *change, &self.options)),
                ),
                format!("patches {key} in order to {}", change.words()),
                GUIDE_PATCH,
                match change {
                    Change::Active(_) => vec!["OKTA-Users-L11", "OKTA-Prepare-L5"],
                    _ => vec!["OKTA-Users-L11"],
                },
            ),
            PersonStep::Delete { id } => (
                request(Method::DELETE, path("/Users", id), None),
                format!("deletes {key}"),
                GUIDE_DELETE,
                Vec::new(),
            ),
        };
        Message { request, doing, source, demands, forms: Vec::new() }
    }

    pub(super) fn heard_person(
        &mut self,
        subject: &Arc<Subject>,
        step: &PersonStep,
        answer: &Answer,
    ) -> Result<Vec<Stage>, Trouble> {
        let next = |step| vec![Stage::Person(Arc::clone(subject), step)];
        let refused = || words::person_refused(&subject.person, step, answer);
        match step {
            // Okta, SCIM 2.0 reference: a 404 with an error body is accepted for "no such user".
            PersonStep::LookUp if answer.status == 404 && is_object(answer) => self.not_found(subject),
            // The old id leads nowhere: forget it and look the person up.
            PersonStep::Verify { .. } if answer.status == 404 => {
                self.link(&subject.person).id = None;
                Ok(next(PersonStep::LookUp))
            }
            // Gone is what was asked for.
            PersonStep::Delete { .. } if answer.status == 404 => {
                self.link(&subject.person).id = None;
                Ok(Vec::new())
            }
            _ if !answer.is_success() => Err(refused()),
            PersonStep::LookUp => self.looked_up(subject, answer),
            PersonStep::Verify { id } => {
                let resource = usable(subject, step, answer)?;
                self.verified(&subject.person);
                Ok(self.bring_in(subject, id, &resource))
            }
            PersonStep::Create => self.created(subject, answer),
            PersonStep::Fetch { id, change } => {
                let mut resource = usable(subject, step, answer)?;
                body::change(&mut resource, subject, *change, &self.options);
                Ok(next(PersonStep::Put { id: id.clone(), change: *change, resource }))
            }
            PersonStep::Put { change, .. } | PersonStep::Patch { change, .. } => {
                self.written(subject, *change, answer)
            }
            PersonStep::Delete { .. } => {
                self.link(&subject.person).id = None;
                self.succeeded("application.provision.user.delete", &subject.person.user_name);
                Ok(Vec::new())
            }
        }
    }

    fn looked_up(&mut self, subject: &Arc<Subject>, answer: &Answer) -> Result<Vec<Stage>, Trouble> {
        let person = &subject.person;
        let list = List::read(answer).map_err(|why| words::silent(&why))?;
        let found = list
            .one(
                |resource| reading::is_person(resource, person),
                &format!("userName eq {:?}", person.user_name),
            )
            .map_err(|why| words::silent(&why))?;
        let Some((id, resource)) = found else { return self.not_found(subject) };
        if self.link(person).id.is_some() {
            self.verified(person);
        }
        self.link(person).id = Some(id.to_owned());
        Ok(self.bring_in(subject, id, resource))
    }

    fn not_found(&mut self, subject: &Arc<Subject>) -> Result<Vec<Stage>, Trouble> {
        self.link(&subject.person).id = None;
        if self.options.has(options::NO_CREATE) {
            return Err(words::not_created(&subject.person));
        }
        Ok(vec![Stage::Person(Arc::clone(subject), PersonStep::Create)])
    }

    fn created(&mut self, subject: &Arc<Subject>, answer: &Answer) -> Result<Vec<Stage>, Trouble> {
        let resource = answer.json().filter(Value::is_object);
        let id = resource.as_ref().and_then(|resource| reading::id(resource).ok());
        let (Some(resource), Some(id)) = (&resource, id) else {
            return Err(words::empty_user(&subject.person));
        };
        self.link(&subject.person).id = Some(id.to_owned());
        self.succeeded("application.provision.user.push", &subject.person.user_name);
        if reading::active(resource) != Some(false) {
            return Ok(Vec::new());
        }
        // A server that answers a push with active=false makes Okta schedule a reactivation (kortix-ai/suna, 4244).
        let reason = Some(words::DELAYED.to_owned());
        self.log(
            "application.provision.user.reactivate",
            &subject.person.user_name,
            LogOutcome::Failure { reason },
        );
        Ok(vec![self.write(Arc::clone(subject), id.to_owned(), Change::Active(true))])
    }

    /// Reactivates who is inactive, then pushes the profile.
    fn bring_in(&self, subject: &Arc<Subject>, id: &str, resource: &Value) -> Vec<Stage> {
        let mut stages = Vec::new();
        if reading::active(resource) == Some(false) {
            stages.push(self.write(Arc::clone(subject), id.to_owned(), Change::Active(true)));
        }
        stages.extend(self.push_profile(subject, id));
        stages
    }

    fn written(&mut self, subject: &Subject, change: Change, answer: &Answer) -> Result<Vec<Stage>, Trouble> {
        let says = answer.json().and_then(|resource| reading::active(&resource));
        if change == Change::Active(true) && says == Some(false) {
            return Err(words::delayed(&subject.person));
        }
        self.succeeded(
            match change {
                Change::Profile => "application.provision.user.push_profile",
                Change::Active(true) => "application.provision.user.reactivate",
                Change::Active(false) => "application.provision.user.deactivate",
                Change::Password => "application.provision.user.push_password",
            },
            &subject.person.user_name,
        );
        if change == Change::Active(false) {
            self.succeeded("application.user_membership.deprovision", &subject.person.user_name);
        }
        Ok(Vec::new())
    }

    fn verified(&mut self, person: &Person) {
        self.succeeded("application.provision.user.verify_exists", &person.user_name);
    }
}

impl Change {
    fn words(self) -> &'static str {
        match self {
            Self::Profile => "push the profile",
            Self::Active(true) => "reactivate",
            Self::Active(false) => "deactivate",
            Self::Password => "set the password",
        }
    }
}

/// The resource in an answer to a GET, which must be one that can be written back.
fn usable(subject: &Subject, step: &PersonStep, answer: &Answer) -> Result<Value, Trouble> {
    answer
        .json()
        .filter(Value::is_object)
        .ok_or_else(|| words::person_unusable(&subject.person, step, "the answer holds no user"))
}

fn is_object(answer: &Answer) -> bool {
    answer.json().is_some_and(|body| body.is_object())
}

//! Entra's stages for people: match, create, read, patch what differs, delete.

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};

use super::patch::{self, Attribute, Difference, Verb};
use super::{Entra, Stage, options, request, words};
use crate::directory::Person;
use crate::exchange::Answer;
use crate::persona::machine::Trouble;
use crate::persona::reading::{self, List};
use crate::persona::writing::{self, Blank, ENTERPRISE, USER, path, query};
use crate::persona::{Message, forms};

const MATCH: &str = "Microsoft, Develop a SCIM endpoint: get user by query; an access log of 2025";
const CREATE: &str = "Microsoft, Develop a SCIM endpoint: create user";
const READ: &str = "Microsoft, Develop a SCIM endpoint: get user";
const UPDATE: &str =
    "Microsoft, SCIM 2.0 protocol compliance of the provisioning service: flags to alter the behavior";
const MANAGER: &str = "Microsoft, Develop a SCIM endpoint: update user (reference attributes)";
const DELETE: &str = "Microsoft, Develop a SCIM endpoint: delete user";

/// One message about a person.
#[derive(Debug, Clone)]
pub(in crate::persona) enum PersonStep {
    Match(Goal),
    Create { again: bool },
    Read { id: String, goal: Goal },
    Patch { id: String, differences: Vec<Difference> },
    CheckManager { id: String, manager: String },
    Delete { id: String },
}

/// How the account shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::persona) enum Goal {
    /// There, active and with the person's attributes.
    In,
    /// Inactive, if it is there.
    Out,
}

impl Entra {
    pub(super) fn person_message(&mut self, person: &Person, step: &PersonStep) -> Message {
        let key = &person.key;
        match step {
            PersonStep::Match(_) => self.match_message(person),
            PersonStep::Create { again } => Message {
                request: request(Method::POST, "/Users".to_owned(), Some(&self.new_user(person))),
                doing: format!("creates {key}{}", if *again { " once more" } else { "" }),
                source: CREATE,
                demands: vec!["ENTRA-Requirements-L1", "ENTRA-General-L1"],
                forms: Vec::new(),
            },
            PersonStep::Read { id, .. } => Message {
                request: request(Method::GET, path("/Users", id), None),
                doing: format!("reads {key} in order to compare"),
                source: READ,
                demands: vec!["ENTRA-Requirements-L3", "ENTRA-Requirements-L7"],
                forms: Vec::new(),
            },
            PersonStep::Patch { id, differences } => {
                let spelled = patch::spelled(differences, self.dialect());
                let body = writing::patch(&spelled.operations);
                let paths: Vec<_> =
                    differences.iter().map(|difference| difference.attribute.path()).collect();
                Message {
                    request: request(Method::PATCH, path("/Users", id), Some(&body)),
                    doing: format!("updates {} of {key}", paths.join(", ")),
                    source: UPDATE,
                    demands: spelled.demands,
                    forms: spelled.forms,
                }
            }
            PersonStep::CheckManager { id, manager } => {
                let filter =
                    format!("{} and {}", writing::equals("id", id), writing::equals("manager", manager));
                Message {
                    request: request(
                        Method::GET,
                        format!("/Users?filter={}", query(&filter, Blank::Plus)),
                        None,
                    ),
                    doing: format!("checks the manager of {key}"),
                    source: MANAGER,
                    demands: vec!["ENTRA-Requirements-L4"],
                    forms: vec![forms::OTHER_FILTER],
                }
            }
            PersonStep::Delete { id } => Message {
                request: request(Method::DELETE, path("/Users", id), None),
                doing: format!("deletes {key}"),
                source: DELETE,
                demands: vec!["ENTRA-Delete-L1"],
                forms: Vec::new(),
            },
        }
    }

    pub(super) fn heard_person(
        &mut self,
        person: &Arc<Person>,
        step: &PersonStep,
        answer: &Answer,
    ) -> Result<Vec<Stage>, Trouble> {
        let stage = Stage::Person(Arc::clone(person), step.clone());
        let next = |step| vec![Stage::Person(Arc::clone(person), step)];
        match step {
            // The old id leads nowhere: forget it and match again.
            PersonStep::Read { goal, .. } if answer.status == 404 => {
                self.link(person).id = None;
                Ok(next(PersonStep::Match(*goal)))
            }
            // Gone is what was asked for.
            PersonStep::Delete { .. } if answer.status == 404 || answer.is_success() => {
                self.link(person).id = None;
                Ok(Vec::new())
            }
            _ if !answer.is_success() => Err(words::refused(&stage, answer)),
            PersonStep::Match(goal) => {
                let list = List::read(answer).map_err(|why| words::unusable(&stage, &why))?;
                let found = list
                    .one(|resource| reading::is_person(resource, person), &self.match_filter(person))
                    .map_err(|why| words::ambiguous(&stage, &why))?;
                match (found, goal) {
                    (Some((id, resource)), _) => {
                        self.link(person).id = Some(id.to_owned());
                        Ok(self.compared(person, id, resource, *goal))
                    }
                    (None, Goal::In) => Ok(next(PersonStep::Create { again: false })),
                    (None, Goal::Out) => Ok(Vec::new()),
                }
            }
            PersonStep::Create { .. } => {
                let created = answer
                    .json()
                    .ok_or_else(|| words::unusable(&stage, "the created user is not in the answer"))?;
                let id = reading::id(&created).map_err(|why| words::unusable(&stage, &why))?;
                self.link(person).id = Some(id.to_owned());
                Ok(Vec::new())
            }
            PersonStep::Read { id, goal } => {
                let resource = answer
                    .json()
                    .filter(Value::is_object)
                    .ok_or_else(|| words::unusable(&stage, "the answer holds no user"))?;
                Ok(self.compared(person, id, &resource, *goal))
            }
            PersonStep::CheckManager { id, manager } => {
                let list = List::read(answer).map_err(|why| words::unusable(&stage, &why))?;
                if list.total > 0 {
                    return Ok(Vec::new());
                }
                let difference =
                    Difference { verb: Verb::Add, attribute: Attribute::Manager, value: json!(manager) };
                Ok(next(PersonStep::Patch { id: id.clone(), differences: vec![difference] }))
            }
            PersonStep::Patch { .. } | PersonStep::Delete { .. } => Ok(Vec::new()),
        }
    }

    /// externalId as it is mapped: the object id, or by the default mapping mailNickname.
    pub(super) fn external_id<'a>(&self, person: &'a Person) -> &'a str {
        if self.options.has(options::MAIL_NICKNAME) {
            person.user_name.split('@').next().unwrap_or_default()
        } else {
            &person.external_id
        }
    }

    /// Patches what differs, if anything does.
    fn compared(&self, person: &Arc<Person>, id: &str, resource: &Value, goal: Goal) -> Vec<Stage> {
        let differences = match goal {
            Goal::In => patch::from_resource(resource, person, self.external_id(person)),
            Goal::Out if reading::active(resource) == Some(false) => Vec::new(),
            Goal::Out => vec![patch::active(Verb::Replace, false)],
        };
        patched(person, id, differences)
    }

    fn match_message(&self, person: &Person) -> Message {
        let mut demands = vec!["ENTRA-Requirements-L4", "ENTRA-Retrieve-L1", "ENTRA-Requirements-L7"];
        let mut forms = Vec::new();
        if self.options.has(options::MATCH_EMAIL) {
            demands.push("ENTRA-Users-L1");
            forms.push(forms::VALUE_PATH_IN_FILTER);
        }
        if self.options.has(options::MATCH_EMAIL) || self.options.has(options::MATCH_EXTERNAL_ID) {
            forms.push(forms::OTHER_FILTER);
        }
        let filter = self.match_filter(person);
        Message {
            request: request(Method::GET, format!("/Users?filter={}", query(&filter, Blank::Plus)), None),
            doing: format!("matches {}", person.key),
            source: MATCH,
            demands,
            forms,
        }
    }

    fn match_filter(&self, person: &Person) -> String {
        if self.options.has(options::MATCH_EXTERNAL_ID) {
            writing::equals("externalId", self.external_id(person))
        } else if self.options.has(options::MATCH_EMAIL) {
            writing::equals(&Attribute::Email.path(), &person.email)
        } else {
            writing::equals("userName", &person.user_name)
        }
    }

    /// The body of a create, keys in the order of Microsoft's sample. Empty attributes are skipped; the extension's
    /// URN is always named.
    fn new_user(&self, person: &Person) -> Value {
        let external_id = self.external_id(person);
        let of = |attribute: Attribute| attribute.of_person(person, external_id).map(Value::from);
        let object = |members: &[(&str, Attribute)]| {
            let members: Map<_, _> = members
                .iter()
                .filter_map(|(name, attribute)| Some(((*name).to_owned(), of(*attribute)?)))
                .collect();
            (!members.is_empty()).then_some(Value::Object(members))
        };
        let email =
            of(Attribute::Email).map(|email| json!([{"primary": true, "type": "work", "value": email}]));
        let attributes = [
            ("schemas", Some(json!([USER, ENTERPRISE]))),
            ("externalId", of(Attribute::ExternalId)),
            ("userName", of(Attribute::UserName)),
            ("active", Some(json!(true))),
            ("displayName", of(Attribute::DisplayName)),
            ("title", of(Attribute::Title)),
            ("emails", email),
            ("meta", Some(json!({"resourceType": "User"}))),
            (
                "name",
                object(&[
                    ("formatted", Attribute::Formatted),
                    ("familyName", Attribute::FamilyName),
                    ("givenName", Attribute::GivenName),
                ]),
            ),
            ("roles", Some(json!([]))),
            (
                ENTERPRISE,
                object(&[
                    ("employeeNumber", Attribute::EmployeeNumber),
                    ("department", Attribute::Department),
                ]),
            ),
        ];
        let present = attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(present.collect())
    }
}

/// The PATCH, if anything is to be different.
pub(super) fn patched(person: &Arc<Person>, id: &str, differences: Vec<Difference>) -> Vec<Stage> {
    if differences.is_empty() {
        return Vec::new();
    }
    vec![Stage::Person(Arc::clone(person), PersonStep::Patch { id: id.to_owned(), differences })]
}

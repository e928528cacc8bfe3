//! For tests: an application that is just clever enough for every persona to live in it, and the life of a few people
//! and a group there, as a persona tells it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use http::Method;
use serde_json::{Map, Value, json};

use super::asked::{Asked, At, Kind, boolean, equalities, member};
use crate::directory::{Event, Group, GroupKey, Person, PersonKey};
use crate::exchange::{Answer, Broken, Exchange, Origin, Request, Wire};
use crate::persona::PersonaName;
use crate::provisioner::{Patience, Provisioner};

/// The application.
#[derive(Debug, Default)]
pub(in crate::recording) struct Application(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    users: BTreeMap<String, Value>,
    groups: BTreeMap<String, Value>,
    made: usize,
    exchanges: Vec<Exchange>,
}

pub(in crate::recording) fn person(key: &str) -> Person {
    let name = format!("{key}@example.com");
    Person {
        key: PersonKey(key.to_owned()),
        external_id: format!("00u1{key}"),
        user_name: name.clone(),
        given_name: key.to_owned(),
        family_name: "Example".to_owned(),
        display_name: format!("{key} Example"),
        email: name,
        locale: Some("en-US".to_owned()),
        title: Some("Clerk".to_owned()),
        department: Some("Sales".to_owned()),
        employee_number: None,
        password: "placeholder".to_owned(),
    }
}

/// Everything that a persona sends in the life of three people and a group, with the answers.
pub(in crate::recording) async fn life(persona: &str) -> Vec<Exchange> {
    let name: PersonaName = persona.parse().unwrap();
    let application = Application::default();
    let mut provisioner = Provisioner::new(name.build(7));
    let (ada, grace, lost) = (person("ada"), person("grace"), person("lost"));
    let changed = Person { title: Some("Lead".to_owned()), ..ada.clone() };
    let group = |name: &str, members: &[&Person]| Group {
        key: GroupKey("staff".to_owned()),
        external_id: "00g1staff".to_owned(),
        display_name: name.to_owned(),
        members: members.iter().map(|person| person.key.clone()).collect(),
    };
    let events = [
        Event::TestConnection,
        Event::Import,
        Event::Assign(ada.clone()),
        Event::Assign(grace.clone()),
        Event::Assign(lost),
        Event::SetManager { person: ada.clone(), manager: Some(grace.key.clone()) },
        Event::ChangeProfile { before: Box::new(ada.clone()), after: changed.clone() },
        Event::PushGroup(group("Staff", &[&ada])),
        Event::ChangeMembers {
            group: group("Staff", &[&grace]),
            added: vec![grace.key.clone()],
            removed: vec![ada.key.clone()],
        },
        Event::RenameGroup(group("Everybody", &[&grace])),
        Event::Suspend(changed.clone()),
        Event::Unsuspend(changed.clone()),
        Event::Unassign(changed.clone()),
        Event::Assign(changed.clone()),
        Event::SyncPassword(changed.clone()),
        Event::Unassign(changed),
        Event::Deactivate(grace.clone()),
        Event::Delete(grace.clone()),
        Event::DeleteGroup(group("Everybody", &[&grace])),
    ];
    for event in events {
        provisioner.perform(&event, &application, &Patience::default()).await;
    }
    application.0.into_inner().unwrap().exchanges
}

impl Wire for Application {
    fn send(&self, origin: Origin, request: Request) -> BoxFuture<'_, Exchange> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let url = format!("https://app.example/scim/v2{}", request.to);
        let (started, took) = (SystemTime::UNIX_EPOCH, Duration::ZERO);
        let result = Err(Broken::NotRecorded);
        let mut exchange = Exchange { origin, request, url, result, started, took };
        exchange.result = state.answer(&exchange);
        state.exchanges.push(exchange.clone());
        Box::pin(async move { exchange })
    }
}

impl State {
    fn answer(&mut self, exchange: &Exchange) -> Result<Answer, Broken> {
        let asked = Asked::of(exchange).unwrap();
        let sent = asked.sent.clone().unwrap_or_default();
        let (status, body) = match (&asked.at, asked.method) {
            (At::All(kind), &Method::GET) => (200, self.list(kind, &asked)),
            (At::All(Kind::Users), &Method::POST) => {
                let name = sent["userName"].as_str().unwrap().to_owned();
                if self.users.values().any(|user| user["userName"] == name.as_str()) {
                    (409, json!({"detail": "taken", "scimType": "uniqueness"}))
                } else {
                    let made = self.make("u", &sent);
                    self.users.insert(made["id"].as_str().unwrap().to_owned(), made.clone());
                    if name.starts_with("lost") {
                        return Err(Broken::Cut("closed".to_owned()));
                    }
                    (201, made)
                }
            }
            (At::All(Kind::Groups), &Method::POST) => {
                let made = self.make("g", &sent);
                self.groups.insert(made["id"].as_str().unwrap().to_owned(), made.clone());
                (201, made)
            }
            (At::One(kind, id), method) => {
                let all = if *kind == Kind::Users { &mut self.users } else { &mut self.groups };
                match (all.get_mut(id), method) {
                    (None, _) => (404, json!({"detail": "nobody"})),
                    (Some(resource), &Method::GET) => (200, resource.clone()),
                    (Some(resource), &Method::PUT) => {
                        let mut put = sent;
                        put["id"] = json!(id);
                        put.as_object_mut().unwrap().remove("password");
                        *resource = put.clone();
                        (200, put)
                    }
                    (Some(resource), &Method::PATCH) => {
                        asked.operations().iter().for_each(|operation| patch(resource, operation));
                        (204, Value::Null)
                    }
                    (Some(_), &Method::DELETE) => {
                        all.remove(id);
                        (204, Value::Null)
                    }
                    _ => (405, Value::Null),
                }
            }
            (At::Discovery("Schemas"), _) => (200, listed(&[])),
            _ => (404, json!({"detail": "nothing here"})),
        };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        Ok(Answer { status, headers: Vec::new(), body: body.into() })
    }

    fn make(&mut self, kind: &str, sent: &Value) -> Value {
        self.made += 1;
        let mut made = sent.clone();
        let members = made.as_object_mut().unwrap();
        members.remove("password");
        members.insert("id".to_owned(), json!(format!("{kind}-{}", self.made)));
        made
    }

    fn list(&self, kind: &Kind, asked: &Asked<'_>) -> Value {
        let all = if *kind == Kind::Users { &self.users } else { &self.groups };
        let wanted = asked.parameter("filter").map(|filter| equalities(&filter).unwrap());
        let holds = |resource: &Value, path: &str, value: &str| {
            let text = match path {
                "emails[type eq \"work\"].value" => &resource["emails"][0]["value"],
                path => &resource[path],
            };
            text.as_str().is_some_and(|text| text.eq_ignore_ascii_case(value))
        };
        let found: Vec<Value> = all
            .values()
            .filter(|resource| {
                wanted.iter().flatten().all(|(path, value)| holds(resource, path.as_str(), value.as_str()))
            })
            .cloned()
            .collect();
        listed(&found)
    }
}

fn listed(resources: &[Value]) -> Value {
    json!({"totalResults": resources.len(), "startIndex": 1, "itemsPerPage": resources.len(), "Resources": resources})
}

/// What the personas send, not what SCIM allows.
fn patch(resource: &mut Value, operation: &Value) {
    let op = operation["op"].as_str().unwrap().to_ascii_lowercase();
    let value = member(operation, "value").cloned().unwrap_or_default();
    match member(operation, "path").and_then(Value::as_str) {
        None => {
            for (name, value) in value.as_object().unwrap() {
                set(resource, name, value.clone());
            }
        }
        Some(path) if path.starts_with("members") => {
            let ids: Vec<Value> = match equalities(path.trim_start_matches("members[").trim_end_matches(']'))
            {
                Some(named) => named.into_iter().map(|(_, id)| json!({"value": id})).collect(),
                None => value.as_array().unwrap().clone(),
            };
            let members = resource.as_object_mut().unwrap().entry("members").or_insert(json!([]));
            let members = members.as_array_mut().unwrap();
            if op != "add" {
                members
                    .retain(|member| op == "remove" && ids.iter().all(|id| id["value"] != member["value"]));
            }
            if op != "remove" {
                members.extend(ids);
            }
        }
        Some(path) => set(resource, path, value),
    }
}

fn set(resource: &mut Value, path: &str, value: Value) {
    let active = path == "active";
    let value = if active { json!(boolean(&value).unwrap()) } else { value };
    let resource = resource.as_object_mut().unwrap();
    if path == "id" || path == "password" {
        return;
    }
    let (object, name) = match path.strip_prefix("urn:") {
        Some(_) => path.rsplit_once(':').unwrap(),
        None => path.split_once('.').unwrap_or(("", path)),
    };
    if object.is_empty() {
        resource.insert(name.to_owned(), value);
    } else if let Some(parts) = resource.entry(object).or_insert(Value::Object(Map::new())).as_object_mut() {
        parts.insert(name.to_owned(), value);
    }
}

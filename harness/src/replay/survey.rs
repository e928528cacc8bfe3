//! The first look at a recording: whom it makes and whom it finds there already, which names it gives, which
//! attributes it writes. Keeps ids and names and no body, so that a file of any size can be looked at.

use std::collections::{BTreeSet, HashMap};

use scimspec_mock_idp::exchange::{Answer, Destination, Exchange};
use scimspec_mock_idp::recording::Entry;
use scimspec_mock_idp::recording::habits::{Habits, Provider};
use scimspec_mock_idp::recording::rebind::{Named, Rebinding, ResourceId, Where, member};
use serde_json::Value;
use url::Url;

use super::Reader;
use super::deed::{Deed, Doing};
use super::unique::names_given;

/// Of a hostile file, no more names of attributes than any schema has.
const MOST_ATTRIBUTES: usize = 2000;

/// What a recording is about.
#[derive(Debug, Default)]
pub struct Survey {
    /// How many exchanges it has.
    pub entries: usize,
    /// How many people it makes.
    pub people: usize,
    /// How many groups it makes.
    pub groups: usize,
    /// How many other things it makes.
    pub others: usize,
    /// The recorded server's base URL.
    pub base: Option<Url>,
    /// The names that its requests give, in lower case.
    pub names: BTreeSet<String>,
    /// The attributes that its requests write, see [`Doing::written`].
    pub written: BTreeSet<String>,
    /// What the client does, as far as it tells who it is.
    habits: Habits,
    known: HashMap<ResourceId, Known>,
}

/// What a recording tells about a resource.
#[derive(Debug, Clone, Default)]
struct Known {
    /// The attribute by which it can be found, and its value.
    name: Option<(&'static str, String)>,
    /// Whether the recording shows how it was made.
    made: bool,
    /// How many requests name it.
    uses: usize,
}

impl Survey {
    /// Looks at the next exchange.
    pub fn look(&mut self, entry: &Entry) {
        self.entries += 1;
        let exchange = &entry.exchange;
        if self.base.is_none() {
            self.base = base_of(exchange);
        }
        self.habits.notice(exchange);
        let Some(doing) = Doing::of(&exchange.request) else { return };
        let answer = exchange.result.as_ref().ok();
        let success = answer.is_none_or(Answer::is_success);
        if success && self.written.len() < MOST_ATTRIBUTES {
            self.written.extend(doing.written());
        }
        let json = answer.and_then(Answer::json);
        self.made(&doing, success, answer, json.as_ref());
        if success && let Some(json) = &json {
            self.shown(&doing, json);
        }
        self.used(entry);
        let about_what_was_there =
            doing.about.as_ref().is_some_and(|about| self.known.get(about).is_some_and(|known| !known.made));
        if let Some(body) = doing.json.as_ref().filter(|_| doing.writes && !about_what_was_there) {
            self.names.extend(names_given(&exchange.request.method, &doing.endpoint, body));
        }
    }

    /// Who reads the answers, by the habits of the client.
    pub fn reader(&self) -> Reader {
        match self.habits.provider() {
            Some(Provider::Okta | Provider::OktaSuite) => Reader::Okta,
            Some(Provider::Entra) => Reader::Entra,
            Some(Provider::OneLogin) => Reader::OneLogin,
            None => Reader::Unknown,
        }
    }

    /// The attribute and the value by which a recorded resource can be found.
    pub fn name_of(&self, resource: &ResourceId) -> Option<(&'static str, &str)> {
        let (attribute, name) = self.known.get(resource)?.name.as_ref()?;
        Some((attribute, name))
    }

    /// Whether the recording shows how it was made.
    pub fn made_it(&self, resource: &ResourceId) -> bool {
        self.known.get(resource).is_some_and(|known| known.made)
    }

    /// Whether an answer of the recording shows it.
    pub fn shows(&self, resource: &ResourceId) -> bool {
        self.known.get(resource).is_some_and(|known| known.made || known.name.is_some())
    }

    /// How many requests name it.
    pub fn uses(&self, resource: &ResourceId) -> usize {
        self.known.get(resource).map_or(0, |known| known.uses)
    }

    /// The names to be marked: those that are given, less those of people and groups that were there before.
    pub fn names_to_mark(&self) -> BTreeSet<String> {
        let there: BTreeSet<String> = self
            .known
            .values()
            .filter(|known| !known.made)
            .filter_map(|known| Some(known.name.as_ref()?.1.to_lowercase()))
            .collect();
        self.names.difference(&there).cloned().collect()
    }

    fn made(&mut self, doing: &Doing, success: bool, answer: Option<&Answer>, json: Option<&Value>) {
        if !success {
            return;
        }
        let mut count = |endpoint: &str| match endpoint {
            "/Users" => self.people += 1,
            "/Groups" => self.groups += 1,
            _ => self.others += 1,
        };
        match doing.deed {
            Deed::Create => {
                count(&doing.endpoint);
                let id = json.and_then(|json| member(json, "id")).and_then(Value::as_str).map(str::to_owned);
                let made = id.map(|id| ResourceId { endpoint: doing.endpoint.clone(), id });
                if let Some(resource) = made.or_else(|| located(answer?)) {
                    self.known.entry(resource).or_default().made = true;
                }
            }
            Deed::Bulk => {
                let sent = doing.json.as_ref().and_then(|json| member(json, "Operations")?.as_array());
                for operation in sent.into_iter().flatten() {
                    let text =
                        |name: &str| member(operation, name).and_then(Value::as_str).unwrap_or_default();
                    if text("method").eq_ignore_ascii_case("POST") {
                        count(text("path"));
                    }
                }
                let answered = json.and_then(|json| member(json, "Operations")?.as_array());
                for operation in answered.into_iter().flatten() {
                    let text =
                        |name: &str| member(operation, name).and_then(Value::as_str).unwrap_or_default();
                    let place = text("location");
                    if let Some(resource) = of_url(place)
                        && text("method").eq_ignore_ascii_case("POST")
                    {
                        self.known.entry(resource).or_default().made = true;
                    }
                }
            }
            _ => {}
        }
    }

    fn shown(&mut self, doing: &Doing, json: &Value) {
        let listed = member(json, "Resources").and_then(Value::as_array);
        let resources = listed.map_or_else(|| vec![json], |list| list.iter().collect());
        for resource in resources {
            let Some(id) = member(resource, "id").and_then(Value::as_str) else { continue };
            if doing.endpoint.is_empty() {
                continue;
            }
            let attribute = if doing.of_people() { "userName" } else { "displayName" };
            let name = member(resource, attribute).and_then(Value::as_str);
            let known = self.known.entry(ResourceId::at(&doing.endpoint, id)).or_default();
            // The first name: the one by which it can be found before the recording's own changes.
            if known.name.is_none() {
                known.name = name.map(|name| (attribute, name.to_owned()));
            }
        }
    }

    /// Counts the ids that a request names: all that are told without a counterpart.
    fn used(&mut self, entry: &Entry) {
        let nowhere = Rebinding::nowhere();
        for Named { resource, place, .. } in nowhere.request(&entry.exchange.request).named {
            if matches!(place, Where::Path | Where::BulkPath) {
                self.known.entry(resource).or_default().uses += 1;
            }
        }
    }
}

/// The base URL of the server that an exchange went to.
fn base_of(exchange: &Exchange) -> Option<Url> {
    let Destination::Scim(target) = &exchange.request.to else { return None };
    Url::parse(exchange.url.strip_suffix(target.as_str())?).ok()
}

fn located(answer: &Answer) -> Option<ResourceId> {
    of_url(answer.header("location")?)
}

fn of_url(url: &str) -> Option<ResourceId> {
    let mut parts = url.split(['?', '#']).next()?.trim_end_matches('/').rsplit('/');
    let (id, kind) = (parts.next()?, parts.next()?);
    scimspec_mock_idp::recording::rebind::addressed(&format!("/{kind}/{id}"))
}

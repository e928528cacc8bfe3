//! A resource's history: every exchange of one transcript about one id, in order, and what may be said of two sights of
//! it. Queries over several resources are in `run_view`.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;

use super::seen::{Place, Seen};

/// All exchanges of a transcript about one resource.
#[derive(Debug)]
pub struct History<'a> {
    /// `Users`.
    pub endpoint: String,
    /// Its id.
    pub id: String,
    /// Whether it was made in this transcript, so that nobody else writes to it.
    pub made_here: bool,
    /// In order.
    pub events: Vec<Event<'a>>,
}

/// One exchange about it.
#[derive(Debug)]
pub struct Event<'a> {
    /// Its place in the run.
    pub at: usize,
    /// The exchange.
    pub seen: &'a Seen<'a>,
    /// What was done.
    pub act: Act,
    /// Whether the answer says that it was done (2xx).
    pub done: bool,
    /// What the answer shows of it.
    pub shown: Option<&'a Value>,
    /// Whether something unseen may have happened since the event before it.
    pub gap: bool,
    /// Whether other resources were written to since the event before it.
    pub others_written: bool,
}

/// What an exchange does to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// POST to the endpoint.
    Created,
    /// GET by its id.
    Read,
    /// In the answer to a query.
    Listed,
    /// PUT.
    Replaced,
    /// PATCH.
    Patched,
    /// DELETE.
    Deleted,
}

/// Two sights of the whole resource, one after the other, by its own address.
#[derive(Debug)]
pub struct Sights<'h, 'a> {
    /// The earlier.
    pub before: &'h Event<'a>,
    /// The later; if it is a write, it shows what that write made.
    pub after: &'h Event<'a>,
    /// The earlier's resource.
    pub was: &'a Value,
    /// The later's.
    pub is: &'a Value,
    /// The writes between them that were carried out, the later's own among them.
    pub writes: Vec<&'h Event<'a>>,
    /// The writes between them that were refused.
    pub refused: Vec<&'h Event<'a>>,
    /// Whether nothing unseen happened between them.
    pub quiet: bool,
    /// Whether other resources were written to between them.
    pub others_written: bool,
}

impl Act {
    /// Whether it could change the resource.
    pub fn is_write(self) -> bool {
        !matches!(self, Self::Read | Self::Listed)
    }
}

impl<'a> History<'a> {
    /// The histories of one transcript: its exchanges with their places in the run.
    pub fn of(exchanges: &[(usize, &'a Seen<'a>)]) -> Vec<Self> {
        let mut histories: BTreeMap<(String, String), Self> = BTreeMap::new();
        let mut order: Vec<(String, String)> = Vec::new();
        // Where gaps and writes to others are, counted, so that each history can tell what happened between its events.
        let (mut gaps, mut writes) = (0_usize, 0_usize);
        let mut last: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
        for (at, seen) in exchanges {
            gaps += usize::from(seen.gap || (seen.to == Place::Bulk && seen.answer.is_success()));
            for (endpoint, id, act, shown) in about(seen) {
                let key = (endpoint, id);
                let (gaps_then, writes_then) = last.get(&key).copied().unwrap_or((gaps, writes));
                let history = histories.entry(key.clone()).or_insert_with(|| {
                    order.push(key.clone());
                    let made_here = act == Act::Created;
                    Self { endpoint: key.0.clone(), id: key.1.clone(), made_here, events: Vec::new() }
                });
                history.events.push(Event {
                    at: *at,
                    seen,
                    act,
                    done: seen.answer.is_success(),
                    shown,
                    gap: gaps > gaps_then,
                    others_written: writes > writes_then,
                });
                last.insert(key, (gaps, writes + usize::from(seen.is_write())));
            }
            writes += usize::from(seen.is_write() && seen.status() < 400);
        }
        order.into_iter().filter_map(|key| histories.remove(&key)).collect()
    }

    /// Every two neighbouring sights of the whole resource, by its own address.
    pub fn sights(&self) -> Vec<Sights<'_, 'a>> {
        let mut all = Vec::new();
        let mut before: Option<(&Event<'a>, &'a Value)> = None;
        let (mut writes, mut refused, mut quiet, mut others) = (Vec::new(), Vec::new(), true, false);
        for event in &self.events {
            quiet &= !event.gap;
            others |= event.others_written;
            if event.act.is_write() {
                if event.done {
                    writes.push(event);
                } else {
                    refused.push(event);
                }
                // What a server error did is not known.
                quiet &= event.seen.status() < 500;
            }
            let whole = event.shown.filter(|_| event.act != Act::Listed && !event.seen.is_projected());
            if let Some(is) = whole {
                if let Some((before, was)) = before {
                    all.push(Sights {
                        before,
                        after: event,
                        was,
                        is,
                        writes: std::mem::take(&mut writes),
                        refused: std::mem::take(&mut refused),
                        quiet,
                        others_written: others,
                    });
                }
                before = Some((event, is));
                (writes, refused, quiet, others) = (Vec::new(), Vec::new(), true, false);
            } else if event.act == Act::Deleted && event.done {
                before = None;
            }
        }
        all
    }
}

impl Sights<'_, '_> {
    /// Whether what they show is the same resource in the same state, apart from `meta` and from what follows from other
    /// resources.
    pub fn are_equal(&self) -> bool {
        self.was == self.is || (!differ_plainly(self.was, self.is) && state(self.was) == state(self.is))
    }
}

/// What tells nothing of a resource's own state: about the answer, or following from other resources.
const APART: [&str; 3] = ["meta", "schemas", "groups"];

/// Whether one text, number or Boolean is another one: after most writes that is so, and nothing has to be put in order
/// to see it.
fn differ_plainly(was: &Value, is: &Value) -> bool {
    let plain = |value: &Value| value.is_string() || value.is_boolean() || value.is_number();
    was.as_object().into_iter().flatten().any(|(name, was)| {
        plain(was)
            && !APART.iter().any(|apart| name.eq_ignore_ascii_case(apart))
            && is.get(name).is_some_and(|is| plain(is) && was != is)
    })
}

/// What a resource says of itself, so that two sights can be compared: without `meta` and `schemas`, without what follows
/// from other resources, without what is unassigned (RFC 7643, section 2.5), values of a set in one order, names in lower
/// case.
pub(super) fn state(resource: &Value) -> Value {
    match resource {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .filter(|(name, _)| !APART.contains(&name.as_str()))
            .map(|(name, value)| {
                let value = plain(value);
                (name, value)
            })
            .filter(|(_, value)| !is_unassigned(value))
            .collect(),
        other => plain(other),
    }
}

/// Whether a value stands for nothing: null, an empty array (RFC 7643, section 2.5), or an object of such.
pub(super) fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().all(is_unassigned),
        Value::Object(members) => members.values().all(is_unassigned),
        _ => false,
    }
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            // What a reference says beside the id follows from the other resource.
            .filter(|(name, _)| {
                !(members.contains_key("value")
                    && ["$ref", "display", "displayName"].contains(&name.as_str()))
            })
            .map(|(name, value)| (name.to_ascii_lowercase(), plain(value)))
            .filter(|(_, value)| !is_unassigned(value))
            // In one order, so that values of a set can be sorted.
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .collect(),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(plain).collect();
            items.sort_by_key(ToString::to_string);
            Value::Array(items)
        }
        other => other.clone(),
    }
}

/// The resources that an exchange is about: endpoint, id, act, what is shown.
fn about<'a>(seen: &'a Seen<'a>) -> Vec<(String, String, Act, Option<&'a Value>)> {
    let id_of = |resource: &Value| resource.get("id").and_then(Value::as_str).map(str::to_owned);
    match &seen.to {
        Place::Resource(endpoint, id) => {
            let act = match *seen.method() {
                Method::GET => Act::Read,
                Method::PUT => Act::Replaced,
                Method::PATCH => Act::Patched,
                Method::DELETE => Act::Deleted,
                _ => return Vec::new(),
            };
            vec![(endpoint.clone(), id.clone(), act, seen.shown())]
        }
        Place::Endpoint(endpoint) if seen.method() == Method::POST => {
            let made = seen.shown().and_then(|shown| Some((id_of(shown)?, shown)));
            made.map(|(id, shown)| (endpoint.clone(), id, Act::Created, Some(shown))).into_iter().collect()
        }
        Place::Endpoint(endpoint) | Place::Search(Some(endpoint)) => seen
            .listed()
            .into_iter()
            .filter_map(|resource| Some((endpoint.clone(), id_of(resource)?, Act::Listed, Some(resource))))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_unassigned_and_what_others_say_is_no_difference() {
        let one = json!({"id": "1", "meta": {"version": "1"}, "nickName": null, "emails": [{"value": "a"}, {"value": "b", "type": "x"}],
            "members": [{"value": "2", "display": "Ada"}]});
        let other = json!({"ID": "1", "emails": [{"type": "x", "value": "b"}, {"value": "a"}], "groups": [],
            "members": [{"value": "2", "$ref": "https://app.example/Users/2"}]});
        assert_eq!(state(&one), state(&other));
        assert_ne!(state(&one), state(&json!({"id": "1"})));
    }
}

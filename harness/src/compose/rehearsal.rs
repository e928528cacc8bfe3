//! Holds a recording against what a persona would have sent: the persona acts, and hears what was recorded. No I/O; the
//! recorded answers are its server.

use scimspec_mock_idp::directory::{Act, Directory, Event, GroupKey, PersonKey};
use scimspec_mock_idp::exchange::Request;
use scimspec_mock_idp::persona::{Heard, Persona, PersonaName, Step};
use serde_json::Value;

use super::seen::Seen;

/// One provider's people, and the recording.
pub(super) struct Rehearsal<'a> {
    pub persona: &'a PersonaName,
    /// Everybody, as they were at the beginning.
    pub directory: &'a Directory,
    pub seen: &'a [Seen<'a>],
}

/// How far acts explain a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Performed {
    /// So many exchanges from the beginning.
    pub exchanges: usize,
    /// What an administrator would have read of the last act, if it failed.
    pub failed: Option<String>,
    /// Whether the recording ends in the middle of it.
    pub cut: bool,
}

impl Rehearsal<'_> {
    /// Performs the acts from the beginning. None where the persona would have sent something else.
    pub(super) fn perform(&self, acts: &[Act]) -> Option<(Performed, Directory)> {
        let mut directory = self.directory.clone();
        // A seed only decides whom a connection test asks for, and that is not compared.
        let mut persona = self.persona.build(0);
        let mut performed = Performed { exchanges: 0, failed: None, cut: false };
        for act in acts {
            performed.failed = None;
            for event in directory.act(act).ok()? {
                if performed.cut || !self.event(&mut *persona, &event, &mut performed) {
                    return None;
                }
            }
        }
        Some((performed, directory))
    }

    /// Performs one event; false where the recording shows something else.
    fn event(&self, persona: &mut dyn Persona, event: &Event, performed: &mut Performed) -> bool {
        let mut step = persona.on(event);
        loop {
            step = match step {
                Step::Done => return true,
                Step::Stuck(error) => {
                    performed.failed.get_or_insert(error.text);
                    return true;
                }
                Step::Wait { .. } => persona.heard(Heard::Waited),
                Step::Send(message) => {
                    let Some(seen) = self.seen.get(performed.exchanges) else {
                        performed.cut = true;
                        return true;
                    };
                    if !is_what_was_sent(&message.request, seen) {
                        return false;
                    }
                    performed.exchanges += 1;
                    persona.heard(match &seen.entry.exchange.result {
                        Ok(answer) => Heard::Answer(answer.clone()),
                        Err(broken) => Heard::Broken(broken.clone()),
                    })
                }
            };
        }
    }
}

/// Whom a person is called in the directory of a rehearsal.
pub(super) fn person(name: &str) -> PersonKey {
    PersonKey(name.to_owned())
}

/// What a group is called in it.
pub(super) fn group(name: &str) -> GroupKey {
    GroupKey(name.to_owned())
}

/// Whether it is the same request. Headers are left aside: a proxy may have changed them, and who sent it is known by then.
fn is_what_was_sent(request: &Request, seen: &Seen<'_>) -> bool {
    let recorded = &seen.entry.exchange.request;
    let same_target = without_guids(&request.to.to_string()) == without_guids(&recorded.to.to_string());
    let json = |body: &Option<bytes::Bytes>| {
        body.as_ref().and_then(|body| serde_json::from_slice::<Value>(body).ok())
    };
    let same_body = match (json(&request.body), &seen.sent) {
        (Some(said), Some(recorded)) => same_json("", &said, recorded),
        (None, None) => true,
        _ => false,
    };
    request.method == recorded.method && same_target && same_body
}

/// The same JSON. Passwords are chance, and were taken out of the recording; members have no order.
fn same_json(name: &str, one: &Value, other: &Value) -> bool {
    if name.eq_ignore_ascii_case("password") {
        return true;
    }
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|other| same_json(name, value, other)))
        }
        (Value::Array(one), Value::Array(other)) => {
            let everywhere = |item: &Value| other.iter().any(|other| same_json("", item, other));
            one.len() == other.len()
                && if name == "Operations" {
                    one.iter().zip(other).all(|(one, other)| same_json("", one, other))
                } else {
                    one.iter().all(everywhere)
                }
        }
        (one, other) => one == other,
    }
}

/// A target in which whoever is asked for by chance is nobody in particular.
fn without_guids(target: &str) -> String {
    let is_probe =
        |target: &str| target.contains("filter=userName+eq+") || target.contains("filter=displayName+eq+");
    if !is_probe(target) {
        return target.to_owned();
    }
    let mut parts: Vec<&str> = target.split("%22").collect();
    let is_guid = |part: &str| {
        part.len() == 36
            && part.chars().filter(|c| *c == '-').count() == 4
            && part.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
    };
    for part in &mut parts {
        if is_guid(part) {
            *part = "guid";
        }
    }
    parts.join("%22")
}

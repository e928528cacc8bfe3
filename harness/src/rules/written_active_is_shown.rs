//! `rule/written-active-is-shown`.

use serde_json::Value;

use super::Rule;
use super::history::{Act, Event, History};
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope};

pub(super) static RULE: Rule = Rule {
    slug: "written-active-is-shown",
    title: "active is what it was last set to",
    what: "A PUT, or a PATCH of active with a Boolean, that was carried out, and the next sight of the user \
          with no other write between them: the same active (derived: both values round-trip).",
    why: "A provider that set active to false and got 200 believes that the person is out. A server that \
          ignores the change, or reads the message as something else, leaves the door open.",
    fix: "Apply the operation, in every form that is accepted, and refuse what is not understood.",
    requirements: &["RFC7643-4.1.1-L5"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7643, section 4.1.1; RFC 7644, sections 3.5.1 and 3.5.2.
fn look(history: &History<'_>, known: &Known) -> Vec<Noted> {
    let unsupported = known.schemas.is_some() && known.attribute(&history.endpoint, "active").is_none();
    if history.endpoint != "Users" || unsupported {
        return Vec::new();
    }
    let mut noted = Vec::new();
    let mut set: Option<(bool, &str)> = None;
    for event in &history.events {
        if event.gap {
            set = None;
        }
        if event.act.is_write() && event.done {
            set = active_set(event).map(|value| (value, event.seen.method().as_str())).or(match event.act {
                // A change that does not speak of active leaves it alone; what PUT leaves out is open (C14).
                Act::Patched => set,
                _ => None,
            });
        }
        let sight =
            event.shown.filter(|_| event.act != Act::Listed).and_then(|shown| shown.get("active")?.as_bool());
        if let (Some((value, verb)), Some(active)) = (set, sight) {
            noted.push(
                Look::kept_if(
                    value == active,
                    "active as it was set",
                    format!("{active} after {verb} to {value}"),
                )
                .at(event.at),
            );
            set = None;
        }
    }
    noted
}

/// What a write sets active to, if it says so in a way that cannot be misread.
fn active_set(event: &Event<'_>) -> Option<bool> {
    let sent = event.seen.sent.as_ref()?;
    match event.act {
        Act::Replaced | Act::Created => sent.get("active")?.as_bool(),
        Act::Patched => {
            let operations = sent.get("Operations")?.as_array()?;
            let mut last = None;
            for operation in operations {
                let op = operation.get("op")?.as_str()?.to_ascii_lowercase();
                let value = operation.get("value");
                let told = match operation.get("path").and_then(Value::as_str) {
                    Some(path) if path.eq_ignore_ascii_case("active") => value.and_then(Value::as_bool),
                    Some(_) => continue,
                    None => value.and_then(|value| value.get("active")?.as_bool()),
                };
                match (op.as_str(), told) {
                    ("replace" | "add", Some(told)) => last = Some(told),
                    ("replace" | "add", None) if operation.get("path").is_none() => {}
                    // A removal, or a text: what becomes of active is open.
                    _ => return None,
                }
            }
            last
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept, sent};

    const OFF: &str = r#"{"Operations":[{"op":"replace","value":{"active":false}}]}"#;

    #[test]
    fn who_is_switched_off_is_off() {
        let user = |active: bool| format!(r#"{{"id":"1","active":{active}}}"#);
        let made = || answer("POST", "/Users", 201, &user(true));
        let read = |active| answer("GET", "/Users/1", 200, &user(active));
        let off = || sent("PATCH", "/Users/1", OFF, 204, "");
        assert_eq!(found(&RULE, &[made(), off(), read(false)]), kept());
        assert_eq!(found(&RULE, &[made(), off(), read(true)]), broken("true after PATCH to false"));
        assert_eq!(
            found(&RULE, &[made(), sent("PUT", "/Users/1", r#"{"active":false}"#, 200, &user(true))]),
            broken("true after PUT to false")
        );
        assert_eq!(found(&RULE, &[made(), sent("PATCH", "/Users/1", OFF, 400, ""), read(true)]), None);
    }
}

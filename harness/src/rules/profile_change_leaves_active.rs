//! `rule/profile-change-leaves-active`.

use serde_json::Value;

use super::Rule;
use super::history::{Act, Event, History};
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope};

pub(super) static RULE: Rule = Rule {
    slug: "profile-change-leaves-active",
    title: "Only who says active changes active",
    what: "PATCH requests that were carried out and do not speak of active, between two sights of the user: \
          the same active.",
    why: "A changed name must not bring back a person who was locked out.",
    fix: "Touch only what the request names.",
    requirements: &["RFC7644-3.5.2-L15"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7644, section 3.5.2. What PUT makes of an attribute that is left out is open (C14).
fn look(history: &History<'_>, _: &Known) -> Vec<Noted> {
    let active = |resource: &Value| resource.get("active")?.as_bool();
    let sights = history.sights();
    let patched = sights.iter().filter(|pair| {
        let silent = |write: &&Event<'_>| {
            let sent = write.seen.sent.as_ref().map(|sent| sent.to_string().to_ascii_lowercase());
            write.act == Act::Patched && sent.is_some_and(|sent| !sent.contains("active"))
        };
        pair.quiet && !pair.writes.is_empty() && pair.writes.iter().all(silent)
    });
    patched
        .filter_map(|pair| Some((pair.after.at, active(pair.was)?, active(pair.is)?)))
        .map(|(at, was, is)| {
            Look::kept_if(
                was == is,
                format!("active: {was}, as before"),
                format!("{is} after a change of something else"),
            )
            .at(at)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept, sent};

    #[test]
    fn a_new_name_opens_no_door() {
        let user = |active: bool| format!(r#"{{"id":"1","active":{active}}}"#);
        let made = || answer("POST", "/Users", 201, &user(false));
        let patch = |value: &str| format!(r#"{{"Operations":[{{"op":"replace","value":{value}}}]}}"#);
        let told = |value: &str, after| {
            found(&RULE, &[made(), sent("PATCH", "/Users/1", &patch(value), 200, &user(after))])
        };
        assert_eq!(told(r#"{"title":"x"}"#, false), kept());
        assert_eq!(told(r#"{"title":"x"}"#, true), broken("true after a change of something else"));
        assert_eq!(told(r#"{"active":true}"#, true), None);
    }
}

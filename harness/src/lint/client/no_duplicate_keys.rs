//! `client/no-duplicate-keys`.

use super::super::sent::{Body, Sent};
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;
use crate::json::strict;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "no-duplicate-keys",
    title: "No name stands twice in an object",
    what: "The objects in every JSON body that is sent: each name once, letter for letter.",
    why: "One server takes the first value, another the last: what was meant is chance.",
    fix: "Write each name once.",
    level: Level::Should,
    source: "RFC 8259, section 4",
    requirements: &[],
    softer: None,
    look,
};

/// RFC 8259, section 4: names SHOULD be unique.
fn look(sent: &Sent<'_>) -> Look {
    let Body::Json(_) = &sent.body else { return Look::Elsewhere };
    let text = sent.exchange.request.body.as_deref().and_then(|body| std::str::from_utf8(body).ok());
    let Some(text) = text else { return Look::Elsewhere };
    // It is JSON, so that a second name is all that the strict reader can complain about.
    let kept = strict::parse(text).is_ok();
    Look::of(if kept { Vec::new() } else { vec![Fault::new("each name once", "a name that stands twice")] })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[test]
    fn a_name_stands_once() {
        let post = |body| told(&RULE, &request("POST", "/Users", body));
        assert_eq!(post(r#"{"a":1,"b":{"a":2}}"#), kept());
        assert_eq!(post(r#"{"a":1,"b":{"c":2,"c":3}}"#), broken("a name that stands twice"));
        assert_eq!(post("{"), None);
    }
}

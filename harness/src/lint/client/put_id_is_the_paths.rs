//! `client/put-id-is-the-paths`.

use super::super::sent::{Sent, is_template, member};
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;
use crate::rules::Place;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "put-id-is-the-paths",
    title: "The id in a body is that of the address",
    what: "Every PUT whose body has an id: it is the one in the address.",
    why: "A server ignores the id in the body and replaces somebody else than was meant, or refuses.",
    fix: "Write a resource back to where it was read from, or leave the id out.",
    level: Level::Should,
    source: "RFC 7644, section 3.5.1",
    requirements: &["RFC7644-3.5.1-L13"],
    softer: None,
    look,
};

/// RFC 7644, section 3.5.1: readOnly values are ignored.
fn look(sent: &Sent<'_>) -> Look {
    let Place::Resource(_, id) = &sent.to else { return Look::Elsewhere };
    let given = sent.resource().and_then(|resource| member(resource, "id"));
    let Some(given) = given.filter(|given| !given.is_null()) else { return Look::Elsewhere };
    if is_template(id) || given.as_str().is_some_and(is_template) {
        return Look::Elsewhere;
    }
    let kept = given.as_str() == Some(id.as_str());
    Look::of(if kept { Vec::new() } else { vec![Fault::new("the id of the address", "another id")] })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[test]
    fn address_and_body_name_one_resource() {
        let put = |body| told(&RULE, &request("PUT", "/Users/a%20b", body));
        assert_eq!(put(r#"{"id":"a b"}"#), kept());
        assert_eq!(put(r#"{"id":"c"}"#), broken("another id"));
        assert_eq!(put("{}"), None);
    }
}

//! `rule/attributes-leave-meta-out`.

use super::Rule;
use super::known::{Known, split_urn};
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "attributes-leave-meta-out",
    title: "Who names attributes gets no meta",
    what: "Every successful answer to a request with the parameter attributes that does not name meta: no \
          meta comes along (C16).",
    why: "meta is not in the minimum set; it does no harm, but it costs in long lists.",
    fix: "Return meta only when it is named, or publish it as always returned.",
    requirements: &["RFC7644-3.9-L1"],
    softer: Some("C16: meta beside what was asked for does no harm"),
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.9: id is the only core attribute that is always returned.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let (Some(endpoint), Some(asked)) = (seen.endpoint(), &seen.asked.attributes) else {
        return Look::Elsewhere;
    };
    let resources = seen.resources();
    let named = asked.iter().any(|name| split_urn(name).1.starts_with("meta"));
    let always = known.attribute(endpoint, "meta").is_some_and(|meta| meta.returned == "always");
    if resources.is_empty() || asked.is_empty() || named || always || seen.asked.excluded.is_some() {
        return Look::Elsewhere;
    }
    let along = resources.into_iter().any(|resource| resource.get("meta").is_some());
    Look::kept_if(!along, "no meta", "meta as well")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn meta_comes_when_it_is_named() {
        let told = |target: &str, body: &str| found(&RULE, &[answer("GET", target, 200, body)]);
        assert_eq!(told("/Users/1?attributes=userName", r#"{"id":"1"}"#), kept());
        assert_eq!(told("/Users/1?attributes=userName", r#"{"id":"1","meta":{}}"#), broken("meta as well"));
        assert_eq!(told("/Users/1?attributes=meta.created", r#"{"id":"1","meta":{}}"#), None);
    }
}

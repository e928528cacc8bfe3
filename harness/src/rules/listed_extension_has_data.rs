//! `rule/listed-extension-has-data`.

use super::Rule;
use super::history::is_unassigned;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Seen, schemas_of};

pub(super) static RULE: Rule = Rule {
    slug: "listed-extension-has-data",
    title: "An extension that is named has data",
    what: "Every whole resource in a successful answer: for each extension in schemas that /ResourceTypes \
          declares there is a member of that name. The RFC says nothing about an extension that has become \
          empty, so this is recorded only.",
    why: "Whether a URN without data stays tells a client whether it may conclude from schemas that data \
          is there.",
    fix: "Nothing to do; dropping the URN with the last value is the tidier choice.",
    requirements: &["RFC7644-3.5.2-L36"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.5.2, says only when a URN is added.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(declared) = seen.endpoint().and_then(|endpoint| known.resource_type(endpoint)) else {
        return Look::Elsewhere;
    };
    let mut named = seen
        .whole_resources()
        .into_iter()
        .flat_map(|resource| schemas_of(resource).map(move |urn| (resource, urn)))
        .filter(|(_, urn)| declared.extensions.iter().any(|extension| extension.eq_ignore_ascii_case(urn)))
        .peekable();
    if named.peek().is_none() {
        return Look::Elsewhere;
    }
    let empty = named.any(|(resource, urn)| {
        let members = resource.as_object().into_iter().flatten();
        !members.into_iter().any(|(name, value)| name.eq_ignore_ascii_case(urn) && !is_unassigned(value))
    });
    Look::kept_if(!empty, "data below each extension that schemas names", "an extension without data")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    const URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    #[test]
    fn a_name_without_data_is_recorded() {
        let told = |body: String| found(&RULE, &[answer("GET", "/Users/1", 200, &body)]);
        assert_eq!(
            told(format!(r#"{{"id":"1","schemas":["{URN}"],"{URN}":{{"department":"Sales"}}}}"#)),
            kept()
        );
        assert_eq!(told(format!(r#"{{"id":"1","schemas":["{URN}"]}}"#)), broken("an extension without data"));
        assert_eq!(told(r#"{"id":"1","schemas":["urn:x"]}"#.to_owned()), None);
    }
}

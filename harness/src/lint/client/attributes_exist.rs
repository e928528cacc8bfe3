//! `client/attributes-exist`.

use serde_json::Value;

use super::super::grammar::{self, Attribute};
use super::super::sent::{Sent, is_template};
use super::{ClientRule, Fault, Look, shown};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "attributes-exist",
    title: "Only attributes that there are are named",
    what: "The attributes in filters, sortBy, attributes, excludedAttributes, PATCH operations and resources that are created: those of RFC 7643, those that the recorded server publishes, and those that it shows. Extensions and resource types that the recording does not describe are let be.",
    why: "The RFC leaves open what a server makes of others (C15, C25): it drops the value silently, finds nobody, or refuses.",
    fix: "Send what the server has; put attributes of your own into an extension that it publishes.",
    level: Level::Should,
    source: "RFC 7644, sections 3.4.2.2 and 3.5.2; RFC 7643, section 4",
    requirements: &["RFC7644-3.3-L12", "RFC7644-3.5.2-L18", "RFC7644-3.4.2.2-L52"],
    softer: None,
    look,
};

/// RFC 7644, sections 3.4.2.2 and 3.5.2 (C15, C25).
fn look(sent: &Sent<'_>) -> Look {
    let Some(endpoint) = sent.endpoint() else { return Look::Elsewhere };
    let named = named(sent);
    let faults = named
        .iter()
        .filter(|attribute| sent.world.has(endpoint, attribute) == Some(false))
        .map(|attribute| {
            let sub = attribute.sub.as_ref().map_or_else(String::new, |sub| format!(".{sub}"));
            let urn = attribute.urn.as_ref().map_or_else(String::new, |urn| format!("{urn}:"));
            let whole = shown(&format!("{urn}{}{sub}", attribute.name));
            Fault::new("an attribute of RFC 7643 or of the server", format!("{whole} of {}", shown(endpoint)))
        })
        .collect();
    Look::if_any(!named.is_empty(), faults)
}

fn named(sent: &Sent<'_>) -> Vec<Attribute> {
    let mut all = Vec::new();
    // A mistake in the grammar is told elsewhere.
    let read =
        |read: Result<grammar::Read, grammar::Mistake>| read.map(|read| read.attributes).unwrap_or_default();
    all.extend(sent.filter().map(grammar::filter).map(read).unwrap_or_default());
    for list in ["attributes", "excludedAttributes", "sortBy"] {
        let names = sent.parameter(list).into_iter().flat_map(|value| value.split(','));
        all.extend(names.filter(|name| !is_template(name)).filter_map(|name| grammar::attribute(name).ok()));
    }
    for operation in sent.operations() {
        all.extend(operation.at().map(grammar::path).map(read).unwrap_or_default());
        if let Some(Value::Object(members)) = operation.value.filter(|_| operation.path.is_none()) {
            all.extend(members.keys().filter_map(|name| grammar::attribute(name).ok()));
        }
    }
    for (name, value) in sent.created().and_then(Value::as_object).into_iter().flatten() {
        match (name.to_ascii_lowercase().starts_with("urn:"), value) {
            (true, Value::Object(members)) => {
                let whole = members.keys().map(|part| format!("{name}:{part}"));
                all.extend(whole.filter_map(|path| grammar::attribute(&path).ok()));
            }
            _ => all.extend(grammar::attribute(name)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, patch, request, told, told_of};
    use super::*;
    use crate::rules::tests::answer;

    #[rstest]
    #[case("GET", "/Users?filter=nickname+pr", "", kept())]
    #[case("GET", "/Users?filter=login+eq+%22a%22", "", broken("login of Users"))]
    #[case("GET", "/Users?attributes=id,%20emails.colour", "", broken("emails.colour of Users"))]
    #[case("GET", "/Users?sortBy=members", "", broken("members of Users"))]
    #[case("POST", "/Users", r#"{"userName":"ada","badge":"7"}"#, broken("badge of Users"))]
    #[case("POST", "/Users", r#"{"urn:example:x":{"badge":"7"}}"#, kept())]
    #[case("PUT", "/Users/1", r#"{"badge":"7"}"#, None)]
    #[case("GET", "/Devices?filter=serial+pr", "", None)]
    fn an_attribute_is_known(
        #[case] method: &str,
        #[case] target: &str,
        #[case] body: &str,
        #[case] said: Option<Vec<String>>,
    ) {
        assert_eq!(told(&RULE, &request(method, target, body)), said);
    }

    #[test]
    fn in_a_patch_too() {
        assert_eq!(
            told(&RULE, &patch(r#"{"op":"replace","path":"name.first","value":"x"}"#)),
            broken("name.first of Users")
        );
        assert_eq!(told(&RULE, &patch(r#"{"op":"add","value":{"badge":"7"}}"#)), broken("badge of Users"));
    }

    #[test]
    fn what_the_server_shows_it_has() {
        let shows = answer("GET", "/Users/1", 200, r#"{"id":"1","badge":"7"}"#);
        let post = request("POST", "/Users", r#"{"userName":"ada","badge":"8"}"#);
        assert_eq!(told_of(&RULE, &[shows, post]), kept());
    }
}

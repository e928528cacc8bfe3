//! `rule/attribute-types`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::resource_walk::{values, walk};
use super::scope::{Look, Need, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "attribute-types",
    title: "Values have the JSON type that /Schemas publishes",
    what: "Every attribute of every resource in a successful answer, against the type in /Schemas: string, \
          boolean, integer, decimal, dateTime, reference, binary, complex. active is another rule's.",
    why: "A typed client refuses the whole user for one number that came as a text.",
    fix: "Return each value in the JSON type of its SCIM type (section 2.3): numbers unquoted, complex \
          attributes as objects, integers without a fraction.",
    requirements: &["RFC7643-2.3-L1", "RFC7643-2.3.4-L1"],
    softer: None,
    needs: &[Need::Schemas],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 2.3.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(endpoint) = seen.endpoint() else { return Look::Elsewhere };
    let (mut wrongs, mut looked) = (Vec::new(), false);
    for resource in seen.resources() {
        walk(resource, endpoint, known, &mut |visit| {
            let Some(published) = visit.published else { return };
            // An array in the place of one value, and the reverse, is another rule's.
            let single =
                if published.multi_valued { values(visit.value) } else { std::slice::from_ref(visit.value) };
            for value in single.iter().filter(|value| !value.is_null() && !value.is_array()) {
                looked = true;
                if visit.path.is("active") || fits(value, &published.kind) {
                    continue;
                }
                let actual = format!("{} as {}", visit.path, kind_of(value));
                wrongs.push(Wrong::new(format!("{} as {}", visit.path, published.kind), actual));
            }
        });
    }
    if looked { Look::of(wrongs) } else { Look::Elsewhere }
}

fn fits(value: &Value, kind: &str) -> bool {
    match kind {
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "decimal" => value.is_number(),
        "complex" => value.is_object(),
        "string" | "datetime" | "reference" | "binary" => value.is_string(),
        // A type that is none is a fault of /Schemas.
        _ => true,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Number(_) => "a number",
        Value::Bool(_) => "a boolean",
        Value::Object(_) => "an object",
        _ => "something else",
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(
        r#"{"floor":3,"weight":1.5,"emails":[{"value":"a","primary":true}],"name":{"givenName":"A"}}"#,
        kept()
    )]
    #[case(r#"{"floor":"3"}"#, broken("floor as a string"))]
    #[case(r#"{"floor":3.0}"#, broken("floor as a number"))]
    #[case(r#"{"userName":7}"#, broken("userName as a number"))]
    #[case(r#"{"name":"Ada"}"#, broken("name as a string"))]
    #[case(r#"{"emails":[{"value":"a","primary":"true"}]}"#, broken("emails.primary as a string"))]
    #[case(r#"{"emails":["a"]}"#, broken("emails as a string"))]
    #[case(r#"{"active":"False","title":null}"#, kept())]
    #[case(r#"{"unknown":7}"#, None)]
    fn a_value_has_its_type(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
    }
}

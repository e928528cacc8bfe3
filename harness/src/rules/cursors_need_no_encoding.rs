//! `rule/cursors-need-no-encoding`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "cursors-need-no-encoding",
    title: "A cursor can stand in a URL as it is",
    what: "nextCursor and previousCursor of every list: letters, digits, and - . _ ~ only, in a text.",
    why: "Base64 with + and / arrives as something else, and the walk over the pages ends in an error.",
    fix: "Encode cursors with the URL alphabet of base64, without padding.",
    requirements: &["RFC9865-2-L5"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 9865, section 2: unreserved characters of RFC 3986.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let Some(list) = seen.list() else { return Look::Elsewhere };
    let cursors: Vec<_> = ["nextCursor", "previousCursor"]
        .into_iter()
        .filter_map(|name| Some((name, list.get(name).filter(|value| !value.is_null())?)))
        .collect();
    if cursors.is_empty() {
        return Look::Elsewhere;
    }
    let unreserved = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    let wrongs = cursors.into_iter().filter_map(|(name, value)| match value.as_str() {
        Some(text) if unreserved(text) => None,
        Some("") => Some(format!("{name}: an empty text")),
        Some(_) => Some(format!("{name}: characters that a URL needs encoded")),
        None => Some(format!("{name}: no text")),
    });
    Look::of(wrongs.map(|actual| Wrong::new("unreserved characters", actual)).collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"nextCursor":"VZUTiyhEQJ94-IR_~."}"#, kept())]
    #[case(r#"{"nextCursor":"a+b/c="}"#, broken("nextCursor: characters that a URL needs encoded"))]
    #[case(r#"{"previousCursor":7}"#, broken("previousCursor: no text"))]
    #[case(r#"{"totalResults":0}"#, None)]
    fn a_cursor_travels_well(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users?cursor=", 200, body)]), told);
    }
}

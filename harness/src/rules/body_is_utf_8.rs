//! `rule/body-is-utf-8`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "body-is-utf-8",
    title: "JSON comes in UTF-8, and says nothing else",
    what: "The bytes of every JSON body, and the charset parameter of its Content-Type if it has one.",
    why: "A name with an umlaut that arrives in another encoding is stored wrong at the other end, or the \
          whole answer is refused.",
    fix: "Encode answers as UTF-8; leave charset out or set it to utf-8.",
    requirements: &["RFC7644-3.8-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.8, and RFC 8259, section 8.1.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let kind = seen.answer.header("content-type").unwrap_or_default().to_ascii_lowercase();
    if seen.answer.body.is_empty() || seen.is_html() || !kind.contains("json") {
        return Look::Elsewhere;
    }
    let charset =
        kind.split(';').skip(1).find_map(|part| part.trim().strip_prefix("charset=").map(str::to_owned));
    let charset = charset.map(|name| name.trim_matches('"').to_owned());
    if charset.is_some_and(|name| !matches!(name.as_str(), "utf-8" | "utf8" | "us-ascii")) {
        return Look::broken("UTF-8", "another charset in Content-Type");
    }
    Look::kept_if(std::str::from_utf8(&seen.answer.body).is_ok(), "UTF-8", "bytes that are no UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, exchange, found, kept};

    #[test]
    fn another_charset_is_wrong_by_its_name_and_by_its_bytes() {
        let labelled = |kind| exchange("GET", "/Users", 200, &[("content-type", kind)], "{}");
        assert_eq!(found(&RULE, &[labelled("application/scim+json; charset=UTF-8")]), kept());
        assert_eq!(
            found(&RULE, &[labelled("application/json;charset=ISO-8859-1")]),
            broken("another charset in Content-Type")
        );
        let mut latin = labelled("application/json");
        latin.result.as_mut().unwrap().body = b"{\"a\":\"\xfc\"}".to_vec().into();
        assert_eq!(found(&RULE, &[latin]), broken("bytes that are no UTF-8"));
        assert_eq!(found(&RULE, &[answer("DELETE", "/Users/1", 204, "")]), None);
    }
}

//! `rule/binaries-are-base64`.

use super::Rule;
use super::known::Known;
use super::resource_walk::walk;
use super::scope::{Look, Need, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "binaries-are-base64",
    title: "Binary values are base64",
    what: "Every attribute that is published as binary, in every resource of a successful answer. Padding \
          may be missing, and either alphabet will do.",
    why: "A certificate that is not base64 cannot be decoded, and the person cannot be verified by it.",
    fix: "Encode binary values as RFC 4648 says, without line breaks.",
    requirements: &["RFC7643-2.3.6-L1"],
    softer: None,
    needs: &[Need::Schemas],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 2.3.6.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(endpoint) = seen.endpoint() else { return Look::Elsewhere };
    let (mut wrongs, mut looked) = (Vec::new(), false);
    for resource in seen.resources() {
        walk(resource, endpoint, known, &mut |visit| {
            let published = visit.published.is_some_and(|attribute| attribute.kind == "binary");
            let Some(text) = visit.value.as_str().filter(|_| published) else { return };
            looked = true;
            let digits = text.trim_end_matches('=');
            let right = digits.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(&b))
                && digits.len() % 4 != 1;
            if !right {
                wrongs.push(Wrong::new(
                    format!("{} as base64", visit.path),
                    format!("{}: no base64", visit.path),
                ));
            }
        });
    }
    if looked { Look::of(wrongs) } else { Look::Elsewhere }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("MIIB", kept())]
    #[case("TUk", kept())]
    #[case("-----BEGIN X", broken("x509Certificates.value: no base64"))]
    #[case("MII B", broken("x509Certificates.value: no base64"))]
    fn a_certificate_can_be_decoded(#[case] value: &str, #[case] told: Option<Vec<String>>) {
        let body = format!(r#"{{"x509Certificates":[{{"value":"{value}"}}]}}"#);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, &body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, r#"{"id":"1"}"#)]), None);
    }
}

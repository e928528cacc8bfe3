//! `rule/date-times-have-a-zone`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;
use super::words::{DateTime, date_time};

pub(super) static RULE: Rule = Rule {
    slug: "date-times-have-a-zone",
    title: "Dates say in which zone they are",
    what: "meta.created, meta.lastModified and every attribute that is published as dateTime: they end in Z \
          or an offset.",
    why: "A date without a zone is valid, and every client reads it as another moment.",
    fix: "Write the zone, best as Z.",
    requirements: &["RFC7643-2.3.5-L1"],
    softer: Some("a dateTime without a zone is valid"),
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 2.3.5; XML Schema part 2, section 3.2.7.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let dates = super::date_times_are_strict::dates(seen, known);
    let read: Vec<_> = dates.into_iter().filter_map(|(path, text)| Some((path, date_time(&text)?))).collect();
    if read.is_empty() {
        return Look::Elsewhere;
    }
    let bare = read.into_iter().filter(|(_, kind)| *kind == DateTime::Unzoned);
    Look::of(
        bare.map(|(path, _)| Wrong::new(format!("{path} with a zone"), format!("{path} without"))).collect(),
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"meta":{"created":"2026-11-24T23:39:22+01:00"}}"#, kept())]
    #[case(r#"{"meta":{"created":"2026-11-24T23:39:22"}}"#, broken("meta.created without"))]
    #[case(r#"{"meta":{"created":"yesterday"}}"#, None)]
    fn a_date_has_a_zone(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
    }
}

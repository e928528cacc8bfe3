//! `client/no-comparison-behind-brackets`.

use super::super::grammar;
use super::super::sent::Sent;
use super::{ClientRule, Fault, Look, entra};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "no-comparison-behind-brackets",
    title: "Filters compare no attribute behind brackets",
    what: "The filter of every query: brackets are not followed by a sub-attribute and a comparison.",
    why: "Only PATCH paths have that form; a server may answer 400 invalidFilter (C24).",
    fix: "Write emails[type eq \"work\" and value eq \"...\"].",
    level: Level::Should,
    source: "RFC 7644, section 3.4.2.2, figure 1",
    requirements: &["RFC7644-3.4.2.2-L39"],
    softer: None,
    look,
};

/// RFC 7644, section 3.4.2.2 (C24).
fn look(sent: &Sent<'_>) -> Look {
    let Some(Ok(read)) = sent.filter().map(grammar::filter) else { return Look::Elsewhere };
    let source = "Microsoft, Develop a SCIM endpoint: user provisioning requirements";
    let behind =
        Fault::new("the comparison within the brackets", "a comparison behind brackets").by(entra(source));
    let nested = Fault::new("names of sub-attributes within brackets", "brackets within brackets");
    let mut faults = Vec::new();
    faults.extend(read.after_brackets.then_some(behind));
    faults.extend(read.nested.then_some(nested));
    Look::if_any(read.brackets, faults)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[test]
    fn a_comparison_stands_within_the_brackets() {
        let get = |filter: &str| told(&RULE, &request("GET", &format!("/Users?filter={filter}"), ""));
        assert_eq!(get("emails[type+eq+%22work%22+and+value+eq+%22a%22]"), kept());
        assert_eq!(
            get("emails[type+eq+%22work%22].value+eq+%22a%22"),
            broken("a comparison behind brackets [Entra]")
        );
        assert_eq!(get("a[b[c+pr]]"), broken("brackets within brackets"));
        assert_eq!(get("userName+eq+%22a%22"), None);
    }
}

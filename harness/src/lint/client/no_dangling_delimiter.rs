//! `client/no-dangling-delimiter`.

use super::super::sent::Sent;
use super::{ClientRule, Fault, Look, onelogin};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "no-dangling-delimiter",
    title: "Addresses end where they end",
    what: "The address of every request: it does not end with ? or &.",
    why: "Nothing, with most servers; routers that compare addresses letter for letter do not find it.",
    fix: "Leave ? out where there is no query, and & behind the last parameter.",
    level: Level::May,
    source: "RFC 3986, section 3.4",
    requirements: &[],
    softer: None,
    look,
};

/// RFC 3986, section 3.4: such an address is another one, strictly speaking.
fn look(sent: &Sent<'_>) -> Look {
    let actual = match sent.query {
        Some("") => "a question mark at the end",
        Some(query) if query.ends_with('&') => "an ampersand at the end",
        _ => return Look::Kept,
    };
    Look::of(vec![Fault::new("an address that ends with a value", actual).by(onelogin())])
}

#[cfg(test)]
mod tests {
    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[test]
    fn the_end_is_noted() {
        assert_eq!(told(&RULE, &request("GET", "/Users?count=1", "")), kept());
        assert_eq!(
            told(&RULE, &request("PUT", "/Users/1?", "{}")),
            broken("a question mark at the end [OneLogin]")
        );
        assert_eq!(
            told(&RULE, &request("GET", "/Users?count=1&", "")),
            broken("an ampersand at the end [OneLogin]")
        );
    }
}

//! `client/no-secrets-in-address`.

use super::super::grammar;
use super::super::sent::Sent;
use super::{ClientRule, Fault, Look, shown};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "no-secrets-in-address",
    title: "No secrets in addresses",
    what: "The query of every request: no parameter that is named like a password, token or key, and no filter on password.",
    why: "Addresses are written to logs and shown to proxies.",
    fix: "Send credentials in the Authorization header, and confidential filters with POST /.search.",
    level: Level::Should,
    source: "RFC 7644, section 7.5.2; RFC 6750, section 5.3",
    requirements: &["RFC7644-7.5.2-L1"],
    softer: None,
    look,
};

/// RFC 7644, section 7.5.2.
fn look(sent: &Sent<'_>) -> Look {
    if sent.query.is_none_or(str::is_empty) {
        return Look::Elsewhere;
    }
    let mut faults = Vec::new();
    for (name, _) in &sent.parameters {
        let plain: String = name.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        if SECRETS.iter().any(|secret| plain == *secret) {
            faults.push(Fault::new("credentials in headers", format!("the parameter {}", shown(name))));
        }
    }
    let filter = sent.parameter("filter").map(grammar::filter);
    let asks = |attribute: &grammar::Attribute| attribute.name.eq_ignore_ascii_case("password");
    if filter.is_some_and(|read| read.is_ok_and(|read| read.attributes.iter().any(asks))) {
        faults.push(Fault::new("no filter on password", "a filter on password"));
    }
    Look::of(faults)
}

const SECRETS: [&str; 9] = [
    "password",
    "passwd",
    "token",
    "accesstoken",
    "authtoken",
    "apikey",
    "secret",
    "clientsecret",
    "authorization",
];

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[rstest]
    #[case("/Users?filter=userName+eq+%22a%22", kept())]
    #[case("/Users?access_token=x", broken("the parameter access_token"))]
    #[case("/Users?api-key=x&count=1", broken("the parameter api-key"))]
    #[case("/Users?filter=password+eq+%22x%22", broken("a filter on password"))]
    #[case("/Users?cursor=token", kept())]
    #[case("/Users", None)]
    fn a_secret_stands_elsewhere(#[case] target: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &request("GET", target, "")), said);
    }
}

//! `client/conditions-are-entity-tags`.

use super::super::sent::{Sent, is_template};
use super::{ClientRule, Fault, Look, shown};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "conditions-are-entity-tags",
    title: "Conditions are made of entity tags",
    what: "Every If-Match and If-None-Match: a star, or entity tags in quotes, W/ before the weak ones.",
    why: "A server cannot compare it: it refuses the write, or carries it out whatever has happened in between.",
    fix: "Send back the ETag as it came, quotes and W/ included.",
    level: Level::Must,
    source: "RFC 9110, sections 8.8.3 and 13.1",
    requirements: &["RFC7644-3.14-L7"],
    softer: None,
    look,
};

/// RFC 7644, section 3.14; RFC 9110, section 13.1.1.
fn look(sent: &Sent<'_>) -> Look {
    let (mut faults, mut looked) = (Vec::new(), false);
    for (name, value) in &sent.exchange.request.headers {
        let conditional = ["if-match", "if-none-match"].contains(&name.to_ascii_lowercase().as_str());
        if !conditional || is_template(value) {
            continue;
        }
        looked = true;
        if !is_list(value) {
            let actual = if value.contains('"') { "something else" } else { "a text without quotes" };
            faults.push(Fault::new(format!("{}: W/\"...\"", shown(name)), actual));
        }
    }
    Look::if_any(looked, faults)
}

/// A star, or entity tags with commas between them; a tag may hold a comma itself.
fn is_list(value: &str) -> bool {
    let mut rest = value.trim();
    if rest == "*" {
        return true;
    }
    loop {
        let opaque = rest.strip_prefix("W/").unwrap_or(rest);
        let Some((tag, behind)) = opaque.strip_prefix('"').and_then(|inner| inner.split_once('"')) else {
            return false;
        };
        if tag.chars().any(|c| c.is_ascii_control() || c == ' ') {
            return false;
        }
        match behind.trim_start() {
            "" => return true,
            more => match more.strip_prefix(',') {
                Some(more) => rest = more.trim_start(),
                None => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, request, told, with};
    use super::*;

    #[rstest]
    #[case("*", kept())]
    #[case("W/\"3\"", kept())]
    #[case("\"a,b\", W/\"c\"", kept())]
    #[case("3694e05e9dff594", broken("a text without quotes"))]
    #[case("w/\"3\"", broken("something else"))]
    #[case("\"a\" \"b\"", broken("something else"))]
    #[case("", broken("a text without quotes"))]
    fn a_condition_is_a_star_or_tags(#[case] value: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &with(request("PUT", "/Users/1", "{}"), "If-Match", value)), said);
        assert_eq!(told(&RULE, &request("PUT", "/Users/1", "{}")), None);
    }
}

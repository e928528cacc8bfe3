//! The names in double braces of suites and collections: what an answer gave, what the user gives, else something made
//! up that looks like what the name asks for.

use std::collections::{BTreeMap, BTreeSet};

use scimspec_mock_idp::exchange::{Answer, Destination, Request};
use scimspec_mock_idp::recording::{Capture, Part};
use serde_json::Value;
use url::Url;

use super::part;
use crate::runner::names::Names;
use crate::secrets::Secrets;

/// The values of names.
#[derive(Debug, Clone)]
pub(super) struct Variables {
    values: BTreeMap<String, String>,
    made_up: BTreeSet<String>,
    names: Names,
    base: String,
    secrets: Secrets,
}

impl Variables {
    /// With these given.
    pub(super) fn new(given: BTreeMap<String, String>, names: Names, base: &Url, secrets: Secrets) -> Self {
        for (name, value) in &given {
            if looks_secret(name) {
                secrets.add(value);
            }
        }
        let base = base.as_str().trim_end_matches('/').to_owned();
        Self { values: given, made_up: BTreeSet::new(), names, base, secrets }
    }

    /// What was made up, and for which name.
    pub(super) fn made_up(&self) -> impl Iterator<Item = (&str, &str)> {
        self.made_up.iter().filter_map(|name| Some((name.as_str(), self.values.get(name)?.as_str())))
    }

    /// Keeps what a suite keeps of an answer.
    pub(super) fn capture(&mut self, captures: &[Capture], answer: &Answer, took_ms: u128) {
        for capture in captures {
            let found = match &capture.part {
                Part::Time => Some(Value::from(took_ms.to_string())),
                other => part::of(other, answer),
            };
            if let Some(found) = found {
                let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
                self.values.insert(capture.name.clone(), text);
                self.made_up.remove(&capture.name);
            }
        }
    }

    /// A request with its names filled in.
    pub(super) fn request(&mut self, request: &mut Request) {
        if let Destination::Scim(target) = &request.to
            && has_names(target)
        {
            let filled = self.text(target);
            let encoded = filled.replace(' ', "%20").replace('"', "%22");
            request.to = Destination::Scim(encoded);
        }
        for (_, value) in request.headers.iter_mut().filter(|(_, value)| has_names(value)) {
            *value = self.text(value);
        }
        let body = request.body.as_ref().and_then(|body| std::str::from_utf8(body).ok());
        if let Some(filled) = body.filter(|body| has_names(body)).map(|body| self.text(body)) {
            request.body = Some(filled.into());
        }
    }

    /// A text with its names filled in.
    pub(super) fn text(&mut self, text: &str) -> String {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, name, after)) = next_name(rest) {
            result.push_str(before);
            result.push_str(&self.value(name));
            rest = after;
        }
        result.push_str(rest);
        result
    }

    fn value(&mut self, name: &str) -> String {
        if let Some(value) = self.values.get(name) {
            return value.clone();
        }
        let value = self.make_up(name);
        if looks_secret(name) {
            self.secrets.add(&value);
        }
        self.values.insert(name.to_owned(), value.clone());
        self.made_up.insert(name.to_owned());
        value
    }

    /// Okta's suites have `randomUsername`, `randomUsernameCaps`, `InvalidUserEmail`, `UserIdThatDoesNotExist`.
    fn make_up(&mut self, name: &str) -> String {
        let lower = name.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if let Some(plain) = lower.strip_suffix("caps") {
            let known = self.values.iter().find(|(known, _)| known.to_ascii_lowercase() == plain);
            return known.map_or_else(|| self.names.unique(plain), |(_, value)| value.clone()).to_uppercase();
        }
        if has(&["url"]) {
            self.base.clone()
        } else if has(&["password"]) {
            self.names.person(&lower).password
        } else if has(&["userid", "groupid"]) || lower == "id" {
            format!("{:016x}", self.names.seed(name))
        } else if has(&["email", "username", "login", "mail"]) {
            self.names.unique(&lower)
        } else if has(&["given", "first"]) {
            "Ada".to_owned()
        } else if has(&["family", "last"]) {
            "Example".to_owned()
        } else {
            format!("{lower}{}", self.names.mark())
        }
    }
}

fn has_names(text: &str) -> bool {
    next_name(text).is_some()
}

/// The text before the first `{{name}}`, the name, the text after it.
fn next_name(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name.trim(), after))
}

fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "auth", "secret", "password", "key"].iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::names::RunId;

    fn variables(given: &[(&str, &str)]) -> Variables {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let names = Names::new(&RunId("k3f9x2".to_owned()), 1, "example.com");
        let base = Url::parse("http://127.0.0.1:1/scim/v2").unwrap();
        Variables::new(given, names, &base, Secrets::default())
    }

    #[test]
    fn what_is_given_counts_and_the_rest_is_made_up_once() {
        let mut variables = variables(&[("who", "bob")]);
        assert_eq!(
            variables.text("{{who}} {{ who }} {{randomEmail}}"),
            "bob bob randomemail.k3f9x2.1@example.com"
        );
        assert_eq!(variables.text("{{randomEmail}}"), "randomemail.k3f9x2.1@example.com");
        let made_up: Vec<_> = variables.made_up().map(|(name, _)| name).collect();
        assert_eq!(made_up, ["randomEmail"]);
    }

    #[test]
    fn the_same_name_in_capitals_is_the_same_name() {
        let mut variables = variables(&[]);
        let plain = variables.text("{{randomUsername}}");
        assert_eq!(variables.text("{{randomUsernameCaps}}"), plain.to_uppercase());
    }

    #[test]
    fn a_captured_value_is_filled_in_and_encoded_in_a_target() {
        let mut variables = variables(&[]);
        let answer =
            Answer { status: 200, headers: Vec::new(), body: r#"{"Resources": [{"id": "7 \"x\""}]}"#.into() };
        let part = Part::Json("Resources[0].id".to_owned());
        variables.capture(&[Capture { name: "user".to_owned(), part }], &answer, 1);
        let mut request = Request::scim(http::Method::GET, "/Users/{{user}}");
        variables.request(&mut request);
        assert_eq!(request.to, Destination::Scim("/Users/7%20%22x%22".to_owned()));
    }

    #[test]
    fn braces_that_do_not_close_are_text() {
        assert_eq!(variables(&[]).text("{{a"), "{{a");
    }
}

//! The variables of suites and collections, filled in where the file itself says their values. What looks like a
//! credential by its name is not filled in: `{{token}}` stays.

use std::collections::BTreeMap;

use serde_json::Value;

/// A variable may name others, so deep.
const DEEPEST: usize = 8;

/// A text that variables would make longer than this stays as it is.
const LONGEST: usize = 1 << 20;

/// Names and values.
#[derive(Default)]
pub(super) struct Variables {
    values: BTreeMap<String, String>,
}

impl Variables {
    /// Adds one. Values that are no text, number or boolean are none.
    pub(super) fn add(&mut self, name: &str, value: &Value) {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return,
        };
        if !name.is_empty() && !names_a_secret(name) && !value.is_empty() {
            self.values.insert(name.to_owned(), value);
        }
    }

    /// The text with each `{{name}}` that is known filled in.
    pub(super) fn fill(&self, text: &str) -> String {
        let mut result = text.to_owned();
        if self.values.is_empty() {
            return result;
        }
        for _ in 0..DEEPEST {
            match self.fill_once(&result) {
                Some(next) if next != result => result = next,
                _ => break,
            }
        }
        result
    }

    /// None: it would become too long.
    fn fill_once(&self, text: &str) -> Option<String> {
        let most = LONGEST.max(text.len());
        let mut result = String::new();
        let mut rest = text;
        while let Some(open) = rest.find("{{")
            && let Some(length) = rest[open..].find("}}")
        {
            let close = open + length + 2;
            let name = rest[open + 2..close - 2].trim();
            result.push_str(&rest[..open]);
            result.push_str(self.values.get(name).map_or(&rest[open..close], String::as_str));
            rest = &rest[close..];
            if result.len() > most {
                return None;
            }
        }
        result.push_str(rest);
        (result.len() <= most).then_some(result)
    }
}

fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "auth", "secret", "password", "passwd", "apikey", "api_key", "api-key", "credential", "cookie"]
        .iter()
        .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variables(values: &[(&str, &str)]) -> Variables {
        let mut variables = Variables::default();
        for (name, value) in values {
            variables.add(name, &json!(value));
        }
        variables
    }

    #[test]
    fn variables_may_name_others() {
        let variables = variables(&[("base", "{{host}}/scim"), ("host", "https://app.example")]);
        assert_eq!(
            variables.fill("{{base}}/Users/{{ id }}?a={{host}}"),
            "https://app.example/scim/Users/{{ id }}?a=https://app.example"
        );
    }

    #[test]
    fn credentials_are_not_filled_in() {
        let variables = variables(&[("scimToken", "s3cret"), ("Authorization", "s3cret")]);
        assert_eq!(variables.fill("{{scimToken}}{{Authorization}}"), "{{scimToken}}{{Authorization}}");
    }

    #[test]
    fn variables_that_multiply_each_other_do_not_fill_the_memory() {
        let many: Vec<_> =
            (0..8).map(|n| (format!("v{n}"), format!("{{{{v{}}}}}", n + 1).repeat(1000))).collect();
        let mut variables = Variables::default();
        for (name, value) in &many {
            variables.add(name, &json!(value));
        }
        assert!(variables.fill("{{v0}}").len() <= LONGEST);
    }
}

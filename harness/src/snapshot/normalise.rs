//! A conversation without what differs from run to run: ids, versions and chance become numbered placeholders by
//! first sight, so that equality still shows; times, hosts and secrets are elided. Values are found by where they
//! stand, not by how they look, except for UUIDs that nobody announced.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use scimspec_mock_idp::exchange::{Answer, Destination, Exchange, Origin};
use serde_json::Value;

use crate::report::view::Lens;
use crate::runner::names::Names;
use crate::runner::observed::{Story, StoryReport};

/// The answer headers that a conversation is about.
const HEADERS: [&str; 6] = ["content-type", "location", "etag", "retry-after", "www-authenticate", "allow"];

static UUID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
        .expect("a regular expression of ours")
});

/// Turns exchanges into comparable text.
pub(super) struct Normaliser<'a> {
    lens: &'a Lens,
    /// What is known to differ from run to run, with what stands for it.
    known: Vec<(String, String)>,
    ids: Vec<String>,
    versions: Vec<String>,
    uuids: Vec<String>,
    base: Option<String>,
}

impl<'a> Normaliser<'a> {
    /// Knows a story's made-up names.
    pub(super) fn new(names: &Names, story: &Story, lens: &'a Lens) -> Self {
        let groups = story.scenario.groups.iter().map(String::as_str).chain(["unique"]);
        let groups = groups.map(|name| (names.group(name).external_id, format!("[externalId of {name}]")));
        let people = story.scenario.people.iter().map(String::as_str);
        let mut normaliser = Self::of_names(names, people, lens);
        normaliser.known.extend(groups);
        normaliser
    }

    /// Knows what a namespace makes up for these people, and for nobody in particular.
    pub(super) fn of_names<'n>(
        names: &Names,
        people: impl IntoIterator<Item = &'n str>,
        lens: &'a Lens,
    ) -> Self {
        let mut known = vec![(names.mark(), String::new())];
        for name in people.into_iter().chain(["unique"]) {
            let person = names.person(name);
            known.push((person.external_id, format!("[externalId of {name}]")));
            known.push((person.password, "[secret]".to_owned()));
        }
        let family = names.person("unique").family_name;
        known.push((family, "Example".to_owned()));
        Self { lens, known, ids: Vec::new(), versions: Vec::new(), uuids: Vec::new(), base: None }
    }

    /// The whole conversation: what the provider and the scenario sent, and the answers.
    pub(super) fn transcript(self, report: &StoryReport) -> String {
        self.conversation(&report.exchanges, &report.unordered)
    }

    /// The same of exchanges, without those whose order is chance.
    pub(super) fn conversation(mut self, exchanges: &[Exchange], unordered: &[Range<usize>]) -> String {
        let mut text = String::new();
        for (i, exchange) in exchanges.iter().enumerate() {
            let told = matches!(exchange.origin, Origin::Idp | Origin::Request);
            if told && !unordered.iter().any(|range| range.contains(&i)) {
                if !text.is_empty() {
                    text.push('\n');
                }
                self.exchange(exchange, &mut text);
            }
        }
        text
    }

    fn exchange(&mut self, exchange: &Exchange, text: &mut String) {
        let Destination::Scim(target) = &exchange.request.to else { return };
        self.base = exchange.url.strip_suffix(target.as_str()).map(str::to_owned);
        // Ids are numbered by the answers; an answer may be what names one that its own request used.
        if let Ok(answer) = &exchange.result {
            self.learn(answer);
        }
        let _ = writeln!(text, "{} {}", exchange.request.method, self.string(target));
        if exchange.origin == Origin::Idp {
            for (name, value) in &exchange.request.headers {
                let _ = writeln!(text, "{name}: {}", self.string(value));
            }
        }
        if let Some(body) = &exchange.request.body {
            self.body(body, text);
        }
        text.push('\n');
        match &exchange.result {
            Ok(answer) => {
                let _ = writeln!(text, "{}", answer.status);
                for name in HEADERS {
                    if let Some(value) = answer.header(name) {
                        let value = if name == "etag" { self.version(value) } else { self.string(value) };
                        let _ = writeln!(text, "{name}: {value}");
                    }
                }
                if !answer.body.is_empty() {
                    self.body(&answer.body, text);
                }
            }
            // The system's wording of a broken connection differs from machine to machine.
            Err(_) => text.push_str("(no answer)\n"),
        }
    }

    fn body(&mut self, bytes: &[u8], text: &mut String) {
        if let Ok(mut json) = serde_json::from_slice::<Value>(bytes) {
            self.value("", &mut json);
            let pretty = serde_json::to_string_pretty(&json).unwrap_or_default();
            let _ = writeln!(text, "{pretty}");
        } else {
            let plain = self.string(&String::from_utf8_lossy(bytes));
            let _ = writeln!(text, "{plain}");
        }
    }

    /// Notes the ids that an answer hands out.
    fn learn(&mut self, answer: &Answer) {
        let Some(json) = answer.json() else { return };
        let listed = json.get("Resources").and_then(Value::as_array);
        let resources = listed.map_or_else(|| vec![&json], |list| list.iter().collect());
        for id in resources.into_iter().filter_map(|resource| resource.get("id")?.as_str()) {
            if !self.ids.iter().any(|known| known == id) {
                self.ids.push(id.to_owned());
            }
        }
    }

    fn value(&mut self, key: &str, value: &mut Value) {
        match value {
            Value::String(text) => {
                *text = match key {
                    "created" | "lastModified" => "[time]".to_owned(),
                    "version" => self.version(text),
                    "password" => "[secret]".to_owned(),
                    _ => self.string(text),
                };
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(key, item)),
            Value::Object(members) => {
                for (key, mut member) in std::mem::take(members) {
                    self.value(&key, &mut member);
                    members.insert(self.string(&key), member);
                }
            }
            _ => {}
        }
    }

    fn version(&mut self, text: &str) -> String {
        format!("[version:{}]", number(&mut self.versions, text))
    }

    fn string(&mut self, text: &str) -> String {
        let mut text = self.lens.secrets.scrub(text);
        if let Some(base) = &self.base {
            text = text.replace(base.as_str(), "[base]");
        }
        for (i, id) in self.ids.iter().enumerate() {
            text = replace_whole(&text, id, &format!("[id:{}]", i + 1));
        }
        for (from, to) in &self.known {
            text = text.replace(from.as_str(), to);
        }
        let uuids = &mut self.uuids;
        UUID.replace_all(&text, |found: &Captures<'_>| format!("[uuid:{}]", number(uuids, &found[0])))
            .into_owned()
    }
}

/// Replaces an id where it stands alone: a short one must not tear holes into words.
fn replace_whole(text: &str, id: &str, placeholder: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(id).filter(|_| !id.is_empty()) {
        let before = rest[..at].chars().next_back();
        let after = rest[at + id.len()..].chars().next();
        // In a URL `%22` ends with a digit that belongs to no word.
        let escaped = rest[..at].len() >= 3 && rest.as_bytes().get(at.wrapping_sub(3)) == Some(&b'%');
        let alone = (escaped || !before.is_some_and(char::is_alphanumeric))
            && !after.is_some_and(char::is_alphanumeric);
        result.push_str(&rest[..at]);
        result.push_str(if alone { placeholder } else { id });
        rest = &rest[at + id.len()..];
    }
    result.push_str(rest);
    result
}

fn number(seen: &mut Vec<String>, text: &str) -> usize {
    if let Some(at) = seen.iter().position(|known| known == text) {
        return at + 1;
    }
    seen.push(text.to_owned());
    seen.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_replaced_only_where_it_stands_alone() {
        assert_eq!(replace_whole("/Users/12?x=123", "12", "[id:1]"), "/Users/[id:1]?x=123");
        assert_eq!(replace_whole("members[value eq \"12\"]", "12", "[id:1]"), "members[value eq \"[id:1]\"]");
        assert_eq!(replace_whole("value%20eq%20%2212%22", "12", "[id:1]"), "value%20eq%20%22[id:1]%22");
    }

    #[test]
    fn equal_things_get_equal_numbers() {
        let mut seen = Vec::new();
        assert_eq!(["a", "b", "a"].map(|text| number(&mut seen, text)), [1, 2, 1]);
    }
}

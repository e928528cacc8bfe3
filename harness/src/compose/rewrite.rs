//! Recorded requests with names in them: `${...}` for everything by which the cast is known, made-up values for what else says
//! who somebody is.

use serde_json::{Map, Value};

use super::cast::Cast;
use super::member::Member;
use super::seen::{Kind, member, plain_path};

/// Attributes of people whose values say who they are; the value that stands for all of them.
const PERSONAL: [(&str, &str); 14] = [
    ("phoneNumbers.value", "tel:+1-201-555-0123"),
    ("addresses.streetAddress", "1 Example Street"),
    ("addresses.formatted", "1 Example Street, Example City"),
    ("addresses.locality", "Example City"),
    ("addresses.region", "EX"),
    ("addresses.postalCode", "00000"),
    ("ims.value", "example"),
    ("photos.value", "https://example.com/photo"),
    ("profileUrl", "https://example.com/profile"),
    ("x509Certificates.value", "ZXhhbXBsZQ=="),
    ("name.middleName", "Example"),
    ("name.honorificPrefix", "Dr."),
    ("name.honorificSuffix", "III"),
    ("employeeNumber", "1001"),
];

impl Cast {
    /// What stands for the recorded id of a person or a group. The kind has to be known: a server may count either from 1.
    pub(super) fn id_template(&self, kind: Kind, id: &str) -> Option<String> {
        self.template_of(self.by_id(kind, id)?, id)
    }

    /// What stands for the recorded id of a member, which may be of either kind.
    pub(super) fn member_template(&self, id: &str) -> Option<String> {
        self.template_of(self.referred(id)?, id)
    }

    fn template_of(&self, whom: usize, id: &str) -> Option<String> {
        let one = self.members.get(whom)?;
        let number = one.ids.iter().position(|known| known == id)?;
        Some(format!("${{{}.id}}", one.keep_name(number)))
    }

    /// What stands for an id that is the value of an attribute of a person or a group; none where the attribute holds no id.
    fn reference(&self, kind: Option<Kind>, path: &str, id: &str) -> Option<String> {
        let path = path.to_ascii_lowercase();
        match (path.rsplit('.').next().unwrap_or_default(), kind) {
            ("id", Some(kind)) => self.id_template(kind, id),
            ("groups" | "value", _) if path.starts_with("groups") => self.id_template(Kind::Group, id),
            ("manager" | "managerid", _) => self.id_template(Kind::Person, id),
            ("id" | "value" | "members", _) => self.member_template(id),
            _ => None,
        }
    }

    /// A filter or a path of a PATCH, for people or for groups, with names for what is quoted in it.
    pub(super) fn expression(&self, kind: Option<Kind>, text: &str) -> String {
        let mut result = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('"') {
            let (before, quoted) = rest.split_at(start);
            result.push_str(&literal(before));
            let end = end_of_string(quoted);
            let (quoted, behind) = quoted.split_at(end);
            let value = serde_json::from_str::<String>(quoted).ok();
            let path = compared(before);
            let template =
                value.and_then(|value| self.reference(kind, &path, &value).or_else(|| self.word(&value)));
            match template {
                Some(template) => {
                    result.push('"');
                    result.push_str(&template);
                    result.push('"');
                }
                None if is_mail(quoted.trim_matches('"')) => result.push_str("\"nobody@example.com\""),
                None => result.push_str(&literal(quoted)),
            }
            rest = behind;
        }
        result.push_str(&literal(rest));
        result
    }

    /// A whole body with names in it: the resource of `whom`, or operations on it.
    pub(super) fn body(&self, whom: Option<usize>, json: &Value) -> Value {
        let whom = whom.and_then(|whom| self.members.get(whom));
        if member(json, "Operations").is_some() {
            return self.operations(whom, json);
        }
        self.value(whom, "", json).unwrap_or_else(|| Value::Object(Map::new()))
    }

    /// One attribute's value with names in it.
    pub(super) fn attribute(&self, whom: usize, path: &str, value: &Value) -> Option<Value> {
        self.value(self.members.get(whom), path, value)
    }

    fn operations(&self, whom: Option<&Member>, json: &Value) -> Value {
        let Some(members) = json.as_object() else { return json.clone() };
        let one = |operation: &Value| {
            let Some(parts) = operation.as_object() else { return operation.clone() };
            let path = member(operation, "path").and_then(Value::as_str).unwrap_or_default();
            let part = |(name, value): (&String, &Value)| {
                let value = match (name.to_ascii_lowercase().as_str(), value) {
                    ("path", Value::String(path)) => self.expression(whom.map(|whom| whom.kind), path).into(),
                    ("value", value) => self.value(whom, &plain_path(path), value)?,
                    (_, Value::String(text)) => literal(text).into(),
                    _ => value.clone(),
                };
                Some((name.clone(), value))
            };
            Value::Object(parts.iter().filter_map(part).collect())
        };
        let rewritten = members.iter().map(|(name, value)| {
            let value = match value {
                Value::Array(items) if name.eq_ignore_ascii_case("Operations") => {
                    items.iter().map(one).collect()
                }
                other => other.clone(),
            };
            (name.clone(), value)
        });
        Value::Object(rewritten.collect())
    }

    /// A value at an attribute's path; none where a client need not, or a scenario cannot, send it.
    fn value(&self, whom: Option<&Member>, path: &str, value: &Value) -> Option<Value> {
        match value {
            Value::String(text) => self.text(whom, path, text).map(Value::String),
            Value::Array(items) => {
                Some(items.iter().filter_map(|item| self.value(whom, path, item)).collect())
            }
            Value::Object(members) => {
                let part = |(name, value): (&String, &Value)| {
                    let own = plain_path(name);
                    let path = match (path, own.as_str()) {
                        (path, "") => path.to_owned(),
                        ("", own) => own.to_owned(),
                        (path, own) => format!("{path}.{own}"),
                    };
                    let group = self.group_in(members).filter(|_| path.eq_ignore_ascii_case("members.value"));
                    let value = match path.to_ascii_lowercase().as_str() {
                        _ if group.is_some() => group.map(Value::String)?,
                        // Only Entra's create has a part of it that a client can know.
                        "meta" => {
                            let kind = member(value, "resourceType")?;
                            serde_json::json!({"resourceType": kind})
                        }
                        _ => self.value(whom, &path, value)?,
                    };
                    Some((literal(name), value))
                };
                Some(Value::Object(members.iter().filter_map(part).collect()))
            }
            other => Some(other.clone()),
        }
    }

    /// What stands for a member that says of itself that it is a group.
    fn group_in(&self, parts: &Map<String, Value>) -> Option<String> {
        let part = |name: &str| {
            let part = parts.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            part.and_then(|(_, value)| value.as_str())
        };
        let is_group = part("type").is_some_and(|kind| kind.eq_ignore_ascii_case("Group"))
            || part("$ref").is_some_and(|url| url.contains("/Groups/"));
        part("value").filter(|_| is_group).and_then(|id| self.id_template(Kind::Group, id))
    }

    fn text(&self, whom: Option<&Member>, path: &str, text: &str) -> Option<String> {
        let last = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        if last == "$ref" {
            return None;
        }
        if last == "password" {
            return Some(match whom {
                Some(whom) => format!("${{{}.password}}", whom.name),
                None => "${unique.name}-aZ7!".to_owned(),
            });
        }
        if let Some(known) = whom.and_then(|whom| whom.known(path, text)) {
            return Some(known.template.clone());
        }
        if let Some(template) = self.reference(whom.map(|whom| whom.kind), path, text) {
            return Some(template);
        }
        if let Some(word) = self.word(text) {
            return Some(word);
        }
        // What shows a person beside a reference says who it is, and the id says it already.
        if matches!(
            path.to_ascii_lowercase().as_str(),
            "members.display" | "manager.displayname" | "groups.display"
        ) {
            return None;
        }
        if is_mail(text) {
            return Some("somebody@example.com".to_owned());
        }
        let personal = PERSONAL.iter().find(|(known, _)| known.eq_ignore_ascii_case(path));
        Some(personal.map_or_else(|| literal(text), |(_, made_up)| (*made_up).to_owned()))
    }

    /// What stands for a text by which somebody is known, wherever it occurs.
    fn word(&self, text: &str) -> Option<String> {
        const ANYWHERE: [&str; 5] =
            ["userName", "externalId", "emails.value", "displayName", "name.formatted"];
        let mut spellings = self.members.iter().flat_map(|one| &one.spellings);
        if let Some(spelling) = spellings.find(|known| known.recorded == text) {
            return Some(spelling.template.clone());
        }
        ANYWHERE.iter().find_map(|path| {
            let known = self.members.iter().flat_map(|one| &one.values);
            let mut same = known.filter(|known| known.path == *path);
            same.find(|known| known.recorded.eq_ignore_ascii_case(text)).map(|known| known.template.clone())
        })
    }
}

/// Recorded text that shall stand for itself: `${` means something in a scenario.
pub(super) fn literal(text: &str) -> String {
    text.replace("${", "$ {")
}

/// The attribute that a quoted value is compared with, by what stands before it: `emails.value` of `emails[value eq `.
fn compared(before: &str) -> String {
    let mut words = before.split([' ', '(']).rev().filter(|word| !word.is_empty());
    words.nth(1).map(|attribute| plain_path(&attribute.replace('[', "."))).unwrap_or_default()
}

/// Where the JSON string at the beginning of a text ends.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return i + 1,
            '\\' if !escaped => escaped = true,
            _ => escaped = false,
        }
    }
    text.len()
}

fn is_mail(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else { return false };
    !name.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace)
}

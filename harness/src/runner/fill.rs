//! Completes a body with what the target's schema requires beyond what a scenario writes, so that servers that demand
//! more can be judged (RFC 7643, section 2.2: what is required must be there). What is made up is unique to the run.

use percent_encoding::percent_decode_str;
use scimspec_mock_idp::exchange::{Destination, Request};
use serde_json::{Map, Value, json};

use super::names::Names;
use super::request::{Ready, Unsent};
use super::story::Teller;
use crate::json::template::Lookup;
use crate::scenario::model::{RequestTemplate, Sender};
use crate::target::published::{Attribute, Schema};

impl Teller<'_> {
    /// The request with its names filled in and its body completed.
    pub(super) fn ready(&self, template: &RequestTemplate, lookup: &dyn Lookup) -> Result<Ready, Unsent> {
        let mut filled = template.fill(lookup, &self.setting.base)?;
        let mut made_up = Vec::new();
        if let Some(mut json) = filled.json {
            let known = matches!(template.sender, Sender::Own | Sender::OtherTenant | Sender::Person(_));
            if template.fill
                && known
                && let Some(body) = json.as_object_mut()
            {
                made_up = self.complete(&filled.request, body);
            }
            filled.request = filled.request.body(json.to_string());
        }
        Ok(Ready { request: filled.request, sender: template.sender.clone(), made_up })
    }

    /// Completes the body of a request that makes or replaces a resource, and says with what.
    fn complete(&self, request: &Request, body: &mut Map<String, Value>) -> Vec<String> {
        let Some((endpoint, id)) = place(request) else { return Vec::new() };
        let Some((schema, extensions)) = self.setting.capabilities.published.shape_at(&endpoint) else {
            return Vec::new();
        };
        // What a replacement does not write is meant to stay as it is.
        let now = id.and_then(|id| self.recorder.last_seen(&id)).unwrap_or_default();
        let mut maker = Maker { names: &self.names, count: self.made_up, made: Vec::new() };
        maker.complete(&schema.attributes, body, &now, "");
        for (extension, required) in extensions {
            maker.extend(extension, required, body, &now);
        }
        maker.made
    }
}

/// The endpoint of the resource that a request makes or replaces, and its id if it is replaced.
fn place(request: &Request) -> Option<(String, Option<String>)> {
    let Destination::Scim(target) = &request.to else { return None };
    let path = target.split('?').next()?.trim_matches('/');
    let mut segments = path.split('/');
    let endpoint = format!("/{}", segments.next()?);
    match (request.method.as_str(), segments.next(), segments.next()) {
        ("POST", None, None) => Some((endpoint, None)),
        ("PUT", Some(id), None) => {
            Some((endpoint, Some(percent_decode_str(id).decode_utf8().ok()?.into_owned())))
        }
        _ => None,
    }
}

/// Makes up values.
struct Maker<'a> {
    names: &'a Names,
    count: u32,
    made: Vec<String>,
}

impl Maker<'_> {
    /// Adds what is required and not there; parts of what is there, too.
    fn complete(
        &mut self,
        attributes: &[Attribute],
        body: &mut Map<String, Value>,
        now: &Value,
        place: &str,
    ) {
        for attribute in attributes.iter().filter(|attribute| attribute.writable) {
            let written =
                body.iter().find(|(name, _)| is_named(name, &attribute.name)).map(|(name, _)| name.clone());
            let path = format!("{place}{}", attribute.name);
            match written.and_then(|name| body.get_mut(&name)) {
                Some(Value::Object(parts)) => {
                    self.complete(&attribute.parts, parts, &Value::Null, &format!("{path}."));
                }
                Some(Value::Array(items)) => {
                    for item in items.iter_mut().filter_map(Value::as_object_mut) {
                        self.complete(&attribute.parts, item, &Value::Null, &format!("{path}."));
                    }
                }
                None if attribute.required => {
                    let value = member(now, &attribute.name).cloned().or_else(|| self.value(attribute));
                    if let Some(value) = value {
                        body.insert(attribute.name.clone(), value);
                        self.made.push(path);
                    }
                }
                Some(_) | None => {}
            }
        }
    }

    /// Completes the extension's part of a body; one that is required is added.
    fn extend(&mut self, schema: &Schema, required: bool, body: &mut Map<String, Value>, now: &Value) {
        let place = format!("{}:", schema.id);
        let written = body.keys().find(|name| name.eq_ignore_ascii_case(&schema.id)).cloned();
        if let Some(part) = written.and_then(|name| body.get_mut(&name)) {
            if let Some(part) = part.as_object_mut() {
                self.complete(&schema.attributes, part, &Value::Null, &place);
            }
            return;
        }
        if !required {
            return;
        }
        let mut part = Map::new();
        self.complete(&schema.attributes, &mut part, member(now, &schema.id).unwrap_or(&Value::Null), &place);
        if part.is_empty() {
            // It must be there, whatever is in it.
            let simple = |attribute: &&Attribute| attribute.writable && attribute.kind != "complex";
            let Some(first) = schema.attributes.iter().find(simple) else { return };
            let Some(value) = self.value(first) else { return };
            part.insert(first.name.clone(), value);
            self.made.push(format!("{place}{}", first.name));
        }
        body.insert(schema.id.clone(), Value::Object(part));
        let is_it = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(&schema.id));
        if let Some(schemas) = body.get_mut("schemas").and_then(Value::as_array_mut)
            && !schemas.iter().any(is_it)
        {
            schemas.push(schema.id.as_str().into());
        }
    }

    /// A value of the attribute's type; none where only the server's own resources would do.
    fn value(&mut self, attribute: &Attribute) -> Option<Value> {
        let one = match attribute.kind.as_str() {
            "complex" => {
                let mut parts = Map::new();
                let writable = || attribute.parts.iter().filter(|part| part.writable);
                let named = |name: &'static str| writable().find(move |part| is_named(&part.name, name));
                let mut wanted: Vec<&Attribute> = writable().filter(|part| part.required).collect();
                if attribute.multi_valued {
                    wanted.extend(
                        ["value", "type"].into_iter().filter_map(named).filter(|part| !part.required),
                    );
                } else if wanted.is_empty() {
                    wanted.extend(writable().filter(|part| part.kind == "string"));
                }
                // Members and managers are other resources, and those cannot be made up.
                if attribute.parts.iter().any(|part| part.name == "$ref" && part.kind == "reference")
                    && named("value").is_some()
                {
                    return None;
                }
                for part in wanted {
                    let value = self.value_in(part, &attribute.name)?;
                    parts.insert(part.name.clone(), value);
                }
                Value::Object(parts)
            }
            _ => self.value_in(attribute, "")?,
        };
        Some(if attribute.multi_valued { Value::Array(vec![one]) } else { one })
    }

    /// A simple value; `of` is the attribute that it is a part of.
    fn value_in(&mut self, attribute: &Attribute, of: &str) -> Option<Value> {
        self.count += 1;
        let name = &attribute.name;
        let unique = format!("{}{}", name.to_ascii_lowercase(), self.count);
        let mail = self.names.unique(&unique);
        Some(match attribute.kind.as_str() {
            "boolean" => true.into(),
            "integer" => self.count.into(),
            "decimal" => json!(f64::from(self.count) + 0.5),
            "dateTime" => "2024-01-01T00:00:00Z".into(),
            "binary" => "ZXhhbXBsZQ==".into(),
            "reference" => format!("https://example.com/{unique}{}", self.names.mark()).into(),
            "complex" => return None,
            _ => match attribute.canonical_values.first() {
                Some(first) => first.as_str().into(),
                None => text(name, of, &mail, &format!("{name}{}{}", self.count, self.names.mark())).into(),
            },
        })
    }
}

/// A text that says what kind it is by the attribute's name.
fn text(name: &str, of: &str, mail: &str, unique: &str) -> String {
    let name = name.to_ascii_lowercase();
    match (of.to_ascii_lowercase().as_str(), name.as_str()) {
        ("emails", "value") | (_, "username" | "email") => mail.to_owned(),
        ("phonenumbers", "value") => "tel:+1-201-555-0123".to_owned(),
        ("photos", "value") | (_, "profileurl") => format!("https://example.com/{unique}"),
        (_, "country") => "US".to_owned(),
        (_, "locale" | "preferredlanguage") => "en-US".to_owned(),
        (_, "timezone") => "Europe/Berlin".to_owned(),
        (_, "type") => "work".to_owned(),
        // Long and mixed enough for any policy.
        (_, "password") => format!("{unique}-aZ7!"),
        _ => unique.to_owned(),
    }
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Names have no case, and may be written with their schema's URN (RFC 7644, section 3.10).
fn is_named(written: &str, name: &str) -> bool {
    let last = if written.to_ascii_lowercase().starts_with("urn:") {
        written.rsplit(':').next().unwrap_or(written)
    } else {
        written
    };
    last.eq_ignore_ascii_case(name)
}

//! Bodies in the new server's ids: resources, PATCH and bulk requests, lists. An id is replaced where an id belongs;
//! a text that can hardly be anything else wherever it stands.

use percent_encoding::utf8_percent_encode;
use serde_json::{Map, Value};

use super::literals::URL_VALUE;
use super::pairing::{resource_of_url, text};
use super::{Named, Position, Rebinding, Where, endpoint_of, member, position, replace_literals};

/// What the strings at a place are.
#[derive(Debug, Clone, Copy)]
enum Context<'a> {
    /// Members of a resource of this endpoint.
    Resource(&'a str),
    /// The value of an attribute that refers to resources; of this endpoint, if it says.
    Reference(Option<&'a str>),
    /// Anything else.
    Other,
}

impl Rebinding {
    /// Rewrites the body of a request (or answer) of this endpoint.
    pub(super) fn walk_request(&self, endpoint: &str, json: &mut Value, named: &mut Vec<Named>) {
        let operations = member(json, "Operations").is_some_and(Value::is_array);
        let Some(members) = json.as_object_mut() else {
            self.walk(json, Context::Resource(endpoint), named);
            return;
        };
        for (key, value) in members {
            match value {
                Value::Array(items) if operations && key.eq_ignore_ascii_case("operations") => {
                    for operation in items {
                        self.operation(endpoint, operation, named);
                    }
                }
                Value::Array(items) if key.eq_ignore_ascii_case("resources") => {
                    for item in items {
                        self.walk(item, Context::Resource(endpoint), named);
                    }
                }
                // The query of a POST to `.search`.
                Value::String(filter) if key.eq_ignore_ascii_case("filter") => {
                    *filter = replace_literals(filter, &mut |found| self.literal(found, endpoint, named));
                }
                _ => self.keyed(key, value, Context::Resource(endpoint), named),
            }
        }
    }

    /// An operation of a PATCH (RFC 7644, section 3.5.2) or of a bulk request (section 3.7).
    fn operation(&self, endpoint: &str, operation: &mut Value, named: &mut Vec<Named>) {
        let path = text(operation, "path").map(str::to_owned);
        let method = text(operation, "method").map(str::to_ascii_uppercase);
        let Some(members) = operation.as_object_mut() else { return };
        for (key, value) in members {
            let key = key.to_ascii_lowercase();
            match (key.as_str(), &mut *value, &path) {
                ("path", Value::String(path), _) if method.is_some() => {
                    let writes = !matches!(method.as_deref(), Some("GET" | "POST"));
                    let place = if writes { Where::BulkPath } else { Where::Path };
                    *path = self.target(&path.clone(), place, named);
                }
                ("path", Value::String(path), _) => {
                    *path = replace_literals(path, &mut |found| self.literal(found, endpoint, named));
                }
                ("data", data, Some(path)) if method.is_some() => {
                    self.walk_request(&endpoint_of(path).unwrap_or_default(), data, named);
                }
                ("value", value, Some(path)) => {
                    let attribute = path.split_once('[').map_or(path.as_str(), |(attribute, _)| attribute);
                    self.keyed(attribute, value, Context::Resource(endpoint), named);
                }
                ("value", value, None) => self.walk(value, Context::Resource(endpoint), named),
                ("location", value, _) => self.keyed("location", value, Context::Other, named),
                ("response", value, _) => self.walk(value, Context::Other, named),
                _ => {}
            }
        }
    }

    fn walk(&self, value: &mut Value, context: Context<'_>, named: &mut Vec<Named>) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item, context, named)),
            Value::Object(members) => self.object(members, context, named),
            Value::String(text) => {
                let new = match context {
                    Context::Reference(endpoint) => self.id_at(endpoint, text, Where::Body, named),
                    _ => self.distinctive(text),
                };
                if let Some(new) = new {
                    *text = new;
                }
            }
            _ => {}
        }
    }

    fn object(&self, members: &mut Map<String, Value>, context: Context<'_>, named: &mut Vec<Named>) {
        // A reference may say itself of what kind it is (RFC 7643, section 4.2: `type` and `$ref` of members).
        let said = match context {
            Context::Reference(None) => said_kind(members),
            _ => None,
        };
        let context = match (&said, context) {
            (Some(endpoint), Context::Reference(_)) => Context::Reference(Some(endpoint)),
            _ => context,
        };
        for (key, value) in members {
            self.keyed(key, value, context, named);
        }
    }

    /// The value at a key: an attribute's name, plain or as a path (`URN:manager.value`).
    fn keyed(&self, key: &str, value: &mut Value, context: Context<'_>, named: &mut Vec<Named>) {
        let lower = key.to_ascii_lowercase();
        match (lower.as_str(), context) {
            ("$ref" | "location", _) => {
                if let Value::String(url) = value
                    && let Some(new) = self.url(url)
                {
                    *url = new;
                }
            }
            ("value", Context::Reference(_)) => self.walk(value, context, named),
            // `display`, `type`, `primary` of a reference.
            (_, Context::Reference(_)) => self.walk(value, Context::Other, named),
            ("schemas" | "meta", _) => {
                if let Some(meta) = value.as_object_mut() {
                    self.object(meta, Context::Other, named);
                }
            }
            (_, Context::Resource(endpoint)) => match position(key, endpoint) {
                Position::Id(endpoint) => {
                    self.walk(value, Context::Reference(endpoint.as_deref()), named);
                }
                // An extension's attributes stand below its URN (RFC 7643, section 3.3).
                _ if lower.starts_with("urn:") && value.is_object() => self.walk(value, context, named),
                _ => self.walk(value, Context::Other, named),
            },
            _ => self.walk(value, Context::Other, named),
        }
    }

    /// A URL of a resource, at the new server.
    fn url(&self, url: &str) -> Option<String> {
        let resource = resource_of_url(url);
        let new = resource.as_ref().and_then(|resource| self.of(resource));
        let mut moved = url.to_owned();
        if let Some(new) = new {
            let end = url.find(['?', '#']).unwrap_or(url.len());
            let end = url[..end].trim_end_matches('/').len();
            let start = url[..end].rfind('/').map_or(0, |at| at + 1);
            moved.replace_range(start..end, &utf8_percent_encode(new, URL_VALUE).to_string());
        }
        if let Some(rest) = self.from.as_ref().and_then(|from| moved.strip_prefix(from.as_str()))
            && (rest.is_empty() || rest.starts_with(['/', '?']))
        {
            moved = format!("{}{rest}", self.to);
        }
        (moved != url).then_some(moved)
    }
}

fn said_kind(members: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| {
        members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str())
    };
    let by_url = text("$ref").and_then(resource_of_url).map(|resource| resource.endpoint);
    by_url.or_else(|| match text("type") {
        Some(kind) if kind.eq_ignore_ascii_case("group") => Some("/Groups".to_owned()),
        Some(kind) if kind.eq_ignore_ascii_case("user") => Some("/Users".to_owned()),
        _ => None,
    })
}

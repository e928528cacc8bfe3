//! Walks a resource attribute by attribute, each with what is published of it. Says nothing about what is right.

use serde_json::Value;

use super::known::{Attribute, Known, find};

/// One attribute, or one value of a multi-valued one.
#[derive(Debug)]
pub(super) struct Visit<'v, 'k> {
    /// Its path: `emails.type`, `URN:department`.
    pub path: String,
    /// Its name as it stands in the body.
    pub name: &'v str,
    /// Its value.
    pub value: &'v Value,
    /// What is published of it; none: nothing.
    pub published: Option<&'k Attribute>,
}

/// Shows every attribute of a resource of that endpoint, sub-attributes after what holds them. `schemas` and `meta` are
/// left out; nothing is shown if its base schema is not published.
pub(super) fn walk<'v, 'k>(
    resource: &'v Value,
    endpoint: &str,
    known: &'k Known,
    visit: &mut impl FnMut(&Visit<'v, 'k>),
) {
    let (Some(base), Some(schemas)) = (known.attributes(endpoint), &known.schemas) else { return };
    for (name, value) in resource.as_object().into_iter().flatten() {
        let lower = name.to_ascii_lowercase();
        if matches!(lower.as_str(), "schemas" | "meta") {
            continue;
        }
        if let (Some(extension), Value::Object(members)) = (schemas.of(name), value) {
            for (part, value) in members {
                attribute(&format!("{name}:{part}"), part, value, find(extension, part), visit);
            }
            continue;
        }
        let published = find(base, name);
        // The common attributes are defined for every resource, whether a schema lists them or not (RFC 7643, section 3.1).
        if published.is_none() && matches!(lower.as_str(), "id" | "externalid") {
            continue;
        }
        attribute(name, name, value, published, visit);
    }
}

/// The values of an attribute, one or several.
pub(super) fn values(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

fn attribute<'v, 'k>(
    path: &str,
    name: &'v str,
    value: &'v Value,
    published: Option<&'k Attribute>,
    visit: &mut impl FnMut(&Visit<'v, 'k>),
) {
    visit(&Visit { path: path.to_owned(), name, value, published });
    let Some(published) =
        published.filter(|attribute| attribute.kind == "complex" && !attribute.parts.is_empty())
    else {
        return;
    };
    for (part, value) in values(value).iter().filter_map(Value::as_object).flatten() {
        attribute(&format!("{path}.{part}"), part, value, find(&published.parts, part), visit);
    }
}

//! Walks a resource attribute by attribute, each with what is published of it. Says nothing about what is right.

use std::fmt;

use serde_json::Value;

use super::known::{Attribute, Known, find};

/// One attribute, or one value of a multi-valued one.
#[derive(Debug)]
pub(super) struct Visit<'v, 'k> {
    /// Its path: `emails.type`, `URN:department`.
    pub path: Path<'v>,
    /// Its name as it stands in the body.
    pub name: &'v str,
    /// Its value.
    pub value: &'v Value,
    /// What is published of it; none: nothing.
    pub published: Option<&'k Attribute>,
}

/// A path that becomes text only where it is told: most attributes are as they should be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'v> {
    urn: Option<&'v str>,
    names: [Option<&'v str>; DEPTH],
}

/// An attribute and one in it (RFC 7643, section 2.3.8: complex attributes do not nest), and room for a server that does
/// not keep that.
const DEPTH: usize = 4;

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
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("schemas") || is("meta") {
            continue;
        }
        if let Value::Object(members) = value
            && let Some(extension) = schemas.of(name)
        {
            for (part, value) in members {
                attribute(Path::new(Some(name), part), part, value, find(extension, part), visit);
            }
            continue;
        }
        let published = find(base, name);
        // The common attributes are defined for every resource, whether a schema lists them or not (RFC 7643, section 3.1).
        if published.is_none() && (is("id") || is("externalId")) {
            continue;
        }
        attribute(Path::new(None, name), name, value, published, visit);
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
    path: Path<'v>,
    name: &'v str,
    value: &'v Value,
    published: Option<&'k Attribute>,
    visit: &mut impl FnMut(&Visit<'v, 'k>),
) {
    visit(&Visit { path, name, value, published });
    let Some(published) =
        published.filter(|attribute| attribute.kind == "complex" && !attribute.parts.is_empty())
    else {
        return;
    };
    for (part, value) in values(value).iter().filter_map(Value::as_object).flatten() {
        if let Some(path) = path.below(part) {
            attribute(path, part, value, find(&published.parts, part), visit);
        }
    }
}

impl<'v> Path<'v> {
    fn new(urn: Option<&'v str>, name: &'v str) -> Self {
        Self { urn, names: [Some(name), None, None, None] }
    }

    fn below(mut self, name: &'v str) -> Option<Self> {
        *self.names.iter_mut().find(|place| place.is_none())? = Some(name);
        Some(self)
    }

    /// Whether it is this attribute of the base schema.
    pub(super) fn is(&self, attribute: &str) -> bool {
        matches!((self.urn, self.names), (None, [Some(name), None, ..]) if name.eq_ignore_ascii_case(attribute))
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = self.urn {
            write!(f, "{urn}:")?;
        }
        for (i, name) in self.names.iter().flatten().enumerate() {
            write!(f, "{}{name}", if i > 0 { "." } else { "" })?;
        }
        Ok(())
    }
}

//! Which attributes an answer has: the characteristic `returned` (RFC 7643 section 7) and the parameters
//! `attributes` and `excludedAttributes` (RFC 7644 sections 3.4.2.5 and 3.9).

use serde_json::Value;

use super::{
    Map,
    error::Error,
    path::AttrPath,
    schema::{Attribute, ResourceType, Returned, Schema, Target},
};

/// What the client wants of each resource. Names that no schema defines are ignored (RFC7644-3.9-L12).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    choice: Choice,
    sent: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Choice {
    #[default]
    Default,
    Only(Vec<AttrPath>),
    Except(Vec<AttrPath>),
}

impl Projection {
    /// Reads the two query parameters, lists of paths with commas between them. Fails with `invalidValue` if
    /// both are there: RFC 7644 section 3.9 lets them exclude each other (C39).
    pub fn from_query(attributes: Option<&str>, excluded: Option<&str>) -> Result<Self, Error> {
        let names = |list: Option<&str>| -> Vec<String> {
            list.unwrap_or_default().split(',').map(|name| name.trim().to_owned()).collect()
        };
        Self::new(&names(attributes), &names(excluded))
    }

    /// The same from the two arrays of a SearchRequest.
    pub fn new(attributes: &[String], excluded: &[String]) -> Result<Self, Error> {
        let given = |names: &[String]| names.iter().any(|name| !name.is_empty());
        let paths = |names: &[String]| names.iter().filter_map(|name| AttrPath::parse(name).ok()).collect();
        let choice = match (given(attributes), given(excluded)) {
            (true, true) => {
                return Err(Error::invalid_value(
                    "attributes and excludedAttributes exclude each other; send one of them",
                ));
            }
            (true, false) => Choice::Only(paths(attributes)),
            (false, true) => Choice::Except(paths(excluded)),
            (false, false) => Choice::Default,
        };
        Ok(Self { choice, sent: Vec::new() })
    }

    /// The projection for the answer to a write: attributes that are returned on request come back if the
    /// client sent them (RFC7643-7-L21).
    #[must_use]
    pub fn for_write(mut self, resource_type: &ResourceType, body: &Map) -> Self {
        let mut note = |extension: Option<&Schema>, name: &str, attribute: Option<&Attribute>| {
            if attribute.is_some_and(|attribute| attribute.returned == Returned::Request) {
                let urn = extension.map(|schema| format!("{}:", schema.id)).unwrap_or_default();
                self.sent.push(format!("{urn}{name}"));
            }
        };
        for (name, value) in body {
            match (resource_type.extension(name), value) {
                (Some(extension), Value::Object(object)) => {
                    object.keys().for_each(|name| note(Some(extension), name, extension.attribute(name)));
                }
                _ => note(None, name, resource_type.attribute(name)),
            }
        }
        self
    }

    /// Whether the client named attributes, so that a PATCH is answered with 200 and a body (RFC 7644
    /// section 3.5.2).
    pub fn names_attributes(&self) -> bool {
        matches!(self.choice, Choice::Only(_))
    }

    /// Whether an answer can have that attribute of the base schema. What is costly to fetch (`members`,
    /// `groups`) need not be fetched if not.
    pub fn wants(&self, resource_type: &ResourceType, attribute: &str) -> bool {
        let Some(attribute) = resource_type.attribute(attribute) else { return false };
        self.verdict(resource_type, None, attribute) != Verdict::Drop || has_always(attribute)
    }

    /// Takes out of a resource in canonical form what the answer must not have.
    pub fn apply(&self, resource_type: &ResourceType, resource: &mut Map) {
        let mut kept = Map::new();
        for (name, value) in std::mem::take(resource) {
            let value = match resource_type.extension(&name) {
                Some(extension) => self.extension(resource_type, extension, value),
                None => resource_type
                    .attribute(&name)
                    .and_then(|attribute| self.attribute(resource_type, None, attribute, value)),
            };
            if let Some(value) = value {
                kept.insert(name, value);
            }
        }
        *resource = kept;
    }

    fn extension(&self, resource_type: &ResourceType, extension: &Schema, value: Value) -> Option<Value> {
        let Value::Object(object) = value else { return None };
        let mut kept = Map::new();
        for (name, value) in object {
            let value = extension
                .attribute(&name)
                .and_then(|attribute| self.attribute(resource_type, Some(extension), attribute, value));
            if let Some(value) = value {
                kept.insert(name, value);
            }
        }
        (!kept.is_empty()).then_some(Value::Object(kept))
    }

    fn attribute(
        &self,
        resource_type: &ResourceType,
        extension: Option<&Schema>,
        attribute: &Attribute,
        value: Value,
    ) -> Option<Value> {
        if attribute.returned == Returned::Never {
            return None;
        }
        let verdict = self.verdict(resource_type, extension, attribute);
        if verdict == Verdict::Drop && !has_always(attribute) {
            return None;
        }
        let keeps = |sub: &Attribute| match (&verdict, sub.returned) {
            (_, Returned::Always) => true,
            (_, Returned::Never) | (Verdict::Drop, _) => false,
            (Verdict::Keep, returned) => returned == Returned::Default,
            (Verdict::Only(subs), _) => subs.iter().any(|name| name.eq_ignore_ascii_case(&sub.name)),
            (Verdict::Except(subs), returned) => {
                returned == Returned::Default && !subs.iter().any(|name| name.eq_ignore_ascii_case(&sub.name))
            }
        };
        let trim = |value: Value| match value {
            Value::Object(object) => {
                let kept: Map = object
                    .into_iter()
                    .filter(|(name, _)| attribute.sub_attribute(name).is_some_and(&keeps))
                    .collect();
                (!kept.is_empty()).then_some(Value::Object(kept))
            }
            simple => Some(simple),
        };
        match value {
            Value::Array(values) => {
                let had_values = !values.is_empty();
                let values: Vec<Value> = values.into_iter().filter_map(trim).collect();
                (!values.is_empty() || !had_values).then_some(Value::Array(values))
            }
            value => trim(value),
        }
    }

    /// What the client's choice means for an attribute.
    fn verdict(
        &self,
        resource_type: &ResourceType,
        extension: Option<&Schema>,
        attribute: &Attribute,
    ) -> Verdict {
        let named = |paths: &[AttrPath]| -> Named {
            let mut subs = Vec::new();
            for path in paths {
                match resource_type.locate(path) {
                    Some(Target::Extension(schema)) if same(Some(schema), extension) => return Named::Whole,
                    Some(Target::Attribute(located))
                        if same(located.extension, extension) && located.attribute.name == attribute.name =>
                    {
                        match located.sub {
                            None => return Named::Whole,
                            Some(sub) => subs.push(sub.name.clone()),
                        }
                    }
                    _ => {}
                }
            }
            if subs.is_empty() { Named::No } else { Named::Parts(subs) }
        };
        if attribute.returned == Returned::Always {
            return Verdict::Keep;
        }
        let urn = extension.map(|schema| format!("{}:", schema.id)).unwrap_or_default();
        let path = format!("{urn}{}", attribute.name);
        let by_default = match attribute.returned {
            Returned::Request if !self.sent.iter().any(|sent| sent.eq_ignore_ascii_case(&path)) => {
                Verdict::Drop
            }
            Returned::Never => Verdict::Drop,
            _ => Verdict::Keep,
        };
        match &self.choice {
            Choice::Default => by_default,
            Choice::Only(paths) => match named(paths) {
                Named::Whole => Verdict::Keep,
                Named::Parts(subs) => Verdict::Only(subs),
                Named::No => Verdict::Drop,
            },
            Choice::Except(paths) => match named(paths) {
                Named::Whole => Verdict::Drop,
                Named::Parts(subs) if by_default == Verdict::Keep => Verdict::Except(subs),
                Named::Parts(_) | Named::No => by_default,
            },
        }
    }
}

/// How the client's list speaks of an attribute.
enum Named {
    No,
    Parts(Vec<String>),
    Whole,
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Keep,
    Only(Vec<String>),
    Except(Vec<String>),
    Drop,
}

/// Whether a part of the attribute is returned whatever the client asks for.
fn has_always(attribute: &Attribute) -> bool {
    attribute.sub_attributes.iter().any(|sub| sub.returned == Returned::Always)
}

fn same(left: Option<&Schema>, right: Option<&Schema>) -> bool {
    left.map(|schema| &schema.id) == right.map(|schema| &schema.id)
}

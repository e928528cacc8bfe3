//! The values by which a store finds a resource and those that no two resources may share.

use serde_json::Value;

use crate::scim::{
    Map, compare,
    path::AttrPath,
    schema::{Attribute, Located, ResourceType, Target, Uniqueness},
};

/// A value of a resource in the form in which it is compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The attribute's path, as [`ResourceType::indexed`] and [`crate::scim::Lookup`] write it.
    pub attribute: String,
    /// The value; folded where letter case does not count.
    pub value: String,
}

/// The keys under which a store has to file the document: one per value of each indexed attribute.
pub fn keys(resource_type: &ResourceType, document: &Map) -> Vec<Key> {
    let mut keys = Vec::new();
    for path in resource_type.indexed() {
        let Ok(path) = AttrPath::parse(path) else { continue };
        if let Some(Target::Attribute(located)) = resource_type.locate(&path) {
            collect(&located, document, &mut keys);
        }
    }
    keys
}

/// The keys that no other resource of the type may have (RFC 7643 section 7, uniqueness): `userName`, letter
/// case aside (C22).
pub fn unique_keys(resource_type: &ResourceType, document: &Map) -> Vec<Key> {
    let mut keys = Vec::new();
    unique(resource_type, |located| collect(located, document, &mut keys));
    keys
}

/// The paths of the attributes whose values must be unique and are the client's to write.
pub(crate) fn unique_paths(resource_type: &ResourceType) -> Vec<String> {
    let mut paths = Vec::new();
    unique(resource_type, |located| paths.push(located.path()));
    paths
}

fn unique(resource_type: &ResourceType, mut visit: impl FnMut(&Located<'_>)) {
    let base = resource_type.attributes().map(|attribute| (None, attribute));
    let extensions = resource_type.extensions().iter().flat_map(|extension| {
        extension.schema.attributes.iter().map(|attribute| (Some(&*extension.schema), attribute))
    });
    let is_unique = |attribute: &Attribute| {
        attribute.uniqueness != Uniqueness::None && !attribute.is_read_only() && !attribute.is_secret()
    };
    for (extension, attribute) in base.chain(extensions) {
        if is_unique(attribute) {
            visit(&Located { extension, attribute, sub: None });
        }
        for sub in attribute.sub_attributes.iter().filter(|sub| is_unique(sub)) {
            visit(&Located { extension, attribute, sub: Some(sub) });
        }
    }
}

fn collect(located: &Located<'_>, document: &Map, keys: &mut Vec<Key>) {
    let values = match located.value(document) {
        None => return,
        Some(Value::Array(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
    };
    for value in values {
        let value = match located.sub {
            Some(sub) => value.get(&sub.name),
            None => Some(value),
        };
        let text = match value {
            Some(Value::String(text)) => compare::key(located.leaf(), text).into_owned(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            _ => continue,
        };
        let key = Key { attribute: located.path(), value: text };
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
}

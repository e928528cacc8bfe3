//! Attributes that point to another resource by its id, as an enterprise user's `manager` does: an answer also
//! says where that resource is (`$ref`), which only the answering server knows.

use serde_json::Value;

use crate::{
    scim::{
        Attribute, Map, ResourceType,
        schema::{Schema, Type},
    },
    store::{Kind, ResourceId},
};

/// A complex attribute with an id in `value` and a `$ref` beside it (RFC 7643 section 4.3).
#[derive(Debug)]
pub(crate) struct Pointer {
    extension: Option<String>,
    attribute: String,
    /// The attribute's name as it stands in a text.
    mark: String,
    kind: Kind,
}

impl Pointer {
    /// The pointers of a resource type; only those to one of the types that are served. Members and groups are
    /// none: their rows know what they are.
    pub(crate) fn all(resource_type: &ResourceType, types: &[&str]) -> Vec<Self> {
        let base = resource_type.attributes().map(|attribute| (None, attribute));
        let extensions = resource_type.extensions().iter().flat_map(|extension| {
            extension.schema.attributes.iter().map(|attribute| (Some(&*extension.schema), attribute))
        });
        base.chain(extensions)
            .filter(|(_, attribute)| resource_type.rows() != Some(*attribute) && !attribute.is_read_only())
            .filter_map(|(extension, attribute)| Self::new(extension, attribute, types))
            .collect()
    }

    fn new(extension: Option<&Schema>, attribute: &Attribute, types: &[&str]) -> Option<Self> {
        attribute.value_attribute().filter(|value| value.kind == Type::String)?;
        let reference = attribute.sub_attribute("$ref")?;
        let name = reference.reference_types.iter().find(|name| types.contains(&name.as_str()))?;
        Some(Self {
            extension: extension.map(|extension| extension.id.clone()),
            attribute: attribute.name.clone(),
            mark: format!("\"{}\":", attribute.name),
            kind: Kind::named(name),
        })
    }

    /// Whether a resource with this text can have the attribute.
    pub(crate) fn may_be_in(&self, text: &str) -> bool {
        text.contains(&self.mark)
    }

    /// Writes the URI beside every id that can be one of this server's.
    pub(crate) fn complete(&self, resource: &mut Map, uri: impl Fn(Kind, ResourceId) -> String) {
        self.each(resource, |id, value| {
            value.insert("$ref".to_owned(), uri(self.kind, id).into());
        });
    }

    /// Takes the URIs of such ids away, so that the one that a client got and sends back is not kept.
    pub(crate) fn forget(&self, resource: &mut Map) {
        self.each(resource, |_, value| {
            value.shift_remove("$ref");
        });
    }

    fn each(&self, resource: &mut Map, act: impl Fn(ResourceId, &mut Map)) {
        let holder = match &self.extension {
            None => Some(resource),
            Some(urn) => resource.get_mut(urn).and_then(Value::as_object_mut),
        };
        let Some(value) = holder.and_then(|holder| holder.get_mut(&self.attribute)) else { return };
        let values = match value {
            Value::Array(values) => values.as_mut_slice(),
            value => std::slice::from_mut(value),
        };
        for value in values.iter_mut().filter_map(Value::as_object_mut) {
            let id = value.get("value").and_then(Value::as_str).and_then(ResourceId::parse);
            if let Some(id) = id {
                act(id, value);
            }
        }
    }
}

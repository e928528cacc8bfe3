//! Schemas and resource types of one's own, from a file: what it may say, and what is checked before a server
//! serves it. How registries answer questions is in `registry`.

use serde::Deserialize;

use super::{
    Attribute, Registry, Schema, Type, Uniqueness,
    registry::{Definition, DefinitionError, read},
};
use crate::scim::{path::is_name, rules::Rules};

/// What stands below the base path already, beside resource types.
const RESERVED: [&str; 5] = ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/Me", "/Bulk"];

/// A file of definitions. `schemas` and `resourceTypes` have the form in which servers publish them, so that
/// the answer of another server can be served; `schemaExtensions` hangs schemas on resource types that are there
/// already.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Definitions {
    #[serde(default)]
    schemas: Vec<Schema>,
    #[serde(default)]
    resource_types: Vec<Definition>,
    #[serde(default)]
    schema_extensions: Vec<Extending>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Extending {
    resource_type: String,
    schema: String,
    required: bool,
}

impl Registry {
    /// The registry with the definitions of a file: `{"schemas": [..], "resourceTypes": [..],
    /// "schemaExtensions": [{"resourceType", "schema", "required"}]}`, each part optional. A resource type may
    /// also say `indexed` (paths by which a store finds it quickly) and `defaults`, a schema's attribute
    /// `format`. `name` is what the text is called in messages.
    pub fn extended(&self, name: &str, text: &str) -> Result<Self, DefinitionError> {
        let definitions: Definitions = read(name, text)?;
        let mut registry = self.clone();
        for schema in definitions.schemas {
            check_schema(&schema).map_err(|why| unusable(name, &schema.id, why))?;
            registry.add_schema(schema)?;
        }
        for mut definition in definitions.resource_types {
            registry.check_type(&definition).map_err(|why| unusable(name, &definition.name, why))?;
            if !definition.indexed.iter().any(|path| path == "externalId") {
                // Clients know a resource by the id that they gave it.
                definition.indexed.insert(0, "externalId".to_owned());
            }
            registry.add_type(definition)?;
        }
        for Extending { resource_type, schema, required } in definitions.schema_extensions {
            registry.extend_type(&resource_type, &schema, required)?;
        }
        Ok(registry)
    }

    /// The registry of a server with these rules.
    #[must_use]
    pub fn under(&self, rules: &Rules) -> Self {
        let edit = |schema: &Schema| {
            let mut schema = schema.clone();
            let types = || self.resource_types().iter().filter(|of| of.schema().id == schema.id);
            let named = |list: &[(&str, &str)], attribute: &Attribute| {
                list.iter()
                    .any(|(name, path)| *path == attribute.name && types().any(|of| of.name() == *name))
            };
            let mut attributes = schema.attributes.clone();
            attributes.retain(|attribute| !named(rules.without, attribute));
            for attribute in &mut attributes {
                if named(rules.unique, attribute) {
                    attribute.uniqueness = Uniqueness::Server;
                }
            }
            if rules.interop_conformant && schema.id == super::SERVICE_PROVIDER_CONFIG {
                attributes.push(Attribute::flag(
                    "interopProfileConformant",
                    "Whether the service conforms to the SCIM interoperability profile.",
                ));
            }
            schema.attributes = attributes;
            schema
        };
        self.edited(edit, rules.unknown)
    }

    fn check_type(&self, definition: &Definition) -> Result<(), String> {
        let endpoint = &definition.endpoint;
        let segment = endpoint.strip_prefix('/').unwrap_or_default();
        if !is_name(segment) || segment.contains('$') {
            return Err(format!("its endpoint {endpoint:?} has to be a slash and a name, such as /Agents"));
        }
        let taken = |other: &str| other.eq_ignore_ascii_case(endpoint);
        if RESERVED.into_iter().any(taken) || self.resource_types().iter().any(|of| taken(of.endpoint())) {
            return Err(format!("something else is served at {endpoint} already"));
        }
        if !is_name(&definition.name) {
            return Err("its name has to be a letter, then letters, digits, '-' or '_'".to_owned());
        }
        if definition.rows.is_some() {
            return Err("rows is for the members of the core Group only".to_owned());
        }
        Ok(())
    }
}

/// RFC 7643 sections 2.1, 2.3.8 and 7, and what would make a schema ambiguous.
fn check_schema(schema: &Schema) -> Result<(), String> {
    if schema.id.get(..4).is_none_or(|start| !start.eq_ignore_ascii_case("urn:")) {
        return Err("its id has to be a URN".to_owned());
    }
    // RFC 7644 section 3.1: messages have URNs of their own, and are no schemas of resources.
    if schema.id.to_ascii_lowercase().starts_with("urn:ietf:params:scim:api:") {
        return Err("its id is reserved for messages".to_owned());
    }
    let common = ["id", "externalId", "meta", "schemas"];
    if let Some(name) = common.into_iter().find(|name| schema.attribute(name).is_some()) {
        return Err(format!("it defines {name}, which every resource has (RFC 7643 section 3.1)"));
    }
    check_attributes(&schema.attributes, "")
}

fn check_attributes(attributes: &[Attribute], prefix: &str) -> Result<(), String> {
    for (at, attribute) in attributes.iter().enumerate() {
        let path = format!("{prefix}{}", attribute.name);
        if !is_name(&attribute.name) || (attribute.name.starts_with('$') && attribute.name != "$ref") {
            return Err(format!("{path:?} is no attribute name (RFC 7643 section 2.1)"));
        }
        if attributes[..at].iter().any(|other| other.name.eq_ignore_ascii_case(&attribute.name)) {
            return Err(format!("{path} is defined twice"));
        }
        let complex = attribute.kind == Type::Complex;
        if complex && !prefix.is_empty() {
            return Err(format!("{path} is complex inside a complex attribute (RFC 7643 section 2.3.8)"));
        }
        if complex == attribute.sub_attributes.is_empty() {
            return Err(format!("{path} needs subAttributes if it is complex, and only then"));
        }
        if attribute.kind == Type::Reference && attribute.reference_types.is_empty() {
            return Err(format!("{path} is a reference and needs referenceTypes"));
        }
        check_attributes(&attribute.sub_attributes, &format!("{path}."))?;
    }
    Ok(())
}

fn unusable(file: &str, what: &str, why: String) -> DefinitionError {
    DefinitionError::Unusable { file: file.to_owned(), what: what.to_owned(), why }
}

//! Which schemas and resource types a server has. They are data: the core ones are embedded, others are read
//! from text in the same form.

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json};

use super::{Attribute, RESOURCE_TYPE, Schema, Type};
use crate::scim::{Map, path::AttrPath, resource::unique_paths, rules::Unknown};

/// The schemas and resource types of a server.
#[derive(Clone, Debug, PartialEq)]
pub struct Registry {
    schemas: Vec<Arc<Schema>>,
    resource_types: Vec<Arc<ResourceType>>,
}

/// A type of resource: where it is served, which schemas describe it, and what the server does beyond them
/// (RFC 7643 section 6).
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceType {
    name: String,
    endpoint: String,
    description: String,
    schema: Arc<Schema>,
    extensions: Vec<Extension>,
    common: Arc<[Attribute]>,
    rows: Option<String>,
    indexed: Vec<String>,
    defaults: Map,
    unknown: Unknown,
}

/// A schema that adds attributes to a resource type.
#[derive(Clone, Debug, PartialEq)]
pub struct Extension {
    /// The schema.
    pub schema: Arc<Schema>,
    /// Whether every resource must have it.
    pub required: bool,
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target<'a> {
    /// All of an extension: its URN alone (requirements name this C26; the RFC's grammar has no such path).
    Extension(&'a Schema),
    /// An attribute or sub-attribute.
    Attribute(Located<'a>),
}

/// An attribute and where it stands in a resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Located<'a> {
    /// The extension that has it; none for the base schema and the common attributes.
    pub extension: Option<&'a Schema>,
    /// The attribute.
    pub attribute: &'a Attribute,
    /// The sub-attribute, if the path names one.
    pub sub: Option<&'a Attribute>,
}

/// A schema or resource type definition is wrong.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// The text is not a definition.
    #[error("{what} is not a valid definition: {reason}; compare it with RFC 7643 section 7")]
    Malformed {
        /// Which text.
        what: String,
        /// What is wrong with it, with line and column.
        reason: serde_json::Error,
    },
    /// Two schemas or resource types have one name.
    #[error("{0} is defined twice; remove one of the two")]
    Twice(String),
    /// A resource type names a schema that is not defined.
    #[error("resource type {resource_type} names the schema {schema}, which is not defined")]
    UnknownSchema {
        /// The resource type.
        resource_type: String,
        /// The URN.
        schema: String,
    },
    /// A definition file names a resource type that is not defined.
    #[error("schemaExtensions names the resource type {0}, which is not defined")]
    UnknownType(String),
    /// A definition contradicts the RFC, or what is served already.
    #[error("{file}: {what} cannot be served: {why}")]
    Unusable {
        /// Which file.
        file: String,
        /// Which schema or resource type.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A resource type names an attribute that its schemas do not have.
    #[error("resource type {resource_type} names the attribute {attribute}, which its schemas do not define")]
    UnknownAttribute {
        /// The resource type.
        resource_type: String,
        /// The path.
        attribute: String,
    },
}

impl Registry {
    /// The core: User with its enterprise extension, Group, and the schemas of the discovery resources, as
    /// RFC 7643 section 8.7 has them with its verified errata (5368, 5606, 5607, 7522).
    pub fn core() -> Arc<Self> {
        static CORE: LazyLock<Arc<Registry>> = LazyLock::new(|| {
            let schemas = [
                ("user.json", include_str!("user.json")),
                ("enterprise-user.json", include_str!("enterprise-user.json")),
                ("group.json", include_str!("group.json")),
                ("service-provider-config.json", include_str!("service-provider-config.json")),
                ("resource-type.json", include_str!("resource-type.json")),
                ("schema.json", include_str!("schema.json")),
            ];
            let registry = Registry::parse(&schemas, include_str!("resource-types.json"));
            // The text is part of the binary and a test parses it, so this cannot depend on anyone's input.
            Arc::new(registry.expect("the embedded definitions are valid"))
        });
        Arc::clone(&CORE)
    }

    /// Reads schemas (name for messages, text) and the resource types made of them.
    pub fn parse(schemas: &[(&str, &str)], resource_types: &str) -> Result<Self, DefinitionError> {
        let mut registry = Self { schemas: Vec::new(), resource_types: Vec::new() };
        for (what, text) in schemas {
            registry.add_schema(read(what, text)?)?;
        }
        for definition in read::<Vec<Definition>>("the resource types", resource_types)? {
            registry.add_type(definition)?;
        }
        Ok(registry)
    }

    /// All schemas, those of the discovery resources included (every URN in a `schemas` has its Schema).
    pub fn schemas(&self) -> &[Arc<Schema>] {
        &self.schemas
    }

    /// The schema with that URN, letter case aside (RFC 7644 section 3.10).
    pub fn schema(&self, urn: &str) -> Option<&Arc<Schema>> {
        self.schemas.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// The resource types that the server serves.
    pub fn resource_types(&self) -> &[Arc<ResourceType>] {
        &self.resource_types
    }

    /// The resource type with that name (`User`).
    pub fn resource_type(&self, name: &str) -> Option<&Arc<ResourceType>> {
        self.resource_types.iter().find(|resource_type| resource_type.name == name)
    }

    /// The resource type at that endpoint (`/Users`).
    pub fn at_endpoint(&self, endpoint: &str) -> Option<&Arc<ResourceType>> {
        self.resource_types.iter().find(|resource_type| resource_type.endpoint == endpoint)
    }

    pub(super) fn add_schema(&mut self, schema: Schema) -> Result<(), DefinitionError> {
        if self.schema(&schema.id).is_some() {
            return Err(DefinitionError::Twice(schema.id));
        }
        self.schemas.push(Arc::new(schema));
        Ok(())
    }

    pub(super) fn add_type(&mut self, definition: Definition) -> Result<(), DefinitionError> {
        if self.resource_type(&definition.name).is_some() {
            return Err(DefinitionError::Twice(definition.name));
        }
        let resource_type = self.assemble(definition)?;
        self.resource_types.push(Arc::new(resource_type));
        Ok(())
    }

    /// Hangs a schema on a resource type that is there already.
    pub(super) fn extend_type(
        &mut self,
        name: &str,
        urn: &str,
        required: bool,
    ) -> Result<(), DefinitionError> {
        let schema = self.schema(urn).cloned().ok_or_else(|| DefinitionError::UnknownSchema {
            resource_type: name.to_owned(),
            schema: urn.to_owned(),
        })?;
        let place = self.resource_types.iter_mut().find(|resource_type| resource_type.name == name);
        let place = place.ok_or_else(|| DefinitionError::UnknownType(name.to_owned()))?;
        if place.schema.id == schema.id || place.extension(urn).is_some() {
            return Err(DefinitionError::Twice(format!("{urn} of {name}")));
        }
        let mut resource_type = ResourceType::clone(place);
        resource_type.extensions.push(Extension { schema, required });
        resource_type.index_unique();
        *place = Arc::new(resource_type);
        Ok(())
    }

    /// The registry with every schema edited; `unknown` says what becomes of what none defines.
    pub(super) fn edited(&self, edit: impl Fn(&Schema) -> Schema, unknown: Unknown) -> Self {
        let close = |attributes: &mut [Attribute]| {
            for attribute in attributes {
                attribute.take_unknown(unknown);
            }
        };
        let schemas: Vec<Arc<Schema>> = self
            .schemas
            .iter()
            .map(|schema| {
                let mut schema = edit(schema);
                close(&mut schema.attributes);
                Arc::new(schema)
            })
            .collect();
        let now = |before: &Arc<Schema>| {
            let found = schemas.iter().find(|schema| schema.id == before.id);
            Arc::clone(found.unwrap_or(before))
        };
        let resource_types = self.resource_types.iter().map(|before| {
            let mut resource_type = ResourceType::clone(before);
            resource_type.schema = now(&before.schema);
            for extension in &mut resource_type.extensions {
                extension.schema = now(&extension.schema);
            }
            let mut common = before.common.to_vec();
            close(&mut common);
            resource_type.common = common.into();
            resource_type.unknown = unknown;
            resource_type.index_unique();
            Arc::new(resource_type)
        });
        let resource_types = resource_types.collect();
        Self { schemas, resource_types }
    }

    fn assemble(&self, definition: Definition) -> Result<ResourceType, DefinitionError> {
        let common = read::<Vec<Attribute>>("common.json", include_str!("common.json"))?.into();
        let find = |urn: &str| {
            self.schema(urn).cloned().ok_or_else(|| DefinitionError::UnknownSchema {
                resource_type: definition.name.clone(),
                schema: urn.to_owned(),
            })
        };
        let mut extensions = Vec::new();
        for extension in &definition.schema_extensions {
            extensions.push(Extension { schema: find(&extension.schema)?, required: extension.required });
        }
        let schema = find(&definition.schema)?;
        let mut resource_type = ResourceType {
            name: definition.name,
            endpoint: definition.endpoint,
            description: definition.description,
            schema,
            extensions,
            common,
            rows: definition.rows,
            indexed: definition.indexed,
            defaults: definition.defaults,
            unknown: Unknown::Dropped,
        };
        let named = resource_type.indexed.iter().chain(&resource_type.rows);
        for name in named.chain(resource_type.defaults.keys()) {
            let known = AttrPath::parse(name).ok().and_then(|path| resource_type.locate(&path)).is_some();
            if !known {
                return Err(DefinitionError::UnknownAttribute {
                    resource_type: resource_type.name.clone(),
                    attribute: name.clone(),
                });
            }
        }
        resource_type.index_unique();
        Ok(resource_type)
    }
}

impl ResourceType {
    /// The name, as `meta.resourceType` has it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The endpoint below the base URL, with its slash: `/Users`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The base schema.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The extensions.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// The extension with that URN, letter case aside.
    pub fn extension(&self, urn: &str) -> Option<&Schema> {
        self.extensions.iter().map(|e| &*e.schema).find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// The multi-valued attribute whose values the store keeps as rows beside the document: `members` of a
    /// Group, which may have a hundred thousand.
    pub fn rows(&self) -> Option<&Attribute> {
        self.rows.as_deref().and_then(|name| self.schema.attribute(name))
    }

    /// The paths by which a store finds resources quickly, beside `id`. Whatever must be unique is among them.
    pub fn indexed(&self) -> &[String] {
        &self.indexed
    }

    /// What becomes of what no schema of the type defines, by the server's rules (C15).
    pub fn unknown(&self) -> Unknown {
        self.unknown
    }

    /// Whether a request that names what no schema defines is refused, by the server's rules (C15).
    pub fn is_closed(&self) -> bool {
        self.unknown == Unknown::Refused
    }

    /// A store can keep unique only what it indexes.
    fn index_unique(&mut self) {
        for path in unique_paths(self) {
            if !self.indexed.contains(&path) {
                self.indexed.push(path);
            }
        }
    }

    /// The values that a resource has where the client named none (RFC 7644 section 3.3). Such an attribute
    /// is never without a value: a replace that leaves it out keeps the present one.
    pub fn defaults(&self) -> &Map {
        &self.defaults
    }

    /// The attributes of every resource type (RFC 7643 section 3.1) and those of the base schema.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> + Clone {
        self.common.iter().chain(&self.schema.attributes)
    }

    /// The top-level attribute of that name, letter case aside.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// What the path names in resources of this type (RFC 7644 section 3.10); nothing if no schema defines
    /// it. Beyond the RFC it understands, as contested point C26 lists them, an extension's URN alone, that URN
    /// followed by a dot, and an extension's attribute without its URN as long as only one has it.
    pub fn locate(&self, path: &AttrPath) -> Option<Target<'_>> {
        let Some(urn) = &path.urn else {
            if let Some(attribute) = self.attribute(&path.name) {
                return with_sub(None, attribute, path.sub.as_deref());
            }
            let mut found =
                self.extensions.iter().filter_map(|e| Some((&*e.schema, e.schema.attribute(&path.name)?)));
            return match (found.next(), found.next()) {
                (Some((extension, attribute)), None) => {
                    with_sub(Some(extension), attribute, path.sub.as_deref())
                }
                _ => None,
            };
        };
        if self.schema.id.eq_ignore_ascii_case(urn) {
            return with_sub(None, self.attribute(&path.name)?, path.sub.as_deref());
        }
        if let Some(extension) = self.extension(urn) {
            return with_sub(Some(extension), extension.attribute(&path.name)?, path.sub.as_deref());
        }
        // "urn:...:2.0:User" reads as the attribute "User" of "urn:...:2.0" until one knows the schemas, and
        // "urn:...:User.Badge" as a sub-attribute of that.
        let whole = path.to_string();
        if let Some(extension) = self.extension(&whole) {
            return Some(Target::Extension(extension));
        }
        let (schema, name) = whole.rsplit_once('.')?;
        if self.schema.id.eq_ignore_ascii_case(schema) {
            return with_sub(None, self.attribute(name)?, None);
        }
        let extension = self.extension(schema)?;
        with_sub(Some(extension), extension.attribute(name)?, None)
    }

    /// The ResourceType resource (RFC 7643 section 6); `base_url` is the service root without a slash at its end.
    pub fn to_json(&self, base_url: &str) -> Value {
        let mut json = json!({
            "schemas": [RESOURCE_TYPE],
            "id": self.name,
            "name": self.name,
            "endpoint": self.endpoint,
            "description": self.description,
            "schema": self.schema.id,
        });
        if !self.extensions.is_empty() {
            json["schemaExtensions"] = self
                .extensions
                .iter()
                .map(|e| json!({"schema": e.schema.id, "required": e.required}))
                .collect();
        }
        json["meta"] = json!({
            "resourceType": "ResourceType",
            "location": format!("{base_url}/ResourceTypes/{}", self.name),
        });
        json
    }
}

impl<'a> Located<'a> {
    /// The attribute that the path ends at.
    pub fn leaf(&self) -> &'a Attribute {
        self.sub.unwrap_or(self.attribute)
    }

    /// The path as one would write it: URN, attribute, sub-attribute, in the schema's spelling.
    pub fn path(&self) -> String {
        let urn = self.extension.map(|extension| format!("{}:", extension.id)).unwrap_or_default();
        let sub = self.sub.map(|sub| format!(".{}", sub.name)).unwrap_or_default();
        format!("{urn}{}{sub}", self.attribute.name)
    }

    /// The attribute's value in a canonical resource.
    pub fn value<'m>(&self, resource: &'m Map) -> Option<&'m Value> {
        let holder = match self.extension {
            None => resource,
            Some(extension) => resource.get(&extension.id)?.as_object()?,
        };
        holder.get(&self.attribute.name)
    }
}

/// A resource type as its definition has it. What `rows`, `indexed` and `defaults` say is not published.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) endpoint: String,
    #[serde(default)]
    description: String,
    schema: String,
    #[serde(default)]
    schema_extensions: Vec<ExtensionDefinition>,
    #[serde(default)]
    pub(super) rows: Option<String>,
    #[serde(default)]
    pub(super) indexed: Vec<String>,
    #[serde(default)]
    defaults: Map,
    // What a published resource type says besides.
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
    #[serde(default, rename = "schemas")]
    _schemas: IgnoredAny,
    #[serde(default, rename = "meta")]
    _meta: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtensionDefinition {
    schema: String,
    required: bool,
}

pub(super) fn read<'de, T: Deserialize<'de>>(what: &str, text: &'de str) -> Result<T, DefinitionError> {
    serde_json::from_str(text).map_err(|reason| DefinitionError::Malformed { what: what.to_owned(), reason })
}

fn with_sub<'a>(
    extension: Option<&'a Schema>,
    attribute: &'a Attribute,
    sub: Option<&str>,
) -> Option<Target<'a>> {
    let sub = match sub {
        None => None,
        // The values of a simple multi-valued attribute are what "value" names (RFC 7644 section 3.5.2).
        Some(name) if attribute.kind != Type::Complex => {
            return (attribute.multi_valued && name.eq_ignore_ascii_case("value"))
                .then_some(Target::Attribute(Located { extension, attribute, sub: None }));
        }
        Some(name) => Some(attribute.sub_attribute(name)?),
    };
    Some(Target::Attribute(Located { extension, attribute, sub }))
}

//! What a target publishes about its resources in /Schemas and /ResourceTypes (RFC 7643, sections 6 and 7), read leniently:
//! what is wrong with it is a finding elsewhere.

use serde_json::Value;

/// The schema of users, where no resource type says otherwise.
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of groups, where no resource type says otherwise.
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The enterprise extension (RFC 7643, section 4.3).
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// Attributes of every resource, which no schema needs to list (RFC 7643, section 3.1).
const COMMON: [&str; 4] = ["schemas", "id", "externalId", "meta"];

/// Schemas and resource types; none: that endpoint is missing.
#[derive(Debug, Clone, Default)]
pub struct Published {
    schemas: Option<Vec<Schema>>,
    types: Option<Vec<ResourceType>>,
}

/// A schema.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Its URN.
    pub id: String,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
}

/// An attribute or a sub-attribute.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// `string`, `boolean`, `complex`, ... as it stands there.
    pub kind: String,
    /// Whether it is a list.
    pub multi_valued: bool,
    /// Whether a resource cannot be without it.
    pub required: bool,
    /// Whether a client may write it.
    pub writable: bool,
    /// Values that it is meant to have.
    pub canonical_values: Vec<String>,
    /// Its parts.
    pub parts: Vec<Attribute>,
}

/// A resource type.
#[derive(Debug, Clone)]
pub struct ResourceType {
    /// Its name: `User`.
    pub name: String,
    /// Its endpoint: `/Users`.
    pub endpoint: String,
    /// The URN of its schema.
    pub schema: String,
    /// Its extensions.
    pub extensions: Vec<Extension>,
}

/// An extension of a resource type.
#[derive(Debug, Clone)]
pub struct Extension {
    /// The URN of its schema.
    pub schema: String,
    /// Whether a resource cannot be without it.
    pub required: bool,
}

impl Published {
    /// Reads the bodies of /Schemas and /ResourceTypes.
    pub fn read(schemas: Option<&Value>, types: Option<&Value>) -> Self {
        let schemas = schemas.and_then(resources).map(|list| list.iter().filter_map(Schema::read).collect());
        let types =
            types.and_then(resources).map(|list| list.iter().filter_map(ResourceType::read).collect());
        Self { schemas, types }
    }

    /// Whether it publishes its resource types and this is not among them.
    pub fn lacks_type(&self, name: &str) -> bool {
        self.types.is_some() && self.resource_type(name).is_none()
    }

    /// Whether this resource type is published.
    pub fn has_type(&self, name: &str) -> bool {
        self.resource_type(name).is_some()
    }

    /// Whether schemas or resource types are published and the enterprise extension is in none of them.
    pub fn lacks_enterprise(&self) -> bool {
        let listed = self.schema(ENTERPRISE).is_some()
            || self.types.iter().flatten().any(|known| known.extends_by(ENTERPRISE));
        (self.schemas.is_some() || self.types.is_some()) && !listed
    }

    /// Whether the schemas say that a client cannot write this attribute: `emails.type` of User, `Group.externalId`,
    /// `URN:department`.
    pub fn lacks_attribute(&self, attribute: &str) -> bool {
        let Some(all) = &self.schemas else { return false };
        if attribute.to_ascii_lowercase().starts_with("urn:") {
            let named = all.iter().filter_map(|schema| Some((schema, after_urn(attribute, &schema.id)?)));
            let longest = named.max_by_key(|(schema, _)| schema.id.len());
            return longest.is_none_or(|(schema, path)| !writable(&schema.attributes, path));
        }
        let (owner, path) = match attribute.split_once('.') {
            Some((owner, path)) if owner.starts_with(|first: char| first.is_ascii_uppercase()) => {
                (owner, path)
            }
            _ => ("User", attribute),
        };
        let schemas: Vec<&Schema> = self.schemas_of(owner).collect();
        if schemas.iter().all(|schema| schema.attributes.is_empty()) {
            return false;
        }
        let first = path.split('.').next().unwrap_or(path);
        let listed = |schema: &&Schema| find(&schema.attributes, first).is_some();
        if COMMON.iter().any(|common| common.eq_ignore_ascii_case(first)) && !schemas.iter().any(listed) {
            return false;
        }
        !schemas.iter().any(|schema| writable(&schema.attributes, path))
    }

    /// What a resource at this endpoint is made of: its schema's attributes, and each extension's with whether it must be
    /// there. None where that is not published.
    pub fn shape_at(&self, endpoint: &str) -> Option<(&Schema, Vec<(&Schema, bool)>)> {
        let known = self.types.iter().flatten().find(|known| known.endpoint.eq_ignore_ascii_case(endpoint));
        let Some(known) = known else {
            let urn = match endpoint {
                "/Users" => USER,
                "/Groups" => GROUP,
                _ => return None,
            };
            return Some((self.schema(urn)?, Vec::new()));
        };
        let extensions = known.extensions.iter().filter_map(|e| Some((self.schema(&e.schema)?, e.required)));
        Some((self.schema(&known.schema)?, extensions.collect()))
    }

    /// The endpoints at which resources are made.
    pub fn endpoints(&self) -> impl Iterator<Item = &str> {
        self.types.iter().flatten().map(|known| known.endpoint.as_str())
    }

    fn schemas_of(&self, type_name: &str) -> impl Iterator<Item = &Schema> {
        let known = self.resource_type(type_name);
        let last_word = format!(":{}", type_name.to_ascii_lowercase());
        self.schemas.iter().flatten().filter(move |schema| {
            schema.id.to_ascii_lowercase().ends_with(&last_word)
                || known.is_some_and(|known| {
                    known.schema.eq_ignore_ascii_case(&schema.id) || known.extends_by(&schema.id)
                })
        })
    }

    fn resource_type(&self, name: &str) -> Option<&ResourceType> {
        self.types.iter().flatten().find(|known| known.name == name)
    }

    fn schema(&self, urn: &str) -> Option<&Schema> {
        self.schemas.iter().flatten().find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }
}

impl Schema {
    fn read(value: &Value) -> Option<Self> {
        let id = value.get("id")?.as_str()?.to_owned();
        Some(Self { id, attributes: attributes(value.get("attributes")) })
    }
}

impl Attribute {
    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let flag = |name: &str| value.get(name).and_then(Value::as_bool) == Some(true);
        let canonical = value.get("canonicalValues").and_then(Value::as_array);
        Some(Self {
            name: text("name")?.to_owned(),
            kind: text("type").unwrap_or("string").to_owned(),
            multi_valued: flag("multiValued"),
            required: flag("required"),
            writable: text("mutability") != Some("readOnly"),
            canonical_values: canonical
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            parts: attributes(value.get("subAttributes")),
        })
    }
}

impl ResourceType {
    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let extensions = value.get("schemaExtensions").and_then(Value::as_array);
        let extension = |value: &Value| {
            let required = value.get("required").and_then(Value::as_bool) == Some(true);
            Some(Extension { schema: value.get("schema")?.as_str()?.to_owned(), required })
        };
        // RFC 7643, section 6: relative to the base URL; some write a whole URL.
        let endpoint = text("endpoint").unwrap_or_default().trim_end_matches('/');
        let endpoint = endpoint.rsplit('/').next().unwrap_or_default();
        Some(Self {
            name: text("name")?.to_owned(),
            endpoint: format!("/{endpoint}"),
            schema: text("schema").unwrap_or_default().to_owned(),
            extensions: extensions.into_iter().flatten().filter_map(extension).collect(),
        })
    }

    fn extends_by(&self, urn: &str) -> bool {
        self.extensions.iter().any(|extension| extension.schema.eq_ignore_ascii_case(urn))
    }
}

/// The attribute of that name; names have no case (RFC 7643, section 2.1).
fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

fn writable(attributes: &[Attribute], path: &str) -> bool {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    find(attributes, name)
        .is_some_and(|found| found.writable && (rest.is_empty() || writable(&found.parts, rest)))
}

fn after_urn<'a>(attribute: &'a str, urn: &str) -> Option<&'a str> {
    let begins = attribute.get(..urn.len())?.eq_ignore_ascii_case(urn);
    attribute.get(urn.len()..)?.strip_prefix(':').filter(|_| begins)
}

fn attributes(list: Option<&Value>) -> Vec<Attribute> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Attribute::read).collect()
}

/// Some servers answer /Schemas with a bare array (seen at scimitar, issue 117); that is a finding elsewhere.
fn resources(list: &Value) -> Option<&Vec<Value>> {
    list.get("Resources").unwrap_or(list).as_array()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn published() -> Published {
        let schemas = json!({"Resources": [
            {"id": USER, "attributes": [
                {"name": "userName", "required": true},
                {"name": "emails", "type": "complex", "multiValued": true, "subAttributes": [
                    {"name": "value"}, {"name": "display", "mutability": "readOnly"}]},
            ]},
            {"id": ENTERPRISE, "attributes": [{"name": "department"}]},
            {"id": GROUP, "attributes": [{"name": "displayName"}, {"name": "externalId", "mutability": "readOnly"}]},
        ]});
        let types = json!([{"name": "User", "endpoint": "/Users", "schema": USER,
            "schemaExtensions": [{"schema": ENTERPRISE, "required": true}]}]);
        Published::read(Some(&schemas), Some(&types))
    }

    #[rstest::rstest]
    #[case::of_a_user("emails", false)]
    #[case::without_case("EMAILS.Value", false)]
    #[case::of_an_extension_by_its_name_alone("department", false)]
    #[case::of_an_extension("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", false)]
    #[case::not_of_an_extension("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:emails", true)]
    #[case::of_another_extension("urn:example:2.0:User:department", true)]
    #[case::nobody_can_write_it("emails.display", true)]
    #[case::not_published("nickName", true)]
    #[case::common_and_not_listed("externalId", false)]
    #[case::common_and_listed_as_read_only("Group.externalId", true)]
    #[case::of_a_type_that_is_not_published("Agent.name", false)]
    fn attributes_that_are_lacking(#[case] attribute: &str, #[case] lacking: bool) {
        assert_eq!(published().lacks_attribute(attribute), lacking);
        assert!(!Published::default().lacks_attribute(attribute), "what nobody states is tried");
    }

    #[test]
    fn types_and_extensions() {
        let published = published();
        assert!(published.lacks_type("Group") && !published.lacks_type("User"));
        assert!(!published.lacks_enterprise() && !Published::default().lacks_enterprise());
        let (user, extensions) = published.shape_at("/users").unwrap();
        assert_eq!((user.id.as_str(), extensions.len(), extensions[0].1), (USER, 1, true));
        assert!(published.shape_at("/Groups").is_some(), "the usual schema where no type says");
    }
}

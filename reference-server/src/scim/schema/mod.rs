//! What a schema is: attributes with the characteristics of RFC 7643 section 7. Which schemas and resource
//! types a server has is the registry's business; values of attributes are the resource's.

mod definitions;
mod registry;

use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Value, json};

use crate::scim::rules::Unknown;

pub use registry::{DefinitionError, Extension, Located, Registry, ResourceType, Target};

/// The schema URN of the core User.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema URN of the enterprise extension of the User.
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The schema URN of the core Group.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The schema URN of the service provider's configuration.
pub const SERVICE_PROVIDER_CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
/// The schema URN of a resource type.
pub const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
/// The schema URN of a schema.
pub const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

/// A schema: a URN and the attributes that it defines (RFC 7643 section 7).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Schema {
    /// The URN.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// What the schema describes.
    pub description: String,
    /// The top-level attributes.
    pub attributes: Vec<Attribute>,
    /// A published schema says what every resource says; that is not the schema's to decide.
    #[serde(default)]
    schemas: IgnoredAny,
    #[serde(default)]
    meta: IgnoredAny,
}

/// An attribute or sub-attribute and its characteristics (RFC 7643 section 7). A characteristic that a
/// definition leaves out has the default of section 2.2.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Attribute {
    /// The name as the schema spells it.
    pub name: String,
    /// The data type.
    #[serde(rename = "type", default)]
    pub kind: Type,
    /// Whether it holds a list of values.
    #[serde(default)]
    pub multi_valued: bool,
    /// What it is for.
    pub description: String,
    /// Whether a resource cannot be without it.
    #[serde(default)]
    pub required: bool,
    /// Whether letter case counts when values are compared.
    #[serde(default)]
    pub case_exact: bool,
    /// Values that a client may expect; others are accepted too (RFC 7643 section 2.3.1).
    #[serde(default)]
    pub canonical_values: Vec<String>,
    /// Who may write it, and when.
    #[serde(default)]
    pub mutability: Mutability,
    /// When it is part of an answer.
    #[serde(default)]
    pub returned: Returned,
    /// Among whom a value may occur only once.
    #[serde(default)]
    pub uniqueness: Uniqueness,
    /// What a reference may point to.
    #[serde(default)]
    pub reference_types: Vec<String>,
    /// The parts of a complex attribute.
    #[serde(default)]
    pub sub_attributes: Vec<Attribute>,
    /// A form that the RFC's text demands beyond the type. Not published: section 7 has no such characteristic.
    #[serde(default)]
    pub format: Option<Format>,
    /// What becomes of sub-attributes beyond those defined, by the server's rules (C15). Not published.
    #[serde(skip)]
    pub(crate) unknown: Unknown,
}

/// The data types of RFC 7643 section 2.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Type {
    /// Text.
    #[default]
    String,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Decimal,
    /// A whole number.
    Integer,
    /// An instant, as xsd:dateTime.
    DateTime,
    /// Bytes, as base64.
    Binary,
    /// A URI.
    Reference,
    /// An object of sub-attributes.
    Complex,
}

/// Who may write an attribute (RFC 7643 section 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    /// Only the server.
    ReadOnly,
    /// The client, at any time.
    #[default]
    ReadWrite,
    /// The client, once.
    Immutable,
    /// The client, and nobody may read it.
    WriteOnly,
}

/// When an attribute is part of an answer (RFC 7643 section 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Returned {
    /// Whatever the client asks for.
    Always,
    /// Not even when asked for.
    Never,
    /// Unless the client excludes it or names others.
    #[default]
    Default,
    /// Only when asked for.
    Request,
}

/// Among whom a value may occur only once (RFC 7643 section 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Uniqueness {
    /// It may repeat.
    #[default]
    None,
    /// Once per tenant.
    Server,
    /// Once in the world.
    Global,
}

/// A form that the text of RFC 7643 demands of a value, which no published characteristic can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Format {
    /// An ISO 3166-1 alpha-2 country code (RFC 7643 section 4.1.2, `addresses.country`).
    CountryCode,
    /// One DER certificate (RFC 7643 section 4.1.2, `x509Certificates`).
    Certificate,
    /// A text to show to people; a blank one is none (RFC 7643 section 4.1.1, `displayName`).
    Shown,
}

impl Schema {
    /// The attribute of that name, letter case aside (RFC 7643 section 2.1).
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        find(&self.attributes, name)
    }

    /// The Schema resource (RFC 7643 section 7); `base_url` is the service root without a slash at its end.
    pub fn to_json(&self, base_url: &str) -> Value {
        json!({
            "schemas": [SCHEMA],
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "attributes": self.attributes.iter().map(Attribute::to_json).collect::<Vec<_>>(),
            "meta": {"resourceType": "Schema", "location": format!("{base_url}/Schemas/{}", self.id)},
        })
    }
}

impl Attribute {
    /// The sub-attribute of that name, letter case aside.
    pub fn sub_attribute(&self, name: &str) -> Option<&Attribute> {
        find(&self.sub_attributes, name)
    }

    /// The sub-attribute `value`, by which a complex value is known where none is named (RFC 7643 section 2.4).
    pub fn value_attribute(&self) -> Option<&Attribute> {
        self.sub_attribute("value")
    }

    /// Whether letter case counts. References and binaries are case exact whatever their definition says
    /// (RFC 7643 sections 2.3.6 and 2.3.7).
    pub fn is_case_exact(&self) -> bool {
        self.case_exact || matches!(self.kind, Type::Reference | Type::Binary)
    }

    /// A Boolean that only the server writes.
    fn flag(name: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: Type::Boolean,
            multi_valued: false,
            description: description.to_owned(),
            required: false,
            case_exact: false,
            canonical_values: Vec::new(),
            mutability: Mutability::ReadOnly,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
            format: None,
            unknown: Unknown::Dropped,
        }
    }

    fn take_unknown(&mut self, unknown: Unknown) {
        self.unknown = unknown;
        self.sub_attributes.iter_mut().for_each(|sub| sub.take_unknown(unknown));
    }

    /// Whether no client may write it.
    pub fn is_read_only(&self) -> bool {
        self.mutability == Mutability::ReadOnly
    }

    /// Whether its values must never be read by anybody: a password.
    pub fn is_secret(&self) -> bool {
        self.mutability == Mutability::WriteOnly || self.returned == Returned::Never
    }

    /// The definition as published. A characteristic that does not apply to the type is left out, as the RFC
    /// itself does in section 8.7.1.
    fn to_json(&self) -> Value {
        let mut json = json!({
            "name": self.name,
            "type": self.kind,
            "multiValued": self.multi_valued,
            "description": self.description,
            "required": self.required,
        });
        if !self.canonical_values.is_empty() {
            json["canonicalValues"] = json!(self.canonical_values);
        }
        if !matches!(self.kind, Type::Complex | Type::Boolean) {
            json["caseExact"] = json!(self.is_case_exact());
        }
        json["mutability"] = json!(self.mutability);
        json["returned"] = json!(self.returned);
        if self.kind != Type::Complex {
            json["uniqueness"] = json!(self.uniqueness);
        }
        if self.kind == Type::Reference {
            json["referenceTypes"] = json!(self.reference_types);
        }
        if self.kind == Type::Complex {
            json["subAttributes"] = self.sub_attributes.iter().map(Self::to_json).collect();
        }
        json
    }
}

impl Type {
    /// The type in a sentence: `a Boolean`.
    pub(crate) fn article(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Boolean => "a Boolean",
            Self::Decimal => "a number",
            Self::Integer => "an integer",
            Self::DateTime => "a dateTime",
            Self::Binary => "base64 text",
            Self::Reference => "a URI",
            Self::Complex => "an object",
        }
    }
}

fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

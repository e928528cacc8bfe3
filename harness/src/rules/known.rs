//! What is known of a target from its discovery documents (RFC 7643, sections 5 to 7): read from the exchanges in which
//! they came, whoever asked for them. Which request sees what is in `seen`.

use std::collections::BTreeMap;

use scimspec_mock_idp::exchange::{Answer, Destination, Exchange};
use serde_json::Value;

use crate::secrets::Secrets;

/// The schema of users (RFC 7643, section 4.1).
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of groups (RFC 7643, section 4.2).
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// What is known of a target.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// /Schemas, if it was read.
    pub schemas: Option<Schemas>,
    /// /ServiceProviderConfig, if it was read.
    pub service_provider_config: Option<Value>,
    /// /ResourceTypes, if it was read.
    pub resource_types: Option<Vec<ResourceType>>,
    /// What must not come back in an answer: the credentials that were sent. None in a recording, which has none.
    pub secrets: Secrets,
}

/// The published schemas, by URN.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    by_urn: BTreeMap<String, Vec<Attribute>>,
}

/// One published attribute (RFC 7643, section 7). What is left out has the default of section 2.2.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Its name as published.
    pub name: String,
    /// `string`, `boolean`, ... in lower case.
    pub kind: String,
    /// Whether it has several values.
    pub multi_valued: bool,
    /// `always`, `never`, `default` or `request`, in lower case.
    pub returned: String,
    /// `readonly`, `readwrite`, `immutable` or `writeonly`, in lower case.
    pub mutability: String,
    /// Whether letter case counts.
    pub case_exact: bool,
    /// The attributes in it, if it is complex.
    pub parts: Vec<Attribute>,
}

/// One published resource type (RFC 7643, section 6).
#[derive(Debug, Clone)]
pub struct ResourceType {
    /// `User`.
    pub name: String,
    /// `Users`, without the slash.
    pub endpoint: String,
    /// The URN of its base schema.
    pub schema: String,
    /// The URNs of its extensions.
    pub extensions: Vec<String>,
}

impl Known {
    /// Reads the discovery documents among these exchanges; the last good one counts.
    pub fn read<'a>(
        exchanges: impl IntoIterator<Item = &'a Exchange, IntoIter: DoubleEndedIterator>,
        secrets: Secrets,
    ) -> Self {
        let mut known = Self { secrets, ..Self::default() };
        for exchange in exchanges.into_iter().rev() {
            let Destination::Scim(target) = &exchange.request.to else { continue };
            let path = target.split('?').next().unwrap_or_default().trim_matches('/');
            let document = ["serviceproviderconfig", "schemas", "resourcetypes"];
            let Some(which) = document.iter().find(|name| path.eq_ignore_ascii_case(name)) else { continue };
            let read = match *which {
                "serviceproviderconfig" => known.service_provider_config.is_some(),
                "schemas" => known.schemas.is_some(),
                _ => known.resource_types.is_some(),
            };
            if read {
                continue;
            }
            let Some(json) = exchange.result.as_ref().ok().filter(|a| a.is_success()).and_then(Answer::json)
            else {
                continue;
            };
            match *which {
                "serviceproviderconfig" => known.service_provider_config = Some(json),
                "schemas" => known.schemas = Schemas::read(&json),
                _ => known.resource_types = resource_types(&json),
            }
        }
        known
    }

    /// What the target says of a capability: `patch`, `bulk`, `filter`, `sort`, `etag`, `changePassword`.
    pub fn supports(&self, capability: &str) -> Option<bool> {
        self.service_provider_config.as_ref()?.get(capability)?.get("supported")?.as_bool()
    }

    /// A number of /ServiceProviderConfig: `filter`, `maxResults`.
    pub fn limit(&self, capability: &str, name: &str) -> Option<u64> {
        self.service_provider_config.as_ref()?.get(capability)?.get(name)?.as_u64()
    }

    /// The published resource type behind an endpoint.
    pub fn resource_type(&self, endpoint: &str) -> Option<&ResourceType> {
        self.resource_types.as_ref()?.iter().find(|kind| kind.endpoint.eq_ignore_ascii_case(endpoint))
    }

    /// The name of the resources of an endpoint, published or of RFC 7643.
    pub fn type_name(&self, endpoint: &str) -> Option<&str> {
        self.resource_type(endpoint)
            .map_or_else(|| standard(endpoint).map(|(name, _)| name), |t| Some(&t.name))
    }

    /// The base schema of the resources of an endpoint, published or of RFC 7643.
    pub fn base_schema(&self, endpoint: &str) -> Option<&str> {
        self.resource_type(endpoint)
            .map_or_else(|| standard(endpoint).map(|(_, urn)| urn), |t| Some(&t.schema))
    }

    /// The published attributes of the base schema of an endpoint.
    pub fn attributes(&self, endpoint: &str) -> Option<&[Attribute]> {
        self.schemas.as_ref()?.of(self.base_schema(endpoint)?)
    }

    /// A published attribute by a path such as `emails.value` or `URN:department`.
    pub fn attribute(&self, endpoint: &str, path: &str) -> Option<&Attribute> {
        let schemas = self.schemas.as_ref()?;
        let base = self.base_schema(endpoint)?;
        let (urn, names) = split_urn(path);
        let mut names = names.split('.');
        let of = schemas.of(urn.unwrap_or(base))?;
        let first = find(of, names.next()?)?;
        names.try_fold(first, |attribute, name| find(&attribute.parts, name))
    }
}

impl Schemas {
    fn read(json: &Value) -> Option<Self> {
        // A bare array is a finding elsewhere; what it says can be read all the same.
        let listed = json.get("Resources").unwrap_or(json).as_array()?;
        let by_urn: BTreeMap<_, _> = listed
            .iter()
            .filter_map(|schema| {
                let urn = schema.get("id")?.as_str()?.to_ascii_lowercase();
                Some((urn, attributes(schema.get("attributes")?)))
            })
            .collect();
        (!by_urn.is_empty()).then_some(Self { by_urn })
    }

    /// The attributes of a schema.
    pub fn of(&self, urn: &str) -> Option<&[Attribute]> {
        self.by_urn.get(&urn.to_ascii_lowercase()).map(Vec::as_slice)
    }

    /// The URNs, in lower case, with their attributes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Attribute])> {
        self.by_urn.iter().map(|(urn, attributes)| (urn.as_str(), attributes.as_slice()))
    }
}

impl Attribute {
    /// Whether it comes back without being asked for.
    pub fn is_shown(&self) -> bool {
        matches!(self.returned.as_str(), "always" | "default")
    }
}

/// The attribute of that name, without regard to letter case (RFC 7643, section 2.1).
pub(super) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// A path's URN, if it has one, and the rest: `urn:...:2.0:User:name.givenName`.
pub(super) fn split_urn(path: &str) -> (Option<&str>, &str) {
    let is_urn = path.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"));
    match path.rsplit_once(':').filter(|_| is_urn) {
        Some((urn, rest)) => (Some(urn), rest),
        None => (None, path),
    }
}

fn attributes(json: &Value) -> Vec<Attribute> {
    let text = |attribute: &Value, name: &str, default: &str| {
        attribute.get(name).and_then(Value::as_str).unwrap_or(default).to_ascii_lowercase()
    };
    let flag = |attribute: &Value, name: &str| attribute.get(name).and_then(Value::as_bool).unwrap_or(false);
    json.as_array()
        .into_iter()
        .flatten()
        .filter_map(|attribute| {
            Some(Attribute {
                name: attribute.get("name")?.as_str()?.to_owned(),
                kind: text(attribute, "type", "string"),
                multi_valued: flag(attribute, "multiValued"),
                returned: text(attribute, "returned", "default"),
                mutability: text(attribute, "mutability", "readWrite"),
                case_exact: flag(attribute, "caseExact"),
                parts: attribute.get("subAttributes").map(attributes).unwrap_or_default(),
            })
        })
        .collect()
}

fn resource_types(json: &Value) -> Option<Vec<ResourceType>> {
    let listed = json.get("Resources").unwrap_or(json).as_array()?;
    let text = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    let types: Vec<_> = listed
        .iter()
        .filter_map(|entry| {
            let extensions = entry.get("schemaExtensions").and_then(Value::as_array);
            Some(ResourceType {
                name: text(entry, "name")?,
                endpoint: text(entry, "endpoint")?.trim_matches('/').to_owned(),
                schema: text(entry, "schema")?,
                extensions: extensions.into_iter().flatten().filter_map(|e| text(e, "schema")).collect(),
            })
        })
        .collect();
    (!types.is_empty()).then_some(types)
}

fn standard(endpoint: &str) -> Option<(&'static str, &'static str)> {
    match endpoint.to_ascii_lowercase().as_str() {
        "users" => Some(("User", USER)),
        "groups" => Some(("Group", GROUP)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::tests::discovered;

    #[test]
    fn an_attribute_is_found_by_its_path() {
        let known = discovered();
        let kind = |path| known.attribute("Users", path).map(|attribute| attribute.kind.as_str());
        assert_eq!(kind("userName"), Some("string"));
        assert_eq!(kind("EMAILS.primary"), Some("boolean"));
        assert_eq!(kind("urn:ietf:params:scim:schemas:core:2.0:User:active"), Some("boolean"));
        assert_eq!(
            kind("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"),
            Some("string")
        );
        assert_eq!(kind("nothing"), None);
    }

    #[test]
    fn capabilities_and_limits_are_what_the_target_says() {
        let known = discovered();
        assert_eq!((known.supports("patch"), known.supports("bulk")), (Some(true), Some(false)));
        assert_eq!(known.limit("filter", "maxResults"), Some(200));
        assert_eq!((known.type_name("Users"), known.type_name("Things")), (Some("User"), None));
    }
}

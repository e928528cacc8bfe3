//! From what is kept to what is answered: a resource's text together with what is derived for it, `meta`, a
//! user's `groups` and a group's `members`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{problem::Problem, request::ScimRequest, service::Service};
use crate::{
    scim::{self, Map, Member, Projection, ResourceFilter, ResourceType},
    store::{Kind, Record, Reference, ResourceId, TenantId},
};

/// How the resources of one answer are shown.
pub(crate) struct Presenter<'a> {
    service: &'a Service,
    tenant: &'a TenantId,
    base_url: &'a str,
    kind: Kind,
    projection: Projection,
}

impl<'a> Presenter<'a> {
    /// Reads what the request wants to see. Fails with `invalidValue` if it contradicts itself.
    pub(crate) fn new(service: &'a Service, request: &'a ScimRequest, kind: Kind) -> Result<Self, Problem> {
        let query = &request.query;
        let projection =
            Projection::from_query(query.attributes.as_deref(), query.excluded_attributes.as_deref())?;
        Ok(Self { service, tenant: &request.tenant, base_url: &request.base_url, kind, projection })
    }

    /// The same, for the answer to a write with this body.
    #[must_use]
    pub(crate) fn for_write(mut self, body: &Map) -> Self {
        self.projection = self.projection.for_write(self.service.resource_type(self.kind), body);
        self
    }

    /// Whether the client named the attributes that it wants back.
    pub(crate) fn names_attributes(&self) -> bool {
        self.projection.names_attributes()
    }

    /// The URI of a resource of the kind.
    pub(crate) fn location(&self, id: ResourceId) -> String {
        self.uri(self.kind, id)
    }

    /// The resource as JSON text.
    pub(crate) async fn text(&self, record: &Record) -> Result<String, Problem> {
        if self.projection == Projection::default() && self.service.served(self.kind).is_plain {
            return self.spliced(record).await;
        }
        let mut resource = parse(record)?;
        if let Some(name) = derived_name(self.kind)
            && self.projection.wants(self.resource_type(), name)
            && let Some(derived) = self.derived(record).await?
        {
            resource.insert(name.to_owned(), derived);
        }
        resource.insert("meta".to_owned(), self.meta(record));
        self.projection.apply(self.resource_type(), &mut resource);
        Ok(Value::Object(resource).to_string())
    }

    /// The resource as a filter sees it: of what is derived only what the filter looks at.
    pub(crate) async fn for_filter(&self, record: &Record, filter: &ResourceFilter) -> Result<Map, Problem> {
        let mut resource = parse(record)?;
        if let Some(name) = derived_name(self.kind)
            && filter.reads(name)
            && let Some(derived) = self.derived(record).await?
        {
            resource.insert(name.to_owned(), derived);
        }
        if filter.reads("meta") {
            resource.insert("meta".to_owned(), self.meta(record));
        }
        Ok(resource)
    }

    /// The whole resource without reading its text: what is derived is written behind what is kept.
    async fn spliced(&self, record: &Record) -> Result<String, Problem> {
        let kept = record.text.strip_suffix('}').unwrap_or(&record.text);
        let mut text = String::with_capacity(kept.len() + 320);
        text.push_str(kept);
        if let Some(name) = derived_name(self.kind)
            && let Some(derived) = self.derived(record).await?
        {
            // Writing to a string cannot fail.
            _ = write!(text, ",\"{name}\":{derived}");
        }
        _ = write!(
            text,
            r#","meta":{{"resourceType":"{}","created":"{}","lastModified":"{}","location":{},"version":{}}}}}"#,
            record.kind.name(),
            record.created,
            record.last_modified,
            Value::from(self.location(record.id)),
            Value::from(record.version.etag()),
        );
        Ok(text)
    }

    fn meta(&self, record: &Record) -> Value {
        json!({
            "resourceType": record.kind.name(),
            "created": record.created.to_string(),
            "lastModified": record.last_modified.to_string(),
            "location": self.location(record.id),
            "version": record.version.etag(),
        })
    }

    /// A user's `groups` or a group's `members`; nothing if there is none (RFC 7643 section 2.5).
    async fn derived(&self, record: &Record) -> Result<Option<Value>, Problem> {
        let values: Vec<Value> = match self.kind {
            Kind::User => {
                let groups = self.service.store.groups_of(self.tenant, record.id).await?;
                // A group in a group is another member of it: every membership that is shown is a direct one.
                groups.iter().map(|group| self.reference(group, "direct")).collect()
            }
            Kind::Group => {
                let members = self.service.store.members(self.tenant, record.id).await?;
                members.iter().map(|member| self.reference(member, member.kind.name())).collect()
            }
            Kind::Other(_) => Vec::new(),
        };
        Ok((!values.is_empty()).then(|| values.into()))
    }

    fn reference(&self, to: &Reference, kind: &str) -> Value {
        json!({
            "value": to.id.to_string(),
            "$ref": self.uri(to.kind, to.id),
            "display": &*to.display,
            "type": kind,
        })
    }

    fn uri(&self, kind: Kind, id: ResourceId) -> String {
        format!("{}{}/{id}", self.base_url, self.service.resource_type(kind).endpoint())
    }

    fn resource_type(&self) -> &ResourceType {
        self.service.resource_type(self.kind)
    }
}

/// What is kept of a resource.
pub(crate) fn parse(record: &Record) -> Result<Map, Problem> {
    serde_json::from_str(&record.text).map_err(|_| {
        scim::Error::internal("The server cannot read what it has kept of this resource.").into()
    })
}

/// A member as the rows have it, for a PATCH that selects by more than its id.
pub(crate) fn member(row: &Reference) -> Member {
    Member {
        value: row.id.to_string(),
        kind: Some(row.kind.name().to_owned()),
        display: Some(row.display.to_string()),
        reference: None,
    }
}

/// The attribute of a kind whose values are rows of the store.
pub(crate) fn derived_name(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::User => Some("groups"),
        Kind::Group => Some("members"),
        Kind::Other(_) => None,
    }
}

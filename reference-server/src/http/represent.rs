//! From what is kept to what is answered: a resource's text together with what is derived for it, `meta`, a
//! user's `groups`, a group's `members`, and the URIs of the resources that it points to.

use std::{collections::HashSet, fmt::Write as _};

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{kin::Kin, problem::Problem, service::Service};
use crate::{
    scim::{self, Map, Member, Projection, ResourceType, Tag, cursor},
    store::{Kind, Record, Reference, References, ResourceId, TenantId},
};

/// How the resources of one type are shown in one answer.
pub(crate) struct Presenter<'a> {
    service: &'a Service,
    tenant: &'a TenantId,
    base_url: &'a str,
    kind: Kind,
    projection: Projection,
    kin: Mutex<Kin>,
    /// The members of groups that are about to be shown.
    members: Mutex<References>,
}

/// What a resource shows of others, and the tag that goes with it.
struct Derived {
    value: Option<Value>,
    tag: Tag,
}

impl<'a> Presenter<'a> {
    /// Shows resources of a kind to a client of the tenant that finds the server at the base URL.
    pub(crate) fn new(
        service: &'a Service,
        tenant: &'a TenantId,
        base_url: &'a str,
        kind: Kind,
        projection: Projection,
    ) -> Self {
        let (kin, members) = (Mutex::default(), Mutex::default());
        Self { service, tenant, base_url, kind, projection, kin, members }
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

    /// The kind.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Its resource type.
    pub(crate) fn resource_type(&self) -> &'a ResourceType {
        self.service.resource_type(self.kind)
    }

    /// The URI of a resource of the kind.
    pub(crate) fn location(&self, id: ResourceId) -> String {
        self.uri(self.kind, id)
    }

    /// Gets ready to show the texts of these resources: what they show of others is asked of the store once for
    /// all of them.
    pub(crate) async fn prepare_texts(&self, records: &[&Record]) -> Result<(), Problem> {
        if self.kind == Kind::Group && !self.projection.wants(self.resource_type(), "members") {
            return Ok(());
        }
        self.prepare(records).await
    }

    /// The same for a look at some of their attributes.
    pub(crate) async fn prepare_resources(
        &self,
        records: &[&Record],
        needs: impl Fn(&str) -> bool,
    ) -> Result<(), Problem> {
        if self.needs_derived(needs) { self.prepare(records).await } else { Ok(()) }
    }

    async fn prepare(&self, records: &[&Record]) -> Result<(), Problem> {
        let ids = records.iter().map(|record| record.id);
        match self.kind {
            Kind::User => self.kin.lock().await.learn(self.service, self.tenant, ids).await,
            Kind::Group => {
                let ids: Vec<ResourceId> = ids.collect();
                let mut found = self.service.store.members_of_each(self.tenant, &ids).await?;
                let found = ids.into_iter().map(|id| (id, found.remove(&id).unwrap_or_default()));
                self.members.lock().await.extend(found);
                Ok(())
            }
            Kind::Other(_) => Ok(()),
        }
    }

    /// The entity tag of a resource.
    pub(crate) async fn tag(&self, record: &Record) -> Result<Tag, Problem> {
        match self.kind {
            Kind::User => Ok(self.derived(record).await?.tag),
            Kind::Group | Kind::Other(_) => Ok(record.version.into()),
        }
    }

    /// The resource as JSON text, and its tag.
    pub(crate) async fn text(&self, record: &Record) -> Result<(String, Tag), Problem> {
        let served = self.service.served(self.kind);
        let points = served.pointers.iter().any(|pointer| pointer.may_be_in(&record.text));
        if self.projection == Projection::default() && served.is_plain && !points {
            return self.spliced(record).await;
        }
        let mut resource = parse(record)?;
        let wants = |name: &str| self.projection.wants(self.resource_type(), name);
        let tag = match derived_name(self.kind) {
            Some(name) if self.kind == Kind::User || wants(name) => {
                let Derived { value, tag } = self.derived(record).await?;
                if let Some(value) = value {
                    resource.insert(name.to_owned(), value);
                }
                tag
            }
            _ => record.version.into(),
        };
        resource.insert("meta".to_owned(), self.meta(record, tag));
        for pointer in &served.pointers {
            pointer.complete(&mut resource, |kind, id| self.uri(kind, id));
        }
        self.projection.apply(self.resource_type(), &mut resource);
        Ok((Value::Object(resource).to_string(), tag))
    }

    /// The resource for a look at some of its attributes: of what is derived only what is needed.
    pub(crate) async fn resource(
        &self,
        record: &Record,
        needs: impl Fn(&str) -> bool,
    ) -> Result<Map, Problem> {
        let mut resource = parse(record)?;
        let mut tag = Tag::from(record.version);
        if let Some(name) = derived_name(self.kind)
            && self.needs_derived(&needs)
        {
            let derived = self.derived(record).await?;
            tag = derived.tag;
            if let Some(value) = derived.value {
                resource.insert(name.to_owned(), value);
            }
        }
        if needs("meta") {
            resource.insert("meta".to_owned(), self.meta(record, tag));
        }
        Ok(resource)
    }

    fn needs_derived(&self, needs: impl Fn(&str) -> bool) -> bool {
        derived_name(self.kind).is_some_and(|name| needs(name) || (self.kind == Kind::User && needs("meta")))
    }

    /// The whole resource without reading its text: what is derived is written behind what is kept.
    async fn spliced(&self, record: &Record) -> Result<(String, Tag), Problem> {
        let kept = record.text.strip_suffix('}').unwrap_or(&record.text);
        let mut text = String::with_capacity(kept.len() + 320);
        text.push_str(kept);
        let Derived { value, tag } = self.derived(record).await?;
        if let (Some(name), Some(value)) = (derived_name(self.kind), value) {
            // Writing to a string cannot fail.
            _ = write!(text, ",\"{name}\":{value}");
        }
        _ = write!(
            text,
            r#","meta":{{"resourceType":"{}","created":"{}","lastModified":"{}","location":{},"version":{}}}}}"#,
            record.kind.name(),
            record.created,
            record.last_modified,
            Value::from(self.location(record.id)),
            Value::from(tag.etag()),
        );
        Ok((text, tag))
    }

    fn meta(&self, record: &Record, tag: Tag) -> Value {
        json!({
            "resourceType": record.kind.name(),
            "created": record.created.to_string(),
            "lastModified": record.last_modified.to_string(),
            "location": self.location(record.id),
            "version": tag.etag(),
        })
    }

    /// A user's `groups` or a group's `members`; nothing if there is none (RFC 7643 section 2.5).
    async fn derived(&self, record: &Record) -> Result<Derived, Problem> {
        let mut tag = Tag::from(record.version);
        let values: Vec<Value> = match self.kind {
            Kind::User => {
                let mut kin = self.kin.lock().await;
                let direct = kin.of(self.service, self.tenant, record.id).await?;
                kin.forget(record.id);
                let mut values: Vec<Value> =
                    direct.iter().map(|group| self.reference(group, "direct")).collect();
                let indirect = kin.above(&direct);
                tag.afar = afar(&indirect);
                values.extend(indirect.iter().map(|group| self.reference(group, "indirect")));
                values
            }
            Kind::Group => {
                let prepared = self.members.lock().await.remove(&record.id);
                let members = match prepared {
                    Some(members) => members,
                    None => self.service.store.members(self.tenant, record.id).await?,
                };
                members.iter().map(|member| self.reference(member, member.kind.name())).collect()
            }
            Kind::Other(_) => Vec::new(),
        };
        Ok(Derived { value: (!values.is_empty()).then(|| values.into()), tag })
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
        format!("{}{}/{id}", self.base_url, self.service.endpoint(kind))
    }
}

/// The entity tag of a resource, for one who does not show it.
pub(crate) async fn tag(service: &Service, tenant: &TenantId, record: &Record) -> Result<Tag, Problem> {
    Presenter::new(service, tenant, "", record.kind, Projection::default()).tag(record).await
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
fn derived_name(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::User => Some("groups"),
        Kind::Group => Some("members"),
        Kind::Other(_) => None,
    }
}

/// A digest of the groups that a user is in through other groups. A change far above the user does not touch its
/// version, but it changes what the user shows, and therefore its tag (RFC 7644 section 3.14).
fn afar(groups: &[Reference]) -> Option<u32> {
    if groups.is_empty() {
        return None;
    }
    let mut seen = HashSet::new();
    let mut text = String::new();
    for group in groups.iter().filter(|group| seen.insert(group.id)) {
        // Writing to a string cannot fail.
        _ = write!(text, "{} {}\0", group.id, group.display);
    }
    // The upper half of a digest is as good a digest.
    u32::try_from(cursor::digest(text.as_bytes()) >> 32).ok()
}

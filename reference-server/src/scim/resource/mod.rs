//! From a client's JSON to a resource in canonical form: what a create or a replace means. Canonical is: names as
//! the schema spells them, in its order, typed values, nothing unassigned, nothing that no schema defines.

mod keys;
pub(crate) mod value;

use std::fmt;

use serde_json::Value;

use super::{
    Map,
    error::{Error, quoted},
    json,
    patch::Member,
    rules::Unknown,
    schema::{Attribute, Mutability, ResourceType, Schema},
};

pub(crate) use keys::unique_paths;
pub use keys::{Key, keys, unique_keys};

/// What a create or a replace asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The resource, without what is kept apart in the other two. The server's own attributes (`id`, `meta`,
    /// `groups`) are those of the resource that is replaced, and absent from a new one.
    pub document: Map,
    /// What may be written and never be read.
    pub write_only: WriteOnly,
    /// The values of the attribute that is kept as rows ([`ResourceType::rows`]): all of them.
    pub members: Vec<Member>,
}

/// Attributes that may be written and never be read: a password. They never are part of a document, so that
/// a store cannot keep them in clear text by accident (RFC 7643 section 9.2).
#[derive(Clone, Default, PartialEq)]
pub struct WriteOnly(Map);

impl Draft {
    /// What a POST of this body asks for (RFC 7644 section 3.3). Attributes of the server are ignored, unknown
    /// attributes and schema URNs are dropped (C15), defaults are filled in. Fails with `invalidSyntax` or
    /// `invalidValue`.
    pub fn create(resource_type: &ResourceType, body: Map) -> Result<Self, Error> {
        let mut draft = Self::read(resource_type, body)?;
        for (name, value) in resource_type.defaults() {
            draft.document.entry(name.clone()).or_insert_with(|| value.clone());
        }
        draft.finish(resource_type)
    }

    /// What a PUT of this body on the resource `current` asks for (RFC 7644 section 3.5.1). An attribute that
    /// is left out is cleared, with two exceptions: one that has a default (`active`) stays as it is, for a PUT
    /// that does not speak of access must neither open nor close it; and a password stays, since nobody could
    /// send it back. Fails like a create, and with `mutability` if an immutable value would change.
    pub fn replace(resource_type: &ResourceType, body: Map, current: &Map) -> Result<Self, Error> {
        let mut draft = Self::read(resource_type, body)?;
        for name in resource_type.defaults().keys() {
            // One that a PATCH has removed is not there, and the default is for what is new.
            let Some(kept) = current.get(name) else { continue };
            draft.document.entry(name.clone()).or_insert_with(|| kept.clone());
        }
        for attribute in resource_type.attributes() {
            keep(attribute, current, &mut draft.document)?;
        }
        for extension in resource_type.extensions() {
            let schema = &extension.schema;
            let Some(Value::Object(current)) = current.get(&schema.id) else { continue };
            let mut object = match draft.document.remove(&schema.id) {
                Some(Value::Object(object)) => object,
                _ => Map::new(),
            };
            for attribute in &schema.attributes {
                keep(attribute, current, &mut object)?;
            }
            if !object.is_empty() {
                draft.document.insert(schema.id.clone(), Value::Object(object));
            }
        }
        draft.finish(resource_type)
    }

    fn read(resource_type: &ResourceType, body: Map) -> Result<Self, Error> {
        check_schemas(resource_type, &body)?;
        let mut draft = Self { document: Map::new(), write_only: WriteOnly::default(), members: Vec::new() };
        let mut base = Map::new();
        for (name, value) in body {
            let Some(extension) = resource_type.extension(&name) else {
                base.insert(name, value);
                continue;
            };
            let Value::Object(object) = value else {
                if value.is_null() {
                    continue;
                }
                let detail = format!("{} has to be an object and is {}", extension.id, json::name(&value));
                return Err(Error::invalid_value(detail));
            };
            if draft.document.contains_key(&extension.id) {
                return Err(value::twice(&extension.id));
            }
            let prefix = format!("{}:", extension.id);
            let unknown = resource_type.unknown();
            let object = draft.split(None, extension.attributes.iter(), object, (&prefix, unknown))?;
            draft.document.insert(extension.id.clone(), Value::Object(object));
        }
        base.retain(|name, _| !name.eq_ignore_ascii_case("schemas"));
        let rows = resource_type.rows();
        let around = ("", resource_type.unknown());
        let mut document = draft.split(rows, resource_type.attributes(), base, around)?;
        document.append(&mut draft.document);
        draft.document = document;
        Ok(draft)
    }

    /// Canonicalises an object and sorts what is kept apart out of it.
    fn split<'a>(
        &mut self,
        rows: Option<&Attribute>,
        attributes: impl Iterator<Item = &'a Attribute>,
        object: Map,
        (prefix, unknown): (&str, Unknown),
    ) -> Result<Map, Error> {
        let mut document = Map::new();
        for (attribute, value) in value::named(attributes, object, prefix, unknown)? {
            let path = format!("{prefix}{}", attribute.name);
            if rows == Some(attribute) {
                self.members = Member::list(attribute, value, value::Single::Refused)?;
                continue;
            }
            let Some(value) = value::assigned(attribute, value, &path, value::Single::Refused)? else {
                continue;
            };
            if attribute.is_secret() {
                self.write_only.set(path, value);
            } else {
                document.insert(attribute.name.clone(), value);
            }
        }
        Ok(document)
    }

    fn finish(mut self, resource_type: &ResourceType) -> Result<Self, Error> {
        self.document = arrange(resource_type, self.document);
        check_required(resource_type, &self.document)?;
        Ok(self)
    }
}

impl WriteOnly {
    /// The new value of the attribute with that path; null means that it is to be unassigned.
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.0.get(path)
    }

    /// The new password.
    pub fn password(&self) -> Option<&str> {
        self.get("password").and_then(Value::as_str)
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn set(&mut self, path: String, value: Value) {
        self.0.insert(path, value);
    }
}

/// Names only: the values are secret.
impl fmt::Debug for WriteOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Puts a document's attributes into the schemas' order and says in `schemas` which of them are there: the base
/// schema and the extensions with at least one attribute (RFC 7643 section 3, RFC 7644 section 3.5.2).
pub fn arrange(resource_type: &ResourceType, mut document: Map) -> Map {
    let extensions: Vec<&Schema> = resource_type
        .extensions()
        .iter()
        .map(|extension| &*extension.schema)
        .filter(|schema| document.get(&schema.id).and_then(Value::as_object).is_some_and(|o| !o.is_empty()))
        .collect();
    let mut arranged = Map::new();
    let urns = std::iter::once(resource_type.schema()).chain(extensions.iter().copied());
    arranged.insert("schemas".to_owned(), urns.map(|schema| Value::from(schema.id.as_str())).collect());
    let base = resource_type.attributes().filter(|attribute| !matches!(&*attribute.name, "schemas" | "meta"));
    let names = base.map(|attribute| &attribute.name).chain(extensions.iter().map(|schema| &schema.id));
    for name in names.map(String::as_str).chain(["meta"]) {
        if let Some(value) = document.shift_remove(name) {
            arranged.insert(name.to_owned(), value);
        }
    }
    arranged
}

/// Whether nothing that is required is missing (RFC 7643 sections 6 and 7). The server's own attributes are not
/// the client's to send; rows are checked where they are read.
pub(crate) fn check_required(resource_type: &ResourceType, document: &Map) -> Result<(), Error> {
    let missing = |attributes: &[Attribute], object: Option<&Map>| {
        let lacks = |attribute: &&Attribute| {
            attribute.required
                && !attribute.is_read_only()
                && !attribute.is_secret()
                && !object.is_some_and(|object| object.contains_key(&attribute.name))
                && resource_type.rows() != Some(*attribute)
        };
        attributes.iter().find(lacks).map(|attribute| attribute.name.clone())
    };
    let required =
        |path: &str| Error::invalid_value(format!("{path} is required and has no value; send one"));
    if let Some(name) = missing(&resource_type.schema().attributes, Some(document)) {
        return Err(required(&name));
    }
    for extension in resource_type.extensions() {
        let object = document.get(&extension.schema.id).and_then(Value::as_object);
        if object.is_none() {
            if extension.required {
                return Err(required(&extension.schema.id));
            }
            continue;
        }
        if let Some(name) = missing(&extension.schema.attributes, object) {
            return Err(required(&format!("{}:{name}", extension.schema.id)));
        }
    }
    Ok(())
}

/// `schemas` has to name the resource type's base schema. Its order, repetitions and, unless the type is closed,
/// unknown URNs (Entra's ADSCIM one, C15) do not matter: the answer names what the resource really has.
fn check_schemas(resource_type: &ResourceType, body: &Map) -> Result<(), Error> {
    let base = &resource_type.schema().id;
    let mut given = body.iter().filter(|(name, _)| name.eq_ignore_ascii_case("schemas"));
    let schemas = match (given.next(), given.next()) {
        (None, _) | (Some((_, Value::Null)), None) => {
            return Err(Error::invalid_syntax(format!(
                "The body has no schemas; send \"schemas\": [{base:?}]"
            )));
        }
        (Some(_), Some(_)) => return Err(value::twice("schemas")),
        (Some((_, schemas)), None) => schemas,
    };
    let Some(urns) = strings(schemas) else {
        return Err(Error::invalid_value("schemas has to be an array of URNs"));
    };
    check_urns(resource_type, &urns)?;
    if urns.iter().any(|urn| urn.eq_ignore_ascii_case(base)) {
        return Ok(());
    }
    let named = urns.first().map_or_else(|| "nothing".to_owned(), |urn| quoted(urn));
    Err(Error::invalid_value(format!(
        "schemas names {named} and has to name {base}, the schema of a {}",
        resource_type.name()
    )))
}

/// A closed type refuses the URNs of schemas that it does not have (C15).
pub(crate) fn check_urns(resource_type: &ResourceType, urns: &[&str]) -> Result<(), Error> {
    let is_known = |urn: &str| {
        resource_type.schema().id.eq_ignore_ascii_case(urn) || resource_type.extension(urn).is_some()
    };
    match urns.iter().find(|urn| resource_type.is_closed() && !is_known(urn)) {
        Some(unknown) => Err(value::undefined(unknown)),
        None => Ok(()),
    }
}

/// The strings of an array that has nothing else.
pub(crate) fn strings(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

/// What a replace keeps of an attribute whatever the body says: the server's own values, and immutable ones,
/// which the body has to repeat or leave out (RFC 7644 section 3.5.1).
fn keep(attribute: &Attribute, current: &Map, document: &mut Map) -> Result<(), Error> {
    let Some(present) = current.get(&attribute.name) else { return Ok(()) };
    match attribute.mutability {
        Mutability::ReadOnly => {}
        Mutability::Immutable => {
            if document.get(&attribute.name).is_some_and(|sent| !value::alike(attribute, sent, present)) {
                return Err(immutable(&attribute.name));
            }
        }
        Mutability::ReadWrite | Mutability::WriteOnly => {
            let (Some(Value::Object(sent)), Value::Object(present)) =
                (document.get(&attribute.name), present)
            else {
                return Ok(());
            };
            for sub in attribute.sub_attributes.iter().filter(|sub| sub.mutability == Mutability::Immutable) {
                if let (Some(sent), Some(present)) = (sent.get(&sub.name), present.get(&sub.name))
                    && !value::alike(sub, sent, present)
                {
                    return Err(immutable(&format!("{}.{}", attribute.name, sub.name)));
                }
            }
            return Ok(());
        }
    }
    document.insert(attribute.name.clone(), present.clone());
    Ok(())
}

/// The error for a change of a value that may be set once.
pub(crate) fn immutable(path: &str) -> Error {
    Error::mutability(format!("{path} is immutable and has another value; it cannot be changed or removed"))
}

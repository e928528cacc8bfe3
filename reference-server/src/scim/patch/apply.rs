//! Applies operations to a document. Each operation is led to what it names: the whole resource, an extension, an
//! attribute, a sub-attribute; values of multi-valued attributes are changed in `values`.

use serde_json::Value;

use super::{
    ComplexReplace, Membership, Op, Operation, PatchRules, Patched, WithoutPath,
    membership::{self, Step},
};
use crate::scim::{
    Map,
    error::{Error, quoted},
    json,
    path::PatchPath,
    resource::{
        WriteOnly, arrange, check_required, check_urns, immutable, strings,
        value::{self, Single},
    },
    schema::{Attribute, Located, Mutability, ResourceType, Schema, Target, Type},
};

/// A PATCH at work.
pub(super) struct Patch<'a> {
    resource_type: &'a ResourceType,
    rules: PatchRules,
    current: &'a Map,
    pub(super) document: Map,
    write_only: WriteOnly,
    steps: Vec<Step>,
}

/// How the client named the target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// By the operation's path.
    ByPath,
    /// By a key in the operation's value. There the server's own attributes are ignored as in a PUT: Okta
    /// renames a group with `{id, displayName}` (C10).
    InValue,
}

impl<'a> Patch<'a> {
    pub(super) fn new(resource_type: &'a ResourceType, current: &'a Map, rules: PatchRules) -> Self {
        Self {
            resource_type,
            rules,
            current,
            document: current.clone(),
            write_only: WriteOnly::default(),
            steps: Vec::new(),
        }
    }

    pub(super) fn operation(&mut self, operation: &Operation) -> Result<(), Error> {
        let kind = operation.kind;
        if operation.path.is_none() && self.rules.without_path == WithoutPath::Refused {
            return Err(Error::invalid_syntax("an operation needs a path here; name one attribute in each"));
        }
        match (&operation.path, &operation.value) {
            (Some(path), value) => self.at(kind, path, value.clone(), Named::ByPath),
            (None, _) if kind == Op::Remove => {
                Err(Error::no_target("remove has no path; name what is to be removed"))
            }
            (None, Some(Value::Object(object))) => self.merge(kind, object.clone()),
            (None, value) => {
                let is = value.as_ref().map_or("missing", json::name);
                Err(Error::invalid_value(format!(
                    "value is {is}; without a path it has to be an object of attributes"
                )))
            }
        }
    }

    pub(super) fn finish(self) -> Result<Patched, Error> {
        let document = arrange(self.resource_type, self.document);
        check_required(self.resource_type, &document)?;
        Ok(Patched {
            changed: document != *self.current,
            document,
            write_only: self.write_only,
            membership: Membership::of(self.steps),
        })
    }

    /// Add or replace without a path: each key of the value is a target of its own. Keys may also be paths, since
    /// Entra sends `name.givenName` and `urn:...:User:employeeNumber` there (C13); what no schema defines is
    /// dropped as in a PUT (C15).
    fn merge(&mut self, kind: Op, object: Map) -> Result<(), Error> {
        for (key, value) in object {
            if let Some(extension) = self.resource_type.extension(&key) {
                let urn = extension.id.clone();
                self.extension(kind, &urn, Some(value))?;
            } else if self.resource_type.schema().id.eq_ignore_ascii_case(&key) {
                match value {
                    Value::Object(object) => self.merge(kind, object)?,
                    other => return Err(value::misfit(&key, "an object", &other)),
                }
            } else if let Ok(path) = PatchPath::parse(&key) {
                let attribute = path.attribute();
                let known = match &attribute.urn {
                    None => self.resource_type.attribute(&attribute.name).is_some(),
                    Some(_) => true,
                };
                if known && self.resource_type.locate(attribute).is_some() {
                    self.at(kind, &path, Some(value), Named::InValue)?;
                } else if self.resource_type.is_closed() {
                    return Err(value::undefined(&key));
                }
            } else if self.resource_type.is_closed() {
                return Err(value::undefined(&key));
            }
        }
        Ok(())
    }

    fn at(&mut self, kind: Op, path: &PatchPath, value: Option<Value>, named: Named) -> Result<(), Error> {
        let resource_type = self.resource_type;
        let undefined = || {
            if resource_type.is_closed() {
                return value::undefined(&path.to_string());
            }
            Error::invalid_path(format!(
                "{} names nothing that a {} has; see /Schemas",
                quoted(&path.to_string()),
                resource_type.name()
            ))
        };
        let target = resource_type.locate(path.attribute()).ok_or_else(undefined)?;
        let located = match (target, path) {
            (Target::Extension(schema), PatchPath::Attribute(_)) => {
                return self.extension(kind, &schema.id, value);
            }
            (Target::Extension(_), PatchPath::Values { .. }) => return Err(undefined()),
            (Target::Attribute(located), _) => located,
        };
        let (located, filter) = match path {
            PatchPath::Attribute(_) => (located, None),
            PatchPath::Values { filter, sub, .. } => {
                let filter = filter.bind_values(located.attribute)?;
                let sub = match sub {
                    Some(name) if located.attribute.kind == Type::Complex => {
                        Some(located.attribute.sub_attribute(name).ok_or_else(undefined)?)
                    }
                    // The values of a simple multi-valued attribute are what "value" names.
                    Some(name) if !name.eq_ignore_ascii_case("value") => return Err(undefined()),
                    _ => None,
                };
                (Located { sub, ..located }, Some(filter))
            }
        };
        if located.attribute.is_read_only() || located.leaf().is_read_only() {
            return self.read_only(&located, value.as_ref(), named);
        }
        if located.attribute.name == "schemas" && located.extension.is_none() {
            return self.schemas(kind, value.as_ref());
        }
        if resource_type.rows() == Some(located.attribute) {
            let step = membership::step(kind, &located, filter, value)?;
            self.steps.extend(step);
            return Ok(());
        }
        match (filter, located.sub) {
            (Some(filter), _) => self.values(kind, &located, &filter, value, self.rules),
            (None, None) => self.attribute(kind, &located, value),
            (None, Some(_)) if located.attribute.multi_valued => Err(Error::invalid_path(format!(
                "{} does not say which of the values it means; write {}[...].{}",
                located.path(),
                located.attribute.name,
                located.leaf().name
            ))),
            (None, Some(_)) => self.sub_attribute(kind, &located, value),
        }
    }

    /// RFC 7644 section 3.5.2: an operation that an attribute's mutability forbids fails. An `id` in a path-less
    /// value that is not the resource's own says that the client means another resource.
    fn read_only(&self, located: &Located<'_>, value: Option<&Value>, named: Named) -> Result<(), Error> {
        let path = located.path();
        if named == Named::ByPath {
            return Err(Error::mutability(format!("{path} is set by the server and cannot be changed")));
        }
        match self.document.get("id") {
            Some(id) if path == "id" && value.is_some_and(|value| value != id) => Err(Error::mutability(
                "the id in the value is not the id of the resource and cannot become it",
            )),
            _ => Ok(()),
        }
    }

    /// The server says in `schemas` what is there. An operation may say it too (RFC7644-3.5.2-L43); it cannot take
    /// the base schema away.
    fn schemas(&self, kind: Op, value: Option<&Value>) -> Result<(), Error> {
        let base = &self.resource_type.schema().id;
        let refuse =
            || Err(Error::mutability(format!("schemas has to name {base}; the server keeps the rest")));
        let urns = match value {
            _ if kind == Op::Remove => return refuse(),
            Some(Value::String(urn)) => vec![urn.as_str()],
            Some(value) => match strings(value) {
                Some(urns) => urns,
                None => return Err(Error::invalid_value("schemas has to be an array of URNs")),
            },
            None => return Err(missing_value(kind, "schemas")),
        };
        check_urns(self.resource_type, &urns)?;
        if kind == Op::Replace && !urns.iter().any(|urn| urn.eq_ignore_ascii_case(base)) {
            return refuse();
        }
        Ok(())
    }

    /// All of an extension, named by its URN: its attributes are merged, or all removed (C26).
    fn extension(&mut self, kind: Op, urn: &str, value: Option<Value>) -> Result<(), Error> {
        let resource_type = self.resource_type;
        let Some(schema) = resource_type.extension(urn) else { return Ok(()) };
        let object = match (kind, value) {
            (Op::Remove, _) | (Op::Replace, Some(Value::Null)) => {
                return self.remove_extension(schema);
            }
            (Op::Add, Some(Value::Null)) => return Ok(()),
            (_, Some(Value::Object(object))) => object,
            (_, Some(other)) => return Err(value::misfit(urn, "an object", &other)),
            (_, None) => return Err(missing_value(kind, urn)),
        };
        let prefix = format!("{urn}:");
        for (attribute, value) in
            value::named(schema.attributes.iter(), object, &prefix, resource_type.unknown())?
        {
            let located = Located { extension: Some(schema), attribute, sub: None };
            self.attribute(kind, &located, Some(value))?;
        }
        Ok(())
    }

    fn remove_extension(&mut self, schema: &Schema) -> Result<(), Error> {
        if self.resource_type.extensions().iter().any(|e| e.required && e.schema.id == schema.id) {
            return Err(required(&schema.id));
        }
        for attribute in &schema.attributes {
            let located = Located { extension: Some(schema), attribute, sub: None };
            if attribute.is_secret() {
                self.write_only.set(located.path(), Value::Null);
            } else if located.value(&self.document).is_some() && !attribute.is_read_only() {
                if is_immutable(&located) {
                    return Err(immutable(&located.path()));
                }
                // Also one that is required: it is so only as long as the resource has the extension.
                self.put(&located, None);
            }
        }
        Ok(())
    }

    /// An attribute as a whole.
    fn attribute(&mut self, kind: Op, located: &Located<'_>, value: Option<Value>) -> Result<(), Error> {
        let attribute = located.attribute;
        let path = located.path();
        let value = match (kind, value) {
            // C4: Entra removes values by listing them. Everybody else lists none.
            (Op::Remove, Some(value)) if attribute.multi_valued && !value.is_null() => {
                let listed = value::list(attribute, value, &path, Single::Allowed)?;
                return self.remove_listed(located, &listed);
            }
            // RFC 7643 section 2.5: null is no value. To add nothing changes nothing; to replace by nothing removes.
            (Op::Add, Some(Value::Null)) => return Ok(()),
            (Op::Remove, _) | (Op::Replace, Some(Value::Null)) => return self.remove(located),
            (_, Some(value)) => value,
            (_, None) => return Err(missing_value(kind, &path)),
        };
        if attribute.is_secret() {
            if let Some(value) = value::assigned(attribute, value, &path, Single::Allowed)? {
                self.write_only.set(path, value);
            }
            return Ok(());
        }
        if attribute.multi_valued {
            return self.many(kind, located, value);
        }
        if attribute.kind == Type::Complex {
            return self.complex(kind, located, value);
        }
        match value::single(attribute, value, &path)? {
            Some(value) => self.write(located, value),
            None => self.remove(located),
        }
    }

    /// A singular complex attribute: sub-attributes that are not named stay (RFC 7644 section 3.5.2.3; C11, C48).
    fn complex(&mut self, kind: Op, located: &Located<'_>, value: Value) -> Result<(), Error> {
        let attribute = located.attribute;
        let path = located.path();
        let object = value::complex(attribute, value, &path)?;
        let prefix = format!("{path}.");
        let named = value::named(attribute.sub_attributes.iter(), object, &prefix, attribute.unknown)?;
        let new_value = named.iter().find(|(sub, _)| sub.name == "value").map(|(_, value)| value.clone());
        if let (Some(new_value), Some(Value::Object(present))) = (new_value, located.value(&self.document))
            && present.get("value").is_some_and(|present| *present != new_value)
        {
            self.forget_derived(located);
        }
        if kind == Op::Replace && self.rules.complex_replace == ComplexReplace::Replaces {
            let is_named = |sub: &Attribute| named.iter().any(|(named, _)| named.name == sub.name);
            for sub in attribute.sub_attributes.iter().filter(|sub| !sub.is_read_only() && !is_named(sub)) {
                self.sub_attribute(Op::Remove, &Located { sub: Some(sub), ..*located }, None)?;
            }
        }
        for (sub, value) in named {
            self.sub_attribute(kind, &Located { sub: Some(sub), ..*located }, Some(value))?;
        }
        Ok(())
    }

    /// A sub-attribute of a singular complex attribute.
    fn sub_attribute(&mut self, kind: Op, located: &Located<'_>, value: Option<Value>) -> Result<(), Error> {
        let path = located.path();
        let sub = located.leaf();
        let whole = Located { sub: None, ..*located };
        let present = whole.value(&self.document).and_then(|value| value.get(&sub.name)).cloned();
        let new = match (kind, value) {
            (Op::Add, Some(Value::Null)) => return Ok(()),
            (Op::Remove, _) | (Op::Replace, Some(Value::Null)) => None,
            (_, Some(value)) => value::assigned(sub, value, &path, Single::Allowed)?,
            (_, None) => return Err(missing_value(kind, &path)),
        };
        let Some(mut new) = new else {
            if present.is_none() {
                return Ok(());
            }
            if sub.required {
                return Err(required(&path));
            }
            if is_immutable(located) {
                return Err(immutable(&path));
            }
            let mut object = self.object(&whole);
            object.shift_remove(&sub.name);
            self.put(&whole, (!object.is_empty()).then_some(Value::Object(object)));
            return Ok(());
        };
        if let (Op::Add, Some(Value::Array(present)), Value::Array(added)) = (kind, &present, &mut new) {
            let mut values = present.clone();
            values.append(added);
            value::settle(sub, &mut values, &[], &path)?;
            new = Value::Array(values);
        }
        match present {
            Some(present) if is_immutable(located) && !value::alike(sub, &present, &new) => {
                return Err(immutable(&path));
            }
            Some(present) if sub.name == "value" && present != new => self.forget_derived(&whole),
            _ => {}
        }
        let mut object = self.object(&whole);
        object.insert(sub.name.clone(), new);
        self.put(&whole, Some(Value::Object(object)));
        Ok(())
    }

    /// Who a value points at has changed: what the server or the client said about the one before is not true
    /// of the new one.
    fn forget_derived(&mut self, located: &Located<'_>) {
        let mut object = self.object(located);
        for sub in &located.attribute.sub_attributes {
            if sub.is_read_only() || sub.name == "$ref" {
                object.shift_remove(&sub.name);
            }
        }
        self.put(located, Some(Value::Object(object)));
    }

    fn remove(&mut self, located: &Located<'_>) -> Result<(), Error> {
        let attribute = located.attribute;
        let path = located.path();
        if attribute.is_secret() {
            self.write_only.set(path, Value::Null);
            return Ok(());
        }
        if attribute.required {
            return Err(required(&path));
        }
        if located.value(&self.document).is_some() && is_immutable(located) {
            return Err(immutable(&path));
        }
        self.put(located, None);
        Ok(())
    }

    /// Sets the value of an attribute, unless it is set once and for all.
    pub(super) fn write(&mut self, located: &Located<'_>, value: Value) -> Result<(), Error> {
        match located.value(&self.document) {
            Some(present) if is_immutable(located) && !value::alike(located.attribute, present, &value) => {
                Err(immutable(&located.path()))
            }
            _ => {
                self.put(located, Some(value));
                Ok(())
            }
        }
    }

    /// The object that a complex attribute has, or an empty one.
    fn object(&self, located: &Located<'_>) -> Map {
        match located.value(&self.document) {
            Some(Value::Object(object)) => object.clone(),
            _ => Map::new(),
        }
    }

    /// Sets or removes a value where the attribute stands.
    pub(super) fn put(&mut self, located: &Located<'_>, value: Option<Value>) {
        let name = &located.attribute.name;
        let holder = match located.extension {
            None => &mut self.document,
            Some(extension) => {
                let holder =
                    self.document.entry(extension.id.clone()).or_insert_with(|| Value::Object(Map::new()));
                match holder {
                    Value::Object(holder) => holder,
                    // A canonical document has an object there; whatever else it was cannot be kept.
                    other => {
                        *other = Value::Object(Map::new());
                        return self.put(located, value);
                    }
                }
            }
        };
        match value {
            Some(value) => {
                holder.insert(name.clone(), value);
            }
            None => {
                holder.shift_remove(name);
            }
        }
    }
}

/// Whether what the path ends at, or the attribute around it, may be set only once.
pub(super) fn is_immutable(located: &Located<'_>) -> bool {
    located.attribute.mutability == Mutability::Immutable
        || located.leaf().mutability == Mutability::Immutable
}

/// RFC 7644 section 3.5.2.2: removing what is required fails with `mutability` (C8).
pub(super) fn required(path: &str) -> Error {
    Error::mutability(format!("{path} is required and cannot be removed; replace it instead"))
}

pub(super) fn missing_value(kind: Op, path: &str) -> Error {
    Error::invalid_value(format!("{} of {path} has no value; send one", kind.as_str()))
}

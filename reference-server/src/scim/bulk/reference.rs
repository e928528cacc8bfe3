//! References between the operations of a bulk request: `bulkId:NAME` where the id of a resource belongs that
//! another operation is still to make (RFC 7644 section 3.7.2).

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::Operation;
use crate::scim::{
    Map,
    error::{Error, quoted},
    patch,
};

const PREFIX: &str = "bulkId:";

/// The names that operations gave to resources, and the ids of those that have been made; none of a resource
/// that could not be made.
#[derive(Clone, Debug, Default)]
pub struct Resolved(HashMap<String, Option<String>>);

/// The names that an operation speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// In the path: of the resource that the operation is about.
    pub path: Option<String>,
    /// In the data.
    pub data: BTreeSet<String>,
}

/// What was left out of a resource when it was made, because it speaks of resources that were not there yet,
/// and is to be added when they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Promise(Vec<(String, Value)>);

impl References {
    /// The references of an operation.
    pub fn of(operation: &Operation) -> Self {
        let path = operation.path.as_deref().and_then(|path| path.split('/').find_map(name));
        let mut data = BTreeSet::new();
        if let Some(value) = &operation.data {
            collect(value, &mut data);
        }
        Self { path: path.map(str::to_owned), data }
    }
}

impl Resolved {
    /// Notes what became of the resource of that name.
    pub fn set(&mut self, bulk_id: String, id: Option<String>) {
        self.0.insert(bulk_id, id);
    }

    /// The path with the id in the place of the reference. Fails with 409 if there is no such resource.
    pub fn path(&self, path: &str) -> Result<String, Error> {
        let segments = path.split('/').map(|segment| match name(segment) {
            None => Ok(segment.to_owned()),
            Some(name) => self.id(name).map(str::to_owned),
        });
        Ok(segments.collect::<Result<Vec<_>, Error>>()?.join("/"))
    }

    /// The data with ids in the place of the references. Fails with 409 if there is no such resource: to leave
    /// the reference out would do something that the client did not ask for.
    pub fn data(&self, data: Value) -> Result<Value, Error> {
        Ok(match data {
            Value::String(text) => match name(&text) {
                None => Value::String(text),
                Some(name) => Value::String(self.id(name)?.to_owned()),
            },
            Value::Array(values) => {
                Value::Array(values.into_iter().map(|value| self.data(value)).collect::<Result<_, _>>()?)
            }
            Value::Object(object) => Value::Object(
                object
                    .into_iter()
                    .map(|(key, value)| Ok((key, self.data(value)?)))
                    .collect::<Result<Map, Error>>()?,
            ),
            other => other,
        })
    }

    fn id(&self, bulk_id: &str) -> Result<&str, Error> {
        let why = match self.0.get(bulk_id) {
            Some(Some(id)) => return Ok(id),
            Some(None) => "could not be made",
            None => "is made by no operation of this request",
        };
        Err(Error::new(409, None, format!("The resource with the bulkId {} {why}.", quoted(bulk_id))))
    }
}

impl Promise {
    /// Takes out of a new resource what speaks of `missing` resources: values of multi-valued attributes one by
    /// one, anything else as a whole.
    pub fn take(data: &mut Value, missing: &BTreeSet<String>) -> Self {
        let mut promise = Self::default();
        if let Value::Object(object) = data {
            promise.take_from(object, "", missing);
        }
        promise
    }

    /// Whether nothing was left out.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The PATCH that adds what was left out.
    pub fn patch(&self) -> Value {
        let add = |(path, value): &(String, Value)| json!({"op": "add", "path": path, "value": value});
        json!({"schemas": [patch::URN], "Operations": self.0.iter().map(add).collect::<Vec<_>>()})
    }

    fn take_from(&mut self, object: &mut Map, prefix: &str, missing: &BTreeSet<String>) {
        for (key, value) in object.iter_mut() {
            if !speaks_of(value, missing) {
                continue;
            }
            let path = format!("{prefix}{key}");
            match value {
                Value::Array(values) => {
                    let (late, kept) =
                        std::mem::take(values).into_iter().partition(|v| speaks_of(v, missing));
                    *values = kept;
                    self.0.push((path, Value::Array(late)));
                }
                // A key with a colon is the URN of an extension, whose attributes are told apart like any other.
                Value::Object(extension) if prefix.is_empty() && key.contains(':') => {
                    self.take_from(extension, &format!("{key}:"), missing);
                }
                value => self.0.push((path, value.take())),
            }
        }
    }
}

fn name(text: &str) -> Option<&str> {
    text.strip_prefix(PREFIX)
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => names.extend(name(text).map(str::to_owned)),
        Value::Array(values) => values.iter().for_each(|value| collect(value, names)),
        Value::Object(object) => object.values().for_each(|value| collect(value, names)),
        _ => {}
    }
}

fn speaks_of(value: &Value, missing: &BTreeSet<String>) -> bool {
    match value {
        Value::String(text) => name(text).is_some_and(|name| missing.contains(name)),
        Value::Array(values) => values.iter().any(|value| speaks_of(value, missing)),
        Value::Object(object) => object.values().any(|value| speaks_of(value, missing)),
        _ => false,
    }
}

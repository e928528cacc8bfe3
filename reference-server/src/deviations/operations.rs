//! Reading the bodies of writes: what the operations of a PATCH aim at, with and without a path, and taking an
//! attribute out of a body in whatever form it is written.

use serde_json::{Map, Value, json};

use super::{
    active::{for_operations, member},
    writes::Write,
};
use crate::scim::{AttrPath, PatchPath, filter::Span, schema};

/// What one operation, or one key of its value, aims at.
#[derive(Clone, Debug)]
pub(super) struct Aim {
    /// `add`, `remove` or `replace`, in lower case.
    pub(super) op: String,
    /// Where.
    pub(super) path: PatchPath,
    /// The value; null if there is none.
    pub(super) value: Value,
    /// Whether the operation has a path, and not only a key.
    pub(super) by_path: bool,
}

impl Aim {
    /// Whether it is about an attribute that is not an extension's.
    pub(super) fn names(&self, attribute: &str) -> bool {
        let path = self.path.attribute();
        path.name.eq_ignore_ascii_case(attribute) && is_core(path.urn.as_deref())
    }

    /// The sub-attribute that the path ends with.
    pub(super) fn sub(&self) -> Option<&str> {
        match &self.path {
            PatchPath::Attribute(path) => path.sub.as_deref(),
            PatchPath::Values { sub, .. } => sub.as_deref(),
        }
    }

    /// Whether the path selects values by a filter.
    pub(super) fn is_filtered(&self) -> bool {
        matches!(self.path, PatchPath::Values { .. })
    }
}

/// What the operations of a PATCH aim at, in their order.
pub(super) fn aims(body: &Value) -> Vec<Aim> {
    operations(body).iter().flat_map(aims_of).collect()
}

/// The operations of a PATCH.
pub(super) fn operations(body: &Value) -> Vec<Value> {
    let mut body = body.clone();
    for_operations(&mut body, std::mem::take).unwrap_or_default()
}

/// What one operation aims at.
pub(super) fn aims_of(operation: &Value) -> Vec<Aim> {
    let op = text(operation, "op").to_ascii_lowercase();
    let value = field(operation, "value").cloned().unwrap_or_default();
    match field(operation, "path").and_then(Value::as_str) {
        Some(path) => {
            let aim = |path| Aim { op, path, value, by_path: true };
            PatchPath::parse(path).ok().map(aim).into_iter().collect()
        }
        None => value.as_object().map(|object| keys(&op, None, object)).unwrap_or_default(),
    }
}

/// A member of an object, letter case aside.
pub(super) fn field<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// A member that is a string.
pub(super) fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    field(object, name).and_then(Value::as_str).unwrap_or_default()
}

/// Takes an attribute out of a write. A PATCH of which nothing is left changes nothing.
pub(super) fn strip(write: &mut Write, attribute: &str) {
    if !write.is_patch() {
        remove(&mut write.body, attribute);
        return;
    }
    edit_operations(write, |operation| {
        let aims = aims_of(operation);
        if !aims.iter().any(|aim| aim.names(attribute)) {
            return true;
        }
        match member(operation, "value") {
            Some(value) if aims.iter().all(|aim| !aim.by_path) => {
                remove(value, attribute);
                value.as_object().is_some_and(|object| !object.is_empty())
            }
            _ => false,
        }
    });
}

/// Changes the operations of a PATCH, or drops them. If none is left, one is put there that does nothing.
pub(super) fn edit_operations(write: &mut Write, keep: impl FnMut(&mut Value) -> bool) {
    let urn = if write.is_group() { schema::GROUP } else { schema::USER };
    for_operations(&mut write.body, |operations| {
        let had = !operations.is_empty();
        operations.retain_mut(keep);
        if had && operations.is_empty() {
            operations.push(json!({"op": "add", "path": "schemas", "value": [urn]}));
        }
    });
}

/// Whether a URN, or none, names a core schema.
pub(super) fn is_core(urn: Option<&str>) -> bool {
    urn.is_none_or(|urn| [schema::USER, schema::GROUP].iter().any(|core| urn.eq_ignore_ascii_case(core)))
}

fn keys(op: &str, urn: Option<&str>, object: &Map<String, Value>) -> Vec<Aim> {
    let of_key = |(key, value): (&String, &Value)| {
        if let (None, Some(nested)) = (urn, value.as_object().filter(|_| key.starts_with("urn:"))) {
            return keys(op, Some(key), nested);
        }
        let path = match urn {
            None => PatchPath::parse(key).ok(),
            Some(urn) => Some(PatchPath::Attribute(AttrPath {
                urn: Some(urn.to_owned()),
                name: key.clone(),
                sub: None,
                span: Span { start: 0, end: 0 },
            })),
        };
        let aim = |path| Aim { op: op.to_owned(), path, value: value.clone(), by_path: false };
        path.map(aim).into_iter().collect()
    };
    object.iter().flat_map(of_key).collect()
}

fn remove(body: &mut Value, attribute: &str) {
    let Some(object) = body.as_object_mut() else { return };
    object.retain(|key, value| {
        if is_core(Some(key)) {
            remove(value, attribute);
            return value.as_object().is_none_or(|object| !object.is_empty());
        }
        let bare = match key.rsplit_once(':') {
            Some((urn, bare)) if is_core(Some(urn)) => bare,
            Some(_) => return true,
            None => key,
        };
        !bare.eq_ignore_ascii_case(attribute)
    });
}

//! Changes to values of multi-valued attributes: added, removed and replaced as a list, or selected by a filter
//! (RFC 7644 sections 3.5.2.1 to 3.5.2.3).

use serde_json::Value;

use super::{
    FilteredValue, Op, PatchRules,
    apply::{Patch, is_immutable, missing_value, required},
};
use crate::scim::{
    error::Error,
    filter::ValueFilter,
    resource::{
        immutable,
        value::{self, Single},
    },
    schema::{Attribute, Located, Mutability},
};

impl Patch<'_> {
    /// Add or replace of the whole list. A single value may stand without an array (RFC7644-3.5.2.1-L11).
    pub(super) fn many(&mut self, kind: Op, located: &Located<'_>, value: Value) -> Result<(), Error> {
        let path = located.path();
        let given = value::list(located.attribute, value, &path, Single::Allowed)?;
        let mut values = if kind == Op::Add { self.elements(located) } else { Vec::new() };
        let fresh: Vec<usize> = (values.len()..values.len() + given.len()).collect();
        values.extend(given);
        value::settle(located.attribute, &mut values, &fresh, &path)?;
        self.store(located, values)
    }

    /// Removes the listed values and no others (C4). A listed value means those that have all its sub-attributes.
    pub(super) fn remove_listed(&mut self, located: &Located<'_>, listed: &[Value]) -> Result<(), Error> {
        let attribute = located.attribute;
        let mut values = self.elements(located);
        values.retain(|value| !listed.iter().any(|listed| covers(attribute, listed, value)));
        self.store(located, values)
    }

    /// An operation on the values that a filter selects, or on a sub-attribute of each.
    pub(super) fn values(
        &mut self,
        kind: Op,
        located: &Located<'_>,
        filter: &ValueFilter,
        value: Option<Value>,
        rules: PatchRules,
    ) -> Result<(), Error> {
        let attribute = located.attribute;
        let path = located.path();
        if rules.filtered_value == FilteredValue::BySubAttribute
            && located.sub.is_none()
            && kind != Op::Remove
        {
            return Err(Error::invalid_path(format!(
                "{path} has a filter and no sub-attribute behind it; name the one to change"
            )));
        }
        let value = match (kind, value) {
            (Op::Remove, _) | (Op::Replace, Some(Value::Null)) => None,
            (Op::Add, Some(Value::Null)) => return Ok(()),
            (_, Some(value)) => Some(value),
            (_, None) => return Err(missing_value(kind, &path)),
        };
        let mut values = self.elements(located);
        let matching: Vec<usize> = (0..values.len()).filter(|at| filter.matches(&values[*at])).collect();
        if matching.is_empty() {
            return match value {
                // C3: a remove that finds nothing has nothing to do.
                None if kind == Op::Remove => Ok(()),
                Some(value) if kind == Op::Add || rules.create_missing_typed_value => {
                    self.create(located, filter, value)
                }
                _ => Err(no_match(&path)),
            };
        }
        match (value, located.sub) {
            (None, None) => {
                let mut at = 0;
                values.retain(|_| {
                    at += 1;
                    !matching.contains(&(at - 1))
                });
                return self.store(located, values);
            }
            (None, Some(sub)) => {
                for at in &matching {
                    remove_sub(located, sub, &mut values[*at])?;
                }
                values.retain(|value| !value.is_null());
                return self.store(located, values);
            }
            (Some(value), None) => {
                for at in &matching {
                    values[*at] = self::value(kind, located, &values[*at], &value)?;
                }
            }
            (Some(value), Some(sub)) => {
                let Some(value) = value::assigned(sub, value, &path, Single::Allowed)? else {
                    return Err(Error::invalid_value(format!("{path} has no value that could be set")));
                };
                for at in &matching {
                    set_sub(located, sub, &mut values[*at], value.clone())?;
                }
            }
        }
        let fresh = if sets_primary(located, &values, &matching) { matching } else { Vec::new() };
        value::settle(attribute, &mut values, &fresh, &path)?;
        self.store(located, values)
    }

    /// Makes the value that a filter describes and does not find (C1, C2). Only a filter of `eq` and `and` says
    /// what the value is, and the operation must not say otherwise.
    fn create(&mut self, located: &Located<'_>, filter: &ValueFilter, value: Value) -> Result<(), Error> {
        let (attribute, path) = (located.attribute, located.path());
        let Some(facts) = filter.facts().filter(|_| located.attribute.multi_valued) else {
            return Err(no_match(&path));
        };
        let mut object = facts.clone();
        match (located.sub, value) {
            (Some(sub), value) => {
                object.insert(sub.name.clone(), value);
            }
            (None, value) => {
                let given = value::complex(located.attribute, value, &path)?;
                for (sub, value) in
                    value::named(attribute.sub_attributes.iter(), given, &path, attribute.unknown)?
                {
                    object.insert(sub.name.clone(), value);
                }
            }
        }
        let value = value::single(located.attribute, Value::Object(object), &path)?;
        let Some(value) = value.filter(|value| filter.matches(value)) else {
            return Err(no_match(&path));
        };
        let mut values = self.elements(located);
        values.push(value);
        let fresh = [values.len() - 1];
        value::settle(located.attribute, &mut values, &fresh, &path)?;
        self.store(located, values)
    }

    /// The values that an attribute has; a singular one has one or none.
    fn elements(&self, located: &Located<'_>) -> Vec<Value> {
        match located.value(&self.document) {
            None => Vec::new(),
            Some(Value::Array(values)) => values.clone(),
            Some(value) => vec![value.clone()],
        }
    }

    fn store(&mut self, located: &Located<'_>, mut values: Vec<Value>) -> Result<(), Error> {
        let attribute = located.attribute;
        let whole = Located { sub: None, ..*located };
        let present = whole.value(&self.document);
        if values.is_empty() {
            if present.is_some() && attribute.required {
                return Err(required(&whole.path()));
            }
            if present.is_some() && attribute.mutability == Mutability::Immutable {
                return Err(immutable(&whole.path()));
            }
            self.put(&whole, None);
            return Ok(());
        }
        if attribute.multi_valued {
            return self.write(&whole, Value::Array(values));
        }
        match (values.pop(), values.is_empty()) {
            (Some(value), true) => self.write(&whole, value),
            _ => Err(Error::invalid_value(format!("{} has one value only", whole.path()))),
        }
    }
}

/// A selected value after an add, which merges, or a replace, which replaces it as a whole (C12).
fn value(kind: Op, located: &Located<'_>, present: &Value, given: &Value) -> Result<Value, Error> {
    let attribute = located.attribute;
    let path = located.path();
    let given = match given {
        Value::Array(given) if given.len() == 1 => &given[0],
        given => given,
    };
    let Some(mut new) = value::single(attribute, given.clone(), &path)? else {
        return Err(Error::invalid_value(format!("{path} has no value that could be set")));
    };
    for sub in attribute.sub_attributes.iter().filter(|sub| sub.mutability == Mutability::Immutable) {
        let (before, after) = (present.get(&sub.name), new.get(&sub.name));
        let stays = kind == Op::Add && after.is_none();
        if let Some(before) = before
            && !stays
            && !after.is_some_and(|after| value::alike(sub, before, after))
        {
            return Err(immutable(&format!("{path}.{}", sub.name)));
        }
    }
    if let (Op::Add, Value::Object(present), Value::Object(new)) = (kind, present, &mut new) {
        let mut merged = present.clone();
        merged.append(new);
        return Ok(Value::Object(merged));
    }
    Ok(new)
}

fn set_sub(located: &Located<'_>, sub: &Attribute, value: &mut Value, new: Value) -> Result<(), Error> {
    let Value::Object(object) = value else { return Ok(()) };
    match object.get(&sub.name) {
        Some(present) if is_immutable(located) && !value::alike(sub, present, &new) => {
            Err(immutable(&located.path()))
        }
        _ => {
            object.insert(sub.name.clone(), new);
            Ok(())
        }
    }
}

/// Takes a sub-attribute away. A value whose `value` is gone is none, and becomes null.
fn remove_sub(located: &Located<'_>, sub: &Attribute, value: &mut Value) -> Result<(), Error> {
    let Value::Object(object) = value else { return Ok(()) };
    if !object.contains_key(&sub.name) {
        return Ok(());
    }
    if sub.required {
        return Err(required(&located.path()));
    }
    if is_immutable(located) {
        return Err(immutable(&located.path()));
    }
    object.shift_remove(&sub.name);
    if object.is_empty() || (sub.name == "value" && located.attribute.multi_valued) {
        *value = Value::Null;
    }
    Ok(())
}

/// Whether the change has written `primary`: all of the value, or that sub-attribute.
fn sets_primary(located: &Located<'_>, values: &[Value], matching: &[usize]) -> bool {
    let names_it = located.sub.is_none_or(|sub| sub.name == "primary");
    names_it && matching.iter().any(|at| values[*at].get("primary") == Some(&Value::Bool(true)))
}

/// Whether a value has everything that the listed one has.
fn covers(attribute: &Attribute, listed: &Value, value: &Value) -> bool {
    match (listed, value) {
        (Value::Object(listed), Value::Object(value)) => {
            !listed.is_empty()
                && listed.iter().all(|(name, listed)| {
                    match (attribute.sub_attribute(name), value.get(name)) {
                        (Some(sub), Some(value)) => value::alike(sub, listed, value),
                        // A value that does not say that it is the primary one is not.
                        (Some(sub), None) => sub.name == "primary" && *listed == Value::Bool(false),
                        (None, _) => false,
                    }
                })
        }
        (listed, value) => value::alike(attribute, listed, value),
    }
}

/// RFC 7644 section 3.5.2.3: a filter that matches nothing leaves nothing to replace.
fn no_match(path: &str) -> Error {
    Error::no_target(format!("the filter of {path} matches no value; add the value first, without a filter"))
}

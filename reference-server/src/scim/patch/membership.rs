//! Changes to a group's members. Members are rows in the store, not part of the document, and there may be a
//! hundred thousand of them; so a PATCH is turned into a change that needs no look at them wherever that is possible.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    Op,
    apply::{missing_value, required},
};
use crate::scim::{
    Map,
    error::Error,
    filter::ValueFilter,
    resource::{
        immutable,
        value::{self, Single},
    },
    schema::{Attribute, Located},
};

/// A member as a client names it (RFC 7643 section 4.2). All its parts are immutable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The id of the member's resource.
    pub value: String,
    /// The type of that resource (`User`, `Group`), if the client said it.
    pub kind: Option<String>,
    /// A name to show, if the client said it.
    pub display: Option<String>,
    /// The URI, if the client said it.
    pub reference: Option<String>,
}

/// What a PATCH does to the members.
#[derive(Clone, Debug, PartialEq)]
pub enum Membership {
    /// Nothing.
    Untouched,
    /// A change that can be made without knowing the members.
    Change(MembershipChange),
    /// A change that depends on the members: read them and ask [`MembershipPlan::resolve`].
    NeedsRows(MembershipPlan),
}

/// A change to the members that can be made without knowing them. Any sequence of operations comes to this:
/// clear, if asked; then remove; then add. Removing who is no member and adding who is one changes nothing
/// (RFC 7644 sections 3.5.2.1 and 3.5.2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MembershipChange {
    /// Whether all present members go first.
    pub clear: bool,
    /// The values of the members that go; none if all go.
    pub remove: Vec<String>,
    /// The members that come, in the order in which the client named them, each value once.
    pub add: Vec<Member>,
}

/// Operations of which at least one selects members by more than their value.
#[derive(Clone, Debug)]
pub struct MembershipPlan {
    steps: Vec<Step>,
}

/// One operation on the members.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Replace(Vec<Member>),
    Add(Vec<Member>),
    Remove(Vec<String>),
    RemoveWhere(ValueFilter),
}

impl Member {
    /// The member with that value of which nothing else is known.
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), kind: None, display: None, reference: None }
    }

    /// The value of `members` that stands for it in a resource.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("value".to_owned(), self.value.clone().into());
        let others = [("$ref", &self.reference), ("type", &self.kind), ("display", &self.display)];
        for (name, text) in others {
            if let Some(text) = text {
                object.insert(name.to_owned(), text.clone().into());
            }
        }
        Value::Object(object)
    }

    /// The members that the value of an attribute names, each once.
    pub(crate) fn list(attribute: &Attribute, value: Value, single: Single) -> Result<Vec<Self>, Error> {
        let values = value::list(attribute, value, &attribute.name, single)?;
        let mut seen = HashSet::new();
        let members = values.iter().filter_map(Self::read);
        Ok(members.filter(|member| seen.insert(member.value.clone())).collect())
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            value: text("value")?,
            kind: text("type"),
            display: text("display"),
            reference: text("$ref"),
        })
    }
}

impl Membership {
    pub(super) fn of(steps: Vec<Step>) -> Self {
        if steps.is_empty() {
            return Self::Untouched;
        }
        match MembershipChange::fold(&steps, |_, _| None) {
            Some(change) => Self::Change(change),
            None => Self::NeedsRows(MembershipPlan { steps }),
        }
    }
}

impl MembershipChange {
    /// The change that leaves exactly these members: what a PUT or a create asks for.
    pub fn replace_all(members: Vec<Member>) -> Self {
        Self { clear: true, remove: Vec::new(), add: members }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        !self.clear && self.remove.is_empty() && self.add.is_empty()
    }

    /// Makes the change to a list of members and says whether it made a difference. A member that goes and comes
    /// back in one request stays as it was.
    pub fn apply_to(&self, rows: &mut Vec<Member>) -> bool {
        let gone: HashSet<&str> = self.remove.iter().map(String::as_str).collect();
        let come: HashSet<&str> = self.add.iter().map(|member| member.value.as_str()).collect();
        let before = rows.len();
        rows.retain(|row| {
            let value = row.value.as_str();
            come.contains(value) || !(self.clear || gone.contains(value))
        });
        let mut changed = rows.len() != before;
        let present: HashSet<String> = rows.iter().map(|row| row.value.clone()).collect();
        for member in &self.add {
            if !present.contains(&member.value) {
                rows.push(member.clone());
                changed = true;
            }
        }
        changed
    }

    /// Folds operations into one change; nothing if one of them selects in a way that `select` cannot answer.
    fn fold(steps: &[Step], select: impl Fn(&ValueFilter, &Self) -> Option<Vec<String>>) -> Option<Self> {
        let mut change = Self::default();
        for step in steps {
            match step {
                Step::Replace(members) => change = Self::replace_all(members.clone()),
                Step::Add(members) => change.add(members),
                Step::Remove(values) => change.remove(values),
                Step::RemoveWhere(filter) => {
                    let values = select(filter, &change)?;
                    change.remove(&values);
                }
            }
        }
        Some(change)
    }

    fn add(&mut self, members: &[Member]) {
        let mut present: HashSet<String> = self.add.iter().map(|member| member.value.clone()).collect();
        self.add.extend(members.iter().filter(|member| present.insert(member.value.clone())).cloned());
    }

    fn remove(&mut self, values: &[String]) {
        let gone: HashSet<&String> = values.iter().collect();
        self.add.retain(|member| !gone.contains(&member.value));
        if !self.clear {
            let mut present: HashSet<String> = self.remove.iter().cloned().collect();
            self.remove.extend(values.iter().filter(|value| present.insert((*value).clone())).cloned());
        }
    }
}

impl MembershipPlan {
    /// The change that the operations come to for a group with these members.
    pub fn resolve(&self, rows: &[Member]) -> MembershipChange {
        let select = |filter: &ValueFilter, change: &MembershipChange| {
            let mut members = rows.to_vec();
            change.apply_to(&mut members);
            let matching = members.into_iter().filter(|member| filter.matches(&member.to_json()));
            Some(matching.map(|member| member.value).collect())
        };
        MembershipChange::fold(&self.steps, select).unwrap_or_default()
    }
}

/// Filters have no equality of their own; two plans are equal if they print alike.
impl PartialEq for MembershipPlan {
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

/// What an operation on the members comes to; nothing if it changes nothing whoever the members are.
pub(super) fn step(
    kind: Op,
    located: &Located<'_>,
    filter: Option<ValueFilter>,
    value: Option<Value>,
) -> Result<Option<Step>, Error> {
    let attribute = located.attribute;
    let path = located.path();
    if let Some(sub) = located.sub {
        // RFC 7643 section 4.2: members are added and removed, not edited.
        let edited = if sub.required && kind == Op::Remove { required(&path) } else { edit(&path) };
        return Err(edited);
    }
    match (kind, filter) {
        (Op::Remove, Some(filter)) => Ok(Some(match filter.values() {
            Some(values) => Step::Remove(values.to_vec()),
            None => Step::RemoveWhere(filter),
        })),
        // C4: Entra names the members that go in the value. Without one, all go.
        (Op::Remove, None) => match value {
            None | Some(Value::Null) => Ok(Some(Step::Replace(Vec::new()))),
            Some(value) => {
                let members = Member::list(attribute, value, Single::Allowed)?;
                Ok(Some(Step::Remove(members.into_iter().map(|member| member.value).collect())))
            }
        },
        (Op::Add, filter) => {
            let value = value.ok_or_else(|| missing_value(kind, &path))?;
            let mut members = Member::list(attribute, value, Single::Allowed)?;
            if let Some(filter) = filter {
                members.retain(|member| filter.matches(&member.to_json()));
                if members.is_empty() {
                    return Err(edit(&path));
                }
            }
            Ok((!members.is_empty()).then_some(Step::Add(members)))
        }
        (Op::Replace, None) => {
            let value = value.ok_or_else(|| missing_value(kind, &path))?;
            Ok(Some(Step::Replace(Member::list(attribute, value, Single::Allowed)?)))
        }
        (Op::Replace, Some(_)) => Err(edit(&path)),
    }
}

fn edit(path: &str) -> Error {
    immutable(path)
}

//! Sorting (RFC 7644 section 3.4.2.3): what a client asks for, and the keys by which resources are put in order.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::{
    Map, compare,
    error::{Error, quoted},
    path::AttrPath,
    schema::{Attribute, Located, ResourceType, Target, Type},
};

/// What a client asks for: an attribute and a direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortBy {
    path: AttrPath,
    /// The direction.
    pub order: SortOrder,
}

/// A direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortOrder {
    /// The smallest first, what has no value last.
    #[default]
    Ascending,
    /// The other way round.
    Descending,
}

/// Where resources of one type have the value that they are sorted by; nowhere, if the type does not have the
/// attribute.
#[derive(Clone, Debug)]
pub struct SortField(Option<Place>);

/// What a resource is sorted by. Keys of one attribute compare as RFC 7644 section 3.4.2.3 says; no value
/// comes after every value.
#[derive(Clone, Debug, PartialEq)]
pub enum SortKey {
    /// A Boolean, false first.
    Boolean(bool),
    /// A number.
    Number(Number),
    /// An instant.
    Instant(jiff::Timestamp),
    /// Text, folded where letter case does not count.
    Text(Box<str>),
    /// No value.
    Missing,
}

#[derive(Clone, Debug)]
struct Place {
    extension: Option<String>,
    attribute: Attribute,
    sub: Option<Attribute>,
}

impl SortBy {
    /// Reads the two parameters. Fails with `invalidValue` if the direction is neither `ascending` nor
    /// `descending`, or the attribute is no path.
    pub fn parse(sort_by: &str, sort_order: Option<&str>) -> Result<Self, Error> {
        let path =
            AttrPath::parse(sort_by).map_err(|error| Error::invalid_value(error.detail).at("sortBy"))?;
        let order = match sort_order {
            None => SortOrder::Ascending,
            Some(text) if text.eq_ignore_ascii_case("ascending") => SortOrder::Ascending,
            Some(text) if text.eq_ignore_ascii_case("descending") => SortOrder::Descending,
            Some(other) => {
                let detail = format!("sortOrder is {} and has to be ascending or descending", quoted(other));
                return Err(Error::invalid_value(detail));
            }
        };
        Ok(Self { path, order })
    }

    /// Where resources of these types have the value, one answer for each type. Fails with `invalidValue` if
    /// none of them has such an attribute, or it cannot be compared.
    pub fn bind(&self, types: &[&ResourceType]) -> Result<Vec<SortField>, Error> {
        let mut found = false;
        let fields = types.iter().map(|resource_type| {
            let Some(Target::Attribute(located)) = resource_type.locate(&self.path) else {
                return Ok(SortField(None));
            };
            found = true;
            Self::place(&located).map(|place| SortField(Some(place)))
        });
        let fields = fields.collect::<Result<_, _>>()?;
        if !found {
            let path = quoted(&self.path.to_string());
            return Err(Error::invalid_value(format!("sortBy names no attribute: {path}; see /Schemas")));
        }
        Ok(fields)
    }

    fn place(located: &Located<'_>) -> Result<Place, Error> {
        let refuse = |why: &str| Err(Error::invalid_value(format!("sortBy: {} {why}", located.path())));
        if located.leaf().is_secret() || located.attribute.is_secret() {
            return refuse("is never returned, so nothing can be sorted by it");
        }
        let sub = match located.sub {
            None if located.attribute.kind == Type::Complex => {
                // The values of emails are known by their value, as in a filter (C24).
                match located.attribute.value_attribute() {
                    Some(value) => Some(value),
                    None => return refuse("is complex; name a sub-attribute, as in name.familyName"),
                }
            }
            sub => sub,
        };
        Ok(Place {
            extension: located.extension.map(|extension| extension.id.clone()),
            attribute: located.attribute.clone(),
            sub: sub.cloned(),
        })
    }
}

impl SortField {
    /// Whether the value is in that attribute of the base schema.
    pub fn reads(&self, attribute: &str) -> bool {
        self.0.as_ref().is_some_and(|place| place.extension.is_none() && place.attribute.name == attribute)
    }

    /// The key of a resource in canonical form. Of several values the primary one counts, else the first.
    pub fn key(&self, resource: &Map) -> SortKey {
        self.0.as_ref().and_then(|place| place.key(resource)).unwrap_or(SortKey::Missing)
    }
}

impl SortOrder {
    /// Compares two keys in this direction.
    pub fn compare(self, left: &SortKey, right: &SortKey) -> Ordering {
        match self {
            Self::Ascending => left.compare(right),
            Self::Descending => right.compare(left),
        }
    }
}

impl SortKey {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Boolean(left), Self::Boolean(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => {
                compare::numbers(left, right).unwrap_or(Ordering::Equal)
            }
            (Self::Instant(left), Self::Instant(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            // Two resource types may give one name to attributes of two types.
            (left, right) => left.rank().cmp(&right.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Boolean(_) => 0,
            Self::Number(_) => 1,
            Self::Instant(_) => 2,
            Self::Text(_) => 3,
            Self::Missing => 4,
        }
    }
}

impl Place {
    fn key(&self, resource: &Map) -> Option<SortKey> {
        let holder = match &self.extension {
            None => resource,
            Some(urn) => resource.get(urn)?.as_object()?,
        };
        let value = match holder.get(&self.attribute.name)? {
            Value::Array(values) => {
                let primary = values.iter().find(|value| value.get("primary") == Some(&Value::Bool(true)));
                primary.or(values.first())?
            }
            value => value,
        };
        let (leaf, value) = match &self.sub {
            None => (&self.attribute, value),
            Some(sub) => (sub, value.get(&sub.name)?),
        };
        match (leaf.kind, value) {
            (Type::DateTime, Value::String(text)) => compare::instant(text).map(SortKey::Instant),
            (_, Value::String(text)) if text.is_empty() => None,
            (_, Value::String(text)) => Some(SortKey::Text(compare::key(leaf, text).into())),
            (_, Value::Number(number)) => Some(SortKey::Number(number.clone())),
            (_, Value::Bool(boolean)) => Some(SortKey::Boolean(*boolean)),
            _ => None,
        }
    }
}

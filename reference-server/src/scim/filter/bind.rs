//! Checks a filter against a schema and makes it ready to be matched: every path names an attribute that may be
//! compared so, every literal has become a comparison key. What can fail fails here; matching cannot.

use serde_json::{Number, Value};

use super::{CompareOp, Filter, Literal, Test, evaluate::holds};
use crate::scim::{
    Map, compare,
    error::{Error, quoted},
    path::AttrPath,
    schema::{Attribute, ResourceType, Target, Type},
};

/// A filter over resources of one type.
#[derive(Clone, Debug)]
pub struct ResourceFilter {
    pub(super) node: Node,
    lookup: Option<Lookup>,
}

/// A filter over the values of one attribute: what stands in the brackets of a PATCH path.
#[derive(Clone, Debug)]
pub struct ValueFilter {
    pub(super) node: Node,
    facts: Option<Map>,
    values: Option<Vec<String>>,
}

/// How a store finds all resources that can match: those with this key in the index of this attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// `id`, or one of the paths of [`ResourceType::indexed`].
    pub attribute: String,
    /// The value in the form in which it is compared: folded where letter case does not count.
    pub key: String,
    /// Whether all that are found match; otherwise the filter has to be asked as well.
    pub exact: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    Test(Place, Check),
    /// One value of the attribute must match.
    Values(Place, Box<Node>),
    /// What is known without looking at a resource.
    Known(bool),
}

/// Where the values of a test are, in the schema's spelling. Inside brackets there is no attribute, and no
/// sub-attribute either if the values are simple.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) extension: Option<String>,
    pub(super) attribute: Option<String>,
    pub(super) sub: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) enum Check {
    Present,
    /// `eq null`: null and absence are one state (RFC 7643 section 2.5).
    Absent,
    Text {
        op: CompareOp,
        exact: bool,
        key: String,
    },
    /// `absent` is what a missing value counts as.
    Boolean {
        equal: bool,
        expected: bool,
        absent: Option<bool>,
    },
    Number {
        op: CompareOp,
        number: Number,
    },
    Instant {
        op: CompareOp,
        instant: jiff::Timestamp,
    },
}

impl Filter {
    /// Checks the filter against the schemas of a resource type. Fails with `invalidFilter` if it names an
    /// attribute that no schema defines or that is never returned, or compares what cannot be compared.
    pub fn bind(&self, resource_type: &ResourceType) -> Result<ResourceFilter, Error> {
        self.bind_one(resource_type, &[])
    }

    /// The same for several resource types at once, one filter for each. RFC 7644 section 3.4.2.1: an attribute
    /// that a type does not have counts there as one without value; one that none of them has is an error.
    pub fn bind_all(&self, types: &[&ResourceType]) -> Result<Vec<ResourceFilter>, Error> {
        types.iter().map(|resource_type| self.bind_one(resource_type, types)).collect()
    }

    fn bind_one(
        &self,
        resource_type: &ResourceType,
        others: &[&ResourceType],
    ) -> Result<ResourceFilter, Error> {
        let node = bind(self, Scope::Resource(resource_type, others))?;
        let lookup = lookup(&node, resource_type);
        Ok(ResourceFilter { node, lookup })
    }

    /// Checks the filter against the sub-attributes of an attribute, whose values it then selects.
    pub fn bind_values(&self, attribute: &Attribute) -> Result<ValueFilter, Error> {
        let node = bind(self, Scope::Values(attribute))?;
        Ok(ValueFilter { node, facts: facts(self, attribute), values: values(self) })
    }
}

impl ResourceFilter {
    /// How to find the candidates without looking at every resource, if the filter allows it.
    pub fn lookup(&self) -> Option<&Lookup> {
        self.lookup.as_ref()
    }

    /// Whether no resource of the type can match, whatever it holds.
    pub fn is_never(&self) -> bool {
        fn never(node: &Node) -> bool {
            match node {
                Node::Known(holds) => !holds,
                Node::And(nodes) => nodes.iter().any(never),
                Node::Or(nodes) => nodes.iter().all(never),
                Node::Not(inner) => matches!(**inner, Node::Known(true)),
                Node::Test(..) | Node::Values(..) => false,
            }
        }
        never(&self.node)
    }

    /// Whether the filter looks at that attribute of the base schema. Whoever keeps an attribute's values
    /// apart (`members`, `groups`) has to fetch them for such a filter only.
    pub fn reads(&self, attribute: &str) -> bool {
        reads(&self.node, attribute)
    }
}

impl ValueFilter {
    /// The sub-attributes that a value must have to match, if the filter is nothing but `eq` and `and`: from
    /// these a value that is missing can be made (C1, C2).
    pub fn facts(&self) -> Option<&Map> {
        self.facts.as_ref()
    }

    /// The only values of `value` that match, if the filter is nothing but `value eq` and `or`.
    pub fn values(&self) -> Option<&[String]> {
        self.values.as_deref()
    }
}

impl Place {
    /// The path as [`ResourceType::indexed`] writes it.
    fn path(&self) -> String {
        let urn = self.extension.as_ref().map(|urn| format!("{urn}:")).unwrap_or_default();
        let sub = self.sub.as_ref().map(|sub| format!(".{sub}")).unwrap_or_default();
        format!("{urn}{}{sub}", self.attribute.as_deref().unwrap_or_default())
    }
}

/// What the names in a filter refer to.
#[derive(Clone, Copy)]
enum Scope<'a> {
    /// Resources of one type, and the types that are asked about together with it.
    Resource(&'a ResourceType, &'a [&'a ResourceType]),
    Values(&'a Attribute),
}

impl<'a> Scope<'a> {
    /// The attribute that is compared, the one that holds it, and where; nothing if another of the types has it
    /// and this one has not.
    fn find(self, path: &AttrPath) -> Result<Option<(&'a Attribute, &'a Attribute, Place)>, Error> {
        match self {
            Scope::Resource(resource_type, others) => {
                let Some(Target::Attribute(located)) = resource_type.locate(path) else {
                    let elsewhere =
                        |other: &&ResourceType| matches!(other.locate(path), Some(Target::Attribute(_)));
                    if others.iter().any(elsewhere) {
                        return Ok(None);
                    }
                    return Err(Error::invalid_filter(format!(
                        "{} names no attribute of a {} to compare (at byte {}); see /Schemas",
                        quoted(&path.to_string()),
                        resource_type.name(),
                        path.span.start
                    )));
                };
                let place = Place {
                    extension: located.extension.map(|extension| extension.id.clone()),
                    attribute: Some(located.attribute.name.clone()),
                    sub: located.sub.map(|sub| sub.name.clone()),
                };
                Ok(Some((located.leaf(), located.attribute, place)))
            }
            Scope::Values(attribute) => {
                let sub = if path.urn.is_some() || path.sub.is_some() {
                    None
                } else if attribute.kind == Type::Complex {
                    attribute.sub_attribute(&path.name)
                } else {
                    // A simple value is what "value" names (RFC 7644 section 3.5.2).
                    path.name.eq_ignore_ascii_case("value").then_some(attribute)
                };
                let Some(sub) = sub else {
                    return Err(Error::invalid_filter(format!(
                        "{} is no sub-attribute of {} (at byte {}); inside brackets only those can stand",
                        quoted(&path.to_string()),
                        attribute.name,
                        path.span.start
                    )));
                };
                let name = (attribute.kind == Type::Complex).then(|| sub.name.clone());
                Ok(Some((sub, attribute, Place { extension: None, attribute: None, sub: name })))
            }
        }
    }
}

fn bind(filter: &Filter, scope: Scope<'_>) -> Result<Node, Error> {
    let all =
        |filters: &[Filter]| filters.iter().map(|filter| bind(filter, scope)).collect::<Result<Vec<_>, _>>();
    match filter {
        Filter::Or(filters) => Ok(Node::Or(all(filters)?)),
        Filter::And(filters) => Ok(Node::And(all(filters)?)),
        Filter::Not(inner) => Ok(Node::Not(Box::new(bind(inner, scope)?))),
        Filter::Test(path, test) => bind_test(path, test, scope),
        Filter::Values { attribute: path, filter, sub } => {
            let Some((attribute, _, place)) = scope.find(path)? else { return Ok(Node::Known(false)) };
            if matches!(scope, Scope::Values(_)) {
                return Err(Error::invalid_filter("Brackets cannot stand inside brackets".to_owned()));
            }
            let values = Scope::Values(attribute);
            let mut node = bind(filter, values)?;
            if let Some((name, test)) = sub {
                let path = AttrPath { urn: None, name: name.clone(), sub: None, span: path.span };
                node = Node::And(vec![node, bind_test(&path, test, values)?]);
            }
            Ok(Node::Values(place, Box::new(node)))
        }
    }
}

fn bind_test(path: &AttrPath, test: &Test, scope: Scope<'_>) -> Result<Node, Error> {
    let Some((mut leaf, holder, mut place)) = scope.find(path)? else {
        return Ok(Node::Known(holds_without_value(test)));
    };
    let refuse = |why: &str| {
        let path = quoted(&path.to_string());
        Err(Error::invalid_filter(format!("{path} {why}")))
    };
    if leaf.is_secret() || holder.is_secret() {
        return refuse("is never returned, so it cannot be compared either");
    }
    let Test::Compare(op, literal) = test else { return Ok(Node::Test(place, Check::Present)) };
    if leaf.kind == Type::Complex {
        // RFC 7644 Figure 2 compares `emails` itself, though the text asks for a sub-attribute (C24).
        let Some(value) = leaf.value_attribute() else {
            return refuse("is complex; name the sub-attribute to compare, as in name.familyName");
        };
        leaf = value;
        place.sub = Some(value.name.clone());
    }
    let ordering = matches!(op, CompareOp::Gt | CompareOp::Ge | CompareOp::Lt | CompareOp::Le);
    let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    if *literal == Literal::Null {
        return match op {
            CompareOp::Eq => Ok(Node::Test(place, Check::Absent)),
            CompareOp::Ne => Ok(Node::Test(place, Check::Present)),
            _ => refuse(&format!("cannot be compared with null by {op}; use eq null or ne null")),
        };
    }
    let supported = match leaf.kind {
        Type::Boolean => equality,
        Type::Binary => !ordering,
        Type::Decimal | Type::Integer | Type::DateTime => ordering || equality,
        Type::String | Type::Reference | Type::Complex => true,
    };
    if !supported {
        return refuse(&format!("is {}, which {op} cannot compare", leaf.kind.article()));
    }
    // RFC 7643 section 2.4: a value that does not say that it is the primary one is not.
    let absent = (leaf.name == "primary" && holder.multi_valued).then_some(false);
    let check = match (leaf.kind, literal) {
        (Type::String | Type::Reference | Type::Binary, Literal::String(string)) => Some(Check::Text {
            op: *op,
            exact: leaf.is_case_exact(),
            key: compare::key(leaf, string).into_owned(),
        }),
        (Type::Boolean, literal) => {
            boolean(literal).map(|expected| Check::Boolean { equal: *op == CompareOp::Eq, expected, absent })
        }
        (Type::Decimal | Type::Integer, Literal::Number(number)) => {
            Some(Check::Number { op: *op, number: number.clone() })
        }
        (Type::DateTime, Literal::String(string)) => {
            compare::instant(string).map(|instant| Check::Instant { op: *op, instant })
        }
        _ => None,
    };
    match check {
        Some(check) => Ok(known(scope, &place, &check).unwrap_or(Node::Test(place, check))),
        None => refuse(&format!("has to be compared with {}", literal_for(leaf.kind))),
    }
}

/// The type of a resource is known before one is looked at, so that a search over all types need not look at
/// those that a client did not mean (RFC 7644 section 3.4.2.1).
fn known(scope: Scope<'_>, place: &Place, check: &Check) -> Option<Node> {
    let Scope::Resource(resource_type, _) = scope else { return None };
    let is_type = place.extension.is_none()
        && place.attribute.as_deref() == Some("meta")
        && place.sub.as_deref() == Some("resourceType");
    let name = Value::from(resource_type.name());
    is_type.then(|| Node::Known(holds(check, Some(&name))))
}

/// Whether a test holds for an attribute without value (RFC 7643 section 2.5: as for null).
fn holds_without_value(test: &Test) -> bool {
    match test {
        Test::Present => false,
        Test::Compare(op, literal) => {
            (*op == CompareOp::Eq) == (*literal == Literal::Null)
                && matches!(op, CompareOp::Eq | CompareOp::Ne)
        }
    }
}

/// A Boolean; also one that is written as a string, as Entra does in `roles[primary eq "True"]` (C6).
fn boolean(literal: &Literal) -> Option<bool> {
    match literal {
        Literal::Boolean(boolean) => Some(*boolean),
        Literal::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Literal::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn literal_for(kind: Type) -> &'static str {
    match kind {
        Type::Boolean => "true or false",
        Type::Decimal | Type::Integer => "a number",
        Type::DateTime => "a dateTime in double quotes, as \"2011-05-13T04:42:34Z\"",
        Type::String | Type::Binary | Type::Reference | Type::Complex => "a string in double quotes",
    }
}

fn reads(node: &Node, attribute: &str) -> bool {
    match node {
        Node::Or(nodes) | Node::And(nodes) => nodes.iter().any(|node| reads(node, attribute)),
        Node::Not(node) => reads(node, attribute),
        Node::Known(_) => false,
        Node::Test(place, _) | Node::Values(place, _) => {
            place.extension.is_none() && place.attribute.as_deref() == Some(attribute)
        }
    }
}

/// The best index that holds all candidates: `id`, else the first of the resource type's list.
fn lookup(node: &Node, resource_type: &ResourceType) -> Option<Lookup> {
    let mut found = Vec::new();
    collect_lookups(node, None, &mut found);
    let rank = |lookup: &Lookup| match lookup.attribute.as_str() {
        "id" => Some(0),
        path => resource_type.indexed().iter().position(|indexed| indexed == path).map(|at| at + 1),
    };
    found.retain(|lookup| rank(lookup).is_some());
    found.into_iter().min_by_key(|lookup| rank(lookup))
}

fn collect_lookups(node: &Node, values_of: Option<&Place>, found: &mut Vec<Lookup>) {
    match node {
        Node::And(nodes) => {
            let first = found.len();
            for node in nodes {
                collect_lookups(node, values_of, found);
            }
            for lookup in &mut found[first..] {
                lookup.exact = false;
            }
        }
        Node::Test(place, Check::Text { op: CompareOp::Eq, key, .. }) => {
            let place = match values_of {
                Some(holder) => Place { sub: place.sub.clone(), ..holder.clone() },
                None => place.clone(),
            };
            found.push(Lookup { attribute: place.path(), key: key.clone(), exact: true });
        }
        Node::Values(place, inner) => collect_lookups(inner, Some(place), found),
        Node::Or(_) | Node::Not(_) | Node::Known(_) | Node::Test(..) => {}
    }
}

fn facts(filter: &Filter, attribute: &Attribute) -> Option<Map> {
    let mut facts = Map::new();
    let tests = match filter {
        Filter::And(filters) => filters.as_slice(),
        other => std::slice::from_ref(other),
    };
    for test in tests {
        let Filter::Test(path, Test::Compare(CompareOp::Eq, literal)) = test else { return None };
        let sub = attribute.sub_attribute(&path.name)?;
        let value = match (sub.kind, literal) {
            (Type::Boolean, literal) => Value::Bool(boolean(literal)?),
            (_, Literal::String(text)) => Value::String(text.clone()),
            (_, Literal::Number(number)) => Value::Number(number.clone()),
            (_, Literal::Boolean(_) | Literal::Null) => return None,
        };
        if facts.insert(sub.name.clone(), value).is_some() {
            return None;
        }
    }
    Some(facts)
}

fn values(filter: &Filter) -> Option<Vec<String>> {
    let tests = match filter {
        Filter::Or(filters) => filters.as_slice(),
        other => std::slice::from_ref(other),
    };
    tests
        .iter()
        .map(|test| match test {
            Filter::Test(path, Test::Compare(CompareOp::Eq, Literal::String(text)))
                if path.name.eq_ignore_ascii_case("value") =>
            {
                Some(text.clone())
            }
            _ => None,
        })
        .collect()
}

//! Filters in which letter case counts although the schema says that it does not (RFC 7643 section 7,
//! `caseExact`): the search is done by hand over all resources, with the right tests for everything else.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    Cluster, Deviation, Seams,
    wire::{Answer, Wire},
};
use crate::scim::{
    AttrPath, Attribute, Filter, Map, Registry, ResourceType,
    filter::{CompareOp, Literal, Test},
    schema::{Located, Target, Type},
};

/// Zulip and others compared byte by byte, and the provider made the person again.
pub(super) static FILTER_USERNAME_CASE_SENSITIVE: Deviation = Deviation {
    slug: "filter-username-case-sensitive",
    cluster: Cluster::Filters,
    wrong: "a filter finds a userName in the letter case only in which it was written",
    right: "letter case does not count in a userName",
    source: "https://github.com/zulip/zulip/issues/21758",
    install: |seams| seams.count_case(|path, _| path.name.eq_ignore_ascii_case("userName")),
};

/// scim2-parse-filter did not know the schema.
pub(super) static FILTER_DISPLAYNAME_CASE_SENSITIVE: Deviation = Deviation {
    slug: "filter-displayname-case-sensitive",
    cluster: Cluster::Filters,
    wrong: "a filter finds a displayName in the letter case only in which it was written",
    right: "letter case does not count in a displayName",
    source: "https://github.com/thomaspoignant/scim2-parse-filter/issues/115",
    install: |seams| seams.count_case(|path, _| path.name.eq_ignore_ascii_case("displayName")),
};

/// SimpleIdServer folded both sides in two of its operators.
pub(super) static FILTER_CASE_PARTIAL_OPERATORS: Deviation = Deviation {
    slug: "filter-case-partial-operators",
    cluster: Cluster::Filters,
    wrong: "letter case does not count for eq and ne, but it does for co, sw and ew",
    right: "letter case counts for all operators or for none, as caseExact says",
    source: "https://github.com/simpleidserver/SimpleIdServer/issues/489",
    install: |seams| seams.count_case(|_, op| matches!(op, CompareOp::Co | CompareOp::Sw | CompareOp::Ew)),
};

/// Whether letter case counts in a test of this attribute with this operator.
type Counts = fn(&AttrPath, CompareOp) -> bool;

impl Seams {
    fn count_case(self, counts: Counts) -> Self {
        self.wrap_wire(move |wire| search(wire, counts))
    }
}

async fn search(wire: Wire, counts: Counts) -> Answer {
    let filter = wire.filter().and_then(|filter| Filter::parse(&filter).ok());
    let Some(filter) = filter.filter(|filter| is_concerned(filter, counts)) else { return wire.go().await };
    let right = wire.go().await;
    if right.status != StatusCode::OK || wire.parameter("cursor").is_some() {
        return right;
    }
    let registry = Registry::core();
    let mut found = Vec::new();
    for resource in all(&wire).await {
        let kind = resource.pointer("/meta/resourceType").and_then(Value::as_str).unwrap_or_default();
        let id = resource.get("id").and_then(Value::as_str).unwrap_or_default();
        if let (Some(of), Some(resource)) = (registry.resource_type(kind), resource.as_object())
            && holds(&filter, of, resource, counts)
        {
            found.push(id.to_owned());
        }
    }
    page_of(&wire, &found).await
}

/// All resources that a search without its filter finds, whole and in its order.
async fn all(wire: &Wire) -> Vec<Value> {
    let mut found = Vec::new();
    loop {
        let start = (found.len() + 1).to_string();
        let mut page = wire.again();
        for name in ["filter", "attributes", "excludedAttributes", "count"] {
            page = page.with_parameter(name, None);
        }
        let page = page.with_parameter("startIndex", Some(&start)).go().await.json().unwrap_or_default();
        match page["Resources"].as_array() {
            Some(resources) if !resources.is_empty() => found.extend(resources.iter().cloned()),
            _ => return found,
        }
    }
}

/// The page of these resources that a search asks for, shown as it asks.
async fn page_of(wire: &Wire, found: &[String]) -> Answer {
    let start = usize::try_from(wire.number("startIndex").unwrap_or(1)).unwrap_or(1).max(1);
    let count = wire.number("count").map(|count| usize::try_from(count).unwrap_or(0));
    let page = found.iter().skip(start - 1).take(count.unwrap_or(100).min(100));
    let ids: Vec<String> = page.map(|id| format!("id eq {}", json!(id))).collect();
    let filter = if ids.is_empty() { r#"id eq "none""#.to_owned() } else { ids.join(" or ") };
    let of_page = wire.again().with_parameter("filter", Some(&filter)).with_parameter("startIndex", None);
    let mut answer = of_page.go().await;
    answer.edit(|list| {
        list["totalResults"] = json!(found.len());
        list["startIndex"] = json!(start);
    });
    answer
}

fn is_concerned(filter: &Filter, counts: Counts) -> bool {
    match filter {
        Filter::Or(parts) | Filter::And(parts) => parts.iter().any(|part| is_concerned(part, counts)),
        Filter::Not(inner) => is_concerned(inner, counts),
        Filter::Test(path, test) => exactly(path, test, counts).is_some(),
        Filter::Values { filter: inner, sub, .. } => {
            let of_sub = sub.as_ref().is_some_and(|(sub, test)| exactly(&named(sub), test, counts).is_some());
            is_concerned(inner, counts) || of_sub
        }
    }
}

fn holds(filter: &Filter, of: &ResourceType, resource: &Map, counts: Counts) -> bool {
    match filter {
        Filter::Or(parts) => parts.iter().any(|part| holds(part, of, resource, counts)),
        Filter::And(parts) => parts.iter().all(|part| holds(part, of, resource, counts)),
        Filter::Not(inner) => !holds(inner, of, resource, counts),
        Filter::Test(path, test) => {
            let located = located(path, of);
            match (exactly(path, test, counts), located) {
                (Some((op, wanted)), Some(located)) if is_folded(located.leaf()) => {
                    let values = located.value(resource);
                    any_text(values, located.sub.map(|sub| sub.name.as_str()), |value| {
                        compare(op, value, wanted)
                    })
                }
                _ => is_met(filter, of, resource),
            }
        }
        Filter::Values { attribute, filter: inner, sub } => {
            let Some(located) = located(attribute, of) else { return is_met(filter, of, resource) };
            let values = located.value(resource).and_then(Value::as_array).into_iter().flatten();
            let mut values = values.filter(|value| holds_for(inner, located.attribute, value, counts));
            values.any(|value| match sub {
                None => true,
                Some((sub, test)) => {
                    let test = Filter::Test(named(sub), test.clone());
                    holds_for(&test, located.attribute, value, counts)
                }
            })
        }
    }
}

/// The same for one value of an attribute.
fn holds_for(filter: &Filter, of: &Attribute, value: &Value, counts: Counts) -> bool {
    match filter {
        Filter::Or(parts) => parts.iter().any(|part| holds_for(part, of, value, counts)),
        Filter::And(parts) => parts.iter().all(|part| holds_for(part, of, value, counts)),
        Filter::Not(inner) => !holds_for(inner, of, value, counts),
        Filter::Test(path, test) => {
            let sub = of.sub_attribute(&path.name).filter(|sub| is_folded(sub));
            match (exactly(path, test, counts), sub) {
                (Some((op, wanted)), Some(sub)) => {
                    any_text(Some(value), Some(&sub.name), |value| compare(op, value, wanted))
                }
                _ => filter.bind_values(of).is_ok_and(|filter| filter.matches(value)),
            }
        }
        // No attribute has values within its values.
        Filter::Values { .. } => false,
    }
}

fn is_met(filter: &Filter, of: &ResourceType, resource: &Map) -> bool {
    filter.bind(of).is_ok_and(|filter| filter.matches(resource))
}

fn located<'a>(path: &AttrPath, of: &'a ResourceType) -> Option<Located<'a>> {
    match of.locate(path)? {
        Target::Attribute(located) => Some(located),
        Target::Extension(_) => None,
    }
}

fn is_folded(attribute: &Attribute) -> bool {
    attribute.kind == Type::String && !attribute.case_exact
}

/// The operator and the text of a test in which letter case counts.
fn exactly<'a>(path: &AttrPath, test: &'a Test, counts: Counts) -> Option<(CompareOp, &'a str)> {
    match test {
        Test::Compare(op, Literal::String(wanted)) if counts(path, *op) => Some((*op, wanted)),
        _ => None,
    }
}

fn any_text(value: Option<&Value>, sub: Option<&str>, holds: impl Fn(Option<&str>) -> bool) -> bool {
    let text = |value: &Value| {
        let value = sub.map_or(Some(value), |sub| value.get(sub));
        holds(value.and_then(Value::as_str))
    };
    match value {
        None => holds(None),
        Some(Value::Array(values)) if values.is_empty() => holds(None),
        Some(Value::Array(values)) => values.iter().any(text),
        Some(value) => text(value),
    }
}

fn compare(op: CompareOp, value: Option<&str>, text: &str) -> bool {
    let Some(value) = value else { return op == CompareOp::Ne };
    match op {
        CompareOp::Eq => value == text,
        CompareOp::Ne => value != text,
        CompareOp::Co => value.contains(text),
        CompareOp::Sw => value.starts_with(text),
        CompareOp::Ew => value.ends_with(text),
        CompareOp::Gt => value > text,
        CompareOp::Ge => value >= text,
        CompareOp::Lt => value < text,
        CompareOp::Le => value <= text,
    }
}

fn named(sub: &str) -> AttrPath {
    let span = crate::scim::filter::Span { start: 0, end: 0 };
    AttrPath { urn: None, name: sub.to_owned(), sub: None, span }
}

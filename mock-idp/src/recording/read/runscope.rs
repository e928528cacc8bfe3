//! Runscope (BlazeMeter) suites, as Okta publishes them for its integrators: steps of requests and pauses, with
//! assertions on the answers and variables taken out of them. Scripts are not executed.

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::Value;

use super::super::{Assertion, Capture, Comparison, Format, Part, Place, Source};
use super::address::{as_sent, as_value};
use super::draft::{self, Draft};
use super::flow::Flow;
use super::notes::{Kind, printable};
use super::shape::{list, number, text};
use super::variables::Variables;

/// The steps of one suite or of several, counted on.
#[derive(Default)]
pub(super) struct Steps {
    count: usize,
    /// The pauses since the last request.
    waited: Duration,
}

/// Whether this is a suite: it has steps, each of which says its type.
pub(super) fn is_suite(value: &Value) -> bool {
    let steps = list(value, "steps");
    !steps.is_empty() && steps.iter().all(|step| step.get("step_type").is_some())
}

/// What the suite says of itself.
pub(super) fn source(suite: &Value) -> Source {
    let say = |name| text(suite, name).map(str::trim).filter(|words| !words.is_empty());
    let comment = match (say("name"), say("description")) {
        (Some(name), Some(description)) => Some(format!("{name}: {description}")),
        (one, other) => one.or(other).map(str::to_owned),
    };
    let version = say("version").map(|version| printable(version, 20));
    Source {
        format: Format::Runscope,
        creator: Some(version.map_or("Runscope".to_owned(), |version| format!("Runscope {version}"))),
        comment: comment.map(|comment| printable(&comment, 2_000)),
    }
}

impl Steps {
    /// Gives the requests of a suite to `flow`.
    pub(super) fn suite(&mut self, suite: &Value, flow: &mut Flow<'_>) -> ControlFlow<()> {
        let mut variables = Variables::default();
        for environment in list(suite, "environments") {
            if let Some(Value::Object(initial)) = environment.get("initial_variables") {
                initial.iter().for_each(|(name, value)| variables.add(name, value));
            }
            if has_script(environment) {
                flow.leave(Kind::Script, Place::File);
            }
        }
        for step in list(suite, "steps") {
            self.count += 1;
            self.step(step, &variables, flow)?;
        }
        ControlFlow::Continue(())
    }

    fn step(&mut self, step: &Value, variables: &Variables, flow: &mut Flow<'_>) -> ControlFlow<()> {
        let place = Place::Entry(self.count);
        if step.get("skipped") == Some(&Value::Bool(true)) {
            flow.leave(Kind::Off, place);
            return ControlFlow::Continue(());
        }
        match text(step, "step_type") {
            Some("pause") => {
                let pause = number(step, "duration").and_then(draft::seconds).unwrap_or_default();
                self.waited = self.waited.saturating_add(pause);
            }
            Some("request") => match request(step, place, variables) {
                Ok(mut draft) => {
                    draft.pause = Some(std::mem::take(&mut self.waited));
                    return flow.take(draft, true);
                }
                Err(kind) => flow.leave(kind, place),
            },
            other => flow.leave(Kind::Step(other.unwrap_or_default().to_owned()), place),
        }
        ControlFlow::Continue(())
    }
}

fn request(step: &Value, place: Place, variables: &Variables) -> Result<Draft, Kind> {
    let url = text(step, "url").map(str::trim).filter(|url| !url.is_empty()).ok_or(Kind::NoExchange)?;
    let method = draft::method(text(step, "method").unwrap_or("GET")).ok_or(Kind::NoExchange)?;
    let mut draft = Draft::new(place, method, as_sent(&variables.fill(url)));
    if !list(step, "multipart_form").is_empty()
        || step.get("binary_body").is_some_and(|body| !is_nothing(body))
    {
        draft.unusable = Some(Kind::Form);
    }
    draft.headers = headers(step, variables);
    let body = text(step, "body").filter(|body| !body.is_empty()).map(|body| variables.fill(body));
    draft.body = body.or_else(|| form(step, variables)).map(Into::into);
    if has_script(step) {
        draft.notes.push(Kind::Script);
    }
    if step.get("auth").is_some_and(|auth| !is_nothing(auth)) {
        draft.notes.push(Kind::Auth);
    }
    for assertion in list(step, "assertions") {
        match demanded(assertion, variables) {
            Ok(assertion) => draft.assertions.push(assertion),
            Err(what) => draft.notes.push(Kind::Assertion(what)),
        }
    }
    draft.captures = list(step, "variables").iter().filter_map(capture).collect();
    Ok(draft)
}

/// Each name has a text, or a list of texts.
fn headers(step: &Value, variables: &Variables) -> Vec<(String, String)> {
    let Some(Value::Object(headers)) = step.get("headers") else { return Vec::new() };
    let mut all = Vec::new();
    for (name, values) in headers.iter().filter(|(name, _)| !name.is_empty()) {
        for value in values.as_array().map_or(std::slice::from_ref(values), Vec::as_slice) {
            if let Some(value) = value.as_str() {
                all.push((name.clone(), variables.fill(value)));
            }
        }
    }
    all
}

fn form(step: &Value, variables: &Variables) -> Option<String> {
    let Some(Value::Object(fields)) = step.get("form") else { return None };
    let mut pairs = Vec::new();
    for (name, values) in fields {
        for value in values.as_array().map_or(std::slice::from_ref(values), Vec::as_slice) {
            if let Some(value) = value.as_str() {
                pairs.push(format!("{}={}", as_value(name), as_value(&variables.fill(value))));
            }
        }
    }
    (!pairs.is_empty()).then(|| pairs.join("&"))
}

/// An assertion, or the name of what cannot be carried over.
fn demanded(assertion: &Value, variables: &Variables) -> Result<Assertion, String> {
    let part = part(assertion)?;
    let comparison = text(assertion, "comparison").unwrap_or_default();
    let comparison = comparison_named(comparison).ok_or_else(|| format!("the comparison {comparison:?}"))?;
    let value = match assertion.get("value") {
        Some(Value::String(value)) => Value::from(variables.fill(value)),
        Some(value) => value.clone(),
        None => Value::Null,
    };
    Ok(Assertion { part, comparison, value })
}

fn comparison_named(name: &str) -> Option<Comparison> {
    Some(match name {
        "equal" => Comparison::Equal,
        "not_equal" => Comparison::NotEqual,
        "equal_number" => Comparison::EqualNumber,
        "not_empty" => Comparison::NotEmpty,
        "empty" | "is_empty" => Comparison::Empty,
        "has_value" => Comparison::HasValue,
        "contains" => Comparison::Contains,
        "is_a_number" => Comparison::IsNumber,
        "is_less_than" => Comparison::LessThan,
        "is_greater_than" => Comparison::GreaterThan,
        _ => return None,
    })
}

fn part(value: &Value) -> Result<Part, String> {
    let property = text(value, "property").unwrap_or_default();
    match text(value, "source").unwrap_or_default() {
        "response_status" => Ok(Part::Status),
        "response_json" => Ok(Part::Json(property.to_owned())),
        "response_time" => Ok(Part::Time),
        "response_headers" | "response_header" if !property.is_empty() => {
            Ok(Part::Header(property.to_owned()))
        }
        other => Err(format!("the source {other:?}")),
    }
}

/// Okta's suites hold captures without a name, which keep nothing.
fn capture(variable: &Value) -> Option<Capture> {
    let name = text(variable, "name").map(str::trim).filter(|name| !name.is_empty())?;
    Some(Capture { name: name.to_owned(), part: part(variable).ok()? })
}

fn has_script(value: &Value) -> bool {
    ["scripts", "before_scripts", "script"]
        .iter()
        .any(|name| value.get(name).is_some_and(|script| !is_nothing(script)))
}

/// Nothing, or nothing but blanks.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.iter().all(is_nothing),
        Value::Object(members) => members.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

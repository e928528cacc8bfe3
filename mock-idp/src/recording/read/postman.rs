//! Postman collections, version 2.0 and 2.1 (schema.getpostman.com): the requests of all folders in order, with the
//! collection's variables, and the first saved example of each as its answer. Scripts are not executed, and how the
//! collection signs in is not carried over.

use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::Value;

use crate::exchange::Answer;

use super::super::{Format, Place, Source};
use super::address::{as_sent, as_value};
use super::draft::{self, Draft, has_no_body, header};
use super::error::ReadError;
use super::flow::Flow;
use super::notes::{Kind, printable};
use super::shape::{list, number, text};
use super::variables::Variables;

/// Whether this is a collection: it says what it is, and has items.
pub(super) fn is_collection(value: &Value) -> bool {
    value.get("info").is_some_and(Value::is_object) && value.get("item").is_some_and(Value::is_array)
}

/// Gives the requests of a collection to `flow`.
pub(super) fn read(collection: &Value, flow: &mut Flow<'_>) -> Result<Source, ReadError> {
    let info = collection.get("info").unwrap_or(&Value::Null);
    let schema = text(info, "schema").unwrap_or_default();
    if schema.contains("/v1.") {
        return Err(ReadError::Foreign {
            what: "a Postman collection of version 1",
            instead: "export it as version 2.1",
        });
    }
    let mut variables = Variables::default();
    for variable in list(collection, "variable").iter().filter(|variable| !is_off(variable)) {
        if text(variable, "type") != Some("secret")
            && let Some(name) = text(variable, "key").or_else(|| text(variable, "id"))
        {
            variables.add(name, variable.get("value").unwrap_or(&Value::Null));
        }
    }
    let mut items = Items { variables, count: 0 };
    for kind in not_carried_over(collection) {
        flow.leave(kind, Place::File);
    }
    let _stopped = items.folder(collection, flow);
    let say = |text: Option<&str>, most| {
        text.map(str::trim).filter(|text| !text.is_empty()).map(|text| printable(text, most))
    };
    let description =
        info.get("description").map(|text| text.get("content").unwrap_or(text)).and_then(Value::as_str);
    let comment = match (say(text(info, "name"), 200), say(description, 2_000)) {
        (Some(name), Some(description)) => Some(format!("{name}: {description}")),
        (one, other) => one.or(other),
    };
    Ok(Source { format: Format::Postman, creator: Some("Postman".to_owned()), comment })
}

struct Items {
    variables: Variables,
    count: usize,
}

impl Items {
    /// Goes as deep as the JSON parser has gone before, which is not deeper than 128.
    fn folder(&mut self, folder: &Value, flow: &mut Flow<'_>) -> ControlFlow<()> {
        for item in list(folder, "item") {
            if item.get("item").is_some_and(Value::is_array) {
                for kind in not_carried_over(item) {
                    flow.leave(kind, Place::File);
                }
                self.folder(item, flow)?;
                continue;
            }
            self.count += 1;
            let place = Place::Entry(self.count);
            match self.draft(item, place) {
                Ok(mut draft) => {
                    draft.notes.extend(not_carried_over(item));
                    flow.take(draft, true)?;
                }
                Err(kind) => flow.leave(kind, place),
            }
        }
        ControlFlow::Continue(())
    }

    fn draft(&self, item: &Value, place: Place) -> Result<Draft, Kind> {
        let saved = list(item, "response");
        let example = saved.iter().find(|example| number(example, "code").is_some());
        // An answer belongs to the request that got it, which may have been changed since.
        let original =
            example.and_then(|example| example.get("originalRequest")).filter(|r| r.get("url").is_some());
        let request = original.or_else(|| item.get("request")).ok_or(Kind::NoExchange)?;
        let url = written_url(request).ok_or(Kind::NoExchange)?;
        let method = draft::method(text(request, "method").unwrap_or("GET")).ok_or(Kind::NoExchange)?;
        let mut draft = Draft::new(place, method, as_sent(&self.variables.fill(&url)));
        draft.headers = self.headers(request.get("header"));
        let body = request.get("body").unwrap_or(&Value::Null);
        match self.body(body) {
            Ok(body) => draft.body = body.filter(|body| !body.is_empty()).map(Into::into),
            Err(kind) => draft.unusable = Some(kind),
        }
        if saved.len() > 1 {
            draft.notes.push(Kind::Examples);
        }
        // Postman adds it by the language that is chosen for the body.
        if draft.body.is_some()
            && body.pointer("/options/raw/language").and_then(Value::as_str) == Some("json")
            && header(&draft.headers, "content-type").is_none()
        {
            draft.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        // A collection says nothing of the time between its requests.
        draft.pause = Some(Duration::ZERO);
        if let Some(example) = example {
            draft.took =
                number(example, "responseTime").and_then(|ms| draft::seconds(ms / 1e3)).unwrap_or_default();
            self.answer(example, &mut draft);
        }
        Ok(draft)
    }

    fn headers(&self, headers: Option<&Value>) -> Vec<(String, String)> {
        let pairs: Vec<(String, String)> = match headers {
            Some(Value::Array(list)) => list
                .iter()
                .filter(|header| !is_off(header))
                .filter_map(|header| {
                    let name = text(header, "key").or_else(|| text(header, "name"))?;
                    Some((name.to_owned(), text(header, "value").unwrap_or_default().to_owned()))
                })
                .collect(),
            Some(Value::String(lines)) => lines
                .lines()
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
                .collect(),
            _ => Vec::new(),
        };
        pairs
            .into_iter()
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, value)| (name, self.variables.fill(&value)))
            .collect()
    }

    fn body(&self, body: &Value) -> Result<Option<String>, Kind> {
        if is_off(body) {
            return Ok(None);
        }
        match text(body, "mode") {
            None => Ok(None),
            Some("raw") => Ok(text(body, "raw").map(|raw| self.variables.fill(raw))),
            Some("urlencoded") => {
                let field = |field: &Value| {
                    let part = |name| as_value(&self.variables.fill(text(field, name).unwrap_or_default()));
                    format!("{}={}", part("key"), part("value"))
                };
                let fields = list(body, "urlencoded").iter().filter(|entry| !is_off(entry));
                Ok(Some(fields.map(field).collect::<Vec<_>>().join("&")))
            }
            Some(_) => Err(Kind::Form),
        }
    }

    fn answer(&self, example: &Value, draft: &mut Draft) {
        let status = number(example, "code").filter(|code| (100.0..1000.0).contains(code));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 100 and 999"
        )]
        let Some(status) = status.map(|status| status as u16) else { return };
        let headers = self.headers(example.get("header"));
        match example.get("body") {
            Some(Value::String(body)) => {
                draft.result = Ok(Answer { status, headers, body: body.clone().into() });
            }
            _ if has_no_body(&draft.method, status) => {
                draft.result = Ok(Answer { status, headers, body: Vec::new().into() });
            }
            _ => draft.lose_answer(&headers, Kind::AnswerBody),
        }
    }
}

/// What of a collection, a folder or a request is not carried over.
fn not_carried_over(item: &Value) -> Vec<Kind> {
    let mut kinds = Vec::new();
    let lines = |event: &Value| match event.pointer("/script/exec") {
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Array(lines)) => lines.iter().any(|l| l.as_str().is_some_and(|l| !l.trim().is_empty())),
        _ => false,
    };
    if list(item, "event").iter().any(|event| !is_off(event) && lines(event)) {
        kinds.push(Kind::Script);
    }
    let auth = item.get("auth").or_else(|| item.pointer("/request/auth"));
    if auth.is_some_and(|auth| !matches!(text(auth, "type"), None | Some("noauth"))) {
        kinds.push(Kind::Auth);
    }
    kinds
}

fn written_url(request: &Value) -> Option<String> {
    let url = request.as_str().map_or_else(|| request.get("url"), |_| Some(request))?;
    let written = match url {
        Value::String(text) => text.clone(),
        Value::Object(_) => match text(url, "raw").filter(|raw| !raw.trim().is_empty()) {
            Some(raw) => raw.to_owned(),
            None => composed(url)?,
        },
        _ => return None,
    };
    let written = with_path_variables(written.trim(), list(url, "variable"));
    (!written.is_empty()).then_some(written)
}

/// The URL out of its parts.
fn composed(url: &Value) -> Option<String> {
    let joined = |name, with: &str| match url.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let parts = parts.iter().filter_map(|part| part.get("value").unwrap_or(part).as_str());
            parts.collect::<Vec<_>>().join(with)
        }
        _ => String::new(),
    };
    let host = joined("host", ".");
    if host.is_empty() {
        return None;
    }
    let mut result = match text(url, "protocol") {
        Some(protocol) => format!("{protocol}://{host}"),
        None => host,
    };
    if let Some(port) = text(url, "port").filter(|port| !port.is_empty()) {
        result.push(':');
        result.push_str(port);
    }
    let path = joined("path", "/");
    if !path.is_empty() {
        result.push('/');
        result.push_str(path.trim_start_matches('/'));
    }
    let query = list(url, "query").iter().filter(|parameter| !is_off(parameter));
    for (index, parameter) in query.enumerate() {
        result.push(if index == 0 { '?' } else { '&' });
        result.push_str(text(parameter, "key").unwrap_or_default());
        if let Some(value) = text(parameter, "value") {
            result.push('=');
            result.push_str(value);
        }
    }
    Some(result)
}

/// `/Users/:id` with the value that the collection gives, or as `{{id}}`.
fn with_path_variables(url: &str, variables: &[Value]) -> String {
    let (path, query) = url.find('?').map_or((url, ""), |start| url.split_at(start));
    let (origin, path) = match path.find("://") {
        Some(start) => path.split_at(start + 3),
        None => ("", path),
    };
    let segments = path.split('/').enumerate().map(|(index, segment)| match segment.strip_prefix(':') {
        Some(name) if index > 0 && !name.is_empty() => {
            let known = variables.iter().find(|variable| text(variable, "key") == Some(name));
            match known.and_then(|known| text(known, "value")).filter(|value| !value.is_empty()) {
                Some(value) => value.to_owned(),
                None => format!("{{{{{name}}}}}"),
            }
        }
        _ => segment.to_owned(),
    });
    format!("{origin}{}{query}", segments.collect::<Vec<_>>().join("/"))
}

fn is_off(value: &Value) -> bool {
    value.get("disabled") == Some(&Value::Bool(true))
}

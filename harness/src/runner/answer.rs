//! Comparing an answer with what a scenario expects of it: a fact, with both sides in words. What it is worth is the
//! judge's.

use std::fmt::Write as _;

use http::Method;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use scimspec_mock_idp::exchange::{Answer, Request};
use serde_json::Value;

use crate::json::pattern::{Pattern, bounded};
use crate::json::template::{Lookup, Unbound};
use crate::scenario::model::{AnswerPattern, RequestTemplate};
use crate::secrets::URL_VALUE;

/// The media type of SCIM (RFC 7644, section 3.1).
const SCIM_JSON: &str = "application/scim+json";
/// What an author's request line may hold as it is; the rest is encoded for them.
const LITERAL: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}');

/// What was expected and what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlike {
    /// In words.
    pub expected: String,
    /// In words.
    pub actual: String,
}

impl Unlike {
    /// The same, of a read-back.
    #[must_use]
    pub fn afterwards(self) -> Self {
        Self {
            expected: format!("afterwards {}", self.expected),
            actual: format!("afterwards {}", self.actual),
        }
    }
}

impl RequestTemplate {
    /// The request with its names filled in, and the headers that every SCIM request has.
    pub fn fill(&self, lookup: &dyn Lookup) -> Result<Request, Unbound> {
        let literal = |text: &str| utf8_percent_encode(text, LITERAL).to_string();
        let value = |text: &str| utf8_percent_encode(text, URL_VALUE).to_string();
        let mut request = Request::scim(self.method.clone(), self.target.fill_with(lookup, literal, value)?);
        let own = |name: &str| self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        for (name, usual) in
            [("Accept", SCIM_JSON), ("User-Agent", concat!("scimspec/", env!("CARGO_PKG_VERSION")))]
        {
            if !own(name) {
                request = request.header(name, usual);
            }
        }
        if self.json.is_some() && !own("Content-Type") {
            request = request.header("Content-Type", SCIM_JSON);
        }
        for (name, text) in &self.headers {
            request = request.header(name, text.fill(lookup)?);
        }
        if let Some(json) = &self.json {
            request = request.body(json.fill(lookup)?.to_string());
        }
        Ok(request)
    }

    /// Whether it reads a list: RFC 7644 does not promise that a list or a filter sees a write at once.
    pub fn reads_a_list(&self) -> bool {
        let target = self.target.to_string();
        let path = target.split('?').next().unwrap_or_default().trim_end_matches('/');
        self.method == Method::GET && path.matches('/').count() == 1
    }
}

impl AnswerPattern {
    /// Whether an answer is like that, and if not, in what.
    pub fn compare(&self, answer: &Answer, lookup: &dyn Lookup) -> Result<Result<(), Unlike>, Unbound> {
        if !self.status.is_empty() && !self.status.contains(&answer.status) {
            return Ok(Err(Unlike {
                expected: format!("status {}", self.statuses()),
                actual: describe(answer),
            }));
        }
        for (name, pattern) in &self.headers {
            let pattern = parsed(&pattern.fill(lookup)?);
            let value = answer.header(name).map(Value::from);
            if let Err(mismatch) = pattern.check(value.as_ref()) {
                let expected = format!("header {name}: {}", mismatch.expected);
                return Ok(Err(Unlike {
                    expected,
                    actual: format!("status {}, header {name}: {}", answer.status, mismatch.found),
                }));
            }
        }
        let Some(json) = &self.json else { return Ok(Ok(())) };
        let pattern = parsed(&json.fill(lookup)?);
        let body = answer.json();
        if body.is_none() && !answer.body.is_empty() {
            return Ok(Err(Unlike { expected: "a JSON body".to_owned(), actual: describe(answer) }));
        }
        Ok(pattern.check(body.as_ref()).map_err(|mismatch| {
            let place = if mismatch.place.is_empty() { "the body".to_owned() } else { mismatch.place };
            Unlike {
                expected: format!("{place} = {}", mismatch.expected),
                actual: format!("status {}, {place} = {}", answer.status, mismatch.found),
            }
        }))
    }

    fn statuses(&self) -> String {
        let all: Vec<_> = self.status.iter().map(u16::to_string).collect();
        all.join(" or ")
    }
}

/// An answer in one line: its status and what its error body says.
pub fn describe(answer: &Answer) -> String {
    let json = answer.json();
    let said = |name: &str| json.as_ref().and_then(|json| json.get(name)).map(bounded);
    let mut text = format!("status {}", answer.status);
    if let Some(scim_type) = said("scimType") {
        let _ = write!(text, ", scimType {scim_type}");
    }
    if let Some(detail) = said("detail") {
        let _ = write!(text, ", detail {detail}");
    } else if json.is_none() && !answer.body.is_empty() {
        let kind = answer.header("content-type").unwrap_or("no Content-Type");
        let _ = write!(text, ", a body that is not JSON ({kind}, {} bytes)", answer.body.len());
    }
    text
}

/// The loader has parsed the same pattern with its names unfilled; a value that a name brings can only be data, except
/// that a whole object may come in its place, where an operator key is then plain data too.
fn parsed(value: &Value) -> Pattern {
    Pattern::parse(value).unwrap_or_else(|_| Pattern::Scalar(value.clone()))
}

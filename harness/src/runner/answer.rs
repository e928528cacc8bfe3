//! Comparing an answer with what a scenario expects of it: a fact, with both sides in words. What it is worth is the
//! judge's.

use std::fmt::Write as _;

use http::Method;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use scimspec_mock_idp::exchange::{Answer, Request};
use serde_json::Value;
use url::Url;

use crate::json::pattern::bounded;
use crate::json::template::{Lookup, Unbound};
use crate::scenario::model::{AnswerPattern, Body, RequestTarget, RequestTemplate, Sender};
use crate::secrets::URL_VALUE;

/// The media type of SCIM (RFC 7644, section 3.1).
const SCIM_JSON: &str = "application/scim+json";
/// What an author's request line may hold as it is; the rest is encoded for them.
const LITERAL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'}');
/// A token that no server can have given out.
const WRONG_TOKEN: &str = "Bearer this-is-not-a-token-of-this-server";

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

/// A request with its names filled in.
#[derive(Debug)]
pub struct Filled {
    /// As it is sent.
    pub request: Request,
    /// The body as JSON, before it became bytes.
    pub json: Option<Value>,
}

/// Why a request cannot be made of its template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotFill {
    /// A name without a value.
    #[error(transparent)]
    Unbound(#[from] Unbound),
    /// A URL that an answer gave and that leads elsewhere: the credentials go to the target and nowhere else.
    #[error("{0:?} does not lead below the base URL, so it is not followed")]
    Elsewhere(String),
}

impl RequestTemplate {
    /// The request with its names filled in, and the headers that every SCIM request has.
    pub fn fill(&self, lookup: &dyn Lookup, base: &Url) -> Result<Filled, CannotFill> {
        let target = self.target.fill(lookup, base)?;
        let mut request = Request::scim(self.method.clone(), target);
        let own = |name: &str| self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        for (name, usual) in
            [("Accept", SCIM_JSON), ("User-Agent", concat!("scimspec/", env!("CARGO_PKG_VERSION")))]
        {
            if !own(name) {
                request = request.header(name, usual);
            }
        }
        if !matches!(self.body, Body::Nothing) && !own("Content-Type") {
            request = request.header("Content-Type", SCIM_JSON);
        }
        for (name, text) in &self.headers {
            let value = text.fill(lookup)?;
            // For the client an empty Authorization means that none is sent, not even the target's own.
            if !value.is_empty() || name.eq_ignore_ascii_case("authorization") {
                request = request.header(name, value);
            }
        }
        match &self.sender {
            // What a person shows is put in where it is sent.
            Sender::Own | Sender::OtherTenant | Sender::Person(_) => {}
            Sender::Nobody => request = request.header("Authorization", ""),
            Sender::WrongToken => request = request.header("Authorization", WRONG_TOKEN),
        }
        let json = match &self.body {
            Body::Nothing => None,
            Body::Json(json) => Some(json.fill(lookup)?),
            Body::Text(text) => {
                request = request.body(text.fill(lookup)?);
                None
            }
        };
        Ok(Filled { request, json })
    }

    /// Whether it reads a list: RFC 7644 does not promise that a list or a filter sees a write at once.
    pub fn reads_a_list(&self) -> bool {
        let target = self.target.to_string();
        let path = target.split('?').next().unwrap_or_default().trim_end_matches('/');
        self.method == Method::GET && path.matches('/').count() == 1
    }
}

impl RequestTarget {
    fn fill(&self, lookup: &dyn Lookup, base: &Url) -> Result<String, CannotFill> {
        let literal = |text: &str| utf8_percent_encode(text, LITERAL).to_string();
        let value = |text: &str| utf8_percent_encode(text, URL_VALUE).to_string();
        match self {
            Self::Below(text) => Ok(with_quotes_encoded(text.fill_with(lookup, literal, value)?)),
            Self::Given(text) => {
                let given = text.fill(lookup)?;
                let below = given
                    .strip_prefix(base_text(base).as_str())
                    .filter(|rest| rest.starts_with('/'))
                    .map(|rest| with_quotes_encoded(literal(rest)));
                below.ok_or(CannotFill::Elsewhere(given))
            }
        }
    }
}

/// A URL encodes a quote in its query and leaves one in its path alone.
fn with_quotes_encoded(target: String) -> String {
    match target.split_once('?') {
        Some((path, query)) if query.contains('\'') => format!("{path}?{}", query.replace('\'', "%27")),
        _ => target,
    }
}

/// The base URL as requests use it: without query, fragment and trailing slash.
fn base_text(base: &Url) -> String {
    let mut base = base.clone();
    base.set_query(None);
    base.set_fragment(None);
    base.as_str().trim_end_matches('/').to_owned()
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
            let pattern = pattern.fill(lookup)?;
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
        let pattern = json.fill(lookup)?;
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
    } else if let (Some(json), 400..) = (&json, answer.status) {
        // Not an error as SCIM has it, and still what the server has to say.
        let _ = write!(text, ", body {}", bounded(json));
    } else if json.is_none() && !answer.body.is_empty() {
        let kind = answer.header("content-type").unwrap_or("no Content-Type");
        let _ = write!(text, ", a body that is not JSON ({kind}, {} bytes)", answer.body.len());
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::json::template::{Reference, Text};

    use super::*;

    struct Nothing;
    impl Lookup for Nothing {
        fn value(&self, _: &Reference) -> Option<Value> {
            Some("https://app.example/scim/v2/Users/a'b".into())
        }
    }

    fn target(text: &str) -> RequestTarget {
        RequestTarget::Below(Text::parse(text).unwrap())
    }

    #[test]
    fn what_is_written_is_sent_and_only_what_a_url_does_not_allow_is_encoded() {
        let base = Url::parse("https://app.example/scim/v2/?x=1").unwrap();
        let sent = |text: &str| target(text).fill(&Nothing, &base).unwrap();
        for as_it_is in ["/Users/a%2Fb/", "/Users/..%2f..%2fadmin", "/Schemas/urn:x:2.0:User", "/Users/a'b"] {
            assert_eq!(sent(as_it_is), as_it_is);
            let url = format!("https://app.example/scim/v2{as_it_is}");
            assert_eq!(Url::parse(&url).unwrap().as_str(), url, "the client sends what it is told");
        }
        assert_eq!(sent("/Users?filter=a eq \"o'b#c\\\""), "/Users?filter=a%20eq%20%22o%27b%23c%5C%22");
    }

    #[test]
    fn a_url_that_an_answer_gave_is_followed_below_the_base_url_only() {
        let given = RequestTarget::Given(Text::parse("${user.meta.location}").unwrap());
        let fill = |base: &str| given.fill(&Nothing, &Url::parse(base).unwrap());
        assert_eq!(fill("https://app.example/scim/v2"), Ok("/Users/a'b".to_owned()));
        assert!(matches!(fill("https://app.example/scim/v"), Err(CannotFill::Elsewhere(_))));
        assert!(matches!(fill("http://app.example/scim/v2"), Err(CannotFill::Elsewhere(_))));
    }
}

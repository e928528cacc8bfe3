//! A request taken apart as a provider meant it: what it went to, what it asked for, what it sent. `habits` reads the
//! same. Nothing is judged here: what cannot be read is absent.

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::exchange::{Answer, Destination, Exchange};

/// Larger bodies are not taken apart: no page of users is as long, and a recording may hold anything.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// A request below the base URL.
#[derive(Debug)]
pub(in crate::recording) struct Asked<'a> {
    pub exchange: &'a Exchange,
    pub method: &'a Method,
    pub at: At,
    /// The query as it stands on the wire, without the question mark.
    pub query: Option<&'a str>,
    /// The query's parameters, decoded, in order.
    pub parameters: Vec<(String, String)>,
    /// The body that was sent, if it is JSON.
    pub sent: Option<Value>,
    pub answer: Option<&'a Answer>,
    /// The body that came back, if it is JSON.
    pub came: Option<Value>,
}

/// Where a request went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::recording) enum At {
    /// `/Users`.
    All(Kind),
    /// `/Users/{id}`.
    One(Kind, String),
    /// `/Users/.search`, or `/.search` with none.
    Search(Option<Kind>),
    /// `/ServiceProviderConfig`, ... in the RFC's spelling.
    Discovery(&'static str),
    Bulk,
    Me,
    Elsewhere,
}

/// What kind of resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::recording) enum Kind {
    Users,
    Groups,
    /// Another endpoint: `Devices`.
    Other(String),
}

impl<'a> Asked<'a> {
    /// None for a request that did not go below the base URL.
    pub(in crate::recording) fn of(exchange: &'a Exchange) -> Option<Self> {
        let Destination::Scim(target) = &exchange.request.to else { return None };
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target.as_str(), None),
        };
        let answer = exchange.result.as_ref().ok();
        Some(Self {
            exchange,
            method: &exchange.request.method,
            at: At::of(path),
            query,
            parameters: parameters(query.unwrap_or_default()),
            sent: exchange.request.body.as_deref().and_then(json),
            answer,
            came: answer.and_then(|answer| json(&answer.body)),
        })
    }

    /// A parameter of the query, or of a SearchRequest (RFC 7644, section 3.4.3).
    pub(in crate::recording) fn parameter(&self, name: &str) -> Option<String> {
        if matches!(self.at, At::Search(_)) {
            return match self.sent.as_ref()?.get(name)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
        }
        self.parameters.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    }

    /// The first header of that name that was sent.
    pub(in crate::recording) fn header(&self, name: &str) -> Option<&str> {
        let headers = &self.exchange.request.headers;
        headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether the server said that it did as asked.
    pub(in crate::recording) fn is_done(&self) -> bool {
        self.answer.is_some_and(Answer::is_success)
    }

    /// Whether it may have been done: a recording without answers is told as if all went well.
    pub(in crate::recording) fn may_be_done(&self) -> bool {
        self.is_done() || self.exchange.result == Err(crate::exchange::Broken::NotRecorded)
    }

    /// The resources that a successful query shows.
    pub(in crate::recording) fn listed(&self) -> &[Value] {
        let listed = self.came.as_ref().filter(|_| self.is_done()).and_then(|came| came.get("Resources"));
        listed.and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// How many a successful query found, if the answer says so.
    pub(in crate::recording) fn total(&self) -> Option<u64> {
        let came = self.came.as_ref().filter(|_| self.is_done())?;
        came.get("totalResults").and_then(Value::as_u64)
    }

    /// The one resource that a successful answer shows.
    pub(in crate::recording) fn shown(&self) -> Option<&Value> {
        let came = self.came.as_ref().filter(|came| self.is_done() && came.is_object())?;
        (came.get("Resources").is_none() && came.get("id").is_some()).then_some(came)
    }

    /// The operations of a PATCH.
    pub(in crate::recording) fn operations(&self) -> &[Value] {
        let sent = self.sent.as_ref().filter(|_| *self.method == Method::PATCH);
        let operations = sent.and_then(|sent| member(sent, "Operations")).and_then(Value::as_array);
        operations.map_or(&[], Vec::as_slice)
    }
}

impl At {
    fn of(path: &str) -> Self {
        let segments: Vec<String> = path
            .trim_matches('/')
            .split('/')
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let Some((first, rest)) = segments.split_first() else { return Self::Elsewhere };
        for name in ["ServiceProviderConfig", "ResourceTypes", "Schemas"] {
            if first.eq_ignore_ascii_case(name) {
                return Self::Discovery(name);
            }
        }
        let kind = match first.to_ascii_lowercase().as_str() {
            "bulk" => return Self::Bulk,
            "me" => return Self::Me,
            ".search" => return Self::Search(None),
            "" => return Self::Elsewhere,
            "users" => Kind::Users,
            "groups" => Kind::Groups,
            _ => Kind::Other(first.clone()),
        };
        match rest {
            [] => Self::All(kind),
            [search] if search == ".search" => Self::Search(Some(kind)),
            [id] => Self::One(kind, id.clone()),
            _ => Self::Elsewhere,
        }
    }
}

/// A member of an object, whatever the case of its name (RFC 7643, section 2.1).
pub(in crate::recording) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// A Boolean, also in the spellings of Entra (C6): `"False"`.
pub(in crate::recording) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(boolean) => Some(*boolean),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The comparisons of a filter that only asks for equality: `userName eq "ada"`, joined by `and`. None for another.
pub(in crate::recording) fn equalities(filter: &str) -> Option<Vec<(String, String)>> {
    const MOST: usize = 8;
    let mut all = Vec::new();
    let mut rest = filter.trim();
    while all.len() < MOST {
        let at = after_path(rest)?;
        let (path, more) = rest.split_at_checked(at)?;
        let more = more.trim_start();
        let (operator, more) = more.split_at_checked(2)?;
        if !operator.eq_ignore_ascii_case("eq") {
            return None;
        }
        let more = more.trim_start();
        let mut values = serde_json::Deserializer::from_str(more).into_iter::<Value>();
        // Some clients leave the quotes out (C23).
        let (value, end) = match values.next() {
            Some(Ok(Value::String(text))) => (text, values.byte_offset()),
            Some(Ok(value)) if !value.is_object() && !value.is_array() => {
                (value.to_string(), values.byte_offset())
            }
            _ => (more.to_owned(), more.len()),
        };
        all.push((path.to_owned(), value));
        rest = more.get(end..)?.trim_start();
        if rest.is_empty() {
            return Some(all);
        }
        let (and, more) = rest.split_at_checked(4)?;
        if !and.eq_ignore_ascii_case("and ") {
            return None;
        }
        rest = more.trim_start();
    }
    None
}

/// Where the path at the start of a filter ends: at the first blank outside brackets and quotes.
fn after_path(filter: &str) -> Option<usize> {
    let (mut brackets, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, c) in filter.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '[' => brackets += 1,
            ']' => brackets = brackets.saturating_sub(1),
            ' ' if brackets == 0 => return (at > 0).then_some(at),
            _ => {}
        }
    }
    None
}

fn parameters(query: &str) -> Vec<(String, String)> {
    const MOST: usize = 64;
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .take(MOST)
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn json(body: &[u8]) -> Option<Value> {
    if body.len() > LARGEST_BODY {
        return None;
    }
    serde_json::from_slice(body).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/Users", At::All(Kind::Users))]
    #[case("/users/a%20b", At::One(Kind::Users, "a b".to_owned()))]
    #[case("/Groups/.search", At::Search(Some(Kind::Groups)))]
    #[case("/Schemas/urn:x", At::Discovery("Schemas"))]
    #[case("/Devices/1", At::One(Kind::Other("Devices".to_owned()), "1".to_owned()))]
    #[case("/Users/1/2", At::Elsewhere)]
    #[case("/", At::Elsewhere)]
    fn a_path_says_what_is_meant(#[case] path: &str, #[case] at: At) {
        assert_eq!(At::of(path), at);
    }

    #[rstest]
    #[case(r#"userName eq "ada""#, Some(vec![("userName", "ada")]))]
    #[case(r#"emails[type eq "work"].value eq "a@example.com""#, Some(vec![(r#"emails[type eq "work"].value"#, "a@example.com")]))]
    #[case(r#"id EQ "1" and manager eq "2""#, Some(vec![("id", "1"), ("manager", "2")]))]
    #[case("externalId eq jyoung", Some(vec![("externalId", "jyoung")]))]
    #[case("active eq true", Some(vec![("active", "true")]))]
    #[case(r#"userName sw "a""#, None)]
    #[case(r#"a eq "1" or b eq "2""#, None)]
    #[case("é", None)]
    #[case("", None)]
    fn only_equality_is_simple(#[case] filter: &str, #[case] read: Option<Vec<(&str, &str)>>) {
        let told = equalities(filter);
        let told =
            told.as_ref().map(|all| all.iter().map(|(p, v)| (p.as_str(), v.as_str())).collect::<Vec<_>>());
        assert_eq!(told, read);
    }
}

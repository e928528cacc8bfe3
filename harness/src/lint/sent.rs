//! A request taken apart once for all rules for clients. What came back is another matter: a recording of requests alone
//! can be judged all the same.

use http::Method;
use percent_encoding::percent_decode_str;
use scimspec_mock_idp::exchange::{Destination, Exchange};
use serde_json::Value;

use super::world::World;
use crate::rules::Place;

/// A request below the base URL.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    pub exchange: &'a Exchange,
    pub to: Place,
    /// The query as it stands on the wire, without the question mark.
    pub query: Option<&'a str>,
    /// The query's parameters, decoded, in order.
    pub parameters: Vec<(String, String)>,
    pub body: Body<'a>,
    pub world: &'a World,
}

/// What was sent.
#[derive(Debug, PartialEq)]
pub(super) enum Body<'a> {
    None,
    Json(Value),
    /// No JSON.
    Other(&'a [u8]),
    /// A text of a suite or collection that has places to be filled in.
    Template,
}

/// One operation of a PATCH.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    pub op: Option<&'a Value>,
    pub path: Option<&'a Value>,
    pub value: Option<&'a Value>,
}

impl<'a> Sent<'a> {
    /// None for a request that did not go below the base URL.
    pub(super) fn of(exchange: &'a Exchange, world: &'a World) -> Option<Self> {
        let Destination::Scim(target) = &exchange.request.to else { return None };
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target.as_str(), None),
        };
        let body = match exchange.request.body.as_deref() {
            None | Some([]) => Body::None,
            Some(bytes) => match serde_json::from_slice(bytes) {
                Ok(json) => Body::Json(json),
                Err(_) if is_template(&String::from_utf8_lossy(bytes)) => Body::Template,
                Err(_) => Body::Other(bytes),
            },
        };
        Some(Self {
            exchange,
            to: Place::of(path, &world.known),
            query,
            parameters: parameters(query.unwrap_or_default()),
            body,
            world,
        })
    }

    pub(super) fn method(&self) -> &Method {
        &self.exchange.request.method
    }

    /// The first header of that name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.exchange.request.headers.iter();
        headers.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether the recording has the headers at all: logs often keep none, or the media type alone.
    pub(super) fn has_headers(&self) -> bool {
        let mut names = self.exchange.request.headers.iter().map(|(name, _)| name);
        names.any(|name| !name.to_ascii_lowercase().starts_with("content-"))
    }

    /// The first parameter of that name, in this spelling.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> Option<&Value> {
        match &self.body {
            Body::Json(json) => Some(json),
            _ => None,
        }
    }

    /// `Users`.
    pub(super) fn endpoint(&self) -> Option<&str> {
        match &self.to {
            Place::Endpoint(endpoint) | Place::Resource(endpoint, _) => Some(endpoint),
            Place::Search(endpoint) => endpoint.as_deref(),
            _ => None,
        }
    }

    /// The resource that is created.
    pub(super) fn created(&self) -> Option<&Value> {
        let creates = *self.method() == Method::POST && matches!(self.to, Place::Endpoint(_));
        self.json().filter(|json| creates && json.is_object())
    }

    /// The resource that is created or replaced.
    pub(super) fn resource(&self) -> Option<&Value> {
        let replaces = *self.method() == Method::PUT && matches!(self.to, Place::Resource(..) | Place::Me);
        self.created().or_else(|| self.json().filter(|json| replaces && json.is_object()))
    }

    /// Whether it is a PATCH of a resource.
    pub(super) fn is_patch(&self) -> bool {
        *self.method() == Method::PATCH && matches!(self.to, Place::Resource(..) | Place::Me)
    }

    /// The operations of a PATCH, in whatever case they are named.
    pub(super) fn operations(&self) -> Vec<Operation<'_>> {
        let sent = self.json().filter(|_| self.is_patch());
        let all = sent.and_then(|sent| member(sent, "Operations")).and_then(Value::as_array);
        all.into_iter()
            .flatten()
            .filter(|operation| operation.is_object())
            .map(|operation| Operation {
                op: member(operation, "op"),
                path: member(operation, "path"),
                value: member(operation, "value"),
            })
            .collect()
    }

    /// The filter of a query or of a SearchRequest (RFC 7644, section 3.4.3), unless it has places to be filled in.
    pub(super) fn filter(&self) -> Option<&str> {
        let filter = match self.to {
            Place::Search(_) => self.json()?.get("filter")?.as_str()?,
            _ => self.parameter("filter")?,
        };
        (!is_template(filter)).then_some(filter)
    }
}

impl Operation<'_> {
    /// The operation in lower case, if it is text.
    pub(super) fn named(&self) -> Option<String> {
        self.op.and_then(Value::as_str).map(str::to_ascii_lowercase)
    }

    /// The path, if it is text that says something.
    pub(super) fn at(&self) -> Option<&str> {
        self.path.and_then(Value::as_str).filter(|path| !path.is_empty() && !is_template(path))
    }
}

/// A member of an object, whatever the case of its name (RFC 7643, section 2.1).
pub(super) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Whether a text has places to be filled in, as suites and collections do: `{{name}}`.
pub(super) fn is_template(text: &str) -> bool {
    text.split_once("{{").is_some_and(|(_, behind)| behind.contains("}}"))
}

fn parameters(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::sent;

    #[test]
    fn a_request_without_an_answer_is_taken_apart_too() {
        let mut exchange =
            sent("PATCH", "/Users/1?attributes=id", r#"{"operations":[{"op":"Add","path":"title"}]}"#, 0, "");
        exchange.result = Err(scimspec_mock_idp::exchange::Broken::NotRecorded);
        let world = World::default();
        let read = Sent::of(&exchange, &world).unwrap();
        assert_eq!((read.endpoint(), read.parameter("attributes")), (Some("Users"), Some("id")));
        let operations = read.operations();
        assert_eq!((operations[0].named().as_deref(), operations[0].at()), (Some("add"), Some("title")));
    }

    #[test]
    fn places_to_be_filled_in_are_no_mistake() {
        let exchange = sent("POST", "/Users?filter=userName+eq+{{name}}", r#"{"userName": {{name}}}"#, 0, "");
        let world = World::default();
        let read = Sent::of(&exchange, &world).unwrap();
        assert_eq!((read.body, read.parameters.len()), (Body::Template, 1));
        assert!(is_template("a {{b}} c") && !is_template("a }} {{"));
    }
}

//! The parameters of a read (RFC 7644 sections 3.4.2 and 3.4.3), whether they come in the query of a URL or in
//! the body of a `/.search`: read, changed, and taken out.

use axum::http::{Method, Uri};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use super::wire::{Place, Wire};

impl Wire {
    /// Whether resources are searched for.
    pub(super) fn is_search(&self) -> bool {
        match self.place {
            Place::Root | Place::Collection(_) => self.is(&Method::GET) || self.is(&Method::HEAD),
            Place::Search(_) => self.is(&Method::POST),
            _ => false,
        }
    }

    /// A parameter, as text; several paths are one text with commas.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        if let Place::Search(_) = self.place {
            return match self.json()?.get(name)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                Value::Array(paths) => {
                    Some(paths.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
                }
                _ => None,
            };
        }
        self.pairs().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// A parameter that is a whole number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.parameter(name)?.trim().parse().ok()
    }

    /// The filter.
    pub(super) fn filter(&self) -> Option<String> {
        self.parameter("filter").filter(|_| self.is_search())
    }

    /// The same request with another value of a parameter, or without it. What is said of other parameters stays as
    /// it is spelled, and one that is there twice stays too: the server refuses it.
    #[must_use]
    pub(super) fn with_parameter(mut self, name: &str, value: Option<&str>) -> Self {
        if self.parameter(name).as_deref() == value {
            return self;
        }
        if let Place::Search(_) = self.place {
            let Some(mut body) = self.json() else { return self };
            if let Some(body) = body.as_object_mut() {
                body.shift_remove(name);
                if let Some(value) = value {
                    body.insert(name.to_owned(), in_body(name, value));
                }
            }
            return self.with(&body);
        }
        if self.pairs().filter(|(key, _)| key == name).count() > 1 {
            return self;
        }
        let kept = self.spelled_pairs().filter(|pair| decoded(halves(pair).0) != name).map(str::to_owned);
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let set = value.map(|value| format!("{}={}", encoded(name), encoded(value)));
        let query: Vec<String> = kept.chain(set).collect();
        let path = self.parts.uri.path().to_owned();
        let all = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
        let mut parts = self.parts.uri.clone().into_parts();
        parts.path_and_query = all.parse().ok().or(parts.path_and_query);
        if let Ok(uri) = Uri::from_parts(parts) {
            self.parts.uri = uri;
        }
        self
    }

    fn pairs(&self) -> impl Iterator<Item = (String, String)> {
        self.spelled_pairs().map(|pair| {
            let (key, value) = halves(pair);
            (decoded(key), decoded(value))
        })
    }

    fn spelled_pairs(&self) -> impl Iterator<Item = &str> {
        self.parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty())
    }
}

fn halves(pair: &str) -> (&str, &str) {
    pair.split_once('=').unwrap_or((pair, ""))
}

fn in_body(name: &str, value: &str) -> Value {
    match name {
        "startIndex" | "count" => value.parse::<i64>().map_or_else(|_| json!(value), |number| json!(number)),
        "attributes" | "excludedAttributes" => json!(value.split(',').collect::<Vec<_>>()),
        _ => json!(value),
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

//! The look through files that are kept: whether a secret is in one. It reads them as they stand, for whoever reads a
//! recording to use it takes credentials out first.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use serde_json::Value;

use super::known::Known;
use super::pass::Pass;
use super::text::Seeker;
use super::{Rules, is_nothing};
use crate::exchange::{Answer, Broken, Destination, Exchange, Origin, Request};

/// Where in a HAR file something stands that [`Redaction::standard`](super::Redaction::standard) would take out, for
/// the test that no file with a secret is kept: `entry 2: the request's header Authorization`. Never the secret
/// itself. An error: the text is no JSON, so that nothing can be said of it.
pub fn secrets_in_har(text: &str) -> Result<Vec<String>, serde_json::Error> {
    let har: Value = serde_json::from_str(text)?;
    let rules = Rules::default();
    let (mut known, none) = (Known::default(), Known::default());
    let mut places = Vec::new();
    for (index, entry) in list(&har["log"]["entries"]).enumerate() {
        let mut found = Pass::new(&rules, &mut known).clean(&mut exchange(entry));
        found.extend(pairs_in(entry, &rules));
        places.extend(found.into_iter().map(|place| format!("entry {}: {place}", index + 1)));
    }
    // Comments, pages, and the members of other programs.
    let seeker = Seeker { known: [&known, &none], custom: &[] };
    if places.is_empty() && !seeker.everything(text.as_bytes()).is_empty() {
        places.push("the file, outside of the exchanges".to_owned());
    }
    Ok(places)
}

/// Where in an exchange something stands that [`Redaction::standard`](super::Redaction::standard) would take out:
/// `the request's header Authorization`. Never the secret itself. Empty for what is clean.
pub fn secrets_in(exchange: &Exchange) -> Vec<String> {
    let rules = Rules::default();
    Pass::new(&rules, &mut Known::default()).clean(&mut exchange.clone())
}

/// What a HAR file says a second time, taken apart.
fn pairs_in(entry: &Value, rules: &Rules) -> Vec<String> {
    let (request, response) = (&entry["request"], &entry["response"]);
    let cookies = list(&request["cookies"]).chain(list(&response["cookies"]));
    let cookies = cookies.filter(|cookie| !is_nothing(string(&cookie["value"])));
    let parameters = list(&request["queryString"]).chain(list(&request["postData"]["params"]));
    let parameters = parameters.filter(|pair| {
        rules.names.parameter(string(&pair["name"])).is_some() && !is_nothing(string(&pair["value"]))
    });
    let name = |kind: &str, pair: &Value| format!("the {kind} {}", string(&pair["name"]));
    cookies.map(|pair| name("cookie", pair)).chain(parameters.map(|pair| name("parameter", pair))).collect()
}

fn exchange(entry: &Value) -> Exchange {
    let (request, response) = (&entry["request"], &entry["response"]);
    let url = string(&request["url"]);
    let body = &request["postData"];
    let encoding = [&body["encoding"], &body["_encoding"]].map(string).concat();
    let status =
        response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
    Exchange {
        origin: Origin::Recorded,
        request: Request {
            method: Method::from_bytes(string(&request["method"]).as_bytes()).unwrap_or_default(),
            to: Destination::Scim(String::new()),
            headers: headers(request),
            body: body["text"].as_str().map(|text| bytes(text, &encoding)),
        },
        url: url.to_owned(),
        result: if status == 0 {
            Err(Broken::Cut(string(&response["_error"]).to_owned()))
        } else {
            let content = &response["content"];
            let body = bytes(string(&content["text"]), string(&content["encoding"]));
            Ok(Answer { status, headers: headers(response), body })
        },
        started: SystemTime::UNIX_EPOCH,
        took: Duration::ZERO,
    }
}

fn headers(message: &Value) -> Vec<(String, String)> {
    let pair = |pair: &Value| (string(&pair["name"]).to_owned(), string(&pair["value"]).to_owned());
    list(&message["headers"]).map(pair).collect()
}

fn bytes(text: &str, encoding: &str) -> Bytes {
    let decoded = STANDARD.decode(text).ok().filter(|_| encoding.eq_ignore_ascii_case("base64"));
    decoded.map_or_else(|| text.to_owned().into(), Into::into)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

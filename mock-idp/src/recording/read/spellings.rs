//! The names under which loggers keep the parts of an exchange. There is no standard; these are what SCIM servers'
//! and web frameworks' request logs use. Names are compared without case and without anything but letters and digits:
//! `userAgent`, `user_agent` and `User-Agent` are one.
//!
//! | part | accepted |
//! | --- | --- |
//! | method | method, httpMethod, requestMethod, verb |
//! | URL or path | url, uri, requestUrl, requestUri, originalUrl, fullUrl, target, path, fullPath, requestPath |
//! | query, where the URL has none | query, queryString, as text or as an object |
//! | host, where the URL has none | host; else the header Host |
//! | when it was sent | time, timestamp, @timestamp, ts, dateTime, date, start, started, startedAt, startTime: ISO 8601, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970 |
//! | how long it took | ms, durationMs, elapsedMs, latencyMs, responseTime, responseTimeMs, duration, elapsed, latency, took: milliseconds, or text with a unit |
//! | status | status, statusCode, responseStatus, responseCode, code; 0 where the exchange broke |
//! | headers of the request | headers, requestHeaders, reqHeaders: an object, or a list of {name, value} or of pairs |
//! | the same, alone | userAgent, contentType |
//! | body of the request | request, req, body, requestBody, reqBody, payload, requestPayload: as text or as JSON |
//! | headers of the answer | responseHeaders, resHeaders; alone: responseContentType |
//! | body of the answer | response, res, resp, responseBody, resBody, responsePayload |
//!
//! `request` (`req`) and `response` (`res`, `resp`) may also be objects that hold the parts of their side. A line may
//! stand as text in `log`, as Docker keeps it, or be an entry of a HAR file.

use serde_json::Value;

pub(super) const METHOD: &[&str] = &["method", "httpmethod", "requestmethod", "verb"];
pub(super) const URL: &[&str] = &[
    "url",
    "uri",
    "requesturl",
    "requesturi",
    "originalurl",
    "fullurl",
    "target",
    "path",
    "fullpath",
    "requestpath",
];
pub(super) const QUERY: &[&str] = &["query", "querystring"];
pub(super) const HOST: &[&str] = &["host"];
pub(super) const TIME: &[&str] =
    &["time", "timestamp", "ts", "datetime", "date", "start", "started", "startedat", "starttime"];
pub(super) const TOOK: &[&str] = &[
    "ms",
    "durationms",
    "elapsedms",
    "latencyms",
    "responsetime",
    "responsetimems",
    "duration",
    "elapsed",
    "latency",
    "took",
];
pub(super) const STATUS: &[&str] = &["status", "statuscode", "responsestatus", "responsecode", "code"];
pub(super) const HEADERS: &[&str] = &["headers", "requestheaders", "reqheaders"];
pub(super) const USER_AGENT: &[&str] = &["useragent"];
pub(super) const CONTENT_TYPE: &[&str] = &["contenttype"];
pub(super) const BODY: &[&str] = &["body", "requestbody", "reqbody", "payload", "requestpayload"];
pub(super) const ANSWER_HEADERS: &[&str] = &["responseheaders", "resheaders"];
pub(super) const ANSWER_CONTENT_TYPE: &[&str] = &["responsecontenttype"];
pub(super) const ANSWER_BODY: &[&str] = &["responsebody", "resbody", "responsepayload"];
pub(super) const REQUEST: &[&str] = &["request", "req"];
pub(super) const RESPONSE: &[&str] = &["response", "res", "resp"];
pub(super) const WRAPPED: &[&str] = &["log"];

/// The member of that name; of several spellings the one that stands first in the table. None if `value` is no object.
pub(super) fn find<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    let members = value.as_object()?;
    names
        .iter()
        .find_map(|name| members.iter().find(|(known, _)| is_spelled(known, name)).map(|(_, value)| value))
}

fn is_spelled(known: &str, name: &str) -> bool {
    let letters = known.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    letters.eq(name.bytes())
}

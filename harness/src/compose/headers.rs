//! Which of a recorded request's headers a scenario keeps: those that say something about SCIM and differ from the usual
//! ones.

use super::draft::Draft;
use super::rewrite::literal;
use super::seen::Seen;

/// What clients, proxies and monitoring add, and no server of SCIM answers by.
const NOISE: [&str; 32] = [
    "host",
    "content-length",
    "connection",
    "keep-alive",
    "accept-encoding",
    "accept-charset",
    "accept-language",
    "user-agent",
    "authorization",
    "proxy-authorization",
    "cookie",
    "date",
    "via",
    "forwarded",
    "x-real-ip",
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "traceparent",
    "tracestate",
    "baggage",
    "sentry-trace",
    "cache-control",
    "pragma",
    "origin",
    "referer",
    "te",
    "transfer-encoding",
    "upgrade-insecure-requests",
    "dnt",
    "priority",
    "adscimversion",
];
const NOISY_BEGINNINGS: [&str; 9] =
    ["x-forwarded-", "x-amz", "x-amzn-", "x-ms-", "x-datadog-", "x-b3-", "cf-", "sec-", ":"];
const SCIM: &str = "application/scim+json";

/// Headers of a request that are kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// As they are.
    pub plain: Vec<(String, String)>,
    /// Those that name a version which an earlier answer told.
    pub versions: Vec<(String, String)>,
}

/// Chooses the headers that are kept, and notes those that might have been.
pub(super) fn kept(seen: &Seen<'_>, draft: &mut Draft) -> Kept {
    let mut kept = Kept::default();
    for (name, value) in &seen.entry.exchange.request.headers {
        match name.to_ascii_lowercase().as_str() {
            "content-type" => {
                kept.plain.extend(media_type(value).map(|kind| ("Content-Type".to_owned(), kind)));
            }
            "accept" if !value.contains(SCIM) && !value.contains("*/*") => {
                kept.plain.push(("Accept".to_owned(), literal(value)));
            }
            "accept" => {}
            "prefer" => kept.plain.push((name.clone(), literal(value))),
            "if-match" | "if-none-match" => kept.versions.push((name.clone(), value.clone())),
            noise if NOISE.contains(&noise) || NOISY_BEGINNINGS.iter().any(|one| noise.starts_with(one)) => {}
            other => {
                let name: String = other.chars().take(60).collect();
                draft.note(format!("the header {name} is left out"));
            }
        }
    }
    kept
}

/// A media type that is not the usual one. That text is UTF-8 is usual too.
fn media_type(value: &str) -> Option<String> {
    let parts: Vec<&str> = value.split(';').map(str::trim).filter(|part| !part.is_empty()).collect();
    let usual = |part: &&&str| {
        !part.eq_ignore_ascii_case("charset=utf-8") && !part.eq_ignore_ascii_case("charset=\"utf-8\"")
    };
    let rest: Vec<&str> = parts.iter().filter(usual).copied().collect();
    (!matches!(rest.as_slice(), []) && rest != [SCIM]).then(|| literal(&rest.join("; ")))
}

//! `client/body-is-a-json-object`.

use http::Method;

use super::super::sent::{Body, Sent};
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;
use crate::rules::Place;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "body-is-a-json-object",
    title: "What is sent is a JSON object",
    what: "Every body that is sent to a resource, a query or /Bulk: JSON in UTF-8, an object.",
    why: "Nothing in it can be read; a server answers 400.",
    fix: "Send one JSON object, in UTF-8.",
    level: Level::Must,
    source: "RFC 7644, section 3.1; RFC 7643, section 2.1",
    requirements: &["RFC7644-3.3-L9"],
    softer: None,
    look,
};

/// RFC 7644, sections 3.1 and 3.8.
fn look(sent: &Sent<'_>) -> Look {
    let writes = matches!(*sent.method(), Method::POST | Method::PUT | Method::PATCH);
    if !writes || sent.to == Place::Elsewhere {
        return Look::Elsewhere;
    }
    let fault = |actual: &str| Look::of(vec![Fault::new("a JSON object", actual)]);
    match &sent.body {
        Body::Template => Look::Elsewhere,
        Body::None => fault("no body"),
        Body::Json(json) if json.is_object() => Look::Kept,
        Body::Json(json) if json.is_array() => fault("an array"),
        Body::Json(_) => fault("a single value"),
        Body::Other(bytes) if std::str::from_utf8(bytes).is_err() => fault("bytes that are no UTF-8"),
        Body::Other(_) => fault("something else than JSON"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[rstest]
    #[case(r#"{"userName":"ada"}"#, kept())]
    #[case("[{}]", broken("an array"))]
    #[case("\"ada\"", broken("a single value"))]
    #[case("userName=ada", broken("something else than JSON"))]
    #[case("", broken("no body"))]
    #[case(r#"{"userName": {{name}}}"#, None)]
    fn a_write_sends_an_object(#[case] body: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &request("POST", "/Users", body)), said);
        assert_eq!(told(&RULE, &request("GET", "/Users", body)), None);
    }

    #[test]
    fn another_encoding_is_named() {
        let mut latin = request("POST", "/Users", "{}");
        latin.request.body = Some(b"{\"userName\":\"\xe9\"}".to_vec().into());
        assert_eq!(told(&RULE, &latin), broken("bytes that are no UTF-8"));
    }
}

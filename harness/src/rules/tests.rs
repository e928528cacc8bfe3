//! What the tests of rules are written with, and what is true of all rules.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use http::Method;
use scimspec_mock_idp::exchange::{Broken, Request};

use super::*;
use crate::catalogue::{Catalogue, RequirementId};

/// An exchange as a rule sees it.
pub(crate) fn exchange(
    method: &str,
    target: &str,
    status: u16,
    headers: &[(&str, &str)],
    body: &str,
) -> Exchange {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Exchange {
        origin: Origin::Request,
        request: Request::scim(Method::from_bytes(method.as_bytes()).unwrap(), target),
        url: format!("https://app.example/scim/v2{target}"),
        result: Ok(Answer { status, headers, body: body.to_owned().into() }),
        started: SystemTime::UNIX_EPOCH,
        took: Duration::ZERO,
    }
}

/// An answer without headers that matter.
pub(crate) fn answer(method: &str, target: &str, status: u16, body: &str) -> Exchange {
    exchange(method, target, status, &[], body)
}

/// The same with a body that was sent.
pub(crate) fn sent(method: &str, target: &str, request: &str, status: u16, body: &str) -> Exchange {
    let mut exchange = answer(method, target, status, body);
    exchange.request.body = Some(request.to_owned().into());
    exchange
}

/// What a rule says about a story: none, it has no business there; else what is wrong.
pub(crate) fn found(rule: &'static Rule, exchanges: &[Exchange]) -> Option<Vec<String>> {
    found_in(rule, exchanges, true)
}

/// The same, as often as it is wrong.
pub(crate) fn found_in(rule: &'static Rule, exchanges: &[Exchange], complete: bool) -> Option<Vec<String>> {
    let discovery = discovery();
    let transcript = Transcript { number: 1, exchanges, unordered: &[], complete };
    let secrets = Secrets::default();
    secrets.add("t0p-s3cret-token");
    let watched = Watched { discovery: &discovery, transcripts: vec![transcript], alone: true, secrets };
    let own = look_with(&[rule], &watched).pop().unwrap();
    // What the discovery documents themselves are worth is not asked here.
    let silent = Watched { transcripts: Vec::new(), ..watched };
    let without = look_with(&[rule], &silent).pop().unwrap();
    (own.looked > without.looked).then(|| own.causes.into_iter().map(|cause| cause.actual).collect())
}

/// Nothing is wrong.
#[expect(clippy::unnecessary_wraps, reason = "it stands beside what a rule says about a story")]
pub(crate) fn kept() -> Option<Vec<String>> {
    Some(Vec::new())
}

/// This is wrong.
#[expect(clippy::unnecessary_wraps, reason = "it stands beside what a rule says about a story")]
pub(crate) fn broken(actual: &str) -> Option<Vec<String>> {
    Some(vec![actual.to_owned()])
}

/// What is known of a target that publishes what RFC 7643 defines.
pub(crate) fn discovered() -> Known {
    let secrets = Secrets::default();
    secrets.add("t0p-s3cret-token");
    Known::read(&discovery(), secrets)
}

fn discovery() -> Vec<Exchange> {
    let mut all = vec![
        answer("GET", "/ServiceProviderConfig", 200, CONFIG),
        answer("GET", "/Schemas", 200, SCHEMAS),
        answer("GET", "/ResourceTypes", 200, TYPES),
    ];
    for exchange in &mut all {
        exchange.origin = Origin::Preflight;
        let label = ("content-type".to_owned(), "application/scim+json".to_owned());
        exchange.result.as_mut().unwrap().headers.push(label);
    }
    all
}

const CONFIG: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
"patch":{"supported":true},"bulk":{"supported":false,"maxOperations":0,"maxPayloadSize":0},
"filter":{"supported":true,"maxResults":200},"changePassword":{"supported":true},"sort":{"supported":true},
"etag":{"supported":true},"authenticationSchemes":[{"type":"oauthbearertoken","name":"token","description":"a token"}],
"pagination":{"cursor":true,"index":true,"maxPageSize":100}}"#;

const TYPES: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":2,"Resources":[
{"schemas":["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],"id":"User","name":"User","endpoint":"/Users",
 "schema":"urn:ietf:params:scim:schemas:core:2.0:User",
 "schemaExtensions":[{"schema":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","required":false}]},
{"schemas":["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],"id":"Group","name":"Group","endpoint":"/Groups",
 "schema":"urn:ietf:params:scim:schemas:core:2.0:Group"}]}"#;

const SCHEMAS: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":3,"Resources":[
{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Schema"],"id":"urn:ietf:params:scim:schemas:core:2.0:User","attributes":[
 {"name":"id","type":"string","multiValued":false,"returned":"always","caseExact":true},
 {"name":"externalId","type":"string","multiValued":false,"caseExact":true},
 {"name":"userName","type":"string","multiValued":false,"required":true,"uniqueness":"server"},
 {"name":"displayName","type":"string","multiValued":false},
 {"name":"title","type":"string","multiValued":false},
 {"name":"nickName","type":"string","multiValued":false,"returned":"request"},
 {"name":"profileUrl","type":"reference","multiValued":false,"referenceTypes":["external"]},
 {"name":"active","type":"boolean","multiValued":false},
 {"name":"hired","type":"dateTime","multiValued":false},
 {"name":"floor","type":"integer","multiValued":false},
 {"name":"weight","type":"decimal","multiValued":false},
 {"name":"pin","type":"string","multiValued":false,"returned":"never"},
 {"name":"password","type":"string","multiValued":false,"mutability":"writeOnly","returned":"never"},
 {"name":"name","type":"complex","multiValued":false,"subAttributes":[
  {"name":"formatted","type":"string","multiValued":false},{"name":"givenName","type":"string","multiValued":false},
  {"name":"familyName","type":"string","multiValued":false}]},
 {"name":"emails","type":"complex","multiValued":true,"subAttributes":[
  {"name":"value","type":"string","multiValued":false},{"name":"display","type":"string","multiValued":false},
  {"name":"type","type":"string","multiValued":false},{"name":"primary","type":"boolean","multiValued":false}]},
 {"name":"x509Certificates","type":"complex","multiValued":true,"subAttributes":[
  {"name":"value","type":"binary","multiValued":false}]},
 {"name":"groups","type":"complex","multiValued":true,"mutability":"readOnly","subAttributes":[
  {"name":"value","type":"string","multiValued":false},{"name":"$ref","type":"reference","multiValued":false},
  {"name":"type","type":"string","multiValued":false}]}]},
{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Schema"],"id":"urn:ietf:params:scim:schemas:core:2.0:Group","attributes":[
 {"name":"displayName","type":"string","multiValued":false,"required":true},
 {"name":"members","type":"complex","multiValued":true,"subAttributes":[
  {"name":"value","type":"string","multiValued":false},{"name":"$ref","type":"reference","multiValued":false},
  {"name":"display","type":"string","multiValued":false},{"name":"type","type":"string","multiValued":false}]}]},
{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Schema"],"id":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","attributes":[
 {"name":"employeeNumber","type":"string","multiValued":false},{"name":"department","type":"string","multiValued":false},
 {"name":"manager","type":"complex","multiValued":false,"subAttributes":[
  {"name":"value","type":"string","multiValued":false},{"name":"$ref","type":"reference","multiValued":false},
  {"name":"displayName","type":"string","multiValued":false,"mutability":"readOnly"}]}]}]}"#;

#[test]
fn every_rule_shows_requirements_of_one_level_and_explains_itself() {
    let catalogue = Catalogue::embedded().unwrap();
    let mut slugs = BTreeSet::new();
    for rule in RULES {
        assert!(slugs.insert(rule.slug), "{} stands twice", rule.slug);
        let row =
            |id: &&str| catalogue.find(&RequirementId((*id).to_owned())).unwrap_or_else(|| panic!("{id}"));
        let levels: BTreeSet<_> = rule.requirements.iter().map(|id| row(id).level).collect();
        assert_eq!(levels.len(), 1, "{}", rule.slug);
        for text in [rule.title, rule.what, rule.why, rule.fix] {
            assert!(text.len() > 20, "{} explains too little: {text:?}", rule.slug);
        }
        // Where no single sentence of the RFC says it, the rule says so.
        let basis = |word: &str| rule.requirements.iter().all(|id| row(id).notes.starts_with(word));
        let told = |word: &str| [rule.title, rule.what, rule.why].iter().any(|text| text.contains(word));
        assert!(!basis("[derived]") || told("derived"), "{} does not say that it is derived", rule.slug);
        assert!(
            !basis("[silent]") || told("says nothing"),
            "{} does not say that the RFC is silent",
            rule.slug
        );
    }
}

#[test]
fn one_cause_is_told_once_with_its_count() {
    let plain = || exchange("GET", "/Users", 200, &[("content-type", "application/json")], "{}");
    let right = exchange("GET", "/Users", 200, &[("content-type", "application/scim+json")], "{}");
    let (one, other) = ([right, plain()], [plain()]);
    let transcript = |number, exchanges| Transcript { number, exchanges, unordered: &[], complete: true };
    let findings = look(&Watched {
        discovery: &[],
        transcripts: vec![transcript(1, &one), transcript(2, &other)],
        alone: true,
        secrets: Secrets::default(),
    });
    let media = findings.iter().find(|found| found.rule.slug == "media-type").unwrap();
    assert_eq!(media.looked, 3);
    let causes: Vec<_> = media.causes.iter().map(|cause| (cause.count, cause.first)).collect();
    assert_eq!(causes, [(2, Some((1, 1)))]);
}

#[test]
fn one_broken_thing_is_explained_by_one_rule() {
    let page = exchange("GET", "/Users/1", 500, &[("content-type", "text/html")], "<html>Oops</html>");
    let teapot = exchange("GET", "/Users/1", 404, &[("content-type", "text/plain")], "not found");
    for (exchange, explains) in [
        (page, vec!["html-where-json-belongs", "no-server-error"]),
        (teapot, vec!["body-is-json"]),
        (answer("GET", "/Users/1", 404, ""), vec!["error-has-scim-body"]),
    ] {
        let exchanges = [exchange];
        let transcript = Transcript { number: 1, exchanges: &exchanges, unordered: &[], complete: true };
        let (secrets, transcripts) = (Secrets::default(), vec![transcript]);
        let told = look(&Watched { discovery: &[], transcripts, alone: true, secrets });
        let slugs: Vec<_> = told.iter().filter(|f| !f.causes.is_empty()).map(|f| f.rule.slug).collect();
        assert_eq!(slugs, explains);
    }
}

#[test]
fn other_peoples_resources_make_no_rule_fire() {
    let old = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":2,"itemsPerPage":2,"startIndex":1,
        "Resources":[{"id":"7","userName":"eve","active":"False","password":"x"},{"id":"7","userName":"EVE","emails":"e"}]}"#;
    let exchanges = [exchange("GET", "/Users", 200, &[("content-type", "application/scim+json")], old)];
    let discovery = discovery();
    let transcript = Transcript { number: 1, exchanges: &exchanges, unordered: &[], complete: true };
    let told = look(&Watched {
        discovery: &discovery,
        transcripts: vec![transcript],
        alone: false,
        secrets: Secrets::default(),
    });
    let fired: Vec<_> =
        told.iter().filter(|f| !f.causes.is_empty()).map(|f| (f.rule.slug, &f.causes)).collect();
    assert!(fired.is_empty(), "{fired:?}");
}

#[test]
fn a_lost_answer_is_a_gap_and_a_bad_network_no_history() {
    let body = |version: &str| {
        format!(
            r#"{{"schemas":["{}"],"id":"1","userName":"ada","meta":{{"version":"W/\"{version}\""}}}}"#,
            known::USER
        )
    };
    let mut lost = answer("PATCH", "/Users/1", 200, "");
    lost.result = Err(Broken::Cut("the answer was lost".to_owned()));
    let made = || answer("POST", "/Users", 201, &body("1"));
    let read = || answer("GET", "/Users/1", 200, &body("2"));
    let rule = RULES.iter().find(|rule| rule.slug == "version-stays-without-a-change").unwrap();
    assert!(found(rule, &[made(), read()]).is_some_and(|causes| causes.len() == 1));
    assert_eq!(found(rule, &[made(), lost, read()]), None);
    assert_eq!(found_in(rule, &[made(), read()], false), None);
}

/// A header of the request.
pub(crate) trait WithHeader {
    fn exchange_header(&mut self, name: &str, value: &str);
}

impl WithHeader for Exchange {
    fn exchange_header(&mut self, name: &str, value: &str) {
        self.request.headers.push((name.to_owned(), value.to_owned()));
    }
}

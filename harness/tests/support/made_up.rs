//! The result of a run that never was: one check of every kind, so that each report shows all that it can show, and
//! always the same.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use http::Method;
use scimspec_mock_idp::exchange::{Answer, Broken, Destination, Exchange, Origin, Request};

use scimspec::catalogue::{Catalogue, Level, RequirementId};
use scimspec::judge::known_failures::Stale;
use scimspec::judge::{CheckResult, Verdict};
use scimspec::profile::Profiles;
use scimspec::report::RunReport;
use scimspec::report::view::Lens;
use scimspec::runner::cleanup::Leftover;
use scimspec::runner::names::RunId;
use scimspec::runner::observed::{Story, StoryReport};
use scimspec::scenario::diagnostic::Source;
use scimspec::scenario::loader;
use scimspec::scenario::lower::World;
use scimspec::secrets::Secrets;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());

const TOKEN: &str = "a-token-that-must-not-show";

const BLOCKS: &str = "
title: A deactivated person is locked out
personas: [okta-wizard, okta-catalog, entra]
people: [ada]
steps:
  - {idp: assign, people: [ada]}
  - {access: [ada], is: blocked, check: every-way-in-is-shut, shows: [LIFECYCLE-L2]}
";

const NO_TARGET: &str = "
title: PATCH replace through a filter that matches nothing is refused, or creates what it names, as the server likes
cases:
  - {case: whole-value, path: x}
steps:
  - {request: GET /Users, expect: {status: 200}, check: no-target, shows: [RFC7644-3.5.2.3-L26]}
";

/// What it takes to show it.
pub(crate) fn lens() -> Lens {
    let secrets = Secrets::default();
    secrets.add(TOKEN);
    Lens { secrets, run: RunId("k3f9x2".to_owned()) }
}

/// The run.
pub(crate) fn run() -> RunReport {
    let as_wizard = story(1, "lifecycle/deactivate-blocks", BLOCKS, Some("okta-wizard"));
    let as_entra = story(2, "lifecycle/deactivate-blocks", BLOCKS, Some("entra"));
    let plain = story(3, "patch/no-target", NO_TARGET, None);
    let checks = vec![
        check(&as_wizard, "lifecycle/deactivate-blocks/the-provider-deactivates", Verdict::Pass),
        open_door(&as_wizard),
        check(&as_entra, "lifecycle/deactivate-blocks/the-provider-deactivates", Verdict::Pass),
        open_door(&as_entra),
        known(&as_entra),
        outcome(&plain),
        info(&plain),
        skipped(&plain),
        error(&plain),
    ];
    let report = |story: &Story, exchanges| StoryReport {
        story: story.clone(),
        observed: Vec::new(),
        exchanges,
        unordered: Vec::new(),
    };
    RunReport {
        target: "https://app.example/scim/v2".to_owned(),
        profile: "base".to_owned(),
        started: SystemTime::UNIX_EPOCH + Duration::from_hours(498_768),
        took: Duration::from_millis(1234),
        checks,
        stories: vec![
            report(&as_wizard, vec![deactivation(), still_in()]),
            report(&as_entra, vec![deactivation(), still_in()]),
            report(&plain, vec![list(), broken()]),
        ],
        stale: vec![Stale {
            entry: "lifecycle/rename/* as entra".to_owned(),
            what: "all 3 checks that it matches pass now: remove the entry".to_owned(),
        }],
        leftovers: vec![Leftover {
            endpoint: "/Users".to_owned(),
            name: "ada.k3f9x2.1@example.com".to_owned(),
            id: Some("u-42".to_owned()),
            why: "DELETE: status 501, detail \"not today\u{1b}[2J\"".to_owned(),
        }],
        domain: "example.com".to_owned(),
        interrupted: false,
        require_access: false,
    }
}

/// The same run with many more scenarios, all of them right but for one that warns.
pub(crate) fn long_run() -> RunReport {
    let mut run = run();
    let plain = story(3, "patch/no-target", NO_TARGET, None);
    for n in 0..25 {
        let verdict = if n == 7 { Verdict::Warn } else { Verdict::Pass };
        let mut one = check(&plain, &format!("rfc7644/filter/operator-{n}/finds"), verdict);
        one.scenario = format!("rfc7644/filter/operator-{n}");
        one.exchanges = 0..1;
        run.checks.push(one);
    }
    run
}

fn open_door(story: &Story) -> CheckResult {
    let mut check = check(story, "lifecycle/deactivate-blocks/every-way-in-is-shut", Verdict::Fail);
    check.requirements = vec![RequirementId("LIFECYCLE-L2".to_owned())];
    check.level = Level::Must;
    check.step = "access ada is blocked".into();
    check.message = "A deactivated person cannot get in, by any way (the promise of provisioning)".into();
    check.expected = Some("ada is refused by every way".to_owned());
    check.actual = Some(format!("ada: session still lets them in, with {TOKEN}"));
    check.notes = vec!["ada: the api-token from before stays shut".to_owned()];
    check.exchanges = 0..2;
    check
}

fn known(story: &Story) -> CheckResult {
    let mut check = check(story, "lifecycle/deactivate-blocks/nobody-else-is-touched", Verdict::Fail);
    check.requirements = vec![RequirementId("LIFECYCLE-L5".to_owned())];
    check.level = Level::Must;
    check.message = "Nobody else is touched (the promise of provisioning)".into();
    check.known = Some("APP-117: the last session of a team ends with its owner".to_owned());
    check
}

fn outcome(story: &Story) -> CheckResult {
    let mut check = check(story, "patch/no-target/whole-value/no-target", Verdict::Warn);
    check.requirements = vec![RequirementId("RFC7644-3.5.2.3-L17".to_owned())];
    check.level = Level::Must;
    check.outcome = Some("created".to_owned());
    check.message =
        "created (C1): a target that is not there is refused with noTarget (RFC 7644, section 3.5.2.3)"
            .into();
    check.actual = Some("status 200; afterwards status 200".to_owned());
    check.exchanges = 0..1;
    check
}

fn info(story: &Story) -> CheckResult {
    let mut check = check(story, "patch/no-target/whole-value/what-is-left-out", Verdict::Info);
    check.outcome = Some("cleared".to_owned());
    check.message =
        "cleared (C14): a server may clear what a PUT leaves out (RFC 7644, section 3.5.1)".into();
    check
}

fn skipped(story: &Story) -> CheckResult {
    let mut check = check(story, "patch/no-target/whole-value/gets-in", Verdict::Skip);
    check.message = "no access probe".into();
    check.not_verified = true;
    check
}

fn error(story: &Story) -> CheckResult {
    let mut check = check(story, "patch/no-target/whole-value/comes-back", Verdict::Error);
    check.message = "could not be judged: no complete answer within 30s".into();
    check.exchanges = 1..2;
    check
}

fn check(story: &Story, id: &str, verdict: Verdict) -> CheckResult {
    let mut check = CheckResult::conversation(story, verdict, "Retrieved by its id".to_owned(), None, 0..0);
    check.id = id.into();
    check.step = "GET /Users/${ada.id}".into();
    check.requirements = vec![RequirementId("RFC7644-3.4.1-L1".to_owned())];
    check
}

fn story(number: usize, id: &str, text: &str, persona: Option<&str>) -> Story {
    let catalogue = &CATALOGUE;
    let profiles = Profiles::embedded(catalogue).unwrap();
    let world = World { catalogue, profiles: profiles.names() };
    let scenario = loader::parse(id, &Source::new(id, text), world).unwrap();
    let case = scenario.cases.first().cloned();
    let persona = persona.map(|name| name.parse().unwrap());
    Story { number, scenario: Arc::new(scenario), case, persona }
}

fn deactivation() -> Exchange {
    let body = r#"{"Operations":[{"op":"replace","value":{"active":false}}]}"#;
    let request = Request::scim(Method::PATCH, "/Users/u-42")
        .header("Content-Type", "application/scim+json; charset=utf-8")
        .body(body);
    exchange(Origin::Idp, request, Ok(answered(204, "")))
}

fn still_in() -> Exchange {
    let url = "https://app.example/me".parse().unwrap();
    let request =
        Request { method: Method::GET, to: Destination::Absolute(url), headers: Vec::new(), body: None };
    let request = request.header("Authorization", format!("Bearer {TOKEN}"));
    exchange(Origin::Probe, request, Ok(answered(200, r#"{"account":"41","password":"hunter2"}"#)))
}

/// Somebody of this run and somebody else.
fn list() -> Exchange {
    let body = r#"{"totalResults":2,"Resources":[{"userName":"ada.k3f9x2.3@example.com"},{"userName":"eve@app.example"}]}"#;
    exchange(
        Origin::Request,
        Request::scim(Method::GET, "/Users?filter=userName%20pr"),
        Ok(answered(200, body)),
    )
}

fn broken() -> Exchange {
    let result = Err(Broken::Timeout(Duration::from_secs(30)));
    exchange(Origin::Request, Request::scim(Method::GET, "/Users/u-42"), result)
}

fn answered(status: u16, body: &'static str) -> Answer {
    let headers = vec![("content-type".to_owned(), "application/scim+json".to_owned())];
    Answer { status, headers, body: body.into() }
}

fn exchange(origin: Origin, request: Request, result: Result<Answer, Broken>) -> Exchange {
    let url = match &request.to {
        Destination::Scim(target) => format!("https://app.example/scim/v2{target}"),
        Destination::Absolute(url) => url.to_string(),
    };
    let started = SystemTime::UNIX_EPOCH;
    Exchange { origin, request, url, result, started, took: Duration::from_millis(7) }
}

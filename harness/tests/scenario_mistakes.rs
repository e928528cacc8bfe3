//! What an author reads who made a mistake in a scenario file: for each kind of mistake the whole message is stored.
//! `»` in a text marks the place that the message must point at; it is taken out before the text is read.

use std::fmt::Write as _;
use std::sync::LazyLock;

use scimspec::run::Library;
use scimspec::scenario::diagnostic::{Diagnostic, Diagnostics, Source};
use scimspec::scenario::loader;
use scimspec::scenario::lower::World;

const MARK: char = '»';

#[test]
fn yaml_and_keys() {
    let steps = "steps:\n  - idp: test-connection\n";
    golden(
        "yaml_and_keys",
        &[
            ("YAML that is none", "title: A story\nsteps: »[\n".to_owned()),
            ("a tab as indentation", "title: A story\nsteps:\n\t»- idp: test-connection\n".to_owned()),
            ("a text that must be quoted", "title: A story»: and more\nsteps: []\n".to_owned()),
            ("an empty file", "»".to_owned()),
            ("a list where a scenario is expected", "»- title: A story\n".to_owned()),
            ("an unknown key", format!("title: A story\n»titel: A story\n{steps}")),
            ("an unknown key of a step", "title: A story\nsteps:\n  - »idb: test-connection\n".to_owned()),
            ("an unknown key of what is expected", step("request: GET /Users\n    expect: {»code: 200}")),
            ("a key twice", format!("title: A story\n»title: Another\n{steps}")),
            ("a wrong type", format!("title: A story\npeople: »ada\n{steps}")),
            ("a list for a text", format!("title: »[A, story]\n{steps}")),
            ("a text for a number", step("request: GET /Users\n    parallel: »many")),
            ("a Boolean that is none", format!("title: A story\nsnapshot: »yes\n{steps}")),
            ("a number too large for a status", step("request: GET /Users\n    expect: {»status: 70000}")),
            ("a missing key", "why: none\n»steps:\n  - idp: test-connection\n".to_owned()),
            ("two documents", format!("title: A story\n{steps}---\n»title: Another\n{steps}")),
            ("an alias to nothing", "title: »*story\nsteps: []\n".to_owned()),
        ],
    );
}

#[test]
fn recordings() {
    golden(
        "recordings",
        &[
            ("a recording of a scenario that is no file", step("replay: »okta.har")),
            ("a recording outside of the scenario's folder", step("replay: »../okta.har")),
            ("a recording and a request", step("»replay: okta.har\n    request: GET /Users")),
            ("what only a replay can have", step("»request: GET /Users\n    strict: true")),
        ],
    );
}

#[test]
fn json_texts() {
    golden(
        "json_texts",
        &[
            ("bad JSON in quotes", step("request: POST /Users\n    json: '{\"userName\": »ada}'")),
            (
                "bad JSON in quotes, after a letter that is longer than a byte",
                step("request: POST /Users\n    json: '{\"Ünal\": »ada}'"),
            ),
            (
                "bad JSON in quotes over several lines",
                step("request: POST /Users\n    json: »'{\"userName\": \"ada\",\n      \"active\": True}'"),
            ),
            ("a key twice in JSON", step("request: POST /Users\n    json: '{\"a\": 1, \"a»\": 2}'")),
            ("a name without quotes", step("request: POST /Users\n    json: '{\"id\": »${unique.name}}'")),
            (
                "a name that is not closed",
                step("request: POST /Users\n    json: »'{\"id\": \"${unique.name\"}'"),
            ),
            (
                "a name with a blank in it",
                step("request: POST /Users\n    json: »'{\"id\": \"${unique name}\"}'"),
            ),
            ("bad JSON as a pattern", step("request: GET /Users\n    expect: {json: '{\"id\": »absent}'}")),
        ],
    );
}

#[test]
fn patterns_and_paths() {
    let expect = |pattern: &str| step(&format!("request: GET /Users\n    expect: {{json: »'{pattern}'}}"));
    golden(
        "patterns_and_paths",
        &[
            ("an operator that there is not", expect(r#"{"id": {"$exists": true}}"#)),
            ("an operator beside other members", expect(r#"{"id": {"$present": true, "value": 1}}"#)),
            ("an operand of the wrong kind", expect(r#"{"id": {"$absent": "yes"}}"#)),
            ("a type that is none", expect(r#"{"id": {"$type": "text"}}"#)),
            ("an expression that is none", expect(r#"{"id": {"$matches": "("}}"#)),
            ("a list that is none", expect(r#"{"id": {"$oneOf": 1}}"#)),
            ("a length that is none", expect(r#"{"id": {"$length": "two"}}"#)),
            ("an order that is none", expect(r#"{"id": {"$sorted": "ascending"}}"#)),
            ("an order by nothing", expect(r#"{"id": {"$sorted": "asc", "by": 1}}"#)),
            ("an order by something else", expect(r#"{"id": {"$sorted": "asc", "of": "id"}}"#)),
            ("a mistake in what is not", expect(r#"{"id": {"$not": {"$type": "text"}}}"#)),
            ("an expression with a name that is none", expect(r#"{"id": {"$matches": "(${unique.name}"}}"#)),
            ("a list that gives nothing", expect(r#"{"id": {"$for": "${unique.name}"}}"#)),
            ("an item of no list", expect(r#"{"id": "${each}"}"#)),
            (
                "a pattern for a header that is none",
                step("request: GET /Users\n    expect: {headers: {ETag: »'{\"$any\": true}'}}"),
            ),
            ("a JSON path that is none", step("request: GET /Users\n    keep: {user: »id}")),
        ],
    );
}

#[test]
fn names() {
    golden(
        "names",
        &[
            ("a name that nothing gives a value", step("request: »GET /Users/${user.id}")),
            ("an id before there is one", step("request: »GET /Users/${ada.id}")),
            ("a group's id before there is one", step("request: »GET /Groups/${staff.id}")),
            ("something that a person does not have", step("request: »GET /Users/${ada.phone}")),
            ("something that `unique` does not have", step("request: »GET /Users/${unique.id}")),
            ("a column without a table", step("request: »GET /Users/${case.path}")),
            (
                "a name kept twice",
                step(
                    "request: GET /Users\n    keep: {user: $}\n  - request: GET /Users\n    keep: {user: »$}",
                ),
            ),
            ("a name that means something else", step("request: GET /Users\n    keep: {ada: »$}")),
            ("an id of nobody", step("request: GET /Users\n    keep: {bob.id: »$.id}")),
            ("an unknown person", step("idp: assign\n    people: [ada, »bob]")),
            ("an unknown person at a door", step("access: [»bob]\n    is: allowed")),
            ("an unknown persona", top("personas: [okta-wizard, »okta]")),
            ("an unknown option of a persona", top("personas: [»entra+lower]")),
            ("a persona twice", top("personas: [entra, »entra]")),
            ("an unknown profile", top("profiles: [base, »github]")),
            ("a capability that there is not", top("needs: [patch, »mfa]")),
            ("a permission that there is not", top("allow: [»anything]")),
            ("a person twice", "title: A story\npeople: [ada, »ada]\nsteps: []\n".to_owned()),
            ("a person with a bad slug", "title: A story\npeople: [»Ada]\nsteps: []\n".to_owned()),
            ("a person called `case`", "title: A story\npeople: [»case]\nsteps: []\n".to_owned()),
        ],
    );
}

#[test]
fn checks() {
    let check = |rest: &str| step(&format!("request: GET /Users\n    expect: {{status: 200}}\n    {rest}"));
    golden(
        "checks",
        &[
            ("a check that shows nothing", check("check: »is-right")),
            ("a check that shows an empty list", check("check: »is-right\n    shows: []")),
            (
                "shows without a check",
                step("»request: GET /Users\n    expect: {status: 200}\n    shows: [LIFECYCLE-L2]"),
            ),
            ("a check with a bad slug", check("check: »Is right\n    shows: [LIFECYCLE-L2]")),
            (
                "two checks of one name",
                check(
                    "check: is-right\n    shows: [LIFECYCLE-L2]\n  - request: GET /Users\n    expect: {status: 200}\n    check: »is-right\n    shows: [LIFECYCLE-L2]",
                ),
            ),
            ("an unknown requirement", check("check: is-right\n    shows: [LIFECYCLE-L2, »RFC7644-L2]")),
            ("nothing but an unknown requirement", check("check: is-right\n    shows: [»LIFECYCLE-L99]")),
            (
                "requirements of two levels",
                check("check: is-right\n    shows: [LIFECYCLE-L2, »RFC7644-3.5.1-L4]"),
            ),
            (
                "a check that asks for nothing",
                step("request: »GET /Users\n    check: is-right\n    shows: [LIFECYCLE-L2]"),
            ),
        ],
    );
}

#[test]
fn steps() {
    golden(
        "steps",
        &[
            ("a step that does nothing", step("»check: is-right\n    shows: [LIFECYCLE-L2]")),
            ("a step of two kinds", step("»idp: test-connection\n    request: GET /Users")),
            ("a key of another kind", step("»access: [ada]\n    is: allowed\n    json: '{}'")),
            ("a key of two other kinds", step("»account: [ada]\n    expect: {status: 200}")),
            ("an act that there is not", step("idp: »asign\n    people: [ada]")),
            ("an act without people", step("idp: »assign")),
            ("an act without its group", step("idp: »join\n    people: [ada]")),
            (
                "an act with a group that it is not about",
                step("idp: »assign\n    people: [ada]\n    group: staff"),
            ),
            ("a change that changes nothing", step("idp: »change-profile\n    people: [ada]")),
            (
                "an end of a task that there is not",
                step("idp: assign\n    people: [ada]\n    expect: »{task: succeeded}"),
            ),
            ("something that an administrator does not do", step("administrator: »lock\n    people: [ada]")),
            ("an administrator who acts about nobody", step("administrator: »block")),
            ("a door that there is not", step("access: [ada]\n    door: »back\n    is: allowed")),
            (
                "two doors at once",
                step("access: [ada]\n    group: staff\n    door: »administrator\n    is: allowed"),
            ),
            ("an access step without an end", step("»access: [ada]")),
            ("an access step with a wrong end", step("access: [ada]\n    is: »open")),
            ("a line that is no request", step("request: »/Users")),
            ("a method that there is not", step("request: »get /Users")),
            ("a URL where a path is expected", step("request: »GET https://app.example/Users")),
            ("a read-back that is no request", step("request: GET /Users\n    after: »the user")),
            ("a time that is none", step("access: [ada]\n    is: allowed\n    within: »5")),
            ("a bad network that there is not", step("idp: test-connection\n    fault: {kind: »flood}")),
            ("a delay without a time", step("idp: test-connection\n    fault: {kind: »delay}")),
            (
                "a bad network for no requests",
                step("idp: test-connection\n    fault: {kind: cut, on: »'P{ST /Users'}"),
            ),
            (
                "a number of requests that is none",
                loaded("request: GET /Users\n    parallel: »257\n    expect: {tally: {200: 257}}"),
            ),
            (
                "a tally that does not add up",
                loaded("request: POST /Users\n    parallel: 16\n    expect: »{tally: {201: 1, 409: 14}}"),
            ),
            ("a tally of one request", step("request: POST /Users\n    expect: »{tally: {201: 1}}")),
            (
                "one answer expected of many requests",
                loaded("request: POST /Users\n    parallel: 16\n    expect: »{status: 201}"),
            ),
            (
                "a read-back that is never made",
                step("request: GET /Users\n    expect: »{after: {status: 200}}"),
            ),
        ],
    );
}

#[test]
fn requests() {
    golden(
        "requests",
        &[
            ("somebody who sends no requests", step("request: GET /Users\n    as: »admin")),
            (
                "a person who sends many at once",
                step("request: »GET /Users\n    as: ada\n    parallel: 2\n    expect: {tally: {401: 2}}"),
            ),
            (
                "a person whose requests may end in several ways",
                step(
                    "request: GET /Users\n    as: ada\n    outcomes: »[{name: refused, answer: {status: 401}, verdict: pass}]\n    check: is-right\n    shows: [LIFECYCLE-L2]",
                ),
            ),
            (
                "a person who walks a list",
                step("walk: »GET /Users?count=2\n    as: ada\n    expect: {status: 401}"),
            ),
            ("two bodies", step("request: POST /Users\n    json: '{}'\n    text: »'{'")),
            (
                "many requests at once without leave",
                step("request: GET /Users\n    parallel: »5\n    expect: {tally: {200: 5}}"),
            ),
            (
                "many requests beside each other without leave",
                step(
                    "request: »GET /Users\n    beside: [{request: GET /Groups}, {request: GET /Users}, {request: GET /Users}, {request: GET /Users}]\n    expect: {tally: {200: 5}}",
                ),
            ),
            ("a request beside that is none", step("request: GET /Users\n    beside: [{request: »Users}]")),
            (
                "an unknown key of a request beside",
                step("request: GET /Users\n    beside: [{request: GET /Users, »after: GET /Users}]"),
            ),
            (
                "requests one after the other and at once",
                step("request: GET /Users\n    times: »3\n    parallel: 3"),
            ),
            (
                "requests one after the other and beside each other",
                step("request: GET /Users\n    times: 3\n    beside: »[{request: GET /Groups}]"),
            ),
            ("a request that is sent often without leave", step("request: GET /Users\n    times: »21")),
            ("an account of somebody who never got in", step("request: »GET /Users/${ada.account}")),
            ("a request that is never sent", step("request: GET /Users\n    times: »0")),
            ("a count of a request that is sent once", step("request: »GET /Users/${n}")),
            (
                "a count in a read-back",
                step("request: GET /Users/${n}\n    times: 3\n    after: »GET /Users/${n}"),
            ),
            (
                "a tally that counts a status twice",
                step("request: GET /Users\n    parallel: 2\n    expect: »{tally: {2xx: 1, '200|404': 1}}"),
            ),
            (
                "a tally of no status",
                step("request: GET /Users\n    parallel: 2\n    expect: »{tally: {ok: 2}}"),
            ),
            (
                "outcomes of several requests",
                step(
                    "request: GET /Users\n    parallel: 2\n    check: is-right\n    shows: [LIFECYCLE-L2]\n    outcomes: »[{name: a, verdict: pass}]",
                ),
            ),
            (
                "one of several answers kept",
                step("request: GET /Users\n    parallel: 2\n    keep: {user: »$}"),
            ),
            (
                "a header kept that is none",
                step("request: GET /Users\n    keep: {tag: »header of the answer}"),
            ),
            ("a need of a step that there is not", step("request: GET /Users\n    needs: [»no:users]")),
            ("a Boolean that is none", step("request: POST /Users\n    fill: »never")),
        ],
    );
}

#[test]
fn walks() {
    golden(
        "walks",
        &[
            ("a walk that writes", step("walk: »POST /Users")),
            ("a way that there is not", step("walk: GET /Users\n    by: »offset")),
            ("a walk of no pages", step("walk: GET /Users\n    most: »0")),
            ("a walk with a body", step("»walk: GET /Users\n    json: '{}'")),
            (
                "a walk that asks for nothing",
                step("walk: »GET /Users\n    check: all\n    shows: [LIFECYCLE-L2]"),
            ),
        ],
    );
}

#[test]
fn outcomes_and_tables() {
    let outcomes = |list: &str| {
        step(&format!(
            "request: GET /Users\n    check: is-right\n    shows: [LIFECYCLE-L2]\n    outcomes:\n{list}"
        ))
    };
    let by_row = |one: &str, other: &str| {
        format!(
            "title: A story\ncases:\n  - {one}\n  - {other}\nsteps:\n  - request: GET /Users\n    expect: {{status: 200}}\n    check: is-right\n    shows: ['${{case.shows}}']\n"
        )
    };
    let table = |rows: &str| format!("title: A story\ncases:\n{rows}\nsteps:\n  - request: GET /Users\n");
    golden(
        "outcomes_and_tables",
        &[
            (
                "expect and outcomes at once",
                step(
                    "request: GET /Users\n    expect: »{status: 200}\n    outcomes:\n      - {name: a, verdict: pass}",
                ),
            ),
            (
                "outcomes without a check",
                step("request: »GET /Users\n    outcomes:\n      - {name: a, verdict: pass}"),
            ),
            (
                "two outcomes of one name",
                outcomes(
                    "      - {name: a, answer: {status: 200}, verdict: pass}\n      - {name: »a, verdict: fail}",
                ),
            ),
            ("an outcome without a verdict", outcomes("      - {»name: a}")),
            ("a verdict that there is not", outcomes("      - {name: a, verdict: »good}")),
            ("a verdict that no scenario may give", outcomes("      - {name: a, verdict: »error}")),
            ("a verdict for no profile", outcomes("      - {name: a, verdict: »{base: pass, github: fail}}")),
            ("a verdict by profile that there is not", outcomes("      - {name: a, verdict: »{base: good}}")),
            ("an outcome with a bad slug", outcomes("      - {name: »A B, verdict: pass}")),
            (
                "an outcome that looks at no read-back",
                outcomes("      - »{name: a, after: {status: 200}, verdict: pass}"),
            ),
            ("a row without a slug", table("  - »{path: active}")),
            ("a name in a cell", table("  - {case: a, path: »'x${ada.userName}'}")),
            ("an unknown name in a cell", table("  - {case: a, path: »'x${unique.phone}'}")),
            ("a name that is not closed in a cell", table("  - {case: a, path: »'x${unique.name'}")),
            ("a row with a bad slug", table("  - {case: »With Path, path: active}")),
            ("two rows of one slug", table("  - {case: a, path: x}\n  - »{case: a, path: y}")),
            ("rows of different columns", table("  - {case: a, path: x}\n  - »{case: b, value: y}")),
            (
                "a row that shows an unknown requirement",
                by_row("{case: a, shows: LIFECYCLE-L2}", "{case: b, shows: »LIFECYCLE-L99}"),
            ),
            (
                "a row that shows requirements of two levels",
                by_row("{case: a, shows: LIFECYCLE-L2}", "{case: b, shows: »LIFECYCLE-L2 RFC7644-3.5.1-L4}"),
            ),
            (
                "a row that shows nothing",
                by_row("{case: a, shows: LIFECYCLE-L2}", "{case: b, shows: »''}"),
            ),
            (
                "a column of requirements that there is not",
                outcomes("      - {name: a, verdict: pass}").replace("[LIFECYCLE-L2]", "[»'${case.shows}']"),
            ),
            (
                "a row that needs what there is not",
                "title: A story\nneeds: ['${case.needs}']\ncases:\n  - {case: a, needs: patch etag}\n  - {case: b, needs: »patch mfa}\nsteps:\n  - request: GET /Users\n".to_owned(),
            ),
        ],
    );
}

#[test]
fn places_and_consequences() {
    golden(
        "places_and_consequences",
        &[
            (
                "bad JSON in a block",
                step(
                    "request: POST /Users\n    json: |\n      {\"userName\": \"ada\",\n       \"active\": »True}",
                ),
            ),
            (
                "bad JSON on the last line of a block",
                step(
                    "request: POST /Users\n    json: |\n      {\"userName\": \"ada\",\n       \"active\": true»",
                ),
            ),
            (
                "bad JSON in a block that keeps its indentation",
                step("request: POST /Users\n    json: |-\n        [1,\n           »oops]"),
            ),
            ("nobody but an unknown person", step("idp: assign\n    people: [»bob]")),
            ("an unknown group", step("idp: push-group\n    group: »sales")),
            (
                "a person and a group of one name",
                "title: A story\npeople: [ada]\ngroups: [»ada]\nsteps: []\n".to_owned(),
            ),
            (
                "a change that is no object of strings",
                step("idp: change-profile\n    people: [ada]\n    set: »'{\"title\": 1}'"),
            ),
            (
                "an empty list of outcomes",
                step(
                    "request: GET /Users\n    check: is-right\n    shows: [LIFECYCLE-L2]\n    outcomes: »[]",
                ),
            ),
        ],
    );
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    let text = "title: A story\npeople: [Ada]\nsteps:\n  - idp: asign\n  - request: GET /Users/${x.id}\n";
    let Diagnostics(found) = read(text).unwrap_err();
    assert_eq!(found.iter().map(Diagnostic::line).collect::<Vec<_>>(), [2, 4, 5]);
}

/// A scenario of one step, with ada and staff.
fn step(step: &str) -> String {
    format!("title: A story\npeople: [ada]\ngroups: [staff]\nsteps:\n  - {step}\n")
}

/// The same, that may put load on a server.
fn loaded(step: &str) -> String {
    format!("title: A story\npeople: [ada]\nallow: [load]\nsteps:\n  - {step}\n")
}

/// A scenario with one more key at the top.
fn top(key: &str) -> String {
    format!("title: A story\n{key}\nsteps:\n  - request: GET /Users\n")
}

fn read(text: &str) -> Result<(), Diagnostics> {
    static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::embedded().unwrap());
    let world = World { catalogue: &LIBRARY.catalogue, profiles: LIBRARY.profiles.names() };
    loader::parse("lifecycle/story", &Source::new("lifecycle/story.yaml", text), world).map(drop)
}

/// Each text is refused with exactly one mistake, at the marked place, and the messages are the stored ones.
fn golden(name: &str, mistakes: &[(&str, String)]) {
    let mut page = String::new();
    let mut wrong = Vec::new();
    for (kind, text) in mistakes {
        let mark = text.find(MARK).unwrap_or_else(|| panic!("{kind}: no mark"));
        let before = &text[..mark];
        let expected =
            (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap_or("").chars().count() + 1);
        match read(&text.replace(MARK, "")) {
            Ok(()) => wrong.push(format!("{kind}: is not refused")),
            Err(found) => {
                let places: Vec<_> = found.0.iter().map(|m| (m.line(), m.column())).collect();
                if places != [expected] {
                    wrong.push(format!("{kind}: expected one mistake at {expected:?}, found {places:?}"));
                }
                let _ = writeln!(page, "## {kind}\n{found}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!(name, page) });
}

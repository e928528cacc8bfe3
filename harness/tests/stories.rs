//! What the steps of a scenario send and what they make of the answers, against a server that answers by a script.

use serde_json::{Value, json};

use crate::support::scripted::{Came, Reply, Scripted, Shown};
use crate::support::{Bench, foreign::Foreign};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const SHOWS: &str = "shows: [RFC7644-3.3-L7]";

#[test]
fn a_step_that_the_target_cannot_do_is_passed_over_and_the_story_goes_on() {
    let features = json!({"patch": {"supported": false}, "pagination": {"cursor": true, "index": false}});
    let server =
        Scripted::new(json!({"ServiceProviderConfig": features}), |_| (200, None, json!({"id": "7"})));
    let told = server.told(&format!(
        "
  - {{request: GET /one, needs: [patch], keep: {{one: $}}, expect: {{status: 200}}, check: one, {SHOWS}}}
  - {{request: 'GET /two/${{one.id}}', keep: {{two: $}}, expect: {{status: 200}}, check: two, {SHOWS}}}
  - {{request: GET /three, expect: {{status: 200, json: '{{\"id\": \"${{two.id}}\"}}'}}, check: three, {SHOWS}}}
  - {{request: GET /four, needs: ['no:patch', cursor, 'no:index-paging'], expect: {{status: 200}}, check: four, {SHOWS}}}
  - {{request: GET /five, needs: ['resource-type:Agent'], expect: {{status: 200}}, check: five, {SHOWS}}}
"
    ));
    let why = "/ServiceProviderConfig says patch.supported = false";
    for passed_over in &told[..3] {
        assert_eq!((passed_over.verdict.as_str(), passed_over.message.as_str()), ("skip", why));
    }
    assert_eq!(told[3].verdict, "pass");
    assert_eq!(told[4].message, "/ResourceTypes publishes no Agent");
    assert_eq!(targets(&server), ["/four"]);
}

#[test]
fn a_request_is_sent_by_whom_the_step_says() {
    let server = Scripted::new(json!({}), |_| (200, None, json!({})));
    server.told(
        "
  - request: GET /a
  - {request: GET /b, as: nobody}
  - {request: GET /c, as: wrong-token}
  - {request: GET /d, as: other-tenant}
  - {request: GET /e, beside: [{request: GET /f, as: nobody}]}
",
    );
    let mut came = server.came();
    came.sort_by(|a, b| a.target.cmp(&b.target));
    let tokens: Vec<_> = came.iter().map(|came| header(came, "authorization")).collect();
    assert_eq!(tokens[0], "Bearer token-one");
    assert_eq!(tokens[1], "none");
    assert!(tokens[2].starts_with("Bearer ") && !tokens[2].contains("token-one"), "{tokens:?}");
    assert_eq!(tokens[3..], ["Bearer token-two", "Bearer token-one", "none"]);
}

/// What the application hands out to ada, and nothing of the target's own: by each of her ways, until one is not refused.
#[test]
fn a_person_speaks_by_each_of_their_ways() {
    let reply = |came: &Came| match (came.target.as_str(), header(came, "authorization")) {
        ("/app/session" | "/app/token", _) => (201, None, json!({"is": "hers"})),
        ("/of/b", "Bearer hers") => (200, None, json!({})),
        _ => (401, None, json!({})),
    };
    let server = Scripted::new(json!({}), reply);
    let root = server.url.trim_end_matches("/scim/v2");
    let way = |name: &str, header: &str| {
        format!(
            "[access.{name}]\nkind = \"held\"\n\
             arrange = [{{ request = \"POST {root}/app/{name}\", keep = {{ it = \"$.is\" }} }}]\n\
             speaks = {{ {header}${{it}}\" }}\n\
             try = {{ request = \"GET {root}/app/me\" }}\nallowed = {{ status = 200 }}\nblocked = {{ status = 401 }}\n"
        )
    };
    let ways = way("session", "Cookie = \"sid=") + &way("token", "Authorization = \"Bearer ");
    let told = server.told_with(
        &format!(
            "
  - {{request: GET /of/a, as: ada, expect: {{status: 401}}, check: a, {SHOWS}}}
  - {{request: GET /of/b, as: ada, expect: {{status: 401}}, check: b, {SHOWS}}}
"
        ),
        &format!("token = {{ file = \"t-1\" }}\n{ways}"),
    );
    let shown = |came: &Came| {
        (came.target.clone(), header(came, "cookie").to_owned(), header(came, "authorization").to_owned())
    };
    let came: Vec<_> =
        server.came().iter().filter(|came| !came.target.starts_with("/app")).map(shown).collect();
    let by_session = |path: &str| (path.to_owned(), "sid=hers".to_owned(), "none".to_owned());
    let by_token = |path: &str| (path.to_owned(), "none".to_owned(), "Bearer hers".to_owned());
    assert_eq!(came, [by_session("/of/a"), by_token("/of/a"), by_session("/of/b"), by_token("/of/b")]);
    assert_eq!(targets(&server).iter().filter(|target| target.starts_with("/app")).count(), 2, "each once");
    assert_eq!((told[0].verdict.as_str(), told[1].verdict.as_str()), ("pass", "fail"));
    assert_eq!(told[1].actual, "by the token of ada: status 200");
}

#[test]
fn without_what_the_administrator_does_a_story_is_another_one_and_not_told() {
    let server = Scripted::new(json!({}), |_| (200, None, json!({})));
    let steps = format!(
        "
  - {{request: GET /of/a, expect: {{status: 200}}, check: before, {SHOWS}}}
  - {{administrator: promote, people: [ada]}}
"
    );
    let told = server.told(&steps);
    assert_eq!(told[0].verdict, "skip");
    assert_eq!(told[0].message, "no `promote` is configured in [administrator]");
    assert_eq!(targets(&server), [""; 0]);
}

#[test]
fn a_429_that_is_not_waited_for_is_an_answer() {
    let limited = |came: &Came| if came.before < 2 { (429, None, json!({})) } else { (200, None, json!({})) };
    let server = Scripted::new(json!({}), limited);
    let told = server.told(&format!(
        "
  - {{request: GET /of/a, wait: false, expect: {{status: 200}}, check: one, {SHOWS}}}
  - {{request: GET /of/b, wait: false, parallel: 2, expect: {{tally: {{200: 1, 429: 1}}}}, check: two, {SHOWS}}}
"
    ));
    assert_eq!((told[0].verdict.as_str(), told[0].actual.as_str()), ("fail", "status 429, body {}"));
    assert_eq!((told[1].verdict.as_str(), targets(&server).len()), ("pass", 3));
}

/// A server without a token lets everybody in, and nobody was to be kept out.
#[test]
fn who_has_no_token_is_asked_of_no_server_that_needs_none() {
    let server = Scripted::new(json!({}), |_| (200, None, json!({})));
    let steps = format!(
        "
  - {{request: GET /a, as: nobody, expect: {{status: 401}}, check: nobody, {SHOWS}}}
  - {{request: GET /b, as: wrong-token, expect: {{status: 401}}, check: wrong-token, {SHOWS}}}
  - {{request: GET /c, expect: {{status: 200}}, check: own, {SHOWS}}}
"
    );
    let verdicts: Vec<_> = server.told_with(&steps, "").into_iter().map(|check| check.verdict).collect();
    assert_eq!(verdicts, ["skip", "skip", "pass"]);
    assert_eq!(targets(&server), ["/c"]);
}

#[test]
fn a_text_is_sent_as_it_is_written() {
    let server = Scripted::new(json!({}), |_| (400, None, json!({})));
    server.told(
        r#"
  - {request: POST /Users, text: '{"a": 1, "a": 2'}
"#,
    );
    server.told(
        "
  - {request: PUT /Users, text: '', headers: {Content-Type: text/plain, Accept: ''}}
",
    );
    let came = server.came();
    assert_eq!(
        (came[0].body.as_str(), header(&came[0], "content-type")),
        (r#"{"a": 1, "a": 2"#, "application/scim+json")
    );
    assert_eq!((&came[1].method, header(&came[1], "content-type")), (&axum::http::Method::PUT, "text/plain"));
}

#[test]
fn any_path_is_sent_as_it_is_written() {
    let server = Scripted::new(json!({}), |_| (200, None, json!({})));
    server.told(
        "
  - request: HEAD /Users/a%2fB%20/
  - request: OPTIONS /
  - request: GET /Users/..%2F..%2Fadmin?filter=userName eq \"o'hara & co\"
",
    );
    assert_eq!(
        targets(&server),
        ["/Users/a%2fB%20/", "/", "/Users/..%2F..%2Fadmin?filter=userName%20eq%20%22o%27hara%20&%20co%22"]
    );
}

#[test]
fn a_url_that_leads_elsewhere_is_not_followed() {
    let server =
        Scripted::new(json!({}), |_| (200, None, json!({"meta": {"location": "http://elsewhere.example/"}})));
    let told = server.told(&format!(
        "
  - {{request: GET /Users/1, keep: {{user: $}}}}
  - {{request: 'GET ${{user.meta.location}}', expect: {{status: 200}}, check: followed, {SHOWS}}}
"
    ));
    assert_eq!((told[0].verdict.as_str(), told[0].actual.as_str()), ("fail", "http://elsewhere.example/"));
}

#[test]
fn answers_are_counted_by_class_and_alternative_and_what_is_there_afterwards_counts_too() {
    let reply = |came: &Came| match came.method.as_str() {
        "PATCH" if came.before == 0 => (200, None, json!({})),
        "PATCH" => (412, None, json!({})),
        _ => (200, None, json!({"members": [1]})),
    };
    let story = |tally: &str, members: u32| {
        let server = Scripted::new(json!({}), reply);
        server.told(&format!(
            "
  - request: PATCH /Groups/1
    parallel: 2
    beside: [{{request: PATCH /Groups/1}}]
    after: GET /Groups/1
    expect: {{tally: {tally}, after: {{json: '{{\"members\": {{\"$length\": {members}}}}}'}}}}
    check: counted
    {SHOWS}
"
        ))
    };
    assert_eq!(story("{2xx: 1, 412: 2}", 1)[0].verdict, "pass");
    assert_eq!(story("{'200|204': 1, '409|412': 2}", 1)[0].verdict, "pass");
    let lost = &story("{2xx: 1, 412: 2}", 2)[0];
    assert_eq!(
        (lost.verdict.as_str(), lost.actual.as_str()),
        ("fail", "afterwards status 200, members = [1]")
    );
    let miscounted = &story("{'200|204': 2, 412: 1}", 1)[0];
    assert_eq!((miscounted.verdict.as_str(), miscounted.actual.as_str()), ("fail", "1 x 200, 2 x 412"));
}

#[test]
fn a_request_that_is_sent_several_times_counts_and_keeps_lists_in_order() {
    let server = Scripted::new(json!({}), |came| {
        let sent: Value = serde_json::from_str(&came.body).unwrap_or_default();
        (201, Some("W/\"1\""), json!({"id": sent["userName"], "sent": sent}))
    });
    let told = server.told(&format!(
        r#"
  - request: POST /Users?n=${{n}}
    json: '{{"userName": "u${{n}}", "n": "${{n}}"}}'
    times: 9
    keep: {{ids: $.id, tags: header ETag}}
    expect: {{status: 201, json: '{{"sent": {{"n": {{"$type": "integer"}}}}}}'}}
    check: each
    {SHOWS}
  - request: POST /Groups
    json: '{{"members": {{"$for": "${{ids}}", "give": {{"value": "${{each}}", "tag": "${{tags.0}}"}}}}}}'
  - request: GET /Users/${{ids.2}}
"#
    ));
    assert_eq!(told[0].verdict, "pass", "{told:?}");
    let group: Value = serde_json::from_str(&server.came()[9].body).unwrap();
    let expected: Vec<_> = (1..=9).map(|n| json!({"value": format!("u{n}"), "tag": "W/\"1\""})).collect();
    assert_eq!(group, json!({"members": expected}));
    assert_eq!(targets(&server)[10], "/Users/u3");
}

#[test]
fn of_a_request_that_is_sent_several_times_each_answer_must_be_right() {
    let server = Scripted::new(json!({}), |came| {
        (if came.target.ends_with('3') { 500 } else { 200 }, None, json!({}))
    });
    let told = server.told(&format!(
        "
  - {{request: 'GET /Users/${{n}}', times: 4, expect: {{status: 200}}, check: each, {SHOWS}}}
"
    ));
    assert!(told[0].actual.starts_with("request 3 of 4: status 500"), "{told:?}");
}

#[test]
fn a_walk_reads_to_the_end_by_what_it_received() {
    // It gives two at a time, whatever it is asked for.
    let server = Scripted::new(json!({}), |came| {
        let start: u64 = query(came, "startIndex").parse().unwrap();
        let page: Vec<_> = (start..=5).take(2).collect();
        (200, None, json!({"totalResults": 5, "itemsPerPage": 3, "Resources": page}))
    });
    let told = server.told(&format!(
        r#"
  - walk: GET /Users?count=3
    expect: {{status: 200, json: '{{"pages": 3, "totalResults": 5, "Resources": [1, 2, 3, 4, 5]}}'}}
    check: all
    {SHOWS}
"#
    ));
    assert_eq!(told[0].verdict, "pass", "{told:?}");
    assert_eq!(
        targets(&server),
        ["/Users?count=3&startIndex=1", "/Users?count=3&startIndex=3", "/Users?count=3&startIndex=5"]
    );
}

#[test]
fn a_walk_follows_the_cursors() {
    let server = Scripted::new(json!({}), |came| match query(came, "cursor").as_str() {
        "" => (200, None, json!({"totalResults": 2, "Resources": [1], "nextCursor": "a&b"})),
        "a%26b" => (200, None, json!({"totalResults": 2, "Resources": [2]})),
        _ => (400, None, json!({"scimType": "invalidCursor"})),
    });
    let told = server.told(&format!(
        r#"
  - walk: GET /Users?count=1
    by: cursor
    expect: {{status: 200, json: '{{"pages": 2, "Resources": [1, 2]}}'}}
    check: all
    {SHOWS}
"#
    ));
    assert_eq!(told[0].verdict, "pass", "{told:?}");
    assert_eq!(targets(&server), ["/Users?count=1&cursor", "/Users?count=1&cursor=a%26b"]);
}

#[test]
fn a_walk_ends_where_it_leads_nowhere_and_says_so() {
    let walk = |rest: &str, reply: fn(&Came) -> Reply| {
        let server = Scripted::new(json!({}), reply);
        let told = server.told(&format!(
            r#"
  - walk: GET /Users?count=1
    within: 0s
    expect: {{status: 200, json: '{{"Resources": {{"$length": 9}}}}'}}
    check: all
    {SHOWS}{rest}
"#
        ));
        told[0].actual.clone()
    };
    let empty = walk("", |_| (200, None, json!({"totalResults": 9, "Resources": []})));
    assert!(empty.ends_with("; the walk stopped at page 1: it leads to no other page"), "{empty}");
    let circle = walk("\n    by: cursor", |_| (200, None, json!({"Resources": [1], "nextCursor": "a"})));
    assert!(circle.ends_with("; the walk stopped at page 2: it leads to no other page"), "{circle}");
    let endless = walk("\n    most: 3", |_| (200, None, json!({"totalResults": 99, "Resources": [1]})));
    assert!(endless.ends_with("; the walk stopped after 3 pages, before the list's end"), "{endless}");
    let refused = walk("", |came| match came.before {
        0 => (200, None, json!({"totalResults": 9, "Resources": [1]})),
        _ => (400, None, json!({"detail": "too far"})),
    });
    assert_eq!(refused, "status 400, detail \"too far\"; page 2 was refused");
}

#[test]
fn a_body_is_completed_with_what_the_schema_requires() {
    let server = Scripted::new(demanding(), |came| {
        let mut sent: Value = serde_json::from_str(&came.body).unwrap_or_default();
        sent["id"] = "7".into();
        (if came.method == "POST" { 201 } else { 200 }, None, sent)
    });
    server.told(&format!(
        r#"
  - request: POST /Users
    json: '{{"schemas": ["{USER}"], "username": "${{unique.userName}}", "addresses": [{{"type": "work"}}]}}'
  - request: PUT /Users/7
    json: '{{"schemas": ["{USER}"], "userName": "other"}}'
  - {{request: POST /Users, json: '{{"schemas": []}}', fill: false}}
  - {{request: POST /Users/.search, json: '{{"schemas": []}}'}}
  - {{request: POST /Users, json: '{{"schemas": []}}', as: nobody}}
"#
    ));
    let came = server.came().into_iter().filter(|came| !came.body.is_empty());
    let sent: Vec<Value> = came.map(|came| serde_json::from_str(&came.body).unwrap()).collect();
    let made = &sent[0];
    assert_eq!(made.get("userName"), None, "it is there in another spelling");
    let mail = made["emails"][0]["value"].as_str().unwrap();
    assert!(mail.contains('@') && made["emails"][0]["type"] == "home", "{made}");
    assert!(made["name"]["familyName"].as_str().is_some_and(|name| !name.is_empty()), "{made}");
    assert_eq!((&made["level"], &made["staff"]), (&json!("gold"), &json!(true)));
    assert!(made["addresses"][0]["country"] == "US" && made.get("groups").is_none(), "{made}");
    assert!(made["urn:example:Badge"]["number"].is_u64(), "{made}");
    assert_eq!(made["schemas"], json!([USER, "urn:example:Badge"]));
    assert_eq!(sent[1]["emails"], made["emails"], "what a replacement does not write stays as it is");
    for as_written in &sent[2..] {
        assert_eq!(*as_written, json!({"schemas": []}));
    }
}

#[test]
fn a_refusal_tells_what_was_made_up_and_what_the_server_says() {
    let server = Scripted::new(demanding(), |_| (400, None, json!({"errors": ["the badge is not ours"]})));
    let told = server.told(&format!(
        r#"
  - request: POST /Users
    json: '{{"userName": "${{unique.userName}}"}}'
    keep: {{user: $}}
    expect: {{status: 201}}
  - {{request: 'GET /Users/${{user.id}}', expect: {{status: 200}}, check: there, {SHOWS}}}
"#
    ));
    let Shown { verdict, message, .. } = &told[0];
    assert_eq!(verdict, "error");
    for part in ["status 400", "the badge is not ours", "made up, since /Schemas requires it: ", "emails"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn what_is_made_in_another_tenant_is_removed_there() {
    let server = Scripted::new(json!({}), |came| match came.method.as_str() {
        "POST" => (201, None, json!({"id": "7"})),
        _ => (204, None, Value::Null),
    });
    server.told(
        r#"
  - {request: POST /Users, as: other-tenant, json: '{"userName": "${unique.userName}"}'}
"#,
    );
    let came = server.came();
    assert_eq!((came[1].method.as_str(), came[1].target.as_str()), ("DELETE", "/Users/7"));
    assert_eq!(header(&came[1], "authorization"), "Bearer token-two");
}

#[test]
fn a_file_with_a_mistake_does_not_hide_the_others() {
    let server = Foreign::new(&[]);
    let bench = Bench::new();
    let config = server.config(&bench);
    bench.file("own/bad.yaml", "title: A story\nsteps:\n  - idp: asign\n");
    let step = format!("request: GET /Users\n    expect: {{status: 200}}\n    check: answers\n    {SHOWS}\n");
    bench.file("own/good.yaml", &format!("title: Another\nsteps:\n  - {step}"));
    let ended = bench.run(&["run", "--config", &config, "--scenarios", "own"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("own/bad.yaml:3:10"), "{}", ended.stderr);
    assert!(ended.stdout.contains("pass  answers"), "{}", ended.stdout);
}

fn targets(server: &Scripted) -> Vec<String> {
    server.came().into_iter().map(|came| came.target).collect()
}

fn header<'a>(came: &'a Came, name: &str) -> &'a str {
    came.headers.get(name).map_or("none", |value| value.to_str().unwrap())
}

fn query(came: &Came, name: &str) -> String {
    let query = came.target.split_once('?').map_or("", |(_, query)| query);
    let mut parts = query.split('&').map(|part| part.split_once('=').unwrap_or((part, "")));
    parts.find(|(key, _)| *key == name).map_or_else(String::new, |(_, value)| value.to_owned())
}

/// A server whose schema requires more than a scenario writes.
fn demanding() -> Value {
    let required = |name: &str, kind: &str| json!({"name": name, "type": kind, "required": true});
    let complex = |name: &str, multi: bool, parts: Value| json!({"name": name, "type": "complex", "multiValued": multi, "required": true, "subAttributes": parts});
    let attributes = json!([
        required("userName", "string"),
        complex("name", false, json!([required("familyName", "string"), {"name": "formatted", "mutability": "readOnly"}])),
        complex("emails", true, json!([{"name": "value"}, {"name": "type", "canonicalValues": ["home"]}])),
        complex("groups", true, json!([{"name": "value"}, {"name": "$ref", "type": "reference"}])),
        {"name": "addresses", "type": "complex", "multiValued": true, "subAttributes": [required("country", "string")]},
        {"name": "level", "required": true, "canonicalValues": ["gold", "silver"]},
        required("staff", "boolean"),
        {"name": "internal", "required": true, "mutability": "readOnly"},
    ]);
    let badge = json!({"id": "urn:example:Badge", "attributes": [{"name": "number", "type": "integer"}]});
    let extensions = json!([{"schema": "urn:example:Badge", "required": true}]);
    json!({
        "Schemas": {"Resources": [{"id": USER, "attributes": attributes}, badge]},
        "ResourceTypes": {"Resources": [{"name": "User", "endpoint": "/Users", "schema": USER, "schemaExtensions": extensions}]},
    })
}

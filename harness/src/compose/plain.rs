//! A recording as plain requests: each as it was sent, with made-up people in it. What is left out is noted; what a right
//! server answers is `demand`'s.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use http::Method;
use serde_json::{Value, json};

use super::cast::Cast;
use super::draft::{Action, Body, Draft, Expect, Step};
use super::headers;
use super::member::{Member, Presence};
use super::rewrite::literal;
use super::right::Right;
use super::seen::{Kind, Seen};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// Writes every exchange that can be carried over into the draft.
pub(super) fn steps(seen: &[Seen<'_>], cast: &Cast, draft: &mut Draft) {
    draft.people = cast.names(Kind::Person);
    draft.groups = cast.names(Kind::Group);
    let mut writer = Writer {
        cast,
        draft,
        right: Right::before(cast),
        bound: Vec::new(),
        contested: BTreeMap::new(),
        versions: BTreeMap::new(),
    };
    writer.set_up();
    for (i, exchange) in seen.iter().enumerate() {
        let repeated = seen.get(i + 1).is_some_and(|next| is_same(exchange, next));
        writer.exchange(exchange, repeated);
    }
    for (words, places) in std::mem::take(&mut writer.contested) {
        writer.draft.note(format!(
            "{words} ({}) is what a server may refuse: where one does, the checks behind it fail for that reason",
            places.join(", ")
        ));
    }
}

pub(super) struct Writer<'a> {
    pub cast: &'a Cast,
    pub draft: &'a mut Draft,
    pub right: Right,
    /// The names under which ids are kept so far: `ada`, `ada-2`.
    pub bound: Vec<String>,
    /// Spellings that a server may refuse, with the exchanges that have them.
    pub contested: BTreeMap<&'static str, Vec<String>>,
    /// Versions that answers told, with the step that heard of them.
    versions: BTreeMap<String, usize>,
}

impl Writer<'_> {
    /// Makes those who were there before the recording began.
    fn set_up(&mut self) {
        let cast = self.cast;
        let there = |kind: Kind| {
            cast.members
                .iter()
                .enumerate()
                .filter(move |(_, one)| one.kind == kind && one.presence == Presence::Before)
        };
        for (_, one) in there(Kind::Person) {
            let name = &one.name;
            let mut body = json!({
                "schemas": [USER],
                "userName": named(one),
                "name": {
                    "givenName": format!("${{{name}.givenName}}"),
                    "familyName": format!("${{{name}.familyName}}"),
                },
                "emails": [{"type": "work", "primary": true, "value": format!("${{{name}.email}}")}],
                "active": !one.inactive(),
            });
            if one.first("externalId").is_some() {
                body["externalId"] = format!("${{{name}.externalId}}").into();
            }
            self.make("/Users", name, body);
        }
        for (_, one) in there(Kind::Group) {
            let name = &one.name;
            let mut body = json!({"schemas": [GROUP], "displayName": named(one)});
            let members = one.members();
            let ids: Vec<String> = members.iter().filter_map(|id| cast.member_template(id)).collect();
            let known: Vec<Value> =
                ids.iter().filter(|id| self.is_bound(id)).map(|id| json!({"value": id})).collect();
            if !known.is_empty() {
                body["members"] = known.into();
            }
            self.make("/Groups", name, body);
        }
    }

    fn make(&mut self, endpoint: &str, name: &str, body: Value) {
        let mut step = Step::request(format!("POST {endpoint}")).expecting(&[201], None);
        if let Action::Request { body: place, .. } = &mut step.action {
            *place = Body::Json(body);
        }
        step.keep = vec![(format!("{name}.id"), "$.id".to_owned())];
        self.draft.steps.push(step);
        self.bound.push(name.to_owned());
        self.draft
            .note(format!("{name} was there before the recording began: the scenario makes {name} first"));
    }

    fn exchange(&mut self, seen: &Seen<'_>, repeated: bool) {
        if let Some(why) = left_out(seen, repeated) {
            self.draft.note(format!("{} is left out: {why}", seen.place));
            return;
        }
        let target = self.target(seen);
        let whom = self.subject(seen);
        let body = match (&seen.sent, &seen.entry.exchange.request.body) {
            (Some(json), _) => Body::Json(self.cast.body(whom, json)),
            _ => Body::Nothing,
        };
        let mut step = Step::request(format!("{} {target}", seen.method()));
        let kept = self.headers(seen);
        if let Action::Request { headers, body: place, .. } = &mut step.action {
            *headers = kept;
            *place = body;
        }
        if !self.binds_what_it_needs(&step, seen) {
            return;
        }
        let demand = self.demand(seen, whom, &target);
        self.keeps(&mut step, seen, whom);
        if demand.is_none() {
            self.draft.note(format!(
                "{} was answered {}: what is right cannot be told from a recording, so it is sent and nothing is asked",
                seen.place,
                seen.status().unwrap_or_default()
            ));
        }
        if let Some(demand) = demand {
            self.compare(seen, &demand);
            if demand.after.is_some() {
                step.after = Some(format!("GET {}", target.split('?').next().unwrap_or(&target)));
            }
            let check = demand.telling.then(|| self.draft.check(&demand.slug, &demand.shows));
            step.expect = Some(Expect { status: demand.status, json: demand.json, after: demand.after });
            step.check = check;
        }
        self.capabilities(seen);
        if let Some(version) = version_of(seen) {
            self.versions.insert(version, self.draft.steps.len());
        }
        self.draft.steps.push(step);
    }

    /// Whom a request is about.
    fn subject(&self, seen: &Seen<'_>) -> Option<usize> {
        let kind = seen.kind?;
        if let Some(id) = seen.id() {
            return self.cast.by_id(kind, id);
        }
        let name = if kind == Kind::Person { "userName" } else { "displayName" };
        let sent = seen.sent.as_ref().filter(|_| seen.creates())?;
        self.cast.by_value(kind, name, super::seen::member(sent, name)?.as_str()?)
    }

    /// The path and the query with names in them.
    fn target(&self, seen: &Seen<'_>) -> String {
        let mut path = String::new();
        for (i, segment) in seen.segments.iter().enumerate() {
            path.push('/');
            let template = seen.kind.filter(|_| i > 0).and_then(|kind| self.cast.id_template(kind, segment));
            match template {
                Some(template) => path.push_str(&template),
                None if i > 0 && seen.kind.is_some() && !segment.starts_with('.') => {
                    // Nobody has this id, and whose it was need not be told.
                    path.push_str("no-such-id");
                }
                None => path.push_str(&literal(segment)),
            }
        }
        if seen.ends_with_slash {
            path.push('/');
        }
        let Some(query) = seen.query else { return path };
        // What stood in place of a token is none.
        let kept = query.split('&').filter(|part| !part.to_ascii_lowercase().contains("redacted"));
        let parts: Vec<String> = kept.map(|part| self.parameter(seen.kind, part)).collect();
        if parts.is_empty() {
            return path;
        }
        format!("{path}?{}", parts.join("&"))
    }

    /// A parameter as it was spelled, but readable where the runner encodes it again.
    fn parameter(&self, kind: Option<Kind>, part: &str) -> String {
        let Some((name, value)) = part.split_once('=') else { return literal(part) };
        if !name.eq_ignore_ascii_case("filter") {
            return literal(part);
        }
        let plus = value.contains('+');
        let decoded =
            percent_encoding::percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned();
        let readable = self.cast.expression(kind, &decoded);
        // What a URL would take for its own structure stays encoded.
        let mut encoded = String::new();
        for c in readable.chars() {
            match c {
                '%' | '&' | '+' | '#' => {
                    let _ = write!(encoded, "%{:02X}", u32::from(c));
                }
                ' ' if plus => encoded.push('+'),
                c => encoded.push(c),
            }
        }
        format!("{name}={encoded}")
    }

    /// Keeps the id of what is made.
    fn keeps(&mut self, step: &mut Step, seen: &Seen<'_>, whom: Option<usize>) {
        let Some(one) = whom.and_then(|whom| self.cast.members.get(whom)).filter(|_| seen.creates()) else {
            return;
        };
        let made = whom.is_some_and(|whom| self.right.of(whom).exists);
        let id = seen.created_id().filter(|_| seen.succeeded());
        let number = id.and_then(|id| one.ids.iter().position(|known| *known == id)).unwrap_or(0);
        let name = one.keep_name(number);
        if !made || self.bound.contains(&name) {
            return;
        }
        // What a right server refuses gives no id.
        if number > 0
            && one.ids.len() > 1
            && self.bound.contains(&one.name)
            && !self.was_deleted(one.name.as_str())
        {
            return;
        }
        step.keep.push(if number == 0 {
            (format!("{name}.id"), "$.id".to_owned())
        } else {
            (name.clone(), "$".to_owned())
        });
        self.bound.push(name);
    }

    fn was_deleted(&self, name: &str) -> bool {
        let line = format!("DELETE /Users/${{{name}.id}}");
        let other = format!("DELETE /Groups/${{{name}.id}}");
        self.draft.steps.iter().any(|step| match &step.action {
            Action::Request { line: sent, .. } => *sent == line || *sent == other,
            Action::Idp { .. } => false,
        })
    }

    /// Whether every id that a step uses is known by then. Of someone whom no answer named, a lookup finds it out.
    fn binds_what_it_needs(&mut self, step: &Step, seen: &Seen<'_>) -> bool {
        let Action::Request { line, body, .. } = &step.action else { return true };
        let mut text = line.clone();
        if let Body::Json(json) = body {
            text.push_str(&json.to_string());
        }
        let names: Vec<String> = self
            .cast
            .members
            .iter()
            .flat_map(|one| (0..one.ids.len().max(1)).map(|number| one.keep_name(number)).collect::<Vec<_>>())
            .collect();
        for name in names {
            if !text.contains(&format!("${{{name}.id}}")) || self.bound.contains(&name) {
                continue;
            }
            let one = self.cast.members.iter().position(|one| one.name == name);
            let exists = one.is_some_and(|one| self.right.of(one).exists);
            let Some(one) = one.and_then(|one| self.cast.members.get(one)).filter(|_| exists) else {
                self.draft.note(format!(
                    "{} is left out: it uses an id that a right server never gave",
                    seen.place
                ));
                return false;
            };
            let (endpoint, attribute) =
                if one.kind == Kind::Person { ("/Users", "userName") } else { ("/Groups", "displayName") };
            let mut find = Step::request(format!("GET {endpoint}?filter={attribute} eq \"{}\"", named(one)))
                .expecting(&[200], Some(json!({"totalResults": 1})));
            find.keep = vec![(format!("{name}.id"), "$.Resources[0].id".to_owned())];
            self.draft.need("filter");
            self.draft.steps.push(find);
            self.bound.push(name);
        }
        true
    }

    fn is_bound(&self, template: &str) -> bool {
        self.bound.iter().any(|name| *template == format!("${{{name}.id}}"))
    }

    fn headers(&mut self, seen: &Seen<'_>) -> Vec<(String, String)> {
        let headers::Kept { mut plain, versions } = headers::kept(seen, self.draft);
        for (name, value) in versions {
            let value = if value == "*" { Some(value) } else { self.version(&value) };
            match value {
                Some(value) => {
                    self.draft.need("etag");
                    plain.push((name, value));
                }
                None => self.draft.note(format!(
                    "{}: {name} is left out, since no answer before told that version",
                    seen.place
                )),
            }
        }
        plain
    }

    /// What stands for a version that an earlier answer told: that answer keeps it from now on.
    fn version(&mut self, version: &str) -> Option<String> {
        let step = self.versions.get(version).copied()?;
        let step = self.draft.steps.get_mut(step)?;
        let from = "header ETag".to_owned();
        if let Some((name, _)) = step.keep.iter().find(|(_, part)| *part == from) {
            return Some(format!("${{{name}}}"));
        }
        let name = format!("version-{}", self.versions.len());
        step.keep.push((name.clone(), from));
        Some(format!("${{{name}}}"))
    }

    fn capabilities(&mut self, seen: &Seen<'_>) {
        if *seen.method() == Method::PATCH {
            self.draft.need("patch");
        }
        if seen.query.is_some_and(|query| query.to_ascii_lowercase().contains("filter=")) {
            self.draft.need("filter");
        }
        if seen.kind == Some(Kind::Group) {
            self.draft.need("groups");
        }
    }
}

/// What stands for the name under which someone was first known.
fn named(one: &Member) -> String {
    let path = if one.kind == Kind::Person { "userName" } else { "displayName" };
    one.first_template(path).map_or_else(|| format!("${{{}.{path}}}", one.name), str::to_owned)
}

/// Why an exchange is not carried over at all.
fn left_out(seen: &Seen<'_>, repeated: bool) -> Option<String> {
    let status = seen.status();
    if repeated && status.is_none_or(|status| status == 429 || status >= 500) {
        return Some("it was sent again".to_owned());
    }
    match status {
        None => return Some("it has no answer".to_owned()),
        Some(429) => return Some("it was answered 429".to_owned()),
        Some(status @ (401 | 403)) => {
            return Some(format!(
                "it was answered {status}, and a scenario has the target's own credentials"
            ));
        }
        _ => {}
    }
    let first = seen.segments.first().map(String::as_str).unwrap_or_default();
    let is_discovery = ["Schemas", "ResourceTypes", "ServiceProviderConfig"]
        .iter()
        .any(|name| first.eq_ignore_ascii_case(name));
    let is_resource =
        seen.kind.is_some() && seen.segments.len() <= 2 && !seen.segments.iter().any(|s| s == ".search");
    if !is_discovery && !is_resource {
        let name: String = first.chars().take(40).collect();
        return Some(format!("what is sent to /{name} has no names in a scenario"));
    }
    let body = &seen.entry.exchange.request.body;
    if seen.sent.is_none() && body.as_ref().is_some_and(|body| !body.is_empty()) {
        return Some("its body is not JSON".to_owned());
    }
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    (!known.contains(&seen.method().as_str())).then(|| "a scenario does not have its method".to_owned())
}

fn is_same(one: &Seen<'_>, other: &Seen<'_>) -> bool {
    let (one, other) = (&one.entry.exchange.request, &other.entry.exchange.request);
    one.method == other.method && one.to == other.to && one.body == other.body
}

fn version_of(seen: &Seen<'_>) -> Option<String> {
    seen.answer()?.header("etag").map(str::to_owned)
}

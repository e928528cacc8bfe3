//! What a right server answers to a recorded request, as far as a check can ask for it, and where the recorded server did
//! something else.

use http::Method;
use serde_json::{Value, json};

use super::plain::Writer;
use super::right::Right;
use super::rows;
use super::seen::{Kind, Lookup, Seen, member, plain_path};

/// What a right answer is, and what it shows.
pub(super) struct Demand {
    pub status: Vec<u16>,
    pub json: Option<Value>,
    pub after: Option<(u16, Option<Value>)>,
    pub slug: String,
    pub shows: Vec<&'static str>,
    /// Whether it is worth a check; else it is a guard.
    pub telling: bool,
}

impl Writer<'_> {
    /// What is right, and what of the server changes by it. None where it cannot be told.
    pub(super) fn demand(&mut self, seen: &Seen<'_>, whom: Option<usize>, target: &str) -> Option<Demand> {
        let refused = seen.status().is_some_and(|status| (400..500).contains(&status));
        let Some(kind) = seen.kind else { return discovery(seen) };
        if seen.is_collection() && *seen.method() == Method::GET {
            return Some(match seen.lookup() {
                Some(lookup) if Right::can_be_found_by(&lookup.attribute) => self.looked_up(kind, &lookup),
                _ => listed(kind),
            });
        }
        let name = whom.and_then(|whom| self.cast.members.get(whom)).map(|one| one.name.clone());
        let (Some(whom), Some(name)) = (whom, name) else {
            // An id that nobody has.
            let gone = seen.id().is_some() && seen.status() == Some(404);
            return gone.then(|| Demand::of(vec![404], "nobody-is-there", "RFC7644-3.4.1-L2"));
        };
        let state = self.right.of(whom);
        if seen.creates() {
            if state.exists {
                return Some(Demand::of(vec![409], &format!("{name}-is-there-already"), "RFC7644-3.3-L7"));
            }
            if refused && seen.status() != Some(409) {
                return None;
            }
            self.right.made(whom, kind, seen);
            let mut demand = Demand::of(vec![201], &format!("{name}-is-created"), "RFC7644-3.3-L1");
            let mut json = self.right.pattern(self.cast, whom, "");
            if let Some(pattern) = json.as_object_mut() {
                // The id is kept, which is to ask for it.
                pattern.remove("id");
                if kind == Kind::Group {
                    pattern.remove("members");
                }
            }
            demand.json = Some(json);
            return Some(demand);
        }
        let template = self.cast.id_template(kind, seen.id()?)?;
        if !state.exists {
            return Some(Demand::of(vec![404], &format!("{name}-is-gone"), "RFC7644-3.6-L2"));
        }
        // Refusals of what somebody who is there is asked for: by 404 the recorded server had lost them.
        if refused && seen.status() != Some(404) && *seen.method() != Method::GET {
            return None;
        }
        Some(match seen.method().as_str() {
            "GET" | "HEAD" => self.read(seen, whom, &name, &template),
            "DELETE" => {
                self.right.deleted(whom, self.cast);
                Demand::of(vec![204], &format!("{name}-is-deleted"), "RFC7644-3.6-L1")
            }
            _ => self.written(seen, whom, &name, &template, target),
        })
    }

    fn read(&mut self, seen: &Seen<'_>, whom: usize, name: &str, template: &str) -> Demand {
        let state = self.right.of(whom);
        let (slug, row) = match (state.active, state.came_back) {
            (Some(false), _) => ("stays-while-inactive", "LIFECYCLE-L3"),
            (_, true) => ("is-back", "LIFECYCLE-L4"),
            _ => ("is-read", "RFC7644-3.4.1-L1"),
        };
        let mut demand = Demand::of(vec![200], &format!("{name}-{slug}"), row);
        let mut json = self.right.pattern(self.cast, whom, template);
        narrow(&mut json, seen.query.unwrap_or_default());
        demand.telling = state.changed;
        demand.json = (*seen.method() == Method::GET).then_some(json);
        self.right.was_read(whom);
        demand
    }

    fn written(&mut self, seen: &Seen<'_>, whom: usize, name: &str, template: &str, target: &str) -> Demand {
        let before = self.right.of(whom);
        let had = self.right.pattern(self.cast, whom, template);
        self.right.written(whom, self.cast, seen);
        for path in self.right.asked(whom).iter().filter(|_| seen.kind == Some(Kind::Person)) {
            self.draft.need(&if path == "department" {
                "enterprise".to_owned()
            } else {
                format!("attribute:{path}")
            });
        }
        let pattern = self.right.pattern(self.cast, whom, template);
        let renamed = had.get("displayName") != pattern.get("displayName");
        let slug = format!("{name}-{}", rows::what_happens(seen, before.active, renamed));
        let mut demand = Demand { shows: rows::of_write(seen), ..Demand::of(Vec::new(), &slug, "") };
        if *seen.method() == Method::PUT {
            demand.status = vec![200];
            demand.json = Some(pattern);
            narrow_option(&mut demand.json, target.split_once('?').map_or("", |(_, query)| query));
        } else {
            // Both are right (RFC 7644, section 3.5.2), and a 204 shows nothing.
            demand.status = vec![200, 204];
            demand.after = Some((200, Some(pattern)));
        }
        for words in rows::contested_words(seen) {
            self.contested.entry(words).or_default().push(seen.place.to_string());
        }
        demand
    }

    fn looked_up(&mut self, kind: Kind, lookup: &Lookup) -> Demand {
        let found = self.right.found(self.cast, kind, &lookup.attribute, &lookup.value);
        let asked = self.cast.by_value(kind, &plain_path(&lookup.attribute), &lookup.value);
        let Some((whom, one)) = found.and_then(|whom| Some((whom, self.cast.members.get(whom)?))) else {
            let name = asked.and_then(|asked| self.cast.members.get(asked));
            let slug =
                name.map_or_else(|| "nobody-is-found".to_owned(), |one| format!("{}-is-not-found", one.name));
            let mut demand = Demand::of(vec![200], &slug, "RFC7644-3.4.2-L4");
            demand.json = Some(json!({"totalResults": 0}));
            return demand;
        };
        let state = self.right.of(whom);
        let (slug, row) = match (state.active, kind) {
            (Some(false), _) => ("is-found-while-inactive", "LIFECYCLE-L3"),
            (_, Kind::Group) => ("is-found", "RFC7644-3.4.2.2-L59"),
            _ => ("is-found", "RFC7644-3.4.2.2-L6"),
        };
        let mut demand = Demand::of(vec![200], &format!("{}-{slug}", one.name), row);
        // Which of the ids it is that a right server has: the one that was kept.
        let number = (0..one.ids.len()).find(|number| self.bound.contains(&one.keep_name(*number)));
        let mut resource = json!({});
        if let Some(number) = number {
            resource["id"] = format!("${{{}.id}}", one.keep_name(number)).into();
        }
        if state.active == Some(false) {
            resource["active"] = false.into();
        }
        demand.json = Some(json!({"totalResults": 1, "Resources": [resource]}));
        demand
    }

    /// Notes where the recorded server did something else than a right one does.
    pub(super) fn compare(&mut self, seen: &Seen<'_>, demand: &Demand) {
        let Some(status) = seen.status() else { return };
        let asked: Vec<_> = demand.status.iter().map(u16::to_string).collect();
        let asked = asked.join(" or ");
        if !demand.status.contains(&status) {
            self.draft.note(format!(
                "{} was answered {status} by the recorded server; the scenario asks for {asked}",
                seen.place
            ));
            return;
        }
        let total = demand.json.as_ref().and_then(|json| json.get("totalResults")?.as_u64());
        if let (Some(asked), Some(answered)) = (total, seen.total())
            && asked != answered
        {
            self.draft.note(format!(
                "{}: the recorded server found {answered}; the scenario asks for {asked}",
                seen.place
            ));
        }
        let active = demand.json.as_ref().or(demand.after.as_ref().and_then(|(_, json)| json.as_ref()));
        let active = active.and_then(|json| json.get("active")?.as_bool());
        let answered = seen.body.as_ref().and_then(|body| member(body, "active"));
        if let (Some(active), Some(answered)) = (active, answered)
            && *answered != active
        {
            self.draft.note(format!(
                "{}: the recorded server answered active = {answered}; the scenario asks for {active}",
                seen.place
            ));
        }
        let members = |json: &Value| json.get("members")?.get("$unordered")?.as_array().map(Vec::len);
        let wanted = demand.json.as_ref().or(demand.after.as_ref().and_then(|(_, json)| json.as_ref()));
        let answered = seen.body.as_ref().and_then(|body| member(body, "members")?.as_array().map(Vec::len));
        if let (Some(wanted), Some(answered)) = (wanted.and_then(members), answered)
            && wanted != answered
        {
            self.draft.note(format!(
                "{}: the recorded server showed {answered} members; the scenario asks for {wanted}",
                seen.place
            ));
        }
    }
}

impl Demand {
    fn of(status: Vec<u16>, slug: &str, row: &'static str) -> Self {
        let shows = if row.is_empty() { Vec::new() } else { vec![row] };
        Self { status, json: None, after: None, slug: slug.to_owned(), shows, telling: true }
    }
}

/// What a list without a lookup must look like.
fn listed(kind: Kind) -> Demand {
    let slug = if kind == Kind::Person { "people-are-listed" } else { "groups-are-listed" };
    let mut demand = Demand::of(vec![200], slug, "RFC7644-3.4.2-L2");
    demand.json = Some(json!({"totalResults": {"$type": "integer"}}));
    demand
}

fn discovery(seen: &Seen<'_>) -> Option<Demand> {
    if *seen.method() != Method::GET || seen.segments.len() != 1 {
        return None;
    }
    let (slug, row) = match seen.segments.first()?.to_ascii_lowercase().as_str() {
        "serviceproviderconfig" => ("the-configuration-is-published", "RFC7644-4-L1"),
        "schemas" => ("the-schemas-are-published", "RFC7644-4-L2"),
        _ => ("the-resource-types-are-published", "RFC7644-4-L5"),
    };
    Some(Demand::of(vec![200], slug, row))
}

/// Takes out of a pattern what the request did not ask for.
fn narrow(pattern: &mut Value, query: &str) {
    let Some(members) = pattern.as_object_mut() else { return };
    for part in query.split('&') {
        let Some((name, value)) = part.split_once('=') else { continue };
        let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy().to_ascii_lowercase();
        let listed = |attribute: &str| {
            value.split(',').any(|one| one.trim().split('.').next() == Some(&attribute.to_ascii_lowercase()))
        };
        if name.eq_ignore_ascii_case("excludedAttributes") {
            members.retain(|attribute, _| attribute == "id" || !listed(attribute));
        }
        if name.eq_ignore_ascii_case("attributes") {
            members.retain(|attribute, _| attribute == "id" || listed(attribute));
        }
    }
}

fn narrow_option(pattern: &mut Option<Value>, query: &str) {
    if let Some(pattern) = pattern {
        narrow(pattern, query);
    }
}

//! Acts as the steps of a scenario, each with what an administrator would look at afterwards: the account, whether it is
//! found, the group. The checks are those of the library's own life-cycle scenarios.

use std::collections::{BTreeMap, BTreeSet};

use scimspec_mock_idp::directory::Act;
use serde_json::{Map, Value, json};

use super::acts::{self, Done, Told};
use super::cast::Cast;
use super::draft::{Action, Draft, Step};
use super::seen::{Kind, Seen, member};

/// Writes the acts into the draft.
pub(super) fn steps(told: &Told, seen: &[Seen<'_>], cast: &Cast, draft: &mut Draft) {
    draft.people = cast.names(Kind::Person);
    draft.groups = cast.names(Kind::Group);
    if !draft.groups.is_empty() {
        draft.need("groups");
    }
    let mut teller =
        Teller { seen, cast, draft: &mut *draft, people: BTreeMap::new(), groups: BTreeMap::new() };
    let mut rest = told.acts.as_slice();
    while let Some(first) = rest.first() {
        let alike = rest.iter().take_while(|done| teller.belongs_with(first, done)).count().max(1);
        let (together, behind) = rest.split_at(alike);
        teller.tell(together);
        rest = behind;
    }
    if told.cut {
        draft.note("the recording ends in the middle of the last act");
    }
}

struct Teller<'a> {
    seen: &'a [Seen<'a>],
    cast: &'a Cast,
    draft: &'a mut Draft,
    /// Whether someone who was assigned before is now.
    people: BTreeMap<String, bool>,
    /// Who is in a group that was pushed.
    groups: BTreeMap<String, Pushed>,
}

#[derive(Default)]
struct Pushed {
    pushed: bool,
    members: BTreeSet<String>,
}

impl Teller<'_> {
    /// Whether an act can stand in one step with the first: the same, done to several people in a row.
    fn belongs_with(&self, first: &Done, next: &Done) -> bool {
        match (&first.act, &next.act) {
            (Act::Assign(one), Act::Assign(other)) => {
                let known = |name: &str| self.people.contains_key(name);
                known(&one.0) == known(&other.0) && (one == other) == std::ptr::eq(first, next)
            }
            (Act::Unassign(one), Act::Unassign(other)) | (Act::Delete(one), Act::Delete(other)) => {
                (one == other) == std::ptr::eq(first, next)
            }
            _ => std::ptr::eq(first, next),
        }
    }

    fn tell(&mut self, together: &[Done]) {
        let Some(first) = together.first() else { return };
        for failed in together.iter().filter_map(|done| done.failed.as_deref()) {
            self.draft.note(format!(
                "when this was recorded the provider could not carry out its task ({}): {failed}. The scenario asks that it can",
                in_words(&first.act)
            ));
        }
        let people: Vec<String> = together.iter().flat_map(|done| whom(&done.act)).collect();
        match &first.act {
            Act::TestConnection => {
                let check = self.draft.check("the-connection-test-passes", &["RFC7644-3.4.2-L1"]);
                self.draft.steps.push(Step::idp("test-connection").checked(check));
            }
            Act::Assign(_) if people.iter().any(|name| self.people.contains_key(name)) => {
                self.comes_back(&people);
            }
            Act::Assign(_) => self.comes(&people),
            Act::Unassign(_) => self.goes(&people, first),
            Act::Delete(_) => self.is_deleted(&people, first),
            Act::ChangeProfile(key, changes) => self.changes(&key.0, changes, first),
            Act::Join(group, _) => self.joins(&group.0, &people, first),
            Act::Leave(group, _) => self.leaves(&group.0, &people, first),
            Act::PushGroup(group) | Act::PushNow(group) => self.is_pushed(&group.0, first),
            Act::RenameGroup(group, _) => self.is_renamed(&group.0, first),
            Act::DeleteGroup(group) => self.group_is_deleted(&group.0, first),
            _ => {}
        }
    }

    fn comes(&mut self, people: &[String]) {
        let all = people.join("-and-");
        let check = self.draft.check(&format!("the-provider-creates-{}", short(&all)), &["LIFECYCLE-L1"]);
        self.act("assign", people, None, Some(check));
        for name in people {
            let mut json = json!({
                "id": format!("${{{name}.id}}"),
                "userName": format!("${{{name}.userName}}"),
                "active": true,
            });
            if self.keeps_external_id(name) {
                json["externalId"] = format!("${{{name}.externalId}}").into();
            }
            self.look(
                &format!("/Users/${{{name}.id}}"),
                200,
                Some(json),
                &format!("{name}-has-an-account"),
                &["RFC7644-3.1-L4", "RFC7644-3.4.1-L1"],
            );
            self.people.insert(name.clone(), true);
        }
    }

    fn comes_back(&mut self, people: &[String]) {
        let was_out = people.iter().any(|name| self.people.get(name) == Some(&false));
        let (slug, row) =
            if was_out { ("reactivates", "LIFECYCLE-L4") } else { ("assigns-again", "LIFECYCLE-L6") };
        let all = people.join("-and-");
        let check = self.draft.check(&format!("the-provider-{slug}-{}", short(&all)), &[row]);
        self.act("assign", people, None, Some(check));
        for name in people {
            let json = json!({
                "id": format!("${{{name}.id}}"),
                "userName": format!("${{{name}.userName}}"),
                "active": true,
            });
            self.look(
                &format!("/Users/${{{name}.linked.id}}"),
                200,
                Some(json),
                &format!("{name}-has-the-same-account"),
                &["LIFECYCLE-L4"],
            );
            self.find(name, None, &format!("{name}-has-one-account"), "LIFECYCLE-L6");
            self.people.insert(name.clone(), true);
        }
    }

    fn goes(&mut self, people: &[String], done: &Done) {
        let all = people.join("-and-");
        let deletes = acts::deletes(self.seen, &done.exchanges);
        let verb = if deletes { "removes" } else { "deactivates" };
        let check = self.draft.check(&format!("the-provider-{verb}-{}", short(&all)), &["LIFECYCLE-L2"]);
        self.act("unassign", people, None, Some(check));
        for name in people {
            if deletes {
                self.is_gone("/Users", name);
                continue;
            }
            if !acts::deactivates(self.seen, &done.exchanges) {
                continue;
            }
            let json = json!({
                "id": format!("${{{name}.id}}"),
                "userName": format!("${{{name}.userName}}"),
                "active": false,
            });
            self.look(
                &format!("/Users/${{{name}.id}}"),
                200,
                Some(json),
                &format!("{name}-is-inactive-and-stays"),
                &["LIFECYCLE-L3"],
            );
            self.find(name, Some(false), &format!("{name}-is-found-while-inactive"), "LIFECYCLE-L3");
            self.people.insert(name.clone(), false);
        }
        self.groups_keep(people, deletes);
        let other = self
            .people
            .iter()
            .find(|(name, is_in)| **is_in && !people.contains(name))
            .map(|(name, _)| name.clone());
        if let Some(other) = other {
            let json = json!({"userName": format!("${{{other}.userName}}"), "active": true});
            self.look(
                &format!("/Users/${{{other}.id}}"),
                200,
                Some(json),
                "nobody-else-is-touched",
                &["LIFECYCLE-L5"],
            );
        }
    }

    /// Who is inactive stays in the groups, and those who are not stay for sure.
    fn groups_keep(&mut self, people: &[String], deletes: bool) {
        let groups: Vec<(String, BTreeSet<String>)> = self
            .groups
            .iter()
            .filter(|(_, group)| group.pushed && group.members.iter().any(|name| people.contains(name)))
            .map(|(name, group)| (name.clone(), group.members.clone()))
            .collect();
        for (group, members) in groups {
            if deletes {
                if let Some(pushed) = self.groups.get_mut(&group) {
                    pushed.members.retain(|name| !people.contains(name));
                }
            } else {
                self.look_at_members(&group, &members, &format!("{group}-keeps-its-members"), "LIFECYCLE-L3");
            }
        }
    }

    fn is_deleted(&mut self, people: &[String], done: &Done) {
        let check = self
            .draft
            .check(&format!("the-provider-deletes-{}", short(&people.join("-and-"))), &["LIFECYCLE-L2"]);
        self.act("delete", people, None, Some(check));
        for name in people {
            if acts::deletes(self.seen, &done.exchanges) {
                self.is_gone("/Users", name);
            } else {
                self.people.insert(name.clone(), false);
            }
        }
    }

    fn is_gone(&mut self, endpoint: &str, name: &str) {
        self.look(
            &format!("{endpoint}/${{{name}.id}}"),
            404,
            None,
            &format!("{name}-is-gone"),
            &["RFC7644-3.6-L2"],
        );
        self.people.remove(name);
    }

    fn changes(&mut self, name: &str, changes: &[(String, String)], done: &Done) {
        let whom = self.cast.members.iter().position(|one| one.kind == Kind::Person && one.name == name);
        let (mut set, mut pattern) = (Map::new(), json!({"id": format!("${{{name}.id}}")}));
        for (path, value) in changes {
            let template = whom.and_then(|whom| self.cast.attribute(whom, path, &json!(value)));
            let template = template.unwrap_or_else(|| json!(value));
            set.insert(path.clone(), template.clone());
            // What the provider knows somebody by is asked for as the provider knows it now.
            match path.as_str() {
                "userName" => pattern["userName"] = format!("${{{name}.userName}}").into(),
                "emails.value" => {
                    pattern["emails"] = json!({"$contains": {"value": format!("${{{name}.email}}")}});
                }
                "department" | "employeeNumber" => {
                    pattern["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"][path] = template;
                    self.draft.need("enterprise");
                }
                path => match path.split_once('.') {
                    Some((outer, inner)) => pattern[outer][inner] = template,
                    None => pattern[path] = template,
                },
            }
            let attribute = path.split('.').next().unwrap_or(path);
            if !matches!(path.as_str(), "department" | "employeeNumber") {
                self.draft.need(&format!("attribute:{}", if attribute == "name" { path } else { attribute }));
            }
        }
        let row =
            if acts::puts(self.seen, &done.exchanges) { "RFC7644-3.5.1-L1" } else { "RFC7644-3.5.2-L8" };
        let check = self.draft.check(&format!("the-provider-updates-{name}"), &[row]);
        self.act("change-profile", &[name.to_owned()], None, Some(check));
        if let Some(Step { action: Action::Idp { set: place, .. }, .. }) = self.draft.steps.last_mut() {
            *place = Some(Value::Object(set));
        }
        pattern["active"] = true.into();
        self.look(
            &format!("/Users/${{{name}.id}}"),
            200,
            Some(pattern),
            &format!("the-change-of-{name}-arrives"),
            &["RFC7644-3.1-L4"],
        );
    }

    fn joins(&mut self, group: &str, people: &[String], done: &Done) {
        let pushed = self.groups.entry(group.to_owned()).or_default();
        pushed.members.extend(people.iter().cloned());
        if !pushed.pushed {
            self.act("join", people, Some(group), None);
            return;
        }
        let members = pushed.members.clone();
        let row =
            if acts::puts(self.seen, &done.exchanges) { "RFC7644-3.5.1-L16" } else { "RFC7644-3.5.2.1-L15" };
        let check = self.draft.check(&format!("the-provider-adds-to-{group}"), &[row]);
        self.act("join", people, Some(group), Some(check));
        self.look_at_members(group, &members, &format!("{group}-has-who-came"), row);
    }

    fn leaves(&mut self, group: &str, people: &[String], done: &Done) {
        let pushed = self.groups.entry(group.to_owned()).or_default();
        pushed.members.retain(|name| !people.contains(name));
        let members = pushed.members.clone();
        if done.exchanges.is_empty() {
            self.act("leave", people, Some(group), None);
            return;
        }
        let check = self.draft.check(&format!("the-provider-removes-from-{group}"), &["LIFECYCLE-L2"]);
        self.act("leave", people, Some(group), Some(check));
        self.look_at_members(group, &members, &format!("{group}-keeps-the-others"), "LIFECYCLE-L5");
    }

    fn is_pushed(&mut self, group: &str, done: &Done) {
        let pushed = self.groups.entry(group.to_owned()).or_default();
        let again = std::mem::replace(&mut pushed.pushed, true);
        let members = pushed.members.clone();
        let (act, row) = match (&done.act, again) {
            (Act::PushNow(_), _) => ("push-now", "RFC7644-3.1-L4"),
            (_, true) => ("push-group", "RFC7644-3.1-L4"),
            (_, false) => ("push-group", "RFC7644-3.3-L1"),
        };
        let check = self.draft.check(&format!("the-provider-pushes-{group}"), &[row]);
        self.act(act, &[], Some(group), Some(check));
        self.look_at_members(group, &members, &format!("{group}-has-its-members"), "RFC7644-3.1-L4");
    }

    fn is_renamed(&mut self, group: &str, done: &Done) {
        let members = self.groups.get(group).map(|pushed| pushed.members.clone()).unwrap_or_default();
        let row =
            if acts::puts(self.seen, &done.exchanges) { "RFC7644-3.5.1-L1" } else { "RFC7644-3.5.2.3-L21" };
        let check = self.draft.check(&format!("the-provider-renames-{group}"), &[row]);
        self.act("rename-group", &[], Some(group), Some(check));
        self.look_at_members(
            group,
            &members,
            &format!("{group}-is-the-same-under-another-name"),
            "LIFECYCLE-L5",
        );
    }

    fn group_is_deleted(&mut self, group: &str, done: &Done) {
        let row = if acts::deletes(self.seen, &done.exchanges) { "RFC7644-3.6-L1" } else { "RFC7644-3.1-L4" };
        let check = self.draft.check(&format!("the-provider-deletes-{group}"), &[row]);
        self.act("delete-group", &[], Some(group), Some(check));
        self.is_gone("/Groups", group);
        self.groups.remove(group);
    }

    fn act(
        &mut self,
        word: &'static str,
        whom: &[String],
        which: Option<&str>,
        check: Option<super::draft::Check>,
    ) {
        let mut step = Step::idp(word);
        if let Action::Idp { people, group, .. } = &mut step.action {
            *people = whom.to_vec();
            *group = which.map(str::to_owned);
        }
        step.check = check;
        self.draft.steps.push(step);
    }

    fn look(&mut self, target: &str, status: u16, json: Option<Value>, slug: &str, shows: &[&'static str]) {
        let check = self.draft.check(slug, shows);
        self.draft
            .steps
            .push(Step::request(format!("GET {target}")).expecting(&[status], json).checked(check));
    }

    fn find(&mut self, name: &str, active: Option<bool>, slug: &str, row: &'static str) {
        let mut resource = json!({"id": format!("${{{name}.id}}")});
        if let Some(active) = active {
            resource["active"] = active.into();
        }
        let json = json!({"totalResults": 1, "Resources": [resource]});
        let target = format!("/Users?filter=userName eq \"${{{name}.userName}}\"");
        self.look(&target, 200, Some(json), slug, &[row]);
    }

    fn look_at_members(&mut self, group: &str, members: &BTreeSet<String>, slug: &str, row: &'static str) {
        let ids: Vec<Value> =
            members.iter().map(|name| json!({"value": format!("${{{name}.id}}")})).collect();
        let members = if ids.is_empty() { json!({"$absent": true}) } else { json!({"$unordered": ids}) };
        let json = json!({"id": format!("${{{group}.id}}"), "displayName": format!("${{{group}.displayName}}"), "members": members});
        self.look(&format!("/Groups/${{{group}.id}}"), 200, Some(json), slug, &[row]);
    }

    /// Whether the recorded server showed the externalId that it was sent.
    fn keeps_external_id(&self, name: &str) -> bool {
        let one = self.cast.members.iter().find(|one| one.kind == Kind::Person && one.name == name);
        let Some(one) = one else { return false };
        self.seen.iter().filter(|seen| seen.creates()).any(|seen| {
            let shown = seen.body.as_ref().and_then(|body| member(body, "externalId")?.as_str());
            let sent = seen.sent.as_ref().and_then(|sent| member(sent, "externalId")?.as_str());
            seen.created_id().is_some_and(|id| one.ids.contains(&id)) && shown.is_some() && shown == sent
        })
    }
}

fn whom(act: &Act) -> Vec<String> {
    match act {
        Act::Assign(key) | Act::Unassign(key) | Act::Delete(key) | Act::ChangeProfile(key, _) => {
            vec![key.0.clone()]
        }
        Act::Join(_, keys) | Act::Leave(_, keys) => keys.iter().map(|key| key.0.clone()).collect(),
        _ => Vec::new(),
    }
}

fn in_words(act: &Act) -> String {
    let people = whom(act).join(" and ");
    match act {
        Act::TestConnection => "test the connection".to_owned(),
        Act::Assign(_) => format!("assign {people}"),
        Act::Unassign(_) => format!("unassign {people}"),
        Act::Delete(_) => format!("delete {people}"),
        Act::ChangeProfile(..) => format!("change the profile of {people}"),
        Act::Join(group, _) => format!("add {people} to {group}"),
        Act::Leave(group, _) => format!("take {people} out of {group}"),
        Act::PushGroup(group) | Act::PushNow(group) => format!("push {group}"),
        Act::RenameGroup(group, _) => format!("rename {group}"),
        Act::DeleteGroup(group) => format!("delete {group}"),
        _ => "something else".to_owned(),
    }
}

/// A slug of many people says that they are many.
fn short(all: &str) -> String {
    if all.len() > 40 { "everybody".to_owned() } else { all.to_owned() }
}

//! Notices habits: what one exchange shows, and what it shows after those before it. Which provider has them is in
//! `signs`.

use http::Method;
use serde_json::Value;

use super::super::narrate::{Asked, At, Kind, MOST_PEOPLE, Memory, boolean, equalities, is_guid, member};
use super::signs::Sign;
use crate::exchange::Broken;

const ADSCIM: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/";
const OLD_SCHEMAS: &str = "urn:scim:schemas:";

/// What is remembered from exchange to exchange.
#[derive(Debug)]
pub(super) struct Watch {
    people: Memory<Person>,
    /// The names that were asked for.
    names: Memory<bool>,
    /// The groups that were created without members.
    empty_groups: Memory<bool>,
    /// The name in the create before, if its answer was lost.
    lost: Option<String>,
    /// What the last exchange read.
    read: Option<String>,
    /// Whether somebody was looked up in vain and something else than a create followed.
    missed: bool,
    missed_last: bool,
    created: bool,
}

#[derive(Debug, Default)]
struct Person {
    active: Option<bool>,
    /// Read, or found by a query, since the last write.
    read: bool,
    /// Read by id since the deactivation.
    read_since_off: bool,
    /// Found by a query since the deactivation.
    found_since_off: bool,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            people: Memory::of_at_most(MOST_PEOPLE),
            names: Memory::of_at_most(MOST_PEOPLE),
            empty_groups: Memory::of_at_most(MOST_PEOPLE),
            lost: None,
            read: None,
            missed: false,
            missed_last: false,
            created: false,
        }
    }
}

impl Watch {
    /// The habits that an exchange shows.
    pub(super) fn signs(&mut self, asked: &Asked<'_>) -> Vec<Sign> {
        let mut signs = headers(asked);
        if let Some(query) = asked.query
            && (query.is_empty() || query.ends_with('&'))
        {
            signs.push(Sign::DanglingDelimiter);
        }
        let creates = *asked.method == Method::POST && asked.at == At::All(Kind::Users);
        self.missed |= self.missed_last && !creates;
        self.missed_last = false;
        let lost = self.lost.take();
        match (&asked.at, asked.method) {
            (At::All(kind), &Method::GET) => self.query(asked, kind, &mut signs),
            (At::All(Kind::Users), &Method::POST) => self.creates(asked, lost.as_deref(), &mut signs),
            (At::All(Kind::Groups), &Method::POST) => self.creates_group(asked, &mut signs),
            (At::One(Kind::Users, id), _) => self.person(asked, id, &mut signs),
            (At::One(Kind::Groups, id), _) => self.group(asked, id, &mut signs),
            (At::Discovery("Schemas"), &Method::GET) => signs.push(Sign::SchemasRead),
            _ => {}
        }
        let read = match (&asked.at, asked.method) {
            (At::One(Kind::Users | Kind::Groups, id), &Method::GET) => Some(id.clone()),
            _ => None,
        };
        self.read = read;
        signs
    }

    /// Whether somebody was looked up in vain, other exchanges followed, and nobody was ever created.
    pub(super) fn never_creates(&self) -> bool {
        self.missed && !self.created
    }

    fn query(&mut self, asked: &Asked<'_>, kind: &Kind, signs: &mut Vec<Sign>) {
        let names: Vec<&str> = asked.parameters.iter().map(|(name, _)| name.as_str()).collect();
        let value = |name: &str| asked.parameter(name).unwrap_or_default();
        let page = (value("startIndex"), value("count"));
        let Some(filter) = asked.parameter("filter") else {
            if names == ["startIndex", "count"] {
                match (kind, page.0.as_str(), page.1.as_str()) {
                    (Kind::Users, "1", "2") => signs.push(Sign::ProbeOfTwo),
                    (Kind::Users, _, "100") => signs.push(Sign::PagesOfHundred),
                    (Kind::Groups, _, "100") => signs.push(Sign::GroupsOfHundred),
                    _ => {}
                }
            }
            return;
        };
        let plus = asked.query.is_some_and(|query| query.contains('+'));
        if names == ["filter", "startIndex", "count"] && page == ("1".to_owned(), "100".to_owned()) {
            signs.push(Sign::LookupPaged);
            if plus {
                signs.push(Sign::BlanksAsPlus);
            }
        }
        if *kind == Kind::Groups && value("excludedAttributes") == "members" {
            signs.push(Sign::GroupsWithoutMembers);
        } else if names == ["filter"] && plus {
            signs.push(Sign::LookupBare);
        }
        let Some(equalities) = equalities(&filter) else { return };
        let [(path, value)] = equalities.as_slice() else {
            // Entra checks a reference before it writes it: that is a read.
            if let Some((_, id)) = equalities.iter().find(|(path, _)| path.eq_ignore_ascii_case("id")) {
                self.people.of(id).read = true;
            }
            return;
        };
        let path = path.to_ascii_lowercase();
        let by_name = ["username", "displayname", "emails[type eq \"work\"].value"].contains(&path.as_str());
        if by_name && is_guid(value) {
            signs.push(if *kind == Kind::Groups { Sign::GroupsByGuid } else { Sign::ProbeByGuid });
            return;
        }
        if *kind != Kind::Users {
            return;
        }
        match path.as_str() {
            "externalid" => signs.push(Sign::MatchedByExternalId),
            "emails[type eq \"work\"].value" => signs.push(Sign::MatchedByEmail),
            _ => {}
        }
        *self.names.of(&value.to_lowercase()) = true;
        self.missed_last = asked.total() == Some(0);
        for resource in asked.listed() {
            let Some(id) = member(resource, "id").and_then(Value::as_str) else { continue };
            let person = self.people.of(id);
            (person.read, person.found_since_off) = (true, true);
            person.active = member(resource, "active").and_then(boolean).or(person.active);
        }
    }

    fn creates(&mut self, asked: &Asked<'_>, lost: Option<&str>, signs: &mut Vec<Sign>) {
        self.created = true;
        let Some(sent) = &asked.sent else { return };
        created_with(sent, signs);
        let text = |name: &str| member(sent, name).and_then(Value::as_str);
        let (user_name, external_id) = (text("userName"), text("externalId"));
        let email = member(sent, "emails").and_then(|emails| emails.get(0)?.get("value")?.as_str());
        let known = [user_name, external_id, email];
        let looked_up = known.iter().flatten().any(|name| self.names.find(&name.to_lowercase()).is_some());
        signs.push(if looked_up { Sign::LookupBeforeCreate } else { Sign::CreateWithoutLookup });
        let empty = |name: &str| member(sent, name).and_then(Value::as_array).is_some_and(Vec::is_empty);
        if empty("groups") && text("password").is_some() {
            signs.push(Sign::CreateWithGroupsAndPassword);
        }
        if external_id.is_some_and(|id| id.starts_with("00u")) {
            signs.push(Sign::ExternalIdOfOkta);
        }
        if let (Some((local, _)), Some(id)) = (user_name.and_then(|name| name.split_once('@')), external_id)
            && local == id
        {
            signs.push(Sign::ExternalIdIsNickname);
        }
        if text("locale").is_some_and(|locale| locale.contains('_')) {
            signs.push(Sign::LocaleUnderscore);
        }
        let untyped = member(sent, "emails").and_then(|emails| emails.get(0)?.as_object());
        if text("displayName").is_none()
            && text("locale").is_none()
            && untyped.is_some_and(|email| !email.contains_key("type"))
        {
            signs.push(Sign::SparseMapping);
        }
        if user_name.is_some() && lost == user_name {
            signs.push(Sign::CreateRepeated);
        }
        if matches!(asked.exchange.result, Err(Broken::Timeout(_) | Broken::Cut(_))) {
            self.lost = user_name.map(str::to_owned);
        }
        if let Some(id) = asked.shown().and_then(|shown| member(shown, "id")?.as_str()) {
            let person = self.people.of(id);
            person.active = member(sent, "active").and_then(boolean).or(Some(true));
        }
    }

    fn creates_group(&mut self, asked: &Asked<'_>, signs: &mut Vec<Sign>) {
        let Some(sent) = &asked.sent else { return };
        created_with(sent, signs);
        match member(sent, "members").and_then(Value::as_array) {
            Some(members) if !members.is_empty() => signs.push(Sign::GroupMadeFull),
            Some(_) => {
                if let Some(id) = asked.shown().and_then(|shown| member(shown, "id")?.as_str()) {
                    *self.empty_groups.of(id) = true;
                }
            }
            None => {}
        }
    }

    fn person(&mut self, asked: &Asked<'_>, id: &str, signs: &mut Vec<Sign>) {
        let was_read = self.read.as_deref() == Some(id);
        let person = self.people.of(id);
        let mut written = None;
        match *asked.method {
            Method::GET => {
                (person.read, person.read_since_off) = (true, true);
                let shown = asked.shown().and_then(|shown| boolean(member(shown, "active")?));
                person.active = shown.or(person.active);
                return;
            }
            Method::DELETE => {
                signs.push(Sign::Deletes);
                if person.active == Some(true) {
                    signs.push(Sign::DeletesActive);
                }
                return;
            }
            Method::PUT => {
                signs.push(Sign::PutUser);
                if was_read {
                    signs.push(Sign::ReadBeforePut);
                }
                if let Some(sent) = &asked.sent {
                    named_schemas(sent, signs);
                    written = member(sent, "active").and_then(boolean);
                }
                if written == Some(false) {
                    signs.push(Sign::PutDeactivates);
                }
            }
            Method::PATCH => {
                signs.push(Sign::AnyPatch);
                // Without the answers nobody knows whom a lookup found.
                if !person.read && asked.exchange.result != Err(Broken::NotRecorded) {
                    signs.push(Sign::BlindUpdate);
                }
                for operation in asked.operations() {
                    written = patched_person(operation, signs).or(written);
                }
            }
            _ => return,
        }
        if written == Some(true)
            && person.active == Some(false)
            && person.read_since_off
            && !person.found_since_off
            && asked.exchange.result != Err(Broken::NotRecorded)
        {
            signs.push(Sign::VerifiedById);
        }
        if asked.may_be_done() {
            person.read = false;
            if written == Some(false) {
                (person.read_since_off, person.found_since_off) = (false, false);
            }
            person.active = written.or(person.active);
        }
    }

    fn group(&mut self, asked: &Asked<'_>, id: &str, signs: &mut Vec<Sign>) {
        match *asked.method {
            Method::GET if asked.parameter("excludedAttributes").as_deref() == Some("members") => {
                signs.push(Sign::GroupsWithoutMembers);
            }
            Method::PUT => {
                signs.push(Sign::PutGroup);
                if self.read.as_deref() == Some(id) {
                    signs.push(Sign::ReadBeforePut);
                }
                let members = asked.sent.as_ref().and_then(|sent| member(sent, "members")?.as_array());
                if members.is_some_and(|members| !members.is_empty()) && self.empty_groups.find(id).is_some()
                {
                    signs.push(Sign::GroupMadeEmpty);
                }
                self.empty_groups.forget(id);
            }
            Method::PATCH => {
                signs.push(Sign::AnyPatch);
                asked.operations().iter().for_each(|operation| patched_group(operation, signs));
            }
            _ => {}
        }
    }
}

fn headers(asked: &Asked<'_>) -> Vec<Sign> {
    let mut signs = Vec::new();
    match asked.header("user-agent").map(str::trim) {
        Some(agent) if agent.starts_with("Okta SCIM Client") => signs.push(Sign::AgentOfOkta),
        Some(agent) if agent.starts_with("OKTA SCIM Integration") => signs.push(Sign::AgentOfTheSuite),
        Some(agent) if !agent.is_empty() => signs.push(Sign::AgentOfAnother),
        Some(_) => signs.push(Sign::NoAgent),
        // Logs often keep the media type alone: that other headers are missing then says nothing.
        None => {
            let mut names = asked.exchange.request.headers.iter().map(|(name, _)| name);
            if names.any(|name| !name.to_ascii_lowercase().starts_with("content-")) {
                signs.push(Sign::NoAgent);
            }
        }
    }
    if asked.header("adscimversion").is_some() {
        signs.push(Sign::AdScimVersion);
    }
    if asked.header("accept-charset").is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8")) {
        signs.push(Sign::AcceptCharset);
    }
    if asked.header("accept").is_some_and(|accept| accept.eq_ignore_ascii_case("application/scim+json")) {
        signs.push(Sign::AcceptScim);
    }
    signs
}

/// What people and groups are created with.
fn created_with(sent: &Value, signs: &mut Vec<Sign>) {
    named_schemas(sent, signs);
    if member(sent, "meta").is_some_and(|meta| meta.get("resourceType").is_some()) {
        signs.push(Sign::CreateWithResourceType);
    }
}

fn named_schemas(sent: &Value, signs: &mut Vec<Sign>) {
    let schemas = member(sent, "schemas").and_then(Value::as_array).into_iter().flatten();
    for schema in schemas.filter_map(Value::as_str) {
        if schema.starts_with(ADSCIM) {
            signs.push(Sign::SchemaAdScim);
        } else if schema.starts_with(OLD_SCHEMAS) {
            signs.push(Sign::OldSchemas);
        }
    }
}

/// What an operation on a person shows; what it makes of `active`.
fn patched_person(operation: &Value, signs: &mut Vec<Sign>) -> Option<bool> {
    spelled_op(operation, signs);
    let value = member(operation, "value");
    let path = member(operation, "path").and_then(Value::as_str);
    let Some(path) = path else {
        let members = value.and_then(Value::as_object)?;
        paths_as_keys(members.keys(), signs);
        let password = members.len() == 1 && members.contains_key("password");
        let active = members.iter().find(|(name, _)| name.eq_ignore_ascii_case("active"));
        match active {
            Some((_, active)) => {
                signs.push(Sign::ActiveWithoutPath);
                return boolean(active);
            }
            None if !password => signs.push(Sign::ProfileByPatch),
            None => {}
        }
        return None;
    };
    if path.eq_ignore_ascii_case("active") {
        signs.push(Sign::ActiveByPath);
        signs.extend(match value {
            Some(Value::String(text)) if text == "True" || text == "False" => {
                vec![Sign::BooleanAsText, Sign::FalseCapital]
            }
            Some(Value::String(text)) if text == "true" || text == "false" => {
                vec![Sign::BooleanAsText, Sign::FalseLower]
            }
            Some(Value::Bool(_)) => vec![Sign::FalseLiteral],
            _ => Vec::new(),
        });
        return value.and_then(boolean);
    }
    if path.to_ascii_lowercase().ends_with(":manager") && value.is_some_and(Value::is_array) {
        signs.push(Sign::ManagerInArray);
    }
    None
}

fn patched_group(operation: &Value, signs: &mut Vec<Sign>) {
    spelled_op(operation, signs);
    let value = member(operation, "value");
    let op = member(operation, "op").and_then(Value::as_str).unwrap_or_default();
    match member(operation, "path").and_then(Value::as_str) {
        Some(path) if path.eq_ignore_ascii_case("members") => {
            let members = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            if op.eq_ignore_ascii_case("remove") && !members.is_empty() {
                signs.push(Sign::RemoveWithValue);
            }
            if members.iter().any(|member| member.get("$ref").is_some_and(Value::is_null)) {
                signs.push(Sign::RefNull);
            }
        }
        Some(_) => {}
        None => {
            let Some(members) = value.and_then(Value::as_object) else { return };
            paths_as_keys(members.keys(), signs);
            if members.contains_key("id") && members.contains_key("displayName") {
                signs.push(Sign::ReadOnlyIdInValue);
            }
        }
    }
}

fn spelled_op(operation: &Value, signs: &mut Vec<Sign>) {
    match member(operation, "op").and_then(Value::as_str) {
        Some("Add" | "Replace" | "Remove") => signs.push(Sign::CapitalOp),
        Some("add" | "replace" | "remove") => signs.push(Sign::LowerOp),
        _ => {}
    }
}

fn paths_as_keys<'a>(mut keys: impl Iterator<Item = &'a String>, signs: &mut Vec<Sign>) {
    let is_path = |key: &String| {
        let urn = key.to_ascii_lowercase().starts_with("urn:");
        (urn && !key.ends_with(":User") && !key.ends_with(":Group")) || (!urn && key.contains('.'))
    };
    if keys.any(is_path) {
        signs.push(Sign::PathsAsKeys);
    }
}

//! Two answers to one request, compared: by what the identity provider would notice, or strictly. What a difference
//! means to anybody is told elsewhere.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use scimspec_mock_idp::exchange::{Answer, Broken};
use scimspec_mock_idp::recording::rebind::{Learned, Rebinding, ResourceId, member, pair};
use serde_json::Value;

use super::deed::{Deed, Doing};
use super::difference::{Kind, Unlike};
use super::{attributes, strict};

/// Which provider reads the answers, where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reader {
    /// Okta.
    Okta,
    /// Microsoft Entra ID.
    Entra,
    /// OneLogin.
    OneLogin,
    /// Nobody knows whose habits these are.
    #[default]
    Unknown,
}

/// The earlier answer: recorded, or of the first of two servers.
#[derive(Debug, Clone)]
pub(super) struct Earlier<'a> {
    /// The answer.
    pub(super) answer: &'a Answer,
    /// Its body in the names of this replay and the earlier server's ids, if it is JSON.
    pub(super) raw: Option<Value>,
    /// The same in the new server's ids.
    pub(super) json: Option<Value>,
}

/// What a comparison needs to know.
pub(super) struct Comparison<'a> {
    /// Who reads.
    pub(super) reader: Reader,
    /// Whether everything counts.
    pub(super) strict: bool,
    /// What the request does.
    pub(super) doing: &'a Doing,
    /// Earlier ids to new ones, the pair of answers learned.
    pub(super) rebinding: &'a Rebinding,
    /// What the pair of answers told.
    pub(super) learned: &'a [Learned],
    /// The attributes that the provider writes and so would notice.
    pub(super) written: &'a BTreeSet<String>,
    /// Whether the replay made the resource of that earlier id.
    pub(super) ours: &'a dyn Fn(&ResourceId) -> bool,
}

impl Comparison<'_> {
    /// In what the new answer is unlike the earlier one, the gravest first.
    pub(super) fn compare(
        &self,
        earlier: &Earlier<'_>,
        new: Result<&Answer, &Broken>,
        json: Option<&Value>,
    ) -> Vec<Unlike> {
        let about = self.about(earlier);
        let new = match new {
            Ok(new) => new,
            Err(broken) => {
                let unlike =
                    Unlike::new(Kind::NoAnswer, earlier.answer.status.to_string(), broken.to_string());
                return vec![unlike.about(about.as_ref())];
            }
        };
        let mut found = self.ids();
        match self.status(earlier, new, json) {
            Some(unlike) => found.push(unlike.about(about.as_ref())),
            None if earlier.answer.is_success() && new.is_success() => {
                found.extend(self.bodies(earlier, new, json, about.as_ref()));
            }
            None => found
                .extend(scim_type(earlier.json.as_ref(), json).map(|unlike| unlike.about(about.as_ref()))),
        }
        if self.strict {
            found.extend(strict::headers(earlier.answer, new).into_iter().map(|u| u.about(about.as_ref())));
        }
        found.sort_by_key(|unlike| (unlike.kind, unlike.unnoticed));
        found.dedup();
        found
    }

    /// The earlier resource that the request is about: named in its path, made by it, or the one that it looks up.
    fn about(&self, earlier: &Earlier<'_>) -> Option<ResourceId> {
        if self.doing.about.is_some() {
            return self.doing.about.clone();
        }
        let json = earlier.raw.as_ref()?;
        let id = match items(json).as_deref() {
            Some([one]) if self.doing.deed == Deed::LookUp => id(one)?.to_owned(),
            Some(_) => return None,
            None => id(json)?.to_owned(),
        };
        (!self.doing.endpoint.is_empty()).then(|| ResourceId { endpoint: self.doing.endpoint.clone(), id })
    }

    fn ids(&self) -> Vec<Unlike> {
        let mut found = Vec::new();
        for learned in self.learned {
            if let Some(before) = &learned.before {
                let unlike = Unlike::new(Kind::OtherId, before, &learned.new).of("id");
                found.push(unlike.about(Some(&learned.recorded)));
            }
            if let Some(other) = &learned.shared_with {
                let unlike =
                    Unlike::new(Kind::SharedId, "an id of its own", format!("the id of {other}")).of("id");
                found.push(unlike.about(Some(&learned.recorded)));
            }
        }
        found
    }

    fn status(&self, earlier: &Earlier<'_>, new: &Answer, json: Option<&Value>) -> Option<Unlike> {
        let (old, now) = (earlier.answer, new);
        let unlike =
            |kind| Some(Unlike::new(kind, described(old, earlier.json.as_ref()), described(now, json)));
        if self.strict && old.status != now.status {
            let kind = match (old.is_success(), now.is_success()) {
                (true, false) => Kind::Refused,
                (false, true) => Kind::Accepted,
                (true, true) => Kind::OtherStatus,
                (false, false) => Kind::OtherRefusal,
            };
            return unlike(kind);
        }
        let nobody = |answer: &Answer, json: Option<&Value>| {
            answer.status == 404 && json.is_some_and(Value::is_object)
        };
        let empty = |json: Option<&Value>| json.and_then(items).is_some_and(|items| items.is_empty());
        match (old.is_success(), now.is_success(), self.doing.deed) {
            (true, true, _) => None,
            // Gone is what was asked for, to every provider.
            (true, false, Deed::Delete) if now.status == 404 => None,
            (false, true, Deed::Delete) if old.status == 404 => None,
            // Okta, SCIM 2.0 reference: a 404 with an error body is accepted for "no such user". Entra takes it for a
            // breach of the protocol.
            (true, false, Deed::LookUp) if nobody(now, json) && self.reader == Reader::Okta => {
                if empty(earlier.json.as_ref()) { None } else { unlike(Kind::FoundNothing) }
            }
            (false, true, Deed::LookUp) if nobody(old, earlier.json.as_ref()) => {
                if empty(json) {
                    None
                } else {
                    unlike(Kind::FoundSomething)
                }
            }
            (true, false, _) => unlike(Kind::Refused),
            (false, true, _) => unlike(Kind::Accepted),
            (false, false, _) if read_the_same(old.status, now.status) => None,
            (false, false, _) => unlike(Kind::OtherRefusal),
        }
    }

    fn bodies(
        &self,
        earlier: &Earlier<'_>,
        new: &Answer,
        json: Option<&Value>,
        about: Option<&ResourceId>,
    ) -> Vec<Unlike> {
        if self.strict {
            let lists = !matches!(self.doing.deed, Deed::Create | Deed::Read);
            let mut found = strict::bodies(earlier.json.as_ref(), json, self.written);
            if lists && let Some(now) = json {
                found.extend(self.lists(earlier, now));
            }
            return found
                .into_iter()
                .map(|u| if u.resource.is_none() { u.about(about) } else { u })
                .collect();
        }
        let Some(old) = &earlier.json else { return Vec::new() };
        let useless = || {
            let now = if new.body.is_empty() { "nothing" } else { "no JSON that could be read" };
            vec![Unlike::new(Kind::NoBody, "a body with what was asked for", now).about(about)]
        };
        match (self.doing.deed, json) {
            (Deed::LookUp | Deed::List, Some(json)) => self.lists(earlier, json),
            (Deed::Bulk, Some(json)) => bulk(old, json),
            (Deed::Create | Deed::Read, Some(json)) if id(json).is_none() && id(old).is_some() => useless(),
            // A write may be answered without a body, and no provider minds (RFC 7644, section 3.5.2).
            (Deed::Discover | Deed::Other, Some(_))
            | (
                Deed::Update | Deed::Deactivate | Deed::Reactivate | Deed::ChangeMembers | Deed::Delete,
                None,
            ) => Vec::new(),
            (_, Some(json)) => self.resource(old, json, about),
            (_, None) => useless(),
        }
    }

    fn lists(&self, earlier: &Earlier<'_>, new: &Value) -> Vec<Unlike> {
        let (Some(old), Some(raw)) = (&earlier.json, &earlier.raw) else { return Vec::new() };
        let (Some(before), Some(raw)) = (items(old), items(raw)) else { return Vec::new() };
        let Some(now) = items(new) else {
            return vec![Unlike::new(Kind::NoBody, "a list", "a body that is no list")];
        };
        let pairing = pair(self.rebinding, &self.doing.endpoint, &raw, &now);
        let mut found = Vec::new();
        for (i, j) in &pairing.pairs {
            found.extend(self.resource(&before[*i], &now[*j], self.resource_id(&raw[*i]).as_ref()));
        }
        if self.doing.deed == Deed::LookUp {
            found.extend(self.looked_up(&raw, &now, &pairing.only_recorded));
        } else {
            let whole =
                total(new).is_none_or(|total| usize::try_from(total).is_ok_and(|total| total <= now.len()));
            for i in &pairing.only_recorded {
                let missing = self.resource_id(&raw[*i]).filter(|missing| (self.ours)(missing) && whole);
                if missing.is_some() {
                    found
                        .push(Unlike::new(Kind::NotListed, "in the list", "missing").about(missing.as_ref()));
                }
            }
        }
        let (old, new) = (total(old), total(new));
        if self.doing.deed == Deed::LookUp && before.len() == now.len() && old != new {
            let text =
                |total: Option<u64>| total.map_or_else(|| "none".to_owned(), |total| total.to_string());
            found.push(Unlike::new(Kind::Total, text(old), text(new)).of("totalResults"));
        }
        found
    }

    /// What a lookup found before and finds now; `before` in earlier ids.
    fn looked_up(&self, before: &[Value], now: &[Value], lost: &[usize]) -> Option<Unlike> {
        let count = |n: usize| match n {
            0 => "nothing".to_owned(),
            1 => "one result".to_owned(),
            n => format!("{n} results"),
        };
        let unlike = |kind| Unlike::new(kind, count(before.len()), count(now.len()));
        let about = |item: &Value| self.resource_id(item);
        match (before, now) {
            ([], []) => None,
            ([], [first, ..]) => {
                let new = about(first);
                let earlier = new.as_ref().and_then(|new| self.rebinding.recorded_of(new));
                Some(unlike(Kind::FoundSomething).about(earlier.as_ref()))
            }
            ([first, ..], []) => Some(unlike(Kind::FoundNothing).about(about(first).as_ref())),
            ([one], [_]) if !lost.is_empty() => {
                let other = Unlike::new(Kind::FoundAnother, name(one), "somebody else");
                Some(other.about(about(one).as_ref()))
            }
            ([one], [_, _, ..]) => Some(unlike(Kind::FoundSeveral).about(about(one).as_ref())),
            _ => {
                let first = before.get(*lost.first()?)?;
                Some(Unlike::new(Kind::NotListed, "found", "not found").about(about(first).as_ref()))
            }
        }
    }

    fn resource_id(&self, item: &Value) -> Option<ResourceId> {
        id(item).map(|id| ResourceId::at(&self.doing.endpoint, id))
    }

    /// One resource of both answers.
    pub(super) fn resource(&self, old: &Value, new: &Value, about: Option<&ResourceId>) -> Vec<Unlike> {
        let read = self.doing.deed == Deed::Read;
        let found = attributes::compare(old, new, self.reader, self.written, read);
        found.into_iter().map(|unlike| unlike.about(about)).collect()
    }
}

impl Reader {
    /// Its name, to begin a sentence with.
    pub fn name(self) -> &'static str {
        match self {
            Self::Okta => "Okta",
            Self::Entra => "Entra",
            Self::OneLogin => "OneLogin",
            Self::Unknown => "The provider",
        }
    }

    /// Its name within a sentence.
    pub(super) fn within(self) -> &'static str {
        match self {
            Self::Unknown => "the provider",
            named => named.name(),
        }
    }
}

/// The resources of a list answer. Where nothing matches, they may be left out (RFC 7644, section 3.4.2).
pub(super) fn items(json: &Value) -> Option<Vec<Value>> {
    match member(json, "Resources") {
        Some(Value::Array(items)) => Some(items.clone()),
        Some(Value::Null) | None if total(json) == Some(0) => Some(Vec::new()),
        _ => None,
    }
}

/// A status, with what the server says to it.
pub(super) fn described(answer: &Answer, json: Option<&Value>) -> String {
    let kind = json.and_then(|json| member(json, "scimType")).and_then(Value::as_str);
    let detail =
        json.filter(|_| !answer.is_success()).and_then(|json| member(json, "detail")).and_then(Value::as_str);
    let mut text = format!("status {}", answer.status);
    if let Some(kind) = kind.filter(|_| !answer.is_success()) {
        let _ = write!(text, " {kind}");
    }
    if let Some(detail) = detail {
        let short: String = detail.chars().take(120).collect();
        let _ = write!(text, " ({short})");
    }
    text
}

fn id(resource: &Value) -> Option<&str> {
    member(resource, "id").and_then(Value::as_str).filter(|id| !id.is_empty())
}

fn total(json: &Value) -> Option<u64> {
    member(json, "totalResults").and_then(Value::as_u64)
}

fn name(resource: &Value) -> String {
    let text = |name: &str| member(resource, name).and_then(Value::as_str).map(str::to_owned);
    text("userName").or_else(|| text("displayName")).unwrap_or_else(|| "the one asked for".to_owned())
}

/// Whether a provider goes on in the same way after either error.
fn read_the_same(old: u16, new: u16) -> bool {
    let special = [401, 403, 404, 409, 412, 429];
    old == new || (old / 100 == new / 100 && !special.contains(&old) && !special.contains(&new))
}

/// Another scimType, where there was one.
fn scim_type(old: Option<&Value>, new: Option<&Value>) -> Option<Unlike> {
    let text = |json: Option<&Value>| {
        json.and_then(|json| member(json, "scimType")).and_then(Value::as_str).map(str::to_owned)
    };
    let before = text(old)?;
    let now = text(new);
    (now.as_ref() != Some(&before))
        .then(|| Unlike::new(Kind::ScimType, before, now.unwrap_or_else(|| "none".to_owned())).of("scimType"))
}

/// The operations of two bulk answers, by bulkId or in order.
fn bulk(old: &Value, new: &Value) -> Vec<Unlike> {
    let operations =
        |json: &Value| member(json, "Operations").and_then(Value::as_array).cloned().unwrap_or_default();
    let status = |operation: &Value| match member(operation, "status") {
        Some(Value::String(text)) => text.parse().unwrap_or(0_u64),
        // Some write a number, or what SCIM 1.1 had: {"code": "201"}.
        Some(Value::Object(code)) => {
            code.get("code").and_then(Value::as_str).and_then(|c| c.parse().ok()).unwrap_or(0)
        }
        Some(other) => other.as_u64().unwrap_or(0),
        None => 0,
    };
    let (before, now) = (operations(old), operations(new));
    let mut found = Vec::new();
    for (i, earlier) in before.iter().enumerate() {
        let bulk_id = member(earlier, "bulkId").and_then(Value::as_str);
        let same = match bulk_id {
            Some(id) => {
                now.iter().find(|operation| member(operation, "bulkId").and_then(Value::as_str) == Some(id))
            }
            None => now.get(i),
        };
        let name = format!("operation {}", bulk_id.map_or_else(|| (i + 1).to_string(), str::to_owned));
        match same {
            None => found.push(
                Unlike::new(Kind::Refused, format!("status {}", status(earlier)), "no answer").of(&name),
            ),
            Some(operation) => {
                let (before, now) = (status(earlier), status(operation));
                let kind = match (before / 100 == 2, now / 100 == 2) {
                    (true, false) => Kind::Refused,
                    (false, true) => Kind::Accepted,
                    _ => continue,
                };
                found.push(Unlike::new(kind, format!("status {before}"), format!("status {now}")).of(&name));
            }
        }
    }
    found
}

//! Which resource of one answer is which of another: by ids that are known already, then by name, and by position
//! only where neither side shows a name.

use std::collections::HashSet;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{Rebinding, ResourceId, Shown, addressed, endpoint_of, member};

/// Which resources of two lists belong together, as places in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairing {
    /// Those that do.
    pub pairs: Vec<(usize, usize)>,
    /// Those that only the recorded list has.
    pub only_recorded: Vec<usize>,
    /// Those that only the new list has.
    pub only_new: Vec<usize>,
}

/// A pair of resources: the recorded one, the new one's id, and the versions of both if they show any.
type Pair = (ResourceId, String, Option<(String, String)>);

/// Pairs two lists of resources of this endpoint.
pub fn pair(rebinding: &Rebinding, endpoint: &str, recorded: &[Value], new: &[Value]) -> Pairing {
    let mut result = Pairing::default();
    let mut left: Vec<usize> = (0..recorded.len()).collect();
    let mut taken: HashSet<usize> = HashSet::new();
    let same_id = |a: &Value, b: &Value| {
        let bound = text(a, "id").and_then(|id| rebinding.of(&ResourceId::at(endpoint, id)));
        bound.is_some() && bound == text(b, "id")
    };
    let same = |name: &'static str| {
        move |a: &Value, b: &Value| {
            let (a, b) = (text(a, name), text(b, name));
            a.zip(b).is_some_and(|(a, b)| a.to_lowercase() == b.to_lowercase())
        }
    };
    // Two people may well have one display name, two groups seldom do.
    let names: &[&'static str] =
        if endpoint == "/Users" { &["userName", "externalId"] } else { &["externalId", "displayName"] };
    let mut match_up = |is_same: &dyn Fn(&Value, &Value) -> bool| {
        left.retain(|&i| {
            let found = new.iter().enumerate().find(|(j, b)| !taken.contains(j) && is_same(&recorded[i], b));
            let Some((j, _)) = found else { return true };
            taken.insert(j);
            result.pairs.push((i, j));
            false
        });
    };
    match_up(&same_id);
    for name in names {
        match_up(&same(name));
    }
    let mut right: Vec<usize> = (0..new.len()).filter(|j| !taken.contains(j)).collect();
    let nameless = |resource: &Value| names.iter().all(|name| text(resource, name).is_none());
    if let ([i], [j]) = (&left[..], &right[..])
        && nameless(&recorded[*i])
        && nameless(&new[*j])
    {
        result.pairs.push((*i, *j));
        (left, right) = (Vec::new(), Vec::new());
    }
    result.pairs.sort_unstable();
    (result.only_recorded, result.only_new) = (left, right);
    result
}

impl Rebinding {
    /// The resources that stand at the same place in both answers.
    pub(super) fn pairs(&self, target: &str, recorded: Shown<'_>, new: Shown<'_>) -> Vec<Pair> {
        let is_bulk = target.split('?').next().is_some_and(|path| path.eq_ignore_ascii_case("/Bulk"));
        if is_bulk {
            return bulk_pairs(recorded.json, new.json);
        }
        let lists = recorded.json.and_then(listed).zip(new.json.and_then(listed));
        if let Some((recorded, new)) = lists {
            return self.list_pairs(target, recorded, new);
        }
        let endpoint = |json: &Value| endpoint_of(target).or_else(|| endpoint_of_type(json));
        let mut pairs = Vec::new();
        if let (Some(old), Some(json)) = (recorded.json, new.json)
            && let (Some(id), Some(new_id), Some(endpoint)) =
                (text(old, "id"), text(json, "id"), endpoint(old))
        {
            let resource = ResourceId { endpoint, id: id.to_owned() };
            let versions = version(recorded, old).zip(version(new, json));
            pairs.extend(self.member_pairs(old, json));
            pairs.push((resource, new_id.to_owned(), versions));
        } else if addressed(target).is_none()
            && let (Some(old), Some(new)) = (location(recorded), location(new))
        {
            // RFC 7644, section 3.3: what was created is named by Location, also where no body comes.
            pairs.push((old, new.id, None));
        } else if let Some(about) = addressed(target)
            && let Some(bound) = self.of(&about)
        {
            let versions = etag(recorded).zip(etag(new));
            pairs.extend(versions.map(|versions| (about.clone(), bound.to_owned(), Some(versions))));
        }
        pairs
    }

    fn list_pairs(&self, target: &str, recorded: &[Value], new: &[Value]) -> Vec<Pair> {
        let Some(endpoint) = endpoint_of(target).or_else(|| endpoint_of_type(recorded.first()?)) else {
            return Vec::new();
        };
        let paired = pair(self, &endpoint, recorded, new);
        let mut pairs = Vec::new();
        for (i, j) in paired.pairs {
            let (old, new) = (&recorded[i], &new[j]);
            pairs.extend(self.member_pairs(old, new));
            if let (Some(id), Some(new_id)) = (text(old, "id"), text(new, "id")) {
                let versions = meta_version(old).zip(meta_version(new));
                pairs.push((ResourceId::at(&endpoint, id), new_id.to_owned(), versions));
            }
        }
        pairs
    }

    /// Members whom nothing else of the recording shows, by the name that both groups display.
    fn member_pairs(&self, recorded: &Value, new: &Value) -> Vec<Pair> {
        let members = |group| member(group, "members").and_then(Value::as_array).map(Vec::as_slice);
        let (Some(old), Some(new)) = (members(recorded), members(new)) else { return Vec::new() };
        let display = |member: &Value| text(member, "display").map(str::to_lowercase);
        let mut pairs = Vec::new();
        for (id, name) in old.iter().filter_map(|member| Some((text(member, "value")?, display(member)?))) {
            let resource = ResourceId::at("/Users", id);
            if self.known(None, id).is_some() {
                continue;
            }
            let mut same = new.iter().filter(|member| display(member).as_ref() == Some(&name));
            if let (Some(found), None) = (same.next().and_then(|member| text(member, "value")), same.next()) {
                pairs.push((resource, found.to_owned(), None));
            }
        }
        pairs
    }
}

/// A string member of a resource, if it is not empty.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    member(value, name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The resources of a list answer.
fn listed(json: &Value) -> Option<&[Value]> {
    member(json, "Resources").and_then(Value::as_array).map(Vec::as_slice)
}

fn bulk_pairs(recorded: Option<&Value>, new: Option<&Value>) -> Vec<Pair> {
    let operations = |json: Option<&Value>| -> Vec<Value> {
        json.and_then(|json| member(json, "Operations"))
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let (recorded, new) = (operations(recorded), operations(new));
    let mut pairs = Vec::new();
    for (i, old) in recorded.iter().enumerate() {
        let bulk_id = text(old, "bulkId");
        let same = match bulk_id {
            Some(id) => new.iter().find(|operation| text(operation, "bulkId") == Some(id)),
            None => new.get(i),
        };
        let place = |operation: &Value| text(operation, "location").and_then(resource_of_url);
        if let (Some(old), Some(new)) = (place(old), same.and_then(place))
            && old.endpoint == new.endpoint
        {
            pairs.push((old, new.id, None));
        }
    }
    pairs
}

fn endpoint_of_type(json: &Value) -> Option<String> {
    let kind = member(json, "meta").and_then(|meta| text(meta, "resourceType"))?;
    Some(format!("/{kind}s"))
}

fn location(shown: Shown<'_>) -> Option<ResourceId> {
    resource_of_url(shown.answer.header("location")?)
}

/// The resource that a URL, absolute or relative, ends with.
pub(super) fn resource_of_url(url: &str) -> Option<ResourceId> {
    let mut parts = url.split(['?', '#']).next()?.trim_end_matches('/').rsplit('/');
    let (id, kind) = (parts.next()?, parts.next()?);
    let endpoint = endpoint_of(&format!("/{kind}"))?;
    let id = percent_decode_str(id).decode_utf8().ok().filter(|id| !id.is_empty())?.into_owned();
    Some(ResourceId { endpoint, id })
}

fn version(shown: Shown<'_>, json: &Value) -> Option<String> {
    etag(shown).or_else(|| meta_version(json))
}

fn etag(shown: Shown<'_>) -> Option<String> {
    shown.answer.header("etag").map(|tag| tag.trim().to_owned())
}

fn meta_version(json: &Value) -> Option<String> {
    member(json, "meta").and_then(|meta| text(meta, "version")).map(str::to_owned)
}

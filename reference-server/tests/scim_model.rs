//! The protocol core against models that are too simple to be wrong: PATCH on a few attributes, projection by
//! leaves, the order of bulk operations.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*, test_runner::RngSeed};
use scimspec_reference_server::scim::{
    Draft, Map, PatchRequest, PatchRules, Projection, Registry,
    bulk::{BulkRequest, Plan, References},
};
use serde_json::{Value, json};

proptest! {
    // The same inputs in every run; PROPTEST_CASES and PROPTEST_RNG_SEED ask for others.
    #![proptest_config(config())]

    #[test]
    fn a_patch_does_what_the_model_does(changes in vec(change(), 1..8)) {
        let user = Registry::core().resource_type("User").expect("the core has it").clone();
        let start = Person::default();
        let mut model = start.clone();
        let mut fails = false;
        for change in &changes {
            fails |= !model.apply(change);
        }
        let operations: Vec<Value> = changes.iter().map(Change::to_json).collect();
        let request = PatchRequest::from_value(json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations,
        })).unwrap();
        let current = Draft::create(&user, start.to_json()).unwrap().document;
        match request.apply(&user, &current, PatchRules::RFC) {
            Ok(patched) => {
                prop_assert!(!fails);
                prop_assert_eq!(patched.document, Draft::create(&user, model.to_json()).unwrap().document);
            }
            Err(error) => prop_assert!(fails, "{}", error),
        }
    }

    #[test]
    fn a_projection_keeps_the_leaves_that_are_named(named in vec(path(), 1..4), excluded in any::<bool>()) {
        let user = Registry::core().resource_type("User").expect("the core has it").clone();
        let list = named.join(",");
        let (attributes, except) = if excluded { (None, Some(&*list)) } else { (Some(&*list), None) };
        let mut shown = Draft::create(&user, Person::default().to_json()).unwrap().document;
        let is_named = |leaf: &str| named.iter().any(|path| leaf == path || leaf.starts_with(&format!("{path}.")));
        let expected: BTreeSet<String> = leaves(&shown)
            .into_iter()
            .filter(|leaf| leaf == "schemas" || is_named(leaf) != excluded)
            .collect();
        Projection::from_query(attributes, except).unwrap().apply(&user, &mut shown);
        prop_assert_eq!(leaves(&shown), expected);
    }

    #[test]
    fn a_bulk_plan_does_everything_once_and_nothing_too_early(posts in vec(vec(0..6_usize, 0..3), 0..6)) {
        let operations: Vec<Value> = posts.iter().enumerate().map(|(at, members)| {
            let members: Vec<Value> = members.iter().map(|name| json!({"value": format!("bulkId:{name}")})).collect();
            json!({"method": "POST", "path": "/Groups", "bulkId": at.to_string(), "data": {"members": members}})
        }).collect();
        let body = object(json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations,
        }));
        let request = BulkRequest::from_body(body, 10).unwrap();
        let plan = Plan::new(&request.operations);
        let mut done = BTreeSet::new();
        for step in &plan.steps {
            for name in References::of(&request.operations[step.operation]).data {
                let at: usize = name.parse().unwrap();
                let is_made = at < posts.len();
                // RFC7644-3.7-L13, RFC7644-3.7.1-L1
                prop_assert_eq!(is_made && !done.contains(&at), step.postponed.contains(&name));
            }
            prop_assert!(done.insert(step.operation));
        }
        prop_assert_eq!(done.len(), posts.len());
        let circular = (0..posts.len()).any(|at| reaches(&posts, at, at));
        prop_assert_eq!(circular, plan.steps.iter().any(|step| !step.postponed.is_empty()));
    }
}

fn config() -> ProptestConfig {
    let given = std::env::var_os("PROPTEST_RNG_SEED").is_some();
    let default = ProptestConfig::default();
    let rng_seed = if given { default.rng_seed } else { RngSeed::Fixed(7644) };
    ProptestConfig { rng_seed, failure_persistence: None, ..default }
}

/// A User of a few attributes.
#[derive(Clone, Debug)]
struct Person {
    title: Option<String>,
    name: BTreeMap<&'static str, String>,
    /// Type and value.
    emails: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
enum Change {
    Title(&'static str, Option<String>),
    NamePart(&'static str, &'static str, Option<String>),
    Name(&'static str, BTreeMap<&'static str, String>),
    RemoveName,
    Emails(&'static str, Vec<(String, String)>),
    RemoveEmails(Option<String>),
    EmailValue(&'static str, String, String),
}

impl Default for Person {
    fn default() -> Self {
        Self {
            title: Some("t".to_owned()),
            name: BTreeMap::from([("familyName", "f".to_owned())]),
            emails: vec![("work".to_owned(), "a@x".to_owned()), ("home".to_owned(), "b@x".to_owned())],
        }
    }
}

impl Person {
    fn to_json(&self) -> Map {
        let mut json = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"});
        if let Some(title) = &self.title {
            json["title"] = json!(title);
        }
        json["name"] = json!(self.name);
        json["emails"] = self.emails.iter().map(email).collect();
        object(json)
    }

    /// Whether the change is possible.
    fn apply(&mut self, change: &Change) -> bool {
        match change.clone() {
            Change::Title(_, title) => self.title = title,
            Change::NamePart(_, part, Some(value)) => {
                self.name.insert(part, value);
            }
            Change::NamePart(_, part, None) => {
                self.name.remove(part);
            }
            Change::Name(_, parts) => self.name.extend(parts),
            Change::RemoveName => self.name.clear(),
            Change::Emails("add", emails) => {
                for email in emails {
                    self.add(email);
                }
            }
            Change::Emails(_, emails) => {
                self.emails.clear();
                for email in emails {
                    self.add(email);
                }
            }
            Change::RemoveEmails(None) => self.emails.clear(),
            Change::RemoveEmails(Some(of)) => self.emails.retain(|(kind, _)| *kind != of),
            Change::EmailValue(op, of, value) => {
                if !self.emails.iter().any(|(kind, _)| *kind == of) {
                    if op == "replace" {
                        return false;
                    }
                    self.add((of, value));
                    return true;
                }
                let emails = std::mem::take(&mut self.emails);
                for (kind, old) in emails {
                    let value = if kind == of { value.clone() } else { old };
                    self.add((kind, value));
                }
            }
        }
        true
    }

    fn add(&mut self, email: (String, String)) {
        if !self.emails.contains(&email) {
            self.emails.push(email);
        }
    }
}

impl Change {
    fn to_json(&self) -> Value {
        match self {
            Self::Title(op, Some(title)) => json!({"op": op, "path": "title", "value": title}),
            Self::Title(_, None) => json!({"op": "remove", "path": "title"}),
            Self::NamePart(op, part, Some(value)) => {
                json!({"op": op, "path": format!("name.{part}"), "value": value})
            }
            Self::NamePart(_, part, None) => json!({"op": "remove", "path": format!("name.{part}")}),
            Self::Name(op, parts) => json!({"op": op, "value": {"name": parts}}),
            Self::RemoveName => json!({"op": "remove", "path": "name"}),
            Self::Emails(op, emails) => {
                json!({"op": op, "path": "emails", "value": emails.iter().map(email).collect::<Vec<_>>()})
            }
            Self::RemoveEmails(None) => json!({"op": "remove", "path": "emails"}),
            Self::RemoveEmails(Some(of)) => {
                json!({"op": "remove", "path": format!("emails[type eq {of:?}]")})
            }
            Self::EmailValue(op, of, value) => {
                json!({"op": op, "path": format!("emails[type eq {of:?}].value"), "value": value})
            }
        }
    }
}

fn email((kind, value): &(String, String)) -> Value {
    json!({"type": kind, "value": value})
}

fn change() -> impl Strategy<Value = Change> {
    let op = prop::sample::select(vec!["add", "replace"]);
    let part = prop::sample::select(vec!["givenName", "familyName", "middleName"]);
    let word = "[a-c]{1,2}";
    let kind = prop::sample::select(vec!["work", "home", "other"]).prop_map(str::to_owned);
    let emails = vec((kind.clone(), "[a-c]@x".prop_map(String::from)), 1..3);
    prop_oneof![
        (op.clone(), proptest::option::of(word)).prop_map(|(op, title)| Change::Title(op, title)),
        (op.clone(), part.clone(), proptest::option::of(word))
            .prop_map(|(op, part, value)| Change::NamePart(op, part, value)),
        (op.clone(), proptest::collection::btree_map(part, word, 1..3))
            .prop_map(|(op, parts)| Change::Name(op, parts)),
        Just(Change::RemoveName),
        (op.clone(), emails).prop_map(|(op, emails)| Change::Emails(op, emails)),
        proptest::option::of(kind.clone()).prop_map(Change::RemoveEmails),
        (op, kind, "[a-c]@x").prop_map(|(op, kind, value)| Change::EmailValue(op, kind, value)),
    ]
}

fn path() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "userName",
        "title",
        "name",
        "name.familyName",
        "name.givenName",
        "emails",
        "emails.type",
        "emails.value",
        "active",
        "nope",
    ])
    .prop_map(str::to_owned)
}

/// The paths of all values that have no parts.
fn leaves(resource: &Map) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (name, value) in resource {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values {
            match value {
                Value::Object(object) => found.extend(object.keys().map(|sub| format!("{name}.{sub}"))),
                _ => {
                    found.insert(name.clone());
                }
            }
        }
    }
    found
}

/// Whether one post speaks of another, directly or through others.
fn reaches(posts: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut next = posts[from].clone();
    let mut seen = BTreeSet::new();
    while let Some(at) = next.pop() {
        if at == to {
            return true;
        }
        if at < posts.len() && seen.insert(at) {
            next.extend(&posts[at]);
        }
    }
    false
}

fn object(value: Value) -> Map {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

//! Servers that show, or do, more than who asks may see or do.

use std::sync::Arc;

use axum::http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::{
    Cluster, Deviation,
    memory::Memory,
    operations::{aims, field, strip},
    tenancy::Tenancy,
    whole::{entire, whole},
    wire::{Answer, Place, Server, Wire},
    writes::{Verdict, Write},
};
use crate::{
    accounts::Accounts,
    scim::{
        AttrPath, Error, Filter,
        filter::{CompareOp, Literal, Span, Test},
    },
};

/// Onyx put the lock on the resources only.
pub(super) static DISCOVERY_WITHOUT_AUTH: Deviation = Deviation {
    slug: "discovery-without-auth",
    cluster: Cluster::Exposed,
    wrong: "/Schemas and /ResourceTypes are answered without credentials",
    right: "without credentials only the way to authenticate is told, in /ServiceProviderConfig",
    source: "https://github.com/onyx-dot-app/onyx/pull/8454",
    install: |seams| {
        let tenancy = Tenancy::of(&seams);
        seams.wrap_wire(move |wire| open_discovery(wire, tenancy.clone()))
    },
};

/// power-tools and Onyx put the value into a LIKE as it came.
pub(super) static FILTER_LIKE_WILDCARDS: Deviation = Deviation {
    slug: "filter-like-wildcards",
    cluster: Cluster::Exposed,
    wrong: "in the value of a filter, % and _ stand for anything: userName eq \"%\" finds everybody",
    right: "the value of a filter is compared character by character",
    source: "https://github.com/powerhome/power-tools/issues/436",
    install: |seams| seams.wrap_wire(async |wire| edit_filter(wire, like).go().await),
};

/// Keycloak read as many users as there were.
pub(super) static NO_PAGE_LIMIT_DOS: Deviation = Deviation {
    slug: "no-page-limit-dos",
    cluster: Cluster::Exposed,
    wrong: "a list that names no count, or a large one, is answered with every resource that there is",
    right: "a page has a limit that the server sets",
    source: "https://github.com/keycloak/keycloak/issues/46705",
    install: |seams| seams.wrap_wire(without_limit),
};

/// Keycloak filtered by what it would not have shown.
pub(super) static HIDDEN_ATTRIBUTE_READABLE_BY_FILTER: Deviation = Deviation {
    slug: "hidden-attribute-readable-by-filter",
    cluster: Cluster::Exposed,
    wrong: "a filter on password finds the Users whose password it describes, so that it can be guessed letter by letter",
    right: "a filter on an attribute that is never returned is refused",
    source: "https://github.com/keycloak/keycloak/issues/50987",
    install: |seams| {
        let passwords: Memory<String> = Memory::default();
        seams.wrap_wire(move |wire| filter_by_password(wire, passwords.clone()))
    },
};

/// The SCIM extension for Keycloak let everybody in who had any account.
pub(super) static DEFAULT_OPEN_ENDPOINT: Deviation = Deviation {
    slug: "default-open-endpoint",
    cluster: Cluster::Exposed,
    wrong: "any session or API token of the application may read and write all Users and Groups",
    right: "SCIM is for the identity provider's token; a person's own reaches /Me at most",
    source: "https://github.com/Captain-P-Goldfish/scim-for-keycloak/issues/8",
    install: |seams| {
        let (tenancy, accounts) = (Tenancy::of(&seams), Arc::clone(&seams.accounts));
        seams.wrap_wire(move |wire| for_anybody(wire, tenancy.clone(), Arc::clone(&accounts)))
    },
};

/// SSOReady could not find the user of whom the token was to speak.
pub(super) static BAD_ID_ANSWERED_401: Deviation = Deviation {
    slug: "bad-id-answered-401",
    cluster: Cluster::Exposed,
    wrong: "a User that there is not is answered with 401, so that the client takes its token for a bad one",
    right: "a User that there is not is answered with 404",
    source: "https://github.com/ssoready/ssoready/pull/259",
    install: |seams| {
        seams.edit_answers(|wire, answer| {
            let of_user = wire.resource().is_some_and(|(collection, _)| collection == "Users");
            if of_user && answer.status == StatusCode::NOT_FOUND {
                *answer = Error::unauthorized("The credentials are not valid.").into();
                let challenge = HeaderValue::from_static("Bearer");
                answer.headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
        })
    },
};

/// Keycloak had its rules for editing in another place.
pub(super) static EDIT_PERMISSION_BYPASSED: Deviation = Deviation {
    slug: "edit-permission-bypassed",
    cluster: Cluster::TakenOver,
    wrong: "groups in the body of a User, which is readOnly there, makes the person a member of these groups",
    right: "a readOnly attribute in a body is ignored by POST and PUT and refused by PATCH",
    source: "https://github.com/keycloak/keycloak/issues/52210",
    install: |seams| seams.judge_writes(join_as_written),
};

async fn open_discovery(mut wire: Wire, tenancy: Tenancy) -> Answer {
    let is_bare = !wire.parts.headers.contains_key(header::AUTHORIZATION);
    if is_bare && matches!(wire.place, Place::Discovery(..)) {
        return tenancy.go_as(&mut wire, &tenancy.first()).await;
    }
    wire.go().await
}

/// The same search with other comparisons of strings in its filter. One that cannot be read is left to the server to
/// refuse.
fn edit_filter(wire: Wire, edit: impl Fn(&AttrPath, CompareOp, &str) -> Option<Filter>) -> Wire {
    let Some(filter) = wire.filter().and_then(|filter| Filter::parse(&filter).ok()) else { return wire };
    let edited = in_tests(filter.clone(), &edit);
    if edited == filter { wire } else { wire.with_parameter("filter", Some(&edited.to_string())) }
}

fn in_tests(filter: Filter, edit: &impl Fn(&AttrPath, CompareOp, &str) -> Option<Filter>) -> Filter {
    let all = |filters: Vec<Filter>| filters.into_iter().map(|filter| in_tests(filter, edit)).collect();
    match filter {
        Filter::Or(filters) => Filter::Or(all(filters)),
        Filter::And(filters) => Filter::And(all(filters)),
        Filter::Not(inner) => Filter::Not(Box::new(in_tests(*inner, edit))),
        Filter::Values { attribute, filter, sub } => {
            Filter::Values { attribute, filter: Box::new(in_tests(*filter, edit)), sub }
        }
        Filter::Test(path, test) => {
            let edited = match &test {
                Test::Compare(op, Literal::String(value)) => edit(&path, *op, value),
                _ => None,
            };
            edited.unwrap_or(Filter::Test(path, test))
        }
    }
}

/// What a LIKE makes of a comparison: the pieces between the wildcards have to be there. That `_` stands for one
/// character and not for several is not told apart.
fn like(path: &AttrPath, op: CompareOp, value: &str) -> Option<Filter> {
    let (from_start, to_end) = match op {
        CompareOp::Eq => (true, true),
        CompareOp::Sw => (true, false),
        CompareOp::Ew => (false, true),
        CompareOp::Co => (false, false),
        _ => return None,
    };
    if !value.contains(['%', '_']) {
        return None;
    }
    let pieces: Vec<&str> = value.split(['%', '_']).collect();
    let last = pieces.len() - 1;
    let test = |(at, piece): (usize, &&str)| {
        let op = match at {
            0 if from_start => CompareOp::Sw,
            at if at == last && to_end => CompareOp::Ew,
            _ => CompareOp::Co,
        };
        let compare = Test::Compare(op, Literal::String((*piece).to_owned()));
        (!piece.is_empty()).then(|| Filter::Test(path.clone(), compare))
    };
    let mut tests: Vec<Filter> = pieces.iter().enumerate().filter_map(test).collect();
    Some(match (tests.len(), tests.pop()) {
        (0 | 1, Some(only)) => only,
        (_, Some(last)) => {
            tests.push(last);
            Filter::And(tests)
        }
        (_, None) => Filter::Test(path.clone(), Test::Present),
    })
}

async fn without_limit(wire: Wire) -> Answer {
    let answer = wire.go().await;
    let is_list = wire.is_search() && answer.status == StatusCode::OK;
    let others_limit = wire.parameter("cursor").is_some() || wire.parameter("startIndex").is_some();
    let asked = wire.number("count");
    let shown = answer.json().and_then(|list| Some(list.get("Resources")?.as_array()?.len()));
    let cut = match (asked, shown) {
        (Some(asked), Some(shown)) => usize::try_from(asked).is_ok_and(|asked| asked > shown),
        (None, Some(_)) => true,
        (_, None) => false,
    };
    if !is_list || others_limit || !cut {
        return answer;
    }
    let (_, all) = whole(wire, None).await;
    match (all, asked.and_then(|asked| usize::try_from(asked).ok())) {
        (Ok(all), Some(asked)) if all.len() > asked => answer,
        (Ok(all), _) => entire(answer, &all),
        (Err(answer), _) => answer,
    }
}

async fn filter_by_password(wire: Wire, passwords: Memory<String>) -> Answer {
    let sent = sent_password(&wire);
    let wire = edit_filter(wire, |path, op, value| {
        path.name.eq_ignore_ascii_case("password").then(|| whose(&passwords, op, value))
    });
    let answer = wire.go().await;
    let id = answer.json().and_then(|user| user["id"].as_str().map(str::to_owned));
    if let (true, Some(id), Some(password)) = (answer.status.is_success(), id, sent) {
        passwords.set(&id, password);
    }
    answer
}

fn sent_password(wire: &Wire) -> Option<String> {
    if !matches!(&wire.place, Place::Collection(users) | Place::Resource(users, _) if users == "Users") {
        return None;
    }
    let body = wire.json()?;
    let password = if wire.is(&Method::PATCH) {
        aims(&body).into_iter().filter(|aim| aim.names("password")).map(|aim| aim.value).next_back()?
    } else {
        field(&body, "password")?.clone()
    };
    password.as_str().map(str::to_owned)
}

/// The Users whose password meets a comparison, as a filter that the correct server takes.
fn whose(passwords: &Memory<String>, op: CompareOp, value: &str) -> Filter {
    let meets = |password: &str| match op {
        CompareOp::Eq => password == value,
        CompareOp::Ne => password != value,
        CompareOp::Co => password.contains(value),
        CompareOp::Sw => password.starts_with(value),
        CompareOp::Ew => password.ends_with(value),
        CompareOp::Gt => password > value,
        CompareOp::Ge => password >= value,
        CompareOp::Lt => password < value,
        CompareOp::Le => password <= value,
    };
    let is = |id: &str| {
        let span = Span { start: 0, end: 0 };
        let path = AttrPath { urn: None, name: "id".to_owned(), sub: None, span };
        Filter::Test(path, Test::Compare(CompareOp::Eq, Literal::String(id.to_owned())))
    };
    let passwords = passwords.of_all();
    let mut found: Vec<Filter> =
        passwords.iter().filter(|(_, password)| meets(password)).map(|(id, _)| is(id)).collect();
    match found.len() {
        0 => is("nobody"),
        1 => found.remove(0),
        _ => Filter::Or(found),
    }
}

async fn for_anybody(mut wire: Wire, tenancy: Tenancy, accounts: Arc<dyn Accounts>) -> Answer {
    let token = wire.server.token().map(str::to_owned);
    let Some(token) = token.filter(|_| wire.place != Place::Me) else { return wire.go().await };
    if tenancy.speaker(&wire.server).await.is_some() {
        return wire.go().await;
    }
    for tenant in tenancy.all() {
        if accounts.identify(&tenant, &token).await.is_ok() {
            return tenancy.go_as(&mut wire, &tenant).await;
        }
    }
    wire.go().await
}

async fn join_as_written(server: Server, mut write: Write) -> Verdict {
    let groups = if write.is_user() { wanted_groups(&write) } else { Vec::new() };
    if groups.is_empty() {
        return Verdict::Go(write);
    }
    strip(&mut write, "groups");
    if let Some(id) = &write.id {
        join(&server, id, &groups).await;
        return Verdict::Go(write);
    }
    let mut answer = server.ask(Method::POST, "/Users", Some(&write.body)).await;
    let made = answer.json().and_then(|user| user["id"].as_str().map(str::to_owned));
    if let Some(id) = made.filter(|_| answer.status == StatusCode::CREATED) {
        join(&server, &id, &groups).await;
        if let Some(user) = server.read(&format!("/Users/{id}")).await {
            answer.set_json(&user);
        }
    }
    Verdict::Answer(answer)
}

fn wanted_groups(write: &Write) -> Vec<String> {
    let values = if write.is_patch() {
        let aims = aims(&write.body).into_iter();
        aims.filter(|aim| aim.names("groups") && aim.op != "remove").map(|aim| aim.value).collect()
    } else {
        field(&write.body, "groups").cloned().into_iter().collect::<Vec<_>>()
    };
    let each = values.iter().flat_map(|value| match value {
        Value::Array(groups) => groups.iter().collect(),
        group => vec![group],
    });
    each.filter_map(|group| field(group, "value")?.as_str().map(str::to_owned)).collect()
}

async fn join(server: &Server, id: &str, groups: &[String]) {
    for group in groups {
        let add = json!({"op": "add", "path": "members", "value": [{"value": id}]});
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
        let body = json!({"schemas": schemas, "Operations": [add]});
        server.ask(Method::PATCH, &format!("/Groups/{group}"), Some(&body)).await;
    }
}

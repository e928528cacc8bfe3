//! Creations that end in an account which was there before, because something in it looks alike.

use axum::http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{
    Cluster, Deviation, Seams,
    operations::field,
    people::People,
    tenancy::Tenancy,
    wire::{Answer, Server},
    writes::{Verdict, Write},
};
use crate::{accounts::AccountId, scim::filter::Literal, store::TenantId};

/// ciso-assistant and eneo took an address for a proof.
pub(super) static ADOPT_LOCAL_ACCOUNT_BY_EMAIL: Deviation = Deviation {
    slug: "adopt-local-account-by-email",
    cluster: Cluster::TakenOver,
    wrong: "a POST or PUT with the email of an account that the administrator made is written over that account",
    right: "an email proves nothing: the POST makes another account, and the local one stays as it is",
    source: "https://github.com/intuitem/ciso-assistant-community/issues/4658",
    install: |seams| {
        let (seams, people) = seams.watch_people();
        seams.judge_writes(move |server, write| by_email(server, write, people.clone()))
    },
};

/// Kobo compared what stands before the @.
pub(super) static ADOPT_BY_USERNAME_MERGES_PEOPLE: Deviation = Deviation {
    slug: "adopt-by-username-merges-people",
    cluster: Cluster::TakenOver,
    wrong: "a POST of ada@b.example is written over ada@a.example, or over ada, if there is one",
    right: "two userNames that differ are two people",
    source: "https://github.com/kobotoolbox/kpi/issues/7102",
    install: |seams| seams.judge_writes(by_local_part),
};

/// Grafana read the provider's identifier as its own.
pub(super) static NUMERIC_EXTERNALID_IS_INTERNAL_ID: Deviation = Deviation {
    slug: "numeric-externalid-is-internal-id",
    cluster: Cluster::TakenOver,
    wrong: "a POST with the externalId \"1\" is written over the account that has the number 1 in the application",
    right: "an externalId is the provider's and names nothing of the application's",
    source: "Grafana, CVE-2025-41115",
    install: |seams| {
        let (seams, people) = seams.watch_people();
        seams.judge_writes(move |server, write| by_number(server, write, people.clone()))
    },
};

/// Puts a server around the seams that links a local account of the same userName where the right one says 409.
pub(super) fn by_user_name(seams: Seams) -> Seams {
    let (seams, people) = seams.watch_people();
    seams.judge_writes(move |server, write| same_name(server, write, people.clone()))
}

tokio::task_local! {
    static LINKING: ();
}

/// Whether what is happening is the linking of an account.
pub(super) fn is_under_way() -> bool {
    LINKING.try_with(|()| ()).is_ok()
}

async fn same_name(server: Server, write: Write, people: People) -> Verdict {
    let Some(name) = text(&write, "userName").filter(|_| write.is_user() && write.is_create()) else {
        return Verdict::Go(write);
    };
    let found = find(&server, "userName eq", name).await;
    let local = found.iter().find(|user| is_local(user, &people) && user.get("externalId").is_none());
    match local.and_then(id) {
        Some(id) => Verdict::Answer(LINKING.scope((), overwrite(&server, id, &write)).await),
        None => Verdict::Go(write),
    }
}

async fn by_email(server: Server, mut write: Write, people: People) -> Verdict {
    if !write.is_user() || !(write.is_create() || write.is_put()) {
        return Verdict::Go(write);
    }
    let emails = field(&write.body, "emails").and_then(Value::as_array).cloned().unwrap_or_default();
    for email in emails.iter().filter_map(|email| field(email, "value")?.as_str()) {
        let found = find(&server, "emails.value eq", email).await;
        let other = |user: &&Value| is_local(user, &people) && id(user) != write.id.as_deref();
        let Some(local) = found.iter().find(other) else { continue };
        let Some(local_id) = id(local).map(str::to_owned) else { continue };
        if write.is_put() {
            // The name that the client sends is that of another account, which still has it.
            write.body["userName"] = local["userName"].clone();
        }
        return Verdict::Answer(overwrite(&server, &local_id, &write).await);
    }
    Verdict::Go(write)
}

async fn by_local_part(server: Server, write: Write) -> Verdict {
    let name = text(&write, "userName").filter(|_| write.is_user() && write.is_create());
    let Some(name) = name.map(str::to_owned) else { return Verdict::Go(write) };
    let Some((local_part, _)) = name.split_once('@') else { return Verdict::Go(write) };
    let mut found = find(&server, "userName sw", &format!("{local_part}@")).await;
    found.extend(find(&server, "userName eq", local_part).await);
    let differs =
        |user: &&Value| user["userName"].as_str().is_some_and(|other| !other.eq_ignore_ascii_case(&name));
    match found.iter().find(differs).and_then(id) {
        Some(id) => Verdict::Answer(overwrite(&server, id, &write).await),
        None => Verdict::Go(write),
    }
}

async fn by_number(server: Server, write: Write, people: People) -> Verdict {
    let number = text(&write, "externalId").filter(|_| write.is_user() && write.is_create());
    let Some(number) = number.and_then(|text| text.parse().ok()).map(AccountId) else {
        return Verdict::Go(write);
    };
    let numbered =
        people.of_all().iter().find(|(_, person)| person.account == number).map(|(id, _)| id.clone());
    // The account may be another tenant's, which this client cannot reach.
    match numbered {
        Some(id) if server.read(&format!("/Users/{id}")).await.is_some() => {
            Verdict::Answer(overwrite(&server, &id, &write).await)
        }
        _ => Verdict::Go(write),
    }
}

/// Gives a User the state that a write describes, and says that it was made.
async fn overwrite(server: &Server, id: &str, write: &Write) -> Answer {
    let mut answer = server.ask(Method::PUT, &format!("/Users/{id}"), Some(&write.body)).await;
    if answer.status == StatusCode::OK && write.is_create() {
        answer.status = StatusCode::CREATED;
    }
    answer
}

async fn find(server: &Server, test: &str, value: &str) -> Vec<Value> {
    let found = server.read(&search(test, value)).await.unwrap_or_default();
    found["Resources"].as_array().cloned().unwrap_or_default()
}

/// The Users of another tenant that have this userName.
pub(super) async fn find_as(
    tenancy: &Tenancy,
    server: &Server,
    tenant: &TenantId,
    user_name: &str,
) -> Vec<Value> {
    let path = search("userName eq", user_name);
    let answer = tenancy.ask_as(server, tenant, Method::GET, &path, None).await;
    let found = answer.and_then(|answer| answer.json()).unwrap_or_default();
    found["Resources"].as_array().cloned().unwrap_or_default()
}

fn search(test: &str, value: &str) -> String {
    let filter = format!("{test} {}", Literal::String(value.to_owned()));
    format!("/Users?filter={}", utf8_percent_encode(&filter, NON_ALPHANUMERIC))
}

fn is_local(user: &Value, people: &People) -> bool {
    id(user).and_then(|id| people.recall(id)).is_some_and(|person| person.local)
}

fn id(user: &Value) -> Option<&str> {
    user.get("id")?.as_str()
}

fn text<'a>(write: &'a Write, name: &str) -> Option<&'a str> {
    field(&write.body, name)?.as_str()
}

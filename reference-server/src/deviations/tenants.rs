//! Tenants that are kept apart where somebody thought of it, and not everywhere.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    Cluster, Deviation,
    linking::find_as,
    operations::{aims_of, edit_operations, field},
    tenancy::Tenancy,
    whole::{part, whole},
    wire::{Answer, Server, Wire},
    writes::{Verdict, Write},
};
use crate::scim::Error;

/// Vouch looked an id up without asking whose it is.
pub(super) static TENANT_READ_LEAK: Deviation = Deviation {
    slug: "tenant-read-leak",
    cluster: Cluster::TenantsMixed,
    wrong: "a GET of another tenant's resource by its id is answered with 200",
    right: "a GET of another tenant's resource is answered with 404, as if there were none",
    source: "https://github.com/vouch-sh/vouch/issues/317",
    install: |seams| {
        let tenancy = Tenancy::of(&seams);
        seams.wrap_wire(move |wire| read_anyones(wire, tenancy.clone()))
    },
};

/// Atlas listed a table.
pub(super) static TENANT_LIST_LEAK: Deviation = Deviation {
    slug: "tenant-list-leak",
    cluster: Cluster::TenantsMixed,
    wrong: "lists and searches show the resources of every tenant",
    right: "lists and searches show the resources of the tenant for which the token speaks",
    source: "https://github.com/Senthil455/Atlas-Workforce-System/issues/175",
    install: |seams| {
        let tenancy = Tenancy::of(&seams);
        seams.wrap_wire(move |wire| list_everyones(wire, tenancy.clone()))
    },
};

/// Vouch changed by id what it had not read by tenant.
pub(super) static TENANT_WRITE_LEAK: Deviation = Deviation {
    slug: "tenant-write-leak",
    cluster: Cluster::TenantsMixed,
    wrong: "a PUT, PATCH or DELETE of another tenant's resource changes or deletes it",
    right: "a write of another tenant's resource is answered with 404 and changes nothing",
    source: "https://github.com/vouch-sh/vouch/issues/310",
    install: |seams| {
        let tenancy = Tenancy::of(&seams);
        seams.judge_writes(move |server, write| write_anyones(server, write, tenancy.clone()))
    },
};

/// Cogtrix kept names apart in the whole table.
pub(super) static TENANT_409_ORACLE: Deviation = Deviation {
    slug: "tenant-409-oracle",
    cluster: Cluster::TenantsMixed,
    wrong: "a POST of a userName that only another tenant has is answered with 409, which tells that it is there",
    right: "a userName is taken only within its tenant",
    source: "https://github.com/NorthlandPositronics/Cogtrix/issues/303",
    install: |seams| {
        let tenancy = Tenancy::of(&seams);
        seams.judge_writes(move |server, write| unique_everywhere(server, write, tenancy.clone()))
    },
};

/// Atlas took the tenant's default value for the tenant.
pub(super) static CREATE_LANDS_IN_DEFAULT_TENANT: Deviation = Deviation {
    slug: "create-lands-in-default-tenant",
    cluster: Cluster::TenantsMixed,
    wrong: "a POST of a User makes it in the first tenant, whoever's the token is",
    right: "a POST of a User makes it in the tenant for which the token speaks",
    source: "https://github.com/Senthil455/Atlas-Workforce-System/issues/175",
    install: |seams| {
        let tenancy = Tenancy::of(&seams);
        seams.judge_writes(move |server, write| create_in_first(server, write, tenancy.clone()))
    },
};

/// authentik deleted the user where it should have deleted a connection.
pub(super) static DELETE_LINK_REMOVES_SHARED_USER: Deviation = Deviation {
    slug: "delete-link-removes-shared-user",
    cluster: Cluster::TenantsMixed,
    wrong: "a DELETE of a User deletes the person's User in every other tenant too",
    right: "a DELETE ends what the one tenant knows of the person and nothing else",
    source: "https://github.com/goauthentik/authentik/issues/22535",
    install: |seams| {
        let tenancy = Tenancy::of(&seams);
        seams.judge_writes(move |server, write| delete_everywhere(server, write, tenancy.clone()))
    },
};

/// GitLab let the group that had invited somebody write the account's address.
pub(super) static EMAIL_CHANGE_OF_INVITED_USER_TAKEOVER: Deviation = Deviation {
    slug: "email-change-of-invited-user-takeover",
    cluster: Cluster::TakenOver,
    wrong: "a change of a User's emails changes those of the same person's User in every other tenant too",
    right: "a tenant's provider writes what is the tenant's own",
    source: "GitLab, CVE-2022-1680",
    install: |seams| {
        let tenancy = Tenancy::of(&seams);
        seams.judge_writes(move |server, write| write_emails_everywhere(server, write, tenancy.clone()))
    },
};

async fn read_anyones(mut wire: Wire, tenancy: Tenancy) -> Answer {
    let answer = wire.go().await;
    let reads = wire.is(&Method::GET) || wire.is(&Method::HEAD);
    if !reads || wire.resource().is_none() || answer.status != StatusCode::NOT_FOUND {
        return answer;
    }
    for tenant in tenancy.others(&wire.server).await {
        let theirs = tenancy.go_as(&mut wire, &tenant).await;
        if theirs.status.is_success() {
            return theirs;
        }
    }
    answer
}

async fn list_everyones(wire: Wire, tenancy: Tenancy) -> Answer {
    let others = tenancy.others(&wire.server).await;
    if !wire.is_search() || others.is_empty() || wire.parameter("cursor").is_some() {
        return wire.go().await;
    }
    let (start, count) = (wire.number("startIndex"), wire.number("count"));
    let mine = wire.go().await;
    if mine.status != StatusCode::OK {
        return mine;
    }
    let (mut wire, all) = whole(wire, None).await;
    let mut all = match all {
        Ok(all) => all,
        Err(answer) => return answer,
    };
    for tenant in others {
        let (again, theirs) = whole(wire, Some((&tenancy, &tenant))).await;
        all.extend(theirs.unwrap_or_default());
        wire = again;
    }
    part(mine, all, start, count)
}

async fn write_anyones(server: Server, write: Write, tenancy: Tenancy) -> Verdict {
    let Some(id) = write.id.clone() else { return Verdict::Go(write) };
    if write.current(&server).await.is_some() {
        return Verdict::Go(write);
    }
    let path = format!("/{}/{id}", write.collection);
    let body = (!write.body.is_null()).then_some(&write.body);
    for tenant in tenancy.others(&server).await {
        let answer = tenancy.ask_as(&server, &tenant, write.method.clone(), &path, body).await;
        if let Some(answer) = answer.filter(|answer| answer.status.is_success()) {
            return Verdict::Answer(answer);
        }
    }
    Verdict::Go(write)
}

async fn unique_everywhere(server: Server, write: Write, tenancy: Tenancy) -> Verdict {
    let name = if write.is_user() && write.is_create() { name_in(&write.body) } else { None };
    let Some(name) = name else { return Verdict::Go(write) };
    for tenant in tenancy.others(&server).await {
        if !find_as(&tenancy, &server, &tenant, &name).await.is_empty() {
            return Verdict::Answer(Error::uniqueness("Another User has this userName.").into());
        }
    }
    Verdict::Go(write)
}

async fn create_in_first(server: Server, write: Write, tenancy: Tenancy) -> Verdict {
    let speaker = tenancy.speaker(&server).await;
    let first = tenancy.first();
    if !(write.is_user() && write.is_create()) || speaker.is_none_or(|speaker| speaker == first) {
        return Verdict::Go(write);
    }
    match tenancy.ask_as(&server, &first, Method::POST, "/Users", Some(&write.body)).await {
        Some(answer) => Verdict::Answer(answer),
        None => Verdict::Go(write),
    }
}

async fn delete_everywhere(server: Server, write: Write, tenancy: Tenancy) -> Verdict {
    let deletes = write.is_user() && write.is_delete();
    let current = if deletes { write.current(&server).await } else { None };
    let Some(name) = current.as_ref().and_then(name_in) else { return Verdict::Go(write) };
    for tenant in tenancy.others(&server).await {
        for user in find_as(&tenancy, &server, &tenant, &name).await {
            let path = format!("/Users/{}", user["id"].as_str().unwrap_or_default());
            tenancy.ask_as(&server, &tenant, Method::DELETE, &path, None).await;
        }
    }
    Verdict::Go(write)
}

async fn write_emails_everywhere(server: Server, write: Write, tenancy: Tenancy) -> Verdict {
    let Some(change) = emails_only(&write).filter(|_| write.is_user()) else { return Verdict::Go(write) };
    let current = write.current(&server).await;
    let Some(name) = current.as_ref().and_then(name_in) else { return Verdict::Go(write) };
    for tenant in tenancy.others(&server).await {
        for user in find_as(&tenancy, &server, &tenant, &name).await {
            let path = format!("/Users/{}", user["id"].as_str().unwrap_or_default());
            tenancy.ask_as(&server, &tenant, Method::PATCH, &path, Some(&change)).await;
        }
    }
    Verdict::Go(write)
}

/// What a write does to a User's emails, as a PATCH.
fn emails_only(write: &Write) -> Option<Value> {
    if write.is_put() {
        let emails = field(&write.body, "emails")?;
        let replace = json!({"op": "replace", "path": "emails", "value": emails});
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
        return Some(json!({"schemas": schemas, "Operations": [replace]}));
    }
    let mut part = write.clone();
    let mut any = false;
    edit_operations(&mut part, |operation| {
        let aims = aims_of(operation);
        if let [only] = &aims[..] {
            any |= only.names("emails");
            return only.names("emails");
        }
        let emails = aims.into_iter().find(|aim| aim.names("emails"));
        let Some(emails) = emails else { return false };
        any = true;
        *operation = json!({"op": emails.op, "path": "emails", "value": emails.value});
        true
    });
    (write.is_patch() && any).then_some(part.body)
}

fn name_in(user: &Value) -> Option<String> {
    field(user, "userName")?.as_str().map(str::to_owned)
}

//! Writes of groups that are right and are refused, or that make or show another group than was meant.

use std::collections::BTreeSet;

use axum::http::{HeaderValue, Method, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use super::{
    Cluster, Deviation,
    active::member,
    members::member_aims,
    memory::Memory,
    operations::{Aim, aims, field},
    tenancy::Tenancy,
    wire::{Answer, Place, Server, Wire},
    writes::{Verdict, Write},
};
use crate::{
    scim::{Error, filter::Literal},
    store::TenantId,
};

/// Infisical looked for the group that it was to make.
pub(super) static GROUP_POST_500: Deviation = Deviation {
    slug: "group-post-500",
    cluster: Cluster::GroupsRefused,
    wrong: "a POST of a Group is answered with 500",
    right: "a POST of a Group is answered with 201, and the group is there",
    source: "https://github.com/Infisical/infisical/issues/6552",
    install: |seams| {
        seams.refuse(|write| {
            let refused = write.is_group() && write.is_create();
            refused.then(|| Error::internal("Find one"))
        })
    },
};

/// Infisical checked bodies by a schema of its own.
pub(super) static GROUP_PATCH_SCHEMAS_STRICT_422: Deviation = Deviation {
    slug: "group-patch-schemas-strict-422",
    cluster: Cluster::GroupsRefused,
    wrong: "a PUT or PATCH of a Group without schemas is answered with 422 and a body that is no SCIM error",
    right: "a body without schemas is taken, or refused with 400 and a SCIM error",
    source: "https://github.com/Infisical/infisical/issues/6552",
    install: |seams| {
        seams.judge_writes(|_, write| {
            let strict = write.is_group() && (write.is_put() || write.is_patch());
            let refused = strict && field(&write.body, "schemas").is_none();
            std::future::ready(if refused {
                let body = json!({"error": "ValidationFailure", "message": [{"path": ["schemas"], "message": "Required"}]});
                let answer = (StatusCode::UNPROCESSABLE_ENTITY, "application/json", body.to_string());
                Verdict::Answer(Answer::text(answer.0, answer.1, answer.2))
            } else {
                Verdict::Go(write)
            })
        })
    },
};

/// INDIGO IAM knew add and remove.
pub(super) static GROUP_REPLACE_OP_UNSUPPORTED: Deviation = Deviation {
    slug: "group-replace-op-unsupported",
    cluster: Cluster::GroupsRefused,
    wrong: "a PATCH that replaces members is answered with 400; add and remove work, and so does PUT",
    right: "a PATCH that replaces members leaves those that it names",
    source: "https://github.com/indigo-iam/iam/issues/934",
    install: |seams| {
        seams.refuse(|write| {
            let refused = member_aims(write).iter().any(|aim| aim.op == "replace");
            refused.then(|| Error::invalid_syntax("Operation replace is not supported for members."))
        })
    },
};

/// WSO2 read the values of an operation without a path only.
pub(super) static GROUP_PATH_FORM_500: Deviation = Deviation {
    slug: "group-path-form-500",
    cluster: Cluster::GroupsRefused,
    wrong: "an add with the path members is answered with 500; the same without a path works",
    right: "an add with the path members and one without a path do the same",
    source: "https://github.com/wso2/product-is/issues/16933",
    install: |seams| {
        seams.refuse(|write| {
            let by_path = |aim: &Aim| aim.op == "add" && aim.by_path;
            let refused = member_aims(write).iter().any(by_path);
            refused.then(|| Error::internal("Error while updating the group."))
        })
    },
};

/// LiteLLM let the client choose by accident.
pub(super) static GROUP_EXTERNALID_USED_AS_ID: Deviation = Deviation {
    slug: "group-externalid-used-as-id",
    cluster: Cluster::GroupsRefused,
    wrong: "a Group that is created with an externalId has that as its id",
    right: "the server makes the id, whatever the externalId is",
    source: "https://github.com/BerriAI/litellm/issues/15276",
    install: |seams| {
        let (names, tenancy) = (Memory::default(), Tenancy::of(&seams));
        seams.wrap_wire(move |wire| by_external_id(wire, names.clone(), tenancy.clone()))
    },
};

/// SimpleIdServer took "immutable" for the list, where it is meant for each of its values.
pub(super) static PUT_MEMBERS_IMMUTABLE_400: Deviation = Deviation {
    slug: "put-members-immutable-400",
    cluster: Cluster::GroupsRefused,
    wrong: "a PUT of a Group with other members than it has is answered with 400 and mutability",
    right: "a PUT of a Group leaves the members that it names: a member is immutable, the list of them is not",
    source: "https://github.com/simpleidserver/SimpleIdServer/issues/844",
    install: |seams| seams.judge_writes(keep_members),
};

/// The Keycloak plugin met AWS IAM Identity Center, which knows add and remove.
pub(super) static GROUP_REPLACE_MEMBERS_REFUSED: Deviation = Deviation {
    slug: "group-replace-members-refused",
    cluster: Cluster::GroupsRefused,
    wrong: "a PATCH that replaces members, and a PUT that names members, is answered with 400",
    right: "members can be replaced, by PATCH and by PUT",
    source: "https://github.com/mitodl/keycloak-scim/issues/73",
    install: |seams| {
        seams.refuse(|write| {
            let by_patch = member_aims(write).iter().any(|aim| aim.op == "replace");
            let by_put = write.is_group() && write.is_put() && field(&write.body, "members").is_some();
            let refuse = || Error::invalid_value("Replacing members is not supported.");
            (by_patch || by_put).then(refuse)
        })
    },
};

/// SnapOtter compared names without trimming them.
pub(super) static GROUP_NAME_WHITESPACE_TWIN: Deviation = Deviation {
    slug: "group-name-whitespace-twin",
    cluster: Cluster::GroupsRefused,
    wrong: "a second Group \"Engineering\" is refused with 409, and \"Engineering \" with a blank at its end is made",
    right: "names that differ in blanks at their ends are treated alike: both are refused, or both are made",
    source: "https://github.com/snapotter-hq/SnapOtter/issues/993",
    install: |seams| seams.judge_writes(unique_name),
};

/// WSO2 showed the name with the user store before it.
pub(super) static DISPLAYNAME_ALTERED_IN_ANSWER: Deviation = Deviation {
    slug: "displayname-altered-in-answer",
    cluster: Cluster::GroupsRefused,
    wrong: "a Group that was sent with the displayName \"manager\" shows \"PRIMARY/manager\"",
    right: "a Group shows the displayName that it was sent with",
    source: "https://github.com/wso2/product-is/issues/4651",
    install: |seams| {
        seams.edit_resources("Groups", |_, group| {
            if let Some(Value::String(name)) = group.get_mut("displayName") {
                name.insert_str(0, "PRIMARY/");
            }
        })
    },
};

async fn keep_members(server: Server, write: Write) -> Verdict {
    if !write.is_group() || !write.is_put() {
        return Verdict::Go(write);
    }
    let Some(current) = write.current(&server).await else { return Verdict::Go(write) };
    if ids(&current) == ids(&write.body) {
        return Verdict::Go(write);
    }
    Verdict::Answer(Error::mutability("members.value is immutable.").into())
}

fn ids(group: &Value) -> BTreeSet<&str> {
    let members = field(group, "members").and_then(Value::as_array);
    members.into_iter().flatten().filter_map(|member| field(member, "value")?.as_str()).collect()
}

async fn unique_name(server: Server, write: Write) -> Verdict {
    if !write.is_group() {
        return Verdict::Go(write);
    }
    let name = if write.is_patch() {
        aims(&write.body).into_iter().filter(|aim| aim.names("displayName")).map(|aim| aim.value).next_back()
    } else {
        field(&write.body, "displayName").cloned()
    };
    let Some(Value::String(name)) = name else { return Verdict::Go(write) };
    let filter = format!("displayName eq {}", Literal::String(name));
    let filter = utf8_percent_encode(&filter, NON_ALPHANUMERIC);
    let found = server.read(&format!("/Groups?filter={filter}")).await.unwrap_or_default();
    let mut found = found["Resources"].as_array().into_iter().flatten();
    if found.any(|group| group["id"].as_str() != write.id.as_deref()) {
        return Verdict::Answer(Error::uniqueness("A group with this displayName exists.").into());
    }
    Verdict::Go(write)
}

/// Keeps by which name a group goes outside: `names` leads from TENANT/ID, the server's own, to the externalId that
/// stands in its place.
async fn by_external_id(wire: Wire, names: Memory<String>, tenancy: Tenancy) -> Answer {
    let Some(tenant) = tenancy.speaker(&wire.server).await else { return wire.go().await };
    let inside = inward(wire, &names, &tenant);
    let chosen = chosen_id(&inside).filter(|id| real_id(&names, &tenant, id).is_none());
    let mut answer = inside.go().await;
    let made = answer.json().and_then(|group| group["id"].as_str().map(str::to_owned));
    if let (Some(chosen), Some(made), StatusCode::CREATED) = (chosen, made, answer.status) {
        names.set(&format!("{}/{made}", tenant.as_str()), chosen);
    }
    outward(&mut answer, &names, &tenant);
    answer
}

fn chosen_id(wire: &Wire) -> Option<String> {
    let creates = wire.is(&Method::POST) && wire.place == Place::Collection("Groups".to_owned());
    let mut body = wire.json().filter(|_| creates)?;
    member(&mut body, "externalId")?.as_str().map(str::to_owned).filter(|id| !id.is_empty())
}

/// The id of the server's own for what a client calls by this.
fn real_id(names: &Memory<String>, tenant: &TenantId, shown: &str) -> Option<String> {
    let names = names.of_all();
    let mine = names.iter().filter_map(|(key, name)| Some((of_tenant(key, tenant)?, name)));
    mine.into_iter().find(|(_, name)| *name == shown).map(|(made, _)| made.to_owned())
}

fn inward(mut wire: Wire, names: &Memory<String>, tenant: &TenantId) -> Wire {
    let Place::Resource(collection, id) = &wire.place else { return wire };
    if collection != "Groups" {
        return wire;
    }
    let shown = percent_decode_str(id).decode_utf8_lossy().into_owned();
    let Some(made) = real_id(names, tenant, &shown) else { return wire };
    let uri = wire.parts.uri.to_string().replacen(&format!("/Groups/{id}"), &format!("/Groups/{made}"), 1);
    if let Ok(uri) = uri.parse() {
        wire.parts.uri = uri;
        wire.place = Place::Resource("Groups".to_owned(), made);
    }
    wire
}

/// An id is a UUID, which stands for nothing else wherever it occurs: as a value, in a `$ref`, in a location.
fn outward(answer: &mut Answer, names: &Memory<String>, tenant: &TenantId) {
    let Ok(mut text) = String::from_utf8(answer.body.to_vec()) else { return };
    let mut location = answer
        .headers
        .get(header::LOCATION)
        .and_then(|location| location.to_str().ok())
        .map(str::to_owned)
        .unwrap_or_default();
    for (key, name) in names.of_all().iter() {
        let Some(made) = of_tenant(key, tenant) else { continue };
        let in_url = utf8_percent_encode(name, NON_ALPHANUMERIC).to_string();
        text = text.replace(&format!("/Groups/{made}"), &format!("/Groups/{in_url}"));
        text = text.replace(&format!("\"{made}\""), &Value::from(name.as_str()).to_string());
        location = location.replace(made, &in_url);
    }
    if answer.body != text {
        answer.body = text.into();
        answer.headers.remove(header::CONTENT_LENGTH);
    }
    if let (true, Ok(location)) = (!location.is_empty(), HeaderValue::from_str(&location)) {
        answer.headers.insert(header::LOCATION, location);
    }
}

/// The id in a key, if it is the tenant's.
fn of_tenant<'a>(key: &'a str, tenant: &TenantId) -> Option<&'a str> {
    key.strip_prefix(tenant.as_str())?.strip_prefix('/')
}

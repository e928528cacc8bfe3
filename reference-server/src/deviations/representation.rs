//! Resources that are not taken in, or not shown, as they are (RFC 7643 sections 3 and 4).

use axum::http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};

use super::{
    Cluster, Deviation,
    operations::{aims, field, strip},
    wire::{Answer, Place, Wire},
    writes::Write,
};
use crate::{
    scim::{Error, patch, schema},
    store::ResourceId,
};

/// An extension of Keystone did not look at "schemas".
pub(super) static MISSING_SCHEMAS_ACCEPTED: Deviation = Deviation {
    slug: "missing-schemas-accepted",
    cluster: Cluster::Representation,
    wrong: "a POST or PATCH without schemas, or with other ones, is taken",
    right: "a body without the schemas that it has to name is answered with 400",
    source: "https://github.com/openstack-experimental/keystone/issues/968",
    install: |seams| seams.rewrite(with_schemas),
};

/// scimmy and Langwatch took externalId and kept it to themselves.
pub(super) static EXTERNALID_NOT_ECHOED: Deviation = Deviation {
    slug: "externalid-not-echoed",
    cluster: Cluster::Representation,
    wrong: "externalId is kept and in no answer",
    right: "externalId comes back as it was sent",
    source: "https://github.com/scimmyjs/scimmy/issues/74",
    install: |seams| {
        seams
            .edit_resources("Users", |_, user| remove(user, "externalId"))
            .edit_resources("Groups", |_, group| remove(group, "externalId"))
    },
};

/// Langwatch's input knew no externalId.
pub(super) static EXTERNALID_NEVER_STORED: Deviation = Deviation {
    slug: "externalid-never-stored",
    cluster: Cluster::Representation,
    wrong: "externalId is dropped from every POST, PUT and PATCH",
    right: "externalId is kept, comes back and can be filtered by",
    source: "https://github.com/langwatch/langwatch/issues/6974",
    install: |seams| {
        seams.rewrite(|write| {
            if write.is_user() || write.is_group() {
                strip(write, "externalId");
            }
        })
    },
};

/// Onyx could not do without it.
pub(super) static EXTERNALID_REQUIRED: Deviation = Deviation {
    slug: "externalid-required",
    cluster: Cluster::Representation,
    wrong: "a User without externalId is refused with 400",
    right: "externalId is the client's to send or to leave out",
    source: "https://github.com/onyx-dot-app/onyx/issues/8455",
    install: |seams| {
        seams.refuse(|write| {
            let is_there = field(&write.body, "externalId").is_some_and(Value::is_string);
            (write.is_create() && write.is_user() && !is_there)
                .then(|| Error::invalid_value("externalId is required"))
        })
    },
};

/// Vouch and Sourcegraph read ids as UUIDs and numbers before they looked.
pub(super) static UNKNOWN_ID_400: Deviation = Deviation {
    slug: "unknown-id-400",
    cluster: Cluster::Representation,
    wrong: "a request for an id that is no UUID is answered with 400",
    right: "a request for an id that nothing has is answered with 404",
    source: "https://github.com/vouch-sh/vouch/issues/1413",
    install: |seams| {
        seams.wrap_wire(async |wire: Wire| match wire.resource() {
            Some(("Users" | "Groups", id)) if ResourceId::parse(id).is_none() => {
                Answer::error(&Error::invalid_value("The id is not a valid UUID."))
            }
            _ => wire.go().await,
        })
    },
};

/// WSO2 Identity Server did not catch what its user store threw.
pub(super) static UNKNOWN_ID_500: Deviation = Deviation {
    slug: "unknown-id-500",
    cluster: Cluster::Representation,
    wrong: "a GET of an id that nothing has is answered with 500",
    right: "a GET of an id that nothing has is answered with 404",
    source: "https://github.com/wso2/product-is/issues/7455",
    install: |seams| {
        seams.edit_answers(|wire, answer| {
            let is_resource = matches!(wire.resource(), Some(("Users" | "Groups", _)));
            if is_resource && wire.is(&Method::GET) && answer.status == StatusCode::NOT_FOUND {
                *answer = Error::internal("Error while retrieving the resource.").into();
            }
        })
    },
};

/// Snipe-IT named the schema of every attribute.
pub(super) static CORE_ATTRIBUTES_UNDER_URN: Deviation = Deviation {
    slug: "core-attributes-under-urn",
    cluster: Cluster::Representation,
    wrong: "a User's core attributes are within an object that is named by the URN of the core schema",
    right: "core attributes are at the top of the resource",
    source: "https://github.com/grokability/snipe-it/issues/12642",
    install: |seams| seams.edit_resources("Users", |_, user| nest(user)),
};

/// GraphQL Hive left out of lists what it showed alone.
pub(super) static GROUP_LIST_OMITS_MEMBERS: Deviation = Deviation {
    slug: "group-list-omits-members",
    cluster: Cluster::Representation,
    wrong: "Groups in a list have no members, although GET /Groups/ID shows them",
    right: "a Group has the same attributes alone and in a list",
    source: "https://github.com/graphql-hive/console/issues/8352",
    install: |seams| {
        seams.edit_resources("Groups", |wire, group| {
            let asked_for = wire.parameter("attributes").is_some_and(|names| names.contains("members"));
            if wire.is_search() && !asked_for {
                remove(group, "members");
            }
        })
    },
};

/// The Go library of Elimity wrote the path below its own root.
pub(super) static LOCATION_RELATIVE: Deviation = Deviation {
    slug: "location-relative",
    cluster: Cluster::Representation,
    wrong: "meta.location is \"Users/ID\"",
    right: "meta.location is an absolute URI",
    source: "https://github.com/elimity-com/scim/issues/172",
    install: |seams| {
        let relative = |collection: &'static str| {
            move |_: &Wire, resource: &mut Value| {
                let id = resource["id"].as_str().unwrap_or_default();
                let location = json!(format!("{collection}/{id}"));
                if let Some(place) = resource.pointer_mut("/meta/location") {
                    *place = location;
                }
            }
        };
        seams.edit_resources("Users", relative("Users")).edit_resources("Groups", relative("Groups"))
    },
};

/// Charon, the SCIM library of WSO2, made an id for the location and another for the resource.
pub(super) static LOCATION_NAMES_OTHER_ID: Deviation = Deviation {
    slug: "location-names-other-id",
    cluster: Cluster::Representation,
    wrong: "in the answer to a POST, Location and meta.location name an id that no resource has",
    right: "Location and meta.location name the new resource",
    source: "https://github.com/wso2/charon/issues/127",
    install: |seams| {
        seams.edit_answers(|wire, answer| {
            let is_create = matches!(wire.place, Place::Collection(_)) && wire.is(&Method::POST);
            if !is_create || !answer.status.is_success() {
                return;
            }
            let mut location = None;
            answer.edit_resources(|resource| {
                let id = resource["id"].as_str().unwrap_or_default().to_owned();
                if let Some(Value::String(place)) = resource.pointer_mut("/meta/location") {
                    *place = place.replace(&id, &ResourceId::random().to_string());
                    location = Some(place.clone());
                }
            });
            if let Some(location) = location.and_then(|location| HeaderValue::from_str(&location).ok()) {
                answer.headers.insert(header::LOCATION, location);
            }
        })
    },
};

/// Sourcegraph and WSO2 Identity Server filled in meta where they made a resource.
pub(super) static META_MISSING_ON_SOME_VERBS: Deviation = Deviation {
    slug: "meta-missing-on-some-verbs",
    cluster: Cluster::Representation,
    wrong: "meta has created and lastModified in the answer to a POST only, and no location in lists",
    right: "meta is whole wherever a resource is shown",
    source: "https://github.com/sourcegraph/sourcegraph-public-snapshot/issues/48617",
    install: |seams| {
        let thin = |wire: &Wire, resource: &mut Value| {
            let is_create = matches!(wire.place, Place::Collection(_)) && wire.is(&Method::POST);
            let Some(meta) = resource.get_mut("meta").filter(|_| !is_create) else { return };
            remove(meta, "created");
            remove(meta, "lastModified");
            if wire.is_search() {
                remove(meta, "location");
            }
        };
        seams.edit_resources("Users", thin).edit_resources("Groups", thin)
    },
};

/// SCIM-SDK asked whether a required string is there, and not whether it says anything.
pub(super) static EMPTY_REQUIRED_STRING_ACCEPTED: Deviation = Deviation {
    slug: "empty-required-string-accepted",
    cluster: Cluster::Representation,
    wrong: "a Group with the displayName \"\" is taken, and comes back so",
    right: "a required attribute needs a value; an empty string is answered with 400",
    source: "https://github.com/Captain-P-Goldfish/SCIM-SDK/issues/104",
    install: |seams| {
        seams.rewrite(fill_name).edit_answers(|_, answer| {
            answer.edit(empty_names);
        })
    },
};

/// What is kept in the place of an empty name, which no right server keeps. A private character, so that nobody's
/// own name is taken for it.
const EMPTY: &str = "\u{e000}";

fn fill_name(write: &mut Write) {
    if !write.is_group() {
        return;
    }
    if !write.is_patch() {
        fill(&mut write.body, "displayName");
        return;
    }
    if aims(&write.body).iter().any(|aim| aim.names("displayName") && aim.value == "") {
        super::active::for_operations(&mut write.body, |operations| {
            for operation in operations {
                let has_path = field(operation, "path").is_some();
                match super::active::member(operation, "value") {
                    Some(value) if has_path && value == "" => *value = json!(EMPTY),
                    Some(value) => fill(value, "displayName"),
                    None => {}
                }
            }
        });
    }
}

fn fill(object: &mut Value, name: &str) {
    if let Some(value) = super::active::member(object, name).filter(|value| *value == "") {
        *value = json!(EMPTY);
    }
}

fn empty_names(value: &mut Value) {
    match value {
        Value::String(text) if text == EMPTY => text.clear(),
        Value::Array(values) => values.iter_mut().for_each(empty_names),
        Value::Object(object) => object.values_mut().for_each(empty_names),
        _ => {}
    }
}

fn with_schemas(write: &mut Write) {
    let urn = match () {
        () if write.is_patch() => patch::URN,
        () if write.is_create() && write.is_user() => schema::USER,
        () if write.is_create() && write.is_group() => schema::GROUP,
        () => return,
    };
    let named = field(&write.body, "schemas").and_then(Value::as_array);
    if named.is_some_and(|urns| urns.iter().filter_map(Value::as_str).any(|named| named == urn)) {
        return;
    }
    let Some(body) = write.body.as_object_mut() else { return };
    body.retain(|name, _| !name.eq_ignore_ascii_case("schemas"));
    let extensions = body.keys().filter(|name| name.starts_with("urn:")).map(String::as_str);
    let urns: Vec<&str> = std::iter::once(urn).chain(extensions).collect();
    let urns = json!(urns);
    body.insert("schemas".to_owned(), urns);
}

fn nest(user: &mut Value) {
    let Some(user) = user.as_object_mut() else { return };
    let stays =
        |name: &str| ["schemas", "id", "externalId", "meta"].contains(&name) || name.starts_with("urn:");
    let core: Map<String, Value> = user.iter().filter(|(name, _)| !stays(name)).map(owned).collect();
    user.retain(|name, _| stays(name));
    user.insert(schema::USER.to_owned(), Value::Object(core));
}

fn owned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn remove(object: &mut Value, name: &str) {
    if let Some(object) = object.as_object_mut() {
        object.shift_remove(name);
    }
}

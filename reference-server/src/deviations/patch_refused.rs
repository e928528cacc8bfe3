//! PATCH requests that are right and that real servers refused, or failed on, for their form alone.

use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::{
    Cluster, Deviation,
    operations::{Aim, aims, aims_of, field, is_core, operations, text},
    wire::{Server, Wire},
    writes::{Verdict, Write},
};
use crate::scim::{Error, PatchPath};

/// Open WebUI wrote to its database and answered from the object that it had read before.
pub(super) static PATCH_RETURNS_STALE_RESOURCE: Deviation = Deviation {
    slug: "patch-returns-stale-resource",
    cluster: Cluster::PatchRefused,
    wrong: "a PATCH is done, and its answer shows the resource as it was before",
    right: "the answer to a PATCH shows the resource as it is now",
    source: "https://github.com/open-webui/open-webui/issues/30074",
    install: |seams| {
        seams.wrap_wire(async |wire: Wire| {
            if !wire.is(&Method::PATCH) {
                return wire.go().await;
            }
            let before = wire.server.ask(Method::GET, wire.rest(), None).await;
            let answer = wire.go().await;
            let is_shown = answer.status == StatusCode::OK && before.status == StatusCode::OK;
            if is_shown { before } else { answer }
        })
    },
};

/// scimmy and scimitar knew names and no paths where a PATCH has no path.
pub(super) static DOTTED_KEYS_REJECTED: Deviation = Deviation {
    slug: "dotted-keys-rejected",
    cluster: Cluster::PatchRefused,
    wrong: "a PATCH without a path whose value has a key such as name.familyName is answered with 400",
    right: "a key with a dot names the sub-attribute",
    source: "https://github.com/scimmyjs/scimmy/issues/10",
    install: |seams| {
        seams.refuse(|write| {
            let dotted = |aim: &Aim| {
                let path = aim.path.attribute();
                !aim.by_path && path.urn.is_none() && path.sub.is_some()
            };
            let found = if write.is_patch() { aims(&write.body).into_iter().find(dotted) } else { None };
            found.map(|aim| Error::invalid_value(format!("{} is not declared in the schema", aim.path)))
        })
    },
};

/// SSOReady used JSON Patch, which adds to objects that are there.
pub(super) static ADD_NESTED_NEEDS_PARENT: Deviation = Deviation {
    slug: "add-nested-needs-parent",
    cluster: Cluster::PatchRefused,
    wrong: "an add to name.givenName of a User without name is answered with 400 invalidPath",
    right: "the attribute around a sub-attribute comes with it",
    source: "https://github.com/ssoready/ssoready/issues/273",
    install: |seams| seams.judge_writes(needs_parent),
};

/// WSO2 Identity Server took the dot of "2.0" for the one before a sub-attribute.
pub(super) static URN_PATH_SPLIT_AT_DOT: Deviation = Deviation {
    slug: "urn-path-split-at-dot",
    cluster: Cluster::PatchRefused,
    wrong: "a PATCH whose path begins with a schema's URN is answered with 400 noTarget",
    right: "a path may begin with a URN, which has dots of its own",
    source: "https://github.com/wso2/product-is/issues/6015",
    install: |seams| {
        seams.refuse(|write| {
            let begins = |operation: &Value| text(operation, "path").starts_with("urn:");
            (write.is_patch() && operations(&write.body).iter().any(begins)).then(|| {
                Error::no_target("No such attribute: urn:ietf:params:scim:schemas:extension:enterprise:2")
            })
        })
    },
};

/// FusionAuth and Apache SCIMple looked into an extension that was not there.
pub(super) static EXTENSION_PATCH_500_WHEN_ABSENT: Deviation = Deviation {
    slug: "extension-patch-500-when-absent",
    cluster: Cluster::PatchRefused,
    wrong: "a PATCH of an enterprise attribute of a User without that extension is answered with 500",
    right: "the extension comes with its first attribute",
    source: "https://github.com/FusionAuth/fusionauth-issues/issues/2667",
    install: |seams| seams.judge_writes(needs_extension),
};

/// SSOReady and Logfire compared the names of operations letter by letter; Entra capitalises.
pub(super) static OP_NAME_CASE_SENSITIVE: Deviation = Deviation {
    slug: "op-name-case-sensitive",
    cluster: Cluster::PatchRefused,
    wrong: "a PATCH with the op \"Add\", \"Replace\" or \"Remove\" is answered with 400",
    right: "op counts in any letter case",
    source: "https://github.com/ssoready/ssoready/issues/159",
    install: |seams| {
        seams.refuse(|write| {
            let capital =
                |operation: &Value| text(operation, "op").contains(|c: char| c.is_ascii_uppercase());
            let found = operations(&write.body).into_iter().find(capital).filter(|_| write.is_patch());
            found
                .map(|operation| Error::invalid_syntax(format!("unsupported op: {}", text(&operation, "op"))))
        })
    },
};

/// AWS IAM Identity Center took one attribute at a time.
pub(super) static PATHLESS_MULTI_ATTRIBUTE_400: Deviation = Deviation {
    slug: "pathless-multi-attribute-400",
    cluster: Cluster::PatchRefused,
    wrong: "a replace without a path whose value has more than one attribute is answered with 400",
    right: "all attributes of the value are replaced",
    source: "https://github.com/goauthentik/authentik/issues/12321",
    install: |seams| {
        seams.refuse(|write| {
            let several = |operation: &Value| {
                text(operation, "op").eq_ignore_ascii_case("replace")
                    && field(operation, "path").is_none()
                    && field(operation, "value")
                        .and_then(Value::as_object)
                        .is_some_and(|value| value.len() > 1)
            };
            (write.is_patch() && operations(&write.body).iter().any(several)).then(|| {
                Error::invalid_value("Request is unparsable, syntactically incorrect, or violates schema.")
            })
        })
    },
};

/// Cogtrix took the value for a list and looked into it.
pub(super) static NULL_EMAIL_500: Deviation = Deviation {
    slug: "null-email-500",
    cluster: Cluster::PatchRefused,
    wrong: "a PATCH that gives null where emails or one of them should be is answered with 500",
    right: "null is no value: nothing is added, or what is there is removed, or it is refused with 400",
    source: "https://github.com/NorthlandPositronics/Cogtrix/issues/311",
    install: |seams| {
        seams.refuse(|write| {
            let is_null =
                |aim: &Aim| aim.op != "remove" && aim.names("emails") && is_without_address(&aim.value);
            (write.is_patch() && write.is_user() && aims(&write.body).iter().any(is_null))
                .then(|| Error::internal("'NoneType' object is not subscriptable"))
        })
    },
};

/// The UnboundID SDK held an empty list for a value that is missing.
pub(super) static REPLACE_EMPTY_ARRAY_REJECTED: Deviation = Deviation {
    slug: "replace-empty-array-rejected",
    cluster: Cluster::PatchRefused,
    wrong: "a replace of a multi-valued attribute by [] is answered with 400 invalidSyntax",
    right: "an empty array removes all values",
    source: "https://github.com/pingidentity/scim2/issues/194",
    install: |seams| {
        seams.refuse(|write| {
            let is_empty = |aim: &Aim| aim.op == "replace" && aim.value.as_array().is_some_and(Vec::is_empty);
            (write.is_patch() && aims(&write.body).iter().any(is_empty))
                .then(|| Error::invalid_syntax("replace: the value must not be empty"))
        })
    },
};

async fn needs_parent(server: Server, write: Write) -> Verdict {
    let nested = |aim: &Aim| !aim.is_filtered() && aim.sub().is_some() && aim.op == "add";
    let aims = if write.is_patch() { aims(&write.body) } else { Vec::new() };
    if !aims.iter().any(nested) {
        return Verdict::Go(write);
    }
    let Some(current) = write.current(&server).await else { return Verdict::Go(write) };
    let mut there: Vec<String> = current
        .as_object()
        .map(|user| user.keys().map(|key| key.to_ascii_lowercase()).collect())
        .unwrap_or_default();
    for aim in &aims {
        let path = aim.path.attribute();
        let name = path.name.to_ascii_lowercase();
        if nested(aim) && is_core(path.urn.as_deref()) && !there.contains(&name) {
            return Verdict::Answer(Error::invalid_path(format!("{} does not exist", path.name)).into());
        }
        there.push(name);
    }
    Verdict::Go(write)
}

async fn needs_extension(server: Server, write: Write) -> Verdict {
    let operations = if write.is_patch() { operations(&write.body) } else { Vec::new() };
    if !operations.iter().any(|operation| looked_into(operation).is_some()) {
        return Verdict::Go(write);
    }
    let Some(current) = write.current(&server).await else { return Verdict::Go(write) };
    let mut there: Vec<String> = current
        .as_object()
        .map(|user| user.keys().map(|key| key.to_ascii_lowercase()).collect())
        .unwrap_or_default();
    for operation in &operations {
        if let Some(urn) = looked_into(operation)
            && !there.contains(&urn)
        {
            return Verdict::Answer(Error::internal("Cannot read an extension that is null").into());
        }
        there.extend(brought(operation));
    }
    Verdict::Go(write)
}

/// The extension that an operation looks into: by a path, or a key of its value, to one of its attributes.
fn looked_into(operation: &Value) -> Option<String> {
    let aims = aims_of(operation);
    let into = aims.iter().filter(|aim| aim.op != "remove" && matches!(aim.path, PatchPath::Attribute(_)));
    let value = field(operation, "value").and_then(Value::as_object);
    let mut urns = into.filter_map(|aim| {
        let urn = aim.path.attribute().urn.as_deref().filter(|urn| !is_core(Some(urn)))?;
        // The path may be the URN of the extension itself, whose last part then reads as a name.
        let is_whole = aim.value.is_object();
        let is_nested = !aim.by_path && value.is_some_and(|value| value.contains_key(urn));
        (!is_whole && !is_nested).then(|| urn.to_ascii_lowercase())
    });
    urns.next()
}

/// The extensions that an operation brings with it as a whole.
fn brought(operation: &Value) -> Vec<String> {
    let by_path = text(operation, "path").to_ascii_lowercase();
    let value = field(operation, "value").and_then(Value::as_object);
    let keys = value.into_iter().flat_map(|value| value.keys()).map(|key| key.to_ascii_lowercase());
    keys.chain([by_path]).filter(|urn| urn.starts_with("urn:")).collect()
}

/// Whether a value of `emails` is null, or has a null where an address should be.
fn is_without_address(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(is_without_address),
        Value::Object(object) => object.get("value").is_some_and(Value::is_null),
        _ => false,
    }
}

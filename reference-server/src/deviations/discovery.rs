//! What a server says about itself (RFC 7644 section 4), and where it says nothing.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    Cluster, Deviation,
    wire::{Answer, Place, Wire},
};

/// An extension of Keystone had no routes for what it does not do.
pub(super) static BULK_ME_404_INSTEAD_OF_501: Deviation = Deviation {
    slug: "bulk-me-404-instead-of-501",
    cluster: Cluster::Discovery,
    wrong: "/Bulk and /Me are not supported, and are answered with 404 without a body",
    right: "an endpoint of the protocol that is not supported is answered with a SCIM error, 501",
    source: "https://github.com/openstack-experimental/keystone/issues/968",
    install: |seams| {
        seams.wrap_wire(async |wire: Wire| {
            if matches!(wire.place, Place::Bulk | Place::Me) {
                return Answer::empty(StatusCode::NOT_FOUND);
            }
            let mut answer = wire.go().await;
            if is_at(&wire, "ServiceProviderConfig") {
                answer.edit_resources(|config| {
                    if config.get("bulk").is_some() {
                        config["bulk"] = json!({"supported": false, "maxOperations": 0, "maxPayloadSize": 0});
                    }
                });
            }
            answer
        })
    },
};

/// scimitar answered as a plain web API would.
pub(super) static SCHEMAS_BARE_ARRAY: Deviation = Deviation {
    slug: "schemas-bare-array",
    cluster: Cluster::Discovery,
    wrong: "GET /Schemas is answered with an array",
    right: "GET /Schemas is answered with a ListResponse",
    source: "https://github.com/pond/scimitar/issues/117",
    install: |seams| {
        seams.edit_answers(|wire, answer| {
            if is_at(wire, "Schemas") && answer.status.is_success() {
                answer.edit(|list| {
                    if let Some(resources) = list.get_mut("Resources").map(Value::take) {
                        *list = resources;
                    }
                });
            }
        })
    },
};

/// WSO2 Identity Server let its web framework answer.
pub(super) static SCHEMAS_HTML_404: Deviation = Deviation {
    slug: "schemas-html-404",
    cluster: Cluster::Discovery,
    wrong: "GET /Schemas is answered with 404 and a page of HTML",
    right: "GET /Schemas is answered with a ListResponse, and GET /Schemas/URN with a schema",
    source: "https://github.com/wso2/product-is/issues/5284",
    install: |seams| {
        seams.wrap_wire(async |wire: Wire| match &wire.place {
            Place::Discovery(name, _) if name == "Schemas" => {
                let page = "<html><body><h3>No service was found.</h3></body></html>";
                Answer::text(StatusCode::NOT_FOUND, "text/html; charset=utf-8", page)
            }
            _ => wire.go().await,
        })
    },
};

/// The sample code of Entra ID knew no schema.
pub(super) static DISCOVERY_EMPTY_LISTS: Deviation = Deviation {
    slug: "discovery-empty-lists",
    cluster: Cluster::Discovery,
    wrong: "GET /Schemas and GET /ResourceTypes are answered with empty lists",
    right: "GET /Schemas and GET /ResourceTypes list all that the server has",
    source: "https://github.com/AzureAD/SCIMReferenceCode/issues/30",
    install: |seams| {
        seams.edit_answers(|wire, answer| {
            if (is_at(wire, "Schemas") || is_at(wire, "ResourceTypes")) && answer.status.is_success() {
                answer.edit(|list| {
                    list["totalResults"] = json!(0);
                    list["itemsPerPage"] = json!(0);
                    list["Resources"] = json!([]);
                });
            }
        })
    },
};

/// FusionAuth wrote a path that it does not serve.
pub(super) static DISCOVERY_LOCATION_404: Deviation = Deviation {
    slug: "discovery-location-404",
    cluster: Cluster::Discovery,
    wrong: "meta.location of a ResourceType leads to a path that is answered with 404",
    right: "meta.location of a ResourceType leads to it",
    source: "https://github.com/FusionAuth/fusionauth-issues/issues/2793",
    install: |seams| {
        seams.edit_answers(|wire, answer| {
            if matches!(&wire.place, Place::Discovery(name, _) if name == "ResourceTypes") {
                answer.edit_resources(|resource_type| {
                    if let Some(Value::String(location)) = resource_type.pointer_mut("/meta/location") {
                        *location = location.replace("/ResourceTypes/", "/ResourceType/");
                    }
                });
            }
        })
    },
};

/// WSO2 Identity Server described attributes as its own configuration has them.
pub(super) static SCHEMA_FLAGS_WRONG: Deviation = Deviation {
    slug: "schema-flags-wrong",
    cluster: Cluster::Discovery,
    wrong: "/Schemas says that userName is neither required nor unique, and that groups can be written",
    right: "/Schemas says what RFC 7643 section 8.7 says and the server does",
    source: "https://github.com/wso2/product-is/issues/10984",
    install: |seams| {
        seams.edit_answers(|wire, answer| {
            if matches!(&wire.place, Place::Discovery(name, _) if name == "Schemas") {
                answer.edit_resources(|schema| {
                    let attributes = schema.get_mut("attributes").and_then(Value::as_array_mut);
                    attributes.into_iter().flatten().for_each(misdescribe);
                });
            }
        })
    },
};

fn misdescribe(attribute: &mut Value) {
    match attribute["name"].as_str() {
        Some("userName") => {
            attribute["required"] = json!(false);
            attribute["uniqueness"] = json!("none");
        }
        Some("groups") => attribute["mutability"] = json!("readWrite"),
        _ => {}
    }
}

/// Whether one of the discovery endpoints itself is read.
fn is_at(wire: &Wire, name: &str) -> bool {
    let is_read = wire.is(&Method::GET);
    is_read && matches!(&wire.place, Place::Discovery(found, None) if found == name)
}

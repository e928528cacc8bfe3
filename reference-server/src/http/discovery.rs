//! The discovery endpoints (RFC 7644 section 4): what the server says about itself.

use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};

use super::{answer, problem::Problem, service::Service};
use crate::scim::{Error, ListResponse, error::quoted, schema, search::Parameters};

/// `GET /ServiceProviderConfig` (RFC 7643 section 5). It states what this server does, not what it plans.
pub(crate) fn service_provider_config(
    service: &Service,
    query: &Parameters,
    base_url: &str,
) -> Result<Response, Problem> {
    refuse_filter(query)?;
    let limits = &service.limits;
    let page = limits.page_size();
    let mut config = json!({
        "schemas": [schema::SERVICE_PROVIDER_CONFIG],
        "patch": {"supported": true},
        "bulk": {
            "supported": true,
            "maxOperations": limits.bulk_operations,
            "maxPayloadSize": limits.bulk_body,
        },
        "filter": {"supported": true, "maxResults": page.max},
        "changePassword": {"supported": service.users.attribute("password").is_some()},
        "sort": {"supported": true},
        "etag": {"supported": true},
        // RFC 9865 section 4. Who asks for no page in either way gets one by index, as before that RFC.
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": page.default,
            "maxPageSize": page.max,
            "cursorTimeout": limits.cursor_seconds,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "A token in the header Authorization: Bearer TOKEN",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
    });
    if service.rules.interop_conformant {
        config["interopProfileConformant"] = true.into();
    }
    config["meta"] = json!({
        "resourceType": "ServiceProviderConfig",
        "location": format!("{base_url}/ServiceProviderConfig"),
    });
    Ok(found(&config))
}

/// `GET /Schemas`
pub(crate) fn schemas(service: &Service, query: &Parameters, base_url: &str) -> Result<Response, Problem> {
    refuse_filter(query)?;
    Ok(list(service.registry.schemas().iter().map(|schema| schema.to_json(base_url))))
}

/// `GET /Schemas/URN`
pub(crate) fn schema(
    service: &Service,
    query: &Parameters,
    base_url: &str,
    urn: &str,
) -> Result<Response, Problem> {
    refuse_filter(query)?;
    let schema = service.registry.schema(urn);
    let schema = schema.ok_or_else(|| Error::not_found(format!("There is no schema {}.", quoted(urn))))?;
    Ok(found(&schema.to_json(base_url)))
}

/// `GET /ResourceTypes`
pub(crate) fn resource_types(
    service: &Service,
    query: &Parameters,
    base_url: &str,
) -> Result<Response, Problem> {
    refuse_filter(query)?;
    Ok(list(service.registry.resource_types().iter().map(|resource_type| resource_type.to_json(base_url))))
}

/// `GET /ResourceTypes/NAME`
pub(crate) fn resource_type(
    service: &Service,
    query: &Parameters,
    base_url: &str,
    name: &str,
) -> Result<Response, Problem> {
    refuse_filter(query)?;
    let found_type = service.registry.resource_type(name);
    let unknown = || Error::not_found(format!("There is no resource type {}.", quoted(name)));
    Ok(found(&found_type.ok_or_else(unknown)?.to_json(base_url)))
}

/// RFC 7644 section 4: a filter here SHOULD be refused with 403, because an ignored one would let a client
/// believe that its condition holds; all other parameters are ignored.
fn refuse_filter(query: &Parameters) -> Result<(), Error> {
    match query.filter {
        Some(_) => {
            Err(Error::forbidden("This endpoint takes no filter; leave it out and read the whole answer."))
        }
        None => Ok(()),
    }
}

fn found(body: &Value) -> Response {
    answer::json(StatusCode::OK, body.to_string())
}

fn list(resources: impl Iterator<Item = Value>) -> Response {
    let resources: Vec<Value> = resources.collect();
    let total_results = resources.len() as u64;
    found(&ListResponse { total_results, start_index: 1, resources }.to_json())
}

//! The one extractor of the SCIM side: from an HTTP request to a call that is known to be authorised, to name
//! a place and a method that the place knows, and to carry a body of a size and a type that the server reads.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, Method, Uri, header, uri::Authority},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::{endpoint::Endpoint, problem::Problem, query::Query, service::Service};
use crate::{
    scim::{Error, IfMatch, IfNoneMatch, error::quoted},
    store::{Kind, ResourceId, TenantId},
};

/// A request to the SCIM side, read and found good.
#[derive(Debug)]
pub(crate) struct ScimRequest {
    /// For whom the request speaks.
    pub(crate) tenant: TenantId,
    /// What is asked.
    pub(crate) call: Call,
    /// The URL of the base path, without a slash at its end, as this client sees it.
    pub(crate) base_url: String,
    /// The query parameters.
    pub(crate) query: Query,
    /// The condition of a write (RFC 7644 section 3.14).
    pub(crate) if_match: Option<IfMatch>,
    /// The condition of a read.
    pub(crate) if_none_match: Option<IfNoneMatch>,
    /// The body; empty where the method takes none.
    pub(crate) body: Bytes,
}

/// What a request asks for.
#[derive(Debug)]
pub(crate) enum Call {
    /// Resources of a kind.
    List(Kind),
    /// A new resource.
    Create(Kind),
    /// A resource.
    Read(Kind, ResourceId),
    /// Another state of a resource.
    Replace(Kind, ResourceId),
    /// A change of a resource.
    Patch(Kind, ResourceId),
    /// The end of a resource.
    Delete(Kind, ResourceId),
    /// What the server can do.
    ServiceProviderConfig,
    /// All schemas.
    Schemas,
    /// The schema of this URN.
    Schema(String),
    /// All resource types.
    ResourceTypes,
    /// The resource type of this name.
    ResourceType(String),
}

impl FromRequest<Arc<Service>> for ScimRequest {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Arc<Service>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let rest = service.base_path.strip(parts.uri.path()).unwrap_or(parts.uri.path());
        let endpoint = Endpoint::parse(rest, &service.types);
        // Who may not ask is told nothing about what there is, not even that a path is unknown.
        let public = endpoint.as_ref().is_ok_and(Endpoint::is_public);
        let tenant = authorise(service, &parts.headers, public)?;
        let call = call(endpoint?, &parts.method)?;
        let takes_body = matches!(call, Call::Create(_) | Call::Replace(..) | Call::Patch(..));
        let body = if takes_body {
            check_media_type(&parts.headers)?;
            read(&parts.headers, body, service.limits.body).await?
        } else {
            Bytes::new()
        };
        Ok(Self {
            tenant,
            call,
            base_url: base_url(service, &parts.headers, &parts.uri),
            query: Query::parse(&parts.uri)?,
            if_match: condition(&parts.headers, &header::IF_MATCH).map(|text| IfMatch::parse(&text)),
            if_none_match: condition(&parts.headers, &header::IF_NONE_MATCH)
                .map(|text| IfNoneMatch::parse(&text)),
            body,
        })
    }
}

fn authorise(service: &Service, headers: &HeaderMap, public: bool) -> Result<TenantId, Problem> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return if public { Ok(service.tenants.first().id()) } else { Err(Problem::unauthorized(false)) };
    }
    let tenant = bearer(headers).and_then(|token| service.tokens.tenant(token));
    let tenant = tenant.ok_or_else(|| Problem::unauthorized(true))?;
    service.rate.take(&tenant).map_err(Problem::too_many_requests)?;
    Ok(tenant)
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750 section 2.1; the scheme's name in any case).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

fn call(endpoint: Endpoint, method: &Method) -> Result<Call, Problem> {
    let Some(allow) = endpoint.allow() else {
        // RFC 7644 sections 3.11 and 3.12: what a provider does not have, it answers with 501.
        return Err(Error::not_implemented(match endpoint {
            Endpoint::Me => "This server has no /Me; use /Users/ID.",
            Endpoint::Bulk => "This server has no bulk operations; send them one by one.",
            Endpoint::Search => "This server has no /.search; use GET with the parameter filter.",
            _ => "This server answers no query over all resource types; use /Users or /Groups.",
        })
        .into());
    };
    if !endpoint.allows(method) {
        let detail = format!("{} does not do here; what does is {allow}.", quoted(method.as_str()));
        return Err(Problem::method_not_allowed(detail, allow));
    }
    Ok(match endpoint {
        Endpoint::Collection(kind) if *method == Method::POST => Call::Create(kind),
        Endpoint::Collection(kind) => Call::List(kind),
        Endpoint::Resource(kind, id) => {
            let unknown = || Error::not_found(format!("There is no {kind} with the id {}.", quoted(&id)));
            let id = ResourceId::parse(&id).ok_or_else(unknown)?;
            match *method {
                Method::PUT => Call::Replace(kind, id),
                Method::PATCH => Call::Patch(kind, id),
                Method::DELETE => Call::Delete(kind, id),
                _ => Call::Read(kind, id),
            }
        }
        Endpoint::Schemas => Call::Schemas,
        Endpoint::Schema(urn) => Call::Schema(urn),
        Endpoint::ResourceTypes => Call::ResourceTypes,
        Endpoint::ResourceType(name) => Call::ResourceType(name),
        Endpoint::ServiceProviderConfig
        | Endpoint::Root
        | Endpoint::Me
        | Endpoint::Bulk
        | Endpoint::Search => Call::ServiceProviderConfig,
    })
}

/// RFC 7644 section 3.8 names application/scim+json and, for reading, application/json; identity providers
/// send both, with and without parameters (C38). A body without a type is taken for the default.
fn check_media_type(headers: &HeaderMap) -> Result<(), Error> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let known =
        ["application/scim+json", "application/json"].iter().any(|known| essence.eq_ignore_ascii_case(known));
    if known {
        return Ok(());
    }
    let detail = format!("Send the body as application/scim+json, not as {}.", quoted(essence));
    Err(Error::unsupported_media_type(detail))
}

async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Error> {
    let too_large = || {
        Error::payload_too_large(format!("The body is larger than the {limit} bytes that this server takes."))
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(too_large());
    }
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(Error::invalid_syntax("The body broke off before its end.")),
    }
}

/// Where this client finds the server: the URL that the configuration names, else the host that the client
/// addressed. A `Host` that is none is not repeated.
fn base_url(service: &Service, headers: &HeaderMap, uri: &Uri) -> String {
    if let Some(url) = &service.public_url {
        return url.as_str().to_owned();
    }
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let host = named.or_else(|| uri.authority().cloned()).filter(|host| !host.as_str().contains('@'));
    let host = host.as_ref().map_or("localhost", Authority::as_str);
    format!("http://{host}{}", service.base_path.as_str())
}

/// A conditional header; several of one name are one list (RFC 9110 section 5.3).
fn condition(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

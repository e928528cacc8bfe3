//! The one extractor of the SCIM side: from an HTTP request to a call that is known to be authorised, to name
//! a place and a method that the place knows, and to carry a body of a size and a type that the server reads.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, Method, Uri, header, uri::Authority},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::{
    endpoint::{Endpoint, Scope},
    problem::Problem,
    query,
    represent::Presenter,
    service::Service,
};
use crate::{
    BasePath, Tenant,
    accounts::{AccountsError, Via, Who},
    scim::{Error, IfMatch, IfNoneMatch, Projection, error::quoted, search::Parameters},
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
    pub(crate) query: Parameters,
    /// The condition of a write (RFC 7644 section 3.14).
    pub(crate) if_match: Option<IfMatch>,
    /// The condition of a read.
    pub(crate) if_none_match: Option<IfNoneMatch>,
    /// The body; empty where the method takes none.
    pub(crate) body: Bytes,
    /// The token that the client came with; empty if it came with none.
    pub(crate) credential: String,
}

/// What a request asks for.
#[derive(Debug)]
pub(crate) enum Call {
    /// Which methods the place knows.
    Options(&'static str),
    /// Resources of one type, or of all.
    List(Scope),
    /// The same, asked for in a body.
    Search(Scope),
    /// Several writes at once.
    Bulk,
    /// A new resource.
    Create(Kind),
    /// Something with a resource.
    Resource(Kind, ResourceId, Verb),
    /// Something with the caller's own resource.
    Me(ResourceId, Verb),
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

/// What one can do with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Read it.
    Read,
    /// Give it another state.
    Replace,
    /// Change it.
    Patch,
    /// End it.
    Delete,
}

impl FromRequest<Arc<Service>> for ScimRequest {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Arc<Service>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let endpoint = Endpoint::parse(below(&service.base_path, parts.uri.path()), &service.types);
        let caller = authorise(service, &parts.headers, endpoint.as_ref().ok()).await?;
        let call = call(endpoint?, &parts.method, caller.person)?;
        let limit = match call {
            Call::Create(_) | Call::Search(_) => Some(("", service.limits.body)),
            Call::Resource(_, _, verb) | Call::Me(_, verb) if matches!(verb, Verb::Replace | Verb::Patch) => {
                Some(("", service.limits.body))
            }
            // RFC 7644 section 3.7.4: the message names the limit.
            Call::Bulk => Some(("maxPayloadSize, ", service.limits.bulk_body)),
            _ => None,
        };
        let body = match limit {
            Some(limit) => {
                check_media_type(&parts.headers)?;
                read(&parts.headers, body, limit).await?
            }
            None => Bytes::new(),
        };
        Ok(Self {
            tenant: caller.tenant,
            call,
            base_url: base_url(service, &parts.headers, &parts.uri),
            query: query::parse(&parts.uri)?,
            if_match: condition(&parts.headers, &header::IF_MATCH).map(|text| IfMatch::parse(&text)),
            if_none_match: condition(&parts.headers, &header::IF_NONE_MATCH)
                .map(|text| IfNoneMatch::parse(&text)),
            body,
            credential: bearer(&parts.headers).unwrap_or_default().to_owned(),
        })
    }
}

impl ScimRequest {
    /// How the answer shows resources of a kind: as the query asks. Fails with `invalidValue` if it contradicts
    /// itself.
    pub(crate) fn presenter<'a>(&'a self, service: &'a Service, kind: Kind) -> Result<Presenter<'a>, Error> {
        let (attributes, excluded) = (&self.query.attributes, &self.query.excluded_attributes);
        let projection = Projection::from_query(attributes.as_deref(), excluded.as_deref())?;
        Ok(self.presenter_of(service, kind, projection))
    }

    /// The same with a projection that stands elsewhere.
    pub(crate) fn presenter_of<'a>(
        &'a self,
        service: &'a Service,
        kind: Kind,
        projection: Projection,
    ) -> Presenter<'a> {
        Presenter::new(service, &self.tenant, &self.base_url, kind, projection)
    }
}

/// What stands behind the base path, or behind the same without its version: RFC 7644 section 3.13 takes that
/// for the newest version, and this server has one.
fn below<'a>(base: &BasePath, path: &'a str) -> &'a str {
    let unversioned = || BasePath::new(base.unversioned()?).strip(path);
    base.strip(path).or_else(unversioned).unwrap_or(path)
}

/// Who asks.
struct Caller {
    tenant: TenantId,
    /// The User that the caller is, if it is a person and not an identity provider.
    person: Option<ResourceId>,
}

/// Who may not ask is told nothing about what there is, not even that a path is unknown.
async fn authorise(
    service: &Service,
    headers: &HeaderMap,
    endpoint: Option<&Endpoint>,
) -> Result<Caller, Problem> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return match endpoint {
            Some(endpoint) if endpoint.is_public() => {
                Ok(Caller { tenant: service.tenants.first().id(), person: None })
            }
            _ => Err(Problem::unauthorized(false)),
        };
    }
    let refuse = || Problem::unauthorized(true);
    let token = bearer(headers).ok_or_else(refuse)?;
    let is_served = |tenant: &TenantId| service.tenants.named(tenant.as_str()).is_some();
    let caller = match service.tokens.tenant(token, is_served).await? {
        Some(tenant) => Some(Caller { tenant, person: None }),
        None if endpoint == Some(&Endpoint::Me) => person(service, token).await?,
        None => None,
    };
    let caller = caller.ok_or_else(refuse)?;
    // A person must not be able to use up what its provider needs to shut it out.
    if caller.person.is_none() {
        service.rate.take(&caller.tenant).map_err(Problem::too_many_requests)?;
    }
    Ok(caller)
}

/// The person whose session or API token this is. A person has the rights of one: `/Me` and nothing else.
async fn person(service: &Service, token: &str) -> Result<Option<Caller>, Problem> {
    for tenant in service.tenants.iter().map(Tenant::id) {
        let identity = match service.accounts.identify(&tenant, token).await {
            Ok(identity) if identity.via != Via::Refresh => identity,
            Ok(_) | Err(AccountsError::NotKnown | AccountsError::Blocked) => continue,
            Err(error) => return Err(error.into()),
        };
        let account = service.accounts.account(&tenant, Who::Account(identity.account)).await?;
        return Ok(account.map(|account| Caller { tenant, person: Some(account.resource) }));
    }
    Ok(None)
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750 section 2.1; the scheme's name in any case).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

fn call(endpoint: Endpoint, method: &Method, person: Option<ResourceId>) -> Result<Call, Problem> {
    let allow = endpoint.allow();
    if !endpoint.allows(method) {
        let detail = format!("{} does not do here; what does is {allow}.", quoted(method.as_str()));
        return Err(Problem::method_not_allowed(detail, allow));
    }
    if *method == Method::OPTIONS {
        return Ok(Call::Options(allow));
    }
    let verb = match *method {
        Method::PUT => Verb::Replace,
        Method::PATCH => Verb::Patch,
        Method::DELETE => Verb::Delete,
        _ => Verb::Read,
    };
    Ok(match endpoint {
        Endpoint::Root => Call::List(Scope::All),
        Endpoint::Collection(kind) if *method == Method::POST => Call::Create(kind),
        Endpoint::Collection(kind) => Call::List(Scope::Type(kind)),
        Endpoint::Resource(kind, id) => {
            let unknown = || Error::not_found(format!("There is no {kind} with the id {}.", quoted(&id)));
            Call::Resource(kind, ResourceId::parse(&id).ok_or_else(unknown)?, verb)
        }
        Endpoint::Me => match person {
            Some(id) => Call::Me(id, verb),
            // RFC 7644 section 3.11: /Me is the resource of the authenticated subject. The subject of a SCIM
            // token is an identity provider, which is no User of its own.
            None => {
                return Err(Error::not_implemented(
                    "A SCIM token stands for an identity provider, which has no User to be /Me; use /Users/ID, or \
                     come with a session or an API token of a person.",
                )
                .into());
            }
        },
        Endpoint::Bulk => Call::Bulk,
        Endpoint::Search(scope) => Call::Search(scope),
        Endpoint::Schemas => Call::Schemas,
        Endpoint::Schema(urn) => Call::Schema(urn),
        Endpoint::ResourceTypes => Call::ResourceTypes,
        Endpoint::ResourceType(name) => Call::ResourceType(name),
        Endpoint::ServiceProviderConfig => Call::ServiceProviderConfig,
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

async fn read(headers: &HeaderMap, body: Body, (name, limit): (&str, usize)) -> Result<Bytes, Error> {
    let too_large = || {
        Error::payload_too_large(format!(
            "The body is larger than the {name}{limit} bytes that this server takes."
        ))
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

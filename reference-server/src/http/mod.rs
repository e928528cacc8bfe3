//! The routes: SCIM below the base path, the application below `/app`. Whatever is asked below the base path,
//! and however it goes wrong, the answer is a SCIM answer.

mod answer;
pub(crate) mod app;
mod bulk;
mod discovery;
mod endpoint;
mod kin;
mod pointer;
mod problem;
mod provisioning;
mod query;
mod read;
mod represent;
mod request;
mod search;
mod service;
mod write;

use std::{
    panic::{AssertUnwindSafe, resume_unwind},
    sync::Arc,
};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{FromRequest, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::any,
};
use futures::FutureExt;

pub(crate) use self::request::bearer;
pub(crate) use self::{
    problem::Problem,
    service::{Served, Service, Turns},
};
use self::{
    request::{Call, ScimRequest, Verb},
    write::Rights,
};
use crate::{
    scim::Error,
    store::{Kind, ResourceId},
};

/// All routes of a server.
pub(crate) fn router(service: Arc<Service>) -> Router {
    let base = service.base_path.as_str().to_owned();
    let mut router = app::router();
    if let Some(unversioned) = service.base_path.unversioned() {
        router = below(router, unversioned);
    }
    let router = if base.is_empty() {
        router.fallback(scim)
    } else {
        below(router, &base).fallback(app::nothing_here)
    };
    router.with_state(service)
}

/// Lets every write come to its end in a task of its own. A client that hangs up drops what waits for the answer,
/// and a write that ended between the store and the accounts would leave a deactivated person with open sessions.
pub(crate) fn to_the_end(router: Router) -> Router {
    router.layer(from_fn(async |request: Request, next: Next| {
        if request.method().is_safe() {
            return next.run(request).await;
        }
        match tokio::spawn(next.run(request)).await {
            Ok(response) => response,
            Err(broken) => match broken.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The process is ending.
                Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            },
        }
    }))
}

fn below(router: Router<Arc<Service>>, base: &str) -> Router<Arc<Service>> {
    router
        .route(base, any(scim))
        .route(&format!("{base}/"), any(scim))
        .route(&format!("{base}/{{*rest}}"), any(scim))
}

/// Every request below the base path.
async fn scim(State(service): State<Arc<Service>>, request: Request) -> Response {
    let is_head = request.method() == Method::HEAD;
    let response = match AssertUnwindSafe(handle(&service, request)).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.into_response(),
        Err(_) => Problem::from(Error::internal("The server failed; this is a bug in it.")).into_response(),
    };
    if is_head { without_body(response) } else { response }
}

async fn handle(service: &Arc<Service>, request: Request) -> Result<Response, Problem> {
    let request = ScimRequest::from_request(request, service).await?;
    let (query, base_url) = (&request.query, request.base_url.as_str());
    match &request.call {
        Call::Options(allow) => Ok(answer::options(allow)),
        Call::List(scope) => read::list(service, &request, *scope).await,
        Call::Search(scope) => read::search(service, &request, *scope).await,
        Call::Bulk => bulk::bulk(service, &request).await,
        Call::Create(kind) => write::create(service, &request, *kind).await,
        Call::Resource(kind, id, verb) => resource(service, &request, (*kind, *id), *verb, Rights::All).await,
        // RFC 7644 section 3.11: the answer is that of the resource itself, its Location included.
        Call::Me(id, verb) => resource(service, &request, (Kind::User, *id), *verb, Rights::OwnProfile).await,
        Call::ServiceProviderConfig => discovery::service_provider_config(service, query, base_url),
        Call::Schemas => discovery::schemas(service, query, base_url),
        Call::Schema(urn) => discovery::schema(service, query, base_url, urn),
        Call::ResourceTypes => discovery::resource_types(service, query, base_url),
        Call::ResourceType(name) => discovery::resource_type(service, query, base_url, name),
    }
}

async fn resource(
    service: &Service,
    request: &ScimRequest,
    (kind, id): (Kind, ResourceId),
    verb: Verb,
    rights: Rights,
) -> Result<Response, Problem> {
    match verb {
        Verb::Read => read::one(service, request, kind, id).await,
        Verb::Replace => write::replace(service, request, (kind, id), rights).await,
        Verb::Patch => write::patch(service, request, (kind, id), rights).await,
        Verb::Delete => write::delete(service, request, (kind, id), rights).await,
    }
}

/// The answer to HEAD: that of GET, its length told and its body left out (RFC 9110 section 9.3.2).
fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(parts, Body::empty())
}

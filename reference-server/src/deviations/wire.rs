//! Any request below the base path, held on its way so that a deviation can read it, change it, ask the server
//! other things as the same client, and change what comes back. What is special to one kind of request is in
//! `writes` and `query`.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{Seams, body};
use crate::{BasePath, http::bearer, scim::Error};

/// What a path below the base path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The base path itself.
    Root,
    /// A collection, by its name: `Users`.
    Collection(String),
    /// A resource, by the names of its collection and its own.
    Resource(String, String),
    /// A search, in one collection or in all.
    Search(Option<String>),
    /// `/Bulk`
    Bulk,
    /// `/Me`
    Me,
    /// `/ServiceProviderConfig`, `/Schemas`, `/ResourceTypes`, and what lies below.
    Discovery(String, Option<String>),
    /// Anything else.
    Other,
}

impl Place {
    fn of(rest: &str) -> Self {
        let segments: Vec<&str> = rest.trim_matches('/').split('/').collect();
        match segments[..] {
            [""] => Self::Root,
            ["Bulk"] => Self::Bulk,
            ["Me"] => Self::Me,
            [".search"] => Self::Search(None),
            [name @ ("ServiceProviderConfig" | "Schemas" | "ResourceTypes"), ref below @ ..] => {
                Self::Discovery(name.to_owned(), below.first().map(|below| (*below).to_owned()))
            }
            [collection] => Self::Collection(collection.to_owned()),
            [collection, ".search"] => Self::Search(Some(collection.to_owned())),
            [collection, id] => Self::Resource(collection.to_owned(), id.to_owned()),
            _ => Self::Other,
        }
    }

    /// The name of the collection that the place is or lies in.
    pub(super) fn collection(&self) -> Option<&str> {
        match self {
            Self::Collection(name) | Self::Resource(name, _) | Self::Search(Some(name)) => Some(name),
            Self::Me => Some("Users"),
            _ => None,
        }
    }

    /// The id in the path.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Resource(_, id) => Some(id),
            _ => None,
        }
    }

    /// Whether resources of the collection may be in an answer from here.
    pub(super) fn shows(&self, collection: &str) -> bool {
        match self {
            Self::Root | Self::Search(None) => true,
            place => place.collection() == Some(collection),
        }
    }
}

/// The server behind a deviation, asked as the client that sent a request.
#[derive(Clone)]
pub(super) struct Server {
    headers: HeaderMap,
    base: String,
    next: Next,
}

impl Server {
    /// What the server answers to a request to this path below the base path, with its query.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut request = Request::new(Body::from(body.clone()));
        *request.method_mut() = method;
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        match format!("{}{path}", self.base).parse() {
            Ok(uri) => *request.uri_mut() = uri,
            Err(_) => return Answer::error(&Error::not_found("There is no such place.")),
        }
        Answer::of(self.next.clone().run(request).await).await
    }

    /// What the server shows there.
    pub(super) async fn read(&self, path: &str) -> Option<Value> {
        let answer = self.ask(Method::GET, path, None).await;
        answer.json().filter(|_| answer.status == StatusCode::OK)
    }

    /// The same server, asked with this token.
    pub(super) fn with_token(&self, token: &str) -> Self {
        let mut server = self.clone();
        if let Ok(authorization) = HeaderValue::from_str(&format!("Bearer {token}")) {
            server.headers.insert(header::AUTHORIZATION, authorization);
        }
        server
    }

    /// The token that the client came with.
    pub(super) fn token(&self) -> Option<&str> {
        bearer(&self.headers)
    }

    /// Who the client is, as far as the server can tell clients apart.
    pub(super) fn client(&self) -> String {
        let credential = self.headers.get(header::AUTHORIZATION);
        credential.and_then(|credential| credential.to_str().ok()).unwrap_or_default().to_owned()
    }
}

/// A request on its way.
pub(super) struct Wire {
    pub(super) parts: Parts,
    pub(super) body: Bytes,
    pub(super) place: Place,
    pub(super) server: Server,
}

impl Wire {
    /// Takes a request in; gives it back if it is none of SCIM's, or longer than any that is taken.
    async fn of(base_path: &BasePath, request: Request, next: Next) -> Result<Self, (Box<Request>, Next)> {
        let path = request.uri().path();
        let below = |base: &BasePath| Some((base.as_str().to_owned(), base.strip(path)?.to_owned()));
        let found = below(base_path).or_else(|| below(&BasePath::new(base_path.unversioned()?)));
        let found = found.filter(|(_, rest)| !rest.starts_with("/app/"));
        let Some((base, rest)) = found else { return Err((Box::new(request), next)) };
        let (parts, body) = request.into_parts();
        let body = match body::take(body).await {
            Ok(body) => body,
            Err(body) => return Err((Box::new(Request::from_parts(parts, body)), next)),
        };
        let mut headers = parts.headers.clone();
        // The conditions and the media type were about the request of the client, not about others.
        for name in [header::IF_MATCH, header::IF_NONE_MATCH, header::CONTENT_TYPE] {
            headers.remove(name);
        }
        let server = Server { headers, base, next };
        Ok(Self { parts, body, place: Place::of(&rest), server })
    }

    /// The same request once more.
    pub(super) fn again(&self) -> Self {
        let Self { parts, body, place, server } = self;
        Self { parts: parts.clone(), body: body.clone(), place: place.clone(), server: server.clone() }
    }

    /// Whether the method is this one.
    pub(super) fn is(&self, method: &Method) -> bool {
        self.parts.method == *method
    }

    /// The collection and the id, if a resource is asked for.
    pub(super) fn resource(&self) -> Option<(&str, &str)> {
        match &self.place {
            Place::Resource(collection, id) => Some((collection, id)),
            _ => None,
        }
    }

    /// The path below the base path, with its query.
    pub(super) fn rest(&self) -> &str {
        let all = self.parts.uri.path_and_query().map_or("", |all| all.as_str());
        all.strip_prefix(self.server.base.as_str()).unwrap_or(all)
    }

    /// The body; see [`body::read`].
    pub(super) fn json(&self) -> Option<Value> {
        body::read(&self.body)
    }

    /// The same request with this body; if it says the same, the request is as it came.
    #[must_use]
    pub(super) fn with(mut self, body: &Value) -> Self {
        if let Some(body) = body::changed(&self.body, body) {
            body::announce(&mut self.parts.headers, &body);
            self.body = body;
        }
        self
    }

    /// Lets the request through.
    pub(super) async fn go(&self) -> Answer {
        let request = Request::from_parts(self.parts.clone(), Body::from(self.body.clone()));
        Answer::of(self.server.next.clone().run(request).await).await
    }
}

/// An answer on its way back.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        Self { status: parts.status, headers: parts.headers, body }
    }

    /// An error in the shape of a right one.
    pub(super) fn error(error: &Error) -> Self {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = error.to_json().to_string();
        Self::text(status, "application/scim+json", body)
    }

    /// An answer with this body.
    pub(super) fn text(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(media_type))]);
        Self { status, headers, body: body.into() }
    }

    /// An answer without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// The body.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Puts this body in the place of the one that there is; if it says the same, the answer is as it came.
    pub(super) fn set_json(&mut self, body: &Value) {
        if let Some(body) = body::changed(&self.body, body) {
            self.headers.remove(header::CONTENT_LENGTH);
            self.body = body;
        }
    }

    /// Changes the body, if it is JSON.
    pub(super) fn edit(&mut self, edit: impl FnOnce(&mut Value)) {
        if let Some(mut body) = self.json() {
            edit(&mut body);
            self.set_json(&body);
        }
    }

    /// Changes every resource in a success: the one that there is, or each of a list.
    pub(super) fn edit_resources(&mut self, edit: impl FnMut(&mut Value)) {
        if !self.status.is_success() {
            return;
        }
        self.edit(|body| for_resources(body, edit));
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// The resources of an answer's body.
fn for_resources(body: &mut Value, mut edit: impl FnMut(&mut Value)) {
    let is_list = body.get("totalResults").is_some();
    match body.get_mut("Resources").and_then(Value::as_array_mut) {
        Some(resources) => resources.iter_mut().for_each(edit),
        None if is_list => {}
        None => edit(body),
    }
}

/// What a resource in an answer is, as the name of its collection: by what it says of itself, else by the place
/// that it was read from.
pub(super) fn collection_of<'a>(resource: &Value, place: &'a Place) -> Option<&'a str> {
    let kind = resource.pointer("/meta/resourceType").and_then(Value::as_str);
    let schemas = resource.get("schemas").and_then(Value::as_array);
    let has = |name: &str| {
        kind == Some(name)
            || schemas.is_some_and(|schemas| {
                schemas
                    .iter()
                    .filter_map(Value::as_str)
                    .any(|urn| urn.ends_with(&format!(":core:2.0:{name}")))
            })
    };
    match place.collection() {
        Some(collection) => Some(collection),
        None if has("User") => Some("Users"),
        None if has("Group") => Some("Groups"),
        None => None,
    }
}

/// An error of the wrong server, in the shape of a right one.
impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        Self::error(&error)
    }
}

impl Seams {
    /// Puts something in the way of every request to the SCIM side.
    pub(super) fn wrap_wire<F>(mut self, handle: impl Fn(Wire) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let base_path = self.base_path.clone();
        let handle = Arc::new(handle);
        self.http.push(Arc::new(move |request, next| {
            let (base_path, handle) = (base_path.clone(), Arc::clone(&handle));
            Box::pin(async move {
                match Wire::of(&base_path, request, next).await {
                    Ok(wire) => handle(wire).await.into_response(),
                    Err((request, next)) => next.run(*request).await,
                }
            })
        }));
        self
    }

    /// Lets every request through and changes the answer.
    pub(super) fn edit_answers(self, edit: impl Fn(&Wire, &mut Answer) + Send + Sync + 'static) -> Self {
        let edit = Arc::new(edit);
        self.wrap_wire(move |wire| {
            let edit = Arc::clone(&edit);
            async move {
                let mut answer = wire.go().await;
                edit(&wire, &mut answer);
                answer
            }
        })
    }

    /// Changes every resource of a collection, wherever it is shown.
    pub(super) fn edit_resources(
        self,
        collection: &'static str,
        edit: impl Fn(&Wire, &mut Value) + Send + Sync + 'static,
    ) -> Self {
        self.edit_answers(move |wire, answer| {
            if wire.place.shows(collection) {
                answer.edit_resources(|resource| {
                    if collection_of(resource, &wire.place) == Some(collection) {
                        edit(wire, resource);
                    }
                });
            }
        })
    }

    /// Changes every SCIM error, also those of a bulk request's operations.
    pub(super) fn edit_errors(self, edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        self.edit_answers(move |wire, answer| {
            if answer.status.is_client_error() || answer.status.is_server_error() {
                answer.edit(&edit);
            } else if wire.place == Place::Bulk {
                answer.edit(|body| {
                    let operations = body.get_mut("Operations").and_then(Value::as_array_mut);
                    for operation in operations.into_iter().flatten() {
                        operation.get_mut("response").into_iter().for_each(&edit);
                    }
                });
            }
        })
    }
}

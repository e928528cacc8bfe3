//! A request about Users on its way to the server, held so that a deviation can read it, change it, ask the
//! server other things first, and change what comes back.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::body;
use crate::{BasePath, http::Problem, scim::Error};

/// A request to `/Users` or `/Users/ID`.
pub(super) struct Visit {
    parts: Parts,
    body: Bytes,
    next: Next,
    id: Option<String>,
}

impl Visit {
    /// Takes a request in; gives it back if it does not concern Users, or is longer than any that is taken.
    pub(super) async fn of(
        base_path: &BasePath,
        request: Request,
        next: Next,
    ) -> Result<Self, (Box<Request>, Next)> {
        let rest = base_path.strip(request.uri().path()).and_then(|rest| rest.strip_prefix("/Users"));
        let id = match rest.map(|rest| rest.trim_matches('/')) {
            Some("") => None,
            Some(id) if !id.contains('/') => Some(id.to_owned()),
            _ => return Err((Box::new(request), next)),
        };
        let (parts, body) = request.into_parts();
        match body::take(body).await {
            Ok(body) => Ok(Self { parts, body, next, id }),
            Err(body) => Err((Box::new(Request::from_parts(parts, body)), next)),
        }
    }

    /// Whether a User is to be created.
    pub(super) fn is_create(&self) -> bool {
        self.parts.method == Method::POST && self.id.is_none()
    }

    /// Whether a User is to be replaced.
    pub(super) fn is_put(&self) -> bool {
        self.parts.method == Method::PUT && self.id.is_some()
    }

    /// Whether a User is to be changed.
    pub(super) fn is_patch(&self) -> bool {
        self.parts.method == Method::PATCH && self.id.is_some()
    }

    /// The id in the path.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The body; see [`body::read`].
    pub(super) fn json(&self) -> Option<Value> {
        body::read(&self.body)
    }

    /// The same request with this body; if it says the same, the request is as it came.
    #[must_use]
    pub(super) fn with(self, body: &Value) -> Self {
        match body::changed(&self.body, body) {
            Some(body) => self.with_bytes(body),
            None => self,
        }
    }

    /// Lets the request through.
    pub(super) async fn go(self) -> Response {
        self.next.run(Request::from_parts(self.parts, Body::from(self.body))).await
    }

    /// Lets the request through and keeps the visit, for what comes afterwards.
    pub(super) async fn go_on(&self) -> Response {
        self.ask(self.parts.method.clone(), self.body.clone()).await
    }

    /// Asks the server for the same path with another method.
    pub(super) async fn ask(&self, method: Method, body: impl Into<Bytes>) -> Response {
        let mut parts = self.parts.clone();
        if parts.method != method {
            // The conditions were about the request of the client, not about this one.
            parts.headers.remove(header::IF_MATCH);
            parts.headers.remove(header::IF_NONE_MATCH);
        }
        parts.method = method;
        let visit = Self { parts, body: self.body.clone(), next: self.next.clone(), id: self.id.clone() };
        visit.with_bytes(body.into()).go().await
    }

    /// The User as the server has it now.
    pub(super) async fn current(&self) -> Option<Value> {
        let response = self.ask(Method::GET, Bytes::new()).await;
        if response.status() != StatusCode::OK {
            return None;
        }
        serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.ok()?).ok()
    }

    /// Whether the server has the User as inactive.
    pub(super) async fn is_inactive(&self) -> bool {
        self.current().await.is_some_and(|user| user.get("active") == Some(&Value::Bool(false)))
    }

    fn with_bytes(mut self, body: Bytes) -> Self {
        if self.body != body {
            body::announce(&mut self.parts.headers, &body);
            self.body = body;
        }
        self
    }
}

/// An error of the wrong server, in the shape of a right one.
pub(super) fn refuse(error: Error) -> Response {
    Problem::from(error).into_response()
}

/// Changes every User in an answer; an answer in which nothing changes is as it came.
pub(super) async fn edit_users(response: Response, edit: impl Fn(&mut Value)) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(mut answer) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    match answer.get_mut("Resources").and_then(Value::as_array_mut) {
        Some(users) => users.iter_mut().for_each(&edit),
        None => edit(&mut answer),
    }
    let Some(changed) = body::changed(&bytes, &answer) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(changed))
}

//! Writes, whether each is a request of its own or an operation of a bulk request: a deviation that misreads a
//! body misreads it in both.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    Seams,
    wire::{Answer, Place, Server, Wire},
};
use crate::scim::Error;

/// A resource that is to be made, replaced, changed or ended.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) method: Method,
    /// The name of the collection: `Users`.
    pub(super) collection: String,
    /// The id in the path; none for a new resource and for `/Me`.
    pub(super) id: Option<String>,
    /// The body; null if there is none.
    pub(super) body: Value,
}

/// What becomes of a write.
pub(super) enum Verdict {
    /// It is done, with this body.
    Go(Write),
    /// It is not done; this is the answer.
    Answer(Answer),
}

impl Write {
    pub(super) fn is_create(&self) -> bool {
        self.method == Method::POST
    }

    pub(super) fn is_put(&self) -> bool {
        self.method == Method::PUT
    }

    pub(super) fn is_patch(&self) -> bool {
        self.method == Method::PATCH
    }

    pub(super) fn is_delete(&self) -> bool {
        self.method == Method::DELETE
    }

    pub(super) fn is_user(&self) -> bool {
        self.collection == "Users"
    }

    pub(super) fn is_group(&self) -> bool {
        self.collection == "Groups"
    }

    /// The resource as the server has it now.
    pub(super) async fn current(&self, server: &Server) -> Option<Value> {
        match &self.id {
            Some(id) => server.read(&format!("/{}/{id}", self.collection)).await,
            None if self.is_create() => None,
            None => server.read("/Me").await,
        }
    }

    fn alone(wire: &Wire) -> Option<Self> {
        let method = wire.parts.method.clone();
        let id = wire.place.id().map(str::to_owned);
        let fits = match wire.place {
            Place::Collection(_) => method == Method::POST,
            Place::Resource(..) | Place::Me => [Method::PUT, Method::PATCH, Method::DELETE].contains(&method),
            _ => false,
        };
        let body = if method == Method::DELETE { Value::Null } else { wire.json()? };
        let collection = wire.place.collection()?.to_owned();
        fits.then_some(Self { method, collection, id, body })
    }

    fn in_bulk(operation: &Value) -> Option<Self> {
        let method = operation.get("method")?.as_str()?.to_ascii_uppercase().parse().ok()?;
        let mut path = operation.get("path")?.as_str()?.trim_matches('/').splitn(2, '/');
        let collection = path.next()?.to_owned();
        let id = path.next().map(str::to_owned);
        let body = operation.get("data").cloned().unwrap_or_default();
        (id.is_none() == (method == Method::POST)).then_some(Self { method, collection, id, body })
    }
}

impl Seams {
    /// Judges every write. What is refused in a bulk request is refused there, and the rest is done.
    pub(super) fn judge_writes<F>(self, judge: impl Fn(Server, Write) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Verdict> + Send + 'static,
    {
        let judge = Arc::new(judge);
        self.wrap_wire(move |wire| {
            let judge = Arc::clone(&judge);
            async move {
                if wire.place == Place::Bulk && wire.is(&Method::POST) {
                    return bulk(wire, &*judge).await;
                }
                match Write::alone(&wire) {
                    None => wire.go().await,
                    Some(write) => match judge(wire.server.clone(), write).await {
                        Verdict::Answer(answer) => answer,
                        Verdict::Go(write) if write.body.is_null() => wire.go().await,
                        Verdict::Go(write) => wire.with(&write.body).go().await,
                    },
                }
            }
        })
    }

    /// Judges the operations of bulk requests, and no other writes.
    pub(super) fn judge_bulk<F>(self, judge: impl Fn(Server, Write) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Verdict> + Send + 'static,
    {
        let judge = Arc::new(judge);
        self.wrap_wire(move |wire| {
            let judge = Arc::clone(&judge);
            async move {
                let is_bulk = wire.place == Place::Bulk && wire.is(&Method::POST);
                if is_bulk { bulk(wire, &*judge).await } else { wire.go().await }
            }
        })
    }

    /// Changes the body of every write.
    pub(super) fn rewrite(self, edit: impl Fn(&mut Write) + Send + Sync + 'static) -> Self {
        self.judge_writes(move |_, mut write| {
            edit(&mut write);
            std::future::ready(Verdict::Go(write))
        })
    }

    /// Refuses writes for what is in them.
    pub(super) fn refuse(self, why: impl Fn(&Write) -> Option<Error> + Send + Sync + 'static) -> Self {
        self.judge_writes(move |_, write| {
            std::future::ready(match why(&write) {
                Some(error) => Verdict::Answer(error.into()),
                None => Verdict::Go(write),
            })
        })
    }
}

/// In the place of a method that is held back. No server knows it, so that nothing comes of the operation, and it
/// comes back in the answer, so that the place of the operation is known.
const HELD: &str = "HELD-";

async fn bulk<F>(wire: Wire, judge: &(impl Fn(Server, Write) -> F + Sync)) -> Answer
where
    F: Future<Output = Verdict>,
{
    let Some(mut body) = wire.json() else { return wire.go().await };
    let Some(operations) = body.get_mut("Operations").and_then(Value::as_array_mut) else {
        return wire.go().await;
    };
    let mut held = Vec::new();
    for operation in operations {
        let Some(write) = Write::in_bulk(operation) else { continue };
        match judge(wire.server.clone(), write).await {
            Verdict::Go(write) if write.body.is_null() => {}
            Verdict::Go(write) => operation["data"] = write.body,
            Verdict::Answer(answer) => {
                let method =
                    std::mem::replace(&mut operation["method"], json!(format!("{HELD}{}", held.len())));
                held.push((method, answer));
            }
        }
    }
    let mut answer = wire.with(&body).go().await;
    if held.is_empty() {
        return answer;
    }
    answer.edit(|body| {
        let outcomes = body.get_mut("Operations").and_then(Value::as_array_mut);
        for outcome in outcomes.into_iter().flatten() {
            let place = outcome["method"].as_str().and_then(|method| method.strip_prefix(HELD));
            let place = place.and_then(|place| place.parse::<usize>().ok());
            if let Some((method, answer)) = place.and_then(|place| held.get(place)) {
                tell(outcome, method, answer);
            }
        }
    });
    answer
}

/// Puts the answer that an operation would have had alone in the place of its outcome.
fn tell(outcome: &mut Value, method: &Value, answer: &Answer) {
    outcome["method"] = method.clone();
    outcome["status"] = json!(answer.status.as_str());
    let Some(outcome) = outcome.as_object_mut() else { return };
    outcome.shift_remove("response");
    let failed = answer.status >= StatusCode::BAD_REQUEST;
    if let Some(body) = answer.json().filter(|_| failed) {
        outcome.insert("response".to_owned(), body);
    }
    // RFC 7644 section 3.7: what was not made has no place.
    if failed && method.as_str().is_some_and(|method| method.eq_ignore_ascii_case("POST")) {
        outcome.shift_remove("location");
    }
}

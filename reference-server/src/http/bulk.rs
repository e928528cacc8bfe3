//! `POST /Bulk` (RFC 7644 section 3.7): does the operations of a bulk request one after the other, each as the
//! same request alone would be done. In which order, and what they say of each other, is the protocol core's.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    http::{Method, StatusCode},
    response::Response,
};
use serde_json::Value;

use super::{
    answer,
    endpoint::Endpoint,
    problem::Problem,
    provisioning, represent,
    request::ScimRequest,
    service::Service,
    write::{self, Change, Rights},
};
use crate::{
    scim::{
        Error, IfMatch, PatchRequest,
        bulk::{self, BulkRequest, Operation, Outcome, Plan, Promise, Resolved, Step},
        error::quoted,
        json,
    },
    store::{Kind, Record, ResourceId},
};

/// After how many operations somebody else gets a turn.
const BREATH: usize = 32;

/// `POST /Bulk`
pub(crate) async fn bulk(service: &Service, request: &ScimRequest) -> Result<Response, Problem> {
    let body = json::parse_object(&request.body)?;
    let BulkRequest { fail_on_errors, operations } =
        BulkRequest::from_body(body, service.limits.bulk_operations)?;
    let plan = Plan::new(&operations);
    let mut job = Job::new(service, request);
    for (at, step) in plan.steps.iter().enumerate() {
        if fail_on_errors.is_some_and(|most| job.errors() >= most) {
            break;
        }
        job.run(&operations[step.operation], step).await;
        if at % BREATH == BREATH - 1 {
            tokio::task::yield_now().await;
        }
    }
    job.abandon_the_rest().await;
    job.tell_versions().await;
    let outcomes: Vec<Outcome> = job.outcomes.into_values().collect();
    Ok(answer::json(StatusCode::OK, bulk::response(&outcomes).to_string()))
}

/// A bulk request at work.
struct Job<'a> {
    service: &'a Service,
    request: &'a ScimRequest,
    /// By the operation's place.
    outcomes: BTreeMap<usize, Outcome>,
    resolved: Resolved,
    open: Vec<Open>,
    /// The resources that have been written, with the operation's place.
    written: Vec<(usize, Kind, ResourceId)>,
}

/// A resource that has been made without what speaks of resources that are still to be made.
struct Open {
    operation: usize,
    kind: Kind,
    id: ResourceId,
    promise: Promise,
    awaited: BTreeSet<String>,
}

/// What an operation did.
struct Done {
    status: StatusCode,
    /// The resource, unless it is gone.
    resource: Option<(Kind, ResourceId)>,
}

impl<'a> Job<'a> {
    fn new(service: &'a Service, request: &'a ScimRequest) -> Self {
        let (outcomes, resolved) = (BTreeMap::new(), Resolved::default());
        Self { service, request, outcomes, resolved, open: Vec::new(), written: Vec::new() }
    }

    fn errors(&self) -> usize {
        self.outcomes.values().filter(|outcome| outcome.error.is_some()).count()
    }

    /// Does an operation, notes what became of it, and keeps the promises that it makes it possible to keep.
    async fn run(&mut self, operation: &Operation, step: &Step) {
        let done = self.attempt(operation, step).await;
        let mut outcome = Outcome {
            method: operation.method.clone(),
            bulk_id: operation.bulk_id.clone(),
            location: None,
            version: None,
            status: 0,
            error: None,
        };
        if !operation.is_post() {
            let path = operation.path.as_deref().unwrap_or_default();
            let path = self.resolved.path(path).unwrap_or_else(|_| path.to_owned());
            outcome.location = Some(format!("{}/{}", self.request.base_url, path.trim_start_matches('/')));
        }
        let mut made = None;
        match done {
            Ok(done) => {
                outcome.status = done.status.as_u16();
                if let Some((kind, id)) = done.resource {
                    outcome.location = Some(self.location(kind, id));
                    made = Some(id);
                    self.written.push((step.operation, kind, id));
                }
            }
            Err(problem) => {
                let error = problem.into_error();
                outcome.status = error.status;
                outcome.error = Some(error);
            }
        }
        self.outcomes.insert(step.operation, outcome);
        if let (true, Some(bulk_id)) = (operation.is_post(), &operation.bulk_id) {
            self.resolved.set(bulk_id.clone(), made.map(|id| id.to_string()));
            self.settle(bulk_id).await;
        }
    }

    async fn attempt(&mut self, operation: &Operation, step: &Step) -> Result<Done, Problem> {
        let method = Method::from_bytes(operation.method.to_ascii_uppercase().as_bytes());
        let method = method
            .ok()
            .filter(|method| [Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(method));
        let Some(method) = method else {
            let method = quoted(&operation.method);
            let detail = format!("method is {method} and has to be POST, PUT, PATCH or DELETE");
            return Err(Error::invalid_syntax(detail).into());
        };
        let path = operation.path.as_deref();
        let path = path.ok_or_else(|| Error::invalid_syntax("path is missing; send /Users or /Users/ID"))?;
        let endpoint = Endpoint::parse(&self.resolved.path(path)?, &self.service.types)?;
        match (&method, endpoint) {
            (&Method::POST, Endpoint::Collection(kind)) => self.post(operation, step, kind).await,
            (&Method::PUT | &Method::PATCH | &Method::DELETE, Endpoint::Resource(kind, id)) => {
                let unknown = || Error::not_found(format!("There is no {kind} with the id {}.", quoted(&id)));
                let id = ResourceId::parse(&id).ok_or_else(unknown)?;
                self.change(operation, &method, kind, id).await
            }
            _ => Err(Error::method_not_allowed(format!(
                "{method} does not do at {}; POST makes a resource at an endpoint such as /Users, the others \
                 change one such as /Users/ID.",
                quoted(path)
            ))
            .into()),
        }
    }

    async fn post(&mut self, operation: &Operation, step: &Step, kind: Kind) -> Result<Done, Problem> {
        if operation.bulk_id.is_none() {
            return Err(Error::invalid_syntax("bulkId is missing; a POST needs one").into());
        }
        let mut data = data(operation)?;
        let promise = Promise::take(&mut data, &step.postponed);
        let body = json::object(self.resolved.data(data)?)?;
        let author = write::author(self.request);
        let record = write::post(self.service, author, kind, body).await?;
        if !promise.is_empty() {
            let (operation, awaited) = (step.operation, step.postponed.clone());
            self.open.push(Open { operation, kind, id: record.id, promise, awaited });
        }
        Ok(Done::with(StatusCode::CREATED, &record))
    }

    async fn change(
        &self,
        operation: &Operation,
        method: &Method,
        kind: Kind,
        id: ResourceId,
    ) -> Result<Done, Problem> {
        let if_match = operation.version.as_deref().map(IfMatch::parse);
        let change = self.to(kind, id, if_match.as_ref());
        match *method {
            Method::DELETE => {
                provisioning::delete(self.service, change.author, kind, id, if_match.as_ref()).await?;
                Ok(Done { status: StatusCode::NO_CONTENT, resource: None })
            }
            Method::PUT => {
                let body = json::object(self.resolved.data(data(operation)?)?)?;
                Ok(Done::with(StatusCode::OK, &*change.put(&body).await?))
            }
            _ => {
                let patch = PatchRequest::from_value(self.resolved.data(data(operation)?)?)?;
                Ok(Done::with(write::patched_status(kind), &*change.patch(&patch).await?))
            }
        }
    }

    /// Now that it is known what became of a resource, adds it where it was left out. Where that fails, the
    /// resource that cannot be what the client asked for is taken back (section 3.7.1: 409).
    async fn settle(&mut self, bulk_id: &str) {
        let mut at = 0;
        while let Some(open) = self.open.get_mut(at) {
            if !open.awaited.remove(bulk_id) || !open.awaited.is_empty() {
                at += 1;
                continue;
            }
            let open = self.open.swap_remove(at);
            match self.keep(&open).await {
                Ok(()) => {}
                Err(problem) => self.abandon(open, problem.into_error()).await,
            }
        }
    }

    async fn keep(&self, open: &Open) -> Result<(), Problem> {
        let patch = PatchRequest::from_value(self.resolved.data(open.promise.patch())?)?;
        self.to(open.kind, open.id, None).patch(&patch).await?;
        Ok(())
    }

    /// Tells the versions that resources have at the end: a later operation may have changed one once more, or
    /// put it into a group, and a version that is not true any more is of no use to the client.
    async fn tell_versions(&mut self) {
        for (operation, kind, id) in std::mem::take(&mut self.written) {
            // What has been done is told in any case, if need be without a version.
            let record = self.service.store.read(&self.request.tenant, kind, id).await;
            let Ok(Some(record)) = record else { continue };
            let tag = represent::tag(self.service, &self.request.tenant, &record).await;
            let outcome = self.outcomes.get_mut(&operation).filter(|outcome| outcome.error.is_none());
            if let (Ok(tag), Some(outcome)) = (tag, outcome) {
                outcome.version = Some(tag.etag());
            }
        }
    }

    /// What still waits when nothing more is done will not come.
    async fn abandon_the_rest(&mut self) {
        for open in std::mem::take(&mut self.open) {
            let names: Vec<String> = open.awaited.iter().map(|name| quoted(name)).collect();
            let detail = format!("The resources with the bulkIds {} were not made.", names.join(", "));
            self.abandon(open, Error::new(409, None, detail)).await;
        }
    }

    async fn abandon(&mut self, open: Open, error: Error) {
        let author = write::author(self.request);
        let undone = provisioning::delete(self.service, author, open.kind, open.id, None).await;
        let Some(outcome) = self.outcomes.get_mut(&open.operation) else { return };
        (outcome.location, outcome.version) = (None, None);
        // Whatever went wrong, it is the reference that could not be resolved.
        let error = match undone {
            Ok(()) => Error { status: 409, ..error },
            Err(problem) => problem.into_error(),
        };
        outcome.status = error.status;
        outcome.error = Some(error);
        if let Some(bulk_id) = outcome.bulk_id.clone() {
            self.resolved.set(bulk_id, None);
        }
    }

    fn to<'b>(&'b self, kind: Kind, id: ResourceId, if_match: Option<&'b IfMatch>) -> Change<'b> {
        let author = write::author(self.request);
        Change { service: self.service, author, kind, id, if_match, rights: Rights::All }
    }

    fn location(&self, kind: Kind, id: ResourceId) -> String {
        format!("{}{}/{id}", self.request.base_url, self.service.resource_type(kind).endpoint())
    }
}

impl Done {
    fn with(status: StatusCode, record: &Record) -> Self {
        Self { status, resource: Some((record.kind, record.id)) }
    }
}

fn data(operation: &Operation) -> Result<Value, Error> {
    operation.data.clone().ok_or_else(|| Error::invalid_syntax("data is missing; send what is to be written"))
}

//! Writing: what POST, PUT, PATCH and DELETE ask for and how they are answered (RFC 7644 sections 3.3, 3.5
//! and 3.6). How a write happens is `provisioning`'s.

use axum::{http::StatusCode, response::Response};

use super::{
    answer,
    problem::Problem,
    provisioning::{self, Author, Wanted},
    represent::Presenter,
    request::ScimRequest,
    service::Service,
};
use crate::{
    accounts::Origin,
    scim::{Draft, Membership, MembershipChange, PatchRequest, PatchRules, json},
    store::{Kind, Record, ResourceId},
};

/// `POST /Users`
pub(crate) async fn create(
    service: &Service,
    request: &ScimRequest,
    kind: Kind,
) -> Result<Response, Problem> {
    let body = json::parse_object(&request.body)?;
    let presenter = Presenter::new(service, request, kind)?.for_write(&body);
    let draft = Draft::create(service.resource_type(kind), body)?;
    let record = provisioning::create(service, author(request), kind, draft).await?;
    answered(&presenter, StatusCode::CREATED, &record).await
}

/// `PUT /Users/ID`
pub(crate) async fn replace(
    service: &Service,
    request: &ScimRequest,
    kind: Kind,
    id: ResourceId,
) -> Result<Response, Problem> {
    let body = json::parse_object(&request.body)?;
    let presenter = Presenter::new(service, request, kind)?.for_write(&body);
    let if_match = request.if_match.as_ref();
    let record = provisioning::change(service, author(request), kind, id, if_match, |current| {
        let draft = Draft::replace(service.resource_type(kind), body.clone(), current)?;
        Ok(Wanted {
            document: draft.document,
            write_only: draft.write_only,
            membership: match kind {
                Kind::User | Kind::Other(_) => Membership::Untouched,
                Kind::Group => Membership::Change(MembershipChange::replace_all(draft.members)),
            },
        })
    })
    .await?;
    answered(&presenter, StatusCode::OK, &record).await
}

/// `PATCH /Users/ID`. A User comes back; a Group, which may have any number of members, only if the client says
/// which attributes it wants, in which case RFC 7644 section 3.5.2 demands them.
pub(crate) async fn patch(
    service: &Service,
    request: &ScimRequest,
    kind: Kind,
    id: ResourceId,
) -> Result<Response, Problem> {
    let patch = PatchRequest::parse(&request.body)?;
    let presenter = Presenter::new(service, request, kind)?;
    let if_match = request.if_match.as_ref();
    let record = provisioning::change(service, author(request), kind, id, if_match, |current| {
        let patched = patch.apply(service.resource_type(kind), current, PatchRules::default())?;
        Ok(Wanted {
            document: patched.document,
            write_only: patched.write_only,
            membership: patched.membership,
        })
    })
    .await?;
    if kind == Kind::Group && !presenter.names_attributes() {
        let location = presenter.location(id);
        return Ok(answer::resource(StatusCode::NO_CONTENT, &location, record.version, None));
    }
    answered(&presenter, StatusCode::OK, &record).await
}

/// `DELETE /Users/ID`
pub(crate) async fn delete(
    service: &Service,
    request: &ScimRequest,
    kind: Kind,
    id: ResourceId,
) -> Result<Response, Problem> {
    provisioning::delete(service, author(request), kind, id, request.if_match.as_ref()).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

fn author(request: &ScimRequest) -> Author<'_> {
    Author { tenant: &request.tenant, origin: Origin::Scim }
}

async fn answered(
    presenter: &Presenter<'_>,
    status: StatusCode,
    record: &Record,
) -> Result<Response, Problem> {
    let text = presenter.text(record).await?;
    Ok(answer::resource(status, &presenter.location(record.id), record.version, Some(text)))
}

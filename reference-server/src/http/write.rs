//! Writing: what POST, PUT, PATCH and DELETE ask for and how they are answered (RFC 7644 sections 3.3, 3.5 and
//! 3.6), alone or as operations of a bulk request. How a write happens is `provisioning`'s.

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};
use serde_json::Value;

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
    scim::{
        Draft, Error, IfMatch, Map, Membership, MembershipChange, PatchRequest, WriteOnly, compare::fold,
        json,
    },
    store::{Kind, Record, ResourceId},
};

/// What of a User its own person may change (RFC 7644 section 3.11): how to be addressed and reached. What
/// decides who one is, what one may do and whether one gets in is the provider's.
const OWN_PROFILE: [&str; 11] = [
    "addresses",
    "displayName",
    "ims",
    "locale",
    "name",
    "nickName",
    "phoneNumbers",
    "photos",
    "preferredLanguage",
    "profileUrl",
    "timezone",
];

/// How much of a resource a client may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rights {
    /// All that the schemas let clients write.
    All,
    /// What a person may change of its own User.
    OwnProfile,
}

/// `POST /Users`
pub(crate) async fn create(
    service: &Service,
    request: &ScimRequest,
    kind: Kind,
) -> Result<Response, Problem> {
    let body = json::parse_object(&request.body)?;
    let presenter = request.presenter(service, kind)?.for_write(&body);
    let record = post(service, author(request), kind, body).await?;
    answered(&presenter, StatusCode::CREATED, &record).await
}

/// `PUT /Users/ID`
pub(crate) async fn replace(
    service: &Service,
    request: &ScimRequest,
    (kind, id): (Kind, ResourceId),
    rights: Rights,
) -> Result<Response, Problem> {
    let body = json::parse_object(&request.body)?;
    let presenter = request.presenter(service, kind)?.for_write(&body);
    let write =
        Change { service, author: author(request), kind, id, if_match: request.if_match.as_ref(), rights };
    let record = write.put(&body).await?;
    answered(&presenter, StatusCode::OK, &record).await
}

/// `PATCH /Users/ID`. A User comes back; a Group, which may have any number of members, only if the client says
/// which attributes it wants, in which case RFC 7644 section 3.5.2 demands them.
pub(crate) async fn patch(
    service: &Service,
    request: &ScimRequest,
    (kind, id): (Kind, ResourceId),
    rights: Rights,
) -> Result<Response, Problem> {
    let body = json::parse(&request.body)?;
    let presenter = request.presenter(service, kind)?;
    let presenter = match patch_values(&body) {
        Some(values) => presenter.for_write(&values),
        None => presenter,
    };
    let patch = PatchRequest::from_value(body)?;
    let write =
        Change { service, author: author(request), kind, id, if_match: request.if_match.as_ref(), rights };
    let record = write.patch(&patch).await?;
    if patched_status(kind) == StatusCode::NO_CONTENT && !presenter.names_attributes() {
        let tag = presenter.tag(&record).await?;
        return Ok(answer::resource(StatusCode::NO_CONTENT, &presenter.location(id), tag, None));
    }
    answered(&presenter, StatusCode::OK, &record).await
}

/// `DELETE /Users/ID`
pub(crate) async fn delete(
    service: &Service,
    request: &ScimRequest,
    (kind, id): (Kind, ResourceId),
    rights: Rights,
) -> Result<Response, Problem> {
    if rights == Rights::OwnProfile {
        return Err(
            Error::forbidden("Whoever provisions people ends them; a person cannot end itself.").into()
        );
    }
    provisioning::delete(service, author(request), kind, id, request.if_match.as_ref()).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// For whom a request writes.
pub(crate) fn author(request: &ScimRequest) -> Author<'_> {
    Author { tenant: &request.tenant, origin: Origin::Scim }
}

/// How a PATCH without further wishes is answered.
pub(crate) fn patched_status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Group => StatusCode::NO_CONTENT,
        Kind::User | Kind::Other(_) => StatusCode::OK,
    }
}

/// Makes a resource of a body.
pub(crate) async fn post(
    service: &Service,
    author: Author<'_>,
    kind: Kind,
    body: Map,
) -> Result<Arc<Record>, Problem> {
    let mut draft = Draft::create(service.resource_type(kind), body)?;
    check_password(&draft.write_only, &draft.document)?;
    service.served(kind).tidy(&mut draft.document);
    provisioning::create(service, author, kind, draft).await
}

/// A change of a resource that is there.
#[derive(Clone, Copy)]
pub(crate) struct Change<'a> {
    pub(crate) service: &'a Service,
    pub(crate) author: Author<'a>,
    pub(crate) kind: Kind,
    pub(crate) id: ResourceId,
    pub(crate) if_match: Option<&'a IfMatch>,
    pub(crate) rights: Rights,
}

impl Change<'_> {
    /// Gives the resource the state that a body describes.
    pub(crate) async fn put(self, body: &Map) -> Result<Arc<Record>, Problem> {
        self.make(|current| {
            let draft = Draft::replace(self.service.resource_type(self.kind), body.clone(), current)?;
            Ok(Wanted {
                document: draft.document,
                write_only: draft.write_only,
                membership: match self.kind {
                    Kind::User | Kind::Other(_) => Membership::Untouched,
                    Kind::Group => Membership::Change(MembershipChange::replace_all(draft.members)),
                },
            })
        })
        .await
    }

    /// Applies operations to the resource.
    pub(crate) async fn patch(self, patch: &PatchRequest) -> Result<Arc<Record>, Problem> {
        self.make(|current| {
            let rules = self.service.rules.patch;
            let patched = patch.apply(self.service.resource_type(self.kind), current, rules)?;
            Ok(Wanted {
                document: patched.document,
                write_only: patched.write_only,
                membership: patched.membership,
            })
        })
        .await
    }

    async fn make(self, compute: impl Fn(&Map) -> Result<Wanted, Error>) -> Result<Arc<Record>, Problem> {
        let Self { service, author, kind, id, if_match, rights } = self;
        provisioning::change(service, author, kind, id, if_match, |current| {
            let mut wanted = compute(current)?;
            check_password(&wanted.write_only, &wanted.document)?;
            service.served(kind).tidy(&mut wanted.document);
            match rights {
                Rights::All => Ok(wanted),
                Rights::OwnProfile => own_profile(current, wanted),
            }
        })
        .await
    }
}

/// The password policy (RFC 7643 section 4.1.1: a new password is checked against it): not blank, and not the name
/// that everybody knows. Whoever provisions people sends random ones, so length is not this server's to judge.
fn check_password(write_only: &WriteOnly, document: &Map) -> Result<(), Error> {
    let Some(password) = write_only.password() else { return Ok(()) };
    let user_name = document.get("userName").and_then(Value::as_str).unwrap_or_default();
    if password.trim().is_empty() || fold(password) == fold(user_name) {
        return Err(Error::invalid_value("password must not be blank, nor the userName; send another one"));
    }
    Ok(())
}

fn own_profile(current: &Map, wanted: Wanted) -> Result<Wanted, Error> {
    let names = current.keys().chain(wanted.document.keys());
    let differs = |name: &&String| {
        !OWN_PROFILE.contains(&name.as_str()) && current.get(*name) != wanted.document.get(*name)
    };
    let foreign = names.into_iter().find(differs).map(String::as_str);
    match foreign.or((!wanted.write_only.is_empty()).then_some("password")) {
        None => Ok(wanted),
        Some(name) => Err(Error::forbidden(format!(
            "A person cannot change its own {name}; it can change {}.",
            OWN_PROFILE.join(", ")
        ))),
    }
}

/// The attributes that a PATCH writes, for those that are only returned to one who sent them (RFC 7643 section
/// 7, `returned`): the keys of values without a path, and what paths name.
fn patch_values(body: &Value) -> Option<Map> {
    let operations = body.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case("Operations"))?.1;
    let mut values = Map::new();
    for operation in operations.as_array()?.iter().filter_map(Value::as_object) {
        let member = |name: &str| operation.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = member("value").map(|(_, value)| value);
        match (member("path").and_then(|(_, path)| path.as_str()), value) {
            (None, Some(Value::Object(object))) => values.extend(object.clone()),
            (Some(path), Some(value)) => {
                let end = path.find('[').unwrap_or(path.len());
                let (urn, name) = path[..end].rsplit_once(':').unwrap_or(("", &path[..end]));
                let name = name.split('.').next().unwrap_or(name);
                if urn.is_empty() {
                    values.insert(name.to_owned(), value.clone());
                } else if let Value::Object(extension) =
                    values.entry(urn).or_insert_with(|| Value::Object(Map::new()))
                {
                    extension.insert(name.to_owned(), value.clone());
                }
            }
            _ => {}
        }
    }
    Some(values)
}

async fn answered(
    presenter: &Presenter<'_>,
    status: StatusCode,
    record: &Record,
) -> Result<Response, Problem> {
    let (text, tag) = presenter.text(record).await?;
    Ok(answer::resource(status, &presenter.location(record.id), tag, Some(text)))
}

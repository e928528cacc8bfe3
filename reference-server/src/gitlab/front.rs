//! The routes of a GitLab and how a request goes through them: one at a time, each told to the accounts before
//! it is answered.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{FromRef, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use futures::FutureExt;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::{
    Generation, SamlIdentity, admin,
    answer::{self, Refusal},
    filter::UserFilter,
    instance::{Instance, ScimIdentity, Scope},
    kept::Keeper,
    params,
    request::Place,
    saml,
};
use crate::{
    accounts::{AccountsError, Event, Who},
    http::app::{
        desk::{self, Desk},
        nothing_here, personal,
    },
    rate::RateLimit,
    store::{StoreError, TenantId, Turn},
};

/// Where SCIM is served, of the instance and of groups.
const BASE: &str = "/api/scim/v2";
/// How many resources a page has unless something else is asked for, and at most (M: the latter).
const USUAL_PAGE: usize = 20;
const LARGEST_PAGE: usize = 100;

/// A running GitLab.
pub(super) struct Front {
    pub(super) live: Mutex<Live>,
    pub(super) desk: Desk,
    /// The instance, as tokens and accounts know it.
    pub(super) tenant: TenantId,
    pub(super) rate: RateLimit,
}

/// The instance in memory, and where it is kept, if that is anywhere else.
pub(super) struct Live {
    pub(super) instance: Instance,
    pub(super) keeper: Option<Keeper>,
}

impl FromRef<Arc<Front>> for Desk {
    fn from_ref(front: &Arc<Front>) -> Self {
        front.desk.clone()
    }
}

/// All routes.
pub(super) fn router(front: Arc<Front>) -> Router {
    let application = Router::new()
        .merge(personal::routes())
        .merge(admin::routes())
        .merge(saml::routes())
        .method_not_allowed_fallback(desk::wrong_method);
    Router::new()
        .route(&format!("{BASE}/{{*rest}}"), any(scim))
        .nest("/app", application)
        .fallback(nothing_here)
        .with_state(front)
}

async fn scim(State(front): State<Arc<Front>>, request: Request) -> Response {
    let is_head = *request.method() == Method::HEAD;
    let answered = AssertUnwindSafe(front.answer(request)).catch_unwind().await;
    let response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(refusal)) => refusal.into_response(),
        Err(_) => Refusal::broken().into_response(),
    };
    if is_head { Response::from_parts(response.into_parts().0, Body::empty()) } else { response }
}

impl Front {
    /// Begins to serve: goes on with what is kept, in another generation if one is given, or keeps the new instance.
    pub(super) async fn begin(
        &self,
        (generation, saml_identity): (Option<Generation>, Option<SamlIdentity>),
    ) -> Result<(), StoreError> {
        let begun = self.turn(|instance| {
            instance.generation = generation.unwrap_or(instance.generation);
            instance.saml_identity = saml_identity.unwrap_or(instance.saml_identity);
        });
        begun.await.map_err(|error| StoreError::Failed(error.to_string()))
    }

    /// A turn at the instance, and what comes of it at the accounts, before anybody else has one.
    ///
    /// Where the instance is kept, the news are kept with it until the accounts have heard them: a server that ends
    /// in between leaves them to whoever has the next turn.
    pub(super) async fn turn<T>(&self, turn: impl FnOnce(&mut Instance) -> T) -> Result<T, AccountsError> {
        let mut live = self.live.lock().await;
        let live = &mut *live;
        let _turn = match &live.keeper {
            Some(keeper) => keeper.turn().await?,
            None => Turn::alone(),
        };
        live.catch_up().await?;
        self.settle(live).await?;
        live.instance.work();
        let done = turn(&mut live.instance);
        live.keep().await?;
        self.settle(live).await?;
        Ok(done)
    }

    /// A look at the instance, which changes nothing.
    pub(super) async fn look<T>(&self, look: impl FnOnce(&Instance) -> T) -> Result<T, AccountsError> {
        {
            let mut live = self.live.lock().await;
            live.catch_up().await?;
            if !live.instance.sync_is_due && live.instance.news().is_empty() {
                return Ok(look(&live.instance));
            }
        }
        self.turn(|instance| look(instance)).await
    }

    /// Tells the accounts what they have to hear.
    async fn settle(&self, live: &mut Live) -> Result<(), AccountsError> {
        if live.instance.news().is_empty() {
            return Ok(());
        }
        for event in live.instance.news().to_vec() {
            // Somebody else may have told it, and not have come to say so.
            let is_told = match &event {
                Event::Provisioned(person) if live.keeper.is_some() => {
                    let who = Who::Resource(person.resource);
                    self.desk.accounts.account(&self.tenant, who).await?.is_some()
                }
                _ => false,
            };
            if !is_told {
                self.desk.accounts.apply(&self.tenant, event).await?;
            }
        }
        live.instance.take_news();
        live.keep().await
    }

    async fn answer(&self, request: Request) -> Result<Response, Refusal> {
        let (parts, body) = request.into_parts();
        let place = Place::parse(parts.uri.path().strip_prefix(BASE).unwrap_or_default())?;
        place.check_method(&parts.method)?;
        if parts.method == Method::OPTIONS {
            // (M)
            let mut response = answer::no_content();
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(place.allow()));
            return Ok(response);
        }
        let Ok(body) = axum::body::to_bytes(body, self.desk.body).await else {
            return Err(Refusal::framework(413, "413 Payload Too Large"));
        };
        // The body is read before the token is looked at, since the token may be in it.
        let params = params::read(parts.uri.query(), &parts.headers, &body)?;
        let is_authorised = self.is_authorised(&place, &parts.headers, &params).await?;
        if parts.method.is_safe() {
            return self
                .look(|instance| {
                    self.admit(&place, is_authorised, instance)?;
                    Self::show(&place, &params, instance)
                })
                .await?;
        }
        self.turn(|instance| {
            self.admit(&place, is_authorised, instance)?;
            Self::carry_out(&place, &parts.method, &params, instance)
        })
        .await?
    }

    fn show(place: &Place, params: &Map<String, Value>, instance: &Instance) -> Result<Response, Refusal> {
        match place {
            Place::Users(scope) => Self::users(instance, scope, params),
            Place::User(scope, id) => {
                let identity = instance.known_identity(scope, id)?;
                Ok(answer::json(StatusCode::OK, &Self::user(instance, identity)))
            }
            Place::Groups | Place::Group(_) => Self::show_groups(place, params, instance),
        }
    }

    fn carry_out(
        place: &Place,
        method: &Method,
        params: &Map<String, Value>,
        instance: &mut Instance,
    ) -> Result<Response, Refusal> {
        match place {
            Place::Users(scope) => {
                let identity = instance.provision(scope, params)?;
                Ok(answer::json(StatusCode::CREATED, &Self::user(instance, identity)))
            }
            Place::User(scope, id) => {
                let identity = instance.known_identity(scope, id)?;
                if *method == Method::PATCH {
                    instance.patch(identity, params)?;
                } else {
                    // No delete: the identity stays, and a second time is answered like the first.
                    instance.deprovision(identity)?;
                }
                Ok(answer::no_content())
            }
            Place::Groups | Place::Group(_) => Self::carry_out_on_groups(place, method, params, instance),
        }
    }

    fn user(instance: &Instance, place: usize) -> Value {
        instance.identities.get(place).map_or(Value::Null, |found| instance.shown(found))
    }

    /// A list of Users: of all who have a SCIM identity, the inactive ones too.
    fn users(instance: &Instance, scope: &Scope, params: &Map<String, Value>) -> Result<Response, Refusal> {
        let filter = UserFilter::parse(&params::text(params, "filter").unwrap_or_default())?;
        let found: Vec<&ScimIdentity> = match filter {
            None => instance.identities.iter().filter(|identity| identity.scope == *scope).collect(),
            Some(filter) => {
                let place = instance.find(scope, &filter);
                place.and_then(|place| instance.identities.get(place)).into_iter().collect()
            }
        };
        // The parameter has no type here: what was sent comes back as it was sent, as text (M).
        let start = params.get("startIndex").cloned();
        let number = |name: &str| params::text(params, name).and_then(|text| text.trim().parse::<i64>().ok());
        let page = Page::new(number("startIndex"), number("count"));
        let shown = page.of(&found).map(|identity| instance.shown(identity));
        Ok(list(found.len(), &page, &start.unwrap_or(Value::from(1)), &shown.collect::<Vec<_>>()))
    }
}

impl Live {
    /// Takes over what other servers have changed.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        if let Some(keeper) = &mut self.keeper
            && let Some(instance) = keeper.read().await?
        {
            self.instance = instance;
        }
        Ok(())
    }

    /// Keeps what has changed. If that fails, or is broken off, the instance is read anew before it is used again.
    async fn keep(&mut self) -> Result<(), AccountsError> {
        let Some(keeper) = &mut self.keeper else { return Ok(()) };
        let seen = keeper.distrust();
        let mut news = Vec::new();
        for event in self.instance.take_news() {
            news.push(event.hardened().await?);
        }
        for event in news {
            self.instance.tell(event);
        }
        Ok(keeper.write(&self.instance, seen).await?)
    }
}

impl Instance {
    fn known_identity(&self, scope: &Scope, id: &str) -> Result<usize, Refusal> {
        let unknown = || Refusal::scim(404, format!("Resource {id} not found"));
        self.identity(scope, id).ok_or_else(unknown)
    }

    fn find(&self, scope: &Scope, filter: &UserFilter) -> Option<usize> {
        match filter {
            UserFilter::ExternUid(uid) => self.identity(scope, uid),
            UserFilter::UserName(name) => self.identity(scope, name).or_else(|| {
                let local = name.split_once('@').map(|(local, _)| local);
                let by_email = || {
                    let local = local?;
                    self.user_by_email(name).or_else(|| self.user_by_username(local))
                };
                let user = self.user_by_username(name).or_else(by_email)?;
                self.identity_of(scope, user)
            }),
        }
    }
}

/// Which part of a list is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    skipped: usize,
    pub(super) size: usize,
}

impl Page {
    /// What is missing, no number, or below 1 is 1 and 20, so that a count of 0 gives up to 20; more than 100 is
    /// 100.
    pub(super) fn new(start: Option<i64>, count: Option<i64>) -> Self {
        let positive = |number: Option<i64>| number.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
        Self {
            skipped: positive(start).map_or(0, |start| start - 1),
            size: positive(count).map_or(USUAL_PAGE, |count| count.min(LARGEST_PAGE)),
        }
    }

    /// The part.
    pub(super) fn of<'a, T>(&self, all: &'a [T]) -> impl Iterator<Item = &'a T> {
        all.iter().skip(self.skipped).take(self.size)
    }
}

/// The answer to a query. `itemsPerPage` is the size of the page and not of what is on it.
pub(super) fn list(total: usize, page: &Page, start: &Value, resources: &[Value]) -> Response {
    answer::json(
        StatusCode::OK,
        &json!({
            "schemas": [crate::scim::list::URN],
            "totalResults": total,
            "itemsPerPage": page.size,
            "startIndex": start,
            "Resources": resources,
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_20_long_unless_it_is_asked_for_otherwise_and_100_at_most() {
        let sizes = [(None, 20), (Some(0), 20), (Some(-3), 20), (Some(2), 2), (Some(1000), 100)];
        for (count, size) in sizes {
            assert_eq!(Page::new(None, count).size, size, "{count:?}");
        }
        let all = [1, 2, 3];
        for (start, first) in [
            (None, Some(&1)),
            (Some(0), Some(&1)),
            (Some(-5), Some(&1)),
            (Some(3), Some(&3)),
            (Some(4), None),
        ] {
            assert_eq!(Page::new(start, None).of(&all).next(), first, "{start:?}");
        }
    }
}

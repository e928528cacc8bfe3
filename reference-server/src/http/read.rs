//! Reading: one resource by its id, and what a search finds (RFC 7644 sections 3.4.1 to 3.4.3). How it is found
//! is `search`'s.

use std::fmt::Write as _;

use axum::{http::StatusCode, response::Response};

use super::{
    answer,
    endpoint::Scope,
    problem::Problem,
    represent::Presenter,
    request::ScimRequest,
    search::{Finder, Found},
    service::Service,
};
use crate::{
    scim::{
        Error, ScimType, SearchRequest, Window,
        cursor::{Direction, Seal},
        json, list,
    },
    store::{Kind, Record, ResourceId, StoreError},
};

/// For how many resources of a page the store is asked at once what they show of others.
const AT_ONCE: usize = 100;

/// `GET /Users/ID`
pub(crate) async fn one(
    service: &Service,
    request: &ScimRequest,
    kind: Kind,
    id: ResourceId,
) -> Result<Response, Problem> {
    let presenter = request.presenter(service, kind)?;
    let record = service.store.read(&request.tenant, kind, id).await?;
    let record = record.ok_or(StoreError::NotFound { kind, id })?;
    let location = presenter.location(id);
    if let Some(condition) = &request.if_none_match {
        let tag = presenter.tag(&record).await?;
        if condition.has(tag) {
            return Ok(answer::resource(StatusCode::NOT_MODIFIED, &location, tag, None));
        }
    }
    let (text, tag) = presenter.text(&record).await?;
    Ok(answer::resource(StatusCode::OK, &location, tag, Some(text)))
}

/// `GET /Users`, and `GET /` for all resource types.
pub(crate) async fn list(
    service: &Service,
    request: &ScimRequest,
    scope: Scope,
) -> Result<Response, Problem> {
    let search = SearchRequest::new(&request.query, service.limits.page_size())?;
    found(service, request, scope, &search).await
}

/// `POST /Users/.search`, and `POST /.search` for all resource types.
pub(crate) async fn search(
    service: &Service,
    request: &ScimRequest,
    scope: Scope,
) -> Result<Response, Problem> {
    let search = SearchRequest::from_body(json::parse_object(&request.body)?, service.limits.page_size())?;
    found(service, request, scope, &search).await
}

/// Everyone is found, whatever `active` says: a provider that cannot find a deactivated person makes a second
/// one.
async fn found(
    service: &Service,
    request: &ScimRequest,
    scope: Scope,
    search: &SearchRequest,
) -> Result<Response, Problem> {
    let kinds: Vec<Kind> = match scope {
        Scope::Type(kind) => vec![kind],
        Scope::All => service.types.iter().map(|served| served.kind).collect(),
    };
    let presenter = |kind: &Kind| request.presenter_of(service, *kind, search.projection.clone());
    let presenters: Vec<Presenter<'_>> = kinds.iter().map(presenter).collect();
    let (filter, sort) = (search.filter.as_ref(), search.sort.as_ref());
    let deepest = service.limits.filter_depth;
    if filter.is_some_and(|filter| filter.depth() > deepest) {
        return Err(
            Error::invalid_filter(format!("A filter may have {deepest} levels here, no more.")).into()
        );
    }
    let finder = Finder::new(service, &request.tenant, &presenters, filter, sort)?;
    match &search.window {
        Window::Index(paging) => {
            let found = finder.page(*paging).await?;
            let position = format!(r#""startIndex":{},"#, paging.start_index);
            respond(&presenters, &found, &position).await
        }
        Window::Cursor { cursor, count } => {
            let identity = &search.identity;
            let types = format!("{scope:?}");
            let query = [request.tenant.as_str(), &types, &identity[0], &identity[1], &identity[2]];
            let seal = Seal::new(request.credential.as_bytes(), &query);
            let now = service.clock.now().epoch_seconds();
            let (found, count) = match cursor {
                None => {
                    let count = count.unwrap_or(service.limits.page_size().default);
                    (finder.first(count).await?, count)
                }
                Some(cursor) => {
                    let cursor = seal.open(cursor, now)?;
                    check_count(*count, cursor.count)?;
                    (finder.at(&cursor).await?, usize::try_from(cursor.count).unwrap_or(usize::MAX))
                }
            };
            let expires = now.saturating_add(service.limits.cursor_seconds);
            respond(&presenters, &found, &cursors(&found, count, &seal, expires)).await
        }
    }
}

/// RFC 9865 section 2.1: a page has as many resources as the first one had.
fn check_count(given: Option<usize>, first: u32) -> Result<(), Error> {
    match given {
        Some(given) if u32::try_from(given) != Ok(first) => {
            let detail = format!("count has to be {first}, as in the first request, or be left out");
            Err(Error::new(400, Some(ScimType::InvalidCount), detail))
        }
        _ => Ok(()),
    }
}

/// The ways on and back. RFC 9865 section 2: there is none on from the last page, and none back from the first.
fn cursors(found: &Found, count: usize, seal: &Seal, expires: u64) -> String {
    let (Some(first), Some(last)) = (found.hits.first(), found.hits.last()) else { return String::new() };
    let mut text = String::new();
    if found.more {
        let rank = found.rank + found.hits.len() as u64;
        let cursor = last.cursor(Direction::Forwards, rank, found.total, count);
        // Writing to a string cannot fail.
        _ = write!(text, r#""nextCursor":"{}","#, seal.close(&cursor, expires));
    }
    if found.rank > 0 {
        let cursor = first.cursor(Direction::Backwards, found.rank, found.total, count);
        _ = write!(text, r#""previousCursor":"{}","#, seal.close(&cursor, expires));
    }
    text
}

async fn respond(presenters: &[Presenter<'_>], found: &Found, position: &str) -> Result<Response, Problem> {
    let mut body = format!(
        r#"{{"schemas":["{}"],"totalResults":{},{position}"itemsPerPage":{},"Resources":["#,
        list::URN,
        found.total,
        found.hits.len(),
    );
    let mut is_first = true;
    // Not all at once: the members of all groups of a page may be many more than the texts of a few.
    for hits in found.hits.chunks(AT_ONCE) {
        for (source, presenter) in presenters.iter().enumerate() {
            let records: Vec<&Record> =
                hits.iter().filter(|hit| hit.source == source).map(|hit| &*hit.record).collect();
            presenter.prepare_texts(&records).await?;
        }
        for hit in hits {
            let Some(presenter) = presenters.get(hit.source) else { continue };
            if !is_first {
                body.push(',');
            }
            is_first = false;
            body.push_str(&presenter.text(&hit.record).await?.0);
        }
    }
    body.push_str("]}");
    Ok(answer::json(StatusCode::OK, body))
}

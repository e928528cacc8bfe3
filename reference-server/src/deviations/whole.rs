//! Lists as a whole: all that a search finds, gathered page by page, and the part of it that was asked for.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    tenancy::Tenancy,
    wire::{Answer, Wire},
};
use crate::store::TenantId;

/// The most that a page of the correct server has, and as many as one gets who does not say.
const PAGE: (usize, usize) = (200, 100);

/// All that a search finds, on behalf of the client or of a tenant; else the answer that is none.
pub(super) async fn whole(
    wire: Wire,
    tenant: Option<(&Tenancy, &TenantId)>,
) -> (Wire, Result<Vec<Value>, Answer>) {
    let mut all = Vec::new();
    let mut wire = wire.with_parameter("count", Some(&PAGE.0.to_string()));
    loop {
        let start = (all.len() + 1).to_string();
        wire = wire.with_parameter("startIndex", Some(&start));
        let answer = match tenant {
            Some((tenancy, tenant)) => tenancy.go_as(&mut wire, tenant).await,
            None => wire.go().await,
        };
        let page = answer.json().filter(|_| answer.status == StatusCode::OK);
        let Some(resources) = page.as_ref().and_then(|page| page["Resources"].as_array()) else {
            return (wire, Err(answer));
        };
        all.extend(resources.iter().cloned());
        let total = page.as_ref().and_then(|page| page["totalResults"].as_u64()).unwrap_or_default();
        if resources.is_empty() || all.len() as u64 >= total {
            return (wire, Ok(all));
        }
    }
}

/// The answer with this part of all resources in it (RFC 7644 section 3.4.2.4).
pub(super) fn part(mut answer: Answer, all: Vec<Value>, start: Option<i64>, count: Option<i64>) -> Answer {
    let start = usize::try_from(start.unwrap_or(1)).unwrap_or(1).max(1);
    let count = count.map_or(PAGE.1, |count| usize::try_from(count).unwrap_or(0)).min(PAGE.0);
    let total = all.len();
    let resources: Vec<Value> = all.into_iter().skip(start - 1).take(count).collect();
    answer.edit(|list| {
        list["totalResults"] = json!(total);
        list["startIndex"] = json!(start);
        list["itemsPerPage"] = json!(resources.len());
        list["Resources"] = json!(resources);
    });
    answer
}

/// The answer with all of them in it.
pub(super) fn entire(mut answer: Answer, all: &[Value]) -> Answer {
    answer.edit(|list| {
        list["totalResults"] = json!(all.len());
        list["itemsPerPage"] = json!(all.len());
        list["Resources"] = json!(all);
    });
    answer
}

//! Removes what a run made and nothing else: by id, or, where an answer was lost, by the exact name that only this run
//! uses.

use http::Method;
use percent_encoding::utf8_percent_encode;
use scimspec_mock_idp::exchange::{Exchange, Origin, Request, Wire};
use serde_json::Value;

use super::Setting;
use super::answer::describe;
use super::ledger::{EntryId, Made, Tenant};
use super::names::RunId;
use super::recorder::retry_after;
use crate::secrets::URL_VALUE;

/// Something that could not be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// `/Users` or `/Groups`.
    pub endpoint: String,
    /// Its name.
    pub name: String,
    /// Its id, if known.
    pub id: Option<String>,
    /// Why it is still there.
    pub why: String,
}

/// Waits for a 429 this often; then the thing is left over.
const ATTEMPTS: usize = 4;

/// Removes what one story made.
pub async fn story(number: usize, setting: &Setting) -> Vec<Leftover> {
    setting.administration.take_back(Some(number), setting).await;
    remove(setting.ledger.of_story(Some(number)), setting).await
}

/// Removes all that is left.
pub async fn everything(setting: &Setting) -> Vec<Leftover> {
    setting.administration.take_back(None, setting).await;
    remove(setting.ledger.of_story(None), setting).await
}

/// Removes these things, noting in the ledger what is gone.
async fn remove(entries: Vec<(EntryId, Made)>, setting: &Setting) -> Vec<Leftover> {
    let mut leftovers = Vec::new();
    for (entry, made) in entries {
        let wire = match (made.tenant, &setting.other) {
            (Tenant::Other, Some(other)) => &**other,
            _ => &*setting.wire,
        };
        match remove_one(&made, &setting.run, wire).await {
            Ok(()) => setting.ledger.gone(entry),
            Err(why) => {
                leftovers.push(Leftover { endpoint: made.endpoint, name: made.name, id: made.id, why });
            }
        }
    }
    leftovers
}

/// Removes one thing that a run made; that it is not there is as good.
pub async fn remove_one(made: &Made, run: &RunId, wire: &dyn Wire) -> Result<(), String> {
    let ids = match &made.id {
        Some(id) => vec![id.clone()],
        None => look_up(made, run, wire).await?,
    };
    let mut gone_already = false;
    for id in &ids {
        gone_already |= delete(made, id, wire).await? == 404;
    }
    if !gone_already || !run.made(&made.name) {
        return Ok(());
    }
    // "Not found" may also mean that the server took the address for another one: then it is still found by name.
    match look_up(made, run, wire).await?.first() {
        None => Ok(()),
        Some(id) if ids.contains(id) => {
            Err("DELETE answers 404, and it is still found by its name".to_owned())
        }
        Some(id) => delete(made, id, wire).await.map(drop),
    }
}

/// The status of a deletion that did what it should, or found nothing to do.
async fn delete(made: &Made, id: &str, wire: &dyn Wire) -> Result<u16, String> {
    let target = format!("{}/{}", made.endpoint, utf8_percent_encode(id, URL_VALUE));
    let exchange = send(wire, Request::scim(Method::DELETE, target)).await;
    match &exchange.result {
        Ok(answer) if answer.is_success() || answer.status == 404 => Ok(answer.status),
        Ok(answer) => Err(format!("DELETE: {}", describe(answer))),
        Err(broken) => Err(format!("DELETE: {broken}")),
    }
}

/// The ids of what has exactly this name. Only a name with the run's mark is looked up: any other could be somebody's who
/// had it before (a scenario of a user's own may name anyone).
async fn look_up(made: &Made, run: &RunId, wire: &dyn Wire) -> Result<Vec<String>, String> {
    if !run.made(&made.name) {
        return Err("no answer told its id, and its name is not one that only this run uses: look whether it is there, \
            and remove it by hand"
            .to_owned());
    }
    of_name(made, wire).await
}

/// The ids of what has exactly this name.
async fn of_name(made: &Made, wire: &dyn Wire) -> Result<Vec<String>, String> {
    let attribute = if made.endpoint == "/Users" { "userName" } else { "displayName" };
    let filter = format!("{attribute} eq {}", Value::from(made.name.as_str()));
    let target = format!("{}?filter={}", made.endpoint, utf8_percent_encode(&filter, URL_VALUE));
    let exchange = send(wire, Request::scim(Method::GET, target)).await;
    let answer = match &exchange.result {
        Ok(answer) if answer.is_success() => answer,
        // Okta's pages let a server answer 404 where nothing matches.
        Ok(answer) if answer.status == 404 => return Ok(Vec::new()),
        Ok(answer) => return Err(format!("looking it up by {attribute}: {}", describe(answer))),
        Err(broken) => return Err(format!("looking it up by {attribute}: {broken}")),
    };
    let json = answer.json().unwrap_or_default();
    let resources = json.get("Resources").and_then(Value::as_array);
    if resources.is_none() && json.get("totalResults").and_then(Value::as_u64) != Some(0) {
        return Err(format!("looking it up by {attribute}: the answer is no list"));
    }
    let mine = resources.into_iter().flatten().filter(|resource| {
        // A server that ignores the filter must not cost anybody their account.
        resource
            .get(attribute)
            .and_then(Value::as_str)
            .is_some_and(|name| name.eq_ignore_ascii_case(&made.name))
    });
    Ok(mine.filter_map(|resource| resource.get("id")?.as_str().map(str::to_owned)).collect())
}

async fn send(wire: &dyn Wire, request: Request) -> Exchange {
    let request = request.header("Accept", "application/scim+json");
    let mut exchange = wire.send(Origin::Cleanup, request.clone()).await;
    for _ in 1..ATTEMPTS {
        let Some(time) = retry_after(&exchange) else { break };
        tokio::time::sleep(time).await;
        exchange = wire.send(Origin::Cleanup, request.clone()).await;
    }
    exchange
}

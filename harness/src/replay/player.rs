//! One server that a recording is replayed on: sends what can be sent, learns which id is which, and never touches what
//! the replay did not make.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use http::Method;
use percent_encoding::utf8_percent_encode;
use scimspec_mock_idp::exchange::{Answer, Destination, Exchange, Origin, Request};
use scimspec_mock_idp::recording::Entry;
use scimspec_mock_idp::recording::rebind::{Learned, Named, Rebinding, ResourceId, Shown, Where, member};
use serde_json::Value;

use super::deed::{Deed, Doing};
use super::guard;
use super::prepare::Preparer;
use super::survey::Survey;
use super::unique::Unique;
use super::{Options, Room};
use crate::runner::names::Names;
use crate::runner::recorder::retry_after;
use crate::secrets::URL_VALUE;

/// All waits for 429 of one request together; then the 429 stands.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// The media type of SCIM (RFC 7644, section 3.1).
const SCIM_JSON: &str = "application/scim+json";

/// A server, and what is known of it.
pub(super) struct Player<'a> {
    room: &'a Room<'a>,
    survey: &'a Survey,
    touch_all: bool,
    guarded: bool,
    /// Makes requests ready.
    pub(super) preparer: Preparer,
    /// Which recorded id is which of this server.
    pub(super) rebinding: Rebinding,
    made: HashSet<ResourceId>,
    /// Names of resources that the replay made, in lower case.
    names_made: HashSet<(String, String)>,
    /// Recorded resources that have no counterpart, and why.
    lost: HashMap<ResourceId, Lost>,
}

/// Why a recorded resource has no counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// The recording made it, and this server did not.
    NotMade,
    /// It was there before the recording began, and is not on this server.
    NotThere,
}

/// What became of a recorded request.
pub(super) enum Played {
    /// It was sent.
    Sent(Box<Sent>),
    /// It was not sent, and why.
    Skipped(Skip),
}

/// An exchange with the new server.
pub(super) struct Sent {
    /// The exchange.
    pub(super) exchange: Exchange,
    /// The body of its answer, if it is JSON.
    pub(super) json: Option<Value>,
    /// What its answer told about ids.
    pub(super) learned: Vec<Learned>,
}

/// What a lookup by a name tells.
enum Holder {
    /// The server says that nobody has it.
    Nobody,
    /// This id has it.
    One(String),
    /// More than one has it.
    Several,
    /// The server does not say.
    Unclear,
}

/// Why a recorded request was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Skip {
    /// It names a resource that has no counterpart.
    NoCounterpart(ResourceId, Lost),
    /// It would change a resource that the replay did not make.
    NotOurs(ResourceId),
    /// It would make somebody of a name that somebody has there already.
    NameTaken(String),
    /// It would change something that cannot be undone.
    CannotBeUndone,
    /// What it would change cannot be told.
    Unclear,
    /// Its recorded answer was 429: its sender sent it again.
    RateLimited,
    /// It did not go below the recorded base URL.
    Elsewhere,
}

impl<'a> Player<'a> {
    /// A server of which nothing is known yet.
    pub(super) fn new(room: &'a Room<'a>, survey: &'a Survey, options: &Options) -> Self {
        let mark = Names::new(room.run, room.story, room.domain).mark();
        let unique = options.unique.then(|| Unique::new(survey.names_to_mark(), mark));
        Self {
            room,
            survey,
            touch_all: room.alone || options.change_existing,
            // Unique names are nobody's, and on a server of our own there is nobody.
            guarded: !room.alone && !options.unique,
            preparer: Preparer::new(room, &options.set, unique),
            rebinding: Rebinding::new(survey.base.as_ref(), room.base),
            made: HashSet::new(),
            names_made: HashSet::new(),
            lost: HashMap::new(),
        }
    }

    /// Sends a recorded request, if it can be sent.
    pub(super) async fn play(&mut self, entry: &Entry, doing: Option<&Doing>) -> Played {
        let recorded = entry.exchange.result.as_ref().ok();
        let Some(doing) = doing else { return Played::Skipped(Skip::Elsewhere) };
        if recorded.is_some_and(|answer| answer.status == 429) {
            return Played::Skipped(Skip::RateLimited);
        }
        let request = self.preparer.request(entry);
        let request = match self.rebound(request, doing, recorded).await {
            Ok(request) => request,
            Err(skip) => {
                self.not_made(doing, recorded);
                return Played::Skipped(skip);
            }
        };
        let exchange = self.send(Origin::Idp, request).await;
        let json = exchange.result.as_ref().ok().and_then(Answer::json);
        let learned = self.learn(entry, doing, &exchange, json.as_ref());
        Played::Sent(Box::new(Sent { exchange, json, learned }))
    }

    /// Reads a resource of this server, by its recorded id.
    pub(super) async fn look(&mut self, resource: &ResourceId) -> Option<Exchange> {
        let id = self.rebinding.of(resource)?;
        let target = format!("{}/{}", resource.endpoint, utf8_percent_encode(id, URL_VALUE));
        let request = Request::scim(Method::GET, target).header("Accept", SCIM_JSON);
        Some(self.send(Origin::Request, request).await)
    }

    /// Whether the replay made the counterpart of a recorded resource.
    pub(super) fn has_made(&self, recorded: &ResourceId) -> bool {
        let id = self.rebinding.of(recorded);
        id.is_some_and(|id| self.made.contains(&ResourceId::at(&recorded.endpoint, id)))
    }

    /// Says that the counterpart of a recorded resource is not there (any more).
    pub(super) fn lose(&mut self, recorded: &ResourceId) {
        self.lost.entry(recorded.clone()).or_insert(Lost::NotMade);
    }

    async fn rebound(
        &mut self,
        request: Request,
        doing: &Doing,
        recorded: Option<&Answer>,
    ) -> Result<Request, Skip> {
        let first = self.rebinding.request(&request);
        let mut found = false;
        for named in first.named.iter().filter(|named| named.bound.is_none()) {
            found |= self.counterpart(named, doing, recorded).await?;
        }
        let rebound = if found { self.rebinding.request(&request) } else { first };
        let guarded = self.guarded;
        if doing.writes && (!self.touch_all || guarded) {
            let refused = recorded.is_some_and(|answer| !answer.is_success());
            // As it will be sent: a suite's targets are known only once they are filled in.
            let requests = Doing::of(&rebound.request).as_ref().and_then(guard::single_requests);
            if !self.touch_all {
                let requests = requests.as_ref().ok_or(Skip::Unclear)?;
                self.may_be_written(&rebound.named, requests, refused).await?;
            }
            let creates = requests.iter().flatten().filter(|doing| doing.deed == Deed::Create);
            for create in creates.filter(|_| guarded) {
                self.name_is_free(create).await?;
            }
        }
        Ok(rebound.request)
    }

    /// Looks for the counterpart of a recorded resource that has none yet. Whether there is one now; an error if the
    /// request cannot be sent without.
    async fn counterpart(
        &mut self,
        named: &Named,
        doing: &Doing,
        recorded: Option<&Answer>,
    ) -> Result<bool, Skip> {
        let resource = &named.resource;
        let writes_it = doing.writes && matches!(named.place, Where::Path | Where::BulkPath);
        // The id of this server itself: a suite captured it.
        if self.made.contains(resource) {
            return Ok(false);
        }
        // The groups that a person shows are read-only (RFC 7643, section 4.1.2): whoever sends them back means nothing.
        if named.place == Where::Body && resource.endpoint == "/Groups" && doing.of_people() {
            return Ok(false);
        }
        if let Some(lost) = self.lost.get(resource) {
            return Err(Skip::NoCounterpart(resource.clone(), *lost));
        }
        if !self.survey.shows(resource) {
            let nobody = recorded.is_none_or(|answer| !answer.is_success());
            // An id that nobody ever had: it asks what happens then. A short one may be somebody's on this server.
            return match named.place {
                Where::Filter => Ok(false),
                _ if nobody && (!writes_it || resource.is_distinctive() || self.touch_all) => Ok(false),
                Where::Path if !doing.writes => Ok(false),
                _ => {
                    self.lost.insert(resource.clone(), Lost::NotThere);
                    Err(Skip::NoCounterpart(resource.clone(), Lost::NotThere))
                }
            };
        }
        // The recording makes it later: until then it is nowhere.
        if self.survey.made_it(resource) {
            let asks = named.place == Where::Filter || !doing.writes;
            return if asks { Ok(false) } else { Err(Skip::NoCounterpart(resource.clone(), Lost::NotMade)) };
        }
        let name = self.survey.name_of(resource).map(|(attribute, name)| (attribute, name.to_owned()));
        if let Some((attribute, name)) = name
            && let Some(id) = self.find(&resource.endpoint, attribute, &name).await
        {
            self.rebinding.bind(resource.clone(), &id);
            return Ok(true);
        }
        self.lost.insert(resource.clone(), Lost::NotThere);
        Err(Skip::NoCounterpart(resource.clone(), Lost::NotThere))
    }

    /// The id of what has exactly this name on this server, if it is one.
    async fn find(&self, endpoint: &str, attribute: &str, name: &str) -> Option<String> {
        match self.holder(endpoint, attribute, name).await {
            Holder::One(id) => Some(id),
            Holder::Nobody | Holder::Several | Holder::Unclear => None,
        }
    }

    /// Who has exactly this name on this server.
    async fn holder(&self, endpoint: &str, attribute: &str, name: &str) -> Holder {
        let filter = format!("{attribute} eq {}", Value::from(name));
        let target = format!("{endpoint}?filter={}", utf8_percent_encode(&filter, URL_VALUE));
        let request = Request::scim(Method::GET, target).header("Accept", SCIM_JSON);
        let exchange = self.send(Origin::Preflight, request).await;
        let answer = exchange.result.as_ref().ok().filter(|answer| answer.is_success());
        let Some(json) = answer.and_then(Answer::json) else { return Holder::Unclear };
        let Some(listed) = member(&json, "Resources").and_then(Value::as_array) else {
            let empty = member(&json, "totalResults").and_then(Value::as_u64) == Some(0);
            return if empty { Holder::Nobody } else { Holder::Unclear };
        };
        // A server that ignores the filter must not have somebody else taken for the one who was asked for.
        let mut same = listed.iter().filter(|resource| {
            let found = member(resource, attribute).and_then(Value::as_str);
            found.is_some_and(|found| found.to_lowercase() == name.to_lowercase())
        });
        match (same.next(), same.next()) {
            // Whoever is beyond the first page may have it.
            (None, _) if listed.is_empty() => Holder::Nobody,
            (None, _) => Holder::Unclear,
            (Some(_), Some(_)) => Holder::Several,
            (Some(one), None) => member(one, "id")
                .and_then(Value::as_str)
                .map_or(Holder::Unclear, |id| Holder::One(id.to_owned())),
        }
    }

    /// Refuses a write to what the replay did not make: the ids that the request names, and the requests that it
    /// consists of.
    async fn may_be_written(&self, named: &[Named], requests: &[Doing], refused: bool) -> Result<(), Skip> {
        for named in named.iter().filter(|named| matches!(named.place, Where::Path | Where::BulkPath)) {
            let resource = &named.resource;
            let ours = match &named.bound {
                Some(id) => self.made.contains(&ResourceId::at(&resource.endpoint, id)),
                None if self.made.contains(resource) => true,
                // What was refused because there is no such thing is to be refused again. But a refusal may have had
                // another reason, and where nothing is recorded the id may be somebody's too.
                None => refused && resource.is_distinctive() && self.is_nowhere(resource).await,
            };
            if !ours {
                return Err(Skip::NotOurs(resource.clone()));
            }
        }
        let undone = |doing: &Doing| match doing.deed {
            Deed::Create => {
                self.room.endpoints.iter().any(|known| known.eq_ignore_ascii_case(&doing.endpoint))
            }
            _ => !doing.writes || doing.about.is_some(),
        };
        if requests.iter().all(undone) { Ok(()) } else { Err(Skip::CannotBeUndone) }
    }

    /// Whether this server says that it has nothing by this id.
    async fn is_nowhere(&self, resource: &ResourceId) -> bool {
        let target = format!("{}/{}", resource.endpoint, utf8_percent_encode(&resource.id, URL_VALUE));
        let request = Request::scim(Method::GET, target).header("Accept", SCIM_JSON);
        let exchange = self.send(Origin::Preflight, request).await;
        exchange.result.is_ok_and(|answer| matches!(answer.status, 400 | 404 | 410))
    }

    /// Refuses to make what is there already: a server that takes the one for the other would have somebody's account
    /// changed, and removed in the end.
    async fn name_is_free(&mut self, create: &Doing) -> Result<(), Skip> {
        let endpoint = &create.endpoint;
        let attribute = if create.of_people() { "userName" } else { "displayName" };
        let name = create.json.as_ref().and_then(|body| member(body, attribute)).and_then(Value::as_str);
        let Some(name) = name else { return Ok(()) };
        let key = (endpoint.clone(), name.to_lowercase());
        if self.names_made.contains(&key) {
            return Ok(());
        }
        match self.holder(endpoint, attribute, name).await {
            Holder::One(id) if self.made.contains(&ResourceId::at(endpoint, &id)) => {}
            Holder::One(_) | Holder::Several => return Err(Skip::NameTaken(name.to_owned())),
            Holder::Nobody | Holder::Unclear => {}
        }
        Ok(())
    }

    async fn send(&self, origin: Origin, request: Request) -> Exchange {
        let mut waited = Duration::ZERO;
        loop {
            let exchange = self.room.wire.send(origin, request.clone()).await;
            match retry_after(&exchange) {
                Some(time) if waited + time <= LONGEST_WAIT => {
                    tokio::time::sleep(time).await;
                    waited += time;
                }
                _ => return exchange,
            }
        }
    }

    fn learn(
        &mut self,
        entry: &Entry,
        doing: &Doing,
        exchange: &Exchange,
        json: Option<&Value>,
    ) -> Vec<Learned> {
        let recorded = entry.exchange.result.as_ref().ok();
        let new = exchange.result.as_ref().ok();
        let made = new.filter(|answer| answer.is_success() && doing.deed == Deed::Create);
        if made.is_some() {
            self.note_made(doing, exchange, json);
        }
        let mut learned = Vec::new();
        if let (Some(recorded), Some(new)) = (recorded, new) {
            let expected = self.preparer.expected(recorded);
            let shown = Shown { answer: recorded, json: expected.as_ref() };
            learned = self.rebinding.learn(&doing.target, shown, Shown { answer: new, json });
        }
        let ours = |learned: &&Learned| {
            made.is_some() || (doing.deed == Deed::Bulk && self.survey.made_it(&learned.recorded))
        };
        let ids = learned
            .iter()
            .filter(ours)
            .map(|learned| ResourceId::at(&learned.recorded.endpoint, &learned.new));
        self.made.extend(ids);
        for learned in &learned {
            self.lost.remove(&learned.recorded);
        }
        if made.is_none() {
            self.not_made(doing, recorded);
        }
        learned
    }

    fn note_made(&mut self, doing: &Doing, exchange: &Exchange, json: Option<&Value>) {
        let id = json.and_then(|json| member(json, "id")).and_then(Value::as_str);
        if let Some(id) = id {
            self.made.insert(ResourceId::at(&doing.endpoint, id));
        }
        let attribute = if doing.of_people() { "userName" } else { "displayName" };
        let body = exchange.request.body.as_ref().and_then(|body| serde_json::from_slice::<Value>(body).ok());
        if let Some(name) = body.as_ref().and_then(|body| member(body, attribute)).and_then(Value::as_str) {
            self.names_made.insert((doing.endpoint.clone(), name.to_lowercase()));
        }
    }

    /// What the recording made and this server did not will be missed.
    fn not_made(&mut self, doing: &Doing, recorded: Option<&Answer>) {
        let created = recorded.filter(|answer| answer.is_success() && doing.deed == Deed::Create);
        let json = created.and_then(Answer::json);
        let id = json.as_ref().and_then(|json| member(json, "id")).and_then(Value::as_str);
        if let Some(id) = id {
            let resource = ResourceId::at(&doing.endpoint, id);
            if self.rebinding.of(&resource).is_none() {
                self.lost.insert(resource, Lost::NotMade);
            }
        }
    }
}

/// A request in a line, as a report names it.
pub(super) fn line(request: &Request) -> String {
    match &request.to {
        Destination::Scim(target) => format!("{} {target}", request.method),
        Destination::Absolute(url) => format!("{} {url}", request.method),
    }
}

//! The ways in of each person in a story: what was arranged, what was seen open, and what a new reading means. A
//! way that was never seen open proves nothing when it is shut.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use scimspec_mock_idp::exchange::Wire;
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::time::Instant;

use super::attempt::Reached;
use super::{Evidence, Kind, Means, Opens, Probe, ProbeRequest, Probes};
use crate::backoff::Backoff;
use crate::json::template::{Lookup, Reference};
use crate::scenario::acts::AdministratorAct;
use crate::scenario::model::Access;
use crate::secrets::Secrets;

/// Who tries to get in.
#[derive(Debug, Clone)]
pub struct Who {
    /// The person's name in the story.
    pub name: String,
    /// The person as the provider knows them, with `password` and, once seen, `server`: the resource as the target
    /// last showed it.
    pub person: Value,
    /// The group whose door is tried.
    pub group: Option<Value>,
}

/// What came of it for one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// As it should be. Notes: what is recorded and not demanded.
    AsExpected {
        /// Recorded readings.
        notes: Vec<String>,
        /// Whether at least one reading was observed, not reported.
        observed: bool,
    },
    /// Not as it should be.
    Otherwise {
        /// What was expected of which ways.
        expected: String,
        /// What was seen.
        actual: String,
    },
    /// It cannot be said.
    Unclear(String),
    /// There is no way that could be tried.
    NoProbe,
}

/// How a person shows who they are in a request of their own.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The way that it belongs to.
    pub way: String,
    /// The headers that say it.
    pub headers: Vec<(String, String)>,
}

/// All ways of a story.
pub struct Ways<'a> {
    probes: &'a Probes,
    secrets: &'a Secrets,
    state: BTreeMap<(String, String), Way>,
    /// The probes that let somebody in: a door that is known to open says something when it stays shut.
    known_to_open: BTreeSet<String>,
}

#[derive(Default)]
struct Way {
    arranged: bool,
    kept: BTreeMap<String, Value>,
    open_before: bool,
    shut_before: bool,
    account: Option<Value>,
}

impl<'a> Ways<'a> {
    /// No way arranged yet.
    pub fn new(probes: &'a Probes, secrets: &'a Secrets) -> Self {
        Self { probes, secrets, state: BTreeMap::new(), known_to_open: BTreeSet::new() }
    }

    /// Tries every way of a person, of those that are of this kind, until each is as expected or the time is over.
    pub async fn expect(
        &mut self,
        who: &Who,
        opens: Opens,
        is: Access,
        deadline: Instant,
        wire: &dyn Wire,
    ) -> Tried {
        self.expect_by(who, opens, is, deadline, wire, &|_| true).await
    }

    /// The same by these ways only.
    pub async fn expect_by(
        &mut self,
        who: &Who,
        opens: Opens,
        is: Access,
        deadline: Instant,
        wire: &dyn Wire,
        by: &(dyn Fn(&Probe) -> bool + Sync),
    ) -> Tried {
        let probes: Vec<&Probe> =
            self.probes.probes.iter().filter(|probe| probe.opens == opens && by(probe)).collect();
        if probes.is_empty() {
            return Tried::NoProbe;
        }
        let mut round = Round::default();
        for probe in probes {
            let key = (probe.name.clone(), key_of(who));
            let way = self.state.entry(key).or_default();
            let known_to_open = self.known_to_open.contains(&probe.name);
            let attempt =
                Attempt { known_to_open, probes: self.probes, secrets: self.secrets, probe, who, wire };
            match is {
                Access::Allowed => attempt.allowed(way, deadline, &mut round).await,
                Access::Blocked => attempt.blocked(way, deadline, &mut round).await,
            }
            if way.open_before {
                self.known_to_open.insert(probe.name.clone());
            }
        }
        round.verdict(&who.name, is)
    }

    /// Lets the application make an account for a person outside SCIM.
    pub async fn make_account(&self, who: &Who, wire: &dyn Wire) -> Result<(), String> {
        self.carry_out(self.probes.account.as_deref().unwrap_or_default(), who, wire).await
    }

    /// Lets the application's administrator do something about a person.
    pub async fn administer(&self, act: AdministratorAct, who: &Who, wire: &dyn Wire) -> Result<(), String> {
        self.carry_out(self.probes.administrator.requests(act), who, wire).await
    }

    /// What the application itself calls the account of a person, if a way in has told it.
    pub fn account(&self, name: &str) -> Option<&Value> {
        self.state.iter().find_map(|((_, of), way)| way.account.as_ref().filter(|_| of == name))
    }

    /// What the person can show of who they are: of each way that has something to show, arranged where it is not yet.
    pub async fn credentials(&mut self, who: &Who, wire: &dyn Wire) -> Result<Vec<Credential>, String> {
        let mut credentials = Vec::new();
        for probe in self.probes.probes.iter().filter(|probe| !probe.speaks.is_empty()) {
            let way = self.state.entry((probe.name.clone(), key_of(who))).or_default();
            let attempt = Attempt {
                known_to_open: false,
                probes: self.probes,
                secrets: self.secrets,
                probe,
                who,
                wire,
            };
            attempt.ready(way).await.map_err(|why| format!("{}: {why}", probe.name))?;
            let lookup = Names { probes: self.probes, who, kept: &way.kept };
            let mut headers = Vec::new();
            for (name, text) in &probe.speaks {
                let value = text.fill(&lookup).map_err(|unbound| format!("{}: {unbound}", probe.name))?;
                self.secrets.add(&value);
                headers.push((name.clone(), value));
            }
            credentials.push(Credential { way: probe.name.clone(), headers });
        }
        Ok(credentials)
    }

    async fn carry_out(&self, requests: &[ProbeRequest], who: &Who, wire: &dyn Wire) -> Result<(), String> {
        let mut kept = BTreeMap::new();
        for request in requests {
            let lookup = Names { probes: self.probes, who, kept: &kept };
            let mut fresh = Vec::new();
            request.arrange(wire, &lookup, &mut |name, value| fresh.push((name, value))).await?;
            remember(self.secrets, &mut kept, fresh);
        }
        Ok(())
    }
}

struct Attempt<'a> {
    known_to_open: bool,
    probes: &'a Probes,
    secrets: &'a Secrets,
    probe: &'a Probe,
    who: &'a Who,
    wire: &'a dyn Wire,
}

impl Attempt<'_> {
    async fn allowed(&self, way: &mut Way, deadline: Instant, round: &mut Round) {
        if self.probe.kind == Kind::Held && way.shut_before {
            // What was ended may stay ended: recorded, not demanded. A new one is made below.
            let again = self.once(way).await;
            round.notes.push(match again {
                Reached::Allowed(_) => format!("the {} from before opens again", self.probe.name),
                _ => format!("the {} from before stays shut", self.probe.name),
            });
            *way = Way { account: way.account.take(), ..Way::default() };
        }
        let reached = self.until(way, deadline, |reached| matches!(reached, Reached::Allowed(_))).await;
        match reached {
            Reached::Allowed(account) => {
                if let (Some(before), Some(now)) = (&way.account, &account)
                    && before != now
                {
                    round.otherwise.push(format!("{} opens another account than before", self.probe.name));
                }
                way.account = way.account.take().or(account);
                way.open_before = true;
                way.shut_before = false;
                round.read(self.probe);
            }
            Reached::Blocked => {
                round.read(self.probe);
                round.otherwise.push(format!("{} refused", self.probe.name));
            }
            Reached::Unclear(why) => round.unclear.push(format!("{}: {why}", self.probe.name)),
        }
    }

    async fn blocked(&self, way: &mut Way, deadline: Instant, round: &mut Round) {
        // A fresh way that was never open can still show that someone is in who should not be.
        if !way.open_before && self.probe.kind == Kind::Held {
            round.never_open.push(self.probe.name.clone());
            return;
        }
        match self.until(way, deadline, |reached| *reached == Reached::Blocked).await {
            Reached::Blocked => {
                way.shut_before = true;
                if way.open_before || (self.known_to_open && self.probe.kind == Kind::Fresh) {
                    round.read(self.probe);
                } else {
                    round.never_open.push(self.probe.name.clone());
                }
            }
            Reached::Allowed(_) => {
                round.read(self.probe);
                round.otherwise.push(format!("{} still lets them in", self.probe.name));
            }
            Reached::Unclear(why) => round.unclear.push(format!("{}: {why}", self.probe.name)),
        }
    }

    /// Tries at once, then after 1, 2, 4 seconds and so on while there is time, so that a slow revocation is waited
    /// for and a lockout is not provoked.
    async fn until(&self, way: &mut Way, deadline: Instant, enough: impl Fn(&Reached) -> bool) -> Reached {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut backoff = Backoff::new(left, Duration::from_secs(1));
        loop {
            let reached = self.once(way).await;
            if enough(&reached) || !backoff.pause().await {
                return reached;
            }
        }
    }

    async fn once(&self, way: &mut Way) -> Reached {
        if let Err(why) = self.ready(way).await {
            return Reached::Unclear(why);
        }
        let mut fresh = Vec::new();
        let lookup = Names { probes: self.probes, who: self.who, kept: &way.kept };
        let reached = self
            .probe
            .attempt(self.wire, &lookup, &self.who.person, &mut |name, value| fresh.push((name, value)))
            .await;
        for (_, value) in &fresh {
            self.secrets.add(&crate::json::template::as_text(value));
        }
        reached
    }

    /// Arranges the way, once.
    async fn ready(&self, way: &mut Way) -> Result<(), String> {
        if !way.arranged {
            self.arrange(way).await?;
            way.arranged = true;
        }
        Ok(())
    }

    async fn arrange(&self, way: &mut Way) -> Result<(), String> {
        let Means::Http(http) = &self.probe.means else { return Ok(()) };
        for request in &http.arrange {
            let lookup = Names { probes: self.probes, who: self.who, kept: &way.kept };
            let mut fresh = Vec::new();
            request.arrange(self.wire, &lookup, &mut |name, value| fresh.push((name, value))).await?;
            remember(self.secrets, &mut way.kept, fresh);
        }
        Ok(())
    }
}

#[derive(Default)]
struct Round {
    otherwise: Vec<String>,
    unclear: Vec<String>,
    never_open: Vec<String>,
    notes: Vec<String>,
    tried: Vec<String>,
    observed: bool,
}

impl Round {
    fn read(&mut self, probe: &Probe) {
        self.tried.push(probe.name.clone());
        self.observed |= probe.evidence == Evidence::Observed;
    }

    /// A way that is not as it should be decides; then one that is unclear; only then is all well.
    fn verdict(self, person: &str, is: Access) -> Tried {
        let expected = match is {
            Access::Allowed => format!("{person} gets in by every way"),
            Access::Blocked => format!("{person} is refused by every way"),
        };
        if !self.otherwise.is_empty() {
            return Tried::Otherwise { expected, actual: self.otherwise.join("; ") };
        }
        if !self.unclear.is_empty() {
            return Tried::Unclear(self.unclear.join("; "));
        }
        if self.tried.is_empty() {
            let ways = self.never_open.join(", ");
            return Tried::Unclear(format!(
                "no way in was seen open for {person} before ({ways}), so that it is shut proves nothing"
            ));
        }
        Tried::AsExpected { notes: self.notes, observed: self.observed }
    }
}

/// The names that a probe's texts may use.
struct Names<'a> {
    probes: &'a Probes,
    who: &'a Who,
    kept: &'a BTreeMap<String, Value>,
}

impl Lookup for Names<'_> {
    fn value(&self, reference: &Reference) -> Option<Value> {
        let (owner, rest) = reference.0.split_once('.').unwrap_or((&reference.0, ""));
        match owner {
            "person" => inside(&self.who.person, rest),
            "group" => inside(self.who.group.as_ref()?, rest),
            "secret" => Some(self.probes.secrets.get(rest)?.expose_secret().into()),
            _ => self.kept.get(&reference.0).cloned(),
        }
    }
}

fn inside(value: &Value, path: &str) -> Option<Value> {
    path.split('.').try_fold(value, |value, name| value.get(name)).cloned()
}

fn key_of(who: &Who) -> String {
    match &who.group {
        Some(group) => format!("{} at {}", who.name, group["key"]),
        None => who.name.clone(),
    }
}

/// What an application hands out for getting in is a secret.
fn remember(secrets: &Secrets, kept: &mut BTreeMap<String, Value>, fresh: Vec<(String, Value)>) {
    for (name, value) in fresh {
        secrets.add(&crate::json::template::as_text(&value));
        kept.insert(name, value);
    }
}

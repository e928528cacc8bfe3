//! One trial: a person at every door, and the look whether an inactive person's identity is still there. Nothing is
//! concluded from what something else overtook.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use http::Method;
use percent_encoding::utf8_percent_encode;
use scimspec_mock_idp::exchange::{Answer, Exchange, Origin, Request, Wire};
use serde_json::Value;
use tokio::time::Instant;

use super::check::Check;
use super::person::Identity;
use super::reading::member;
use super::result::Finding;
use super::roster::{Cause, Trial, Wanted};
use super::{Observer, SecondAccount, lock};
use crate::access::Opens;
use crate::access::ways::{Tried, Ways, Who};
use crate::runner::observed::{NotTried, Showed};
use crate::runner::recorder::Recorder;
use crate::scenario::model::Access;
use crate::secrets::URL_VALUE;

impl Observer {
    /// Tries a person at every door that can be tried.
    pub(super) async fn attempt(&self, trial: &Trial, ways: &mut Ways<'_>) {
        let setting = &self.setting;
        let password = setting.password.as_ref().map(secrecy::ExposeSecret::expose_secret);
        let person = trial.person.as_probed(&trial.id, password);
        let left_out = self.left_out(&person);
        let who = Who { name: self.called(&trial.id, &trial.person), person, group: None };
        let is = match trial.wanted {
            Wanted::In | Wanted::InAgain => Access::Allowed,
            Wanted::Out { .. } => Access::Blocked,
        };
        let recorder = Recorder::default();
        let doors = recorder.over(&*setting.doors);
        let deadline = Instant::now() + setting.probes.within;
        let tried = ways
            .expect_by(&who, Opens::Everybody, is, deadline, &doors, &|probe| {
                !left_out.contains_key(&probe.name)
            })
            .await;
        if matches!(tried, Tried::Otherwise { .. }) {
            self.others_have_ended(trial).await;
        }
        {
            let mut roster = lock(&self.roster);
            if roster.is_overtaken(trial) {
                return;
            }
            let is_in = is == Access::Allowed && matches!(tried, Tried::AsExpected { .. });
            roster.tried(trial, is_in);
        }
        let open_door = if is == Access::Blocked { recorder.last_open_door(0) } else { None };
        let probed = recorder.into_exchanges();
        self.found(trial, tried, left_out.into_values().collect(), probed, open_door);
        if trial.wanted == (Wanted::Out { deleted: false }) {
            self.look_for_identity(&trial.id).await;
        }
    }

    /// The ways that cannot be tried for a person, each with the reason.
    fn left_out(&self, person: &Value) -> BTreeMap<String, String> {
        let probes = self.setting.probes.probes.iter().filter(|probe| probe.opens == Opens::Everybody);
        let lacking = probes.filter_map(|probe| {
            let missing = probe.needs_of_person().into_iter().find(|path| {
                let value = path.split('.').try_fold(person, |value, name| value.get(name));
                value.is_none_or(Value::is_null)
            })?;
            let name = &probe.name;
            let why = if missing == "password" {
                format!(
                    "{name} is not tried: it needs the person's password, which did not pass; give [observe] password"
                )
            } else {
                format!("{name} is not tried: it needs ${{person.{missing}}}, which did not pass")
            };
            Some((name.clone(), why))
        });
        lacking.collect()
    }

    /// Waits for creates and bulk requests that began after the cause: one of them may have let the person in again.
    async fn others_have_ended(&self, trial: &Trial) {
        let under_way = lock(&self.roster).open_since(trial);
        loop {
            let changed = self.changed.notified();
            let is_over = self.is_over.load(Ordering::Acquire);
            if is_over || lock(&self.roster).have_ended(&under_way) {
                // What woke this may have been to wake the watch.
                self.changed.notify_one();
                return;
            }
            changed.await;
        }
    }

    fn found(
        &self,
        trial: &Trial,
        tried: Tried,
        mut notes: Vec<String>,
        probed: Vec<Exchange>,
        open_door: Option<usize>,
    ) {
        let check = match trial.wanted {
            Wanted::In => Check::GetsIn,
            Wanted::Out { .. } => Check::IsShutOut,
            Wanted::InAgain => Check::SameAccount,
        };
        let mut only_reported = false;
        let showed = match tried {
            Tried::AsExpected { notes: recorded, observed } => {
                notes.extend(recorded);
                only_reported = !observed;
                if only_reported {
                    notes.push("only reported by the application, not observed".to_owned());
                }
                Showed::Held
            }
            Tried::Otherwise { expected, actual } => Showed::Otherwise { expected, actual },
            Tried::Unclear(why) => Showed::Unclear(why),
            Tried::NoProbe => Showed::NotTried(NotTried::NoProbe),
        };
        let mut exchanges = vec![trial.cause.exchange.clone()];
        exchanges.extend(probed);
        let evidence = open_door.map(|door| door + 1);
        let what = trial.cause.what.clone();
        self.add(&trial.id, Finding { check, what, showed, notes, only_reported, exchanges, evidence });
    }

    /// Asks for an inactive person with a token of our own, unless the provider has asked already.
    async fn look_for_identity(&self, id: &str) {
        let identity = lock(&self.roster).person(id).map(|person| person.identity.clone());
        let Some(Identity::Due(due)) = identity else { return };
        let Some(exchange) = self.ask_for(id).await else { return };
        let showed = {
            let mut roster = lock(&self.roster);
            let Some(person) = roster.person(id) else { return };
            // The provider has looked meanwhile, or written something else.
            if person.identity != Identity::Due(due.clone()) || person.has_newer_write(due.number) {
                return;
            }
            let showed = match exchange.result.as_ref().map(|answer| (answer.status, answer.json())) {
                Ok((200, Some(resource))) => {
                    let is_other = member(&resource, "id").and_then(Value::as_str) != Some(id);
                    let other = is_other.then(|| "the resource has another id".to_owned());
                    other.or_else(|| person.unlike(&resource)).map_or(Showed::Held, not_kept)
                }
                Ok((404, _)) => not_kept("the server answers 404 for the person's id".to_owned()),
                Ok((status, _)) => {
                    Showed::Unclear(format!("asked for the person, the server answers {status}"))
                }
                Err(broken) => {
                    Showed::Unclear(format!("asked for the person, there was no answer: {broken}"))
                }
            };
            roster.told_identity(id);
            showed
        };
        let Cause { what, exchange: caused, .. } = *due;
        self.add(id, Finding::of(Check::KeepsIdentity, what, showed, vec![caused, exchange]));
    }

    /// What the provider itself was shown of an inactive person.
    pub(super) fn identity_seen(&self, id: &str, wrong: Option<String>, exchange: Exchange) {
        let showed = wrong.map_or(Showed::Held, not_kept);
        let what = format!("{} while inactive", exchange.request.method);
        self.add(id, Finding::of(Check::KeepsIdentity, what, showed, vec![exchange]));
    }

    /// Whether somebody who came back under another id has two accounts now.
    pub(super) async fn look_into(&self, second: SecondAccount) {
        let SecondAccount { id, other, exchange } = second;
        let mut exchanges = vec![exchange];
        let asked = self.ask_for(&id).await;
        let showed = match asked.as_ref().map(|exchange| exchange.result.as_ref()) {
            None => Showed::NotTried(NotTried::RuledOut(format!(
                "the provider made the person again, as {other}; whether the account of before is still there cannot be asked without url and token in [target]"
            ))),
            Some(Ok(Answer { status: 200, .. })) => Showed::Otherwise {
                expected: format!("the account {id} of before, or a refusal"),
                actual: format!("a second account {other} beside it"),
            },
            Some(Ok(Answer { status: 404, .. })) => Showed::NotTried(NotTried::RuledOut(format!(
                "the account of before is gone, and the person has a new one, {other}"
            ))),
            Some(Ok(answer)) => {
                Showed::Unclear(format!("asked for {id}, the server answers {}", answer.status))
            }
            Some(Err(broken)) => Showed::Unclear(format!("asked for {id}, there was no answer: {broken}")),
        };
        exchanges.extend(asked);
        self.add(&id, Finding::of(Check::SameAccount, "POST makes once more".to_owned(), showed, exchanges));
    }

    async fn ask_for(&self, id: &str) -> Option<Exchange> {
        let target = self.setting.target.as_ref()?;
        let path = format!("/Users/{}", utf8_percent_encode(id, URL_VALUE));
        let request = Request::scim(Method::GET, path).header("Accept", "application/scim+json");
        Some(target.send(Origin::Request, request).await)
    }

    /// Keeps a finding and tells it.
    fn add(&self, id: &str, mut finding: Finding) {
        let (number, name) = {
            let roster = lock(&self.roster);
            let Some(person) = roster.person(id) else { return };
            if self.setting.hides_names {
                finding.hide(&person.names());
            }
            (person.number, self.called(id, person))
        };
        for exchange in &mut finding.exchanges {
            (self.setting.clean)(exchange);
        }
        (self.setting.tell)(&finding.in_words(&name));
        lock(&self.findings).add(number, &name, finding);
    }
}

fn not_kept(actual: String) -> Showed {
    Showed::Otherwise { expected: "the same id, userName and externalId while inactive".to_owned(), actual }
}

//! The people that pass by, what the provider wants of each, and what is still to be seen about it. A state machine
//! without I/O: exchanges in, trials out.

use std::collections::{BTreeSet, HashMap, VecDeque};

use indexmap::IndexMap;
use scimspec_mock_idp::exchange::Exchange;
use serde_json::Value;

use super::person::{Identity, Person, State};
use super::reading::{Happening, Intent, Outcome, Write, WriteTo, boolean, member};

/// Everybody who was seen.
#[derive(Debug, Default)]
pub(super) struct Roster {
    people: IndexMap<String, Person>,
    /// Whose trial is due, the longest waiting first.
    due: VecDeque<String>,
    /// Who is inactive, by userName in lower case.
    inactive: HashMap<String, String>,
    begun: Begun,
}

/// What made something worth seeing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cause {
    /// The number of the exchange.
    pub(super) number: u64,
    /// What happened: `PATCH deactivates`.
    pub(super) what: String,
    /// The exchange, fit to be shown.
    pub(super) exchange: Exchange,
}

/// What is to be seen about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// They get in, for the first time as far as is known.
    In,
    /// They get in again, to the same account.
    InAgain,
    /// They are out.
    Out {
        /// Whether the identity may go with it.
        deleted: bool,
    },
}

/// A trial that is due.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    /// Whose.
    pub(super) id: String,
    /// What is to be seen.
    pub(super) wanted: Wanted,
    /// Because of what.
    pub(super) cause: Cause,
    /// The person as they are now.
    pub(super) person: Person,
}

/// What an exchange showed at once, without a trial.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sight {
    /// Whether an inactive person's identity is as it was.
    Identity {
        /// Whose.
        id: String,
        /// What was wrong with it; none: nothing.
        wrong: Option<String>,
        /// The exchange that showed it, fit to be shown.
        exchange: Exchange,
    },
    /// An inactive person came back under another id.
    SecondAccount {
        /// The id that was inactive.
        id: String,
        /// The new one.
        other: String,
        /// The exchange that showed it, fit to be shown.
        exchange: Exchange,
    },
}

/// The writes that have begun lately, to notice that a trial was overtaken by one.
#[derive(Debug, Default)]
struct Begun {
    /// Exchange and id; the oldest are forgotten.
    lately: VecDeque<(u64, String)>,
    forgotten: u64,
    /// Creates and bulk requests under way: they may concern anybody.
    open: BTreeSet<u64>,
}

/// So many writes are remembered: far more than pass while somebody is tried.
const LATELY: usize = 10_000;
/// So many people are remembered. Who was only listed is left out beyond that.
const MOST_PEOPLE: usize = 100_000;

impl Roster {
    /// A request has begun that writes to somebody.
    pub(super) fn begins(&mut self, number: u64, to: WriteTo) {
        match to {
            WriteTo::Anybody => {
                self.begun.open.insert(number);
            }
            WriteTo::Person(id) => {
                // Two that begin at once may be told in either order.
                let at = self.begun.lately.iter().rposition(|(begun, _)| *begun < number);
                self.begun.lately.insert(at.map_or(0, |at| at + 1), (number, id));
                if self.begun.lately.len() > LATELY
                    && let Some((number, _)) = self.begun.lately.pop_front()
                {
                    self.begun.forgotten = number;
                }
            }
        }
    }

    /// An exchange has ended. `names` are those that may be shown for the people of `happened`, in the same order.
    pub(super) fn ended(
        &mut self,
        number: u64,
        happened: Vec<Happening>,
        names: &[Option<String>],
        exchange: &Exchange,
    ) -> Vec<Sight> {
        let mut sights = Vec::new();
        for (index, happening) in happened.into_iter().enumerate() {
            let name = names.get(index).cloned().flatten();
            match happening {
                Happening::Shown { id, resource } => {
                    sights.extend(self.shown(number, &id, resource, name, exchange));
                }
                Happening::Missing { id } => sights.extend(self.missing(number, &id, exchange)),
                Happening::Write(write) => sights.extend(self.wrote(number, &write, name, exchange)),
            }
        }
        // After what it did is known: who waits for it looks then.
        self.begun.open.remove(&number);
        sights
    }

    /// The trial that has waited longest.
    pub(super) fn next(&mut self) -> Option<Trial> {
        while let Some(id) = self.due.pop_front() {
            if let Some(person) = self.people.get(&id)
                && let Some((wanted, cause)) = person.wanted.clone()
            {
                return Some(Trial { id, wanted, cause, person: person.clone() });
            }
        }
        None
    }

    /// How many trials are due.
    pub(super) fn due(&self) -> usize {
        self.due.len()
    }

    /// Whether, since the cause of a trial, something else has begun for that person.
    pub(super) fn is_overtaken(&self, trial: &Trial) -> bool {
        let number = trial.cause.number;
        let still_wanted = self.people.get(&trial.id).and_then(|person| person.wanted.as_ref());
        self.begun.forgotten > number
            || self.begun.since(number).any(|id| id == trial.id)
            || still_wanted.is_none_or(|(wanted, cause)| *wanted != trial.wanted || cause.number != number)
    }

    /// The creates and bulk requests under way that began after the cause of a trial: they may concern them too.
    pub(super) fn open_since(&self, trial: &Trial) -> Vec<u64> {
        self.begun.open.range(trial.cause.number + 1..).copied().collect()
    }

    /// Whether all of these have ended.
    pub(super) fn have_ended(&self, numbers: &[u64]) -> bool {
        numbers.iter().all(|number| !self.begun.open.contains(number))
    }

    /// A trial came to its end and nothing overtook it.
    pub(super) fn tried(&mut self, trial: &Trial, was_in: bool) {
        if let Some(person) = self.people.get_mut(&trial.id) {
            person.wanted = None;
            person.has_been_in |= was_in;
        }
    }

    /// The identity of an inactive person was told about.
    pub(super) fn told_identity(&mut self, id: &str) {
        if let Some(person) = self.people.get_mut(id) {
            person.identity = Identity::Told;
        }
    }

    /// Everybody, by id.
    pub(super) fn people(&self) -> impl Iterator<Item = (&String, &Person)> {
        self.people.iter()
    }

    /// What an identity is called, and its number.
    pub(super) fn person(&self, id: &str) -> Option<&Person> {
        self.people.get(id)
    }

    fn shown(
        &mut self,
        number: u64,
        id: &str,
        resource: Value,
        name: Option<String>,
        exchange: &Exchange,
    ) -> Option<Sight> {
        if !self.people.contains_key(id) && self.people.len() >= MOST_PEOPLE {
            return None;
        }
        let is_quiet = self.is_quiet(number, id);
        let person = self.entry(id, name);
        // An answer to what was asked before the last write may show what was before it.
        if number < person.last_write {
            return None;
        }
        let wrong = (is_quiet && person.state == State::Inactive).then(|| person.unlike(&resource));
        person.shown(resource);
        let wrong = wrong.filter(|_| matches!(person.identity, Identity::Due(_)))?;
        person.identity = Identity::Told;
        Some(Sight::Identity { id: id.to_owned(), wrong, exchange: exchange.clone() })
    }

    fn missing(&mut self, number: u64, id: &str, exchange: &Exchange) -> Option<Sight> {
        if !self.is_quiet(number, id) {
            return None;
        }
        let person = self.people.get_mut(id)?;
        if person.state != State::Inactive || !matches!(person.identity, Identity::Due(_)) {
            return None;
        }
        person.identity = Identity::Told;
        let wrong = Some("the server answers 404 for the person's id".to_owned());
        Some(Sight::Identity { id: id.to_owned(), wrong, exchange: exchange.clone() })
    }

    /// Whether this began after the last write to them, and none has begun that has not ended.
    fn is_quiet(&self, number: u64, id: &str) -> bool {
        let last = self.people.get(id).map_or(0, |person| person.last_write);
        number > last && !self.begun.since(last).any(|begun| begun == id)
    }

    fn wrote(&mut self, number: u64, write: &Write, name: Option<String>, exchange: &Exchange) -> Vec<Sight> {
        let Some(id) = write.id.clone() else { return Vec::new() };
        let cause = |what: &str| Cause {
            number,
            what: format!("{} {what}", write.method),
            exchange: exchange.clone(),
        };
        let mut sights = Vec::new();
        if matches!(write.intent, Intent::Create { .. }) {
            sights.extend(self.second_account(&id, write, exchange));
        }
        let person = self.entry(&id, name);
        person.last_write = person.last_write.max(number);
        let shown = match &write.outcome {
            Outcome::Done(shown) => shown.as_ref(),
            Outcome::Refused(status) => {
                let deactivates =
                    write.intent == Intent::Deactivate || (write.intent == Intent::Delete && *status != 404);
                if deactivates && person.state != State::Deleted {
                    let why = format!("the server refused the deactivation with {status}");
                    person.not_done = Some((why, cause("was to deactivate")));
                }
                self.again(&id, number);
                return sights;
            }
            Outcome::Unknown => {
                if write.intent == Intent::Other {
                    self.again(&id, number);
                } else {
                    if matches!(write.intent, Intent::Deactivate | Intent::Delete) {
                        let why = "whether the deactivation was done nobody knows: no answer to it passed";
                        person.not_done = Some((why.to_owned(), cause("was to deactivate")));
                    }
                    // Whether it was done nobody knows, so nothing can be demanded.
                    person.state = State::Seen;
                    person.wanted = None;
                }
                return sights;
            }
        };
        // The server's answer decides where the request does not say it in a way that is known.
        let intent = match (write.intent, shown.and_then(|shown| boolean(member(shown, "active")?))) {
            (Intent::Unclear, Some(true)) => Intent::Activate,
            (Intent::Unclear, Some(false)) => Intent::Deactivate,
            (intent, _) => intent,
        };
        let other_id = shown.and_then(|shown| member(shown, "id")).filter(|shown| **shown != *id);
        if let (Intent::Deactivate, Some(other)) = (intent, other_id) {
            let wrong = Some(format!("the server's answer has the id {other}"));
            sights.push(Sight::Identity { id: id.clone(), wrong, exchange: exchange.clone() });
        }
        person.wrote(write, shown);
        match intent {
            Intent::Create { active: false } if person.state == State::Seen => person.state = State::Waiting,
            Intent::Create { active: true } | Intent::Activate => {
                let wanted = match person.state {
                    State::Inactive => Some(Wanted::InAgain),
                    // What is wanted already stays so: a provider may say twice that somebody is active.
                    State::Active if person.has_been_in || person.wanted.is_some() => None,
                    State::Deleted => {
                        // What was deleted is no account any more that could be the same.
                        person.name.push_str(", made again");
                        Some(Wanted::In)
                    }
                    _ => Some(Wanted::In),
                };
                person.state = State::Active;
                person.identity = Identity::NotLooked;
                if let Some(wanted) = wanted {
                    let what = if wanted == Wanted::In { "brings" } else { "reactivates" };
                    person.wanted = Some((wanted, cause(what)));
                }
            }
            Intent::Deactivate | Intent::Delete => {
                let deleted = intent == Intent::Delete;
                let repeated = person.state == State::Inactive && person.wanted.is_none() && !deleted;
                person.state = if deleted { State::Deleted } else { State::Inactive };
                person.not_done = None;
                if !repeated {
                    let cause = cause(if deleted { "removes" } else { "deactivates" });
                    person.identity = if deleted {
                        Identity::NotLooked
                    } else if other_id.is_some() {
                        Identity::Told
                    } else {
                        Identity::Due(Box::new(cause.clone()))
                    };
                    person.wanted = Some((Wanted::Out { deleted }, cause));
                }
            }
            Intent::Create { active: false } | Intent::Unclear | Intent::Other => {}
        }
        let (state, called) = (person.state, person.user_name().map(str::to_ascii_lowercase));
        if let Some(called) = called {
            if state == State::Inactive {
                self.inactive.insert(called, id.clone());
            } else if self.inactive.get(&called) == Some(&id) {
                self.inactive.remove(&called);
            }
        }
        self.again(&id, number);
        sights
    }

    /// What is still to be seen about them can be seen now: the newest write has ended.
    fn again(&mut self, id: &str, number: u64) {
        let Some((_, cause)) = self.people.get_mut(id).and_then(|person| person.wanted.as_mut()) else {
            return;
        };
        cause.number = cause.number.max(number);
        if !self.due.iter().any(|due| due == id) {
            self.due.push_back(id.to_owned());
        }
    }

    /// Whether an inactive person was made once more under another id.
    fn second_account(&self, id: &str, write: &Write, exchange: &Exchange) -> Option<Sight> {
        if !matches!(write.outcome, Outcome::Done(_)) {
            return None;
        }
        let name = member(&write.sent, "userName")?.as_str()?;
        let inactive = self.inactive.get(&name.to_ascii_lowercase()).filter(|inactive| *inactive != id)?;
        Some(Sight::SecondAccount { id: inactive.clone(), other: id.to_owned(), exchange: exchange.clone() })
    }

    fn entry(&mut self, id: &str, name: Option<String>) -> &mut Person {
        let number = self.people.len() + 1;
        let person = self.people.entry(id.to_owned()).or_insert_with(|| Person::new(number, id));
        if let Some(name) = name.filter(|_| person.name == id) {
            person.name = format!("{name} ({id})");
        }
        person
    }
}

impl Begun {
    /// Whom the writes are to that began after that exchange.
    fn since(&self, number: u64) -> impl Iterator<Item = &str> {
        self.lately.iter().rev().take_while(move |(begun, _)| *begun > number).map(|(_, id)| id.as_str())
    }
}

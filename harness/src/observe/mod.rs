//! Judging live what a real provider does: people who pass through the recorder are tried at the application's doors
//! after each activation and deactivation. What passed is read in `reading`, what follows from it stands in `roster`,
//! the trials are in `trial`, and `result` makes of them what `run` makes of a run.

mod change;
mod check;
mod person;
mod reading;
mod result;
mod roster;
#[cfg(test)]
mod tests;
mod trial;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Method;
use scimspec_mock_idp::exchange::{Answer, Destination, Exchange, Wire};
use scimspec_mock_idp::recorder::Watch;
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::Notify;

pub use self::check::Check;
pub use self::result::{ResultError, Verdicts};

use self::person::Person;
use self::reading::Happening;
use self::result::Findings;
use self::roster::{Roster, Sight, Trial};
use crate::access::Probes;
use crate::access::ways::Ways;
use crate::secrets::Secrets;

/// What an observer needs.
pub struct Setting {
    /// The ways in, and how long a revocation may take. Those that only a group opens are not tried: who is in which
    /// group is not followed.
    pub probes: Probes,
    /// The password that is known of everybody; else the one that the provider sends.
    pub password: Option<SecretString>,
    /// What must not be shown; what probes obtain and providers send is added.
    pub secrets: Secrets,
    /// The way to the application's doors. It carries no credentials for the target.
    pub doors: Arc<dyn Wire>,
    /// The way to the target with a token of our own, to look whether an identity is still there; none: what the provider
    /// asks for is all that is known.
    pub target: Option<Arc<dyn Wire>>,
    /// Whether what is told may not hold people's real names either.
    pub hides_names: bool,
    /// Takes out of an exchange what nobody may see.
    pub clean: Box<dyn Fn(&mut Exchange) + Send + Sync>,
    /// Tells a line to whoever watches.
    pub tell: Box<dyn Fn(&str) + Send + Sync>,
}

/// Watches what passes, and tries people at the doors.
pub struct Observer {
    setting: Setting,
    roster: Mutex<Roster>,
    findings: Mutex<Findings>,
    /// Who came back under another id, to be looked into.
    second_accounts: Mutex<VecDeque<SecondAccount>>,
    /// Something has changed since the last look.
    changed: Notify,
    is_over: AtomicBool,
}

/// What an exchange shows about people, read before anything is taken out of it.
#[derive(Debug)]
pub struct Read(Vec<Happening>);

/// An inactive person who was made once more.
#[derive(Debug)]
struct SecondAccount {
    id: String,
    other: String,
    exchange: Exchange,
}

impl Observer {
    /// Nobody has passed yet.
    pub fn new(setting: Setting) -> Self {
        Self {
            setting,
            roster: Mutex::default(),
            findings: Mutex::default(),
            second_accounts: Mutex::default(),
            changed: Notify::new(),
            is_over: AtomicBool::new(false),
        }
    }

    /// Reads an exchange as it passed; `unkept` is the answer whose body was not kept, if that is why it has none.
    pub fn read(&self, exchange: &Exchange, unkept: Option<&Answer>) -> Read {
        let happened = reading::of(exchange, unkept);
        for happening in &happened {
            if let Happening::Write(write) = happening
                && let Some(password) = reading::written(&write.method, &write.sent, "password")
            {
                self.setting.secrets.add(password.as_str().unwrap_or_default());
            }
        }
        Read(happened)
    }

    /// An exchange has ended: `number` is the recorder's, `shown` the exchange as it may be shown.
    pub fn ended(&self, number: u64, read: Read, shown: &Exchange) {
        let names: Vec<Option<String>> = reading::of(shown, None).iter().map(name).collect();
        let sights = lock(&self.roster).ended(number, read.0, &names, shown);
        for sight in sights {
            match sight {
                Sight::Identity { id, wrong, exchange } => self.identity_seen(&id, wrong, exchange),
                Sight::SecondAccount { id, other, exchange } => {
                    lock(&self.second_accounts).push_back(SecondAccount { id, other, exchange });
                }
            }
        }
        self.changed.notify_one();
    }

    /// Tries people until [`Observer::finish`] was called and nobody is left to try.
    pub async fn watch(&self) {
        let mut ways = self.ways();
        loop {
            let is_over = self.is_over.load(Ordering::Acquire);
            self.try_everybody(&mut ways).await;
            if is_over {
                return;
            }
            self.changed.notified().await;
        }
    }

    /// The doors, nobody having been at them.
    fn ways(&self) -> Ways<'_> {
        Ways::new(&self.setting.probes, &self.setting.secrets)
    }

    /// Tries everybody of whom something is to be seen now.
    async fn try_everybody(&self, ways: &mut Ways<'_>) {
        loop {
            let second = lock(&self.second_accounts).pop_front();
            if let Some(second) = second {
                self.look_into(second).await;
                continue;
            }
            match self.next() {
                Some(trial) => self.attempt(&trial, ways).await,
                None => return,
            }
        }
    }

    /// Nothing more will pass. Says how many people are still to be tried.
    pub fn finish(&self) -> usize {
        self.is_over.store(true, Ordering::Release);
        self.changed.notify_one();
        lock(&self.roster).due()
    }

    /// What a person is called in what is told.
    fn called(&self, id: &str, person: &Person) -> String {
        if self.setting.hides_names { person.made_up_name(id) } else { person.name.clone() }
    }

    fn next(&self) -> Option<Trial> {
        lock(&self.roster).next()
    }
}

impl Watch for Observer {
    fn begins(&self, number: u64, method: &Method, to: &Destination) {
        if let Some(to) = reading::written_by(method, to) {
            lock(&self.roster).begins(number, to);
        }
    }
}

/// What people call the one that something happened to.
fn name(happening: &Happening) -> Option<String> {
    let name = match happening {
        Happening::Shown { resource, .. } => reading::member(resource, "userName"),
        Happening::Missing { .. } => None,
        Happening::Write(write) => {
            reading::written(&write.method, &write.sent, "userName").or(match &write.outcome {
                reading::Outcome::Done(Some(shown)) => reading::member(shown, "userName"),
                _ => None,
            })
        }
    };
    name.and_then(Value::as_str).map(str::to_owned)
}

/// What a panic elsewhere left behind is still worth reading.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What the trials showed, as the checks `observe/...`, and the report on them: the same data, the same judge and the
//! same formats as those of a run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use percent_encoding::utf8_percent_encode;
use scimspec_mock_idp::exchange::Exchange;

use super::check::Check;
use super::person::Identity;
use super::roster::{Cause, Wanted};
use super::{Observer, lock};
use crate::catalogue::{Catalogue, CatalogueError};
use crate::judge::Judge;
use crate::judge::known_failures::KnownFailures;
use crate::profile::{ProfileError, Profiles};
use crate::report::RunReport;
use crate::runner::observed::{NotTried, Observed, Showed, Story, StoryReport};
use crate::scenario::model::{ByCase, Scenario};
use crate::secrets::URL_VALUE;
use crate::target::Claims;

/// By what the trials are judged.
pub struct Verdicts {
    judge: Judge,
    known: KnownFailures,
}

/// Why there is no judge.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// The requirements.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The profiles, or none of that name.
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

/// What one trial or look showed about a person.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) check: Check,
    /// What the provider had done.
    pub(super) what: String,
    pub(super) showed: Showed,
    pub(super) notes: Vec<String>,
    pub(super) only_reported: bool,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) evidence: Option<usize>,
}

/// What was found, by the number of the person.
#[derive(Debug, Default)]
pub(super) struct Findings(BTreeMap<usize, About>);

#[derive(Debug, Default, Clone)]
struct About {
    observed: Vec<Observed>,
    exchanges: Vec<Exchange>,
}

/// So many exchanges are kept for a finding.
const MOST_EXCHANGES: usize = 50;

impl Verdicts {
    /// By the profile of that name, for a target that claims these providers and has these known failures.
    pub fn new(
        profile: &str,
        claims: Claims,
        known: KnownFailures,
        secrets: crate::secrets::Secrets,
    ) -> Result<Self, ResultError> {
        let catalogue = Catalogue::embedded()?;
        let profiles = Profiles::embedded(&catalogue)?;
        let judge = Judge::new(catalogue, profiles, profile, claims, secrets)?;
        Ok(Self { judge, known })
    }
}

impl Observer {
    /// What was seen, judged. What could not be seen is told with the reason.
    pub fn report(&self, target: String, started: SystemTime, took: Duration, by: &Verdicts) -> RunReport {
        self.note_what_is_open();
        let scenario = Arc::new(scenario());
        let findings = std::mem::take(&mut *lock(&self.findings));
        let stories: Vec<StoryReport> = findings
            .0
            .into_iter()
            .map(|(number, about)| StoryReport {
                story: Story { number, scenario: Arc::clone(&scenario), case: None, persona: None },
                observed: about.observed,
                exchanges: about.exchanges,
                unordered: Vec::new(),
            })
            .collect();
        let mut checks = by.judge.judge(&stories, &[]);
        let stale = by.known.apply(&mut checks);
        RunReport {
            target,
            profile: by.judge.profile().name.clone(),
            started,
            took,
            checks,
            stories,
            stale,
            leftovers: Vec::new(),
            domain: String::new(),
            interrupted: false,
            require_access: false,
        }
    }

    fn note_what_is_open(&self) {
        let mut open: Vec<(usize, String, Finding)> = Vec::new();
        for (id, person) in lock(&self.roster).people() {
            let name = self.called(id, person);
            let mut add = |check, cause: &Cause, showed| {
                let finding = Finding::of(check, cause.what.clone(), showed, vec![cause.exchange.clone()]);
                open.push((person.number, name.clone(), finding));
            };
            if let Some((wanted, cause)) = person.wanted() {
                let why = "something else happened to the person before it could be tried".to_owned();
                add(Check::about(*wanted), cause, Showed::NotTried(NotTried::RuledOut(why)));
            }
            if let Identity::Due(cause) = &person.identity {
                let why = "nobody asked for the person while inactive: the provider did not, and it takes url and token in [target] to ask for ourselves".to_owned();
                add(Check::KeepsIdentity, cause, Showed::NotTried(NotTried::RuledOut(why)));
            }
            if let Some((why, cause)) = &person.not_done {
                add(Check::IsShutOut, cause, Showed::Unclear(why.clone()));
            }
        }
        let mut findings = lock(&self.findings);
        for (number, name, finding) in open {
            findings.add(number, &name, finding);
        }
    }
}

impl Check {
    fn about(wanted: Wanted) -> Self {
        match wanted {
            Wanted::In => Self::GetsIn,
            Wanted::InAgain => Self::SameAccount,
            Wanted::Out { .. } => Self::IsShutOut,
        }
    }
}

impl Finding {
    /// One without notes.
    pub(super) fn of(check: Check, what: String, showed: Showed, exchanges: Vec<Exchange>) -> Self {
        Self { check, what, showed, notes: Vec::new(), only_reported: false, exchanges, evidence: None }
    }

    /// Takes these names out of its words: what a door says may quote its URL.
    pub(super) fn hide(&mut self, names: &[String]) {
        let hidden = |text: &mut String| {
            for name in names {
                for spelling in [name.clone(), utf8_percent_encode(name, URL_VALUE).to_string()] {
                    *text = without(text, &spelling);
                }
            }
        };
        match &mut self.showed {
            Showed::Otherwise { expected, actual } => {
                hidden(expected);
                hidden(actual);
            }
            Showed::Unclear(why) | Showed::NotTried(NotTried::RuledOut(why)) => hidden(why),
            _ => {}
        }
        self.notes.iter_mut().for_each(hidden);
    }

    /// A line for whoever watches.
    pub(super) fn in_words(&self, name: &str) -> String {
        let id = self.check.id();
        let line = match (&self.showed, self.check) {
            (Showed::Held, Check::GetsIn) => format!("observed: {name} gets in by every way"),
            (Showed::Held, Check::IsShutOut) => format!("observed: {name} is refused by every way"),
            (Showed::Held, Check::KeepsIdentity) => format!("observed: the identity of {name} is kept"),
            (Showed::Held, Check::SameAccount) => format!("observed: {name} gets in again, same account"),
            (Showed::Otherwise { expected, actual }, _) => {
                format!("FINDING {id} ({name}, {}): {actual}; expected: {expected}", self.what)
            }
            (Showed::Unclear(why), _) => format!("cannot tell {id} ({name}, {}): {why}", self.what),
            (Showed::NotTried(why), _) => format!("not tried {id} ({name}, {}): {why}", self.what),
            _ => format!("{id} ({name}, {})", self.what),
        };
        match self.notes.as_slice() {
            [] => line,
            notes => format!("{line} ({})", notes.join("; ")),
        }
    }
}

impl Findings {
    /// Adds one about the person with that number.
    pub(super) fn add(&mut self, number: usize, name: &str, finding: Finding) {
        let about = self.0.entry(number).or_default();
        let start = about.exchanges.len();
        // What is as it should be needs no evidence: a recording may last for weeks.
        if !matches!(finding.showed, Showed::Held) {
            about.exchanges.extend(finding.exchanges.into_iter().take(MOST_EXCHANGES));
        }
        let exchanges = start..about.exchanges.len();
        let evidence = finding.evidence.map(|at| start + at).filter(|at| exchanges.contains(at));
        let check = finding.check.as_check();
        about.observed.push(Observed {
            step: format!("{} {name}", finding.what),
            cause_key: check.slug.clone(),
            check: Some(check),
            showed: finding.showed,
            exchanges,
            evidence,
            notes: finding.notes,
            only_reported: finding.only_reported,
        });
    }
}

/// What the checks of the observer are of: a story that the provider tells itself.
/// The text with `[name]` for each of the name's spellings in any case.
fn without(text: &str, name: &str) -> String {
    let (lower, name) = (text.to_ascii_lowercase(), name.to_ascii_lowercase());
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for (at, _) in lower.match_indices(&name) {
        out.push_str(&text[done..at]);
        out.push_str("[name]");
        done = at + name.len();
    }
    out.push_str(&text[done..]);
    out
}

fn scenario() -> Scenario {
    Scenario {
        id: "observe".to_owned(),
        title: "What the provider did, seen at the doors of the application".to_owned(),
        why: "Nothing else tests with the real provider.".to_owned(),
        profiles: Vec::new(),
        personas: Vec::new(),
        needs: ByCase::Same(Vec::new()),
        allow: Vec::new(),
        people: Vec::new(),
        groups: Vec::new(),
        snapshot: false,
        cases: Vec::new(),
        steps: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_out_of_what_a_door_says() {
        let why =
            "PUT https://app.example/people/ada%40example.com answered 404 for ada@example.com".to_owned();
        let mut finding =
            Finding::of(Check::GetsIn, "POST brings".to_owned(), Showed::Unclear(why), Vec::new());
        finding.notes.push("sign-in of Ada".to_owned());
        finding.hide(&["ada@example.com".to_owned(), "Ada".to_owned()]);
        let told = finding.in_words("person-1@example.com (7)");
        assert_eq!(
            told,
            "cannot tell observe/assigned-person-gets-in (person-1@example.com (7), POST brings): \
             PUT https://app.example/people/[name] answered 404 for [name] (sign-in of [name])"
        );
    }
}

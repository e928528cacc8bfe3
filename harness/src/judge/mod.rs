//! The one place where what was seen becomes a verdict: outcome x requirements x profile x persona (claimed or not).
//! Scenarios, rules and known failures all go through it.

mod client;
pub mod known_failures;
mod settle;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};

use scimspec_mock_idp::persona::{Failure, Form, PersonaName, TaskError};
use serde::Serialize;

use crate::catalogue::{Catalogue, Level, RequirementId};
use crate::profile::{Demand, Profile, ProfileError, Profiles, Ruling};
use crate::rules::Findings;
use crate::runner::observed::{Cause, NotTried, Observed, Showed, Story, StoryReport};
use crate::scenario::model::Check;
use crate::secrets::Secrets;
use crate::target::Claims;

/// What is said about a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Right.
    Pass,
    /// An open choice, recorded.
    Info,
    /// Not looked at, with the reason.
    Skip,
    /// A SHOULD broken, or a contested point.
    Warn,
    /// Could not be judged.
    Error,
    /// Wrong.
    Fail,
}

/// One check, judged.
#[derive(Debug, Clone)]
pub struct CheckResult {
    /// `SCENARIO[/CASE]/CHECK` or `rule/SLUG`.
    pub id: String,
    /// The scenario.
    pub scenario: String,
    /// The story's number in the run.
    pub story: usize,
    /// The persona, beside the id and never in it.
    pub persona: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// The named alternative that the target took.
    pub outcome: Option<String>,
    /// How strongly the requirements ask.
    pub level: Level,
    /// What it shows.
    pub requirements: Vec<RequirementId>,
    /// The step, in words.
    pub step: String,
    /// In one or two sentences.
    pub message: String,
    /// What was expected, where it was not met.
    pub expected: Option<String>,
    /// What came instead.
    pub actual: Option<String>,
    /// What is recorded and not demanded.
    pub notes: Vec<String>,
    /// Its exchanges, as a range of the story's.
    pub exchanges: std::ops::Range<usize>,
    /// The one of them that shows it best, if that is known.
    pub evidence: Option<usize>,
    /// Why the failure is known already.
    pub known: Option<String>,
    /// Whether an access probe was missing.
    pub not_verified: bool,
    cause_key: String,
    /// Whether the provider could not go on: then it explains what was not reached elsewhere.
    stuck: bool,
    pending: Option<Cause>,
}

/// Judges by a profile, a target's claims, and the requirement catalogue.
#[derive(Debug, Clone)]
pub struct Judge {
    catalogue: Catalogue,
    profiles: Profiles,
    profile: Profile,
    claims: Claims,
    secrets: Secrets,
}

impl Judge {
    /// By the profile of that name.
    pub fn new(
        catalogue: Catalogue,
        profiles: Profiles,
        profile: &str,
        claims: Claims,
        secrets: Secrets,
    ) -> Result<Self, ProfileError> {
        let profile = profiles.find(profile)?.clone();
        Ok(Self { catalogue, profiles, profile, claims, secrets })
    }

    /// The run's profile.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The catalogue.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Whether the target claims to work with a persona's provider: said so, or asked to be judged by its profile.
    pub fn claims(&self, persona: &PersonaName) -> bool {
        self.claims_provider(persona.provider())
    }

    fn claims_provider(&self, provider: &str) -> bool {
        self.claims.provider(provider) || self.profile.name == provider
    }

    /// Whether the profile that judges the story asks for anything that the check shows.
    pub fn asks(&self, story: &Story, check: &Check) -> bool {
        self.profile_of(story).hardest(&check.shows).demand != Demand::Off
    }

    /// Judges everything that was seen, and then what depends on the rest of the run.
    pub fn judge(&self, reports: &[StoryReport], skipped: &[(Story, String)]) -> Vec<CheckResult> {
        let mut results: Vec<CheckResult> = Vec::new();
        for report in reports {
            results
                .extend(report.observed.iter().filter_map(|observed| self.result(&report.story, observed)));
        }
        for (story, why) in skipped {
            for check in story.scenario.checks_of(story.case.as_ref()).filter(|check| self.asks(story, check))
            {
                let observed = Observed {
                    check: Some(check.clone()),
                    step: String::new(),
                    cause_key: String::new(),
                    showed: Showed::NotTried(NotTried::RuledOut(why.clone())),
                    exchanges: 0..0,
                    evidence: None,
                    notes: Vec::new(),
                    only_reported: false,
                };
                results.extend(self.result(story, &observed));
            }
        }
        settle::settle(&mut results, |persona| self.claims_provider(provider(persona)));
        for result in &mut results {
            result.scrub(&self.secrets);
        }
        results.sort_by_key(|a| (a.story, a.exchanges.start));
        results
    }

    /// Judges what the rules found: each cause is one result, a rule without findings passes.
    pub fn rules(&self, found: &[Findings]) -> Vec<CheckResult> {
        let mut results = Vec::new();
        for findings in found {
            let rule = findings.rule;
            let ids: Vec<RequirementId> =
                rule.requirements.iter().map(|id| RequirementId((*id).to_owned())).collect();
            let mut ruling = self.profile.hardest(&ids);
            if let Some(because) = rule.softer.filter(|_| ruling.demand == Demand::Fail) {
                ruling = Ruling { demand: Demand::Warn, because: Some(because.to_owned()) };
            }
            let Some(broken) = verdict_of(ruling.demand) else { continue };
            let level =
                ids.first().and_then(|id| self.catalogue.find(id)).map_or(Level::May, |row| row.level);
            let result = |verdict, message: String| CheckResult {
                requirements: ids.clone(),
                ..CheckResult::of_rule(rule.id(), level, verdict, message)
            };
            if findings.looked == 0 {
                let mut why = "the run had no exchange that the rule is about".to_owned();
                if let Some(need) = findings.lacks {
                    let _ = write!(why, ", or not what it needs: {}", need.meaning());
                }
                results.push(result(Verdict::Skip, why));
            } else if findings.causes.is_empty() {
                let seen = findings.looked;
                results.push(result(Verdict::Pass, format!("{} (in {seen} exchanges)", rule.title)));
            }
            for cause in &findings.causes {
                let because =
                    ruling.because.as_ref().map_or_else(String::new, |because| format!(" ({because})"));
                let message = format!(
                    "not in {} of {} exchanges: {}{because}",
                    cause.count, findings.looked, rule.title
                );
                // The look at the target before the run belongs to no story.
                let (story, exchanges) = cause.first.map_or((0, 0..0), |(story, at)| (story, at..at + 1));
                results.push(CheckResult {
                    story,
                    exchanges,
                    step: rule.what.to_owned(),
                    expected: Some(cause.expected.clone()),
                    actual: Some(cause.actual.clone()),
                    ..result(broken, message)
                });
            }
        }
        for result in &mut results {
            result.scrub(&self.secrets);
        }
        results
    }

    /// A persona's story is judged by its provider's own demands where the target claims to work with it.
    fn profile_of(&self, story: &Story) -> &Profile {
        let Some(persona) = &story.persona else { return &self.profile };
        if !self.claims(persona) {
            return &self.profile;
        }
        self.profiles.find(persona.provider()).unwrap_or(&self.profile)
    }

    fn result(&self, story: &Story, observed: &Observed) -> Option<CheckResult> {
        let check = observed.check.as_ref()?;
        let profile = self.profile_of(story);
        let ruling = profile.hardest(&check.shows);
        let broken = verdict_of(ruling.demand)?;
        let mut result = CheckResult {
            id: story.check_id(&check.slug),
            scenario: story.scenario.id.clone(),
            story: story.number,
            persona: story.persona.as_ref().map(ToString::to_string),
            verdict: Verdict::Pass,
            outcome: None,
            level: check.level,
            requirements: check.shows.clone(),
            step: observed.step.clone(),
            message: String::new(),
            expected: None,
            actual: None,
            notes: observed.notes.clone(),
            exchanges: observed.exchanges.clone(),
            evidence: observed.evidence,
            known: None,
            not_verified: false,
            cause_key: observed.cause_key.clone(),
            stuck: matches!(observed.showed, Showed::Stuck(_)),
            pending: None,
        };
        match &observed.showed {
            Showed::Held => {
                // The application's own word is not enough to say that somebody is locked out.
                result.not_verified = observed.only_reported;
                result.message = self.statement(check);
            }
            Showed::Outcome { name, verdict, because, actual } => {
                result.verdict = verdict.under(&profile.lineage);
                result.outcome = Some(name.clone());
                result.actual = Some(actual.clone());
                result.message = match because {
                    Some(point) => format!("{name} ({point}): {}", self.statement(check)),
                    None => format!("{name}: {}", self.statement(check)),
                };
            }
            Showed::Otherwise { expected, actual } => {
                result.verdict = broken;
                result.message = self.broken_message(check, &ruling);
                result.expected = Some(expected.clone());
                result.actual = Some(actual.clone());
            }
            Showed::Stuck(error) => self.stuck(&mut result, story, check, error, broken),
            Showed::Unclear(why) => {
                result.verdict = Verdict::Error;
                result.message = format!("could not be judged: {why}");
            }
            Showed::NotTried(why) => {
                result.verdict = Verdict::Skip;
                result.not_verified = *why == NotTried::NoProbe;
                result.message = why.to_string();
            }
            Showed::NotReached(cause) => {
                result.verdict = Verdict::Skip;
                result.message = format!("not reached: {}", cause.what);
                result.pending = Some(cause.clone());
            }
        }
        Some(result)
    }

    /// The provider could not go on: by its own demands if the target claims it, else a warning where the RFC lets a
    /// server refuse the provider's spelling.
    fn stuck(
        &self,
        result: &mut CheckResult,
        story: &Story,
        check: &Check,
        error: &TaskError,
        broken: Verdict,
    ) {
        result.expected = Some("the provider can carry out its task".to_owned());
        result.actual = Some(error.text.clone());
        match &error.kind {
            Failure::Unreachable(_) | Failure::RateLimited => {
                result.verdict = Verdict::Error;
                result.message = format!("could not be judged: {}", error.text);
            }
            Failure::Refused { .. } | Failure::Unusable => {
                let claimed = story.persona.as_ref().is_some_and(|persona| self.claims(persona));
                let (verdict, message) = if let Some(forms) = refused_forms(error).filter(|_| !claimed) {
                    (Verdict::Warn, forms_message(result, forms))
                } else {
                    let message = self.stuck_message(&result.step, check, result.persona.as_deref(), error);
                    (broken, message)
                };
                result.verdict = verdict;
                result.message = message;
            }
        }
    }

    fn stuck_message(&self, step: &str, check: &Check, persona: Option<&str>, error: &TaskError) -> String {
        let mut message = format!("{} could not {step}. {}", provider_name(persona), self.required(check));
        let rows =
            error.demands.iter().filter_map(|id| self.catalogue.find(&RequirementId((*id).to_owned())));
        for row in rows {
            let statement = row.statement.trim_end_matches('.');
            let _ = write!(message, ". {} asks: {statement} ({})", provider_name(persona), row.id);
        }
        message
    }

    fn broken_message(&self, check: &Check, ruling: &Ruling) -> String {
        let statement = self.required(check);
        match &ruling.because {
            Some(because) => format!("{statement} ({because})"),
            None => statement,
        }
    }

    /// What is broken.
    fn required(&self, check: &Check) -> String {
        let word = match check.level {
            Level::Must => "Required",
            Level::Should => "Recommended",
            Level::May => "Recorded",
        };
        format!("{word}: {}", self.statement(check))
    }

    /// What the check is about, with its source: a promise of provisioning is not called RFC text.
    fn statement(&self, check: &Check) -> String {
        let row = check.shows.first().and_then(|id| self.catalogue.find(id));
        row.map_or_else(String::new, |row| {
            let derived = if row.notes.starts_with("[derived]") { ", derived" } else { "" };
            format!("{} ({}{derived})", row.statement.trim_end_matches('.'), row.citation())
        })
    }
}

impl Verdict {
    /// All of them, in the order of a summary.
    pub const ALL: [Self; 6] = [Self::Pass, Self::Fail, Self::Warn, Self::Info, Self::Skip, Self::Error];

    /// A verdict that a scenario may give to an outcome.
    pub fn of_outcome(word: &str) -> Option<Self> {
        Some(match word {
            "pass" => Self::Pass,
            "info" => Self::Info,
            "warn" => Self::Warn,
            "fail" => Self::Fail,
            _ => return None,
        })
    }
}

impl CheckResult {
    fn of_rule(id: String, level: Level, verdict: Verdict, message: String) -> Self {
        Self {
            id,
            scenario: "rule".to_owned(),
            story: 0,
            persona: None,
            verdict,
            outcome: None,
            level,
            requirements: Vec::new(),
            step: String::new(),
            message,
            expected: None,
            actual: None,
            notes: Vec::new(),
            exchanges: 0..0,
            evidence: None,
            known: None,
            not_verified: false,
            cause_key: String::new(),
            stuck: false,
            pending: None,
        }
    }

    /// The check of a story's snapshot. It shows no requirement: it holds a target to its own earlier behaviour.
    pub fn conversation(
        story: &Story,
        verdict: Verdict,
        message: String,
        actual: Option<String>,
        exchanges: std::ops::Range<usize>,
    ) -> Self {
        Self {
            id: story.check_id("conversation"),
            scenario: story.scenario.id.clone(),
            story: story.number,
            persona: story.persona.as_ref().map(ToString::to_string),
            verdict,
            outcome: None,
            level: Level::May,
            requirements: Vec::new(),
            step: "the whole conversation".to_owned(),
            message,
            expected: None,
            actual,
            notes: Vec::new(),
            exchanges,
            evidence: None,
            known: None,
            not_verified: false,
            cause_key: String::new(),
            stuck: false,
            pending: None,
        }
    }

    fn scrub(&mut self, secrets: &Secrets) {
        let clean = |text: &str| cut(&secrets.scrub(text));
        self.message = clean(&self.message);
        self.expected = self.expected.as_deref().map(clean);
        self.actual = self.actual.as_deref().map(clean);
        for note in &mut self.notes {
            *note = clean(note);
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Info => "info",
            Self::Skip => "skip",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fail => "fail",
        })
    }
}

/// Enough of a text for a person to see what it is.
fn cut(text: &str) -> String {
    const LENGTH: usize = 600;
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}… ({} bytes in all)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

/// The contested spellings of a message that the server refused as a client error, as the RFC lets it. Which of them
/// was too much cannot be seen from outside.
fn refused_forms(error: &TaskError) -> Option<&[Form]> {
    match error.kind {
        Failure::Refused { status: 400 | 422 | 501 } => (!error.forms.is_empty()).then_some(&error.forms[..]),
        _ => None,
    }
}

fn forms_message(result: &CheckResult, forms: &[Form]) -> String {
    let provider = provider_name(result.persona.as_deref());
    let whats: Vec<_> = forms.iter().map(|form| form.what).collect();
    let whys: Vec<_> = forms.iter().map(|form| format!("{}: {}.", form.point, form.why)).collect();
    format!(
        "{provider} could not {}: the server refuses {}. {}",
        result.step,
        whats.join(" or "),
        whys.join(" ")
    )
}

fn provider_name(persona: Option<&str>) -> &'static str {
    match persona.map(provider) {
        Some("okta") => "Okta",
        Some("entra") => "Entra",
        _ => "The provider",
    }
}

/// The provider of a persona, by its name.
fn provider(persona: &str) -> &str {
    persona.split(['-', '+']).next().unwrap_or(persona)
}

fn verdict_of(demand: Demand) -> Option<Verdict> {
    Some(match demand {
        Demand::Off => return None,
        Demand::Info => Verdict::Info,
        Demand::Warn => Verdict::Warn,
        Demand::Fail => Verdict::Fail,
    })
}

//! Which stories a run tells: scenarios x personas x rows, less what the profile, the target or the user leaves out;
//! what is left out for the target's sake is skipped with the reason.

use std::collections::BTreeSet;
use std::sync::Arc;

use globset::{Glob, GlobSet, GlobSetBuilder};
use scimspec_mock_idp::exchange::Destination;
use scimspec_mock_idp::persona::PersonaName;

use super::needs::unmet;
use super::observed::Story;
use crate::judge::Judge;
use crate::rules::RULES;
use crate::scenario::model::{Action, Allow, Need, RequestStep, RequestTemplate, Scenario, Step};
use crate::target::preflight::Capabilities;

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Check ids, as globs; empty: all.
    pub only: GlobSet,
    /// Whether anything was asked for by `only`.
    pub narrowed: bool,
    /// Whether the rules judge what the chosen stories send, though nobody asked for them by name.
    pub all_rules: bool,
    /// The personas that the run includes.
    pub personas: Vec<PersonaName>,
    /// Only stories that send nothing but GETs.
    pub safe: bool,
    /// What may harm the target.
    pub allow: BTreeSet<Allow>,
}

/// The stories of a run, and those that the target or the user's caution rules out.
#[derive(Debug, Default)]
pub struct Plan {
    /// To be told.
    pub stories: Vec<Story>,
    /// Not to be told, with the reason.
    pub skipped: Vec<(Story, String)>,
}

/// How much a plan will make at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Makes {
    /// Users.
    pub people: usize,
    /// Groups.
    pub groups: usize,
}

impl Selection {
    /// Globs over check ids. A pattern that names a scenario stands for all its checks.
    pub fn globs(patterns: &[String]) -> Result<GlobSet, globset::Error> {
        let mut builder = GlobSetBuilder::new();
        for pattern in patterns {
            builder.add(Glob::new(pattern)?);
            builder.add(Glob::new(&format!("{pattern}/**"))?);
        }
        builder.build()
    }

    /// Whether a rule was asked for by name.
    pub fn wants_a_rule(&self) -> bool {
        self.narrowed && RULES.iter().any(|rule| self.only.is_match(rule.id()))
    }

    /// Whether a check was asked for.
    pub fn wants(&self, check_id: &str) -> bool {
        !self.narrowed || self.only.is_match(check_id) || (self.all_rules && check_id.starts_with("rule/"))
    }
}

impl Plan {
    /// Chooses the stories.
    pub fn new(scenarios: &[Scenario], selection: &Selection, judge: &Judge, can: &Capabilities) -> Self {
        let mut plan = Self::default();
        for scenario in scenarios {
            let scenario = Arc::new(scenario.clone());
            let cases: Vec<_> = if scenario.cases.is_empty() {
                vec![None]
            } else {
                scenario.cases.iter().cloned().map(Some).collect()
            };
            for persona in personas(&scenario, selection, judge) {
                for case in &cases {
                    let number = plan.stories.len() + plan.skipped.len() + 1;
                    let story = Story {
                        number,
                        scenario: Arc::clone(&scenario),
                        case: case.clone(),
                        persona: persona.clone(),
                    };
                    plan.add(story, selection, judge, can);
                }
            }
        }
        plan
    }

    /// What it will make at most.
    pub fn makes(&self) -> Makes {
        let mut makes = Makes { people: 0, groups: 0 };
        for story in &self.stories {
            makes.people += story.scenario.people.len();
            makes.groups += story.scenario.groups.len();
            for step in &story.scenario.steps {
                if let Action::Replay(replay) = &step.action {
                    let creates = |target: &str| {
                        let there = Destination::Scim(target.to_owned());
                        let all = replay.recording.exchanges();
                        all.filter(|it| it.request.method == http::Method::POST && it.request.to == there)
                            .count()
                    };
                    makes.people += creates("/Users");
                    makes.groups += creates("/Groups");
                }
                if let Action::Request(request) = &step.action {
                    let copies = request.count() as usize - request.beside.len();
                    let sent = request.beside.iter().chain(std::iter::repeat_n(&request.request, copies));
                    let posts = sent.filter(|request| request.method == http::Method::POST);
                    let is_at = |request: &RequestTemplate, endpoint: &str| {
                        request.target.to_string().starts_with(endpoint)
                    };
                    for post in posts {
                        makes.people += usize::from(is_at(post, "/Users") && !binds_a_person(request));
                        makes.groups += usize::from(is_at(post, "/Groups"));
                    }
                }
            }
        }
        makes
    }

    fn add(&mut self, story: Story, selection: &Selection, judge: &Judge, can: &Capabilities) {
        let profile = judge.profile();
        // A story that rests on what the profile forbids would only fail at it.
        if story.scenario.checks_of(story.case.as_ref()).any(|check| profile.switches_off(&check.shows)) {
            return;
        }
        // A rule looks at whatever passes: whoever wants one wants every story.
        let wanted = selection.wants_a_rule()
            || story
                .scenario
                .checks_of(story.case.as_ref())
                .any(|check| selection.wants(&story.check_id(&check.slug)) && judge.asks(&story, check));
        if !wanted || (selection.safe && !story.scenario.only_reads()) {
            return;
        }
        let refused = refusal(&story, selection, can).or_else(|| unfit(&story, judge, can));
        match refused {
            Some(why) => self.skipped.push((story, why)),
            None => self.stories.push(story),
        }
    }
}

fn personas(scenario: &Scenario, selection: &Selection, judge: &Judge) -> Vec<Option<PersonaName>> {
    let profile = judge.profile();
    let named =
        scenario.profiles.is_empty() || profile.lineage.iter().any(|name| scenario.profiles.contains(name));
    if !named {
        return Vec::new();
    }
    if scenario.personas.is_empty() {
        return vec![None];
    }
    let mut list: Vec<Option<PersonaName>> = Vec::new();
    for asked in &selection.personas {
        let excluded = judge.profile().excludes.contains_key(asked.base());
        // A scenario that names a persona plainly is told as the variant that the run includes; one that names a
        // variant is told as that variant.
        let fitting = scenario.personas.iter().filter(|named| named.base() == asked.base());
        for named in fitting {
            let told = if named.to_string() == named.base() { asked } else { named };
            let told = Some(told.clone());
            if !excluded && !list.contains(&told) {
                list.push(told);
            }
        }
    }
    list
}

/// A target that says it lacks what a provider needs is not blamed by that provider's stories, unless it claims to work
/// with it all the same.
fn unfit(story: &Story, judge: &Judge, can: &Capabilities) -> Option<String> {
    let persona = story.persona.as_ref().filter(|persona| !judge.claims(persona))?;
    let lacking = persona.needs().iter().find(|feature| can.lacks(feature))?;
    Some(format!(
        "/ServiceProviderConfig says {lacking}.supported = false, and {} cannot do without",
        persona.base()
    ))
}

fn refusal(story: &Story, selection: &Selection, can: &Capabilities) -> Option<String> {
    if let Some(allow) = story.scenario.allow.iter().find(|allow| !selection.allow.contains(allow)) {
        return Some(match allow {
            Allow::Load => "it puts load on the server; allow it with `--allow load`".to_owned(),
        });
    }
    let acts = story.scenario.steps.iter().filter_map(Step::administrator_act).map(Need::Administrator);
    let needs = story.scenario.needs.of(story.case.as_ref())?;
    // Without what the administrator does the story would be another one.
    needs
        .iter()
        .find_map(|need| unmet(need, can))
        .or_else(|| acts.into_iter().find_map(|need| unmet(&need, can)))
}

fn binds_a_person(request: &RequestStep) -> bool {
    request.keep.iter().any(|keep| keep.name.rsplit_once('.').is_some_and(|(_, last)| last == "id"))
}

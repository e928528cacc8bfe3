//! Gives what may come back its meaning: one right answer, a tally, or named outcomes, with their patterns.

use std::collections::BTreeMap;

use serde_json::Value;

use super::lower::Lowering;
use super::model::{AnswerPattern, Judged, Outcome, OutcomeVerdict, Statuses, Tally};
use super::raw::{At, RawAnswer, RawExpect, RawOutcome, RawStep, RawVerdict};
use crate::json::pattern::PatternTemplate;
use crate::json::strict;
use crate::judge::Verdict;

/// What of the step decides how its answers can be judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    /// How many requests are sent.
    pub count: u32,
    /// Whether each of them is the same kind of request, so that one answer can be expected of each.
    pub alike: bool,
    /// Whether there is a read-back.
    pub read_back: bool,
    /// Whether the step has a check.
    pub check: bool,
}

impl Lowering<'_> {
    /// What is right, of a step that sends requests.
    pub(super) fn judged(&mut self, raw: &mut RawStep, line: &At<String>, sent: Sent) -> Option<Judged> {
        let judged = match (raw.expect.take(), raw.outcomes.take()) {
            (Some(expect), Some(_)) => {
                self.mistake(
                    &expect,
                    "`expect` and `outcomes` at once",
                    "one right answer is `expect`; where several things are possible use `outcomes` alone",
                );
                return None;
            }
            (Some(expect), None) => self.expect(expect, sent),
            (None, Some(outcomes)) if sent.count > 1 => {
                self.mistake(
                    &outcomes,
                    "`outcomes` of several requests",
                    "say how many answers of which status: `expect: {tally: {\"2xx\": 1, 412: 1}}`",
                );
                return None;
            }
            (None, Some(outcomes)) => Judged::Outcomes(self.outcomes(outcomes, sent.read_back)),
            (None, None) => Judged::Nothing,
        };
        if sent.check && matches!(judged, Judged::Nothing) {
            self.mistake(
                line,
                "a check that asks for nothing",
                "say what is right: `expect: {status: 200}` or `outcomes:`",
            );
        }
        if !sent.check && matches!(judged, Judged::Outcomes(_)) {
            self.mistake(line, "`outcomes` without a check", "give it `check:` and `shows:`");
        }
        Some(judged)
    }

    fn expect(&mut self, expect: At<RawExpect>, sent: Sent) -> Judged {
        let place = At::new((), expect.referenced, expect.defined);
        let raw = expect.value;
        if raw.after.is_some() && !sent.read_back {
            self.mistake(
                &place,
                "`after` is expected and never asked for",
                "add the read-back to the step: `after: GET /Users/${user.id}`",
            );
        }
        let after = raw.after.map(|after| Box::new(self.answer(after)));
        if let Some(tally) = raw.tally {
            return Judged::Tally(self.tally(&tally, &place, sent.count), after);
        }
        if !sent.alike {
            self.mistake(
                &place,
                "parallel requests have no one answer",
                "say how many answers of which status: `expect: {tally: {201: 1, 409: 15}}`",
            );
        }
        let answer = self.answer(RawAnswer { status: raw.status, json: raw.json, headers: raw.headers });
        Judged::Expect(Box::new(answer), after)
    }

    fn tally(&mut self, tally: &BTreeMap<String, u32>, place: &At<()>, requests: u32) -> Tally {
        if requests == 1 || tally.values().sum::<u32>() != requests {
            self.mistake(
                place,
                "a tally that does not add up",
                "with `parallel: N`, the counts of `tally` add up to N; those of `beside` and `times` count too",
            );
        }
        let mut known: Vec<(Statuses, u32)> = Vec::new();
        for (text, count) in tally {
            let statuses = match text.parse::<Statuses>() {
                Ok(statuses) => statuses,
                Err(error) => {
                    self.mistake(place, error.to_string(), "write `201`, `2xx` or `200|204`");
                    continue;
                }
            };
            if let Some((other, _)) = known.iter().find(|(other, _)| other.overlap(&statuses)) {
                self.mistake(
                    place,
                    format!("a status could be counted as {other} and as {statuses}"),
                    "let each status belong to one entry of `tally`",
                );
            }
            known.push((statuses, *count));
        }
        Tally(known)
    }

    fn outcomes(&mut self, outcomes: At<Vec<At<RawOutcome>>>, has_after: bool) -> Vec<Outcome> {
        let mut known: Vec<Outcome> = Vec::new();
        if outcomes.value.is_empty() {
            self.mistake(
                &outcomes,
                "no outcome is named",
                "name at least one: `{name: refused, answer: {status: 400}, verdict: pass}`",
            );
        }
        for at in outcomes.value {
            let place = At::new((), at.referenced, at.defined);
            let raw = at.value;
            let Some(name) = self.slug(&raw.name, "outcome") else { continue };
            if known.iter().any(|outcome| outcome.name == name) {
                self.mistake(
                    &raw.name,
                    format!("two outcomes are called `{name}`"),
                    "give each a slug of its own",
                );
            }
            if raw.after.is_some() && !has_after {
                self.mistake(
                    &place,
                    "an outcome looks at a read-back that is never made",
                    "add it to the step: `after: GET /Users/${user.id}`",
                );
            }
            let Some(verdict) = self.verdict(&raw.verdict) else { continue };
            let answer = raw.answer.map_or_else(AnswerPattern::default, |answer| self.answer(answer));
            let after = raw.after.map(|after| self.answer(after));
            known.push(Outcome { name, answer, after, verdict, because: raw.because });
        }
        known
    }

    fn verdict(&mut self, raw: &At<RawVerdict>) -> Option<OutcomeVerdict> {
        let help = "an outcome is worth one of: pass, info, warn, fail; by profile: `verdict: {base: warn, entra: pass}`";
        match &raw.value {
            RawVerdict::Always(word) => {
                let verdict = Verdict::of_outcome(word);
                if verdict.is_none() {
                    self.mistake(raw, format!("{word:?} is no verdict"), help);
                }
                verdict.map(OutcomeVerdict::Always)
            }
            RawVerdict::ByProfile(by) => {
                let mut verdicts = BTreeMap::new();
                for (profile, word) in by {
                    let (known, verdict) = (self.world.profiles.contains(profile), Verdict::of_outcome(word));
                    let (true, Some(verdict)) = (known, verdict) else {
                        let wrong = if known {
                            format!("{word:?} is no verdict")
                        } else {
                            format!("there is no profile {profile:?}")
                        };
                        self.mistake(raw, wrong, help);
                        return None;
                    };
                    verdicts.insert(profile.clone(), verdict);
                }
                Some(OutcomeVerdict::ByProfile(verdicts))
            }
        }
    }

    fn answer(&mut self, raw: RawAnswer) -> AnswerPattern {
        let json = raw.json.as_ref().and_then(|json| self.pattern(json));
        let headers = raw.headers.unwrap_or_default();
        let headers = headers.into_iter().filter_map(|(name, value)| {
            let parsed = strict::parse(&value.value).unwrap_or_else(|_| Value::String(value.value.clone()));
            Some((name, self.pattern_of(&value, parsed)?))
        });
        let headers = headers.collect();
        AnswerPattern {
            status: raw.status.map_or_else(Vec::new, super::raw::RawStatus::into_list),
            json,
            headers,
        }
    }

    fn pattern(&mut self, json: &At<String>) -> Option<PatternTemplate> {
        let help = "write a JSON pattern: what must be there, e.g. '{\"active\": false}'";
        match strict::parse(&json.value) {
            Ok(value) => self.pattern_of(json, value),
            Err(error) => {
                self.json_mistake(json, &error, help);
                None
            }
        }
    }

    fn pattern_of(&mut self, at: &At<String>, value: Value) -> Option<PatternTemplate> {
        let pattern = PatternTemplate::new(value)
            .map_err(|error| self.mistake(at, error.to_string(), error.help()))
            .ok()?;
        pattern.references().iter().all(|reference| self.known(at, reference)).then_some(pattern)
    }
}

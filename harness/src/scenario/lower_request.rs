//! Gives plain requests their meaning: the request line, the body, what may come back, and what is kept of it.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::lower::Lowering;
use super::model::{
    Action, AnswerPattern, Judged, Keep, Outcome, OutcomeVerdict, RequestStep, RequestTemplate,
};
use super::raw::{At, RawAnswer, RawExpect, RawOutcome, RawStep, RawVerdict};
use crate::json::pattern::Pattern;
use crate::json::strict;
use crate::json::template::{Template, Text};
use crate::judge::Verdict;

impl Lowering<'_> {
    pub(super) fn request(&mut self, raw: RawStep, has_check: bool) -> Option<Action> {
        let line = raw.request?;
        let mut request = self.request_line(&line)?;
        request.json = raw.json.as_ref().and_then(|json| self.template(json));
        for (name, value) in raw.headers.unwrap_or_default() {
            if let Some(value) = self.text(&value) {
                request.headers.push((name, value));
            }
        }
        let after = raw.after.as_ref().and_then(|after| self.request_line(after));
        let parallel = raw.parallel.map_or(1, |parallel| {
            if !(2..=256).contains(&parallel.value) {
                self.mistake(
                    &parallel,
                    "this many requests at once cannot be sent",
                    "write a number from 2 to 256",
                );
            }
            parallel.value
        });
        let judged = match (raw.expect, raw.outcomes) {
            (Some(expect), Some(_)) => {
                self.mistake(
                    &expect,
                    "`expect` and `outcomes` at once",
                    "one right answer is `expect`; where several things are possible use `outcomes` alone",
                );
                return None;
            }
            (Some(expect), None) => self.expect(expect, after.is_some(), parallel),
            (None, Some(outcomes)) => Judged::Outcomes(self.outcomes(outcomes, after.is_some())),
            (None, None) => Judged::Nothing,
        };
        if has_check && matches!(judged, Judged::Nothing) {
            self.mistake(
                &line,
                "a check that asks for nothing",
                "say what is right: `expect: {status: 200}` or `outcomes:`",
            );
        }
        if !has_check && matches!(judged, Judged::Outcomes(_)) {
            self.mistake(&line, "`outcomes` without a check", "give it `check:` and `shows:`");
        }
        let keep = self.keeps(raw.keep);
        Some(Action::Request(Box::new(RequestStep { request, parallel, after, judged, keep })))
    }

    fn request_line(&mut self, line: &At<String>) -> Option<RequestTemplate> {
        const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
        let (method, target) = line.value.split_once(' ').unwrap_or((&line.value, ""));
        let target = target.trim();
        let known = METHODS.contains(&method).then(|| Method::from_bytes(method.as_bytes()).ok()).flatten();
        let (Some(method), true) = (known, target.starts_with('/')) else {
            self.mistake(line, "this is not a request", format!("write a method and a path below the base URL, as in `GET /Users/${{ada.id}}`; methods: {}", METHODS.join(", ")));
            return None;
        };
        let target = self.text(&At::new(target.to_owned(), line.referenced, line.defined))?;
        Some(RequestTemplate { method, target, headers: Vec::new(), json: None })
    }

    fn expect(&mut self, expect: At<RawExpect>, has_after: bool, parallel: u32) -> Judged {
        let place = At::new((), expect.referenced, expect.defined);
        let raw = expect.value;
        if let Some(tally) = raw.tally {
            if parallel == 1 || tally.values().sum::<u32>() != parallel {
                self.mistake(
                    &place,
                    "a tally that does not add up",
                    "with `parallel: N`, the counts of `tally` add up to N",
                );
            }
            return Judged::Tally(tally);
        }
        if parallel > 1 {
            self.mistake(
                &place,
                "parallel requests have no one answer",
                "say how many answers of which status: `expect: {tally: {201: 1, 409: 15}}`",
            );
        }
        let answer = self.answer(RawAnswer { status: raw.status, json: raw.json, headers: raw.headers });
        if raw.after.is_some() && !has_after {
            self.mistake(
                &place,
                "`after` is expected and never asked for",
                "add the read-back to the step: `after: GET /Users/${user.id}`",
            );
        }
        let after = raw.after.map(|after| self.answer(after));
        Judged::Expect(Box::new(answer), after.map(Box::new))
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

    fn pattern(&mut self, json: &At<String>) -> Option<Template> {
        let help = "write a JSON pattern: what must be there, e.g. '{\"active\": false}'";
        match strict::parse(&json.value) {
            Ok(value) => self.pattern_of(json, value),
            Err(error) => {
                self.json_mistake(json, &error, help);
                None
            }
        }
    }

    fn pattern_of(&mut self, at: &At<String>, value: Value) -> Option<Template> {
        if let Err(error) = Pattern::parse(&value) {
            self.mistake(at, error.to_string(), "see \"JSON patterns\" in docs/scenarios.md");
            return None;
        }
        self.template_of(at, value)
    }

    fn template(&mut self, json: &At<String>) -> Option<Template> {
        match strict::parse(&json.value) {
            Ok(value) => self.template_of(json, value),
            Err(error) => {
                self.json_mistake(
                    json,
                    &error,
                    "a body is JSON text; names are filled in with \"${ada.id}\", in quotes",
                );
                None
            }
        }
    }

    fn template_of(&mut self, at: &At<String>, value: Value) -> Option<Template> {
        let template = Template::new(value)
            .map_err(|error| self.mistake(at, error.to_string(), "write `${name}`"))
            .ok()?;
        let references = template.references();
        references.iter().all(|reference| self.known(at, reference)).then_some(template)
    }

    pub(super) fn text(&mut self, at: &At<String>) -> Option<Text> {
        let text = Text::parse(&at.value)
            .map_err(|error| self.mistake(at, error.to_string(), "write `${name}`"))
            .ok()?;
        let references: Vec<_> = text.references().cloned().collect();
        references.iter().all(|reference| self.known(at, reference)).then_some(text)
    }

    fn known(&mut self, at: &At<String>, reference: &crate::json::template::Reference) -> bool {
        let Err(unknown) = self.scope.check(reference) else { return true };
        self.mistake(at, format!("`${{{}}}`: {}", reference.0, unknown.what), unknown.help);
        false
    }

    fn keeps(&mut self, keep: Option<BTreeMap<String, At<String>>>) -> Vec<Keep> {
        let mut kept = Vec::new();
        for (name, path) in keep.unwrap_or_default() {
            let Ok(parsed) = JsonPath::parse(&path.value) else {
                self.mistake(
                    &path,
                    "this is not a JSON path",
                    "write `$` for the whole body, `$.id` for a member",
                );
                continue;
            };
            match self.scope.keep(&name) {
                Ok(()) => kept.push(Keep { name, path: parsed }),
                Err(unknown) => self.mistake(&path, unknown.what, unknown.help),
            }
        }
        kept
    }
}

//! The plain requests of a story: sent, read back, and compared with what the scenario expects.

use std::collections::BTreeMap;
use std::time::Duration;

use scimspec_mock_idp::exchange::{Answer, Exchange, Origin, Wire};

use super::answer::{Unlike, describe};
use super::observed::Showed;
use super::story::{Done, Teller};
use crate::backoff::Backoff;
use crate::json::template::{Lookup, Unbound};
use crate::scenario::model::{AnswerPattern, Judged, Outcome, RequestStep};

impl Teller<'_> {
    /// Sends the request, again for a while where the answer may lag behind a write.
    pub(super) async fn request(
        &mut self,
        step: &RequestStep,
        within: Option<Duration>,
        wire: &dyn Wire,
    ) -> Result<Done, Unbound> {
        if step.parallel > 1 {
            return self.parallel(step, wire).await;
        }
        let lag = if step.request.reads_a_list() { self.setting.list_patience } else { Duration::ZERO };
        let mut backoff = Backoff::new(within.unwrap_or(lag), Duration::from_millis(250));
        loop {
            let done = self.request_once(step, wire).await?;
            if !matches!(done.showed, Showed::Otherwise { .. }) || !backoff.pause().await {
                return Ok(done);
            }
        }
    }

    async fn request_once(&mut self, step: &RequestStep, wire: &dyn Wire) -> Result<Done, Unbound> {
        let request = step.request.fill(&self.scope())?;
        let exchange = wire.send(Origin::Request, request).await;
        let main = self.recorder.count().checked_sub(1);
        let answer = match judgeable(&exchange) {
            Ok(answer) => answer,
            Err(why) => return Ok(Done::ends(Showed::Unclear(why.clone()), why)),
        };
        let missing = self.keep(step, answer);
        let after = match &step.after {
            None => None,
            Some(template) => match template.fill(&self.scope()) {
                // What the read-back needs was to come from the answer itself; its judgement says what is wrong.
                Err(_) if missing.is_some() => None,
                Err(unbound) => return Err(unbound),
                Ok(request) => {
                    let read_back = wire.send(Origin::Request, request).await;
                    match judgeable(&read_back) {
                        Ok(answer) => Some(answer.clone()),
                        Err(why) => return Ok(Done::of(Showed::Unclear(format!("the read-back: {why}")))),
                    }
                }
            },
        };
        let (showed, read_back) = step.judged.compare(answer, after.as_ref(), &self.scope())?;
        let evidence = if read_back { self.recorder.count().checked_sub(1) } else { main };
        Ok(Done { showed, notes: Vec::new(), ends: missing, evidence, only_reported: false })
    }

    /// Keeps what the step keeps; what the answer does not have ends the story.
    fn keep(&mut self, step: &RequestStep, answer: &Answer) -> Option<String> {
        let json = answer.json().unwrap_or_default();
        let mut missing = None;
        for keep in &step.keep {
            match keep.path.query(&json).first() {
                Some(value) if !value.is_null() => self.bindings.keep(&keep.name, value.clone()),
                _ => {
                    missing = Some(format!("the answer ({}) has nothing at {}", describe(answer), keep.path));
                }
            }
        }
        missing
    }

    async fn parallel(&mut self, step: &RequestStep, wire: &dyn Wire) -> Result<Done, Unbound> {
        let request = step.request.fill(&self.scope())?;
        let start = self.recorder.count();
        let sent = (0..step.parallel).map(|_| wire.send(Origin::Request, request.clone()));
        let exchanges = futures::future::join_all(sent).await;
        self.unordered.push(start..self.recorder.count());
        let mut tally: BTreeMap<u16, u32> = BTreeMap::new();
        for exchange in &exchanges {
            match judgeable(exchange) {
                Ok(answer) => *tally.entry(answer.status).or_default() += 1,
                Err(why) => return Ok(Done::of(Showed::Unclear(why))),
            }
        }
        Ok(Done::of(match &step.judged {
            Judged::Tally(expected) if tally != *expected => {
                Showed::Otherwise { expected: in_words(expected), actual: in_words(&tally) }
            }
            _ => Showed::Held,
        }))
    }
}

impl Judged {
    /// What the answers show, and whether it is the read-back alone that is not as expected.
    fn compare(
        &self,
        answer: &Answer,
        after: Option<&Answer>,
        lookup: &dyn Lookup,
    ) -> Result<(Showed, bool), Unbound> {
        match self {
            Self::Nothing | Self::Tally(_) => Ok((Showed::Held, false)),
            Self::Expect(expected, expected_after) => {
                let otherwise = |Unlike { expected, actual }| Showed::Otherwise { expected, actual };
                if let Err(unlike) = expected.compare(answer, lookup)? {
                    return Ok((otherwise(unlike), false));
                }
                if let (Some(pattern), Some(after)) = (expected_after, after)
                    && let Err(unlike) = pattern.compare(after, lookup)?
                {
                    return Ok((otherwise(unlike.afterwards()), true));
                }
                Ok((Showed::Held, false))
            }
            Self::Outcomes(outcomes) => {
                let mut actual = describe(answer);
                if let Some(after) = after {
                    actual.push_str("; afterwards ");
                    actual.push_str(&describe(after));
                }
                for outcome in outcomes {
                    if outcome.holds(answer, after, lookup)? {
                        let showed = Showed::Outcome {
                            name: outcome.name.clone(),
                            verdict: outcome.verdict.clone(),
                            because: outcome.because.clone(),
                            actual,
                        };
                        return Ok((showed, false));
                    }
                }
                let names: Vec<_> = outcomes.iter().map(|outcome| outcome.name.as_str()).collect();
                Ok((Showed::Otherwise { expected: format!("one of: {}", names.join(", ")), actual }, false))
            }
        }
    }
}

impl Outcome {
    fn holds(&self, answer: &Answer, after: Option<&Answer>, lookup: &dyn Lookup) -> Result<bool, Unbound> {
        let is_like = |pattern: &AnswerPattern, answer: &Answer| Ok(pattern.compare(answer, lookup)?.is_ok());
        Ok(is_like(&self.answer, answer)?
            && match (&self.after, after) {
                (None, _) => true,
                (Some(pattern), Some(after)) => is_like(pattern, after)?,
                (Some(_), None) => false,
            })
    }
}

/// An answer that says something about the target: there is one, and it is not "too many requests".
fn judgeable(exchange: &Exchange) -> Result<&Answer, String> {
    match &exchange.result {
        Err(broken) => Err(broken.to_string()),
        Ok(answer) if answer.status == 429 => {
            Err("the server answers 429 (too many requests) for longer than this run waits".to_owned())
        }
        Ok(answer) => Ok(answer),
    }
}

fn in_words(tally: &BTreeMap<u16, u32>) -> String {
    let all: Vec<_> = tally.iter().map(|(status, count)| format!("{count} x {status}")).collect();
    all.join(", ")
}

//! What answers show when they are held against what a step expects of them. What that is worth is the judge's.

use std::collections::BTreeMap;

use scimspec_mock_idp::exchange::Answer;

use super::answer::{Unlike, describe};
use super::observed::Showed;
use crate::json::template::{Lookup, Unbound};
use crate::scenario::model::{AnswerPattern, Judged, Outcome, Tally};

impl Judged {
    /// What the answer shows, and whether it is the read-back alone that is not as expected.
    pub(super) fn compare(
        &self,
        answer: &Answer,
        after: Option<&Answer>,
        lookup: &dyn Lookup,
    ) -> Result<(Showed, bool), Unbound> {
        match self {
            Self::Nothing | Self::Tally(..) => Ok((Showed::Held, false)),
            Self::Expect(expected, expected_after) => {
                if let Err(unlike) = expected.compare(answer, lookup)? {
                    return Ok((unlike.into(), false));
                }
                if let (Some(pattern), Some(after)) = (expected_after, after)
                    && let Err(unlike) = pattern.compare(after, lookup)?
                {
                    return Ok((unlike.afterwards().into(), true));
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

impl From<Unlike> for Showed {
    fn from(Unlike { expected, actual }: Unlike) -> Self {
        Self::Otherwise { expected, actual }
    }
}

/// Whether there are as many answers of each status as a tally says.
pub(super) fn in_tally(tally: &Tally, answers: &[&Answer]) -> Showed {
    let right = tally.0.iter().all(|(statuses, count)| {
        let found = answers.iter().filter(|answer| statuses.hold(answer.status)).count();
        found == *count as usize
    });
    if right {
        return Showed::Held;
    }
    let mut found: BTreeMap<u16, usize> = BTreeMap::new();
    for answer in answers {
        *found.entry(answer.status).or_default() += 1;
    }
    let all: Vec<_> = found.iter().map(|(status, count)| format!("{count} x {status}")).collect();
    Showed::Otherwise { expected: tally.to_string(), actual: all.join(", ") }
}

/// The same, of one of several requests.
pub(super) fn counted(unlike: Unlike, number: usize, of: usize) -> Unlike {
    Unlike { actual: format!("request {number} of {of}: {}", unlike.actual), ..unlike }
}

//! A recording as a step of a story: its requests sent again with names of the story's own, and the answers held against the
//! recorded ones by what the provider would notice. How they are compared is `crate::replay`'s.

use scimspec_mock_idp::exchange::Wire;

use super::observed::Showed;
use super::story::{Done, Teller};
use crate::replay::difference::Difference;
use crate::replay::{self, Options, Replayed, Room};
use crate::scenario::model::ReplayStep;

/// More differences than these are counted.
const TOLD: usize = 3;

impl Teller<'_> {
    /// Replays the whole recording. What differs makes the step not hold; what could not be sent is noted.
    pub(super) async fn replay(&mut self, step: &ReplayStep, wire: &dyn Wire) -> Done {
        let setting = self.setting;
        let room = Room {
            wire,
            base: &setting.base,
            endpoints: &setting.endpoints,
            run: &setting.run,
            story: self.story.number,
            domain: &setting.domain,
            secrets: &setting.secrets,
            // A story never touches what it did not make, whoever else is there.
            alone: false,
        };
        let options = Options { strict: step.strict, unique: true, ..Options::default() };
        let start = self.recorder.count();
        let replayed = replay::replay(&step.recording, &room, &options).await;
        let mut done = Done::of(showed(&step.file, &replayed));
        // What differs first is told first, and many requests may have followed it.
        let first = replayed.differences.first().and_then(|difference| difference.exchange.as_deref());
        done.evidence = first.and_then(|exchange| self.recorder.place_of(exchange, start));
        done.notes = replayed.notes;
        done.notes.extend(
            replayed.skipped.iter().map(|skipped| format!("{} not sent: {}", skipped.count, skipped.why)),
        );
        done
    }
}

fn showed(file: &str, replayed: &Replayed) -> Showed {
    if replayed.compared == 0 && replayed.differences.is_empty() {
        let why = replayed.skipped.first().map_or("it holds no answers", |skipped| skipped.why.as_str());
        return Showed::Unclear(format!("nothing of {file} could be compared: {why}"));
    }
    let (first, rest) = match replayed.differences.as_slice() {
        [] => return Showed::Held,
        [first, rest @ ..] => (first, rest),
    };
    let more = replayed.more + rest.len().saturating_sub(TOLD - 1);
    let mut actual: Vec<String> =
        std::iter::once(first).chain(rest.iter().take(TOLD - 1)).map(in_words).collect();
    if more > 0 {
        actual.push(format!("and {more} more"));
    }
    Showed::Otherwise { expected: format!("the answers of {file}"), actual: actual.join("; ") }
}

/// Where, what, and what follows for the provider.
fn in_words(difference: &Difference) -> String {
    let unlike = difference.unlike.first();
    let what = unlike.map_or_else(String::new, |unlike| {
        let of = unlike.attribute.as_ref().map_or_else(String::new, |name| format!("{name} "));
        format!(": {of}{} instead of {}", unlike.new, unlike.recorded)
    });
    format!("{} ({}){what}: {}", difference.place, difference.request, difference.consequence)
}

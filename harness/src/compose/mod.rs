//! `scimspec scenario from`: makes a scenario of a recording, as a person would have written it. People and groups get
//! made-up names (`cast`, `member`, `rewrite`); what a persona would have sent becomes acts (`acts`, `rehearsal`, `story`),
//! everything else plain requests (`plain`, `demand`, `right`, `rows`, `headers`). Reading and running are not done here.

mod acts;
mod cast;
mod demand;
mod draft;
mod headers;
mod member;
mod plain;
mod rehearsal;
mod rewrite;
mod right;
mod rows;
mod seen;
mod story;
#[cfg(test)]
mod tests;
mod yaml;

use scimspec_mock_idp::persona::PersonaName;
use scimspec_mock_idp::recording::Recording;

use self::cast::Cast;
use self::draft::Draft;
use self::seen::{Kind, Seen};
use crate::report::view::printable;
use crate::scenario::diagnostic::{Diagnostics, Source};
use crate::scenario::loader;
use crate::scenario::lower::World;

/// Longer scenarios are read by nobody.
const LONGEST: usize = 1000;

/// What the author of the scenario asks for.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The scenario's title; none: one is made.
    pub title: Option<String>,
    /// As whom the recording may have been made, the likeliest first. Nobody: it becomes plain requests.
    pub personas: Vec<PersonaName>,
}

/// A scenario that the loader has read without a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The file.
    pub text: String,
    /// What could not be carried over, or needs a person's eyes; the file has it too.
    pub notes: Vec<String>,
    /// As whom it runs; none: plain requests.
    pub persona: Option<PersonaName>,
}

/// Why no scenario can be made.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// Nothing in the recording can be carried over.
    #[error("nothing in the recording can become a step of a scenario{}", notes_of(.0))]
    Nothing(Vec<String>),
    /// What could be carried over can all be sent, and nothing of it can be judged.
    #[error("nothing in the recording can be checked by a scenario{}", notes_of(.0))]
    Unchecked(Vec<String>),
    /// More exchanges than a scenario can have steps.
    #[error(
        "the recording has {0} exchanges, and a scenario of more than {LONGEST} steps is read by nobody: make a smaller recording, or replay this one in a step (`replay: FILE`)"
    )]
    TooLong(usize),
    /// What was made is no scenario: a mistake of this program.
    #[error("the scenario that was made of the recording cannot be read; please report this:\n{0}")]
    Unreadable(Diagnostics),
}

/// Makes a scenario of a recording. `id` is what the scenario is called: its path without the ending.
pub fn compose(
    recording: &Recording,
    id: &str,
    wishes: &Wishes,
    world: World<'_>,
) -> Result<Composed, ComposeError> {
    let seen: Vec<Seen<'_>> = recording.entries.iter().filter_map(Seen::of).collect();
    if seen.len() > LONGEST {
        return Err(ComposeError::TooLong(seen.len()));
    }
    let mut cast = Cast::of(&seen);
    let mut draft = Draft::default();
    for note in &recording.left_out {
        draft.note(printable(&format!("not read, {note}")));
    }
    let elsewhere = recording.entries.len() - seen.len();
    if elsewhere > 0 {
        draft.note(format!("{elsewhere} exchanges did not go to the SCIM base URL, and are left out"));
    }
    let told =
        wishes.personas.iter().find_map(|persona| Some((persona.clone(), acts::of(persona, &seen, &cast)?)));
    let persona = told.as_ref().map(|(persona, _)| persona.clone());
    if let Some((persona, told)) = &told {
        draft.personas = vec![persona.to_string()];
        story::steps(told, &seen, &cast, &mut draft);
    } else {
        cast.spell_apart(&seen);
        plain::steps(&seen, &cast, &mut draft);
    }
    if draft.steps.is_empty() {
        return Err(ComposeError::Nothing(draft.notes));
    }
    if draft.steps.iter().all(|step| step.check.is_none()) {
        return Err(ComposeError::Unchecked(draft.notes));
    }
    draft.title = wishes.title.clone().map_or_else(|| title(&draft), |title| printable(&title));
    draft.why = why(recording, &seen, persona.as_ref());
    let text = yaml::text(&draft);
    let source = Source::new(&format!("{id}.yaml"), &text);
    loader::parse(id, &source, world).map_err(ComposeError::Unreadable)?;
    Ok(Composed { text, notes: draft.notes, persona })
}

/// What is true of a server that passes.
fn title(draft: &Draft) -> String {
    let who: Vec<&str> = draft.people.iter().chain(&draft.groups).map(String::as_str).collect();
    let whom = match who.as_slice() {
        [] => return "What was recorded is answered rightly".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] if first.len() < 4 => format!("{} and {last}", first.join(", ")),
        [first, second, rest @ ..] => format!("{first}, {second} and {} others", rest.len()),
    };
    format!("What was recorded of {whom} is answered rightly")
}

fn why(recording: &Recording, seen: &[Seen<'_>], persona: Option<&PersonaName>) -> String {
    let creator =
        recording.source.creator.as_deref().map_or_else(String::new, |name| format!(" by {}", short(name)));
    let count = |kind| seen.iter().filter(|seen| seen.kind == Some(kind)).count();
    let how = match persona {
        Some(persona) => {
            format!("{persona} would have sent exactly this, so the acts stand here and not the requests")
        }
        None => "each request is sent as it was recorded".to_owned(),
    };
    format!(
        "Made of a recording ({}{creator}) of {} exchanges, {} about people and {} about groups. Names are made up; {how}.",
        recording.source.format,
        seen.len(),
        count(Kind::Person),
        count(Kind::Group),
    )
}

fn short(text: &str) -> String {
    printable(text).chars().take(60).collect()
}

fn notes_of(notes: &[String]) -> String {
    match notes.first() {
        None => String::new(),
        Some(first) => format!(": {first}{}", if notes.len() > 1 { ", and more" } else { "" }),
    }
}

//! Counts what of a file is not in the recording, and says it in one note for each kind.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::super::{Note, Place};

/// So many kinds that a file names itself (kinds of steps, hosts) are told apart.
const MOST_NAMED: usize = 20;

/// So many places are named in a note.
const MOST_PLACES: usize = 5;

/// Why something is not, or not wholly, in the recording. In the order in which it is said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The file ends in the middle of this.
    CutOff,
    /// The file ends between two of them.
    EndsEarly,
    /// Larger than the limit, in bytes.
    TooLarge(usize),
    /// A line that is no JSON, or JSON that describes no exchange.
    NoExchange,
    /// A request whose body the recorder did not keep, or not wholly.
    RequestBody,
    /// An answer whose body the recorder did not keep, or not wholly.
    AnswerBody,
    /// A body in a coding that cannot be undone.
    Coding(String),
    /// A body that is made of a file, or of several parts.
    Form,
    /// The request is to another base that speaks SCIM.
    OtherBase(String),
    /// Asks whether a browser may ask.
    Preflight,
    /// What a page is made of.
    Page,
    /// Neither of these, and not SCIM.
    NoScim,
    /// The file names no host.
    NoHost,
    /// The order of the file was not that of time.
    Order,
    /// Scripts of a suite.
    Script,
    /// A suite's own way to sign in.
    Auth,
    /// Credentials of its own in a step of a suite.
    OwnCredentials,
    /// A step that is switched off.
    Off,
    /// A kind of step.
    Step(String),
    /// A kind of assertion.
    Assertion(String),
    /// More than one example of an answer.
    Examples,
}

/// What was counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    kinds: BTreeMap<Kind, Count>,
}

#[derive(Debug, Default)]
struct Count {
    number: usize,
    places: Vec<Place>,
}

impl Tally {
    /// One more of this kind.
    pub(super) fn add(&mut self, kind: Kind, place: Place) {
        let kind = if self.kinds.contains_key(&kind) { kind } else { self.named(kind) };
        let count = self.kinds.entry(kind).or_default();
        count.number += 1;
        if count.places.len() < MOST_PLACES && count.places.last() != Some(&place) {
            count.places.push(place);
        }
    }

    /// Whether there was any of this kind.
    pub(super) fn has(&self, kind: &Kind) -> bool {
        self.kinds.contains_key(kind)
    }

    /// One note for each kind.
    pub(super) fn notes(&self) -> impl Iterator<Item = Note> {
        self.kinds.iter().map(|(kind, count)| {
            let alone = count.number == 1 || matches!(kind, Kind::CutOff);
            Note {
                place: if alone { count.places.first().copied().unwrap_or(Place::File) } else { Place::File },
                what: kind.sentence(count),
            }
        })
    }

    fn named(&self, kind: Kind) -> Kind {
        let same = |other: &&Kind| std::mem::discriminant(*other) == std::mem::discriminant(&kind);
        let room = self.kinds.keys().filter(same).count() < MOST_NAMED;
        let short = |name: String| if room { printable(&name, 200) } else { "others".to_owned() };
        match kind {
            Kind::Coding(name) => Kind::Coding(short(name)),
            Kind::OtherBase(name) => Kind::OtherBase(short(name)),
            Kind::Step(name) => Kind::Step(short(name)),
            Kind::Assertion(name) => Kind::Assertion(short(name)),
            kind => kind,
        }
    }
}

/// A text of the file for a note: one line, no control characters, not longer than `most` characters.
pub(super) fn printable(text: &str, most: usize) -> String {
    let mut result: String = text
        .chars()
        .map(|c| if c.is_control() || is_invisible(c) { '\u{fffd}' } else { c })
        .take(most)
        .collect();
    if text.chars().nth(most).is_some() {
        result.push('…');
    }
    result
}

/// Turns the direction of the text around it, or hides (Unicode's format characters that do so).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl Kind {
    fn sentence(&self, count: &Count) -> String {
        let n = count.number;
        let s = if n == 1 { "" } else { "s" };
        let (is, was, has) = if n == 1 { ("is", "was", "has") } else { ("are", "were", "have") };
        let at = if n == 1 { String::new() } else { format!(" ({})", places(count)) };
        let thing = match (count.places.first(), n) {
            (Some(Place::Line(_)), 1) => "line",
            (Some(Place::Line(_)), _) => "lines",
            (_, 1) => "entry",
            (_, _) => "entries",
        };
        let part = if n == 1 { "part" } else { "parts" };
        match self {
            Self::CutOff => {
                "the file ends in the middle of it: it is left out, as is all that followed".to_owned()
            }
            Self::EndsEarly => "it ends before its last bracket, and may have held more".to_owned(),
            Self::TooLarge(limit) => format!("{n} {thing} larger than {limit} bytes {was} left out{at}"),
            Self::NoExchange => {
                format!("{n} {thing} without the method and URL of a request {was} left out{at}")
            }
            Self::RequestBody => format!(
                "{n} request{s} {was} left out, since the recorder did not keep the whole body{at}: what cannot be \
                 sent again cannot be judged"
            ),
            Self::AnswerBody => format!(
                "the recorder did not keep the whole body of {n} answer{s}{at}: {} taken for not recorded",
                if n == 1 { "it is" } else { "they are" }
            ),
            Self::Coding(name) => {
                format!(
                    "{n} bod{} with the content coding {name}, which cannot be undone{at}",
                    if n == 1 { "y" } else { "ies" }
                )
            }
            Self::Form => format!("{n} request{s} with a body made of files or parts {was} left out{at}"),
            Self::OtherBase(base) if base == "others" => {
                format!("{n} request{s} to further SCIM bases {was} left out")
            }
            Self::OtherBase(base) => {
                format!(
                    "{n} request{s} to another SCIM base, {base}, {was} left out: name that base to read those"
                )
            }
            Self::Preflight => {
                format!("{n} question{s} of a browser whether it may ask (CORS) {was} left out")
            }
            Self::Page => format!("{n} request{s} for pages, scripts, pictures and the like {was} left out"),
            Self::NoScim => format!(
                "{n} request{s} that {} no SCIM {was} left out",
                if n == 1 { "speaks" } else { "speak" }
            ),
            Self::NoHost => format!("{n} request{s} without a host: the URL says {} instead", super::NO_HOST),
            Self::Order => {
                format!("{n} {thing} {is} not in the order of time{at}: the recording is put in that order")
            }
            Self::Script => format!("{n} {part} {has} scripts{at}: nothing of a file is executed"),
            Self::Auth => format!(
                "{n} {part} {has} a way to sign in of {} own{at}: it is not carried over",
                if n == 1 { "its" } else { "their" }
            ),
            Self::OwnCredentials => {
                format!("{n} request{s} {has} credentials written out in the file{at}: they were dropped")
            }
            Self::Off => format!("{n} step{s} that {is} switched off {was} left out{at}"),
            Self::Step(name) => format!("{n} step{s} of the kind {name:?} {was} left out{at}"),
            Self::Assertion(name) => format!("{n} assertion{s} on {name} {was} not carried over{at}"),
            Self::Examples => {
                format!("{n} request{s} {has} more than one saved answer{at}: the first counts")
            }
        }
    }
}

fn places(count: &Count) -> String {
    let mut text = String::new();
    for (index, place) in count.places.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        text.push_str(&place.to_string());
    }
    let more = count.number.saturating_sub(count.places.len());
    if more > 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, " and {more} more");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_note_for_each_kind_says_how_many_and_where() {
        let mut tally = Tally::default();
        for number in 1..=7 {
            tally.add(Kind::AnswerBody, Place::Entry(number));
        }
        tally.add(Kind::Preflight, Place::Entry(9));
        let notes: Vec<_> = tally.notes().map(|note| note.to_string()).collect();
        assert_eq!(
            notes,
            [
                "the file: the recorder did not keep the whole body of 7 answers (entry 1, entry 2, entry 3, entry 4, \
                 entry 5 and 2 more): they are taken for not recorded",
                "entry 9: 1 question of a browser whether it may ask (CORS) was left out",
            ]
        );
    }

    #[test]
    fn names_out_of_the_file_are_short_few_and_printable() {
        let mut tally = Tally::default();
        for number in 0..100 {
            tally.add(Kind::Step(format!("{number}\u{1b}[31m{}", "x".repeat(1000))), Place::Entry(number));
        }
        let notes: Vec<_> = tally.notes().collect();
        assert_eq!(notes.len(), MOST_NAMED + 1);
        assert!(notes.iter().all(|note| note.what.len() < 400 && !note.what.contains('\u{1b}')));
    }
}

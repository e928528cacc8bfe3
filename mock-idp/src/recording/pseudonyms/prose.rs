//! People in text without structure: error messages, group names, pages. Only whole words are replaced, the longest
//! first: accounts and full names in any case, a single name only as it was seen, mail addresses even of people that
//! were not seen.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::book::{Book, Kind};
use super::casing::folded;

/// Words of the protocol and of test data that are names only by accident: "Test User" is a person, but the user in
/// "the user exists" is not.
const COMMON: [&str; 38] = [
    "account",
    "active",
    "add",
    "admin",
    "attribute",
    "bulk",
    "display",
    "email",
    "emails",
    "error",
    "example",
    "filter",
    "group",
    "groups",
    "home",
    "mail",
    "manager",
    "me",
    "member",
    "members",
    "name",
    "other",
    "people",
    "person",
    "remove",
    "replace",
    "resource",
    "schema",
    "schemas",
    "scim",
    "test",
    "the",
    "user",
    "username",
    "users",
    "value",
    "work",
    "v2",
];

/// Characters that join what stands beside them to one word.
const JOINING: &str = "@._-'%+";

/// The longest text between quotes that is taken for a name.
const LONGEST_QUOTE: usize = 256;

static MAIL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[\w.+-]+(?:'[\w.+-]+)*@[\w-]+(?:\.[\w-]+)+").ok());

/// Texts to look for, by their first word.
#[derive(Default)]
pub(super) struct Phrases(HashMap<String, Vec<Phrase>>);

struct Phrase {
    folded: String,
    /// The ways in which it must be written; none: in any case.
    spellings: Vec<String>,
}

impl Phrases {
    /// A text to be found in any case.
    pub(super) fn add(&mut self, text: &str) {
        if let Some(phrase) = self.phrase(text) {
            phrase.spellings.clear();
        }
    }

    /// A text to be found as it is written here: a name that is a word, too.
    pub(super) fn add_exactly(&mut self, text: &str) {
        let text = text.trim_matches(|c: char| !c.is_alphanumeric());
        // What begins small is no name, or cannot be told from a word.
        if text.starts_with(char::is_lowercase) && text.chars().all(char::is_alphabetic) {
            return;
        }
        let known = self.known(text).is_some();
        if let Some(phrase) = self.phrase(text) {
            let any_case = known && phrase.spellings.is_empty();
            if !any_case && !phrase.spellings.iter().any(|spelling| spelling == text) {
                phrase.spellings.push(text.to_owned());
            }
        }
    }

    fn known(&self, text: &str) -> Option<&Phrase> {
        let folded = folded(text);
        self.0.get(first_word(&folded))?.iter().find(|phrase| phrase.folded == folded)
    }

    fn phrase(&mut self, text: &str) -> Option<&mut Phrase> {
        let text = text.trim();
        if text.chars().count() < 3 || is_common(text) {
            return None;
        }
        let folded = folded(text);
        let phrases = self.0.entry(first_word(&folded).to_owned()).or_default();
        // The longest first.
        let place = phrases.iter().position(|phrase| phrase.folded.len() <= folded.len());
        let place = match place {
            Some(start) => {
                let same_length =
                    phrases[start..].iter().take_while(|phrase| phrase.folded.len() == folded.len());
                let same = same_length.clone().position(|phrase| phrase.folded == folded);
                if let Some(same) = same {
                    return phrases.get_mut(start + same);
                }
                start
            }
            None => phrases.len(),
        };
        phrases.insert(place, Phrase { folded, spellings: Vec::new() });
        phrases.get_mut(place)
    }

    /// How long the phrase is that begins here, which is the beginning of a word.
    fn at(&self, rest: &str) -> Option<usize> {
        let phrases = self.0.get(first_word(&folded(leading(rest))))?;
        phrases.iter().find_map(|phrase| {
            let length = matching(rest, &phrase.folded).filter(|length| ends_word(&rest[*length..]))?;
            let written =
                phrase.spellings.is_empty() || phrase.spellings.iter().any(|it| *it == rest[..length]);
            written.then_some(length)
        })
    }
}

impl Book {
    /// The text with everybody replaced who is known or has a mail address in it, or None if that is nobody.
    pub(super) fn in_prose(&mut self, text: &str) -> Option<String> {
        let mut mails = mails(text).into_iter().peekable();
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        let mut before = None;
        let mut at = 0;
        while let Some(character) = text[at..].chars().next() {
            let rest = &text[at..];
            while mails.next_if(|mail| mail.start < at).is_some() {}
            let mail = mails.peek().filter(|mail| mail.start == at).map(ExactSizeIterator::len);
            let phrase = if begins_word(before, character) { self.phrases.at(rest) } else { None };
            let quote = quoted(rest).filter(|inner| self.is_known(&rest[inner.clone()]));
            let found = match (quote, mail.max(phrase)) {
                (Some(inner), _) => Some(at + inner.start..at + inner.end),
                (None, length) => length.map(|length| at..at + length),
            };
            if let Some(range) = found {
                out.push_str(&text[done..range.start]);
                let who = &text[range.clone()];
                let new = if is_mail(who) {
                    self.replacement(Kind::Account, who)
                } else {
                    self.replaced(Kind::Account, who)
                };
                out.push_str(&new);
                done = range.end;
                at = range.end;
                before = text[..at].chars().next_back();
            } else {
                before = Some(character);
                at += character.len_utf8();
            }
        }
        out.push_str(&text[done..]);
        (out != text).then_some(out)
    }
}

/// Whether a word is too common to be a name outside of quotes.
pub(super) fn is_common(word: &str) -> bool {
    COMMON.contains(&folded(word).as_str())
}

/// Whether the text is a mail address and nothing else.
pub(super) fn is_mail(text: &str) -> bool {
    mails(text).first() == Some(&(0..text.len()))
}

fn mails(text: &str) -> Vec<Range<usize>> {
    let regex = MAIL.as_ref().filter(|_| text.contains('@'));
    regex.into_iter().flat_map(|regex| regex.find_iter(text)).map(|found| found.range()).collect()
}

/// What stands between the quotes with which the text begins.
fn quoted(rest: &str) -> Option<Range<usize>> {
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut end = LONGEST_QUOTE.min(rest.len());
    while !rest.is_char_boundary(end) {
        end -= 1;
    }
    let length = rest[1..end.max(1)].find(quote).filter(|length| *length > 0)?;
    Some(1..1 + length)
}

/// The leading letters and digits, or the first character if it is neither.
fn first_word(text: &str) -> &str {
    let length = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    let first = text.chars().next().map_or(0, char::len_utf8);
    &text[..length.max(first)]
}

/// As `first_word`, but never more than any phrase could need.
fn leading(text: &str) -> &str {
    let mut end = text.len().min(LONGEST_QUOTE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    first_word(&text[..end])
}

/// How many bytes of `text` are `folded` in some case.
fn matching(text: &str, folded: &str) -> Option<usize> {
    let mut wanted = folded.chars();
    for (at, character) in text.char_indices() {
        let mut lower = character.to_lowercase();
        // The end may come only between two characters of the text.
        match wanted.next() {
            None => return Some(at),
            Some(first) if lower.next() == Some(first) => {}
            Some(_) => return None,
        }
        if lower.any(|character| wanted.next() != Some(character)) {
            return None;
        }
    }
    wanted.next().is_none().then_some(text.len())
}

fn begins_word(before: Option<char>, first: char) -> bool {
    let joined = |before: char| {
        let one_word = before.is_alphanumeric() && first.is_alphanumeric();
        one_word || (JOINING.contains(before) && before != '\'')
    };
    !first.is_whitespace() && !before.is_some_and(joined)
}

fn ends_word(rest: &str) -> bool {
    let mut after = rest.chars();
    match (after.next(), after.next()) {
        (Some(first), _) if first.is_alphanumeric() => false,
        // A full stop or a possessive's apostrophe ends a word, one within a word does not.
        (Some('\''), Some('s')) => true,
        (Some(first), Some(second)) => {
            !(JOINING.contains(first) && (second.is_alphanumeric() || first == '@'))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn book() -> Book {
        let mut book = Book::default();
        book.replacement(Kind::Account, "ada@corp.test");
        book.replacement(Kind::Account, "grace");
        book.replacement(Kind::Full, "Grace Hopper");
        book.replacement(Kind::Family, "Van Dyke");
        book.replacement(Kind::Account, "user");
        book
    }

    #[rstest]
    #[case("ada@corp.test exists", "person-1@example.com exists")]
    #[case("User ADA@CORP.TEST.", "User PERSON-1@EXAMPLE.COM.")]
    #[case("grace hopper, grace", "person-2 family1, person-2")]
    #[case("Grace's team", "Person-2's team")]
    #[case("Hopper or hopper", "Family1 or hopper")]
    #[case("new@home.test is new", "person-4@example.net is new")]
    #[case("userName \"user\" is taken by a user", "userName \"person-3\" is taken by a user")]
    #[case("(Hopper)", "(Family1)")]
    fn people_are_replaced_in_sentences(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(book().in_prose(text).as_deref(), Some(expected));
    }

    #[rstest]
    #[case("graceful, disgrace, grace-period, grace.example, x.grace")]
    #[case("a user exists in urn:ietf:params:scim:schemas:core:2.0:User")]
    #[case("a van, a dyke")]
    #[case("@ada 'x' \"")]
    fn parts_of_words_and_common_words_stay(#[case] text: &str) {
        assert_eq!(book().in_prose(text), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(names in prop::collection::vec(".{0,8}", 0..4), text in ".{0,60}") {
            let mut book = Book::default();
            for name in &names {
                book.replacement(Kind::Full, name);
            }
            let _ = book.in_prose(&text);
            let _ = book.in_prose(&names.concat());
        }
    }
}

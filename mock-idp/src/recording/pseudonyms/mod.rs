//! People's names, addresses and numbers, replaced by made-up ones: the same by the same, in whatever case it is
//! written, so that what was equal stays equal and filters still match. Where they stand is known here and in
//! `places`; what becomes of them is `book`'s business, and text without structure `prose`'s.

mod body;
mod book;
mod casing;
mod places;
mod prose;

use bytes::Bytes;

use self::book::Book;
use self::places::{About, Place};
use super::attribute::{self, Compared};
use super::json_text::Tokens;
use super::uri::{self, Piece};
use crate::exchange::{Answer, Broken, Destination, Exchange};

/// Headers that never name a person, so that a user name like `json` does not change them.
const IMPERSONAL: [&str; 12] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "etag",
    "host",
    "transfer-encoding",
    "user-agent",
    "vary",
];

/// The made-up people of one recording, in the order in which the real ones were first seen. It takes memory for each
/// of them, some hundred bytes.
#[derive(Default)]
pub(super) struct Pseudonyms {
    book: Book,
}

impl Pseudonyms {
    /// Replaces everybody in an exchange.
    ///
    /// A name that an earlier exchange showed without saying whose it is (in a group's name, before the person was
    /// seen) stays there.
    pub(super) fn replace(&mut self, exchange: &mut Exchange) {
        // The first time only to learn: a path may hold a name that the body after it tells to be one.
        self.go_through(&mut exchange.clone());
        self.go_through(exchange);
    }

    fn go_through(&mut self, exchange: &mut Exchange) {
        let about = places::of_url(&exchange.url);
        let request = &mut exchange.request;
        if let Some(body) = &mut request.body {
            self.body(body, about);
        }
        match &mut exchange.result {
            Ok(Answer { headers, body, .. }) => {
                self.body(body, about);
                self.headers(headers);
            }
            Err(Broken::Connect(text) | Broken::Cut(text) | Broken::Unsendable(text)) => {
                if let Some(new) = self.book.in_prose(text) {
                    *text = new;
                }
            }
            Err(Broken::Timeout(_) | Broken::TooLarge { .. } | Broken::NotRecorded) => {}
        }
        self.headers(&mut request.headers);
        if let Some(new) = self.book.in_url(&exchange.url, about) {
            exchange.url = new;
        }
        match &mut request.to {
            Destination::Scim(target) => {
                if let Some(new) = self.book.in_url(target, about) {
                    *target = new;
                }
            }
            Destination::Absolute(url) => {
                let new = self.book.in_url(url.as_str(), about).and_then(|new| new.parse().ok());
                if let Some(new) = new {
                    *url = new;
                }
            }
        }
    }

    fn headers(&mut self, headers: &mut [(String, String)]) {
        for (name, value) in headers {
            if IMPERSONAL.iter().any(|known| name.eq_ignore_ascii_case(known)) {
                continue;
            }
            let is_url = !value.contains(' ') && (value.contains("://") || value.starts_with('/'));
            let new = if is_url {
                self.book.in_url(value, places::of_url(value))
            } else {
                self.book.in_prose(value)
            };
            if let Some(new) = new {
                *value = new;
            }
        }
    }

    fn body(&mut self, body: &mut Bytes, about: About) {
        // What is no text holds no name that could be found.
        let Ok(text) = std::str::from_utf8(body) else { return };
        if let Some(new) = body::replaced(text, about, &mut self.book) {
            *body = new.into();
        }
    }
}

impl Book {
    /// What stands at this place instead of `text`, or None if it stays.
    fn at(&mut self, place: Place, text: &str) -> Option<String> {
        let new = match place {
            Place::Keep => None,
            Place::Id => self.id(text),
            Place::Url => self.in_url(text, places::of_url(text)),
            Place::Filter(about) => self.in_filter(text, about),
            Place::Person(kind) => Some(self.replacement(kind, text)),
            Place::External if places::looks_like_a_person(text) || self.is_person(text) => {
                Some(self.replacement(book::Kind::Account, text))
            }
            Place::External | Place::Prose => self.in_prose(text),
        };
        new.filter(|new| new != text)
    }

    fn in_filter(&mut self, filter: &str, about: About) -> Option<String> {
        attribute::rewritten(filter, &mut |Compared { names, operator, value }| match (
            places::place(&names, about),
            operator.as_str(),
        ) {
            (Place::Person(kind), "co" | "sw" | "ew") => Some(self.part(kind, &operator, value)),
            (place, _) => self.at(place, value),
        })
    }

    fn in_url(&mut self, url: &str, about: About) -> Option<String> {
        uri::rewritten(url, &mut |piece| match piece {
            Piece::Authority(_) | Piece::Name(_) => None,
            Piece::Segment(text) => self.id(text),
            Piece::Value { name, text } => self.parameter(name, text, about),
            Piece::Fragment(text) => self.in_prose(text),
        })
    }

    /// The value of a parameter of a query or a form.
    fn parameter(&mut self, name: &str, text: &str, about: About) -> Option<String> {
        self.at(places::place(&attribute::names(name), about), text)
    }
}

/// Whether a text begins as JSON does.
fn is_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && Tokens::new(text).nth(1).is_some()
}

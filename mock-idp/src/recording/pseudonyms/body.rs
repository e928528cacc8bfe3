//! People in bodies: JSON with what stands where, forms, and text that is neither.

use std::ops::Range;

use super::super::attribute;
use super::super::json_text::{Edits, Kind, Member, Node, TokenKind, Tokens, parse, quoted, unquoted};
use super::super::uri::{self, Piece};
use super::book::Book;
use super::is_like_json;
use super::places::{self, About, Place};

/// The body with everybody replaced, or None if that is nobody; `about` is what the URL is about.
pub(super) fn replaced(body: &str, about: About, book: &mut Book) -> Option<String> {
    if let Some(root) = parse(body) {
        let mut walk = Walk { text: body, book, edits: Edits::default() };
        walk.node(&root, &mut Vec::new(), about);
        return walk.edits.applied(body);
    }
    if is_like_json(body) {
        return broken(body, about, book);
    }
    if body.contains('=') && !body.contains(|c: char| c.is_whitespace() || "<>\"".contains(c)) {
        return uri::rewritten_form(body, &mut |piece| match piece {
            Piece::Value { name, text } => book.parameter(name, text, about),
            _ => None,
        });
    }
    book.in_prose(body)
}

struct Walk<'a> {
    text: &'a str,
    book: &'a mut Book,
    edits: Edits,
}

impl Walk<'_> {
    /// `at` names where `node` is.
    fn node(&mut self, node: &Node, at: &mut Vec<String>, about: About) {
        match &node.kind {
            Kind::Object(members) => {
                let about = self.about(node).unwrap_or(about);
                if about != About::Nobody {
                    self.members(node, members, at, about);
                }
            }
            Kind::Array(values) => values.iter().for_each(|value| self.node(value, at, about)),
            Kind::Text | Kind::Bare => self.leaf(node, places::place(at, about)),
        }
    }

    fn members(&mut self, object: &Node, members: &[Member], at: &mut Vec<String>, about: About) {
        let target = object.string("path", self.text).filter(|path| !path.starts_with('/'));
        let is_group =
            object.string("type", self.text).is_some_and(|kind| kind.eq_ignore_ascii_case("group"));
        for member in members {
            let depth = at.len();
            match &target {
                Some(path) if member.name.eq_ignore_ascii_case("value") => at.extend(attribute::names(path)),
                _ => at.extend(attribute::names(&member.name)),
            }
            if member.name.contains('[') {
                self.edit(&member.key, Place::Filter(about));
            }
            match &member.value.kind {
                // A bulk operation's path is that of a URL (RFC 7644 section 3.7), a patch's that of an attribute.
                Kind::Text if member.name.eq_ignore_ascii_case("path") && target.is_none() => {
                    self.edit(&member.value.span, Place::Url);
                }
                // A group in a group.
                Kind::Text if is_group && member.name.eq_ignore_ascii_case("display") => {
                    self.edit(&member.value.span, Place::Prose);
                }
                _ => self.node(&member.value, at, about),
            }
            at.truncate(depth);
        }
    }

    /// What an object says itself of what it is about.
    fn about(&self, object: &Node) -> Option<About> {
        let known = |about: About| Some(about).filter(|about| *about != About::Unknown);
        for member in object.members() {
            let said = match (member.name.to_lowercase().as_str(), &member.value.kind) {
                ("schemas", Kind::Array(schemas)) => schemas
                    .iter()
                    .filter(|schema| matches!(schema.kind, Kind::Text))
                    .find_map(|schema| known(places::of_type(&unquoted(&self.text[schema.span.clone()])))),
                ("meta", Kind::Object(_)) => member
                    .value
                    .string("resourceType", self.text)
                    .and_then(|name| known(places::of_type(&name))),
                ("path" | "location", Kind::Text) => {
                    let url = unquoted(&self.text[member.value.span.clone()]);
                    known(places::of_url(&url)).filter(|_| url.contains('/'))
                }
                ("members", Kind::Array(_)) => Some(About::Group),
                ("username", Kind::Text) => Some(About::Person),
                _ => None,
            };
            if said.is_some() {
                return said;
            }
        }
        None
    }

    fn leaf(&mut self, node: &Node, place: Place) {
        match (&node.kind, place) {
            (Kind::Text, place) => self.edit(&node.span, place),
            // A number may say who somebody is, too.
            (_, Place::Person(_)) if !matches!(&self.text[node.span.clone()], "true" | "false" | "null") => {
                let number = &self.text[node.span.clone()];
                if let Some(new) = self.book.at(place, number) {
                    let is_number = new.bytes().all(|byte| byte.is_ascii_digit());
                    self.edits.set(node.span.clone(), if is_number { new } else { quoted(&new) });
                }
            }
            _ => {}
        }
    }

    fn edit(&mut self, span: &Range<usize>, place: Place) {
        let text = unquoted(&self.text[span.clone()]);
        if let Some(new) = self.book.at(place, &text) {
            self.edits.set(span.clone(), quoted(&new));
        }
    }
}

/// JSON that is cut off or wrong: each string by the name before it, as far as that tells.
fn broken(text: &str, about: About, book: &mut Book) -> Option<String> {
    let mut edits = Edits::default();
    let mut name: Option<String> = None;
    let mut after_colon = false;
    for token in Tokens::new(text) {
        match token.kind {
            TokenKind::Mark(b':') if name.is_some() => after_colon = true,
            TokenKind::Mark(_) | TokenKind::Bare => {
                (name, after_colon) = (None, false);
            }
            TokenKind::Text { closed } => {
                let string = unquoted(&text[token.span.clone()]).into_owned();
                let place = match name.take().filter(|_| after_colon) {
                    Some(name) => places::place(&attribute::names(&name), about),
                    None => Place::Prose,
                };
                after_colon = false;
                if let Some(new) = book.at(place, &string) {
                    let quoted = quoted(&new);
                    let new = if closed { quoted } else { quoted[..quoted.len() - 1].to_owned() };
                    edits.set(token.span.clone(), new);
                }
                name = Some(string);
            }
        }
    }
    edits.applied(text)
}

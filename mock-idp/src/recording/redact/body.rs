//! Secrets in bodies by the names of what holds them: members of JSON, also of patches and of JSON that is cut off or
//! broken, and the fields of forms. What has no name is `text`'s business.

use std::ops::Range;

use serde_json_path::PathElement;

use super::super::attribute;
use super::super::json_text::{Edits, Kind, Node, TokenKind, Tokens, parse, quoted, unquoted};
use super::super::uri::{self, Piece};
use super::names::{Names, Reach};
use super::text::Seeker;
use super::{REDACTED, Rules, is_nothing};

/// Told of each secret: what names it, itself, and how far it must be looked for.
pub(super) type Found<'a> = &'a mut dyn FnMut(&str, &str, Reach);

/// The body without what its names say is secret, or None if that is nothing.
pub(super) fn by_name(body: &str, form: bool, rules: &Rules, found: Found<'_>) -> Option<String> {
    if form || looks_like_a_form(body) {
        return uri::rewritten_form(body, &mut |piece| parameter(piece, &rules.names, found));
    }
    let Some(root) = parse(body) else {
        return if rules.names.anywhere() && !body.trim().is_empty() && body != REDACTED {
            found("a body that is no JSON", body, Reach::Exchange);
            Some(REDACTED.to_owned())
        } else {
            broken(body, &rules.names, found)
        };
    };
    let mut search = Search { text: body, names: &rules.names, edits: Edits::default(), found };
    search.node(&root, &mut Vec::new(), None);
    search.paths(&root, rules);
    search.edits.applied(body)
}

/// The parameter of a query or form without what is secret of it.
pub(super) fn parameter(piece: Piece<'_>, names: &Names, found: Found<'_>) -> Option<String> {
    let Piece::Value { name, text } = piece else { return None };
    if let Some(reach) = names.parameter(name) {
        return (!is_nothing(text)).then(|| {
            found(name, text, reach);
            REDACTED.to_owned()
        });
    }
    filter(text, &[], names, found)
}

/// The body without what `seeker` finds in its strings, or None if that is nothing. JSON stays JSON.
pub(super) fn by_text(body: &str, seeker: Seeker<'_>) -> Option<String> {
    if seeker.everything(body.as_bytes()).is_empty() {
        return None;
    }
    let Some(root) = parse(body) else { return seeker.scrubbed(body) };
    let mut edits = Edits::default();
    root.leaves(&mut |span| {
        if let Some(new) = seeker.scrubbed(&unquoted(&body[span.clone()])) {
            edits.set(span.clone(), quoted(&new));
        }
    });
    let edited = edits.applied(body);
    let body = edited.as_deref().unwrap_or(body);
    // What is left reaches over several strings: they go as a whole.
    let mut left = seeker.custom(body.as_bytes());
    left.extend(seeker.repeated(body.as_bytes()));
    let without = parse(body).and_then(|root| without_leaves(body, &root, &left));
    without.or(edited)
}

/// The body without the values that have a part in one of the ranges.
fn without_leaves(body: &str, root: &Node, ranges: &[Range<usize>]) -> Option<String> {
    let mut edits = Edits::default();
    let mut hide = |span: &Range<usize>| {
        let meets = ranges.iter().any(|range| range.start < span.end && span.start < range.end);
        if meets && !is_nothing(&unquoted(&body[span.clone()])) {
            edits.set(span.clone(), quoted(REDACTED));
        }
    };
    values(root, &mut hide);
    edits.applied(body)
}

fn values(node: &Node, visit: &mut dyn FnMut(&Range<usize>)) {
    match &node.kind {
        Kind::Object(members) => members.iter().for_each(|member| values(&member.value, visit)),
        Kind::Array(elements) => elements.iter().for_each(|element| values(element, visit)),
        Kind::Text | Kind::Bare => visit(&node.span),
    }
}

fn looks_like_a_form(body: &str) -> bool {
    let body = body.trim();
    body.contains('=')
        && !body.contains(|c: char| c.is_whitespace() || "{}[]<>\"".contains(c))
        && body.split('&').all(|pair| pair.contains('='))
}

/// A filter, or a path with one, without the secrets that it compares attributes with.
fn filter(text: &str, outer: &[String], names: &Names, found: Found<'_>) -> Option<String> {
    attribute::rewritten(text, &mut |compared| {
        let all: Vec<String> = outer.iter().cloned().chain(compared.names.iter().cloned()).collect();
        let reach = names.member(&all).filter(|_| !is_nothing(compared.value))?;
        found(compared.names.last().map_or("filter", String::as_str), compared.value, reach);
        Some(REDACTED.to_owned())
    })
}

struct Search<'a, 'f> {
    text: &'a str,
    names: &'a Names,
    edits: Edits,
    found: Found<'f>,
}

impl Search<'_, '_> {
    /// `at` names where `node` is; `secret` is set below something that is secret.
    fn node(&mut self, node: &Node, at: &mut Vec<String>, secret: Option<Reach>) {
        match &node.kind {
            Kind::Object(members) => {
                let target = self.target(node);
                for member in members {
                    let depth = at.len();
                    at.extend(attribute::names(&member.name));
                    let mut named = (depth..at.len()).find_map(|last| self.names.member(&at[..=last]));
                    if let Some(target) =
                        target.as_deref().filter(|_| member.name.eq_ignore_ascii_case("value"))
                    {
                        at.truncate(depth);
                        at.extend_from_slice(target);
                        let last = (depth..at.len()).find_map(|last| self.names.member(&at[..=last]));
                        named = named.or(last);
                    }
                    self.node(&member.value, at, secret.or(named));
                    at.truncate(depth);
                    self.filters(&member.key, at);
                }
            }
            Kind::Array(values) => values.iter().for_each(|value| self.node(value, at, secret)),
            Kind::Text | Kind::Bare => match secret {
                Some(reach) => self.hide(&node.span, &at.join("."), reach),
                None => self.filters(&node.span, at),
            },
        }
    }

    /// What the "value" beside a "path" (RFC 7644 section 3.5.2) or a "name" is the value of.
    fn target(&self, object: &Node) -> Option<Vec<String>> {
        object.members().iter().find(|member| member.name.eq_ignore_ascii_case("value"))?;
        let path = ["path", "name", "key"].iter().find_map(|name| object.string(name, self.text))?;
        Some(attribute::names(&path))
    }

    fn hide(&mut self, span: &Range<usize>, name: &str, reach: Reach) {
        let raw = &self.text[span.clone()];
        let value = unquoted(raw);
        if !is_nothing(&value) && !matches!(raw, "true" | "false" | "null") {
            (self.found)(name, &value, reach);
            self.edits.set(span.clone(), quoted(REDACTED));
        }
    }

    /// Paths and filters may stand in values, and paths in the keys of values.
    fn filters(&mut self, span: &Range<usize>, at: &[String]) {
        let text = unquoted(&self.text[span.clone()]);
        // The shortest filter that compares something: `a eq b`.
        if text.len() < 6 || !text.contains(' ') {
            return;
        }
        if let Some(new) = filter(&text, at, self.names, self.found) {
            self.edits.set(span.clone(), quoted(&new));
        }
    }

    /// What the user's JSONPaths find.
    fn paths(&mut self, root: &Node, rules: &Rules) {
        if rules.paths.is_empty() {
            return;
        }
        let Ok(value) = serde_json::from_str::<serde_json::Value>(self.text) else { return };
        for path in &rules.paths {
            for location in path.query_located(&value).locations() {
                let mut nodes = vec![root];
                for element in location.iter() {
                    nodes = nodes.into_iter().flat_map(|node| below(node, element)).collect();
                }
                for node in nodes {
                    let name = location.to_string();
                    values(node, &mut |span| self.hide(span, &name, Reach::Exchange));
                }
            }
        }
    }
}

/// All of them, where a member occurs twice.
fn below<'n>(node: &'n Node, element: &PathElement<'_>) -> Vec<&'n Node> {
    match (&node.kind, element) {
        (Kind::Object(members), PathElement::Name(name)) => {
            members.iter().filter(|member| member.name == *name).map(|member| &member.value).collect()
        }
        (Kind::Array(values), PathElement::Index(index)) => values.get(*index).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Text that is no JSON, or only the beginning of some.
fn broken(text: &str, names: &Names, found: Found<'_>) -> Option<String> {
    let mut edits = Edits::default();
    let mut values = Vec::new();
    let mut patches_a_secret = None;
    let mut name = None;
    let mut after_colon = false;
    for token in Tokens::new(text) {
        let raw = &text[token.span.clone()];
        match (token.kind, after_colon) {
            (TokenKind::Mark(b':'), false) => {
                after_colon = name.is_some();
                continue;
            }
            (TokenKind::Text { .. }, false) => {
                name = Some(unquoted(raw).into_owned());
                continue;
            }
            (_, false) => name = None,
            (kind, true) => {
                let name = name.take().unwrap_or_default();
                let span = match kind {
                    TokenKind::Mark(b'{' | b'[') => token.span.start..container_end(text, token.span.start),
                    _ => token.span.clone(),
                };
                let value = unquoted(&text[span.clone()]);
                if let Some(reach) = names.loosely(&name) {
                    if !is_nothing(&value) && !matches!(raw, "true" | "false" | "null") {
                        found(&name, &value, reach);
                        strings_in(&text[span.clone()], &mut |string| found(&name, string, reach));
                        edits.set(span.clone(), quoted(REDACTED));
                    }
                } else if name.eq_ignore_ascii_case("value") {
                    values.push(span);
                } else if ["path", "name", "key"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
                    let secret = attribute::names(&value).iter().find_map(|name| names.loosely(name));
                    patches_a_secret = patches_a_secret.or(secret);
                }
            }
        }
        after_colon = false;
    }
    if let Some(reach) = patches_a_secret {
        // Which of the values belongs to the path cannot be told.
        for span in values {
            let value = unquoted(&text[span.clone()]);
            if !is_nothing(&value) {
                found("value", &value, reach);
                strings_in(&text[span.clone()], &mut |string| found("value", string, reach));
                edits.set(span, quoted(REDACTED));
            }
        }
    }
    edits.applied(text)
}

/// What an array or object is made of: each part of a secret may be repeated alone.
fn strings_in(text: &str, visit: &mut dyn FnMut(&str)) {
    let is_container = text.starts_with(['{', '[']);
    for token in
        Tokens::new(text).filter(|token| is_container && matches!(token.kind, TokenKind::Text { .. }))
    {
        visit(&unquoted(&text[token.span]));
    }
}

/// Where the array or object that begins at `start` ends, or the text.
fn container_end(text: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for token in Tokens::new(&text[start..]) {
        match token.kind {
            TokenKind::Mark(b'{' | b'[') => depth += 1,
            TokenKind::Mark(b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return start + token.span.end;
        }
    }
    text.len()
}

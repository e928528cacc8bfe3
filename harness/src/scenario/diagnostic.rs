//! A mistake in a scenario file: where, what, and what to do about it; rendered with the line it is in.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_saphyr::Location;

use super::raw::At;
use super::recordings::Beside;
use crate::json::strict::StrictError;

/// A file and its text.
#[derive(Debug, Clone)]
pub struct Source {
    /// As it is shown.
    pub path: Arc<str>,
    /// All of it.
    pub text: Arc<str>,
    /// Where the files stand that it names.
    pub beside: Beside,
}

/// One mistake.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    source: Source,
    at: Range<usize>,
    what: String,
    help: String,
}

/// The mistakes of one or several files.
#[derive(Debug, Clone, Default, thiserror::Error)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Source {
    /// Takes a file's text.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into(), beside: Beside::Nowhere }
    }

    /// The same, as a file among others.
    #[must_use]
    pub fn among(self, beside: Beside) -> Self {
        Self { beside, ..self }
    }

    /// A mistake at a place of the YAML.
    pub fn mistake(&self, at: Location, what: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        let start = self.offset(at.line(), at.column());
        self.mistake_at(self.token(start), what, help)
    }

    /// A mistake in a JSON text that stands in the YAML at `at`.
    pub fn json_mistake(&self, at: &At<String>, error: &StrictError, help: impl Into<String>) -> Diagnostic {
        let offset = self.json_offset(at, error);
        self.mistake_at(
            offset..self.text[offset..].chars().next().map_or(offset, |c| offset + c.len_utf8()),
            format!("this is not JSON: {error}"),
            help,
        )
    }

    fn mistake_at(&self, at: Range<usize>, what: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        Diagnostic { source: self.clone(), at, what: what.into(), help: help.into() }
    }

    /// Byte offset of a line and a column in characters, both from 1.
    fn offset(&self, line: u64, column: u64) -> usize {
        let start = self.line_start(usize::try_from(line).unwrap_or(usize::MAX));
        let rest = &self.text[start..];
        let column = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
        start + rest.char_indices().nth(column).map_or(rest.len(), |(i, _)| i)
    }

    fn line_start(&self, line: usize) -> usize {
        let newlines = self.text.match_indices('\n').map(|(i, _)| i + 1);
        std::iter::once(0).chain(newlines).nth(line.saturating_sub(1)).unwrap_or(self.text.len())
    }

    /// The word, quoted text or rest of the line that starts at an offset.
    fn token(&self, start: usize) -> Range<usize> {
        let line = self.text[start..].lines().next().unwrap_or_default().trim_end();
        let length = match line.chars().next() {
            Some(quote @ ('"' | '\'')) => line[1..].find(quote).map_or(line.len(), |i| i + 2),
            Some(_) => line.find([',', '}', ']', '#']).unwrap_or(line.len()),
            None => 0,
        };
        start..start + line[..length].trim_end().len()
    }

    /// Where in the file a place within a JSON text is. Exact for block scalars and for text on one line; for quoted
    /// text over several lines it is the beginning.
    fn json_offset(&self, at: &At<String>, error: &StrictError) -> usize {
        let start = self.offset(at.defined.line(), at.defined.column());
        if let Some(first_line) = self.block_scalar(at) {
            let line = self.line_start(first_line + error.line - 1);
            let indentation = self.text[line..].len() - self.text[line..].trim_start_matches(' ').len();
            let end = line + self.text[line..].find('\n').unwrap_or(self.text[line..].len());
            // The block's own indentation is that of its first line; the rest belongs to the text.
            let first = self.line_start(first_line);
            let block = self.text[first..].len() - self.text[first..].trim_start_matches(' ').len();
            return (line + block.min(indentation) + error.column - 1).min(end);
        }
        let quoted = usize::from(matches!(self.text[start..].chars().next(), Some('"' | '\'')));
        let end = start + self.text[start..].find('\n').unwrap_or(self.text[start..].len());
        let place = start + quoted + error.column - 1;
        if error.line == 1 && place < end && self.text.is_char_boundary(place) { place } else { start }
    }

    /// The first line of a block scalar's text, if the value is one: the reader points at its `|` or at that line.
    fn block_scalar(&self, at: &At<String>) -> Option<usize> {
        let line = usize::try_from(at.defined.line()).ok()?;
        let text_of = |line: usize| self.text[self.line_start(line)..].lines().next().unwrap_or_default();
        let opens = |text: &str| {
            let last = text.split_whitespace().next_back().unwrap_or_default();
            last.starts_with(['|', '>'])
                && last[1..].chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-'))
        };
        if opens(text_of(line)) {
            return Some(line + 1);
        }
        (line > 1 && opens(text_of(line - 1))).then_some(line)
    }
}

impl Diagnostic {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.source.text[..self.at.start].matches('\n').count() + 1
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        let line_start = self.source.text[..self.at.start].rfind('\n').map_or(0, |i| i + 1);
        self.source.text[line_start..self.at.start].chars().count() + 1
    }

    /// The file.
    pub fn path(&self) -> &str {
        &self.source.path
    }

    fn render(&self, renderer: &Renderer) -> String {
        let snippet = Snippet::source(&*self.source.text)
            .path(&*self.source.path)
            .annotation(AnnotationKind::Primary.span(self.at.clone()));
        let help = Level::HELP.message(&self.help);
        renderer.render(&[Level::ERROR.primary_title(&self.what).element(snippet).element(help)])
    }
}

impl Diagnostics {
    /// All of them for a terminal, with colours.
    pub fn render_styled(&self) -> String {
        self.render(&Renderer::styled().decor_style(DecorStyle::Ascii))
    }

    fn render(&self, renderer: &Renderer) -> String {
        let texts: Vec<_> = self.0.iter().map(|d| d.render(renderer)).collect();
        texts.join("\n\n")
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Renderer::plain().decor_style(DecorStyle::Ascii)))
    }
}

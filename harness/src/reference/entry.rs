//! An entry of the reference: a heading and parts, for a terminal or as Markdown.

use std::fmt::Write as _;

use crate::terminal::wrap;

/// What is said about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// One line.
    pub title: String,
    /// What is said, in order.
    pub parts: Vec<Part>,
}

/// A piece of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A label and running text.
    Text(&'static str, String),
    /// A label and a list.
    List(&'static str, Vec<String>),
    /// A label and lines that keep their form.
    Code(&'static str, String),
}

impl Entry {
    /// An entry without parts.
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self { id: id.into(), title: title.into(), parts: Vec::new() }
    }

    /// With running text, unless it is empty.
    #[must_use]
    pub fn text(mut self, label: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.trim().is_empty() {
            self.parts.push(Part::Text(label, text));
        }
        self
    }

    /// With a list, unless it is empty.
    #[must_use]
    pub fn list(mut self, label: &'static str, items: Vec<String>) -> Self {
        if !items.is_empty() {
            self.parts.push(Part::List(label, items));
        }
        self
    }

    /// With lines that keep their form, unless there are none.
    #[must_use]
    pub fn code(mut self, label: &'static str, code: impl Into<String>) -> Self {
        let code = code.into();
        if !code.trim().is_empty() {
            self.parts.push(Part::Code(label, code));
        }
        self
    }

    /// For a terminal of so many columns.
    pub fn to_terminal(&self, width: usize) -> String {
        let mut text = String::new();
        for line in wrap(&format!("{}: {}", self.id, self.title), width) {
            let _ = writeln!(text, "{line}");
        }
        for part in &self.parts {
            text.push('\n');
            match part {
                Part::Text(label, prose) => {
                    for line in wrap(&format!("{label}: {prose}"), width) {
                        let _ = writeln!(text, "{line}");
                    }
                }
                Part::List(label, items) => {
                    let _ = writeln!(text, "{label}:");
                    for item in items {
                        let mut mark = "- ";
                        for line in wrap(item, width.saturating_sub(2)) {
                            let _ = writeln!(text, "{mark}{line}");
                            mark = "  ";
                        }
                    }
                }
                Part::Code(label, code) => {
                    let _ = writeln!(text, "{label}:");
                    for line in code.lines() {
                        let _ = writeln!(text, "    {line}");
                    }
                }
            }
        }
        text
    }

    /// As a section of a Markdown page, its heading at this depth.
    pub fn to_markdown(&self, depth: usize) -> String {
        let mut text = format!("{} `{}`\n\n{}\n", "#".repeat(depth), self.id, escaped(&self.title));
        for part in &self.parts {
            text.push('\n');
            match part {
                Part::Text(label, prose) => {
                    let _ = writeln!(text, "**{label}.** {}", escaped(&joined(prose)));
                }
                Part::List(label, items) => {
                    let _ = writeln!(text, "**{label}:**\n");
                    for item in items {
                        let _ = writeln!(text, "- {}", escaped(&joined(item)));
                    }
                }
                Part::Code(label, code) => {
                    let _ = writeln!(text, "**{label}:**\n\n```yaml\n{}\n```", code.trim_end());
                }
            }
        }
        text
    }
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What Markdown would read as markup is meant as text.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '_' | '<' | '>' | '[' | ']' | '|' | '`' | '#') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry::new("rule/x", "Titles <are> text")
            .text("Why", "one two three four five six")
            .text("Never", "  ")
            .list("Sections", vec!["RFC 7644, section 3.5.2".to_owned()])
            .code("The step", "- request: GET /Users\n  check: y\n")
    }

    #[test]
    fn a_terminal_gets_lines_of_its_width_and_no_empty_parts() {
        assert_eq!(
            entry().to_terminal(20),
            "rule/x: Titles <are>\ntext\n\nWhy: one two three\nfour five six\n\nSections:\n- RFC 7644, section\n  3.5.2\n\nThe step:\n    - request: GET /Users\n      check: y\n"
        );
    }

    #[test]
    fn a_page_gets_markdown_in_which_text_stays_text() {
        let page = entry().to_markdown(3);
        assert!(page.starts_with("### `rule/x`\n\nTitles \\<are\\> text\n"), "{page}");
        assert!(page.contains("```yaml\n- request: GET /Users\n  check: y\n```"), "{page}");
    }
}

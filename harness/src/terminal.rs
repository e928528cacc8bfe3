//! The one writer for everything that people read: styles only where they are wanted, nothing that fails when the
//! reader of a pipe has gone.

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};

/// The columns of a reader that is no terminal.
const PIPE_WIDTH: usize = 100;

/// Standard output and standard error.
#[derive(Debug, Clone)]
pub struct Terminal {
    colour: ColorChoice,
}

impl Terminal {
    /// With styles as asked for.
    pub fn new(colour: ColorChoice) -> Self {
        Self { colour }
    }

    /// What was asked for: text on standard output.
    pub fn print(&self, text: &str) {
        Self::written(AutoStream::new(io::stdout().lock(), self.colour).write_all(text.as_bytes()));
        Self::written(io::stdout().flush());
    }

    /// A line about what goes on, on standard error.
    pub fn tell(&self, line: &str) {
        Self::written(writeln!(AutoStream::new(io::stderr().lock(), self.colour), "{line}"));
    }

    /// An error, on standard error.
    pub fn error(&self, message: &str) {
        let style = anstyle::AnsiColor::Red.on_default().bold();
        self.tell(&format!("{style}error:{style:#} {message}"));
    }

    /// The width of standard output in columns.
    pub fn width(&self) -> usize {
        terminal_size::terminal_size()
            .map_or(PIPE_WIDTH, |(terminal_size::Width(width), _)| usize::from(width))
    }

    /// Whether someone watches standard error.
    pub fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// A reader that went away (`| head`) is no error of ours.
    fn written(result: io::Result<()>) {
        drop(result);
    }
}

/// Text in lines of so many columns: broken at spaces, a word longer than the line stands alone.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(last) if last.chars().count() + 1 + word.chars().count() <= width => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

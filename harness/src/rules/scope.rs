//! What a rule may look at and what it may say: its scope, its needs, a look, a cause. The engine that applies them is in
//! `mod`.

use super::history::History;
use super::known::Known;
use super::run_view::RunView;
use super::seen::Seen;

/// How much a rule looks at together.
#[derive(Debug, Clone, Copy)]
pub enum Scope {
    /// One exchange at a time.
    Exchange(fn(&Seen<'_>, &Known) -> Look),
    /// All exchanges about one resource, in order.
    History(fn(&History<'_>, &Known) -> Vec<Noted>),
    /// All exchanges.
    Run(fn(&RunView<'_>) -> Vec<Noted>),
}

/// What must be so before a rule may speak, or it would accuse wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Nobody else changes the resources that it compares: they were made in the same transcript, and nothing unseen
    /// (an access probe, a lost answer, requests at the same time) happened in between.
    SoleWriter,
    /// The target's /Schemas were read.
    Schemas,
    /// The transcript has every exchange, each once and in order.
    Complete,
}

/// What a rule says about one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The exchange is none of its business.
    Elsewhere,
    /// Kept.
    Kept,
    /// Broken, in one or more ways.
    Broken(Vec<Wrong>),
}

/// One way in which a rule is broken; the same words are the same cause. Never holds a value that differs from exchange
/// to exchange, nor anybody's data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wrong {
    /// What was expected.
    pub expected: String,
    /// What is there instead.
    pub actual: String,
}

/// What a rule of a larger scope says, with the place of the exchange that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// The exchange: its place in [`RunView::seen`].
    pub at: usize,
    /// What is said.
    pub look: Look,
}

impl Scope {
    /// `exchange`, `history` or `run`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exchange(_) => "exchange",
            Self::History(_) => "history",
            Self::Run(_) => "run",
        }
    }
}

impl Need {
    /// As DESIGN.md spells it.
    pub fn word(self) -> &'static str {
        match self {
            Self::SoleWriter => "sole-writer",
            Self::Schemas => "schemas",
            Self::Complete => "complete",
        }
    }

    /// What it asks for, to be read behind "needs".
    pub fn meaning(self) -> &'static str {
        match self {
            Self::SoleWriter => "resources that nobody else changes",
            Self::Schemas => "the target's /Schemas",
            Self::Complete => "every exchange, each once and in order",
        }
    }
}

impl Look {
    /// Broken in one way.
    pub fn broken(expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self::Broken(vec![Wrong::new(expected, actual)])
    }

    /// Kept if nothing is wrong.
    pub fn of(mut wrongs: Vec<Wrong>) -> Self {
        wrongs.sort();
        wrongs.dedup();
        if wrongs.is_empty() { Self::Kept } else { Self::Broken(wrongs) }
    }

    /// Kept if so, else broken in this way.
    pub fn kept_if(kept: bool, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        if kept { Self::Kept } else { Self::broken(expected, actual) }
    }

    /// With its place.
    pub fn at(self, at: usize) -> Noted {
        Noted { at, look: self }
    }
}

impl Wrong {
    /// Words for what was expected and what came.
    pub fn new(expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self { expected: expected.into(), actual: actual.into() }
    }
}

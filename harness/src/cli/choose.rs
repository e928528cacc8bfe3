//! The filters over requirements that `list` and `coverage` share.

use clap::{Args, ValueEnum};

use crate::catalogue::{Level, Requirement};

/// Flags as they were typed.
#[derive(Debug, Args, Default)]
pub(super) struct Chosen {
    /// Only requirements of this source, e.g. RFC7644 or OKTA.
    #[arg(long, value_name = "SOURCE")]
    pub(super) source: Option<String>,
    /// Only requirements about this, e.g. patch or filter.
    #[arg(long, value_name = "FEATURE")]
    pub(super) feature: Option<String>,
    /// Only requirements of this level.
    #[arg(long, value_name = "LEVEL")]
    pub(super) level: Option<LevelFlag>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum LevelFlag {
    Must,
    Should,
    May,
}

impl Chosen {
    /// Whether a requirement is wanted.
    pub(super) fn wants(&self, row: &Requirement) -> bool {
        let source = self.source.as_ref().is_none_or(|source| source.eq_ignore_ascii_case(&row.source));
        let feature = self.feature.as_ref().is_none_or(|feature| feature.eq_ignore_ascii_case(&row.feature));
        let level = self.level.is_none_or(|level| level.level() == row.level);
        source && feature && level
    }

    /// Whether anything was chosen.
    pub(super) fn narrows(&self) -> bool {
        self.source.is_some() || self.feature.is_some() || self.level.is_some()
    }
}

impl LevelFlag {
    fn level(self) -> Level {
        match self {
            Self::Must => Level::Must,
            Self::Should => Level::Should,
            Self::May => Level::May,
        }
    }
}

//! The checks as data: scenario files, the requirement catalogue, the profiles and the calibration table, embedded.
//! Nothing here interprets them; the harness does.

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// One embedded file.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Its path below `scenarios/`, with `/` between folders.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The requirement catalogue, as CSV: id, source, section, level, strength, feature, statement, notes.
pub static REQUIREMENTS: &str = include_str!("../requirements.csv");

/// Which checks must notice which deviation, as TOML.
pub static CALIBRATION: &str = include_str!("../calibration.toml");

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

/// The requirement catalogue, as CSV: id, source, section, level, strength, feature, statement, testable, precondition,
/// how, notes.
pub static REQUIREMENTS: &str = include_str!("../requirements.csv");

/// Why no check shows certain requirements, as TOML.
pub static UNCOVERED: &str = include_str!("../uncovered.toml");

/// The points at which the RFCs can be read in several ways, as CSV: id, point, text, practice, judged.
pub static CONTESTED: &str = include_str!("../contested.csv");

/// Which checks must notice which deviation, as TOML.
pub static CALIBRATION: &str = include_str!("../calibration.toml");

//! How a judged recording is shown: what it is and whose habits it has, in front of the report of its checks, for people
//! and as JSON. The checks themselves are shown as those of a run.

use std::fmt::Write as _;

use anstyle::Style;
use schemars::JsonSchema;
use scimspec_mock_idp::recording::habits::{Evidence, Likeness};
use serde::Serialize;

use super::Linted;
use crate::judge::Verdict;
use crate::report::json;
use crate::report::pretty::{self, Layout};
use crate::report::view::printable;
use crate::terminal::wrap;

/// The version of the JSON format; it moves when a consumer could break.
pub const VERSION: u32 = 1;

/// So much evidence is told unless everything is wanted.
const TELLING: usize = 4;

/// The whole report of a recording.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "scimspec lint report")]
pub struct Report {
    /// The version of this format; the checks have the format of a run's report, with a version of its own.
    pub version: u32,
    /// What was judged.
    pub recording: RecordingView,
    /// Who the client is.
    pub client: ClientView,
    /// What happens, in words.
    pub story: Vec<Told>,
    /// The checks, in the format of `scimspec run --report json`: `rule/SLUG` about the server, `client/SLUG` about the
    /// client.
    pub report: json::Report,
}

/// What was judged.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecordingView {
    /// `HAR`, `JSON Lines`, ...
    pub format: String,
    /// The program that wrote it.
    pub creator: Option<String>,
    /// The SCIM base URL of the recorded server.
    pub base: Option<String>,
    /// How many exchanges it has.
    pub exchanges: usize,
    /// How many of them have no answer.
    pub unanswered: usize,
    /// What of the file was not used, and why.
    pub left_out: Vec<String>,
}

/// Who the client is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClientView {
    /// A persona with the options that show, or a provider; none: unknown.
    pub who: Option<String>,
    /// Its provider: `okta`, `entra`, `onelogin`, `okta-suite`.
    pub provider: Option<String>,
    /// Whom it is like, the likeliest first.
    pub likenesses: Vec<LikenessView>,
}

/// How much the client is like somebody.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LikenessView {
    /// Whom.
    pub who: String,
    /// What speaks for it less what speaks against it.
    pub points: i32,
    /// What speaks for it, the most telling first.
    pub evidence: Vec<EvidenceView>,
    /// What speaks against it.
    pub against: Vec<EvidenceView>,
}

/// A habit that was seen.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EvidenceView {
    /// What was seen.
    pub what: String,
    /// How often.
    pub times: u64,
    /// Who says that the provider does so, or does not.
    pub source: String,
}

/// One exchange in words.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Told {
    /// Where in the file.
    pub place: String,
    /// What happens.
    pub what: String,
}

impl Report {
    /// The report of a recording.
    pub fn new(linted: &Linted) -> Self {
        let client = linted.client();
        Self {
            version: VERSION,
            recording: RecordingView {
                format: linted.source.format.to_string(),
                creator: linted.source.creator.as_deref().map(printable),
                base: linted.base.as_deref().map(printable),
                exchanges: linted.exchanges,
                unanswered: linted.unanswered,
                left_out: linted.left_out.iter().map(|note| printable(&note.to_string())).collect(),
            },
            client: ClientView {
                who: client.map(ToString::to_string),
                provider: client.map(|who| who.provider().key().to_owned()),
                likenesses: linted.likenesses.iter().map(likeness).collect(),
            },
            story: linted
                .story
                .iter()
                .map(|(place, what)| Told { place: place.to_string(), what: printable(what) })
                .collect(),
            report: json::Report::new(&linted.report, &Linted::lens()),
        }
    }

    /// As text, for people and diffs.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

/// The report as text with ANSI styles, which the writer strips where they are not wanted.
pub fn text(linted: &Linted, layout: Layout) -> String {
    let mut page = Page { text: String::new(), width: layout.width.clamp(40, 120) };
    page.recording(linted, layout.verbose);
    page.client(linted, layout.verbose);
    page.habits(linted);
    if layout.verbose {
        page.story(linted);
    }
    page.text.push('\n');
    page.text.push_str(&pretty::text(&linted.report, &Linted::lens(), layout));
    page.text
}

struct Page {
    text: String,
    width: usize,
}

impl Page {
    fn recording(&mut self, linted: &Linted, verbose: bool) {
        let by = linted.source.creator.as_deref().map_or_else(String::new, |by| format!(" by {by}"));
        let below = linted.base.as_deref().map_or_else(String::new, |base| format!(" below {base}"));
        let unanswered = match linted.unanswered {
            0 => String::new(),
            count => format!(", {count} of them without an answer"),
        };
        let line = format!(
            "{}{by}: {}{below}{unanswered}",
            linted.source.format,
            counted(linted.exchanges, "exchange")
        );
        self.wrapped(&line, 0, Style::new().bold());
        let shown = if verbose { linted.left_out.len() } else { linted.left_out.len().min(TELLING) };
        for note in linted.left_out.iter().take(shown) {
            self.wrapped(&format!("left out: {note}"), 2, Style::new().dimmed());
        }
        let left = linted.left_out.len() - shown;
        if left > 0 {
            self.wrapped(&format!("and {left} more"), 2, Style::new().dimmed());
        }
    }

    fn client(&mut self, linted: &Linted, verbose: bool) {
        let bold = Style::new().bold();
        let Some(first) = linted.likenesses.first() else {
            self.wrapped("the client is unknown: it has no habit of a known provider", 0, bold);
            return;
        };
        let evidence = |page: &mut Self, evidence: &[Evidence]| {
            let shown = if verbose { evidence.len() } else { evidence.len().min(TELLING) };
            for Evidence { what, times, source } in evidence.iter().take(shown) {
                page.wrapped(&format!("{what}, {} ({source})", often(*times)), 2, Style::new().dimmed());
            }
        };
        if first.decided {
            self.wrapped(&format!("the client is {}, by its habits", first.who), 0, bold);
            evidence(self, &first.evidence);
        } else {
            let line = format!("the client is unknown; it is like {}, but not enough", first.who);
            self.wrapped(&line, 0, bold);
            evidence(self, &first.evidence);
        }
        if !first.against.is_empty() {
            self.wrapped("against it:", 2, Style::new());
            evidence(self, &first.against);
        }
    }

    /// What a client does that a server may refuse, and that is normal to this one: no finding, and good to know.
    fn habits(&mut self, linted: &Linted) {
        let normal = linted
            .report
            .checks
            .iter()
            .filter(|check| check.scenario == "client" && check.verdict == Verdict::Info)
            .collect::<Vec<_>>();
        if normal.is_empty() {
            return;
        }
        self.wrapped("what it does in its own way", 0, Style::new().bold());
        for check in normal {
            let text = |text: &Option<String>| text.as_deref().map(printable).unwrap_or_default();
            let line = format!(
                "{}: {}, where others send {}: {}",
                check.id,
                text(&check.actual),
                text(&check.expected),
                printable(&check.message)
            );
            self.wrapped(&line, 2, Style::new());
        }
    }

    fn story(&mut self, linted: &Linted) {
        self.wrapped("what happens", 0, Style::new().bold());
        let width = linted.story.iter().map(|(place, _)| place.to_string().len()).max().unwrap_or(0);
        for (place, what) in &linted.story {
            let dim = Style::new().dimmed();
            let place = place.to_string();
            let _ = writeln!(self.text, "  {dim}{place:<width$}{dim:#}  {}", printable(what));
        }
    }

    fn wrapped(&mut self, text: &str, indentation: usize, style: Style) {
        for line in wrap(&printable(text), self.width.saturating_sub(indentation)) {
            let _ = writeln!(self.text, "{:indentation$}{style}{line}{style:#}", "");
        }
    }
}

fn likeness(likeness: &Likeness) -> LikenessView {
    let view = |evidence: &[Evidence]| {
        let view = |one: &Evidence| EvidenceView {
            what: one.what.to_owned(),
            times: one.times,
            source: one.source.to_owned(),
        };
        evidence.iter().map(view).collect()
    };
    LikenessView {
        who: likeness.who.to_string(),
        points: likeness.points,
        evidence: view(&likeness.evidence),
        against: view(&likeness.against),
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn often(times: u64) -> String {
    match times {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        times => format!("{times} times"),
    }
}

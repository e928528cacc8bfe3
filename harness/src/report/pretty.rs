//! The report for a terminal: what holds, then everything that does not with what was expected, what came, and a
//! command that repeats it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::view::{Lens, printable};
use super::{Exit, RunReport, fingerprint};
use crate::judge::{CheckResult, Verdict};
use crate::terminal::wrap;

/// The promises that provisioning exists for, with the requirement behind each.
const PROMISES: [(&str, &str); 6] = [
    ("LIFECYCLE-L1", "creates: an assigned person can get in"),
    ("LIFECYCLE-L2", "blocks: a deactivated person cannot, by any way"),
    ("LIFECYCLE-L3", "keeps the identity while blocked"),
    ("LIFECYCLE-L4", "reactivates the same account"),
    ("LIFECYCLE-L5", "touches nobody else"),
    ("LIFECYCLE-L6", "makes no second account"),
];

/// More scenarios than this are told by pack unless everything is wanted: nobody reads thousands of lines that say pass.
const MANY: usize = 20;

/// So many reasons for not looking at something are told in a long run, the most frequent first.
const REASONS: usize = 8;

/// How much is told, in which width.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Columns.
    pub width: usize,
    /// Every check of a long run, and every exchange behind a warning.
    pub verbose: bool,
}

/// The report as text with ANSI styles, which the writer strips where they are not wanted.
pub fn text(run: &RunReport, lens: &Lens, layout: Layout) -> String {
    let scenarios: BTreeSet<&str> = run.checks.iter().map(|check| check.scenario.as_str()).collect();
    // Rules are many wherever nothing else was looked at: over a recording.
    let rules = scenarios.iter().all(|scenario| ["rule", "client"].contains(scenario));
    let brief = !layout.verbose && (scenarios.len() > MANY || (rules && run.checks.len() > MANY));
    let mut page = Page { text: String::new(), width: layout.width.clamp(40, 120), brief };
    if brief {
        page.packs(run);
    } else {
        page.scenarios(run);
    }
    page.promises(run);
    page.details(run, lens);
    page.fingerprint(run, lens);
    page.end(run, lens);
    page.text
}

struct Page {
    text: String,
    width: usize,
    /// Whether what is right, or nearly so, is only counted.
    brief: bool,
}

/// What a scenario's list says of a check; equal lines are one.
#[derive(PartialEq, Eq)]
struct Line<'a> {
    check: &'a str,
    verdict: Verdict,
    known: bool,
    /// The reason of a skip, the alternative that was taken at an open point.
    why: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn new(check: &'a CheckResult, scenario: &str) -> Self {
        let why = match check.verdict {
            Verdict::Skip => Some(check.message.as_str()),
            Verdict::Info => check.outcome.as_deref(),
            _ => None,
        };
        let short = check.id.strip_prefix(scenario).unwrap_or(&check.id).trim_start_matches('/');
        Self { check: short, verdict: check.verdict, known: check.known.is_some(), why }
    }
}

impl Page {
    /// One line for each pack of scenarios, with the counts of what became of its checks; then why checks were skipped.
    fn packs(&mut self, run: &RunReport) {
        let mut packs: BTreeMap<&str, BTreeMap<Verdict, usize>> = BTreeMap::new();
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        for check in &run.checks {
            let pack = check.scenario.rsplit_once('/').map_or(check.scenario.as_str(), |(pack, _)| pack);
            *packs.entry(pack).or_default().entry(check.verdict).or_default() += 1;
            if check.verdict == Verdict::Skip {
                *reasons.entry(in_short(&check.message)).or_default() += 1;
            }
        }
        let name = packs.keys().map(|pack| pack.chars().count()).max().unwrap_or(0);
        for (pack, verdicts) in &packs {
            let counts: Vec<String> = Verdict::ALL
                .iter()
                .filter_map(|verdict| verdicts.get(verdict).map(|count| (verdict, count)))
                .map(|(verdict, count)| {
                    let style = style(*verdict);
                    format!("{style}{count} {verdict}{style:#}")
                })
                .collect();
            let bold = Style::new().bold();
            let _ = writeln!(
                self.text,
                "{bold}{pack}{bold:#}{:1$}  {2}",
                "",
                name - pack.chars().count(),
                counts.join(", ")
            );
        }
        if !reasons.is_empty() {
            let bold = Style::new().bold();
            let _ = writeln!(self.text, "\n{bold}Not looked at{bold:#}");
            let mut reasons: Vec<(String, usize)> = reasons.into_iter().collect();
            reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            let left = reasons.len().saturating_sub(REASONS);
            for (reason, count) in reasons.into_iter().take(REASONS) {
                self.wrapped(&format!("{count}: {reason}"), 2, Style::new().dimmed());
            }
            if left > 0 {
                self.wrapped(&format!("and {left} more reasons"), 2, Style::new().dimmed());
            }
        }
        let _ = writeln!(self.text, "\n`-v` tells every check, `--only 'PACK/*'` one pack");
    }

    fn scenarios(&mut self, run: &RunReport) {
        let mut stories: Vec<(&str, &str)> = Vec::new();
        for report in &run.stories {
            let scenario = &report.story.scenario;
            if !stories.iter().any(|(id, _)| *id == scenario.id) {
                stories.push((&scenario.id, &scenario.title));
            }
        }
        for check in &run.checks {
            if !stories.iter().any(|(id, _)| *id == check.scenario) {
                stories.push((&check.scenario, ""));
            }
        }
        stories.retain(|(id, _)| run.checks.iter().any(|check| check.scenario == *id));
        for (id, title) in stories {
            let bold = Style::new().bold();
            let _ = writeln!(self.text, "{bold}{id}{bold:#}");
            if !title.is_empty() {
                self.wrapped(title, 2, Style::new().dimmed());
            }
            self.checks(run, id);
        }
    }

    /// One line for each check and what became of it, with the personas behind it.
    fn checks(&mut self, run: &RunReport, scenario: &str) {
        let mut lines: Vec<(Line<'_>, Vec<&str>)> = Vec::new();
        for check in run.checks.iter().filter(|check| check.scenario == scenario) {
            let line = Line::new(check, scenario);
            let persona = check.persona.as_deref();
            match lines.iter_mut().find(|(other, _)| *other == line) {
                Some((_, personas)) => personas.extend(persona),
                None => lines.push((line, persona.into_iter().collect())),
            }
        }
        for (line, personas) in lines {
            let style = style(line.verdict);
            let known = if line.known { " (known)" } else { "" };
            let _ = write!(self.text, "  {style}{:<5}{style:#} {}{known}", line.verdict, line.check);
            let used = 8 + line.check.chars().count() + known.len();
            let mut behind = personas.join(", ");
            if let Some(why) = line.why {
                let separator = if behind.is_empty() { "" } else { ": " };
                behind = format!("{behind}{separator}{}", printable(why));
            }
            let dim = Style::new().dimmed();
            if behind.is_empty() {
                self.text.push('\n');
            } else if used + 2 + behind.chars().count() <= self.width {
                let _ = writeln!(self.text, "  {dim}{behind}{dim:#}");
            } else {
                self.text.push('\n');
                self.wrapped(&behind, 8, dim);
            }
        }
    }

    /// The promises by persona: the worst verdict of the checks that show them. A promise about access that nobody tried
    /// is not kept, it is not verified.
    fn promises(&mut self, run: &RunReport) {
        let mut personas: Vec<&str> = Vec::new();
        let mut worst: BTreeMap<(&str, &str), (Verdict, bool)> = BTreeMap::new();
        for check in &run.checks {
            // A persona's variants speak for the persona.
            let named = check.persona.as_deref().and_then(|name| name.split('+').next());
            let persona = named.unwrap_or("plain requests");
            for (requirement, _) in PROMISES {
                if check.requirements.iter().any(|id| id.0 == requirement) {
                    if !personas.contains(&persona) {
                        personas.push(persona);
                    }
                    let (verdict, unverified) =
                        worst.entry((requirement, persona)).or_insert((check.verdict, check.not_verified));
                    // A check that was skipped says nothing against one that passed.
                    *verdict = match (*verdict, check.verdict) {
                        (Verdict::Skip, other) | (other, Verdict::Skip) => other,
                        (a, b) => a.max(b),
                    };
                    *unverified |= check.not_verified;
                }
            }
        }
        if personas.iter().all(|persona| *persona == "plain requests") {
            return;
        }
        let bold = Style::new().bold();
        let _ = writeln!(self.text, "\n{bold}The promises of provisioning{bold:#}");
        for (requirement, promise) in PROMISES {
            let said: Vec<String> = personas
                .iter()
                .filter_map(|persona| {
                    let (verdict, unverified) = worst.get(&(requirement, *persona))?;
                    let unverified = *unverified && *verdict == Verdict::Pass;
                    let style = style(if unverified { Verdict::Warn } else { *verdict });
                    let word = if unverified { "not verified".to_owned() } else { verdict.to_string() };
                    Some(format!("{style}{word}{style:#} {persona}"))
                })
                .collect();
            if !said.is_empty() {
                self.wrapped(promise, 2, Style::new());
                let _ = writeln!(self.text, "      {}", said.join("  "));
            }
        }
    }

    /// Everything that is not as it should be. One cause often breaks several checks, as several personas: it is told
    /// once, with all of them.
    fn details(&mut self, run: &RunReport, lens: &Lens) {
        let mut told: Vec<Vec<&CheckResult>> = Vec::new();
        for check in &run.checks {
            if matches!(check.verdict, Verdict::Pass | Verdict::Info | Verdict::Skip) {
                continue;
            }
            match told.iter_mut().find(|group| is_same(group[0], check)) {
                Some(group) => group.push(check),
                None => told.push(vec![check]),
            }
        }
        told.sort_by_key(|group| (std::cmp::Reverse(group[0].verdict), group[0].known.is_some()));
        for group in told {
            self.detail(&group, run, lens);
        }
    }

    fn detail(&mut self, group: &[&CheckResult], run: &RunReport, lens: &Lens) {
        let check = group[0];
        let style = style(check.verdict).bold();
        let more = if group.len() > 1 { format!(" and {} more", group.len() - 1) } else { String::new() };
        let word = check.verdict.to_string().to_uppercase();
        let _ = writeln!(self.text, "\n{style}{word}{style:#} {}{more}", name(check));
        self.wrapped(&lens.text(&check.message), 2, Style::new());
        let ids: Vec<_> = check.requirements.iter().map(ToString::to_string).collect();
        self.field("shows", &format!("{} ({})", ids.join(", "), check.level));
        self.field("step", &lens.text(&check.step));
        for (name, text) in
            [("expected", &check.expected), ("actual", &check.actual), ("known", &check.known)]
        {
            match text {
                // The difference of a snapshot: its lines are what is to be seen.
                Some(text) if text.contains('\n') => self.lines(&lens.lines(text)),
                Some(text) => self.field(name, &lens.text(text)),
                None => {}
            }
        }
        for note in &check.notes {
            self.field("note", &lens.text(note));
        }
        let is_shown = !self.brief || check.verdict != Verdict::Warn;
        if let Some(exchange) = run.evidence(check).filter(|_| is_shown) {
            let view = lens.view(exchange);
            let came = match (view.status, &view.broken) {
                (Some(status), _) => status.to_string(),
                (None, Some(broken)) => broken.clone(),
                (None, None) => "no answer".to_owned(),
            };
            self.field("exchange", &format!("{} {} -> {came}", view.method, view.url));
            if let Some(body) = view.response_body {
                self.unwrapped("body", &beginning(&body));
            }
            self.unwrapped("again", &view.curl);
        }
        let others: Vec<_> = group[1..].iter().map(|check| name(check)).collect();
        // A table of cases breaks at one cause; its first rows say enough.
        let shown = if self.brief { others.len().min(3) } else { others.len() };
        let left = others.len() - shown;
        if !others.is_empty() {
            let left = if left > 0 { format!(" and {left} more") } else { String::new() };
            self.field("also", &format!("{}{left}", others[..shown].join(", ")));
        }
    }

    /// What the target does where it has a choice; what scenarios asked for is in the JSON report.
    fn fingerprint(&mut self, run: &RunReport, lens: &Lens) {
        let choices = fingerprint::of(run);
        let asked = choices.iter().filter(|choice| !choice.observed).count();
        if run.is_embedded() || choices.is_empty() {
            return;
        }
        let bold = Style::new().bold();
        let _ = writeln!(self.text, "\n{bold}The target's choices{bold:#}");
        for choice in choices.iter().filter(|choice| choice.observed) {
            self.wrapped(&format!("{}: {}", choice.name, lens.text(&choice.value)), 2, Style::new());
        }
        if asked > 0 {
            self.wrapped(
                &format!("and at {asked} open points: --report json tells"),
                2,
                Style::new().dimmed(),
            );
        }
    }

    fn end(&mut self, run: &RunReport, lens: &Lens) {
        for stale in &run.stale {
            let style = style(Verdict::Fail).bold();
            let _ = writeln!(self.text, "\n{style}STALE{style:#} known failure {}", lens.text(&stale.entry));
            self.wrapped(&lens.text(&stale.what), 2, Style::new());
        }
        if !run.leftovers.is_empty() {
            let style = style(Verdict::Warn).bold();
            let _ = writeln!(self.text, "\n{style}NOT REMOVED{style:#} from the target:");
            for left in &run.leftovers {
                let id = left.id.as_deref().map_or_else(String::new, |id| format!(", id {}", lens.text(id)));
                self.wrapped(
                    &format!("{} {}{id}: {}", left.endpoint, left.name, lens.text(&left.why)),
                    2,
                    Style::new(),
                );
            }
        }
        let summary = run.summary();
        let known = run.checks.iter().filter(|check| check.known.is_some()).count();
        let mut counts = Vec::new();
        for (verdict, count) in [
            (Verdict::Pass, summary.pass),
            (Verdict::Fail, summary.fail),
            (Verdict::Warn, summary.warn),
            (Verdict::Info, summary.info),
            (Verdict::Skip, summary.skip),
            (Verdict::Error, summary.error),
        ] {
            if count > 0 || matches!(verdict, Verdict::Pass | Verdict::Fail) {
                let style = style(verdict);
                let known = if verdict == Verdict::Fail && known > 0 {
                    format!(" ({known} known)")
                } else {
                    String::new()
                };
                counts.push(format!("{style}{count} {verdict}{style:#}{known}"));
            }
        }
        let _ = writeln!(self.text, "\n{} in {:.2} s", counts.join(", "), run.took.as_secs_f64());
        let (word, verdict) = match run.exit() {
            Exit::Conformant => ("conformant", Verdict::Pass),
            Exit::NotConformant => ("not conformant", Verdict::Fail),
            _ if run.interrupted => ("interrupted", Verdict::Error),
            _ => ("could not judge everything", Verdict::Error),
        };
        let style = style(verdict).bold();
        let _ = writeln!(
            self.text,
            "{style}{word}{style:#} (profile {}): {}",
            run.profile,
            lens.text(&run.target)
        );
        if let Some(last) = run.access_line() {
            let style = self::style(Verdict::Warn).bold();
            let _ = writeln!(self.text, "{style}{last}{style:#}");
        }
    }

    fn lines(&mut self, text: &str) {
        for line in text.lines() {
            let _ = writeln!(self.text, "    {line}");
        }
    }

    /// Never wrapped: it is there to be copied.
    fn unwrapped(&mut self, name: &str, text: &str) {
        let dim = Style::new().dimmed();
        let _ = writeln!(self.text, "  {dim}{name:<9}{dim:#} {text}");
    }

    fn field(&mut self, name: &str, text: &str) {
        let dim = Style::new().dimmed();
        let _ = write!(self.text, "  {dim}{name:<9}{dim:#} ");
        let lines = wrap(text, self.width.saturating_sub(12));
        self.text.push_str(&lines.join(&format!("\n{:12}", "")));
        self.text.push('\n');
    }

    fn wrapped(&mut self, text: &str, indentation: usize, style: Style) {
        for line in wrap(text, self.width.saturating_sub(indentation)) {
            let _ = writeln!(self.text, "{:indentation$}{style}{line}{style:#}", "");
        }
    }
}

/// A reason without the evidence behind it: `not reached, because of CHECK`, and of others the beginning.
fn in_short(reason: &str) -> String {
    const LENGTH: usize = 160;
    let cause = reason.strip_prefix("not reached, because of ").and_then(|rest| rest.split(": ").next());
    match cause {
        Some(check) => format!("not reached, because of {}", printable(check)),
        None => printable(reason).chars().take(LENGTH).collect(),
    }
}

fn name(check: &CheckResult) -> String {
    match &check.persona {
        Some(persona) => format!("{} as {persona}", check.id),
        None => check.id.clone(),
    }
}

/// Whether two checks tell of the same thing: the numbers in what came differ from story to story.
fn is_same(one: &CheckResult, other: &CheckResult) -> bool {
    let came = |check: &CheckResult| {
        check.actual.as_deref().map(|text| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>())
    };
    (one.verdict, &one.message, &one.expected, &one.known)
        == (other.verdict, &other.message, &other.expected, &other.known)
        && came(one) == came(other)
}

/// Enough of a body to recognise it; the JSON report has more.
fn beginning(body: &str) -> String {
    const LENGTH: usize = 400;
    match body.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &body[..end]),
        None => body.to_owned(),
    }
}

fn style(verdict: Verdict) -> Style {
    let colour = match verdict {
        Verdict::Pass => AnsiColor::Green,
        Verdict::Fail => AnsiColor::Red,
        Verdict::Warn => AnsiColor::Yellow,
        Verdict::Info => AnsiColor::Cyan,
        Verdict::Skip => AnsiColor::BrightBlack,
        Verdict::Error => AnsiColor::Magenta,
    };
    colour.on_default()
}

//! A replay's result for people: each difference with its consequence first, what was not sent, and one line at the end
//! that says it all.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::ReplayReport;
use crate::replay::difference::Difference;
use crate::report::view::Lens;
use crate::terminal::wrap;

const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// Of what follows from one difference, so much is told.
const FOLLOWS_TOLD: usize = 5;

/// The whole text, in lines of at most so many columns where words allow it.
pub fn text(report: &ReplayReport, lens: &Lens, width: usize) -> String {
    let mut text = String::new();
    for (i, difference) in report.replayed.differences.iter().enumerate() {
        one(i + 1, difference, lens, width, &mut text);
    }
    if report.replayed.more > 0 {
        let _ = writeln!(text, "and {} more differences\n", report.replayed.more);
    }
    if let Some(conversation) = &report.conversation {
        let _ = writeln!(text, "conversation: {}", lens.text(&conversation.message));
        if let Some(difference) = &conversation.difference {
            let _ = writeln!(text, "{}", lens.lines(difference));
        }
        text.push('\n');
    }
    list("not sent", &skipped(report, lens), width, &mut text);
    let notes: Vec<String> = report.replayed.notes.iter().map(|note| lens.text(note)).collect();
    list("noted", &notes, width, &mut text);
    let left_out: Vec<String> = report.left_out.iter().map(|note| lens.text(note)).collect();
    list("left out of the recording", &left_out, width, &mut text);
    let leftovers: Vec<String> = report
        .leftovers
        .iter()
        .map(|left| lens.text(&format!("{} {}: {}", left.endpoint, left.name, left.why)))
        .collect();
    list("could not be removed", &leftovers, width, &mut text);
    if let Some(why) = &report.broken_off {
        let _ = writeln!(text, "{BAD}the recording broke off:{BAD:#} {}\n", lens.text(why));
    }
    text.push_str(&last_line(report, lens));
    text
}

fn one(number: usize, difference: &Difference, lens: &Lens, width: usize, text: &mut String) {
    let request = lens.text(&difference.request);
    let _ = writeln!(text, "{BAD}{number}{BAD:#}  {}: {request}", difference.place);
    for line in wrap(&lens.text(&difference.consequence), width.saturating_sub(3)) {
        let _ = writeln!(text, "   {BAD}{line}{BAD:#}");
    }
    for unlike in &difference.unlike {
        for line in wrap(&lens.text(&unlike.line()), width.saturating_sub(5)) {
            let _ = writeln!(text, "     {line}");
        }
    }
    let follows = difference.follows.len() + difference.more_follow;
    if follows > 0 {
        let requests =
            if follows == 1 { "1 later request".to_owned() } else { format!("{follows} later requests") };
        let _ = writeln!(text, "   {DIM}because of it, {requests}:{DIM:#}");
        for following in difference.follows.iter().take(FOLLOWS_TOLD) {
            let line = format!("{}: {}: {}", following.place, following.request, following.what);
            for line in wrap(&lens.text(&line), width.saturating_sub(5)) {
                let _ = writeln!(text, "     {DIM}{line}{DIM:#}");
            }
        }
        if follows > FOLLOWS_TOLD {
            let _ = writeln!(text, "     {DIM}and {} more{DIM:#}", follows - FOLLOWS_TOLD);
        }
    }
    text.push('\n');
}

fn skipped(report: &ReplayReport, lens: &Lens) -> Vec<String> {
    let line = |skipped: &crate::replay::Skipped| {
        let requests =
            if skipped.count == 1 { "1 request".to_owned() } else { format!("{} requests", skipped.count) };
        lens.text(&format!("{requests}, the first {}: {}", skipped.first, skipped.why))
    };
    report.replayed.skipped.iter().map(line).collect()
}

fn list(title: &str, items: &[String], width: usize, text: &mut String) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "{title}:");
    for item in items {
        for (i, line) in wrap(item, width.saturating_sub(4)).into_iter().enumerate() {
            let _ = writeln!(text, "  {}{line}", if i == 0 { "" } else { "  " });
        }
    }
    text.push('\n');
}

fn last_line(report: &ReplayReport, lens: &Lens) -> String {
    let replayed = &report.replayed;
    let count = replayed.differences.len() + replayed.more;
    let verdict = match (count, report.interrupted || report.broken_off.is_some(), replayed.compared) {
        (_, true, _) => format!("{BAD}not replayed to its end{BAD:#}"),
        (0, _, 0) => format!("{BAD}nothing could be compared{BAD:#}"),
        (0, _, _) => format!("{GOOD}the same{GOOD:#}"),
        (1, _, _) => format!("{BAD}1 difference{BAD:#}"),
        (many, _, _) => format!("{BAD}{many} differences{BAD:#}"),
    };
    let targets: Vec<String> = report.targets.iter().map(|target| lens.text(target)).collect();
    let client = report.client.as_ref().map_or_else(String::new, |client| format!(" of {client}"));
    let not_sent = report.not_sent();
    let skipped = if not_sent == 0 { String::new() } else { format!(", {not_sent} not sent") };
    format!(
        "{verdict}: {}{client} on {}: {} of {} requests sent{skipped}, {} answers compared in {:.2} s\n",
        lens.text(&report.recording),
        targets.join(" and "),
        replayed.sent,
        report.entries,
        replayed.compared,
        report.took.as_secs_f64()
    )
}

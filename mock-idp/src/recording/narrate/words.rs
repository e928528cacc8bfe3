//! Small words: how an exchange ended, lists, names, and texts of strangers made harmless and short.

use super::asked::Asked;
use super::member;
use crate::exchange::Broken;

/// So many of a list are named.
const NAMED: usize = 6;
/// The longest name, in characters.
const LONGEST_NAME: usize = 64;
/// The longest explanation of a server, in characters.
const LONGEST_DETAIL: usize = 100;

/// How it ended, to stand behind what was done; empty if well.
pub(super) fn ending(asked: &Asked<'_>) -> String {
    let answer = match &asked.exchange.result {
        Ok(answer) => answer,
        Err(broken) => return broken_off(broken),
    };
    let status = answer.status;
    match status {
        200..=299 => String::new(),
        304 => ": not changed".to_owned(),
        404 => ": not found".to_owned(),
        401 | 403 => format!(": not let in, {}", detailed(asked, status)),
        429 => {
            let seconds = answer.header("retry-after").and_then(|after| after.trim().parse::<u64>().ok());
            seconds.map_or_else(
                || ": told to wait, 429".to_owned(),
                |seconds| format!(": told to wait {seconds} s, 429"),
            )
        }
        300..=399 => format!(": sent elsewhere, {status}"),
        500.. => format!(": the server fails, {}", detailed(asked, status)),
        _ => format!(": refused, {}", detailed(asked, status)),
    }
}

/// `title, name and emails`.
pub(super) fn list(items: &[String]) -> String {
    let shown = items.len().min(NAMED);
    let left = items.len() - shown;
    let Some(items) = items.get(..shown) else { return String::new() };
    match (items.split_last(), left) {
        (None, _) => String::new(),
        (Some((last, [])), 0) => last.clone(),
        (Some((last, first)), 0) => format!("{} and {last}", first.join(", ")),
        (Some(_), left) => format!("{} and {left} more", items.join(", ")),
    }
}

/// `1 person`, `2 people`.
pub(super) fn people(count: usize) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

/// A name or id of a stranger, in one line and not longer than anybody reads.
pub(super) fn name(text: &str) -> String {
    short(text, LONGEST_NAME)
}

fn broken_off(broken: &Broken) -> String {
    match broken {
        Broken::NotRecorded => String::new(),
        Broken::Connect(_) => ": no answer, could not connect".to_owned(),
        Broken::Timeout(_) => ": no answer in time".to_owned(),
        Broken::Cut(_) => ": no answer, the connection broke".to_owned(),
        Broken::TooLarge { .. } => ": the answer is too large".to_owned(),
        Broken::Unsendable(_) => ": could not be sent".to_owned(),
    }
}

fn detailed(asked: &Asked<'_>, status: u16) -> String {
    let text = |name: &str| Some(member(asked.came.as_ref()?, name)?.as_str()?.trim().to_owned());
    match text("detail").or_else(|| text("scimType")).filter(|detail| !detail.is_empty()) {
        Some(detail) => format!("{status} {}", short(&detail, LONGEST_DETAIL)),
        None => status.to_string(),
    }
}

fn short(text: &str, longest: usize) -> String {
    let plain = |c: char| if c.is_control() || is_invisible(c) { ' ' } else { c };
    let mut short: String = text.chars().take(longest).map(plain).collect();
    if text.chars().nth(longest).is_some() {
        short.push('…');
    }
    short
}

/// What reorders or hides text in a terminal.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_the_first_and_counts_the_rest() {
        let items = |count: usize| (0..count).map(|i| i.to_string()).collect::<Vec<_>>();
        assert_eq!(list(&items(0)), "");
        assert_eq!(list(&items(1)), "0");
        assert_eq!(list(&items(3)), "0, 1 and 2");
        assert_eq!(list(&items(9)), "0, 1, 2, 3, 4, 5 and 3 more");
    }

    #[test]
    fn a_strangers_text_is_one_short_line() {
        assert_eq!(name("a\u{1b}[2J\nb\u{202e}c"), "a [2J b c");
        assert_eq!(name(&"x".repeat(100)).chars().count(), LONGEST_NAME + 1);
    }
}

//! Writes a draft down as a person would: short things on one line, JSON that does not fit as a block of text, quotes
//! only where YAML wants them.

use std::fmt::Write as _;

use serde_json::Value;

use super::draft::{Action, Body, Draft, Expect, Step};
use crate::terminal::wrap;

/// Lines are no longer than this where they can be broken.
const WIDTH: usize = 116;

/// The whole file.
pub(super) fn text(draft: &Draft) -> String {
    let mut text = String::new();
    for note in &draft.notes {
        for (i, line) in wrap(note, WIDTH - 4).iter().enumerate() {
            let _ = writeln!(text, "{} {line}", if i == 0 { "# -" } else { "#  " });
        }
    }
    let _ = writeln!(text, "title: {}", scalar(&draft.title));
    if !draft.why.is_empty() {
        text.push_str("why: >\n");
        for line in wrap(&draft.why, WIDTH - 2) {
            let _ = writeln!(text, "  {line}");
        }
    }
    for (key, list) in [
        ("personas", &draft.personas),
        ("people", &draft.people),
        ("groups", &draft.groups),
        ("needs", &draft.needs),
    ] {
        if !list.is_empty() {
            let _ = writeln!(text, "{key}: {}", flow_list(list));
        }
    }
    text.push_str("steps:\n");
    for step in &draft.steps {
        write_step(&mut text, step);
    }
    text
}

fn write_step(text: &mut String, step: &Step) {
    let mut lines = Vec::new();
    match &step.action {
        Action::Idp { act, people, group, set } => {
            lines.push(format!("idp: {act}"));
            lines.extend(group.iter().map(|group| format!("group: {group}")));
            if !people.is_empty() {
                lines.push(format!("people: {}", flow_list(people)));
            }
            if let Some(set) = set {
                lines.push(json_lines("set", set, 4));
            }
        }
        Action::Request { line, headers, body } => {
            lines.push(format!("request: {}", scalar(line)));
            if !headers.is_empty() {
                lines.push(format!("headers: {}", flow_map(headers)));
            }
            match body {
                Body::Nothing => {}
                Body::Json(json) => lines.push(json_lines("json", json, 4)),
            }
        }
    }
    lines.extend(step.after.iter().map(|after| format!("after: {}", scalar(after))));
    lines.extend(step.expect.iter().map(expect_lines));
    if !step.keep.is_empty() {
        lines.push(format!("keep: {}", flow_map(&step.keep)));
    }
    if let Some(check) = &step.check {
        lines.push(format!("check: {}", check.slug));
        lines.push(format!("shows: [{}]", check.shows.join(", ")));
    }
    for (i, line) in lines.iter().enumerate() {
        let _ = writeln!(text, "{}{line}", if i == 0 { "  - " } else { "    " });
    }
}

fn expect_lines(expect: &Expect) -> String {
    let mut parts = Vec::new();
    if !expect.status.is_empty() {
        parts.push(format!("status: {}", statuses(&expect.status)));
    }
    parts.extend(expect.json.iter().map(|json| format!("json: {}", quoted(&compact(json)))));
    if let Some((status, json)) = &expect.after {
        let json =
            json.as_ref().map_or_else(String::new, |json| format!(", json: {}", quoted(&compact(json))));
        parts.push(format!("after: {{status: {status}{json}}}"));
    }
    let one_line = format!("expect: {{{}}}", parts.join(", "));
    if one_line.len() + 4 <= WIDTH {
        return one_line;
    }
    let mut lines = vec!["expect:".to_owned()];
    if !expect.status.is_empty() {
        lines.push(format!("      status: {}", statuses(&expect.status)));
    }
    lines.extend(expect.json.iter().map(|json| format!("      {}", json_lines("json", json, 6))));
    if let Some((status, json)) = &expect.after {
        lines.push("      after:".to_owned());
        lines.push(format!("        status: {status}"));
        lines.extend(json.iter().map(|json| format!("        {}", json_lines("json", json, 8))));
    }
    lines.join("\n")
}

/// `KEY: '{...}'`, or a block of text where that is too long; `indent` is that of the key.
fn json_lines(key: &str, json: &Value, indent: usize) -> String {
    let one_line = format!("{key}: {}", quoted(&compact(json)));
    if indent + one_line.len() <= WIDTH {
        return one_line;
    }
    let margin = " ".repeat(indent + 2);
    let block = layout(json, indent + 2).replace('\n', &format!("\n{margin}"));
    format!("{key}: |\n{margin}{block}")
}

fn statuses(list: &[u16]) -> String {
    match list {
        [one] => one.to_string(),
        several => {
            let all: Vec<_> = several.iter().map(u16::to_string).collect();
            format!("[{}]", all.join(", "))
        }
    }
}

fn flow_list(list: &[String]) -> String {
    let all: Vec<_> = list.iter().map(|item| flow_scalar(item)).collect();
    format!("[{}]", all.join(", "))
}

fn flow_map(members: &[(String, String)]) -> String {
    let all: Vec<_> =
        members.iter().map(|(key, value)| format!("{}: {}", flow_scalar(key), flow_scalar(value))).collect();
    format!("{{{}}}", all.join(", "))
}

/// A text as a YAML value on a line of its own.
fn scalar(text: &str) -> String {
    let plain = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic())
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([' ', ':'])
        && !text.chars().any(char::is_control)
        && !is_word_of_yaml(text);
    if plain { text.to_owned() } else { quoted(text) }
}

/// A text as a YAML value between brackets.
fn flow_scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:/+$ ;=".contains(c))
        && !text.contains(": ")
        && !text.ends_with([' ', ':'])
        && !is_word_of_yaml(text);
    if plain { text.to_owned() } else { quoted(text) }
}

fn is_word_of_yaml(text: &str) -> bool {
    ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
}

/// In single quotes, or in double ones where only those can say it.
fn quoted(text: &str) -> String {
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')) {
        return double_quoted(text);
    }
    format!("'{}'", text.replace('\'', "''"))
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// JSON on one line, with the blanks that a person would put.
pub(super) fn compact(json: &Value) -> String {
    match json {
        Value::Array(items) => {
            let all: Vec<_> = items.iter().map(compact).collect();
            format!("[{}]", all.join(", "))
        }
        Value::Object(members) => {
            let all: Vec<_> =
                members.iter().map(|(name, value)| format!("{}: {}", string(name), compact(value))).collect();
            format!("{{{}}}", all.join(", "))
        }
        Value::String(text) => string(text),
        other => other.to_string(),
    }
}

/// A JSON string without anything that YAML would not take in a block of text.
fn string(text: &str) -> String {
    let json = Value::from(text).to_string();
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') {
            let _ = write!(safe, "\\u{:04x}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    safe
}

/// JSON over several lines, each as full as it gets; `column` is where it begins. Lines after the first are indented
/// relative to that.
fn layout(json: &Value, column: usize) -> String {
    let line = compact(json);
    if column + line.len() <= WIDTH {
        return line;
    }
    let (open, close, parts): (char, char, Vec<(String, &Value)>) = match json {
        Value::Array(items) => ('[', ']', items.iter().map(|item| (String::new(), item)).collect()),
        Value::Object(members) => {
            ('{', '}', members.iter().map(|(name, value)| (format!("{}: ", string(name)), value)).collect())
        }
        _ => return line,
    };
    let mut text = String::from(open);
    // How far the present line goes, counted from `column`; nothing fits behind a part of several lines.
    let mut reached = Some(1);
    for (i, (name, value)) in parts.iter().enumerate() {
        let whole = name.len() + compact(value).len() + 1;
        let fits = reached.is_some_and(|reached| column + reached + 1 + whole <= WIDTH);
        if i > 0 {
            text.push_str(if fits { ", " } else { ",\n " });
        }
        let start = match reached {
            Some(reached) if fits && i > 0 => reached + 2,
            Some(reached) if i == 0 => reached,
            _ => 1,
        };
        let part = layout(value, column + start + name.len());
        let several = part.contains('\n');
        let margin = " ".repeat(start + name.len());
        let _ = write!(text, "{name}{}", part.replace('\n', &format!("\n{margin}")));
        reached = (!several).then(|| start + name.len() + part.len());
    }
    text.push(close);
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_that_fits_stands_on_one_line_and_other_json_in_full_ones() {
        assert_eq!(json_lines("json", &json!({"active": false}), 4), r#"json: '{"active": false}'"#);
        let long = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "${ada.userName}",
            "emails": [{"type": "work", "primary": true, "value": "${ada.email}"}], "active": true});
        let text = json_lines("json", &long, 4);
        assert_eq!(
            text,
            "json: |\n      {\"schemas\": [\"urn:ietf:params:scim:schemas:core:2.0:User\"], \"userName\": \"${ada.userName}\",\n       \"emails\": [{\"type\": \"work\", \"primary\": true, \"value\": \"${ada.email}\"}], \"active\": true}"
        );
        let block: String = text.lines().skip(1).collect();
        assert_eq!(serde_json::from_str::<Value>(&block).unwrap(), long);
    }

    #[test]
    fn however_deep_it_is_the_layout_is_the_same_json() {
        let deep = json!({"Operations": [
            {"op": "replace", "path": "a".repeat(90), "value": {"x": ["b".repeat(60), "c".repeat(60), {"y": "d".repeat(80)}]}},
            {"op": "add", "value": "e"}]});
        let text = layout(&deep, 6);
        assert!(text.lines().count() > 3, "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), deep);
    }

    #[test]
    fn texts_are_quoted_where_yaml_would_take_them_for_something_else() {
        assert_eq!(scalar("GET /Users/${ada.id}"), "GET /Users/${ada.id}");
        assert_eq!(scalar("it's: a title"), "'it''s: a title'");
        assert_eq!(scalar("true"), "'true'");
        assert_eq!(scalar("a\u{1b}[0m\nb"), "\"a\\u001b[0m\\nb\"");
        assert_eq!(flow_scalar("application/json; charset=utf-8"), "application/json; charset=utf-8");
        assert_eq!(flow_scalar("W/\"1\", x"), "'W/\"1\", x'");
    }
}

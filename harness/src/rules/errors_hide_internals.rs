//! `rule/errors-hide-internals`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "errors-hide-internals",
    title: "An error tells what was wrong with the request, not how the server is built",
    what: "Bodies of status 400 and above: no stack trace, no SQL, no path of a source file.",
    why: "An administrator can do nothing with a stack trace; an attacker can.",
    fix: "Log the cause on the server and answer with a sentence; turn debug pages off where others can \
          reach them.",
    requirements: &["RFC7644-3.12-L4"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.12: detail is "a detailed human-readable message". Marks that no sentence for people holds.
const MARKS: [(&str, &str); 16] = [
    ("Traceback (most recent call last)", "a Python stack trace"),
    (".py\", line ", "a Python stack trace"),
    ("\tat java.", "a Java stack trace"),
    ("java.lang.", "a Java stack trace"),
    ("org.springframework.", "a Java stack trace"),
    ("at Object.<anonymous>", "a JavaScript stack trace"),
    ("node_modules/", "a JavaScript stack trace"),
    ("System.NullReferenceException", "a .NET stack trace"),
    ("   at Microsoft.", "a .NET stack trace"),
    ("goroutine 1", "a Go stack trace"),
    ("panicked at ", "a Rust panic"),
    ("ActiveRecord::", "an error of the database layer"),
    ("SQLSTATE[", "an error of the database"),
    ("duplicate key value violates unique constraint", "an error of the database"),
    ("UNIQUE constraint failed", "an error of the database"),
    ("PrismaClient", "an error of the database layer"),
];

fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.status() < 400 || seen.answer.body.is_empty() {
        return Look::Elsewhere;
    }
    let text = String::from_utf8_lossy(&seen.answer.body);
    // What the request itself said may be quoted.
    let sent = seen.exchange.request.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let told = MARKS.iter().find(|(mark, _)| text.contains(mark) && !sent.contains(mark));
    let sql = ["select ", "insert into ", "update "].iter().any(|word| {
        let lower = text.to_ascii_lowercase();
        lower.contains(word)
            && [" from ", " values ", " set "].iter().any(|w| lower.contains(w))
            && lower.contains(" where ")
    });
    match told {
        Some((_, what)) => Look::broken("a sentence for people", *what),
        None => Look::kept_if(!sql, "a sentence for people", "an SQL statement"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"detail":"userName is taken"}"#, kept())]
    #[case("Traceback (most recent call last):", broken("a Python stack trace"))]
    #[case(
        r#"{"detail":"duplicate key value violates unique constraint \"users_name\""}"#,
        broken("an error of the database")
    )]
    #[case(r#"{"detail":"SELECT id FROM users WHERE name = 'x'"}"#, broken("an SQL statement"))]
    #[case(r#"{"detail":"select another value from the list"}"#, kept())]
    fn what_only_its_makers_understand_stays_inside(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("POST", "/Users", 500, body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, body)]), None);
    }
}

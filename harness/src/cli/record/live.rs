//! The live view: a line on standard error for each exchange that passes, in words where there are any. It shows only
//! what may be written too.

use std::time::SystemTime;

use jiff::Timestamp;
use scimspec_mock_idp::exchange::Exchange;
use scimspec_mock_idp::recorder::Passed;
use scimspec_mock_idp::recording::narrate::Narrator;

use crate::report::view::printable;
use crate::terminal::Terminal;

/// Shows what passes.
pub(super) struct Live {
    terminal: Terminal,
    is_quiet: bool,
    narrator: Narrator,
}

/// A path is cut to no less than this.
const SHORTEST_PATH: usize = 16;

impl Live {
    pub(super) fn new(terminal: Terminal, is_quiet: bool) -> Self {
        Self { terminal, is_quiet, narrator: Narrator::default() }
    }

    /// An exchange has passed; what nobody may see is out of it already.
    pub(super) fn passed(&mut self, passed: &Passed) {
        if self.is_quiet {
            return;
        }
        let exchange = &passed.entry.exchange;
        let words = self.narrator.tell(exchange);
        let width = self.terminal.is_watched().then(|| self.terminal.width());
        self.terminal.tell(&line(exchange, words.as_deref(), width));
        if let Some(why) = &passed.request_body {
            self.terminal.tell(&format!(
                "          the body of the request is not kept: {}",
                printable(&why.to_string())
            ));
        }
        if let Some(why) = &passed.answer_body {
            self.terminal.tell(&format!(
                "          the body of the answer is not kept: {}",
                printable(&why.to_string())
            ));
        }
    }

    /// A request was refused.
    pub(super) fn refused(&self, why: &str) {
        if !self.is_quiet {
            self.terminal.tell(&format!("{}  {}", time(SystemTime::now()), printable(why)));
        }
    }
}

/// Time, method, path, status, milliseconds, words; no wider than a terminal.
fn line(exchange: &Exchange, words: Option<&str>, width: Option<usize>) -> String {
    let status = match &exchange.result {
        Ok(answer) => answer.status.to_string(),
        Err(_) => "---".to_owned(),
    };
    let before = format!("{}  {:<6} ", time(exchange.started), printable(exchange.request.method.as_str()));
    let words = match (&exchange.result, words) {
        (_, Some(words)) => format!("  {}", printable(words)),
        (Err(broken), None) => format!("  {}", printable(&broken.to_string())),
        (Ok(_), None) => String::new(),
    };
    let after = format!("  {status}  {} ms{words}", exchange.took.as_millis());
    let path = printable(&exchange.request.to.to_string());
    let Some(width) = width else { return format!("{before}{path}{after}") };
    let left = width.saturating_sub(before.chars().count() + after.chars().count()).max(SHORTEST_PATH);
    cut(&format!("{before}{}{after}", cut(&path, left)), width)
}

/// The time of day, in UTC as in everything that is written.
fn time(moment: SystemTime) -> String {
    Timestamp::try_from(moment)
        .map_or_else(|_| "--:--:--".to_owned(), |moment| moment.strftime("%H:%M:%S").to_string())
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Method;
    use scimspec_mock_idp::exchange::{Answer, Broken, Origin, Request};

    use super::*;

    fn exchange(target: &str) -> Exchange {
        Exchange {
            origin: Origin::Recorded,
            request: Request::scim(Method::GET, target),
            url: String::new(),
            result: Ok(Answer { status: 200, headers: Vec::new(), body: "{}".into() }),
            started: SystemTime::UNIX_EPOCH,
            took: Duration::from_millis(12),
        }
    }

    #[test]
    fn a_line_says_what_passed_and_what_it_means() {
        let words = Some("Okta asks whether ada is known: no");
        assert_eq!(
            line(&exchange("/Users?count=1"), words, None),
            "00:00:00  GET    /Users?count=1  200  12 ms  Okta asks whether ada is known: no"
        );
    }

    #[test]
    fn a_line_is_no_wider_than_the_terminal_and_commands_nothing() {
        let long = exchange(&format!("/Users?filter={}", "x".repeat(300)));
        let told = line(&long, Some("Okta\u{1b}[2J asks"), Some(80));
        assert_eq!(told.chars().count(), 80);
        assert!(told.contains("x…  200  12 ms  Okta\u{fffd}[2J asks"), "{told}");
    }

    #[test]
    fn what_broke_says_why() {
        let mut broken = exchange("/Users");
        broken.result = Err(Broken::Cut("the server hung up".to_owned()));
        assert!(line(&broken, None, None).ends_with("---  12 ms  the connection broke: the server hung up"));
    }
}

//! Rules: passive checks over SCIM exchanges, of a run or of a recording. A rule is a static description beside one
//! function, in a file of its own; what a broken rule is worth is the judge's.
//!
//! A rule looks at what is there and sends nothing. It must not accuse wrongly: it says what it needs to know, and
//! where it cannot know it says nothing.

mod active_is_boolean;
mod create_tells_location;
mod error_has_scim_body;
mod error_tells_status;
mod id_always_returned;
mod list_counts;
mod media_type;
mod password_never_returned;
mod patch_answers_one_way;
mod put_answers_with_resource;

use std::collections::BTreeMap;

use scimspec_mock_idp::exchange::{Answer, Destination, Exchange, Origin};
use serde_json::Value;

use crate::runner::observed::StoryReport;

/// What a rule is.
#[derive(Debug)]
pub struct Rule {
    /// Its id is `rule/SLUG` and stays for ever.
    pub slug: &'static str,
    /// One line that is true of a server that keeps it.
    pub title: &'static str,
    /// What exactly is looked at.
    pub what: &'static str,
    /// Who suffers when it is broken.
    pub why: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// The requirements that it shows, all of one level.
    pub requirements: &'static [&'static str],
    /// Looks at one exchange.
    pub look: fn(&Seen<'_>) -> Look,
}

/// What a rule says about one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The exchange is none of its business.
    Elsewhere,
    /// Kept.
    Kept,
    /// Broken; the same words are the same cause.
    Broken {
        /// What was expected.
        expected: String,
        /// What is there instead, without what differs from exchange to exchange.
        actual: String,
    },
}

/// An exchange with a complete answer of the target's SCIM side, taken apart once for all rules.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The exchange.
    pub exchange: &'a Exchange,
    /// Its answer.
    pub answer: &'a Answer,
    /// Path and query below the base URL.
    pub target: &'a str,
    /// The body, if it is JSON.
    pub json: Option<Value>,
}

/// What a rule found in a run.
#[derive(Debug)]
pub struct Findings {
    /// The rule.
    pub rule: &'static Rule,
    /// How many exchanges it looked at.
    pub looked: usize,
    /// Each cause once, the most frequent first.
    pub causes: Vec<Cause>,
}

/// One way in which a rule was broken.
#[derive(Debug)]
pub struct Cause {
    /// What was expected.
    pub expected: String,
    /// What is there instead.
    pub actual: String,
    /// In how many exchanges.
    pub count: usize,
    /// The first of them: the story's number and the place in its transcript.
    pub first: (usize, usize),
}

/// All rules. A new one gets a file, a line above, and a line here.
pub static RULES: &[&Rule] = &[
    &active_is_boolean::RULE,
    &create_tells_location::RULE,
    &error_has_scim_body::RULE,
    &error_tells_status::RULE,
    &id_always_returned::RULE,
    &list_counts::RULE,
    &media_type::RULE,
    &password_never_returned::RULE,
    &patch_answers_one_way::RULE,
    &put_answers_with_resource::RULE,
];

/// Looks at everything that the stories sent and got, with every rule.
pub fn look(stories: &[StoryReport]) -> Vec<Findings> {
    let seen: Vec<((usize, usize), Seen<'_>)> = stories
        .iter()
        .flat_map(|report| {
            let numbered = report.exchanges.iter().enumerate();
            numbered.filter_map(|(i, exchange)| Some(((report.story.number, i), Seen::new(exchange)?)))
        })
        .collect();
    RULES.iter().map(|rule| look_with(rule, &seen)).collect()
}

impl Rule {
    /// `rule/SLUG`.
    pub fn id(&self) -> String {
        format!("rule/{}", self.slug)
    }
}

impl<'a> Seen<'a> {
    /// Takes an exchange apart; `None` if no rule may look at it: no answer, not SCIM, the harness's own housekeeping.
    pub fn new(exchange: &'a Exchange) -> Option<Self> {
        if !matches!(exchange.origin, Origin::Idp | Origin::Request | Origin::Recorded) {
            return None;
        }
        let Destination::Scim(target) = &exchange.request.to else { return None };
        let answer = exchange.result.as_ref().ok()?;
        Some(Self { exchange, answer, target, json: answer.json() })
    }

    /// The resources in a successful answer: the body itself, or what is listed.
    pub fn resources(&self) -> Vec<&Value> {
        let Some(json) = self.json.as_ref().filter(|_| self.answer.is_success()) else { return Vec::new() };
        match json.get("Resources").and_then(Value::as_array) {
            Some(listed) => listed.iter().collect(),
            None if is_message(json) || !self.is_about_resources() => Vec::new(),
            None => vec![json],
        }
    }

    /// Whether the path is one of users or groups, not of discovery.
    pub fn is_about_resources(&self) -> bool {
        let first = self.target.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default();
        first.eq_ignore_ascii_case("Users") || first.eq_ignore_ascii_case("Groups")
    }

    /// Whether the request narrows the attributes that come back (RFC 7644, section 3.9).
    pub fn is_projected(&self) -> bool {
        let query = self.target.split_once('?').map_or("", |(_, query)| query).to_ascii_lowercase();
        query
            .split('&')
            .any(|pair| pair.starts_with("attributes=") || pair.starts_with("excludedattributes="))
    }
}

/// A protocol message names a schema below this URN (RFC 7644, section 3.1).
fn is_message(json: &Value) -> bool {
    let schemas = json.get("schemas").and_then(Value::as_array);
    schemas
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .any(|urn| urn.to_ascii_lowercase().starts_with("urn:ietf:params:scim:api:"))
}

fn look_with(rule: &'static Rule, exchanges: &[((usize, usize), Seen<'_>)]) -> Findings {
    let mut causes: BTreeMap<(String, String), Cause> = BTreeMap::new();
    let mut looked = 0;
    for (place, seen) in exchanges {
        match (rule.look)(seen) {
            Look::Elsewhere => {}
            Look::Kept => looked += 1,
            Look::Broken { expected, actual } => {
                looked += 1;
                let key = (expected.clone(), actual.clone());
                causes.entry(key).or_insert(Cause { expected, actual, count: 0, first: *place }).count += 1;
            }
        }
    }
    let mut causes: Vec<Cause> = causes.into_values().collect();
    causes.sort_by(|a, b| b.count.cmp(&a.count).then(a.first.cmp(&b.first)));
    Findings { rule, looked, causes }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;
    use std::time::{Duration, SystemTime};

    use http::Method;
    use scimspec_mock_idp::exchange::Request;

    use super::*;
    use crate::catalogue::{Catalogue, RequirementId};

    /// An exchange as a rule sees it.
    pub(crate) fn exchange(
        method: &str,
        target: &str,
        status: u16,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Exchange {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Exchange {
            origin: Origin::Request,
            request: Request::scim(Method::from_bytes(method.as_bytes()).unwrap(), target),
            url: format!("https://app.example/scim/v2{target}"),
            result: Ok(Answer { status, headers, body: body.to_owned().into() }),
            started: SystemTime::UNIX_EPOCH,
            took: Duration::ZERO,
        }
    }

    /// What a rule says about that exchange.
    pub(crate) fn says(rule: &Rule, exchange: &Exchange) -> Look {
        (rule.look)(&Seen::new(exchange).unwrap())
    }

    #[test]
    fn every_rule_shows_requirements_of_one_level_and_explains_itself() {
        let catalogue = Catalogue::embedded().unwrap();
        let mut slugs = BTreeSet::new();
        for rule in RULES {
            assert!(slugs.insert(rule.slug), "{} stands twice", rule.slug);
            let levels: BTreeSet<_> = rule
                .requirements
                .iter()
                .map(|id| {
                    catalogue.find(&RequirementId((*id).to_owned())).unwrap_or_else(|| panic!("{id}")).level
                })
                .collect();
            assert_eq!(levels.len(), 1, "{}", rule.slug);
            for text in [rule.title, rule.what, rule.why, rule.fix] {
                assert!(text.len() > 20, "{} explains too little: {text:?}", rule.slug);
            }
        }
    }

    #[test]
    fn one_cause_is_told_once_with_its_count() {
        let story = |number: usize, exchanges: Vec<Exchange>| StoryReport {
            story: crate::runner::observed::Story {
                number,
                scenario: std::sync::Arc::new(crate::scenario::model::Scenario::empty("x")),
                case: None,
                persona: None,
            },
            observed: Vec::new(),
            exchanges,
            unordered: Vec::new(),
        };
        let plain = || exchange("GET", "/Users", 200, &[("content-type", "application/json")], "{}");
        let right = exchange("GET", "/Users", 200, &[("content-type", "application/scim+json")], "{}");
        let findings = look(&[story(1, vec![right, plain()]), story(2, vec![plain()])]);
        let media = findings.iter().find(|found| found.rule.slug == "media-type").unwrap();
        assert_eq!(media.looked, 3);
        assert_eq!(media.causes.iter().map(|c| (c.count, c.first)).collect::<Vec<_>>(), [(2, (1, 1))]);
    }
}

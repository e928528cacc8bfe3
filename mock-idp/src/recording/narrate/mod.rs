//! What happens between a provider and a server, exchange by exchange, in the words of an administrator: "Okta
//! deactivates ada". Here are the narrator and what belongs to no kind of resource; `people` and `groups` have the
//! words for theirs. Nothing is judged.

#[cfg(test)]
pub(super) mod application;
mod asked;
mod groups;
mod memory;
mod people;
#[cfg(test)]
mod tests;
mod words;

use http::Method;

pub(super) use self::asked::{Asked, At, Kind, boolean, equalities, member};
use self::memory::{Group, Person};
pub(super) use self::memory::{MOST_PEOPLE, Memory};
pub(super) use self::people::is_guid;
use super::habits::Habits;
use crate::exchange::Exchange;

/// Tells what happens, and remembers which id is whom. Of a session without end, the oldest people and groups are
/// forgotten and then called by their ids.
#[derive(Debug)]
pub struct Narrator {
    habits: Habits,
    people: Memory<Person>,
    groups: Memory<Group>,
    /// Who is called by the part of their name before the @: the first of that name.
    short: Memory<String>,
}

impl Default for Narrator {
    fn default() -> Self {
        Self {
            habits: Habits::default(),
            people: Memory::of_at_most(MOST_PEOPLE),
            groups: Memory::of_at_most(memory::MOST_GROUPS),
            short: Memory::of_at_most(MOST_PEOPLE),
        }
    }
}

impl Narrator {
    /// The exchange in a sentence without its full stop, such as "Okta asks whether ada@example.com is known: no"; the
    /// provider stands in front once its habits have shown it. One line, without control characters; names and what a
    /// server explains are cut. None for what says nothing about provisioning: OPTIONS, HEAD, requests elsewhere.
    pub fn tell(&mut self, exchange: &Exchange) -> Option<String> {
        let asked = Asked::of(exchange)?;
        self.habits.notice_asked(&asked);
        let doing = self.doing(&asked)?;
        self.learn(&asked);
        let ending = words::ending(&asked);
        Some(match self.habits.provider() {
            Some(provider) => format!("{provider} {doing}{ending}"),
            None => format!("{doing}{ending}"),
        })
    }

    /// What its habits say about who the provider is.
    pub fn habits(&self) -> &Habits {
        &self.habits
    }

    fn doing(&mut self, asked: &Asked<'_>) -> Option<String> {
        if matches!(*asked.method, Method::OPTIONS | Method::HEAD) {
            return None;
        }
        Some(match &asked.at {
            At::All(Kind::Users) => self.with_people(asked),
            At::One(Kind::Users, id) => self.with_person(asked, id),
            At::All(Kind::Groups) => groups::with_groups(asked),
            At::One(Kind::Groups, id) => self.with_group(asked, id),
            At::Search(Some(Kind::Users)) => search(asked, "people"),
            At::Search(Some(Kind::Groups)) => search(asked, "groups"),
            At::Search(_) => search(asked, "resources"),
            At::All(Kind::Other(endpoint)) => with_others(asked, &words::name(endpoint), None),
            At::One(Kind::Other(endpoint), id) => {
                with_others(asked, &words::name(endpoint), Some(&words::name(id)))
            }
            At::Discovery("ServiceProviderConfig") => "asks what the server can do".to_owned(),
            At::Discovery("Schemas") => "reads the schemas".to_owned(),
            At::Discovery(_) => "reads the resource types".to_owned(),
            At::Bulk => bulk(asked),
            At::Me if *asked.method == Method::GET => "reads its own account".to_owned(),
            At::Me => "writes its own account".to_owned(),
            At::Elsewhere => format!("sends a {} to an address that is not SCIM's", asked.method),
        })
    }

    fn learn(&mut self, asked: &Asked<'_>) {
        match &asked.at {
            At::All(Kind::Users) | At::Search(Some(Kind::Users)) => self.learn_people(asked),
            At::One(Kind::Users, id) => self.learn_person(asked, id),
            At::All(Kind::Groups) | At::Search(Some(Kind::Groups)) => self.learn_groups(asked),
            At::One(Kind::Groups, id) => self.learn_group(asked, id),
            _ => {}
        }
    }
}

/// A query in the body of a POST (RFC 7644, section 3.4.3).
fn search(asked: &Asked<'_>, what: &str) -> String {
    let Some(filter) = asked.parameter("filter") else { return listing(asked, what) };
    match equalities(&filter).as_deref() {
        Some([(_, value)]) if what == "people" => people::lookup(asked, value),
        Some([(_, value)]) if what == "groups" => groups::lookup(asked, value),
        _ => filtered(asked, what, &filter),
    }
}

/// A list without a filter: which part of how many.
fn listing(asked: &Asked<'_>, what: &str) -> String {
    let number = |name: &str| asked.parameter(name)?.trim().parse::<u64>().ok();
    let (start, count) = (number("startIndex").unwrap_or(1).max(1), number("count"));
    if start == 1 && count.is_some_and(|count| count <= 2) {
        return "tests the connection".to_owned();
    }
    let shown = asked.listed().len() as u64;
    match asked.total() {
        Some(0) => format!("reads all {what}: there are none"),
        Some(total) if shown == total => format!("reads all {what}: {total}"),
        Some(total) if shown > 0 => {
            format!("reads {what} {start} to {} of {total}", start.saturating_add(shown - 1))
        }
        _ if start > 1 => format!("reads {what} from {start} on"),
        _ => format!("reads {what}"),
    }
}

/// A list with a filter that is no lookup.
fn filtered(asked: &Asked<'_>, what: &str, filter: &str) -> String {
    let found = asked.total().map_or_else(String::new, |total| format!(": {total} found"));
    format!("looks for {what} with {}{found}", words::name(filter))
}

fn with_others(asked: &Asked<'_>, endpoint: &str, id: Option<&str>) -> String {
    let what = match id {
        Some(id) => format!("{id} of {endpoint}"),
        None => endpoint.to_owned(),
    };
    match *asked.method {
        Method::GET => format!("reads {what}"),
        Method::POST => format!("creates one of {endpoint}"),
        Method::PUT | Method::PATCH => format!("writes {what}"),
        Method::DELETE => format!("deletes {what}"),
        _ => format!("sends a {} to {what}", asked.method),
    }
}

fn bulk(asked: &Asked<'_>) -> String {
    let operations = asked.sent.as_ref().and_then(|sent| member(sent, "Operations")?.as_array());
    match operations.map(Vec::len) {
        Some(1) => "sends 1 operation in bulk".to_owned(),
        Some(count) => format!("sends {count} operations in bulk"),
        None => "sends operations in bulk".to_owned(),
    }
}

//! What a server has been filled with, and what is left to be asked for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::{Connection, Request};
use crate::people;
use crate::scenario::Scenario;
use crate::target::Target;
use crate::{Trouble, interrupt};

/// How many groups of a hundred there are: a member is added to each in turn, so that they stay about as small.
const SMALL_GROUPS: usize = 50;
/// The members of a small group.
const SMALL_GROUP: usize = 100;
/// The members of the large group, which there is if there are as many users.
const LARGE_GROUP: usize = 100_000;
/// Members that are added in one request while the large group is made.
const AT_ONCE: usize = 5_000;
/// Users in no group, to be added to one; a server that is slow to create gets fewer.
const JOINERS: usize = 3_000;
/// How long the joiners may take.
const JOINERS_WITHIN: Duration = Duration::from_secs(20);
/// How many resources a page has.
pub(crate) const PAGE: usize = 100;

/// The ids of what a server has.
#[derive(Debug, Default)]
pub(crate) struct Stock {
    /// Users, in the order of their numbers.
    pub(crate) users: Vec<String>,
    /// Users who are in no group.
    pub(crate) joiners: Vec<String>,
    pub(crate) small_groups: Vec<String>,
    pub(crate) large_group: Option<String>,
    /// The cursor of the last page, if the server has cursors.
    pub(crate) last_page: Option<String>,
    /// What the server has not answered rightly.
    pub(crate) lacks: Vec<Scenario>,
    /// The number of the next user that nobody has.
    next_user: AtomicUsize,
    /// Requests so far, to spread them.
    asked: AtomicUsize,
    /// Additions to groups so far.
    added: AtomicUsize,
}

impl Stock {
    /// Creates so many users. Returns them with the time that it took.
    pub(crate) fn fill(
        target: &Target,
        users: usize,
        connections: usize,
    ) -> Result<(Self, Duration), Trouble> {
        let stock = Self::default();
        let start = Instant::now();
        let made = stock.create(target, users, connections, Duration::MAX)?;
        Ok((Self { users: made, ..stock }, start.elapsed()))
    }

    /// The number of a user who is there, another one each time.
    pub(crate) fn any(&self) -> usize {
        // Fibonacci hashing: neighbours in time are no neighbours in the store.
        let turn = self.asked.fetch_add(1, Ordering::Relaxed);
        turn.wrapping_mul(2_654_435_761) % self.users.len().max(1)
    }

    /// The number of a user whom nobody has created.
    pub(crate) fn new_user(&self) -> usize {
        self.next_user.fetch_add(1, Ordering::Relaxed)
    }

    /// A small group and somebody who is not in it.
    pub(crate) fn small_addition(&self) -> Option<(&String, &String)> {
        let turn = self.added.fetch_add(1, Ordering::Relaxed);
        let group = self.small_groups.get(turn.checked_rem(self.small_groups.len())?)?;
        Some((group, self.joiners.get(turn / self.small_groups.len())?))
    }

    /// The large group and somebody who is not in it.
    pub(crate) fn large_addition(&self) -> Option<(&String, &String)> {
        let turn = self.added.fetch_add(1, Ordering::Relaxed);
        Some((self.large_group.as_ref()?, self.joiners.get(turn)?))
    }

    pub(crate) fn make_small_groups(&mut self, target: &Target, connections: usize) -> Result<(), Trouble> {
        self.joiners = self.create(target, JOINERS, connections, JOINERS_WITHIN)?;
        let mut connection = Connection::new(target.address);
        let members: Vec<String> = self.users.iter().take(SMALL_GROUP).cloned().collect();
        for number in 0..SMALL_GROUPS {
            let body = people::group(&format!("Small {number}"), &members);
            self.small_groups.push(made(&mut connection, target, "Groups", &body)?);
        }
        Ok(())
    }

    pub(crate) fn make_large_group(&mut self, target: &Target) -> Result<(), Trouble> {
        self.added = AtomicUsize::new(0);
        let Some(members) = self.users.get(..LARGE_GROUP) else { return Ok(()) };
        let mut connection = Connection::new(target.address);
        let id = made(&mut connection, target, "Groups", &people::group("Large", &[]))?;
        let path = format!("{}/Groups/{id}", target.base);
        for some in members.chunks(AT_ONCE) {
            let request = Request::new("PATCH", &path, &target.token, Some(&people::addition(some)));
            connection.send(&request)?.expect(&request, &[200, 204])?;
        }
        self.large_group = Some(id);
        Ok(())
    }

    /// Goes through the pages by cursor, up to the last. RFC 9865 section 2: a result without `nextCursor` is the last.
    pub(crate) fn find_last_page(&mut self, target: &Target) -> Result<(), Trouble> {
        let mut connection = Connection::new(target.address);
        let mut cursor = String::new();
        loop {
            interrupt::check()?;
            let path = format!("{}/Users?count={PAGE}&cursor={cursor}", target.base);
            let request = Request::new("GET", &path, &target.token, None);
            let answer = connection.send(&request)?;
            let next = answer.json().ok().and_then(|page| page["nextCursor"].as_str().map(str::to_owned));
            match next {
                Some(next) if answer.status == 200 => cursor = next,
                _ => break,
            }
        }
        self.last_page = (!cursor.is_empty()).then_some(cursor);
        Ok(())
    }

    /// Creates users until there are so many or the time is over.
    fn create(
        &self,
        target: &Target,
        users: usize,
        connections: usize,
        within: Duration,
    ) -> Result<Vec<String>, Trouble> {
        let first = self.next_user.fetch_add(users, Ordering::Relaxed);
        let turn = AtomicUsize::new(0);
        let start = Instant::now();
        let worker = || -> Result<Vec<(usize, String)>, Trouble> {
            let mut connection = Connection::new(target.address);
            let mut ids = Vec::new();
            while start.elapsed() < within {
                interrupt::check()?;
                let number = turn.fetch_add(1, Ordering::Relaxed);
                if number >= users {
                    break;
                }
                let id = made(&mut connection, target, "Users", &people::user(first + number))?;
                ids.push((number, id));
            }
            Ok(ids)
        };
        let mut ids = thread::scope(|scope| {
            let workers: Vec<_> = (0..connections).map(|_| scope.spawn(worker)).collect();
            let mut ids = Vec::with_capacity(users);
            for worker in workers {
                ids.append(&mut worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok::<_, Trouble>(ids)
        })?;
        ids.sort_unstable();
        Ok(ids.into_iter().map(|(_, id)| id).collect())
    }
}

/// Creates a resource. Returns its id.
fn made(connection: &mut Connection, target: &Target, kind: &str, body: &str) -> Result<String, Trouble> {
    let request = Request::new("POST", &format!("{}/{kind}", target.base), &target.token, Some(body));
    let answer = connection.send(&request)?.expect(&request, &[201])?.json()?;
    match answer.get("id") {
        Some(Value::String(id)) => Ok(id.clone()),
        _ => Err(Trouble::Answer { request: request.line(), status: 201, body: "no id".to_owned() }),
    }
}

//! A scenario on its way to being written: what it will say, before it is text. What comes into it is `acts`'s and
//! `plain`'s; how it looks is `yaml`'s.

use std::collections::BTreeSet;

use serde_json::Value;

/// A scenario that is not text yet.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// One line that is true of a server that passes.
    pub title: String,
    /// Why it matters, and where it comes from.
    pub why: String,
    /// As whom it runs; nobody: plain requests.
    pub personas: Vec<String>,
    /// What the target must be able to do.
    pub needs: Vec<String>,
    /// Made-up people.
    pub people: Vec<String>,
    /// Made-up groups.
    pub groups: Vec<String>,
    /// What happens.
    pub steps: Vec<Step>,
    /// What could not be carried over, or needs a person's eyes.
    pub notes: Vec<String>,
    slugs: BTreeSet<String>,
}

/// One step.
#[derive(Debug)]
pub(super) struct Step {
    /// What is done.
    pub action: Action,
    /// A read-back.
    pub after: Option<String>,
    /// What is kept: name to part.
    pub keep: Vec<(String, String)>,
    /// What is right.
    pub expect: Option<Expect>,
    /// What it shows.
    pub check: Option<Check>,
}

/// What a step does.
#[derive(Debug)]
pub(super) enum Action {
    /// Something happens in the identity provider.
    Idp {
        /// The word for it.
        act: &'static str,
        /// To whom.
        people: Vec<String>,
        /// To which group.
        group: Option<String>,
        /// What changes.
        set: Option<Value>,
    },
    /// A plain request.
    Request {
        /// `GET /Users/${ada.id}`.
        line: String,
        /// Those that differ from the usual ones.
        headers: Vec<(String, String)>,
        /// What is sent.
        body: Body,
    },
}

/// The body of a request.
#[derive(Debug, PartialEq)]
pub(super) enum Body {
    /// None.
    Nothing,
    /// JSON with names in it.
    Json(Value),
}

/// What is right.
#[derive(Debug, Default)]
pub(super) struct Expect {
    /// One of these.
    pub status: Vec<u16>,
    /// The body, a pattern.
    pub json: Option<Value>,
    /// The read-back: status and body.
    pub after: Option<(u16, Option<Value>)>,
}

/// What a step shows.
#[derive(Debug)]
pub(super) struct Check {
    /// Its slug.
    pub slug: String,
    /// Requirements of one level.
    pub shows: Vec<&'static str>,
}

impl Draft {
    /// A check whose slug no other step has.
    pub(super) fn check(&mut self, slug: &str, shows: &[&'static str]) -> Check {
        let mut unique = slug.to_owned();
        let mut number = 1;
        while !self.slugs.insert(unique.clone()) {
            number += 1;
            unique = format!("{slug}-{number}");
        }
        Check { slug: unique, shows: shows.to_vec() }
    }

    /// Notes something once.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Asks for a capability once.
    pub(super) fn need(&mut self, need: &str) {
        if !self.needs.iter().any(|known| known == need) {
            self.needs.push(need.to_owned());
        }
    }
}

impl Step {
    /// A request with nothing else yet.
    pub(super) fn request(line: impl Into<String>) -> Self {
        Self::of(Action::Request { line: line.into(), headers: Vec::new(), body: Body::Nothing })
    }

    /// A step of the identity provider with nothing else yet.
    pub(super) fn idp(act: &'static str) -> Self {
        Self::of(Action::Idp { act, people: Vec::new(), group: None, set: None })
    }

    /// The same with this expectation.
    pub(super) fn expecting(mut self, status: &[u16], json: Option<Value>) -> Self {
        self.expect = Some(Expect { status: status.to_vec(), json, after: None });
        self
    }

    /// The same with a check.
    pub(super) fn checked(mut self, check: Check) -> Self {
        self.check = Some(check);
        self
    }

    fn of(action: Action) -> Self {
        Self { action, after: None, keep: Vec::new(), expect: None, check: None }
    }
}

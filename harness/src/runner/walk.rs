//! Reads a list page after page, by index (RFC 7644, section 3.4.2.4) or by cursor (RFC 9865, section 2), and makes one
//! answer of it.

use std::time::Duration;

use scimspec_mock_idp::exchange::{Answer, Destination, Request};
use serde_json::{Map, Value, json};

use super::observed::Showed;
use super::request::{Unsent, judgeable};
use super::story::{Done, Teller, Wires};
use crate::backoff::Backoff;
use crate::scenario::model::{WalkBy, WalkStep};

/// A walk that came to its end, one way or the other.
struct Walked {
    /// The last answer, with everything that was read as its body.
    answer: Answer,
    /// Why it ended before the list did, if it did.
    stopped: Option<String>,
}

/// Where a walk is.
struct Walk {
    pages: u32,
    resources: Vec<Value>,
    next: Next,
}

/// What comes after a page.
#[derive(Debug, PartialEq)]
enum Then {
    /// The next page.
    On,
    /// Nothing: the list is at its end.
    End,
    /// Nothing, although the list is not at its end, or it cannot be told.
    Stop(String),
}

/// The place of the next page.
#[derive(Clone, PartialEq)]
enum Next {
    Index(u64),
    Cursor(Option<String>),
}

impl Teller<'_> {
    /// Walks, again for a while where the list may lag behind a write.
    pub(super) async fn walk(
        &mut self,
        step: &WalkStep,
        within: Option<Duration>,
        wires: &Wires<'_>,
    ) -> Result<Done, Unsent> {
        let mut backoff =
            Backoff::new(within.unwrap_or(self.setting.list_patience), Duration::from_millis(250));
        loop {
            let walked = match self.walk_once(step, wires).await? {
                Ok(walked) => walked,
                Err(why) => return Ok(Done::ends(Showed::Unclear(why.clone()), why)),
            };
            let missing = self.keep(&step.keep, &walked.answer);
            let (mut showed, _) = step.judged.compare(&walked.answer, None, &self.scope())?;
            if matches!(showed, Showed::Otherwise { .. }) && backoff.pause().await {
                continue;
            }
            let mut notes = Vec::new();
            if let Some(why) = walked.stopped {
                if let Showed::Otherwise { actual, .. } = &mut showed {
                    actual.push_str("; ");
                    actual.push_str(&why);
                }
                notes.push(why);
            }
            let evidence = self.recorder.count().checked_sub(1);
            return Ok(Done { showed, notes, ends: missing, evidence, only_reported: false });
        }
    }

    async fn walk_once(&self, step: &WalkStep, wires: &Wires<'_>) -> Result<Result<Walked, String>, Unsent> {
        let next = match step.by {
            WalkBy::Index => Next::Index(1),
            WalkBy::Cursor => Next::Cursor(None),
        };
        let mut walk = Walk { pages: 0, resources: Vec::new(), next };
        loop {
            let ready = self.ready(&step.request, &self.scope())?;
            let exchange = wires.send(&ready.sender, walk.next.of(ready.request)).await;
            let answer = match judgeable(&exchange, true) {
                Ok(answer) => answer,
                Err(why) => return Ok(Err(format!("page {}: {why}", walk.pages + 1))),
            };
            let page = answer.json().unwrap_or_default();
            let stopped = match walk.take(answer, &page) {
                Then::On if walk.pages < step.most => continue,
                Then::On => {
                    Some(format!("the walk stopped after {} pages, before the list's end", walk.pages))
                }
                Then::End => None,
                Then::Stop(why) => Some(why),
            };
            return Ok(Ok(Walked { answer: walk.whole(answer, &page), stopped }));
        }
    }
}

impl Walk {
    /// Takes a page.
    fn take(&mut self, answer: &Answer, page: &Value) -> Then {
        let number = self.pages + 1;
        if !answer.is_success() {
            return if number > 1 { Then::Stop(format!("page {number} was refused")) } else { Then::End };
        }
        self.pages = number;
        let found = page.get("Resources").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        self.resources.extend(found.iter().cloned());
        let next = match &self.next {
            Next::Index(start) => {
                let total = page.get("totalResults").and_then(Value::as_u64).unwrap_or_default();
                let next = start + found.len() as u64;
                if next > total {
                    return Then::End;
                }
                Next::Index(next)
            }
            Next::Cursor(_) => match page.get("nextCursor").and_then(Value::as_str) {
                None | Some("") => return Then::End,
                Some(cursor) => Next::Cursor(Some(cursor.to_owned())),
            },
        };
        if next == self.next {
            return Then::Stop(format!("the walk stopped at page {number}: it leads to no other page"));
        }
        self.next = next;
        Then::On
    }

    /// The last answer with all that was read. What an error says is kept beside it.
    fn whole(self, answer: &Answer, page: &Value) -> Answer {
        let mut body =
            if answer.is_success() { Map::new() } else { page.as_object().cloned().unwrap_or_default() };
        body.insert("pages".to_owned(), self.pages.into());
        body.insert("totalResults".to_owned(), page.get("totalResults").cloned().unwrap_or_default());
        body.insert("Resources".to_owned(), self.resources.into());
        Answer { body: json!(body).to_string().into(), ..answer.clone() }
    }
}

impl Next {
    /// The request for that page. A place that the scenario wrote itself is that of the first page.
    fn of(&self, mut request: Request) -> Request {
        let Destination::Scim(target) = &mut request.to else { return request };
        let (name, place) = match self {
            Self::Index(start) => ("startIndex", Some(start.to_string())),
            Self::Cursor(cursor) => ("cursor", cursor.clone()),
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let is_place = |part: &&str| part.split('=').next() == Some(name);
        let first = matches!(self, Self::Index(1) | Self::Cursor(None));
        if first && query.split('&').any(|part| is_place(&part)) {
            return request;
        }
        let place = place.map_or_else(
            || name.to_owned(),
            |place| {
                let place = percent_encoding::utf8_percent_encode(&place, crate::secrets::URL_VALUE);
                format!("{name}={place}")
            },
        );
        let parts = query.split('&').filter(|part| !part.is_empty() && !is_place(part));
        let parts: Vec<&str> = parts.chain([place.as_str()]).collect();
        *target = format!("{path}?{}", parts.join("&"));
        request
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn target(next: &Next, target: &str) -> String {
        next.of(Request::scim(Method::GET, target)).to.to_string()
    }

    #[test]
    fn each_page_has_its_place_in_the_query() {
        let (first, third) = (Next::Index(1), Next::Index(5));
        assert_eq!(target(&first, "/Users?count=2"), "/Users?count=2&startIndex=1");
        assert_eq!(target(&third, "/Users?startIndex=1&count=2"), "/Users?count=2&startIndex=5");
        assert_eq!(target(&Next::Cursor(None), "/Users"), "/Users?cursor");
        let cursor = Next::Cursor(Some("a+b=".to_owned()));
        assert_eq!(target(&cursor, "/Users?cursor&count=2"), "/Users?count=2&cursor=a%2Bb%3D");
    }

    #[test]
    fn a_page_without_progress_ends_the_walk() {
        let mut walk = Walk { pages: 0, resources: Vec::new(), next: Next::Index(1) };
        let answer = Answer { status: 200, headers: Vec::new(), body: "".into() };
        assert_eq!(walk.take(&answer, &json!({"totalResults": 3, "Resources": [1, 2]})), Then::On);
        let stopped = walk.take(&answer, &json!({"totalResults": 3, "Resources": []}));
        let why = "the walk stopped at page 2: it leads to no other page".to_owned();
        assert_eq!(stopped, Then::Stop(why));
    }
}

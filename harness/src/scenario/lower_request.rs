//! Gives plain requests their meaning: who sends what, how often, and what is kept of the answer. What may come back is in
//! `lower_answer`.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::lower::Lowering;
use super::lower_answer::Sent;
use super::model::{
    Action, Allow, Body, Judged, Keep, Kept, Repeat, RequestStep, RequestTarget, RequestTemplate, Sender,
    WalkBy, WalkStep,
};
use super::raw::{At, RawBeside, RawStep};
use crate::json::strict;
use crate::json::template::{Reference, Template, Text};

/// More at once than this is load.
const AT_ONCE: u32 = 4;
/// More often than this is load.
const OFTEN: u32 = 20;
/// A walk ends after so many pages unless it says otherwise.
const PAGES: u32 = 50;

impl Lowering<'_> {
    pub(super) fn request(&mut self, mut raw: RawStep, has_check: bool) -> Option<Action> {
        let line = raw.request.take()?;
        let repeat = self.repeat(&raw)?;
        self.scope.counts(repeat != Repeat::Once);
        let request = self.sent(RawBeside {
            request: line.clone(),
            json: raw.json.take(),
            text: raw.text.take(),
            headers: raw.headers.take(),
            sender: raw.sender.take(),
            fill: raw.fill.take(),
        });
        self.scope.counts(false);
        let mut beside = Vec::new();
        let others = raw.beside.take();
        for other in others.iter().flat_map(|others| &others.value) {
            beside.extend(self.sent(RawBeside { ..other.value.clone() }));
        }
        let alike = !matches!(repeat, Repeat::AtOnce(_)) && beside.is_empty();
        if let (false, Some(keep)) = (alike, raw.keep.as_ref().and_then(|keep| keep.values().next())) {
            self.mistake(
                keep,
                "`keep` of several answers at once: which of them?",
                "read it back in the next step, and keep it there",
            );
        }
        // The read-back may use what was kept of the answer.
        let keep = self.keeps(raw.keep.take());
        let after = raw.after.as_ref().and_then(|after| self.request_line(after));
        let waits = raw.wait.as_ref().is_none_or(|wait| wait.value);
        let mut step =
            RequestStep { request: request?, beside, repeat, after, judged: Judged::Nothing, keep, waits };
        self.load_is_allowed(&raw, &line, &step);
        self.people_speak_alone(&raw, &line, &step);
        let sent = Sent { count: step.count(), alike, read_back: step.after.is_some(), check: has_check };
        step.judged = self.judged(&mut raw, &line, sent)?;
        Some(Action::Request(Box::new(step)))
    }

    pub(super) fn walk(&mut self, mut raw: RawStep, has_check: bool) -> Option<Action> {
        let line = raw.walk.take()?;
        let request = self.sent(RawBeside {
            request: line.clone(),
            json: None,
            text: None,
            headers: raw.headers.take(),
            sender: raw.sender.take(),
            fill: None,
        })?;
        if matches!(request.sender, Sender::Person(_)) {
            self.mistake(&line, "a person walks no lists", "read one page: `request: GET /Users`");
        }
        if request.method != Method::GET {
            self.mistake(&line, "a walk reads", "write `walk: GET /Users?filter=...&count=2`");
        }
        let by = match raw.by.as_ref().map(|by| by.value.as_str()) {
            None | Some("index") => WalkBy::Index,
            Some("cursor") => WalkBy::Cursor,
            Some(other) => {
                let what = format!("{other:?} is no way from page to page");
                raw.by
                    .iter()
                    .for_each(|by| self.mistake(by, what.clone(), "write `by: index` or `by: cursor`"));
                return None;
            }
        };
        let most = raw.most.as_ref().map_or(PAGES, |most| {
            self.within_bounds(most, 1..=10_000, "so many pages cannot be read");
            most.value
        });
        let sent = Sent { count: 1, alike: true, read_back: false, check: has_check };
        let judged = self.judged(&mut raw, &line, sent)?;
        let keep = self.keeps(raw.keep);
        Some(Action::Walk(Box::new(WalkStep { request, by, most, judged, keep })))
    }

    /// How often the step's own request is sent.
    fn repeat(&mut self, raw: &RawStep) -> Option<Repeat> {
        match (&raw.parallel, &raw.times) {
            (Some(_), Some(times)) => {
                self.mistake(
                    times,
                    "`parallel` and `times` at once",
                    "`parallel` sends them all at once, `times` one after the other",
                );
                None
            }
            (Some(parallel), None) => {
                let least = if raw.beside.is_some() { 1 } else { 2 };
                self.within_bounds(parallel, least..=256, "this many requests at once cannot be sent");
                Some(Repeat::AtOnce(parallel.value))
            }
            (None, Some(times)) => {
                self.within_bounds(times, 1..=10_000, "so often nothing is sent");
                if let Some(beside) = &raw.beside {
                    self.mistake(
                        beside,
                        "`beside` and `times` at once",
                        "what is sent together is `beside`, with `parallel` for more of the same",
                    );
                }
                Some(Repeat::Times(times.value))
            }
            (None, None) if raw.beside.is_some() => Some(Repeat::AtOnce(1)),
            (None, None) => Some(Repeat::Once),
        }
    }

    /// What a person sends is sent by each of their ways, one after the other.
    fn people_speak_alone(&mut self, raw: &RawStep, line: &At<String>, step: &RequestStep) {
        let is_person = |request: &RequestTemplate| matches!(request.sender, Sender::Person(_));
        if !step.requests().any(is_person) {
            return;
        }
        if step.repeat != Repeat::Once {
            self.mistake(
                line,
                "a person sends a request by each of their ways, one after the other",
                "leave `parallel`, `beside` and `times` out",
            );
        }
        if let Some(outcomes) = &raw.outcomes {
            self.mistake(
                outcomes,
                "`outcomes` of a request that is sent by each way of a person",
                "say what is right by every one of them: `expect:`",
            );
        }
    }

    fn within_bounds(&mut self, number: &At<u32>, bounds: std::ops::RangeInclusive<u32>, what: &str) {
        if !bounds.contains(&number.value) {
            let help = format!("write a number from {} to {}", bounds.start(), bounds.end());
            self.mistake(number, what, help);
        }
    }

    fn load_is_allowed(&mut self, raw: &RawStep, line: &At<String>, step: &RequestStep) {
        if self.allow.contains(&Allow::Load) {
            return;
        }
        let number = raw.parallel.as_ref().or(raw.times.as_ref());
        let what = match step.repeat {
            Repeat::Times(times) if times > OFTEN => format!("{times} requests put load on a server"),
            Repeat::AtOnce(_) if step.count() > AT_ONCE => {
                format!("{} requests at once put load on a server", step.count())
            }
            _ => return,
        };
        let help = "say so at the top: `allow: [load]`";
        match number {
            Some(number) => self.mistake(number, what, help),
            None => self.mistake(line, what, help),
        }
    }

    fn sent(&mut self, raw: RawBeside) -> Option<RequestTemplate> {
        let mut request = self.request_line(&raw.request)?;
        request.body = match (&raw.json, &raw.text) {
            (Some(_), Some(text)) => {
                self.mistake(text, "`json` and `text` at once", "a request has one body: keep one of them");
                Body::Nothing
            }
            (Some(json), None) => self.template(json).map_or(Body::Nothing, Body::Json),
            (None, Some(text)) => self.text(text).map_or(Body::Nothing, Body::Text),
            (None, None) => Body::Nothing,
        };
        for (name, value) in raw.headers.unwrap_or_default() {
            if let Some(value) = self.text(&value) {
                request.headers.push((name, value));
            }
        }
        request.sender = raw.sender.map_or(Sender::Own, |sender| self.sender(&sender));
        request.fill = raw.fill.is_none_or(|fill| fill.value);
        Some(request)
    }

    fn sender(&mut self, at: &At<String>) -> Sender {
        let all = [Sender::Nobody, Sender::WrongToken, Sender::OtherTenant];
        if let Some(named) = all.into_iter().find(|sender| sender.word() == Some(&at.value)) {
            return named;
        }
        if self.scope.has_person(&at.value) {
            return Sender::Person(at.value.clone());
        }
        self.mistake(
            at,
            format!("{:?} sends no requests", at.value),
            "there are: nobody, wrong-token, other-tenant and the people of the scenario; left out, the target's own credentials are used",
        );
        Sender::Own
    }

    fn request_line(&mut self, line: &At<String>) -> Option<RequestTemplate> {
        const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
        let (method, target) = line.value.split_once(' ').unwrap_or((&line.value, ""));
        let target = target.trim();
        let known = METHODS.contains(&method).then(|| Method::from_bytes(method.as_bytes()).ok()).flatten();
        let given = target.starts_with("${") && target.find('}') == Some(target.len() - 1);
        let (Some(method), true) = (known, given || target.starts_with('/')) else {
            self.mistake(line, "this is not a request", format!("write a method and a path below the base URL, as in `GET /Users/${{ada.id}}`; methods: {}", METHODS.join(", ")));
            return None;
        };
        let text = self.text(&At::new(target.to_owned(), line.referenced, line.defined))?;
        let target = if given { RequestTarget::Given(text) } else { RequestTarget::Below(text) };
        let (headers, body, sender) = (Vec::new(), Body::Nothing, Sender::Own);
        Some(RequestTemplate { method, target, headers, body, sender, fill: true })
    }

    fn template(&mut self, json: &At<String>) -> Option<Template> {
        match strict::parse(&json.value) {
            Ok(value) => self.template_of(json, value),
            Err(error) => {
                self.json_mistake(
                    json,
                    &error,
                    "a body is JSON text; names are filled in with \"${ada.id}\", in quotes",
                );
                None
            }
        }
    }

    fn template_of(&mut self, at: &At<String>, value: Value) -> Option<Template> {
        let template =
            Template::new(value).map_err(|error| self.mistake(at, error.to_string(), error.help())).ok()?;
        template.references().iter().all(|reference| self.known(at, reference)).then_some(template)
    }

    pub(super) fn text(&mut self, at: &At<String>) -> Option<Text> {
        let text =
            Text::parse(&at.value).map_err(|error| self.mistake(at, error.to_string(), error.help())).ok()?;
        let references: Vec<_> = text.references().cloned().collect();
        references.iter().all(|reference| self.known(at, reference)).then_some(text)
    }

    pub(super) fn known(&mut self, at: &At<String>, reference: &Reference) -> bool {
        let Err(unknown) = self.scope.check(reference) else { return true };
        self.mistake(at, format!("`${{{}}}`: {}", reference.0, unknown.what), unknown.help);
        false
    }

    fn keeps(&mut self, keep: Option<BTreeMap<String, At<String>>>) -> Vec<Keep> {
        let mut kept = Vec::new();
        for (name, from) in keep.unwrap_or_default() {
            let part = match from.value.strip_prefix("header ").map(str::trim) {
                Some(header) if http::HeaderName::from_bytes(header.as_bytes()).is_ok() => {
                    Kept::Header(header.to_owned())
                }
                Some(_) => {
                    self.mistake(&from, "this is not a header's name", "write `header ETag`");
                    continue;
                }
                None => {
                    let Ok(path) = JsonPath::parse(&from.value) else {
                        self.mistake(
                            &from,
                            "this is not a JSON path",
                            "write `$` for the whole body, `$.id` for a member, `header ETag` for a header",
                        );
                        continue;
                    };
                    Kept::Body(path)
                }
            };
            match self.scope.keep(&name) {
                Ok(()) => kept.push(Keep { name, part }),
                Err(unknown) => self.mistake(&from, unknown.what, unknown.help),
            }
        }
        kept
    }
}

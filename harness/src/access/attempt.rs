//! Trying a probe once: its requests, or its command, and what the answer means.

use std::process::Stdio;
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use scimspec_mock_idp::exchange::{Broken, Destination, Exchange, Origin, Request, Wire};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use url::Url;

use super::{HttpMeans, Means, Probe, ProbeRequest, Reading};
use crate::json::template::Lookup;
use crate::secrets::URL_VALUE;

/// What a try showed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reached {
    /// In, as this account if the answer named it.
    Allowed(Option<Value>),
    /// Refused.
    Blocked,
    /// Neither: with what came instead.
    Unclear(String),
}

/// A command that has not ended by then tells nothing.
const COMMAND_TIME: Duration = Duration::from_secs(30);
/// What an author's URL may hold as it is; the rest is encoded.
const LITERAL: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}');

impl Probe {
    /// Tries once. What the requests keep goes to `keep`.
    pub(super) async fn attempt(
        &self,
        wire: &dyn Wire,
        lookup: &dyn Lookup,
        person: &Value,
        keep: &mut dyn FnMut(String, Value),
    ) -> Reached {
        match &self.means {
            Means::Command(command) => run(command, person).await,
            Means::Http(http) => http.attempt(wire, lookup, keep).await,
        }
    }
}

impl HttpMeans {
    async fn attempt(
        &self,
        wire: &dyn Wire,
        lookup: &dyn Lookup,
        keep: &mut dyn FnMut(String, Value),
    ) -> Reached {
        let mut kept: Vec<(String, Value)> = Vec::new();
        let Some((last, before)) = self.attempt.split_last() else {
            return Reached::Unclear("the probe sends nothing".to_owned());
        };
        for request in before {
            let (status, json) = match request.answer(wire, &WithKept { outer: lookup, kept: &kept }).await {
                Ok(answer) => answer,
                Err(why) => return Reached::Unclear(why),
            };
            if self.blocked.fits(status, json.as_ref()) {
                return Reached::Blocked;
            }
            if !(200..300).contains(&status) {
                return Reached::Unclear(format!(
                    "{} answered {status}, which is neither success nor blocked",
                    request.method
                ));
            }
            let kept_one = request.keep(json.as_ref(), &mut |name, value| {
                kept.push((name.clone(), value.clone()));
                keep(name, value);
            });
            if let Err(why) = kept_one {
                return Reached::Unclear(why);
            }
        }
        match last.answer(wire, &WithKept { outer: lookup, kept: &kept }).await {
            Err(why) => Reached::Unclear(why),
            Ok((status, json)) if self.blocked.fits(status, json.as_ref()) => Reached::Blocked,
            Ok((status, json)) if self.allowed.fits(status, json.as_ref()) => {
                Reached::Allowed(self.account.as_ref().and_then(|path| first(path, json.as_ref()?)))
            }
            Ok((status, _)) => Reached::Unclear(format!(
                "{} answered {status}, which is neither allowed nor blocked",
                last.method
            )),
        }
    }
}

impl ProbeRequest {
    /// Sends it, with names filled in.
    async fn send(&self, wire: &dyn Wire, lookup: &dyn Lookup) -> Result<Exchange, String> {
        let literal = |text: &str| utf8_percent_encode(text, LITERAL).to_string();
        let value = |text: &str| utf8_percent_encode(text, URL_VALUE).to_string();
        let url = self.url.fill_with(lookup, literal, value).map_err(|unbound| unbound.to_string())?;
        let url = Url::parse(&url).map_err(|error| format!("the probe's URL is none: {error}"))?;
        let mut request = Request {
            method: self.method.clone(),
            to: Destination::Absolute(url),
            headers: Vec::new(),
            body: None,
        };
        for (name, text) in &self.headers {
            request = request.header(name, text.fill(lookup).map_err(|unbound| unbound.to_string())?);
        }
        if let Some(json) = &self.json {
            let body = json.fill(lookup).map_err(|unbound| unbound.to_string())?;
            if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                request = request.header("Content-Type", "application/json");
            }
            request = request.body(body.to_string());
        }
        Ok(wire.send(Origin::Probe, request).await)
    }

    async fn answer(&self, wire: &dyn Wire, lookup: &dyn Lookup) -> Result<(u16, Option<Value>), String> {
        let exchange = self.send(wire, lookup).await?;
        let answer = exchange.result.as_ref().map_err(broken_way)?;
        Ok((answer.status, answer.json()))
    }

    /// Sends it as an arrangement: it must succeed, and what it keeps must be there.
    pub(super) async fn arrange(
        &self,
        wire: &dyn Wire,
        lookup: &dyn Lookup,
        keep: &mut dyn FnMut(String, Value),
    ) -> Result<(), String> {
        let exchange = self.send(wire, lookup).await?;
        let answer = exchange.result.as_ref().map_err(broken_way)?;
        if !answer.is_success() {
            return Err(format!(
                "arranging it failed: {} {} answered {}",
                self.method, exchange.url, answer.status
            ));
        }
        self.keep(answer.json().as_ref(), keep)
    }

    fn keep(&self, json: Option<&Value>, keep: &mut dyn FnMut(String, Value)) -> Result<(), String> {
        for (name, path) in &self.keep {
            let found = json.and_then(|json| first(path, json));
            let value = found.ok_or_else(|| format!("the answer has nothing at {path} to keep as {name}"))?;
            keep(name.clone(), value);
        }
        Ok(())
    }
}

impl Reading {
    fn fits(&self, status: u16, json: Option<&Value>) -> bool {
        (self.status.is_empty() || self.status.contains(&status))
            && self.json.as_ref().is_none_or(|pattern| pattern.check(json).is_ok())
    }
}

struct WithKept<'a> {
    outer: &'a dyn Lookup,
    kept: &'a [(String, Value)],
}

impl Lookup for WithKept<'_> {
    fn value(&self, reference: &crate::json::template::Reference) -> Option<Value> {
        let kept = self.kept.iter().rev().find(|(name, _)| *name == reference.0);
        kept.map(|(_, value)| value.clone()).or_else(|| self.outer.value(reference))
    }
}

async fn run(command: &[String], person: &Value) -> Reached {
    let Some((program, arguments)) = command.split_first() else {
        return Reached::Unclear("the command is empty".to_owned());
    };
    let spawned = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return Reached::Unclear(format!("{program} could not be started: {error}")),
    };
    if let Some(mut input) = child.stdin.take() {
        // A command that does not read its input closes the pipe; its exit status still counts.
        let _ = input.write_all(person.to_string().as_bytes()).await;
    }
    match tokio::time::timeout(COMMAND_TIME, child.wait()).await {
        Err(_) => Reached::Unclear(format!("{program} did not end within {} s", COMMAND_TIME.as_secs())),
        Ok(Err(error)) => Reached::Unclear(format!("{program}: {error}")),
        Ok(Ok(status)) => match status.code() {
            Some(0) => Reached::Allowed(None),
            Some(1) => Reached::Blocked,
            Some(code) => Reached::Unclear(format!("{program} ended with {code}: cannot tell")),
            None => Reached::Unclear(format!("{program} was ended by a signal")),
        },
    }
}

fn first(path: &serde_json_path::JsonPath, json: &Value) -> Option<Value> {
    path.query(json).first().filter(|value| !value.is_null()).cloned()
}

fn broken_way(broken: &Broken) -> String {
    format!("the application gave no answer: {broken}")
}

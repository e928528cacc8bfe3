//! The plain requests of a story: sent, read back, and kept from. How an answer is compared is in `compare`.

use std::time::Duration;

use futures::StreamExt;
use scimspec_mock_idp::exchange::{Answer, Exchange, Origin, Request, Wire};
use serde_json::Value;

use super::answer::{CannotFill, describe};
use super::compare::{counted, in_tally};
use super::observed::Showed;
use super::story::{Done, Teller, Wires};
use crate::backoff::Backoff;
use crate::json::template::{Unbound, With};
use crate::scenario::model::{Judged, Keep, Kept, Repeat, RequestStep, RequestTemplate, Sender};

/// So many of a request that is sent several times are under way together.
const TOGETHER: usize = 4;

/// Why a step sent nothing.
#[derive(Debug)]
pub(super) struct Unsent(CannotFill);

/// A request that is ready to be sent.
pub(super) struct Ready {
    pub(super) request: Request,
    pub(super) sender: Sender,
    /// What was made up for it, since the target's schema requires it.
    pub(super) made_up: Vec<String>,
}

impl Teller<'_> {
    /// Sends what the step says, and looks at what comes back.
    pub(super) async fn request(
        &mut self,
        step: &RequestStep,
        within: Option<Duration>,
        wires: &Wires<'_>,
    ) -> Result<Done, Unsent> {
        match (step.repeat, &step.request.sender) {
            (Repeat::Once, Sender::Person(name)) => self.in_person(name, step, within, wires).await,
            (Repeat::Once, _) => self.once(step, within, wires, &[]).await,
            (Repeat::AtOnce(_) | Repeat::Times(_), _) => self.several(step, within, wires).await,
        }
    }

    /// The same by each way in which a person can show who they are: what is right is so by all of them.
    async fn in_person(
        &mut self,
        name: &str,
        step: &RequestStep,
        within: Option<Duration>,
        wires: &Wires<'_>,
    ) -> Result<Done, Unsent> {
        let mut showed = Done::of(Showed::Unclear(format!("there is nobody called {name}")));
        let Some(who) = self.scope().who(name, None, self.recorder) else { return Ok(showed) };
        let credentials = match self.ways.credentials(&who, wires.own).await {
            Ok(credentials) => credentials,
            Err(why) => return Ok(Done::of(Showed::Unclear(why))),
        };
        for credential in credentials {
            showed = self.once(step, within, wires, &credential.headers).await?;
            match &mut showed.showed {
                Showed::Held => {}
                Showed::Otherwise { actual, .. } => {
                    *actual = format!("by the {} of {name}: {actual}", credential.way);
                    break;
                }
                _ => break,
            }
        }
        Ok(showed)
    }

    /// A request that reads is sent again for a while where the answer may lag behind a write; of one that writes only
    /// the read-back is.
    async fn once(
        &mut self,
        step: &RequestStep,
        within: Option<Duration>,
        wires: &Wires<'_>,
        shown: &[(String, String)],
    ) -> Result<Done, Unsent> {
        let mut ready = self.ready(&step.request, &self.scope())?;
        ready.request = with_shown(ready.request, shown);
        self.made_up += u32::try_from(ready.made_up.len()).unwrap_or(u32::MAX);
        let lists = std::iter::once(&step.request).chain(&step.after).any(RequestTemplate::reads_a_list);
        let lag = if lists { self.setting.list_patience } else { Duration::ZERO };
        let mut backoff = Backoff::new(within.unwrap_or(lag), Duration::from_millis(250));
        let mut sent: Option<(Exchange, Option<usize>)> = None;
        loop {
            let (exchange, main) = match sent.take() {
                Some(sent) if !step.request.is_safe() => sent,
                _ => {
                    let exchange = wires.send(&ready.sender, ready.request.clone()).await;
                    (exchange, self.recorder.count().checked_sub(1))
                }
            };
            let (done, answered) = self.look(step, &exchange, main, wires).await?;
            let again = step.request.is_safe() || answered;
            if !matches!(done.showed, Showed::Otherwise { .. }) || !again || !backoff.pause().await {
                return Ok(done.with_made_up(&ready.made_up, &exchange));
            }
            sent = Some((exchange, main));
        }
    }

    /// Keeps from the answer, reads back, and compares. Also whether the answer itself is as expected.
    async fn look(
        &mut self,
        step: &RequestStep,
        exchange: &Exchange,
        main: Option<usize>,
        wires: &Wires<'_>,
    ) -> Result<(Done, bool), Unsent> {
        let answer = match judgeable(exchange, step.waits) {
            Ok(answer) => answer,
            Err(why) => return Ok((Done::ends(Showed::Unclear(why.clone()), why), false)),
        };
        let missing = self.keep(&step.keep, answer);
        let after = match &step.after {
            None => None,
            Some(template) => match self.read_back(template, step.waits, wires).await {
                // What the read-back needs was to come from the answer itself; its judgement says what is wrong.
                Err(Unsent(CannotFill::Unbound(_))) if missing.is_some() => None,
                Err(unsent) => return Err(unsent),
                Ok(Err(why)) => return Ok((Done::of(Showed::Unclear(why)), false)),
                Ok(Ok(answer)) => Some(answer),
            },
        };
        let (showed, read_back) = step.judged.compare(answer, after.as_ref(), &self.scope())?;
        let evidence = if read_back { self.recorder.count().checked_sub(1) } else { main };
        let answered = read_back || matches!(step.judged, Judged::Outcomes(_));
        Ok((Done { showed, notes: Vec::new(), ends: missing, evidence, only_reported: false }, answered))
    }

    /// Several requests: all at once, or the same again and again.
    async fn several(
        &mut self,
        step: &RequestStep,
        within: Option<Duration>,
        wires: &Wires<'_>,
    ) -> Result<Done, Unsent> {
        let mut ready = Vec::new();
        for n in 1..=step.count() - u32::try_from(step.beside.len()).unwrap_or_default() {
            let value = Value::from(n);
            let lookup = With { others: &self.scope(), name: "n", value: &value };
            let next = self.ready(&step.request, &lookup)?;
            self.made_up += u32::try_from(next.made_up.len()).unwrap_or(u32::MAX);
            ready.push(next);
        }
        for beside in &step.beside {
            ready.push(self.ready(beside, &self.scope())?);
        }
        let made_up = ready.first().map(|ready| ready.made_up.clone()).unwrap_or_default();
        let together = if matches!(step.repeat, Repeat::AtOnce(_)) { ready.len() } else { TOGETHER };
        let start = self.recorder.count();
        let exchanges: Vec<Exchange> =
            futures::stream::iter(ready.iter().map(|ready| wires.send(&ready.sender, ready.request.clone())))
                .buffered(together)
                .collect()
                .await;
        self.unordered.push(start..self.recorder.count());
        let mut answers = Vec::with_capacity(exchanges.len());
        for exchange in &exchanges {
            match judgeable(exchange, step.waits) {
                Ok(answer) => answers.push(answer),
                Err(why) => return Ok(Done::ends(Showed::Unclear(why.clone()), why)),
            }
        }
        let missing = self.keep_all(&step.keep, &answers);
        let showed = match &step.judged {
            Judged::Tally(tally, _) => in_tally(tally, &answers),
            judged => self.each_as_expected(judged, &answers)?,
        };
        let mut done = Done { ends: missing, ..Done::of(showed) };
        if let (Showed::Held, Some(template)) = (&done.showed, &step.after) {
            done.showed = self.read_back_of_several(step, template, within, wires).await?;
            done.evidence = self.recorder.count().checked_sub(1);
        }
        Ok(match exchanges.first() {
            Some(first) => done.with_made_up(&made_up, first),
            None => done,
        })
    }

    /// What is there after several requests, read again for a while where it may lag.
    async fn read_back_of_several(
        &mut self,
        step: &RequestStep,
        template: &RequestTemplate,
        within: Option<Duration>,
        wires: &Wires<'_>,
    ) -> Result<Showed, Unsent> {
        let expected = match &step.judged {
            Judged::Tally(_, after) | Judged::Expect(_, after) => after.as_deref(),
            Judged::Nothing | Judged::Outcomes(_) => None,
        };
        let lag = if template.reads_a_list() { self.setting.list_patience } else { Duration::ZERO };
        let mut backoff = Backoff::new(within.unwrap_or(lag), Duration::from_millis(250));
        loop {
            let answer = match self.read_back(template, step.waits, wires).await? {
                Ok(answer) => answer,
                Err(why) => return Ok(Showed::Unclear(why)),
            };
            let Some(pattern) = expected else { return Ok(Showed::Held) };
            match pattern.compare(&answer, &self.scope())? {
                Ok(()) => return Ok(Showed::Held),
                Err(unlike) if !backoff.pause().await => return Ok(unlike.afterwards().into()),
                Err(_) => {}
            }
        }
    }

    async fn read_back(
        &self,
        template: &RequestTemplate,
        waits: bool,
        wires: &Wires<'_>,
    ) -> Result<Result<Answer, String>, Unsent> {
        let ready = self.ready(template, &self.scope())?;
        let exchange = wires.send(&ready.sender, ready.request).await;
        Ok(judgeable(&exchange, waits).cloned().map_err(|why| format!("the read-back: {why}")))
    }

    /// Of the same request, sent several times, each answer is right.
    fn each_as_expected(&self, judged: &Judged, answers: &[&Answer]) -> Result<Showed, Unbound> {
        let Judged::Expect(pattern, _) = judged else { return Ok(Showed::Held) };
        for (i, answer) in answers.iter().enumerate() {
            if let Err(unlike) = pattern.compare(answer, &self.scope())? {
                return Ok(counted(unlike, i + 1, answers.len()).into());
            }
        }
        Ok(Showed::Held)
    }

    /// Keeps what the step keeps; what the answer does not have ends the story.
    pub(super) fn keep(&mut self, keeps: &[Keep], answer: &Answer) -> Option<String> {
        let mut missing = None;
        let json = if keeps.is_empty() { Value::Null } else { answer.json().unwrap_or_default() };
        for keep in keeps {
            match keep.of(answer, &json) {
                Ok(value) => self.bindings.keep(&keep.name, value),
                Err(why) => missing = Some(why),
            }
        }
        missing
    }

    /// Keeps a list of each: an item for each answer, in order.
    fn keep_all(&mut self, keeps: &[Keep], answers: &[&Answer]) -> Option<String> {
        let mut missing = None;
        if keeps.is_empty() {
            return missing;
        }
        let bodies: Vec<Value> = answers.iter().map(|answer| answer.json().unwrap_or_default()).collect();
        for keep in keeps {
            let mut list = Vec::with_capacity(answers.len());
            for (answer, json) in answers.iter().zip(&bodies) {
                match keep.of(answer, json) {
                    Ok(value) => list.push(value),
                    Err(why) => missing = Some(why),
                }
            }
            self.bindings.keep(&keep.name, Value::Array(list));
        }
        missing
    }
}

impl Wires<'_> {
    /// Sends a request as somebody. A step that acts as the second tenant is passed over where there is none.
    pub(super) async fn send(&self, sender: &Sender, request: Request) -> Exchange {
        let wire: &dyn Wire = match (sender, self.other) {
            (Sender::OtherTenant, Some(other)) => other,
            _ => self.own,
        };
        wire.send(Origin::Request, request).await
    }
}

impl Keep {
    /// The part of the answer, or why there is none.
    fn of(&self, answer: &Answer, json: &Value) -> Result<Value, String> {
        let (found, at) = match &self.part {
            Kept::Body(path) => {
                (path.query(json).first().filter(|value| !value.is_null()).cloned(), path.to_string())
            }
            Kept::Header(name) => (answer.header(name).map(Value::from), format!("header {name}")),
        };
        found.ok_or_else(|| format!("the answer ({}) has nothing at {at}", describe(answer)))
    }
}

impl Unsent {
    /// What a step shows that could not be sent. A URL that leads elsewhere is the target's own doing.
    pub(super) fn done(self, has_check: bool) -> Done {
        match self.0 {
            CannotFill::Elsewhere(url) if has_check => {
                Done::of(Showed::Otherwise { expected: "a URL below the base URL".to_owned(), actual: url })
            }
            why => Done::ends(Showed::Unclear(why.to_string()), why.to_string()),
        }
    }
}

impl From<CannotFill> for Unsent {
    fn from(why: CannotFill) -> Self {
        Self(why)
    }
}

impl From<Unbound> for Unsent {
    fn from(unbound: Unbound) -> Self {
        Self(unbound.into())
    }
}

impl Done {
    /// A refusal may be about what was made up, and a reader must know of that.
    fn with_made_up(mut self, made_up: &[String], exchange: &Exchange) -> Self {
        if made_up.is_empty() {
            return self;
        }
        let what = format!("made up, since /Schemas requires it: {}", made_up.join(", "));
        let refused = exchange.result.as_ref().is_ok_and(|answer| answer.status == 400);
        if let (Showed::Otherwise { actual, .. }, true) = (&mut self.showed, refused) {
            actual.push_str("; ");
            actual.push_str(&what);
        }
        if let (Some(ends), true) = (&mut self.ends, refused) {
            ends.push_str("; ");
            ends.push_str(&what);
        }
        self.notes.push(what);
        self
    }
}

/// The request of somebody who shows this, and not the target's own credentials beside it.
fn with_shown(request: Request, shown: &[(String, String)]) -> Request {
    let names_its_own = shown.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    // For the client an empty Authorization means that none is sent.
    let none = (!shown.is_empty() && !names_its_own).then_some(("Authorization", ""));
    let shown = shown.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(none);
    shown.fold(request, |request, (name, value)| request.header(name, value))
}

/// An answer that says something about the target: there is one, and it is not "too many requests" where that was waited
/// for.
pub(super) fn judgeable(exchange: &Exchange, waited: bool) -> Result<&Answer, String> {
    match &exchange.result {
        Err(broken) => Err(broken.to_string()),
        Ok(answer) if answer.status == 429 && waited => {
            Err("the server answers 429 (too many requests) for longer than this run waits".to_owned())
        }
        Ok(answer) => Ok(answer),
    }
}

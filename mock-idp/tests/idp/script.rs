//! Plays the server to a persona from a script, and writes down the conversation.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write;
use std::time::Duration;

use scimspec_mock_idp::directory::{Event, Group, GroupKey, Person, PersonKey};
use scimspec_mock_idp::exchange::{Answer, Broken};
use scimspec_mock_idp::persona::{Heard, LogOutcome, Message, Persona, PersonaName, Step, TaskError};

/// What the script makes the persona hear.
#[derive(Debug, Clone)]
pub(crate) enum Line {
    Answer(Answer),
    Broken(Broken),
    /// After a wait: nobody waits so long.
    Abandon,
}

/// An answer with a JSON body, or without one if the text is empty.
pub(crate) fn answer(status: u16, body: &str) -> Line {
    Line::Answer(Answer { status, headers: Vec::new(), body: body.to_owned().into() })
}

/// A 429.
pub(crate) fn too_many(retry_after: Option<&str>) -> Line {
    let headers = retry_after.map(|value| ("retry-after".to_owned(), value.to_owned())).into_iter().collect();
    Line::Answer(Answer { status: 429, headers, body: "".into() })
}

/// A list with these resources.
pub(crate) fn list(resources: &[&str]) -> Line {
    let total = resources.len();
    answer(
        200,
        &format!(
            r#"{{"totalResults":{total},"startIndex":1,"itemsPerPage":{total},"Resources":[{}]}}"#,
            resources.join(",")
        ),
    )
}

pub(crate) fn error(status: u16, detail: &str) -> Line {
    answer(
        status,
        &format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":"{detail}","status":{status}}}"#
        ),
    )
}

/// A user as a server might return it: with attributes that the provider does not map.
pub(crate) fn user(id: &str, name: &str, active: bool) -> String {
    format!(
        r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"{id}","userName":"{name}@example.com","name":{{"formatted":"Dr {name}","givenName":"{name}"}},"emails":[{{"value":"home@example.com","type":"home"}},{{"value":"old@example.com","type":"work","primary":true,"display":"x"}}],"active":{active},"groups":[{{"value":"g-7"}}],"meta":{{"resourceType":"User","location":"https://app.example.com/Users/{id}"}}}}"#
    )
}

pub(crate) fn ada() -> Person {
    Person {
        key: PersonKey("ada".to_owned()),
        external_id: "00u1ada".to_owned(),
        user_name: "ada@example.com".to_owned(),
        given_name: "Ada".to_owned(),
        family_name: "Example".to_owned(),
        display_name: "Ada Example".to_owned(),
        email: "ada@example.com".to_owned(),
        locale: Some("en-US".to_owned()),
        title: Some("Clerk".to_owned()),
        department: Some("Sales".to_owned()),
        employee_number: None,
        password: "placeholder".to_owned(),
    }
}

pub(crate) fn grace() -> Person {
    Person {
        key: PersonKey("grace".to_owned()),
        external_id: "00u1grace".to_owned(),
        user_name: "grace@example.com".to_owned(),
        given_name: "Grace".to_owned(),
        display_name: "Grace Example".to_owned(),
        email: "grace@example.com".to_owned(),
        title: None,
        department: None,
        locale: None,
        ..ada()
    }
}

pub(crate) fn group(name: &str, members: &[&Person]) -> Group {
    Group {
        key: GroupKey("staff".to_owned()),
        external_id: "00g1staff".to_owned(),
        display_name: name.to_owned(),
        members: members.iter().map(|person| person.key.clone()).collect::<BTreeSet<_>>(),
    }
}

pub(crate) fn changed(change: impl FnOnce(&mut Person)) -> Event {
    let mut after = ada();
    change(&mut after);
    Event::ChangeProfile { before: Box::new(ada()), after }
}

/// A persona and everything that was said so far.
pub(crate) struct Conversation {
    persona: Box<dyn Persona>,
    pub(crate) text: String,
}

impl Conversation {
    pub(crate) fn with(name: &str) -> Self {
        let name: PersonaName = name.parse().expect("a persona");
        Self { persona: name.build(7), text: String::new() }
    }

    /// With ada linked to u-42 and grace to u-9, which is not written down.
    pub(crate) fn provisioned(name: &str) -> Self {
        let mut conversation = Self::with(name);
        for (person, id) in [(ada(), "u-42"), (grace(), "u-9")] {
            let created = answer(201, &user(id, &person.key.0, true));
            let end = conversation.perform(&Event::Assign(person), &[list(&[]), created]);
            assert_eq!(end, Ok(()));
        }
        conversation.text.clear();
        conversation.persona.logged();
        conversation
    }

    /// Also with the group staff linked to g-7.
    pub(crate) fn with_group(name: &str) -> Self {
        let mut conversation = Self::provisioned(name);
        let done = answer(200, r#"{"id":"g-7","displayName":"Staff"}"#);
        let pushed = Event::PushGroup(group("Staff", &[&ada(), &grace()]));
        let script = [list(&[]), done.clone(), done.clone(), done.clone()];
        let sent = if name.starts_with("entra") { 3 } else { 4 };
        assert_eq!(conversation.perform(&pushed, &script[..sent]), Ok(()));
        conversation.text.clear();
        conversation.persona.logged();
        conversation
    }

    /// Performs an event against the script, which must be used up exactly; writes the conversation down.
    pub(crate) fn perform(&mut self, event: &Event, script: &[Line]) -> Result<(), TaskError> {
        let mut script: VecDeque<_> = script.iter().cloned().collect();
        let mut step = self.persona.on(event);
        writeln!(self.text, "## {event}").expect("memory");
        let end = loop {
            let heard = match step {
                Step::Done => break Ok(()),
                Step::Stuck(error) => break Err(error),
                Step::Wait { time, why } => {
                    writeln!(self.text, "~ {} s: {why}", time.as_secs()).expect("memory");
                    if matches!(script.front(), Some(Line::Abandon)) {
                        script.pop_front();
                        Heard::Abandoned
                    } else {
                        Heard::Waited
                    }
                }
                Step::Send(message) => {
                    self.say(&message);
                    let line = script.pop_front().unwrap_or_else(|| panic!("no answer left\n{}", self.text));
                    self.hear(line)
                }
            };
            step = self.persona.heard(heard);
        };
        assert!(script.is_empty(), "answers left over: {script:?}\n{}", self.text);
        let ending = match &end {
            Ok(()) => "= done\n".to_owned(),
            Err(error) => format!("= stuck, {:?}\n  {}\n", error.kind, error.text),
        };
        writeln!(self.text, "{ending}").expect("memory");
        end
    }

    /// The provider's log since the last call.
    pub(crate) fn log(&mut self) -> String {
        let mut text = String::new();
        for entry in self.persona.logged() {
            let outcome = match entry.outcome {
                LogOutcome::Success => "SUCCESS".to_owned(),
                LogOutcome::Failure { reason } => format!("FAILURE {}", reason.as_deref().unwrap_or("null")),
            };
            let legacy = entry.legacy_event_type.map(|legacy| format!(" ({legacy})")).unwrap_or_default();
            writeln!(text, "{}{legacy} {} {outcome}", entry.event_type, entry.target).expect("memory");
        }
        text
    }

    pub(crate) fn persona(&self) -> &dyn Persona {
        self.persona.as_ref()
    }

    fn say(&mut self, message: &Message) {
        let Message { request, doing, demands, forms, .. } = message;
        writeln!(self.text, "{doing}").expect("memory");
        let body = request.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        writeln!(self.text, "> {} {} {body}", request.method, request.to).expect("memory");
        if !demands.is_empty() || !forms.is_empty() {
            let forms: Vec<_> = forms.iter().map(|form| form.point).collect();
            writeln!(self.text, "  {} {}", demands.join(" "), forms.join(" ")).expect("memory");
        }
    }

    fn hear(&mut self, line: Line) -> Heard {
        match line {
            Line::Answer(answer) => {
                writeln!(self.text, "< {}", answer.status).expect("memory");
                Heard::Answer(answer)
            }
            Line::Broken(broken) => {
                writeln!(self.text, "< {broken}").expect("memory");
                Heard::Broken(broken)
            }
            Line::Abandon => panic!("nothing to abandon\n{}", self.text),
        }
    }
}

/// One event against a fresh persona, written down with its name; `links` says whether ada and grace are linked.
pub(crate) fn play(name: &str, links: bool, event: &Event, script: &[Line]) -> String {
    let mut conversation = if links { Conversation::provisioned(name) } else { Conversation::with(name) };
    let _outcome_is_in_the_text = conversation.perform(event, script);
    format!("# {name}\n{}", conversation.text)
}

/// A timeout, as the client reports it.
pub(crate) fn timeout() -> Line {
    Line::Broken(Broken::Timeout(Duration::from_mins(1)))
}

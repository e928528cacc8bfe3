//! What a replay finds, as data: where an answer differs from the recorded one, what the identity provider would
//! suffer from it, and what only follows from it.

use schemars::JsonSchema;
use scimspec_mock_idp::exchange::Exchange;
use scimspec_mock_idp::recording::Place;
use scimspec_mock_idp::recording::rebind::ResourceId;
use serde::Serialize;

/// An answer that is not the recorded one, and what follows from it.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The recorded exchange.
    pub place: Place,
    /// The recorded request: `PATCH /Users/7`.
    pub request: String,
    /// Whom or what it is about, by name.
    pub about: Option<String>,
    /// What differs, the gravest first; never empty.
    pub unlike: Vec<Unlike>,
    /// What the provider's next step would suffer.
    pub consequence: String,
    /// Later requests that differ, or could not be sent, only because of this one.
    pub follows: Vec<Following>,
    /// How many more of them there are than are listed.
    pub more_follow: usize,
    /// The recorded exchange; of two servers, the first one's.
    pub recorded: Option<Box<Exchange>>,
    /// The exchange with the new server; of two servers, the second one's. None: it was not sent.
    pub exchange: Option<Box<Exchange>>,
}

/// One respect in which two answers differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlike {
    /// In which way.
    pub kind: Kind,
    /// The attribute, header or assertion that it is about.
    pub attribute: Option<String>,
    /// The recorded resource that it is about.
    pub resource: Option<ResourceId>,
    /// How it was recorded, in words.
    pub recorded: String,
    /// How it is now, in words.
    pub new: String,
    /// How many people it touches, where that can be counted.
    pub people: usize,
    /// Whether the provider would not notice it, but stricter clients could (told with `--strict`).
    pub unnoticed: bool,
}

/// A later exchange that differs only because of an earlier difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Following {
    /// The recorded exchange.
    pub place: Place,
    /// Its request.
    pub request: String,
    /// What became of it.
    pub what: String,
    /// Whether it was not sent at all.
    pub skipped: bool,
}

/// The ways in which two answers can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// There is no complete answer.
    NoAnswer,
    /// What was done is refused.
    Refused,
    /// What was refused is done.
    Accepted,
    /// Refused by both, and the provider reads the refusals differently.
    OtherRefusal,
    /// Another status that providers read the same (told with `--strict`).
    OtherStatus,
    /// An account with the name of a recorded one was there before the replay.
    NameTaken,
    /// It could be sent to only one of two servers.
    NotSent,
    /// Two people of the recording have one account.
    SharedId,
    /// A person or group has another id than before.
    OtherId,
    /// What was there after a write is gone.
    Vanished,
    /// A lookup finds nobody any more.
    FoundNothing,
    /// A lookup finds somebody where there was nobody.
    FoundSomething,
    /// A lookup finds several.
    FoundSeveral,
    /// A lookup finds somebody else.
    FoundAnother,
    /// A list lacks a resource that it had.
    NotListed,
    /// Another totalResults.
    Total,
    /// The body holds nothing that could be used.
    NoBody,
    /// A group that had members has none.
    GroupEmptied,
    /// A group lacks members that it had.
    MembersLost,
    /// A group has members that nobody put in.
    MembersGained,
    /// An attribute has another value.
    Changed,
    /// An attribute is missing.
    Lost,
    /// An attribute is there that was not (told with `--strict`).
    Gained,
    /// Another scimType.
    ScimType,
    /// Another header (told with `--strict`).
    Header,
    /// What a suite demands does not hold.
    Assertion,
}

impl Unlike {
    /// Without attribute, resource and people.
    pub fn new(kind: Kind, recorded: impl Into<String>, new: impl Into<String>) -> Self {
        let (recorded, new) = (recorded.into(), new.into());
        Self { kind, attribute: None, resource: None, recorded, new, people: 0, unnoticed: false }
    }

    /// The same about an attribute.
    #[must_use]
    pub fn of(mut self, attribute: &str) -> Self {
        self.attribute = Some(attribute.to_owned());
        self
    }

    /// The same about a resource.
    #[must_use]
    pub fn about(mut self, resource: Option<&ResourceId>) -> Self {
        self.resource = resource.cloned();
        self
    }

    /// In one line: `active: true, now false`.
    pub fn line(&self) -> String {
        match &self.attribute {
            Some(attribute) => format!("{attribute}: {}, now {}", self.recorded, self.new),
            None => format!("{}, now {}", self.recorded, self.new),
        }
    }
}

impl Kind {
    /// Whether nothing that comes after it for the same resource can be judged by itself.
    pub fn loses_the_resource(self) -> bool {
        matches!(
            self,
            Self::SharedId
                | Self::OtherId
                | Self::Vanished
                | Self::FoundNothing
                | Self::FoundAnother
                | Self::NameTaken
        )
    }
}

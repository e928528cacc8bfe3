//! A scenario as it stands in the file: keys and types checked, meaning not yet. `lower` gives it meaning.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// A value with its place in the file.
pub type At<T> = Spanned<T>;

/// A row of a table.
pub type RawCase = BTreeMap<String, At<String>>;

/// One story: what an identity provider, a person or a client does, and what must come of it.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "scimspec scenario")]
pub struct RawScenario {
    /// One line that says what is true of a server that passes.
    pub title: String,
    /// Why it matters, to whom.
    pub why: Option<String>,
    /// The profiles it is for. Default: all that do not switch its requirements off.
    #[schemars(with = "Option<Vec<String>>")]
    pub profiles: Option<Vec<At<String>>>,
    /// It runs once as each of these that the run includes. Default: none, plain requests only.
    #[schemars(with = "Option<Vec<String>>")]
    pub personas: Option<Vec<At<String>>>,
    /// What the target must be able to do, else the scenario is skipped: `patch`, `filter`, `bulk`, `sort`, `etag`,
    /// `changePassword`, `cursor`, `index-paging`, `no:patch` (it says that it lacks it), `groups`, `enterprise`,
    /// `resource-type:NAME`, `access`, `group-access`, `administrator-access`, `told-account`, `own-credential`, `account`,
    /// `administrator:block` (and `unblock`, `promote`, `demote`, `only`), `token`, `other-tenant`, `attribute:emails`,
    /// `attribute:Group.externalId`, `attribute:URN:department`; in a table `${case.COLUMN}`.
    #[schemars(with = "Option<Vec<String>>")]
    pub needs: Option<Vec<At<String>>>,
    /// What in it could harm a real server: `load`.
    #[schemars(with = "Option<Vec<String>>")]
    pub allow: Option<Vec<At<String>>>,
    /// People that are made up for the story, unique to the run and removed afterwards.
    #[schemars(with = "Option<Vec<String>>")]
    pub people: Option<Vec<At<String>>>,
    /// Groups that are made up for the story.
    #[schemars(with = "Option<Vec<String>>")]
    pub groups: Option<Vec<At<String>>>,
    /// Whether the conversation is kept as a snapshot.
    #[serde(default)]
    pub snapshot: bool,
    /// A table: the steps run once for each row. Each row has `case`, its slug, and the same other columns; a cell
    /// that is JSON is that JSON, any other text is a string.
    #[schemars(with = "Option<Vec<BTreeMap<String, String>>>")]
    pub cases: Option<Vec<At<RawCase>>>,
    /// What happens, in order.
    #[schemars(with = "Vec<RawStep>")]
    pub steps: Vec<At<RawStep>>,
}

/// One step: exactly one of `idp`, `account`, `administrator`, `access`, `request`, `walk`, `replay`, and what belongs to it.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawStep {
    /// Something happens in the identity provider: `assign`, `unassign`, `change-profile`, ...
    #[schemars(with = "Option<String>")]
    pub idp: Option<At<String>>,
    /// The application makes accounts for these people outside SCIM.
    #[schemars(with = "Option<Vec<String>>")]
    pub account: Option<Vec<At<String>>>,
    /// What the application's own administrator does outside SCIM: `block`, `unblock`, `promote` or `demote`.
    #[schemars(with = "Option<String>")]
    pub administrator: Option<At<String>>,
    /// These people try to get in.
    #[schemars(with = "Option<Vec<String>>")]
    pub access: Option<Vec<At<String>>>,
    /// A plain request: `GET /Users/${user.id}`.
    #[schemars(with = "Option<String>")]
    pub request: Option<At<String>>,
    /// A list that is read page after page: `GET /Users?filter=...&count=2`. Judged like an answer whose body is
    /// `{"pages": ..., "totalResults": ..., "Resources": [...]}`.
    #[schemars(with = "Option<String>")]
    pub walk: Option<At<String>>,
    /// A recording that is replayed: a file beside this one. Each answer is as the provider needs it: what it would notice
    /// is the same as was recorded.
    #[schemars(with = "Option<String>")]
    pub replay: Option<At<String>>,

    /// What the target must be able to do, else the step is passed over: its check is skipped, the story goes on.
    #[schemars(with = "Option<Vec<String>>")]
    pub needs: Option<Vec<At<String>>>,
    /// With `idp` and `administrator`: whom it is about.
    #[schemars(with = "Option<Vec<String>>")]
    pub people: Option<Vec<At<String>>>,
    /// With `idp`: which group. With `access`: the door that only this group opens.
    #[schemars(with = "Option<String>")]
    pub group: Option<At<String>>,
    /// With `access`: `administrator`, the door that only administrators open.
    #[schemars(with = "Option<String>")]
    pub door: Option<At<String>>,
    /// With `idp: change-profile`: the attributes that change, as a JSON object of strings.
    #[schemars(with = "Option<String>")]
    pub set: Option<At<String>>,
    /// With `access`: `allowed` or `blocked`.
    #[schemars(with = "Option<String>")]
    pub is: Option<At<String>>,
    /// With `request`: the body, as JSON text.
    #[schemars(with = "Option<String>")]
    pub json: Option<At<String>>,
    /// With `request`: headers beyond the usual ones.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub headers: Option<BTreeMap<String, At<String>>>,
    /// With `request`: the body as it shall be sent, where it is not JSON or not valid.
    #[schemars(with = "Option<String>")]
    pub text: Option<At<String>>,
    /// With `request` and `walk`: who sends it: `nobody`, `wrong-token` or `other-tenant`; with `request` also a person of the
    /// scenario. Default: the target's own credentials.
    #[serde(rename = "as")]
    #[schemars(with = "Option<String>")]
    pub sender: Option<At<String>>,
    /// With `request`: `false` keeps a body as it is written that lacks what the target's schema requires.
    #[schemars(with = "Option<bool>")]
    pub fill: Option<At<bool>>,
    /// With `request`: `false` takes a 429 for an answer like others, and does not wait and send it again.
    #[schemars(with = "Option<bool>")]
    pub wait: Option<At<bool>>,
    /// With `request`: this many at once.
    #[schemars(with = "Option<u32>")]
    pub parallel: Option<At<u32>>,
    /// With `request`: other requests, sent together with it.
    #[schemars(with = "Option<Vec<RawBeside>>")]
    pub beside: Option<At<Vec<At<RawBeside>>>>,
    /// With `request`: it is sent so many times; `${n}` counts from 1, and `keep` keeps lists.
    #[schemars(with = "Option<u32>")]
    pub times: Option<At<u32>>,
    /// With `walk`: `index` (the default) or `cursor`.
    #[schemars(with = "Option<String>")]
    pub by: Option<At<String>>,
    /// With `walk`: this many pages at most. Default: 50.
    #[schemars(with = "Option<u32>")]
    pub most: Option<At<u32>>,
    /// With `replay`: whatever differs counts, not only what the provider would notice.
    #[schemars(with = "Option<bool>")]
    pub strict: Option<At<bool>>,
    /// With `request`: a read-back afterwards.
    #[schemars(with = "Option<String>")]
    pub after: Option<At<String>>,
    /// With `request`: what is kept of the answer: name (or `PERSON.id`) to JSON path, or to `header NAME`.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub keep: Option<BTreeMap<String, At<String>>>,

    /// The one right result.
    #[schemars(with = "Option<RawExpect>")]
    pub expect: Option<At<RawExpect>>,
    /// Named alternatives, tried in order; when none holds the check fails.
    #[schemars(with = "Option<Vec<RawOutcome>>")]
    pub outcomes: Option<At<Vec<At<RawOutcome>>>>,
    /// How long what is expected may take to come true: `5s`, `500ms`.
    #[schemars(with = "Option<String>")]
    pub within: Option<At<String>>,
    /// A bad network for this step.
    #[schemars(with = "Option<RawFault>")]
    pub fault: Option<At<RawFault>>,
    /// The check's slug; a step without one is a guard.
    #[schemars(with = "Option<String>")]
    pub check: Option<At<String>>,
    /// The requirements that the check shows, all of one level; in a table `${case.COLUMN}` stands for the cell's,
    /// separated by blanks.
    #[schemars(with = "Option<Vec<String>>")]
    pub shows: Option<Vec<At<String>>>,
}

/// A request that is sent together with the step's own.
#[derive(Debug, Clone, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawBeside {
    /// The request: `PATCH /Groups/${group.id}`.
    #[schemars(with = "String")]
    pub request: At<String>,
    /// The body, as JSON text.
    #[schemars(with = "Option<String>")]
    pub json: Option<At<String>>,
    /// The body as it shall be sent.
    #[schemars(with = "Option<String>")]
    pub text: Option<At<String>>,
    /// Headers beyond the usual ones.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub headers: Option<BTreeMap<String, At<String>>>,
    /// Who sends it.
    #[serde(rename = "as")]
    #[schemars(with = "Option<String>")]
    pub sender: Option<At<String>>,
    /// Whether the body is completed.
    #[schemars(with = "Option<bool>")]
    pub fill: Option<At<bool>>,
}

/// What is right.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawExpect {
    /// The status, or any of several.
    pub status: Option<RawStatus>,
    /// The body, a JSON pattern as text.
    #[schemars(with = "Option<String>")]
    pub json: Option<At<String>>,
    /// Headers: name to pattern.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub headers: Option<BTreeMap<String, At<String>>>,
    /// The read-back: status and body.
    pub after: Option<RawAnswer>,
    /// With `parallel`, `beside` or `times`: how many answers of which status: `201`, `2xx`, `200|204`.
    pub tally: Option<BTreeMap<String, u32>>,
    /// With `idp`: `done` or `failed`.
    #[schemars(with = "Option<String>")]
    pub task: Option<At<String>>,
}

/// An answer, or a read-back.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawAnswer {
    /// The status, or any of several.
    pub status: Option<RawStatus>,
    /// The body, a JSON pattern as text.
    #[schemars(with = "Option<String>")]
    pub json: Option<At<String>>,
    /// Headers: name to pattern.
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub headers: Option<BTreeMap<String, At<String>>>,
}

/// A named alternative.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawOutcome {
    /// Its slug.
    #[schemars(with = "String")]
    pub name: At<String>,
    /// What the answer looks like.
    pub answer: Option<RawAnswer>,
    /// What the read-back looks like.
    pub after: Option<RawAnswer>,
    /// What it is worth: a verdict, or one by profile.
    #[schemars(with = "RawVerdict")]
    pub verdict: At<RawVerdict>,
    /// The contested point, e.g. `C1`.
    pub because: Option<String>,
}

/// A verdict, or one by profile.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub enum RawVerdict {
    /// The same in every profile.
    Always(String),
    /// By profile; `base` for those not named.
    ByProfile(BTreeMap<String, String>),
}

/// One status or several.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub enum RawStatus {
    /// This one.
    One(u16),
    /// Any of these.
    AnyOf(Vec<u16>),
}

/// A bad network.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawFault {
    /// `lose-answer` (the server acted, its answer is lost), `duplicate`, `delay` or `cut` (never arrives).
    #[schemars(with = "String")]
    pub kind: At<String>,
    /// Which requests: `POST /Users`, or only a method. Default: all.
    #[schemars(with = "Option<String>")]
    pub on: Option<At<String>>,
    /// How often. Default: once.
    pub times: Option<u32>,
    /// With `delay`: how long, `2s`.
    #[schemars(with = "Option<String>")]
    pub time: Option<At<String>>,
}

impl RawStatus {
    /// The statuses it allows.
    pub fn into_list(self) -> Vec<u16> {
        match self {
            Self::One(status) => vec![status],
            Self::AnyOf(list) => list,
        }
    }
}

// Written out, since serde's own words for "one of several kinds" help nobody.

impl<'de> Deserialize<'de> for RawStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Statuses;
        impl<'de> Visitor<'de> for Statuses {
            type Value = RawStatus;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status or a list of them: `201`, `[200, 204]`")
            }

            fn visit_u64<E: serde::de::Error>(self, status: u64) -> Result<RawStatus, E> {
                u16::try_from(status)
                    .ok()
                    .filter(|status| (100..=999).contains(status))
                    .map(RawStatus::One)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Unsigned(status), &self))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawStatus, A::Error> {
                let mut list = Vec::new();
                while let Some(status) = items.next_element()? {
                    list.push(status);
                }
                Ok(RawStatus::AnyOf(list))
            }
        }
        deserializer.deserialize_any(Statuses)
    }
}

impl<'de> Deserialize<'de> for RawVerdict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Verdicts;
        impl<'de> Visitor<'de> for Verdicts {
            type Value = RawVerdict;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a verdict, or one by profile: `warn`, `{base: warn, entra: pass}`")
            }

            fn visit_str<E>(self, verdict: &str) -> Result<RawVerdict, E> {
                Ok(RawVerdict::Always(verdict.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<RawVerdict, A::Error> {
                let mut by = BTreeMap::new();
                while let Some((profile, verdict)) = members.next_entry()? {
                    by.insert(profile, verdict);
                }
                Ok(RawVerdict::ByProfile(by))
            }
        }
        deserializer.deserialize_any(Verdicts)
    }
}

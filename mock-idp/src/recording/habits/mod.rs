//! Which provider is it, by its habits: how it spells and orders its requests. Each habit that was seen stands with its
//! source, and where nothing decides, nobody is named. Who is judged how for it is no business of this part.

mod signs;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::BTreeMap;
use std::fmt;

use self::signs::{Candidate, Sign};
use self::watch::Watch;
use super::narrate::Asked;
use crate::exchange::Exchange;
use crate::persona::PersonaName;

/// So much must speak for a provider before it is named.
const ENOUGH: i32 = 6;
/// So much more than for any other.
const AHEAD: i32 = 4;
/// So much more than for another persona of the same provider.
const AHEAD_OF_SIBLING: i32 = 3;

/// The habits seen so far in one conversation. Remembers counts and ids, no contents.
#[derive(Debug, Default)]
pub struct Habits {
    seen: BTreeMap<Sign, u64>,
    watch: Watch,
}

/// A provider that is known by its habits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    /// Okta.
    Okta,
    /// Microsoft Entra ID.
    Entra,
    /// OneLogin.
    OneLogin,
    /// The test suites that Okta publishes for SCIM servers, run by Runscope or BlazeMeter.
    OktaSuite,
}

/// Whom a conversation is like.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Who {
    /// A persona with the options that show.
    Persona(PersonaName),
    /// A provider that has no persona, or of whose personas none shows.
    Provider(Provider),
}

/// How much a conversation is like somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    /// Whose.
    pub who: Who,
    /// What speaks for it less what speaks against it, in points: 10 is a name in a header, 3 a spelling that few have,
    /// 1 what many do.
    pub points: i32,
    /// Whether it is enough, and enough more than for anybody else.
    pub decided: bool,
    /// What speaks for it, the most telling first.
    pub evidence: Vec<Evidence>,
    /// What speaks against it.
    pub against: Vec<Evidence>,
}

/// A habit that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What was seen.
    pub what: &'static str,
    /// How often.
    pub times: u64,
    /// Who says that the provider does so, or does not.
    pub source: &'static str,
}

/// Whom a conversation is like, the likeliest first. Empty if it is like nobody's; if the first is not
/// [decided](Likeness::decided), the provider is unknown.
pub fn who<'a>(exchanges: impl IntoIterator<Item = &'a Exchange>) -> Vec<Likeness> {
    let mut habits = Habits::default();
    exchanges.into_iter().for_each(|exchange| habits.notice(exchange));
    habits.likenesses()
}

impl Habits {
    /// Takes an exchange into account. Those that did not go below the base URL say nothing.
    pub fn notice(&mut self, exchange: &Exchange) {
        if let Some(asked) = Asked::of(exchange) {
            self.notice_asked(&asked);
        }
    }

    pub(super) fn notice_asked(&mut self, asked: &Asked<'_>) {
        for sign in self.watch.signs(asked) {
            let times = self.seen.entry(sign).or_default();
            *times = times.saturating_add(1);
        }
    }

    /// Whom the conversation so far is like, as [`who`] says it.
    pub fn likenesses(&self) -> Vec<Likeness> {
        let mut all: Vec<(Candidate, Likeness)> = Candidate::ALL
            .iter()
            .filter_map(|candidate| Some((*candidate, self.likeness(*candidate)?)))
            .collect();
        all.sort_by_key(|(candidate, likeness)| (std::cmp::Reverse(likeness.points), *candidate));
        let Some((first, likeness)) = all.first() else { return Vec::new() };
        let best = |is: &dyn Fn(Candidate) -> bool| {
            all.iter().filter(|(other, _)| is(*other)).map(|(_, other)| other.points).max().unwrap_or(0)
        };
        let other = best(&|other| other.provider() != first.provider());
        let sibling = best(&|other| other != *first && other.provider() == first.provider());
        let decided = likeness.points >= ENOUGH && likeness.points - other >= AHEAD;
        let provider = Who::Provider(first.provider());
        let is_split = sibling > 0 && likeness.points - sibling < AHEAD_OF_SIBLING;
        let first = Likeness {
            decided,
            who: if is_split { provider } else { likeness.who.clone() },
            ..likeness.clone()
        };
        // Where personas of one provider are alike, it stands before them.
        let rest = all.into_iter().skip(usize::from(!is_split)).map(|(_, likeness)| likeness);
        std::iter::once(first).chain(rest).collect()
    }

    /// The provider, if that is decided.
    pub fn provider(&self) -> Option<Provider> {
        self.likenesses().first().filter(|likeness| likeness.decided).map(|likeness| likeness.who.provider())
    }

    fn likeness(&self, candidate: Candidate) -> Option<Likeness> {
        let mut weighed: Vec<(i32, Evidence)> = Vec::new();
        for (sign, times) in &self.seen {
            let Some(about) = sign.about() else { continue };
            let weight = about.weights.iter().find(|(who, _)| *who == candidate);
            if let Some((_, weight)) = weight {
                weighed.push((*weight, Evidence { what: about.what, times: *times, source: about.source }));
            }
        }
        let points: i32 = weighed.iter().map(|(weight, _)| weight).sum();
        if points <= 0 {
            return None;
        }
        weighed.sort_by_key(|(weight, _)| -weight.abs());
        let (speaks_for, against): (Vec<_>, Vec<_>) =
            weighed.into_iter().partition(|(weight, _)| *weight > 0);
        let plain =
            |weighed: Vec<(i32, Evidence)>| weighed.into_iter().map(|(_, evidence)| evidence).collect();
        Some(Likeness {
            who: self.named(candidate),
            points,
            decided: false,
            evidence: plain(speaks_for),
            against: plain(against),
        })
    }

    /// The persona with the options that show.
    fn named(&self, candidate: Candidate) -> Who {
        let provider = Who::Provider(candidate.provider());
        let Some(base) = candidate.persona() else { return provider };
        let has = |sign: Sign| self.seen.contains_key(&sign);
        let mut options: Vec<&'static str> = self
            .seen
            .keys()
            // One capital letter is enough to know that the flag is not set.
            .filter(|sign| **sign != Sign::LowerOp || !has(Sign::CapitalOp))
            .filter_map(|sign| sign.option(candidate))
            .collect();
        if self.watch.never_creates() {
            options.extend(Sign::NeverCreates.option(candidate));
        }
        if candidate == Candidate::Entra {
            options.extend(signs::spelling(has));
        }
        signs::named(base, &options).map_or(provider, Who::Persona)
    }
}

impl Who {
    /// The provider.
    pub fn provider(&self) -> Provider {
        match self {
            Self::Provider(provider) => *provider,
            Self::Persona(persona) if persona.provider() == "entra" => Provider::Entra,
            Self::Persona(_) => Provider::Okta,
        }
    }
}

impl Provider {
    /// In a list or a file: `okta`, `entra`, `onelogin`, `okta-suite`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::Entra => "entra",
            Self::OneLogin => "onelogin",
            Self::OktaSuite => "okta-suite",
        }
    }
}

impl Candidate {
    fn provider(self) -> Provider {
        match self {
            Self::Wizard | Self::Catalog => Provider::Okta,
            Self::Entra => Provider::Entra,
            Self::OneLogin => Provider::OneLogin,
            Self::Suite => Provider::OktaSuite,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Okta => "Okta",
            Self::Entra => "Entra",
            Self::OneLogin => "OneLogin",
            Self::OktaSuite => "Okta's test suite",
        })
    }
}

impl fmt::Display for Who {
    /// The persona's name, `okta-wizard+plus`, or the provider's, `OneLogin`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Persona(persona) => persona.fmt(f),
            Self::Provider(provider) => provider.fmt(f),
        }
    }
}

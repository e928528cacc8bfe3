//! The checks of `record --observe`: what each says of the application, and what to do where it does not hold. How they
//! come to a verdict is in `result`.

use crate::catalogue::{Level, RequirementId};
use crate::scenario::model;

/// A check of the observer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Who was assigned gets in.
    GetsIn,
    /// Who was deactivated does not.
    IsShutOut,
    /// The identity stays meanwhile.
    KeepsIdentity,
    /// Reactivation opens the same account.
    SameAccount,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::GetsIn, Self::IsShutOut, Self::KeepsIdentity, Self::SameAccount];

    /// `observe/SLUG`.
    pub fn id(self) -> String {
        format!("observe/{}", self.slug())
    }

    /// The promise of provisioning that it shows; a MUST in every profile.
    pub fn requirement(self) -> &'static str {
        match self {
            Self::GetsIn => "LIFECYCLE-L1",
            Self::IsShutOut => "LIFECYCLE-L2",
            Self::KeepsIdentity => "LIFECYCLE-L3",
            Self::SameAccount => "LIFECYCLE-L4",
        }
    }

    /// One line that is true of an application that keeps it.
    pub fn title(self) -> &'static str {
        match self {
            Self::GetsIn => "Whom the provider assigns gets in",
            Self::IsShutOut => "Whom the provider deactivates is shut out, by every way",
            Self::KeepsIdentity => "The identity stays while the person is inactive",
            Self::SameAccount => "Who is activated again gets into the same account",
        }
    }

    /// What exactly is looked at, and when.
    pub fn what(self) -> &'static str {
        match self {
            Self::GetsIn => {
                "When a creation or an activation has passed and was answered with success: the fresh ways in are tried, \
                 and the held ones opened."
            }
            Self::IsShutOut => {
                "When `active` has become false by PUT or PATCH, in any spelling, or the person was deleted: every way \
                 that was seen open is tried until it is shut, at most as long as `within` of [access] allows."
            }
            Self::KeepsIdentity => {
                "While somebody is inactive: what the provider is answered when it asks for them, and, where [target] \
                 has a URL and a token, what scimspec is answered."
            }
            Self::SameAccount => {
                "When somebody inactive was activated: the fresh ways in are tried, and the id is the one from before."
            }
        }
    }

    /// What to do where it does not hold.
    pub fn fix(self) -> &'static str {
        match self {
            Self::GetsIn => {
                "Let a created or activated account sign in at once; the answer to the provider is the promise that it can."
            }
            Self::IsShutOut => {
                "End sessions, refresh tokens and API tokens in the transaction that stores the deactivation, and ask for \
                 the account's state wherever somebody gets in."
            }
            Self::KeepsIdentity => {
                "Keep id, userName and externalId of an inactive account, and show it in GET and in filters, with active false."
            }
            Self::SameAccount => "Find the inactive account again and open it; make no second one.",
        }
    }

    pub(super) fn slug(self) -> &'static str {
        match self {
            Self::GetsIn => "assigned-person-gets-in",
            Self::IsShutOut => "every-way-in-is-shut",
            Self::KeepsIdentity => "identity-is-kept",
            Self::SameAccount => "same-account-opens-again",
        }
    }

    pub(super) fn as_check(self) -> model::Check {
        let shows = vec![RequirementId(self.requirement().to_owned())];
        model::Check { slug: self.slug().to_owned(), case: None, shows, level: Level::Must }
    }
}

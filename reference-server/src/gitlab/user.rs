//! A GitLab user: the states it can be in, who moves it from one to another, and how its username is made from
//! what an identity provider sent.

use serde::{Deserialize, Serialize};

use crate::store::ResourceId;

/// A user of the instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct User {
    /// The account behind it.
    pub(super) resource: ResourceId,
    pub(super) username: String,
    pub(super) name: String,
    /// The primary address, then the secondary ones.
    pub(super) emails: Vec<String>,
    pub(super) state: UserState,
    /// Whether the primary address is confirmed.
    pub(super) confirmed: bool,
}

impl User {
    /// Whether this is one of its addresses; letter case does not count.
    pub(super) fn has_email(&self, email: &str) -> bool {
        self.emails.iter().any(|own| own.eq_ignore_ascii_case(email))
    }

    /// The primary address.
    pub(super) fn email(&self) -> &str {
        self.emails.first().map_or("", String::as_str)
    }
}

/// The state of a user. Only who is active gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum UserState {
    Active,
    /// By an administrator.
    Blocked,
    /// By the system: SCIM, too, blocks with this name, also where there is no LDAP (issue 388487).
    LdapBlocked,
    Deactivated,
    BlockedPendingApproval,
    Banned,
}

impl UserState {
    /// What a deprovisioning does. Who is blocked already, by whatever hand, stays as they are, and nobody is
    /// told.
    pub(super) fn system_block(self) -> Self {
        match self {
            Self::Active | Self::Deactivated => Self::LdapBlocked,
            other => other,
        }
    }

    /// What a reprovisioning does, from every state: an administrator's block, a ban and a pending approval are
    /// overridden.
    pub(super) fn activate(_: Self) -> Self {
        Self::Active
    }

    /// What an administrator's block does.
    pub(super) fn block(self) -> Self {
        match self {
            Self::Active | Self::Deactivated | Self::LdapBlocked | Self::BlockedPendingApproval => {
                Self::Blocked
            }
            other => other,
        }
    }

    /// What an administrator's unblocking does; nothing if the administrator cannot: who was blocked by the
    /// system comes back through SCIM only (M: an old rule made for LDAP).
    pub(super) fn unblock(self) -> Option<Self> {
        (self != Self::LdapBlocked).then_some(Self::Active)
    }
}

/// A username from what was sent: characters that a username cannot have are dropped, then `.`, `_` and `-` at
/// the ends and those that follow another of them.
pub(super) fn sanitised(sent: &str) -> String {
    let mut username = String::new();
    for char in sent.chars() {
        let joint = matches!(char, '.' | '_' | '-');
        let after_joint = username.is_empty() || username.ends_with(['.', '_', '-']);
        if char.is_ascii_alphanumeric() || (joint && !after_joint) {
            username.push(char);
        }
    }
    username.trim_end_matches(['.', '_', '-']).to_owned()
}

/// The username, or, while it is taken, the username with 1 to 4 behind it, then with something by chance.
pub(super) fn free(username: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(username) {
        return username.to_owned();
    }
    let numbered = (1..=4).map(|number| format!("{username}{number}"));
    let mut by_chance = || loop {
        let chance: String = ResourceId::random().to_string().chars().take(8).collect();
        let candidate = format!("{username}{chance}");
        if !is_taken(&candidate) {
            break candidate;
        }
    };
    numbered.into_iter().find(|candidate| !is_taken(candidate)).unwrap_or_else(&mut by_chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_keeps_what_a_username_can_have() {
        for (sent, kept) in [
            ("jane", "jane"),
            ("--ricky.^#!__the._raccoon--", "ricky.the.raccoon"),
            ("jane@corp.example", "janecorp.example"),
            ("Jörg", "Jrg"),
            ("^^^", ""),
        ] {
            assert_eq!(sanitised(sent), kept, "{sent}");
        }
    }

    #[test]
    fn a_taken_username_gets_a_number_and_after_four_something_by_chance() {
        let taken = |names: &'static [&str]| move |name: &str| names.contains(&name);
        assert_eq!(free("jane", taken(&[])), "jane");
        assert_eq!(free("jane", taken(&["jane"])), "jane1");
        assert_eq!(free("jane", taken(&["jane", "jane1", "jane2", "jane3"])), "jane4");
        let by_chance = free("jane", taken(&["jane", "jane1", "jane2", "jane3", "jane4"]));
        assert!(by_chance.starts_with("jane") && by_chance.len() == "jane".len() + 8, "{by_chance}");
    }

    #[test]
    fn the_system_blocks_who_gets_in_or_could_come_back_and_nobody_else() {
        use UserState::{Active, Banned, Blocked, BlockedPendingApproval, Deactivated, LdapBlocked};
        for (before, after) in [
            (Active, LdapBlocked),
            (Deactivated, LdapBlocked),
            (LdapBlocked, LdapBlocked),
            (Blocked, Blocked),
            (BlockedPendingApproval, BlockedPendingApproval),
            (Banned, Banned),
        ] {
            assert_eq!(before.system_block(), after);
            assert_eq!(UserState::activate(before), Active);
        }
        assert_eq!(LdapBlocked.unblock(), None);
        assert_eq!(Blocked.unblock(), Some(Active));
        assert_eq!((LdapBlocked.block(), Banned.block()), (Blocked, Banned));
    }
}

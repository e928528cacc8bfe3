//! Names that belong to one run and one story: whoever meets them on a server sees where they come from, and no two
//! runs collide.

use scimspec_mock_idp::directory::{Group, GroupKey, Person, PersonKey};

/// A run's mark in every name it makes: six letters and digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunId(pub String);

/// The namespace of one story.
#[derive(Debug, Clone)]
pub struct Names {
    run: RunId,
    story: usize,
    domain: String,
}

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes: {0}")]
pub struct NoChance(getrandom::Error);

impl RunId {
    /// A new one by chance.
    pub fn random() -> Result<Self, NoChance> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(NoChance)?;
        Ok(Self(text(u64::from_le_bytes(bytes), b"0123456789abcdefghijklmnopqrstuvwxyz", 6)))
    }

    /// Whether a name was made by this run.
    pub fn made(&self, name: &str) -> bool {
        name.to_ascii_lowercase().contains(&format!(".{}.", self.0))
    }
}

impl Names {
    /// The namespace of the story with that number; mail addresses are in `domain`.
    pub fn new(run: &RunId, story: usize, domain: &str) -> Self {
        Self { run: run.clone(), story, domain: domain.to_owned() }
    }

    /// A person of the story.
    pub fn person(&self, name: &str) -> Person {
        let user_name = self.unique(name);
        let given = capitalised(name);
        let family = format!("Example {}", self.story);
        Person {
            key: PersonKey(name.to_owned()),
            external_id: format!("00u{}", text(self.seed(name), BASE62, 17)),
            email: user_name.clone(),
            display_name: format!("{given} {family}"),
            given_name: given,
            family_name: family,
            user_name,
            locale: Some("en-US".to_owned()),
            title: Some("Clerk".to_owned()),
            department: Some("Sales".to_owned()),
            employee_number: None,
            password: self.password(name),
        }
    }

    /// A group of the story.
    pub fn group(&self, name: &str) -> Group {
        Group {
            key: GroupKey(name.to_owned()),
            external_id: format!("00g{}", text(self.seed(name), BASE62, 17)),
            display_name: self.group_name(name),
            members: std::collections::BTreeSet::new(),
        }
    }

    /// A display name for a group that was renamed.
    pub fn renamed(&self, name: &str) -> String {
        self.group_name(&format!("{name}-renamed"))
    }

    /// `name.RUN.STORY@domain`.
    pub fn unique(&self, name: &str) -> String {
        format!("{name}{}@{}", self.mark(), self.domain)
    }

    /// A number that differs by run, story and name, for everything that must look random and be repeatable.
    pub fn seed(&self, name: &str) -> u64 {
        // FNV-1a: spread is all that is asked for here.
        format!("{}/{}/{name}", self.run.0, self.story)
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    /// What every name of the story carries: `.RUN.STORY`.
    pub fn mark(&self) -> String {
        format!(".{}.{}", self.run.0, self.story)
    }

    fn group_name(&self, name: &str) -> String {
        format!("{name}{}", self.mark())
    }

    /// Long and mixed enough for any policy.
    fn password(&self, name: &str) -> String {
        format!("{}-aZ7!", text(self.seed(&format!("{name} password")), BASE62, 16))
    }
}

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn text(mut seed: u64, alphabet: &[u8], length: usize) -> String {
    (0..length)
        .map(|_| {
            // splitmix64
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = seed;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            let index = usize::try_from(z % alphabet.len() as u64).unwrap_or(0);
            char::from(alphabet[index])
        })
        .collect()
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_for_the_same_story_and_differ_otherwise() {
        let run = RunId("k3f9x2".to_owned());
        let (first, second) = (Names::new(&run, 1, "example.com"), Names::new(&run, 2, "example.com"));
        assert_eq!(first.person("ada"), first.person("ada"));
        assert_ne!(first.person("ada").external_id, second.person("ada").external_id);
        assert_eq!(first.person("ada").user_name, "ada.k3f9x2.1@example.com");
        assert_eq!(first.person("ada").external_id.len(), 20);
    }

    #[test]
    fn a_run_knows_its_own_names() {
        let run = RunId("k3f9x2".to_owned());
        assert!(run.made("Ada.K3F9X2.7@example.com"));
        assert!(!run.made("ada@example.com"));
    }
}

//! The rules for clients: what a provider sent, judged by what the RFCs ask of it. Each is a file here: a static
//! description beside one function. What a known provider does by habit is marked as its habit; what that is worth is
//! the judge's business (`judge::client`).
//!
//! A new rule gets a file, a line in the list of modules and a line in [`RULES`].

mod accepts_json;
mod attributes_exist;
mod attributes_or_excluded;
mod body_is_a_json_object;
mod booleans_are_literals;
mod bulk_form;
mod conditions_are_entity_tags;
mod content_type;
mod extensions_are_listed;
mod filter_grammar;
mod filter_operators;
mod keys_are_names;
mod manager_is_an_object;
mod no_body_on_read;
mod no_comparison_behind_brackets;
mod no_dangling_delimiter;
mod no_duplicate_keys;
mod no_id_on_create;
mod no_meta_on_create;
mod no_secrets_in_address;
mod numbers_are_numbers;
mod one_primary;
mod op_in_lower_case;
mod own_media_type;
mod parameters_are_known;
mod patch_form;
mod path_grammar;
mod put_id_is_the_paths;
mod read_only_stays;
mod remove_has_no_value;
mod remove_has_path;
mod schemas_are_known;
mod schemas_are_named;
mod schemas_match;
#[cfg(test)]
mod tests;
mod values_as_op_asks;
mod writes_name_one_resource;

use scimspec_mock_idp::exchange::Exchange;
use scimspec_mock_idp::recording::habits::Provider;

use super::sent::Sent;
use super::world::World;
use crate::catalogue::Level;

/// What a rule for clients is.
#[derive(Debug)]
pub struct ClientRule {
    /// Its id is `client/SLUG` and stays for ever.
    pub slug: &'static str,
    /// One line that is true of a client that keeps it.
    pub title: &'static str,
    /// What exactly is looked at.
    pub what: &'static str,
    /// Who suffers when it is broken.
    pub why: &'static str,
    /// What a right request looks like.
    pub fix: &'static str,
    /// How strongly it is asked of clients, and by what: the catalogue's rows are about servers.
    pub level: Level,
    /// Where that stands: `RFC 7644, section 3.5.2`.
    pub source: &'static str,
    /// The rows about what a server makes of it. A profile that asks for none of them does not ask for the rule.
    pub requirements: &'static [&'static str],
    /// Why a client that breaks it is only warned, where the level alone would say more.
    pub softer: Option<&'static str>,
    pub(super) look: fn(&Sent<'_>) -> Look,
}

/// Something that a provider is known to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habit {
    /// Who.
    pub provider: Provider,
    /// Who says so.
    pub source: &'static str,
}

/// What a rule for clients found.
#[derive(Debug)]
pub struct ClientFindings {
    /// The rule.
    pub rule: &'static ClientRule,
    /// How many requests it looked at.
    pub looked: usize,
    /// Each cause once, the most frequent first.
    pub causes: Vec<ClientCause>,
}

/// One way in which a rule was broken.
#[derive(Debug)]
pub struct ClientCause {
    /// What was expected.
    pub expected: String,
    /// What was sent instead. Never anybody's data.
    pub actual: String,
    /// To whom that is normal.
    pub habit: Option<Habit>,
    /// In how many requests.
    pub count: usize,
    /// The place of the first of them.
    pub first: usize,
}

/// What a rule says about one request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// None of its business.
    Elsewhere,
    Kept,
    Broken(Vec<Fault>),
}

/// One way in which a rule is broken; the same words are the same cause. Never holds anybody's data.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    expected: String,
    actual: String,
    habit: Option<Habit>,
}

/// All rules for clients.
pub static RULES: &[&ClientRule] = &[
    &accepts_json::RULE,
    &attributes_exist::RULE,
    &attributes_or_excluded::RULE,
    &body_is_a_json_object::RULE,
    &booleans_are_literals::RULE,
    &bulk_form::RULE,
    &conditions_are_entity_tags::RULE,
    &content_type::RULE,
    &extensions_are_listed::RULE,
    &filter_grammar::RULE,
    &filter_operators::RULE,
    &keys_are_names::RULE,
    &manager_is_an_object::RULE,
    &no_body_on_read::RULE,
    &no_comparison_behind_brackets::RULE,
    &no_dangling_delimiter::RULE,
    &no_duplicate_keys::RULE,
    &no_id_on_create::RULE,
    &no_meta_on_create::RULE,
    &no_secrets_in_address::RULE,
    &numbers_are_numbers::RULE,
    &one_primary::RULE,
    &op_in_lower_case::RULE,
    &own_media_type::RULE,
    &parameters_are_known::RULE,
    &patch_form::RULE,
    &path_grammar::RULE,
    &put_id_is_the_paths::RULE,
    &read_only_stays::RULE,
    &remove_has_no_value::RULE,
    &remove_has_path::RULE,
    &schemas_are_known::RULE,
    &schemas_are_named::RULE,
    &schemas_match::RULE,
    &values_as_op_asks::RULE,
    &writes_name_one_resource::RULE,
];

/// Looks at every request with every rule.
pub(super) fn look(exchanges: &[Exchange], world: &World) -> Vec<ClientFindings> {
    look_with(RULES, exchanges, world)
}

fn look_with(rules: &[&'static ClientRule], exchanges: &[Exchange], world: &World) -> Vec<ClientFindings> {
    let mut all: Vec<ClientFindings> =
        rules.iter().map(|rule| ClientFindings { rule, looked: 0, causes: Vec::new() }).collect();
    for (at, exchange) in exchanges.iter().enumerate() {
        let Some(sent) = Sent::of(exchange, world) else { continue };
        for findings in &mut all {
            findings.take((findings.rule.look)(&sent), at);
        }
    }
    for findings in &mut all {
        findings.causes.sort_by_key(|cause| (std::cmp::Reverse(cause.count), cause.first));
    }
    all
}

impl ClientFindings {
    fn take(&mut self, look: Look, at: usize) {
        match look {
            Look::Elsewhere => {}
            Look::Kept => self.looked += 1,
            Look::Broken(faults) => {
                self.looked += 1;
                for Fault { expected, actual, habit } in faults {
                    let same = |cause: &&mut ClientCause| {
                        (&cause.expected, &cause.actual, cause.habit) == (&expected, &actual, habit)
                    };
                    match self.causes.iter_mut().find(same) {
                        Some(cause) => cause.count += 1,
                        None => {
                            self.causes.push(ClientCause { expected, actual, habit, count: 1, first: at });
                        }
                    }
                }
            }
        }
    }
}

impl ClientRule {
    /// `client/SLUG`.
    pub fn id(&self) -> String {
        format!("client/{}", self.slug)
    }
}

impl Look {
    /// Kept if nothing is wrong; what is wrong twice in one request counts once.
    fn of(faults: Vec<Fault>) -> Self {
        let mut once: Vec<Fault> = Vec::new();
        for fault in faults {
            if !once.contains(&fault) {
                once.push(fault);
            }
        }
        if once.is_empty() { Self::Kept } else { Self::Broken(once) }
    }

    /// The same, if there was something to look at.
    fn if_any(looked: bool, faults: Vec<Fault>) -> Self {
        if looked { Self::of(faults) } else { Self::Elsewhere }
    }
}

impl Fault {
    fn new(expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self { expected: expected.into(), actual: actual.into(), habit: None }
    }

    /// The same, as a provider's habit.
    fn by(self, habit: Habit) -> Self {
        Self { habit: Some(habit), ..self }
    }
}

/// Microsoft's own list of what its provisioning service does otherwise.
const ENTRA_FLAG: &str = "Microsoft, SCIM 2.0 protocol compliance of the provisioning service";

fn entra(source: &'static str) -> Habit {
    Habit { provider: Provider::Entra, source }
}

fn okta(source: &'static str) -> Habit {
    Habit { provider: Provider::Okta, source }
}

fn onelogin() -> Habit {
    Habit { provider: Provider::OneLogin, source: "a server log of 2024 (goauthentik/authentik, 11249)" }
}

/// A name from a request as a finding may show it: names of attributes and parameters are short and plain; what is not
/// may be anybody's data.
fn shown(name: &str) -> String {
    const LONGEST: usize = 120;
    let plain = |c: char| c.is_ascii_alphanumeric() || "$-_.:/".contains(c);
    if name.len() <= LONGEST && name.chars().all(plain) { name.to_owned() } else { "an odd name".to_owned() }
}

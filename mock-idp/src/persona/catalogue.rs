//! Which personas there are, their options, and their names: `okta-wizard`, `entra+aadOptscim062020`.

use std::fmt;
use std::str::FromStr;

use super::machine::Machine;
use super::{Persona, entra, okta};

/// A persona, for a list.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonaInfo {
    /// What it is called, e.g. `okta-wizard`.
    pub name: &'static str,
    /// What it stands for.
    pub title: &'static str,
    /// The provider, whose profile judges it: `okta` or `entra`.
    pub provider: &'static str,
    /// The features of /ServiceProviderConfig that it cannot do without: `filter`, `patch`.
    pub needs: &'static [&'static str],
    /// What can be switched, where sources disagree or an administrator chooses.
    pub options: &'static [PersonaOption],
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    OktaWizard,
    OktaCatalog,
    Entra,
}

/// A switch of a persona.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonaOption {
    /// What it is called, e.g. `verify-by-id`.
    pub name: &'static str,
    /// What changes.
    pub what: &'static str,
    /// Who says that this happens.
    pub source: &'static str,
    /// Options that say the opposite.
    pub excludes: &'static [&'static str],
}

/// Every persona.
pub fn catalogue() -> &'static [PersonaInfo] {
    CATALOGUE
}

static CATALOGUE: &[PersonaInfo] = &[
    PersonaInfo {
        name: "okta-wizard",
        title: "Okta, an app made with the App Integration Wizard: GET then PUT",
        provider: "okta",
        needs: &["filter"],
        options: okta::WIZARD_OPTIONS,
        kind: Kind::OktaWizard,
    },
    PersonaInfo {
        name: "okta-catalog",
        title: "Okta, an app of the integration catalogue (OIN): PATCH without path",
        provider: "okta",
        needs: &["filter", "patch"],
        options: okta::CATALOG_OPTIONS,
        kind: Kind::OktaCatalog,
    },
    PersonaInfo {
        name: "entra",
        title: "Microsoft Entra ID: PATCH with a path per attribute, capitalised ops, \"False\" as a string",
        provider: "entra",
        needs: &["filter", "patch"],
        options: entra::OPTIONS,
        kind: Kind::Entra,
    },
];

/// The name of a persona with its options: `base+option+option`. Options are kept in the catalogue's order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonaName {
    info: &'static PersonaInfo,
    options: Vec<&'static str>,
}

impl PersonaName {
    /// The features of /ServiceProviderConfig that the provider cannot do without.
    pub fn needs(&self) -> &'static [&'static str] {
        self.info.needs
    }

    /// The name without options.
    pub fn base(&self) -> &'static str {
        self.info.name
    }

    /// The provider: `okta` or `entra`.
    pub fn provider(&self) -> &'static str {
        self.info.provider
    }

    /// The options.
    pub fn options(&self) -> &[&'static str] {
        &self.options
    }

    /// The persona itself, with no links yet. What it makes up (the user that a connection test asks for) follows
    /// from the seed.
    pub fn build(&self, seed: u64) -> Box<dyn Persona> {
        let options = Options(self.options.clone());
        match self.info.kind {
            Kind::OktaWizard => Box::new(Machine::new(okta::Okta::new(okta::Writes::Put, options))),
            Kind::OktaCatalog => Box::new(Machine::new(okta::Okta::new(okta::Writes::Patch, options))),
            Kind::Entra => Box::new(Machine::new(entra::Entra::new(options, seed))),
        }
    }
}

/// The options that are switched on.
#[derive(Debug, Clone, Default)]
pub(super) struct Options(Vec<&'static str>);

impl Options {
    pub(super) fn has(&self, option: &str) -> bool {
        self.0.contains(&option)
    }
}

/// Not the name of a persona.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PersonaNameError {
    /// No such persona.
    #[error("there is no persona called {given:?}; there are {known}")]
    Unknown {
        /// What was asked for.
        given: String,
        /// What there is.
        known: String,
    },
    /// No such option.
    #[error("the persona {base} has no option {given:?}; it has {known}")]
    UnknownOption {
        /// The persona.
        base: &'static str,
        /// What was asked for.
        given: String,
        /// What there is.
        known: String,
    },
    /// Two options that say the opposite.
    #[error("the options {first:?} and {second:?} of the persona {base} exclude each other")]
    Exclusive {
        /// The persona.
        base: &'static str,
        /// The one.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
}

impl FromStr for PersonaName {
    type Err = PersonaNameError;

    fn from_str(text: &str) -> Result<Self, PersonaNameError> {
        let mut parts = text.split('+');
        let base = parts.next().unwrap_or_default();
        let info =
            CATALOGUE.iter().find(|info| info.name == base).ok_or_else(|| PersonaNameError::Unknown {
                given: base.to_owned(),
                known: CATALOGUE.iter().map(|info| info.name).collect::<Vec<_>>().join(", "),
            })?;
        let asked: Vec<&str> = parts.collect();
        if let Some(given) =
            asked.iter().find(|given| info.options.iter().all(|option| option.name != **given))
        {
            return Err(PersonaNameError::UnknownOption {
                base: info.name,
                given: (*given).to_owned(),
                known: info.options.iter().map(|option| option.name).collect::<Vec<_>>().join(", "),
            });
        }
        let chosen: Vec<_> = info.options.iter().filter(|option| asked.contains(&option.name)).collect();
        for option in &chosen {
            if let Some(other) = chosen.iter().find(|other| option.excludes.contains(&other.name)) {
                let (first, second) = (option.name, other.name);
                return Err(PersonaNameError::Exclusive { base: info.name, first, second });
            }
        }
        Ok(Self { info, options: chosen.iter().map(|option| option.name).collect() })
    }
}

impl fmt::Display for PersonaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info.name)?;
        self.options.iter().try_for_each(|option| write!(f, "+{option}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_carries_its_options_in_the_catalogues_order() {
        let name: PersonaName = "okta-wizard+verify-by-id+plus+plus".parse().unwrap();
        assert_eq!(name.to_string(), "okta-wizard+plus+verify-by-id");
        assert_eq!((name.base(), name.provider()), ("okta-wizard", "okta"));
        assert_eq!(name.to_string().parse(), Ok(name));
    }

    #[test]
    fn every_persona_builds_with_every_option_and_exclusion_works_both_ways() {
        for info in catalogue() {
            for option in info.options {
                let name: PersonaName = format!("{}+{}", info.name, option.name).parse().unwrap();
                assert!(name.build(1).logged().is_empty());
                for other in option.excludes {
                    for both in [[option.name, other], [other, option.name]] {
                        let text = format!("{}+{}", info.name, both.join("+"));
                        assert!(
                            matches!(text.parse::<PersonaName>(), Err(PersonaNameError::Exclusive { .. })),
                            "{text}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn what_there_is_not_is_answered_with_what_there_is() {
        assert_eq!(
            "octa".parse::<PersonaName>().unwrap_err().to_string(),
            "there is no persona called \"octa\"; there are okta-wizard, okta-catalog, entra"
        );
        let error = "entra+fast".parse::<PersonaName>().unwrap_err().to_string();
        assert!(
            error.starts_with("the persona entra has no option \"fast\"; it has aadOptscim062020, "),
            "{error}"
        );
    }
}

//! `scimspec.toml`: a target, its secrets and its access probes. Secrets are named by environment variable or file,
//! never written in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::OtherTenant;
use crate::access::administrator::RawAdministrator;
use crate::access::{Probe, ProbeError, Probes};
use crate::json::template::TemplateError;
use crate::secrets::Secrets;

/// How long revocation may take where nothing is said.
pub const DEFAULT_WITHIN: Duration = Duration::from_secs(5);

/// A configuration, read and resolved.
#[derive(Debug)]
pub struct Config {
    /// `[target]`.
    pub target: TargetSection,
    /// `[access]`, `[account]` and `[administrator]`.
    pub probes: Probes,
    /// The password of everybody whom `record --observe` tries, from `[observe]`; none: the one that the provider sends.
    pub observed_password: Option<SecretString>,
}

/// `[target]`.
#[derive(Debug, Default)]
pub struct TargetSection {
    /// The base URL.
    pub url: Option<Url>,
    /// The bearer token.
    pub token: Option<SecretString>,
    /// A certificate in PEM that is trusted besides the system's: of a private authority, or self-signed.
    pub ca: Option<Vec<u8>>,
    /// The providers that the target claims to work with.
    pub idps: Vec<String>,
    /// The profile to judge by.
    pub profile: Option<String>,
    /// The target's known failures, a file beside the configuration.
    pub baseline: Option<PathBuf>,
    /// `[target.other-tenant]`.
    pub other_tenant: Option<OtherTenant>,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML, or keys that there are not.
    #[error("{path}:{place} {message}", path = path.display())]
    Toml {
        /// Which file.
        path: PathBuf,
        /// The line and column, or the table.
        place: String,
        /// What is wrong, without the line itself: it may hold a secret.
        message: String,
    },
    /// A secret whose source is empty.
    #[error("the {what} comes from {from}, which is not set or empty: set it and run again")]
    NoSecret {
        /// Which secret.
        what: String,
        /// Its source.
        from: String,
    },
    /// A length of time that is none.
    #[error("{place} = {value:?} is no length of time: write \"5s\" or \"500ms\"")]
    Duration {
        /// Which key.
        place: String,
        /// What stands there.
        value: String,
    },
    /// A URL that is none, or no HTTP one.
    #[error("{place} = {value:?} is no http or https URL{why}")]
    Url {
        /// Which key.
        place: String,
        /// What stands there.
        value: String,
        /// More, if known.
        why: String,
    },
    /// A provider that there is not.
    #[error("[target] idps: there is no provider {0:?}; there are: okta, entra")]
    NoProvider(String),
    /// An access probe, or requests beside it, that cannot be.
    #[error("[{table}]: {source}")]
    Probe {
        /// The table in which it stands.
        table: String,
        /// What is wrong.
        source: ProbeError,
    },
    /// A template in it.
    #[error("{place}: {source}")]
    Template {
        /// Where.
        place: String,
        /// What is wrong.
        source: TemplateError,
    },
}

/// Where a secret comes from. It never stands in the file itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file; only its text counts, not the white space around it.
    File(PathBuf),
}

/// A secret whose source is none. Does not repeat what stands there: it may be the secret.
#[derive(Debug, thiserror::Error)]
#[error("a secret is named by its source: write {{ env = \"VARIABLE\" }} or {{ file = \"path\" }}")]
pub struct NoSource;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    target: RawTarget,
    #[serde(default)]
    secrets: BTreeMap<String, SecretSource>,
    #[serde(default)]
    access: toml::Table,
    account: Option<crate::access::RawAccount>,
    administrator: Option<RawAdministrator>,
    #[serde(default)]
    observe: RawObserve,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawObserve {
    password: Option<SecretSource>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTarget {
    url: Option<String>,
    token: Option<SecretSource>,
    ca: Option<PathBuf>,
    #[serde(default)]
    idps: Vec<String>,
    profile: Option<String>,
    baseline: Option<PathBuf>,
    #[serde(rename = "other-tenant")]
    other_tenant: Option<RawOtherTenant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOtherTenant {
    url: Option<String>,
    token: SecretSource,
}

impl Config {
    /// Reads a configuration file. Files that it names are looked for beside it.
    pub fn read(path: &Path, secrets: &Secrets) -> Result<Self, ConfigError> {
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Io { path: path.to_owned(), source })?;
        Self::parse(&text, path, secrets)
    }

    /// The same from a text.
    pub fn parse(text: &str, path: &Path, secrets: &Secrets) -> Result<Self, ConfigError> {
        let beside = path.parent().unwrap_or(Path::new("."));
        let toml = |place: String, error: &toml::de::Error| ConfigError::Toml {
            path: path.to_owned(),
            place,
            message: error.message().to_owned(),
        };
        let file: File = toml::from_str(text).map_err(|error| toml(place_of(&error, text), &error))?;
        let target = file.target.resolve(beside, secrets)?;
        let mut named = BTreeMap::new();
        for (name, source) in &file.secrets {
            named.insert(name.clone(), source.read(&format!("secret {name:?}"), beside, secrets)?);
        }
        let mut within = DEFAULT_WITHIN;
        let mut probes = Vec::new();
        for (name, value) in file.access {
            if name == "within" {
                let text = value.as_str().unwrap_or_default();
                within = duration(text).ok_or_else(|| ConfigError::Duration {
                    place: "[access] within".to_owned(),
                    value: value.to_string(),
                })?;
                continue;
            }
            let raw = value.try_into().map_err(|error| toml(format!(" [access.{name}]:"), &error))?;
            let probe = Probe::new(&name, raw, beside)
                .map_err(|source| ConfigError::Probe { table: format!("access.{name}"), source })?;
            probes.push(probe);
        }
        let in_table = |table: &str| {
            let table = table.to_owned();
            move |source| ConfigError::Probe { table, source }
        };
        let account = file.account.map(|raw| raw.resolve().map_err(in_table("account"))).transpose()?;
        let administrator = file.administrator.map(|raw| raw.resolve().map_err(in_table("administrator")));
        let administrator = administrator.transpose()?.unwrap_or_default();
        let password = file.observe.password;
        let observed_password =
            password.map(|source| source.read("password of [observe]", beside, secrets)).transpose()?;
        let probes = Probes { within, probes, account, administrator, secrets: named };
        Ok(Self { target, probes, observed_password })
    }
}

impl RawTarget {
    fn resolve(self, beside: &Path, secrets: &Secrets) -> Result<TargetSection, ConfigError> {
        let url = self.url.map(|url| http_url("[target] url", &url)).transpose()?;
        let token = self.token.map(|source| source.read("token of [target]", beside, secrets)).transpose()?;
        if let Some(unknown) = self.idps.iter().find(|idp| !matches!(idp.as_str(), "okta" | "entra")) {
            return Err(ConfigError::NoProvider(unknown.clone()));
        }
        let read = |file: PathBuf| {
            let path = beside.join(file);
            fs::read(&path).map_err(|source| ConfigError::Io { path, source })
        };
        let ca = self.ca.map(read).transpose()?;
        let baseline = self.baseline.map(|file| beside.join(file));
        let other = |raw: RawOtherTenant| {
            let url = raw.url.map(|url| http_url("[target.other-tenant] url", &url)).transpose()?;
            let token = raw.token.read("token of [target.other-tenant]", beside, secrets)?;
            Ok(OtherTenant { url, token })
        };
        let other_tenant = self.other_tenant.map(other).transpose()?;
        Ok(TargetSection { url, token, ca, idps: self.idps, profile: self.profile, baseline, other_tenant })
    }
}

impl TryFrom<toml::Value> for SecretSource {
    type Error = NoSource;

    fn try_from(value: toml::Value) -> Result<Self, NoSource> {
        let table = value.as_table().filter(|table| table.len() == 1).ok_or(NoSource)?;
        let text = |key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        match (text("env"), text("file")) {
            (Some(variable), _) => Ok(Self::Env(variable)),
            (_, Some(file)) => Ok(Self::File(PathBuf::from(file))),
            _ => Err(NoSource),
        }
    }
}

impl SecretSource {
    /// Reads the secret and makes it known to the scrubber.
    fn read(&self, what: &str, beside: &Path, secrets: &Secrets) -> Result<SecretString, ConfigError> {
        let (value, from) = match self {
            Self::Env(variable) => {
                (env::var(variable).unwrap_or_default(), format!("the environment variable {variable}"))
            }
            Self::File(file) => {
                let path = beside.join(file);
                let text = fs::read_to_string(&path)
                    .map_err(|source| ConfigError::Io { path: path.clone(), source })?;
                (text, format!("the file {}", path.display()))
            }
        };
        let value = value.trim();
        if value.is_empty() {
            return Err(ConfigError::NoSecret { what: what.to_owned(), from });
        }
        secrets.add(value);
        Ok(SecretString::from(value))
    }
}

/// `LINE:COLUMN:` of an error, from 1.
fn place_of(error: &toml::de::Error, text: &str) -> String {
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return String::new() };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{line}:{column}:")
}

/// The bearer token from an environment variable.
pub fn token_from_env(variable: &str, secrets: &Secrets) -> Result<SecretString, ConfigError> {
    SecretSource::Env(variable.to_owned()).read("token", Path::new("."), secrets)
}

/// An http or https URL; user information in it would be a secret on a command line, so it is refused.
pub fn http_url(place: &str, text: &str) -> Result<Url, ConfigError> {
    let refuse = |why: String| ConfigError::Url { place: place.to_owned(), value: text.to_owned(), why };
    let url = Url::parse(text).map_err(|error| refuse(format!(": {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(refuse(String::new()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let place = place.to_owned();
        let why = ": it holds a user name or password; take them out and use --token-env".to_owned();
        return Err(ConfigError::Url { place, value: "http://…@…".to_owned(), why });
    }
    Ok(url)
}

/// A length of time: `5s`, `500ms`, `2m`.
pub fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    match text[digits..].trim() {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
}

//! Which store a server is to have, as it is written on a command line, and what is behind the choice.

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc};

use thiserror::Error;

use super::{MemoryStore, MemoryTokens, Notes, OpenError, PostgresStore, SqliteStore, Store, TokenStore};
use crate::accounts::{Accounts, MemoryAccounts};

/// Which store a server has: `memory`, `sqlite:FILE` or `postgres://...`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StoreChoice {
    /// In memory: gone when the server ends.
    #[default]
    Memory,
    /// In a SQLite file, for one server.
    Sqlite(PathBuf),
    /// In the PostgreSQL database at this URL, for any number of servers.
    Postgres(String),
}

/// Not a store.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreChoiceError {
    /// Neither of the three.
    #[error("{0:?} is no store: write memory, sqlite:FILE or postgres://USER@HOST/DATABASE")]
    Unknown(String),
    /// A file without a name.
    #[error("sqlite: needs the name of a file behind it: sqlite:FILE")]
    NoFile,
    /// A secret where everybody who lists processes reads it.
    #[error(
        "the password must not stand in the URL, where others can read it: put it into the environment variable PGPASSWORD or the file ~/.pgpass"
    )]
    Password,
}

impl FromStr for StoreChoice {
    type Err = StoreChoiceError;

    fn from_str(text: &str) -> Result<Self, StoreChoiceError> {
        if text == "memory" {
            return Ok(Self::Memory);
        }
        if let Some(file) = text.strip_prefix("sqlite:") {
            let named = !file.is_empty();
            return if named { Ok(Self::Sqlite(file.into())) } else { Err(StoreChoiceError::NoFile) };
        }
        let Some((scheme @ ("postgres" | "postgresql"), rest)) = text.split_once("://") else {
            return Err(StoreChoiceError::Unknown(scheme_only(text)));
        };
        let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
        let user = authority.split('/').next().unwrap_or_default().rsplit_once('@').map(|(user, _)| user);
        let in_query = |pair: &str| pair.split('=').next().is_some_and(|name| name == "password");
        if user.is_some_and(|user| user.contains(':')) || query.split('&').any(in_query) {
            return Err(StoreChoiceError::Password);
        }
        Ok(Self::Postgres(format!("{scheme}://{rest}")))
    }
}

impl fmt::Display for StoreChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Sqlite(file) => write!(f, "sqlite:{}", file.display()),
            Self::Postgres(url) => f.write_str(url),
        }
    }
}

/// A store with all that belongs to it: what outlives the process does so with the rest.
#[derive(Clone)]
pub struct Opened {
    /// The resources.
    pub store: Arc<dyn Store>,
    /// The accounts behind them.
    pub accounts: Arc<dyn Accounts>,
    /// The tokens of the identity providers.
    pub tokens: Arc<dyn TokenStore>,
    /// What a front keeps of its own; nothing where nothing outlives the process.
    pub notes: Option<Arc<dyn Notes>>,
}

impl StoreChoice {
    /// Opens it, with its tables brought up to date.
    pub(crate) async fn open(&self) -> Result<Opened, OpenError> {
        Ok(match self {
            Self::Memory => Opened::in_memory(),
            Self::Sqlite(file) => SqliteStore::open(file).await?.into(),
            Self::Postgres(url) => PostgresStore::open(url).await?.into(),
        })
    }
}

impl Opened {
    /// Nothing yet, and nothing that lasts.
    pub fn in_memory() -> Self {
        Self {
            store: Arc::new(MemoryStore::default()),
            accounts: Arc::new(MemoryAccounts::default()),
            tokens: Arc::new(MemoryTokens::default()),
            notes: None,
        }
    }
}

impl From<SqliteStore> for Opened {
    fn from(store: SqliteStore) -> Self {
        let (accounts, store) = (store.accounts(), Arc::new(store));
        Self { accounts, tokens: Arc::clone(&store) as _, notes: Some(Arc::clone(&store) as _), store }
    }
}

impl From<PostgresStore> for Opened {
    fn from(store: PostgresStore) -> Self {
        let (accounts, store) = (store.accounts(), Arc::new(store));
        Self { accounts, tokens: Arc::clone(&store) as _, notes: Some(Arc::clone(&store) as _), store }
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened")
    }
}

/// What may be repeated of a text that is no store: if it is a URL of another kind, there may be a secret in it.
fn scheme_only(text: &str) -> String {
    text.split_once("://").map_or_else(|| text.to_owned(), |(scheme, _)| format!("{scheme}://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<StoreChoice, StoreChoiceError> {
        text.parse()
    }

    #[test]
    fn a_store_is_written_as_it_is_read() {
        for text in
            ["memory", "sqlite:people.db", "sqlite:/var/lib/x y.db", "postgres://scim@db.example.com/x"]
        {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_store_is_told_what_is() {
        for text in ["", "redis", "sqlite", "postgres", "mysql://ada:hush@example.com"] {
            let error = parse(text).unwrap_err();
            assert!(matches!(error, StoreChoiceError::Unknown(_)), "{error}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
        assert_eq!(parse("sqlite:"), Err(StoreChoiceError::NoFile));
    }

    #[test]
    fn a_password_is_not_taken_from_a_command_line() {
        for text in [
            "postgres://ada:hush@example.com/x",
            "postgresql://ada:@example.com",
            "postgres:///x?host=/run&password=hush",
        ] {
            assert_eq!(parse(text), Err(StoreChoiceError::Password));
        }
        assert!(parse("postgres://[::1]:5432/x").is_ok());
        assert!(parse("postgres://ada@[::1]:5432/x?host=a:b").is_ok());
    }
}

//! Which protocol a server speaks: its schemas and resource types, its rules where the RFCs leave a choice, and
//! the clock that its cursors run out by. Where it listens and what it keeps is the configuration's.

use std::{fmt, sync::Arc};

use crate::{
    scim::{Registry, Rules, schema::DefinitionError},
    store::Timestamp,
};

/// What a server speaks. The default is RFC 7643 and RFC 7644 with the core schemas.
#[derive(Debug, Clone)]
pub struct Protocol {
    /// Where the RFCs leave a choice or a profile takes it away.
    pub rules: &'static Rules,
    /// The schemas and the resource types that are served.
    pub registry: Arc<Registry>,
    /// By what time cursors expire.
    pub clock: Clock,
}

/// Where the present time comes from, so that a test need not wait for it to pass.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Protocol {
    /// The protocol under these rules, with the core schemas and those of the given definition files (what the
    /// file is called, its text; [`Registry::extended`] tells the form).
    pub fn new(rules: &'static Rules, definitions: &[(String, String)]) -> Result<Self, DefinitionError> {
        let mut registry = Registry::clone(&Registry::core());
        for (name, text) in definitions {
            registry = registry.extended(name, text)?;
        }
        Ok(Self { rules, registry: Arc::new(registry.under(rules)), clock: Clock::system() })
    }
}

impl Default for Protocol {
    fn default() -> Self {
        Self { rules: &Rules::RFC, registry: Registry::core(), clock: Clock::system() }
    }
}

impl Clock {
    /// The clock of the system.
    pub fn system() -> Self {
        Self::new(Timestamp::now)
    }

    /// A clock of one's own.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

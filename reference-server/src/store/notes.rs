//! Where a front keeps what it knows beyond resources and accounts: small texts under names, a notebook of them for
//! each tenant, which changes as a whole. What the texts mean is the front's.

use std::collections::BTreeMap;

#[cfg(doc)]
use super::StoreError;
use super::{Answer, TenantId, Version};

/// The notebooks of all tenants. Only where something outlives the process is there anything to be kept.
pub trait Notes: Send + Sync + 'static {
    /// The notebook of a tenant, unless it is still at the version that the caller has seen. One in which nothing
    /// was ever written is at version 0.
    fn read_since<'a>(&'a self, tenant: &'a TenantId, seen: Version) -> Answer<'a, Option<Notebook>>;

    /// Writes the changes (a text, or nothing to take the note out), all or none, if the notebook is at this
    /// version; returns the next one. Else [`StoreError::Conflict`].
    fn write<'a>(
        &'a self,
        tenant: &'a TenantId,
        expected: Version,
        changes: &'a NoteChanges,
    ) -> Answer<'a, Version>;
}

/// What is written under which name.
pub type NoteTexts = BTreeMap<String, String>;

/// What is to be written under which name, or taken out.
pub type NoteChanges = BTreeMap<String, Option<String>>;

/// All notes of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notebook {
    /// Goes up with every change.
    pub version: Version,
    /// The notes.
    pub notes: NoteTexts,
}

//! Where a front keeps what it knows beyond resources and accounts: small texts under names, a notebook of them for
//! each tenant, which changes as a whole. What the texts mean is the front's.

use std::{
    collections::{BTreeMap, HashMap},
    future::ready,
    sync::{Mutex, PoisonError},
};

use super::{Answer, StoreError, TenantId, Version};

/// The notebooks of all tenants.
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

impl Notebook {
    /// One in which nothing was ever written.
    pub fn empty() -> Self {
        Self { version: Version(0), notes: NoteTexts::new() }
    }
}

/// Notebooks in memory.
#[derive(Debug, Default)]
pub struct MemoryNotes(Mutex<HashMap<TenantId, Notebook>>);

impl MemoryNotes {
    fn read(&self, tenant: &TenantId, seen: Version) -> Option<Notebook> {
        let books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        books.get(tenant).filter(|book| book.version != seen).cloned()
    }

    fn change(
        &self,
        tenant: &TenantId,
        expected: Version,
        changes: &NoteChanges,
    ) -> Result<Version, StoreError> {
        let mut books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let book = books.entry(tenant.clone()).or_insert_with(Notebook::empty);
        if book.version != expected {
            return Err(StoreError::Conflict { current: book.version });
        }
        for (name, text) in changes {
            match text {
                Some(text) => _ = book.notes.insert(name.clone(), text.clone()),
                None => _ = book.notes.remove(name),
            }
        }
        book.version = Version(expected.0 + 1);
        Ok(book.version)
    }
}

impl Notes for MemoryNotes {
    fn read_since<'a>(&'a self, tenant: &'a TenantId, seen: Version) -> Answer<'a, Option<Notebook>> {
        Box::pin(ready(Ok(self.read(tenant, seen))))
    }

    fn write<'a>(
        &'a self,
        tenant: &'a TenantId,
        expected: Version,
        changes: &'a NoteChanges,
    ) -> Answer<'a, Version> {
        Box::pin(ready(self.change(tenant, expected, changes)))
    }
}

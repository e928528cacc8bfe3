//! An instance over a store that outlives the process: its parts as notes, written where they have changed and read
//! back where another server has changed them. What the parts mean is `instance`'s.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Generation, SamlIdentity, Settings,
    group_sync::{Group, SamlGroupLink},
    instance::{Instance, SamlLogin, ScimIdentity, UserId},
    user::User,
};
use crate::{
    accounts::Event,
    store::{
        NoteChanges, NoteTexts, Notebook, Notes, ResourceId, Store, StoreError, TenantId, Turn, Version,
    },
};

/// Where the parts of an instance are kept.
pub(super) struct Keeper {
    notes: Arc<dyn Notes>,
    store: Arc<dyn Store>,
    tenant: TenantId,
    seen: Version,
    texts: NoteTexts,
}

/// A version that no notebook ever has: whatever is kept has to be read.
const NOT_SEEN: Version = Version(u64::MAX);

/// What an instance knows beside its lists.
#[derive(Serialize, Deserialize)]
struct Rest {
    generation: Generation,
    saml_identity: SamlIdentity,
    settings: Settings,
    sync_is_due: bool,
    next: UserId,
}

/// A group with its path.
#[derive(Serialize, Deserialize)]
struct KeptGroup {
    path: String,
    group: Group,
}

impl Keeper {
    /// Keeps the parts of the tenant's instance here.
    pub(super) fn new(notes: Arc<dyn Notes>, store: Arc<dyn Store>, tenant: TenantId) -> Self {
        Self { notes, store, tenant, seen: NOT_SEEN, texts: NoteTexts::new() }
    }

    /// Waits until no other server has a turn at the instance.
    pub(super) async fn turn(&self) -> Result<Turn, StoreError> {
        self.store.turn(&self.tenant, ResourceId::nil()).await
    }

    /// The instance as others have left it, if that is not what was seen last.
    pub(super) async fn read(&mut self) -> Result<Option<Instance>, StoreError> {
        let Some(Notebook { version, notes }) = self.notes.read_since(&self.tenant, self.seen).await? else {
            return Ok(None);
        };
        self.seen = version;
        self.texts = notes;
        if self.texts.is_empty() { Ok(None) } else { instance(&self.texts).map(Some) }
    }

    /// Forgets what was seen, until [`Keeper::write`] has come to its end: should it not, what is in memory is not
    /// what is kept.
    pub(super) fn distrust(&mut self) -> Version {
        std::mem::replace(&mut self.seen, NOT_SEEN)
    }

    /// Writes what is different now; `seen` is what was seen before.
    pub(super) async fn write(&mut self, instance: &Instance, seen: Version) -> Result<(), StoreError> {
        let texts = texts(instance)?;
        let gone = self.texts.keys().filter(|name| !texts.contains_key(*name));
        let mut changes: NoteChanges = gone.map(|name| (name.clone(), None)).collect();
        for (name, text) in &texts {
            if self.texts.get(name) != Some(text) {
                changes.insert(name.clone(), Some(text.clone()));
            }
        }
        self.seen =
            if changes.is_empty() { seen } else { self.notes.write(&self.tenant, seen, &changes).await? };
        self.texts = texts;
        Ok(())
    }
}

/// An instance as notes. Names hold nothing that a client wrote; places in lists are their order.
fn texts(instance: &Instance) -> Result<NoteTexts, StoreError> {
    let mut texts = NoteTexts::new();
    let rest = Rest {
        generation: instance.generation,
        saml_identity: instance.saml_identity,
        settings: instance.settings,
        sync_is_due: instance.sync_is_due,
        next: instance.next,
    };
    texts.insert("instance".to_owned(), text(&rest)?);
    for (id, user) in &instance.users {
        texts.insert(numbered("user", *id), text(user)?);
    }
    for (path, group) in &instance.groups {
        let name = format!("group/{}", group.resource);
        texts.insert(name, text(&KeptGroup { path: path.clone(), group: group.clone() })?);
    }
    for (uid, members) in &instance.scim_groups {
        texts.insert(format!("scim-group/{uid}"), text(members)?);
    }
    list(&mut texts, "identity", &instance.identities)?;
    list(&mut texts, "saml", &instance.saml)?;
    list(&mut texts, "link", &instance.links)?;
    list(&mut texts, "news", instance.news())?;
    Ok(texts)
}

/// An instance out of its notes.
fn instance(texts: &NoteTexts) -> Result<Instance, StoreError> {
    let rest: Rest = read(texts.get("instance").map_or("", String::as_str))?;
    let mut instance = Instance::new(rest.generation, rest.settings, rest.saml_identity);
    (instance.next, instance.sync_is_due) = (rest.next, rest.sync_is_due);
    for (name, text) in below(texts, "user") {
        let id = name.parse().map_err(|_| unreadable())?;
        instance.users.insert(id, read::<User>(text)?);
    }
    for (_, text) in below(texts, "group") {
        let KeptGroup { path, group } = read(text)?;
        instance.groups.insert(path, group);
    }
    for (uid, text) in below(texts, "scim-group") {
        instance.scim_groups.insert(uid.to_owned(), read(text)?);
    }
    instance.identities = listed::<ScimIdentity>(texts, "identity")?;
    instance.saml = listed::<SamlLogin>(texts, "saml")?;
    instance.links = listed::<SamlGroupLink>(texts, "link")?;
    for event in listed::<Event>(texts, "news")? {
        instance.tell(event);
    }
    Ok(instance)
}

fn list(texts: &mut NoteTexts, kind: &str, parts: &[impl Serialize]) -> Result<(), StoreError> {
    for (place, part) in (0..).zip(parts) {
        texts.insert(numbered(kind, place), text(part)?);
    }
    Ok(())
}

fn listed<T: DeserializeOwned>(texts: &NoteTexts, kind: &str) -> Result<Vec<T>, StoreError> {
    below(texts, kind).map(|(_, text)| read(text)).collect()
}

/// Numbers in the order of their names.
fn numbered(kind: &str, number: u64) -> String {
    format!("{kind}/{number:020}")
}

fn below<'a>(texts: &'a BTreeMap<String, String>, kind: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let prefix = format!("{kind}/");
    texts.iter().filter_map(move |(name, text)| Some((name.strip_prefix(&prefix)?, text.as_str())))
}

fn text(part: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(part).map_err(|error| StoreError::Failed(error.to_string()))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| unreadable())
}

fn unreadable() -> StoreError {
    StoreError::Failed("what is kept of the GitLab instance cannot be read".to_owned())
}

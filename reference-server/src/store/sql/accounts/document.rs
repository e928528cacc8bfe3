//! An account as the text that is kept of it: all that hangs on it, the hashes of its credentials included.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    accounts::{
        AccountId, AccountsError, Credential, CredentialId, Held, Origin, PasswordHash, Roll, State, Via,
    },
    store::ResourceId,
    token::TokenHash,
};

#[derive(Serialize, Deserialize)]
struct Document {
    origin: KeptOrigin,
    user_name: Box<str>,
    external_id: Option<Box<str>>,
    saml_name_id: Option<Box<str>>,
    active_in_scim: bool,
    blocked_by_administrator: bool,
    administrator: bool,
    password: Option<PasswordHash>,
    credentials: Vec<KeptCredential>,
    groups: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeptOrigin {
    Administrator,
    Scim,
}

#[derive(Serialize, Deserialize)]
struct KeptCredential {
    id: CredentialId,
    via: String,
    signing_in: Option<CredentialId>,
    hash: TokenHash,
}

/// The text of an account of the roll.
pub(in super::super) fn kept(roll: &Roll, held: &Held) -> Result<String, AccountsError> {
    let credentials = held.credentials.iter().filter_map(|id| Some((*id, roll.credentials.get(id)?)));
    let document = Document {
        origin: match held.origin {
            Origin::Administrator => KeptOrigin::Administrator,
            Origin::Scim => KeptOrigin::Scim,
        },
        user_name: held.user_name.clone(),
        external_id: held.external_id.clone(),
        saml_name_id: held.saml_name_id.clone(),
        active_in_scim: held.state.is_active_in_scim(),
        blocked_by_administrator: held.state.is_blocked_by_administrator(),
        administrator: held.administrator,
        password: held.password.clone(),
        credentials: credentials
            .map(|(id, credential)| KeptCredential {
                id,
                via: credential.via.name().to_owned(),
                signing_in: credential.signing_in,
                hash: credential.hash.clone(),
            })
            .collect(),
        groups: held.groups.iter().map(ToString::to_string).collect(),
    };
    serde_json::to_string(&document).map_err(|error| AccountsError::Failed(error.to_string()))
}

/// Puts the account that the text tells of into the roll.
pub(in super::super) fn read(
    roll: &mut Roll,
    id: AccountId,
    resource: Uuid,
    text: &str,
) -> Result<(), AccountsError> {
    let document: Document = serde_json::from_str(text).map_err(|_| unreadable(id))?;
    let mut credentials = Vec::new();
    for kept in document.credentials {
        let via = [Via::Session, Via::Refresh, Via::Token].into_iter().find(|via| via.name() == kept.via);
        let via = via.ok_or_else(|| unreadable(id))?;
        credentials.push(kept.id);
        let credential = Credential { account: id, via, signing_in: kept.signing_in, hash: kept.hash };
        roll.credentials.insert(kept.id, credential);
    }
    let groups = document.groups.iter().map(|group| ResourceId::parse(group).ok_or_else(|| unreadable(id)));
    let held = Held {
        origin: match document.origin {
            KeptOrigin::Administrator => Origin::Administrator,
            KeptOrigin::Scim => Origin::Scim,
        },
        resource: resource.into(),
        user_name: document.user_name,
        external_id: document.external_id,
        saml_name_id: document.saml_name_id,
        state: State::of(document.active_in_scim, document.blocked_by_administrator),
        administrator: document.administrator,
        password: document.password,
        credentials,
        groups: groups.collect::<Result<_, _>>()?,
    };
    roll.by_resource.insert(held.resource, id);
    roll.accounts.insert(id, Box::new(held));
    Ok(())
}

fn unreadable(id: AccountId) -> AccountsError {
    AccountsError::Failed(format!("what is kept of the account {id} cannot be read"))
}

//! What the application's own administrator does outside SCIM, as `[administrator]` of the configuration tells it. Which
//! story asks for what is the runner's.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ProbeError, ProbeRequest, RawRequest, requests};
use crate::scenario::acts::AdministratorAct;

/// What the administrator can be made to do.
#[derive(Debug, Clone, Default)]
pub struct Administrator {
    acts: BTreeMap<AdministratorAct, Vec<ProbeRequest>>,
    /// Whether nobody administers the application but whom a story makes an administrator: only then is somebody the last.
    pub only: bool,
}

/// `[administrator]` as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAdministrator {
    #[serde(default)]
    only: bool,
    block: Option<Vec<RawRequest>>,
    unblock: Option<Vec<RawRequest>>,
    promote: Option<Vec<RawRequest>>,
    demote: Option<Vec<RawRequest>>,
}

impl RawAdministrator {
    /// Reads the requests. Who can be made an administrator must cease to be one, or could be left behind as the last whom
    /// nobody may remove.
    pub fn resolve(self) -> Result<Administrator, ProbeError> {
        if self.promote.is_some() != self.demote.is_some() {
            return Err(ProbeError::OneWay);
        }
        let told = [
            (AdministratorAct::Block, self.block),
            (AdministratorAct::Unblock, self.unblock),
            (AdministratorAct::Promote, self.promote),
            (AdministratorAct::Demote, self.demote),
        ];
        let mut acts = BTreeMap::new();
        for (act, raw) in told {
            let Some(raw) = raw else { continue };
            if raw.is_empty() {
                return Err(ProbeError::NoRequest(act.word()));
            }
            acts.insert(act, requests(raw)?);
        }
        Ok(Administrator { acts, only: self.only })
    }
}

impl Administrator {
    /// Whether it is told how the act is done.
    pub fn can(&self, act: AdministratorAct) -> bool {
        self.acts.contains_key(&act)
    }

    /// The requests that do it; none if it is not told.
    pub(super) fn requests(&self, act: AdministratorAct) -> &[ProbeRequest] {
        self.acts.get(&act).map_or(&[], Vec::as_slice)
    }
}

//! What an Entra administrator reads in the provisioning log: what failed, the error code of Microsoft's list
//! ("Provisioning logs: error codes"), and the response.

use super::Stage;
use super::groups::GroupStep;
use super::people::PersonStep;
use crate::exchange::{Answer, Broken};
use crate::persona::Failure;
use crate::persona::machine::Trouble;
use crate::persona::reading::{reason, shortened};

/// Microsoft, Quarantine status: a server that breaks the protocol.
const INCOMPATIBLE: &str = "SystemForCrossDomainIdentityManagementServiceIncompatible";

pub(super) fn refused(stage: &Stage, answer: &Answer) -> Trouble {
    let body = String::from_utf8_lossy(&answer.body);
    let why = format!(
        "StatusCode: {} Message: Processing of the HTTP request resulted in an exception. Web Response: {}",
        reason(answer.status),
        shortened(body.trim()),
    );
    Trouble {
        text: failed(stage, &code(stage, answer.status), &why),
        kind: Failure::Refused { status: answer.status },
    }
}

pub(super) fn unusable(stage: &Stage, why: &str) -> Trouble {
    let why = format!("The provisioning service cannot parse the response from the application: {why}");
    Trouble { text: failed(stage, INCOMPATIBLE, &why), kind: Failure::Unusable }
}

pub(super) fn ambiguous(stage: &Stage, why: &str) -> Trouble {
    Trouble { text: failed(stage, "DuplicateTargetEntries", why), kind: Failure::Unusable }
}

pub(super) fn unreachable(stage: &Stage, broken: Broken) -> Trouble {
    let code = if matches!(broken, Broken::Timeout(_)) { "Timeout" } else { "WebExceptionProtocolError" };
    let text = failed(stage, code, &format!("{broken}. This operation will be retried in the next cycle."));
    Trouble { text, kind: Failure::Unreachable(broken) }
}

pub(super) fn rate_limited(stage: &Stage, when: &str) -> Trouble {
    Trouble {
        text: failed(stage, "TooManyRequests", &format!("StatusCode: Too Many Requests ({when})")),
        kind: Failure::RateLimited,
    }
}

fn failed(stage: &Stage, code: &str, why: &str) -> String {
    let what = match stage {
        Stage::ProbeUsers(_) | Stage::ProbeGroups(_) => {
            return format!(
                "The connection could not be tested. Error code: {code}. Details: We received this unexpected \
                 response from your application: {why}"
            );
        }
        Stage::Schemas => "read the schemas".to_owned(),
        Stage::Person(subject, step) => {
            let verb = match step {
                PersonStep::Match(_) => "match",
                PersonStep::Create { .. } => "create",
                PersonStep::Read { .. } => "import",
                PersonStep::CheckManager { .. } | PersonStep::Patch { .. } => "update",
                PersonStep::Delete { .. } => "delete",
            };
            format!("{verb} User '{}'", subject.user_name)
        }
        Stage::Group(group, step) => {
            let verb = match step {
                GroupStep::Find => "match",
                GroupStep::Create => "create",
                GroupStep::Read { .. } => "import",
                GroupStep::Patch { .. } | GroupStep::Members { .. } => "update",
                GroupStep::Delete { .. } => "delete",
            };
            format!("{verb} Group '{}'", group.display_name)
        }
    };
    format!("Failed to {what}. Error code: {code}. {why}")
}

fn code(stage: &Stage, status: u16) -> String {
    let probe = matches!(stage, Stage::ProbeUsers(_) | Stage::ProbeGroups(_));
    let query = matches!(
        stage,
        Stage::ProbeUsers(_)
            | Stage::ProbeGroups(_)
            | Stage::Person(_, PersonStep::Match(_))
            | Stage::Group(_, GroupStep::Find)
    );
    match status {
        401 if probe => "CredentialValidationUnavailable",
        401 => "SystemForCrossDomainIdentityManagementCredentialValidationFailure",
        403 => "InsufficientRights",
        // A query without a match must be answered 200 with an empty list.
        404 if query => INCOMPATIBLE,
        405 => "MethodNotAllowed",
        409 => "EntryConflict",
        _ => return reason(status).replace(' ', ""),
    }
    .to_owned()
}

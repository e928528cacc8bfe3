//! The look at a target before anything else: can it be reached, does it let us in, does it speak SCIM, and what does
//! it say it can do. Each discovery endpoint may be missing; a capability that nobody states is tried.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use scimspec_mock_idp::directory::Person;
use scimspec_mock_idp::exchange::{Answer, Broken, Exchange, Origin, Request, Wire};
use serde_json::Value;

use super::Target;
use super::published::Published;
use crate::access::Opens;
use crate::scenario::model::AdministratorAct;

/// What the target says it can do.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about the target's configuration"
)]
pub struct Capabilities {
    /// The `supported` flags of /ServiceProviderConfig.
    features: BTreeMap<String, bool>,
    /// `pagination.cursor` and `pagination.index` of it (RFC 9865, section 4).
    by_cursor: Option<bool>,
    by_index: Option<bool>,
    /// What it publishes about its resources.
    pub published: Published,
    /// Whether an ordinary access probe is configured.
    pub access: bool,
    /// Whether a probe of a group's door is configured.
    pub group_access: bool,
    /// Whether a probe of the administrators' door is configured.
    pub administrator_access: bool,
    /// Whether a way in tells what the application calls an account.
    pub told_account: bool,
    /// Whether a person can show who they are in a request of their own.
    pub own_credential: bool,
    /// Whether the application can be told to make an account.
    pub account: bool,
    /// What its administrator can be told to do.
    pub administrator: BTreeSet<AdministratorAct>,
    /// Whether nobody administers it but whom a story makes an administrator.
    pub only_administrator: bool,
    /// Whether a token of its own is configured.
    pub token: bool,
    /// Whether a second tenant's token is configured.
    pub other_tenant: bool,
    /// The exchanges in which the discovery documents came. They hold nobody's account.
    pub discovery: Vec<Exchange>,
}

/// Why a run cannot begin. Every message says what to try.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PreflightError {
    /// No answer.
    #[error("{url} cannot be reached: {broken}. Is the server running, and is the URL its SCIM base URL?")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// How it broke.
        broken: Broken,
    },
    /// A connection, and no complete answer.
    #[error("{url} gives no answer that could be used: {broken}")]
    NoAnswer {
        /// What was asked for.
        url: String,
        /// How it broke.
        broken: Broken,
    },
    /// JSON that is no list of users.
    #[error(
        "{url} answers {status} with JSON that is no list of users (RFC 7644, section 3.4.2). Is this the SCIM base URL?"
    )]
    NotAList {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
    },
    /// 401 or 403.
    #[error("{url} answers {status}: {}", if *with_token { "the token is not accepted. Is it the SCIM token of this server, and still valid?" } else { "it wants a token. Put it in an environment variable and name it with --token-env" })]
    NotAuthorised {
        /// What was asked for.
        url: String,
        /// 401 or 403.
        status: u16,
        /// Whether a token was sent.
        with_token: bool,
    },
    /// A page for people.
    #[error(
        "{url} answers with an HTML page (status {status}), not SCIM. Is the path right? It often ends in /scim/v2"
    )]
    Html {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
    },
    /// A redirect; credentials are not carried along.
    #[error(
        "{url} redirects to {to}; redirects are not followed, so that the token goes nowhere else. Use that address if it is right"
    )]
    Redirect {
        /// What was asked for.
        url: String,
        /// Where to.
        to: String,
    },
    /// 2xx without JSON.
    #[error(
        "{url} answers {status} with a body that is not JSON ({bytes} bytes, {content_type}). Is this the SCIM base URL?"
    )]
    NotJson {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
        /// How long the body is.
        bytes: usize,
        /// The media type it claims.
        content_type: String,
    },
    /// Any other status.
    #[error(
        "{url} answers {status}{detail}. A SCIM server answers a list of users here (RFC 7644, section 3.4.2)"
    )]
    Status {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
        /// What it says, with a comma in front.
        detail: String,
    },
}

/// Looks at the target. The list of users is told to nobody: it contains other people's accounts.
pub async fn look(target: &Target, wire: &dyn Wire) -> Result<Capabilities, PreflightError> {
    let exchange = get(wire, "/Users?startIndex=1&count=1").await;
    check_users(&exchange, target.token.is_some())?;
    let mut discovery = Vec::with_capacity(3);
    for target in ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes"] {
        discovery.push(get(wire, target).await);
    }
    let mut documents = discovery.iter().map(document);
    let (config, schemas, types) =
        (documents.next().flatten(), documents.next().flatten(), documents.next().flatten());
    let pagination = |kind: &str| config.as_ref()?.get("pagination")?.get(kind)?.as_bool();
    Ok(Capabilities {
        features: config.as_ref().map(features).unwrap_or_default(),
        by_cursor: pagination("cursor"),
        by_index: pagination("index"),
        published: Published::read(schemas.as_ref(), types.as_ref()),
        access: target.probes.any(Opens::Everybody),
        group_access: target.probes.any(Opens::Group),
        administrator_access: target.probes.any(Opens::Administrator),
        told_account: target.probes.any_tells_account(),
        own_credential: target.probes.any_speaks(),
        account: target.probes.account.is_some(),
        administrator: AdministratorAct::ALL
            .into_iter()
            .filter(|act| target.probes.administrator.can(*act))
            .collect(),
        only_administrator: target.probes.administrator.only,
        token: target.token.is_some(),
        other_tenant: target.other_tenant.is_some(),
        discovery,
    })
}

impl Capabilities {
    /// Whether it says that it cannot do this.
    pub fn lacks(&self, feature: &str) -> bool {
        self.features.get(feature) == Some(&false)
    }

    /// What it says about pagination by cursor, if it says anything.
    pub fn by_cursor(&self) -> Option<bool> {
        self.by_cursor
    }

    /// What it says about pagination by index, if it says anything.
    pub fn by_index(&self) -> Option<bool> {
        self.by_index
    }

    /// Whether it publishes its schemas and this attribute is not among those that a client may write.
    pub fn lacks_attribute(&self, attribute: &str) -> bool {
        self.published.lacks_attribute(attribute)
    }

    /// Takes from a made-up person what the target does not publish: an administrator maps only what exists.
    pub fn trim(&self, person: &mut Person) {
        for (path, value) in [
            ("displayName", &mut person.display_name),
            ("name.givenName", &mut person.given_name),
            ("name.familyName", &mut person.family_name),
            ("emails", &mut person.email),
        ] {
            if self.lacks_attribute(path) {
                value.clear();
            }
        }
        for (path, value) in [
            ("locale", &mut person.locale),
            ("title", &mut person.title),
            ("department", &mut person.department),
            ("employeeNumber", &mut person.employee_number),
        ] {
            if self.lacks_attribute(path) {
                *value = None;
            }
        }
    }
}

fn check_users(exchange: &Exchange, with_token: bool) -> Result<(), PreflightError> {
    let url = exchange.url.clone();
    let answer = match &exchange.result {
        Ok(answer) => answer,
        Err(broken @ Broken::Connect(_)) => {
            return Err(PreflightError::Unreachable { url, broken: broken.clone() });
        }
        Err(broken) => return Err(PreflightError::NoAnswer { url, broken: broken.clone() }),
    };
    let status = answer.status;
    if matches!(status, 401 | 403) {
        return Err(PreflightError::NotAuthorised { url, status, with_token });
    }
    if (300..400).contains(&status) {
        let to = answer.header("location").unwrap_or("an address that it does not tell").to_owned();
        return Err(PreflightError::Redirect { url, to });
    }
    if is_html(answer) {
        return Err(PreflightError::Html { url, status });
    }
    if !answer.is_success() {
        let json = answer.json();
        let detail = json.as_ref().and_then(|json| json.get("detail")).and_then(Value::as_str);
        let detail = detail.map_or_else(String::new, |detail| format!(", {detail:?}"));
        return Err(PreflightError::Status { url, status, detail });
    }
    if answer.json().is_some_and(|json| !is_list(&json)) {
        return Err(PreflightError::NotAList { url, status });
    }
    if answer.json().is_none() {
        let content_type = answer.header("content-type").unwrap_or("no Content-Type").to_owned();
        return Err(PreflightError::NotJson { url, status, bytes: answer.body.len(), content_type });
    }
    Ok(())
}

/// Whether an answer can be meant as a list of users. Some way of saying so must be there: nothing is written to a server
/// that answers everything with 200.
fn is_list(json: &Value) -> bool {
    let schemas =
        json.get("schemas").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let named = schemas.into_iter().any(|urn| urn.to_ascii_lowercase().ends_with(":listresponse"));
    let has =
        |name: &str| json.as_object().into_iter().flatten().any(|(key, _)| key.eq_ignore_ascii_case(name));
    named || has("Resources") || has("totalResults")
}

fn is_html(answer: &Answer) -> bool {
    let named = answer.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    let start: Vec<u8> = answer
        .body
        .iter()
        .copied()
        .skip_while(u8::is_ascii_whitespace)
        .take(9)
        .map(|b| b.to_ascii_lowercase())
        .collect();
    named || start.starts_with(b"<!doctype") || start.starts_with(b"<html")
}

async fn get(wire: &dyn Wire, target: &str) -> Exchange {
    let request = Request::scim(Method::GET, target)
        .header("Accept", "application/scim+json")
        .header("User-Agent", concat!("scimspec/", env!("CARGO_PKG_VERSION")));
    wire.send(Origin::Preflight, request).await
}

fn document(exchange: &Exchange) -> Option<Value> {
    exchange.result.as_ref().ok().filter(|answer| answer.is_success())?.json()
}

fn features(config: &Value) -> BTreeMap<String, bool> {
    let members = config.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), value.get("supported")?.as_bool()?))).collect()
}

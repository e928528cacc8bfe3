//! From a request to what it asks for: the place that its path names, the gates before that place, the token.

use axum::http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::{
    Generation, Settings,
    answer::Refusal,
    front::Front,
    instance::{Instance, Scope},
    params::text,
};
use crate::{
    http::bearer,
    store::{StoreError, TenantId},
};

/// A place below `/api/scim/v2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Users(Scope),
    /// With the provider's identifier, which may hold anything.
    User(Scope, String),
    Groups,
    /// With the group's UUID.
    Group(String),
}

impl Place {
    /// Reads what stands behind `/api/scim/v2`. Discovery, `/Bulk` and `/Me` are not routed; `.search` is read as
    /// an id (M).
    pub(super) fn parse(rest: &str) -> Result<Self, Refusal> {
        let segments = rest.trim_start_matches('/').split('/').map(|segment| {
            percent_decode_str(segment).decode_utf8().map(String::from).map_err(|_| Refusal::unrouted())
        });
        let segments = segments.collect::<Result<Vec<_>, _>>()?;
        let mut segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        if segments.last() == Some(&"") {
            segments.pop();
        }
        let scope = match segments[..] {
            ["application", ..] => {
                segments.remove(0);
                Scope::Instance
            }
            // Such a path was seen not to be reached, and providers to call the token wrong (M).
            ["groups", path, ..] if !path.contains('.') => {
                segments.drain(..2);
                Scope::Group(path.to_owned())
            }
            _ => return Err(Refusal::unrouted()),
        };
        match (segments[..].as_ref(), scope) {
            (["Users"], scope) => Ok(Self::Users(scope)),
            (["Users", id], scope) => Ok(Self::User(scope, (*id).to_owned())),
            (["Groups"], Scope::Instance) => Ok(Self::Groups),
            (["Groups", id], Scope::Instance) => Ok(Self::Group((*id).to_owned())),
            _ => Err(Refusal::unrouted()),
        }
    }

    /// The methods that the place knows. OPTIONS and HEAD come with GET (M).
    pub(super) fn allow(&self) -> &'static str {
        match self {
            Self::Users(_) | Self::Groups => "OPTIONS, GET, HEAD, POST",
            Self::User(..) => "OPTIONS, GET, HEAD, PATCH, DELETE",
            Self::Group(_) => "OPTIONS, GET, HEAD, PATCH, PUT, DELETE",
        }
    }

    /// 405 unless the place knows the method.
    pub(super) fn check_method(&self, method: &Method) -> Result<(), Refusal> {
        if self.allow().split(", ").any(|known| known == method.as_str()) {
            Ok(())
        } else {
            Err(Refusal::wrong_method(self.allow()))
        }
    }

    fn scope(&self) -> &Scope {
        match self {
            Self::Users(scope) | Self::User(scope, _) => scope,
            Self::Groups | Self::Group(_) => &Scope::Instance,
        }
    }

    fn is_group(&self) -> bool {
        matches!(self, Self::Groups | Self::Group(_))
    }
}

impl Front {
    /// Lets a request in or not: is what it asks for switched on, and is its token the right one. The order of
    /// the two is the generation's; with a group of its own the gates come first in both.
    pub(super) fn admit(
        &self,
        place: &Place,
        is_authorised: bool,
        instance: &Instance,
    ) -> Result<(), Refusal> {
        let authorise = || {
            if !is_authorised {
                return Err(Refusal::unauthorized());
            }
            let limit = self.rate.take(&self.tenant_of(place.scope()));
            limit.map_err(|wait| Refusal::retry_later(crate::rate::retry_after(wait)))
        };
        match (place.scope(), instance.generation) {
            (Scope::Group(path), _) => group_gates(path, instance).and_then(|()| authorise()),
            (Scope::Instance, Generation::Classic) => {
                gates(place, instance.settings).and_then(|()| authorise())
            }
            (Scope::Instance, Generation::Current) => {
                authorise().and_then(|()| gates(place, instance.settings))
            }
        }
    }

    /// Whether the request has a token that is good for this place: the token of a group is none at the instance,
    /// and that of another group none here.
    pub(super) async fn is_authorised(
        &self,
        place: &Place,
        headers: &HeaderMap,
        params: &Map<String, Value>,
    ) -> Result<bool, StoreError> {
        let Some(presented) = token(headers, params) else { return Ok(false) };
        let wanted = self.tenant_of(place.scope());
        Ok(self.desk.scim_tokens.tenant(&presented, |tenant| *tenant == wanted).await?.is_some())
    }

    /// For whom a token speaks that is good for this scope.
    pub(super) fn tenant_of(&self, scope: &Scope) -> TenantId {
        match scope {
            Scope::Instance => self.tenant.clone(),
            Scope::Group(path) => TenantId::new(&format!("{}/{path}", self.tenant.as_str())),
        }
    }
}

fn gates(place: &Place, settings: Settings) -> Result<(), Refusal> {
    if !settings.saml_enabled {
        return Err(Refusal::api(403, "403 Forbidden - SAML not enabled."));
    }
    if !settings.licensed || (place.is_group() && !settings.group_sync) {
        return Err(Refusal::api(404, "404 Not Found"));
    }
    Ok(())
}

fn group_gates(path: &str, instance: &Instance) -> Result<(), Refusal> {
    if !instance.settings.group_saml_enabled {
        return Err(Refusal::api(403, "403 Forbidden - Group SAML not enabled."));
    }
    match instance.groups.get(path) {
        None => Err(Refusal::scim(404, format!("Group {path} not found"))),
        Some(group) if !group.saml => {
            Err(Refusal::scim(404, format!("Group {path} does not have SAML SSO configured")))
        }
        Some(_) => Ok(()),
    }
}

/// The token, from the first place that has one.
fn token(headers: &HeaderMap, params: &Map<String, Value>) -> Option<String> {
    text(params, "access_token")
        .or_else(|| bearer(headers).map(str::to_owned))
        .or_else(|| text(params, "bearer_token"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_place() {
        let group = || Scope::Group("corp".to_owned());
        let user = |id: &str| Place::User(Scope::Instance, id.to_owned());
        for (path, place) in [
            ("/application/Users", Place::Users(Scope::Instance)),
            ("/application/Users/", Place::Users(Scope::Instance)),
            ("/application/Users/a1b2", user("a1b2")),
            ("/application/Users/jane%40corp.example", user("jane@corp.example")),
            ("/application/Users/a%2Fb%25", user("a/b%")),
            ("/application/Users/.search", user(".search")),
            ("/application/Groups", Place::Groups),
            ("/application/Groups/1", Place::Group("1".to_owned())),
            ("/groups/corp/Users", Place::Users(group())),
            ("/groups/corp/Users/1", Place::User(group(), "1".to_owned())),
        ] {
            assert_eq!(Place::parse(path), Ok(place), "{path}");
        }
        for path in [
            "/application",
            "/application/ServiceProviderConfig",
            "/application/Bulk",
            "/application/Users/1/2",
            "/application/users",
            "/groups/corp/Groups",
            "/groups/corp.example/Users",
            "/Users",
            "/application/Users/%ff",
            "",
        ] {
            assert_eq!(Place::parse(path), Err(Refusal::unrouted()), "{path}");
        }
    }
}

//! What a path below the base path names, and which methods it knows (RFC 7644 section 3.2).

use axum::http::Method;
use percent_encoding::percent_decode_str;

use super::service::Served;
use crate::{
    scim::{Error, error::quoted},
    store::Kind,
};

/// The places below the base path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// The base path itself, which RFC 7644 section 3.4.2.1 lets clients query.
    Root,
    /// `/Users`, `/Groups`
    Collection(Kind),
    /// `/Users/ID`, the id as the client wrote it.
    Resource(Kind, String),
    /// `/ServiceProviderConfig`
    ServiceProviderConfig,
    /// `/Schemas`
    Schemas,
    /// `/Schemas/URN`
    Schema(String),
    /// `/ResourceTypes`
    ResourceTypes,
    /// `/ResourceTypes/NAME`
    ResourceType(String),
    /// `/Me` (RFC 7644 section 3.11)
    Me,
    /// `/Bulk` (section 3.7)
    Bulk,
    /// `/.search`, at the root or at a collection (section 3.4.3)
    Search(Scope),
}

/// What a search is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Every resource type.
    All,
    /// One of them.
    Type(Kind),
}

impl Endpoint {
    /// Reads what stands behind the base path. One slash at the end makes no difference.
    pub(crate) fn parse(rest: &str, types: &[Served]) -> Result<Self, Error> {
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let segments = rest.split('/').map(decode).collect::<Option<Vec<_>>>();
        let unknown = || Error::not_found(format!("There is no endpoint {}.", quoted(rest)));
        let segments = segments.ok_or_else(unknown)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        if segments.len() > 1 && segments.contains(&"") {
            return Err(unknown());
        }
        Ok(match segments[..] {
            [""] => Self::Root,
            ["ServiceProviderConfig"] => Self::ServiceProviderConfig,
            ["Schemas"] => Self::Schemas,
            ["Schemas", urn] => Self::Schema(urn.to_owned()),
            ["ResourceTypes"] => Self::ResourceTypes,
            ["ResourceTypes", name] => Self::ResourceType(name.to_owned()),
            ["Me"] => Self::Me,
            ["Bulk"] => Self::Bulk,
            [".search"] => Self::Search(Scope::All),
            [collection, ref below @ ..] => match (kind(collection, types).ok_or_else(unknown)?, below) {
                (kind, []) => Self::Collection(kind),
                (kind, [".search"]) => Self::Search(Scope::Type(kind)),
                (kind, [id]) => Self::Resource(kind, (*id).to_owned()),
                _ => return Err(unknown()),
            },
            [] => return Err(unknown()),
        })
    }

    /// The methods that the place knows, as the header `Allow` lists them.
    pub(crate) fn allow(&self) -> &'static str {
        match self {
            Self::Collection(_) => "GET, HEAD, OPTIONS, POST",
            Self::Resource(..) | Self::Me => "GET, HEAD, OPTIONS, PUT, PATCH, DELETE",
            Self::Bulk | Self::Search(_) => "OPTIONS, POST",
            Self::Root
            | Self::ServiceProviderConfig
            | Self::Schemas
            | Self::Schema(_)
            | Self::ResourceTypes
            | Self::ResourceType(_) => "GET, HEAD, OPTIONS",
        }
    }

    /// Whether the place knows the method.
    pub(crate) fn allows(&self, method: &Method) -> bool {
        self.allow().split(", ").any(|name| name == method.as_str())
    }

    /// Whether anybody may read it: how to authenticate has to be known before one can
    /// (RFC 7643 section 5, `authenticationSchemes`).
    pub(crate) fn is_public(&self) -> bool {
        *self == Self::ServiceProviderConfig
    }
}

fn kind(collection: &str, types: &[Served]) -> Option<Kind> {
    let at = |served: &&Served| served.resource_type.endpoint().strip_prefix('/') == Some(collection);
    types.iter().find(at).map(|served| served.kind)
}

fn decode(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::Registry;

    fn parse(path: &str) -> Result<Endpoint, Error> {
        Endpoint::parse(path, &Served::all(&Registry::core()))
    }

    #[test]
    fn a_path_names_a_place() {
        let user = |id: &str| Endpoint::Resource(Kind::User, id.to_owned());
        for (path, endpoint) in [
            ("", Endpoint::Root),
            ("/", Endpoint::Root),
            ("/Users", Endpoint::Collection(Kind::User)),
            ("/Users/", Endpoint::Collection(Kind::User)),
            ("/Groups", Endpoint::Collection(Kind::Group)),
            ("/Users/17", user("17")),
            ("/Users/ada%40example.com", user("ada@example.com")),
            ("/Users/a%2Fb", user("a/b")),
            ("/Schemas/urn%3Aietf%3Ax", Endpoint::Schema("urn:ietf:x".to_owned())),
            ("/Users/.search", Endpoint::Search(Scope::Type(Kind::User))),
            ("/.search", Endpoint::Search(Scope::All)),
            ("/Me", Endpoint::Me),
            ("/Bulk", Endpoint::Bulk),
        ] {
            assert_eq!(parse(path), Ok(endpoint), "{path}");
        }
    }

    #[test]
    fn any_other_path_names_none() {
        for path in
            ["/users", "/Devices", "/Users/1/groups", "//Users", "/Users//", "/Users/%ff", "/Bulk/1", "/Me/1"]
        {
            assert_eq!(parse(path).map_err(|error| error.status), Err(404), "{path}");
        }
    }
}

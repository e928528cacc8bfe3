//! Where in a server something is: the SCIM base URL, read off the paths that pass (RFC 7644, section 3.2), and what
//! stands below it.

use std::sync::{Mutex, PoisonError};

use url::Url;

use crate::exchange::Destination;

/// The server that is recorded.
#[derive(Debug)]
pub(super) struct Place {
    /// Scheme and authority.
    origin: String,
    /// The path of the URL that was given, without a slash at its end.
    pub(super) prefix: String,
    /// The path of the SCIM base, once a request has shown it.
    base: Mutex<Option<String>>,
}

/// What stands directly below a SCIM base (RFC 7644, table 2, and sections 3.4.3 and 3.7).
const ENDPOINTS: [&str; 9] = [
    "Users",
    "Groups",
    "Me",
    "ServiceProviderConfig",
    // As drafts of RFC 7644 called it, and some still do.
    "ServiceProviderConfigs",
    "ResourceTypes",
    "Schemas",
    "Bulk",
    ".search",
];

impl Place {
    /// The server at this URL, of which only the origin and the path count.
    pub(super) fn new(upstream: &Url) -> Self {
        let origin = upstream.origin().ascii_serialization();
        let prefix = upstream.path().trim_end_matches('/').to_owned();
        Self { origin, prefix, base: Mutex::new(None) }
    }

    /// The whole URL of a target, and where that is: below the SCIM base, or elsewhere. None: it makes no URL.
    pub(super) fn of(&self, target: &str) -> (String, Option<Destination>) {
        // `*` is the server as a whole (RFC 9112, section 3.2.4).
        let prefix = if target.starts_with('/') { self.prefix.as_str() } else { "/" };
        let path = format!("{prefix}{target}");
        let url = format!("{}{path}", self.origin);
        let below = self.below_base(&path).map(|target| Destination::Scim(target.to_owned()));
        let to = below.or_else(|| Url::parse(&url).ok().map(Destination::Absolute));
        (url, to)
    }

    fn below_base<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut base = self.base.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = base.as_ref() {
            let below = path.strip_prefix(known.as_str()).filter(|below| below.starts_with('/'));
            if below.is_some() {
                return below;
            }
        }
        let at = match path.strip_prefix(self.prefix.as_str()) {
            Some(below) if is_endpoint(below, str::eq) => self.prefix.len(),
            _ => endpoint_in(path)?,
        };
        let (above, below) = path.split_at(at);
        base.get_or_insert_with(|| above.to_owned());
        Some(below)
    }
}

/// Where the first segment that is an endpoint begins; one in the RFC's own spelling counts before others.
fn endpoint_in(path: &str) -> Option<usize> {
    let end = path.find('?').unwrap_or(path.len());
    let find = |same: fn(&str, &str) -> bool| {
        path[..end].match_indices('/').map(|(at, _)| at).find(|at| is_endpoint(&path[*at..], same))
    };
    find(str::eq).or_else(|| find(str::eq_ignore_ascii_case))
}

fn is_endpoint(path: &str, same: fn(&str, &str) -> bool) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let first = rest.split(['/', '?']).next().unwrap_or_default();
    ENDPOINTS.iter().any(|endpoint| same(first, endpoint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(upstream: &str, targets: &[&str]) -> Vec<String> {
        let place = Place::new(&Url::parse(upstream).unwrap());
        targets
            .iter()
            .map(|target| place.of(target).1.map_or_else(String::new, |to| to.to_string()))
            .collect()
    }

    #[test]
    fn the_base_is_what_stands_above_the_first_endpoint() {
        let seen = place("https://app.example", &["/scim/v2/Users?count=1", "/scim/v2/Devices/7", "/Users"]);
        assert_eq!(seen, ["/Users?count=1", "/Devices/7", "/Users"]);
        assert_eq!(place("https://app.example/scim/v2/", &["/Users/1"]), ["/Users/1"]);
        assert_eq!(place("https://app.example/Users", &["/Users/1"]), ["/Users/1"]);
        assert_eq!(place("https://app.example", &["/scim/users/1"]), ["/users/1"]);
    }

    #[test]
    fn what_is_no_scim_is_elsewhere() {
        assert_eq!(
            place("https://app.example", &["/oauth/token?for=/Users", "*"]),
            ["https://app.example/oauth/token?for=/Users", "https://app.example/*"]
        );
    }
}

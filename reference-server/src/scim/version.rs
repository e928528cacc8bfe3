//! Versions of a resource and the conditional headers (RFC 7644 section 3.14).

use std::fmt;

/// The version of a resource: a counter that grows with every change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// The entity tag of a resource: its version, and a digest of what it shows of resources so far away that their
/// changes do not touch its version (the groups that a user is in through other groups).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The version.
    pub version: Version,
    /// The digest, if there is anything of that kind.
    pub afar: Option<u32>,
}

/// `If-Match`: the versions of which one must be the present one for the change to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfMatch(Tags);

/// `If-None-Match`: the versions that the client has and does not need again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfNoneMatch(Tags);

impl Version {
    /// The entity tag of a resource that shows nothing from afar.
    pub fn etag(self) -> String {
        Tag::from(self).etag()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.etag())
    }
}

impl Tag {
    /// The tag, weak as in the RFC's examples; the same text stands in `ETag` and `meta.version` (RFC 7643
    /// section 3.1).
    pub fn etag(self) -> String {
        format!("W/\"{}\"", self.opaque())
    }

    fn opaque(self) -> String {
        match self.afar {
            None => self.version.0.to_string(),
            Some(afar) => format!("{}-{afar:08x}", self.version.0),
        }
    }
}

impl From<Version> for Tag {
    fn from(version: Version) -> Self {
        Self { version, afar: None }
    }
}

impl IfMatch {
    /// Reads the header's value. A tag that cannot be read is one that nothing matches, so that a change is
    /// rather not made.
    pub fn parse(header: &str) -> Self {
        Self(Tags::parse(header))
    }

    /// Whether the change may be made to an existing resource of that version. Weak tags match by their text:
    /// the strong comparison of RFC 9110 would never let a SCIM version through (C29).
    pub fn allows(&self, tag: impl Into<Tag>) -> bool {
        self.0.contain(tag.into())
    }
}

impl IfNoneMatch {
    /// Reads the header's value. A tag that cannot be read is one that the client does not have.
    pub fn parse(header: &str) -> Self {
        Self(Tags::parse(header))
    }

    /// Whether the client has that version already, so that the answer is 304.
    pub fn has(&self, tag: impl Into<Tag>) -> bool {
        self.0.contain(tag.into())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    /// `*`: any version.
    Any,
    /// The texts between the quotes.
    Opaque(Vec<String>),
}

impl Tags {
    fn parse(header: &str) -> Self {
        if header.trim() == "*" {
            return Self::Any;
        }
        let mut tags = Vec::new();
        let mut rest = header;
        while let Some((_, quoted)) = rest.split_once('"') {
            let Some((tag, after)) = quoted.split_once('"') else { break };
            tags.push(tag.to_owned());
            rest = after;
        }
        Self::Opaque(tags)
    }

    fn contain(&self, present: Tag) -> bool {
        match self {
            Self::Any => true,
            Self::Opaque(tags) => {
                let present = present.opaque();
                tags.contains(&present)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("W/\"3\"", true)] // RFC7644-3.14-L7
    #[case("\"3\"", true)]
    #[case("W/\"2\", W/\"3\"", true)]
    #[case("*", true)] // RFC7644-3.14-L9
    #[case("W/\"2\"", false)] // RFC7644-3.14-L8
    #[case("W/\"33\"", false)]
    #[case("3", false)]
    #[case("W/\"3", false)]
    #[case("", false)]
    fn if_match(#[case] header: &str, #[case] allows: bool) {
        assert_eq!(IfMatch::parse(header).allows(Version(3)), allows);
        assert_eq!(IfNoneMatch::parse(header).has(Version(3)), allows); // RFC7644-3.14-L5, L6
    }

    #[test]
    fn rfc7643_3_1_l23_the_tag_is_marked_weak() {
        assert_eq!(Version(3).etag(), "W/\"3\"");
    }
}

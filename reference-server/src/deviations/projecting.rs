//! `attributes` and `excludedAttributes` (RFC 7644 section 3.9) that are read wrongly.

use super::{Cluster, Deviation, wire::Wire};
use crate::scim::schema;

/// SimpleIdServer and WSO2 Identity Server always had the members at hand.
pub(super) static EXCLUDED_MEMBERS_IGNORED: Deviation = Deviation {
    slug: "excluded-members-ignored",
    cluster: Cluster::Representation,
    wrong: "excludedAttributes=members is answered with members",
    right: "what excludedAttributes names is left out",
    source: "https://github.com/simpleidserver/SimpleIdServer/issues/490",
    install: |seams| {
        seams.wrap_wire(async |wire: Wire| {
            let Some(names) = wire.parameter("excludedAttributes").filter(|_| wire.place.shows("Groups"))
            else {
                return wire.go().await;
            };
            let kept: Vec<&str> = names.split(',').filter(|name| !names_members(name)).collect();
            let kept = kept.join(",");
            wire.with_parameter(
                "excludedAttributes",
                Some(&kept).filter(|kept| !kept.is_empty()).map(String::as_str),
            )
            .go()
            .await
        })
    },
};

/// Gluu's client and OSIAM's server had no such parameter.
pub(super) static EXCLUDEDATTRIBUTES_UNSUPPORTED: Deviation = Deviation {
    slug: "excludedattributes-unsupported",
    cluster: Cluster::Representation,
    wrong: "excludedAttributes does nothing",
    right: "what excludedAttributes names is left out",
    source: "https://github.com/GluuFederation/SCIM-Client/issues/30",
    install: |seams| {
        seams.wrap_wire(async |wire: Wire| match wire.parameter("excludedAttributes") {
            Some(_) => wire.with_parameter("excludedAttributes", None).go().await,
            None => wire.go().await,
        })
    },
};

/// WSO2 Identity Server put a dot where the RFC has a colon.
pub(super) static ATTRIBUTES_WRONG_URN_FORM: Deviation = Deviation {
    slug: "attributes-wrong-urn-form",
    cluster: Cluster::Representation,
    wrong: "attributes takes URN.attribute and passes over URN:attribute for the enterprise extension",
    right: "an attribute of an extension is named URN:attribute (RFC 7644 section 3.10)",
    source: "https://github.com/wso2/product-is/issues/11092",
    install: |seams| {
        seams.wrap_wire(async |wire: Wire| {
            let Some(names) = wire.parameter("attributes") else { return wire.go().await };
            let read: Vec<String> = names.split(',').filter_map(with_dot).collect();
            // With nothing left that is known, nothing but what is always returned is shown.
            let read = if read.is_empty() { "id".to_owned() } else { read.join(",") };
            wire.with_parameter("attributes", Some(&read)).go().await
        })
    },
};

fn names_members(name: &str) -> bool {
    let name = name.trim();
    let bare = name.rsplit_once(':').map_or(name, |(_, bare)| bare);
    bare.eq_ignore_ascii_case("members")
}

/// A name as the right server reads it; none for one that the wrong server does not read.
fn with_dot(name: &str) -> Option<String> {
    let urn = schema::ENTERPRISE_USER;
    let name = name.trim();
    let begins = name.get(..urn.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(urn));
    match name.get(urn.len()..).filter(|_| begins) {
        Some(rest) if rest.starts_with('.') => Some(format!("{urn}:{}", &rest[1..])),
        Some(rest) if rest.starts_with(':') => None,
        _ => Some(name.to_owned()),
    }
}

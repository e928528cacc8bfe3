//! Filters that are read as something else, in whatever request they come.

use axum::http::{Method, StatusCode};

use super::{
    Cluster, Deviation, Seams,
    wire::{Answer, Place, Wire},
};
use crate::scim::{Error, Filter, ScimType};

/// WSO2 Identity Server knew "and" and took "AND" for the end.
pub(super) static FILTER_AND_UPPERCASE_TRUNCATES: Deviation = Deviation {
    slug: "filter-and-uppercase-truncates",
    cluster: Cluster::Filters,
    wrong: "of a filter with AND in capitals only what stands before it counts",
    right: "and, or and not count in any letter case",
    source: "https://github.com/wso2/product-is/issues/11807",
    install: |seams| seams.read_filters(|filter, _| cut(filter, |word| word == "AND")),
};

/// Cogtrix read one test and no more.
pub(super) static FILTER_COMPOUND_TRUNCATED: Deviation = Deviation {
    slug: "filter-compound-truncated",
    cluster: Cluster::Filters,
    wrong: "of a filter with several tests only the first counts",
    right: "all tests of a filter count, or it is refused with 400 invalidFilter",
    source: "https://github.com/NorthlandPositronics/Cogtrix/issues/124",
    install: |seams| {
        seams.read_filters(|filter, _| {
            cut(filter, |word| word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or"))
        })
    },
};

/// Cogtrix and eneo left out what they did not understand.
pub(super) static FILTER_UNKNOWN_RETURNS_ALL: Deviation = Deviation {
    slug: "filter-unknown-returns-all",
    cluster: Cluster::Filters,
    wrong: "a filter that cannot be read, or that asks for emails, is answered with all resources",
    right: "a filter that is not understood is answered with 400 invalidFilter",
    source: "https://github.com/NorthlandPositronics/Cogtrix/issues/124",
    install: |seams| {
        seams.wrap_wire(async |wire: Wire| {
            let Some(filter) = wire.filter() else { return wire.go().await };
            let is_unsupported = Filter::parse(&filter).is_ok_and(|filter| asks_for(&filter, "emails"));
            let answer = wire.go().await;
            let is_unread = answer.status == StatusCode::BAD_REQUEST
                && answer.json().is_some_and(|body| body["scimType"] == "invalidFilter");
            if is_unread || is_unsupported { wire.with_parameter("filter", None).go().await } else { answer }
        })
    },
};

/// Langwatch did not know the attribute, and Entra ID made people twice.
pub(super) static FILTER_EXTERNALID_UNSUPPORTED: Deviation = Deviation {
    slug: "filter-externalid-unsupported",
    cluster: Cluster::Filters,
    wrong: "a filter that asks for externalId finds nothing",
    right: "a filter finds resources by their externalId",
    source: "https://github.com/langwatch/tasks/issues/616",
    install: |seams| {
        seams.read_filters(|filter, _| {
            let asks = Filter::parse(filter).is_ok_and(|filter| asks_for(&filter, "externalId"));
            asks.then(|| Reading::As(FINDS_NOTHING.to_owned()))
        })
    },
};

/// WSO2 Identity Server held "schemas" for no attribute.
pub(super) static FILTER_SCHEMAS_ATTRIBUTE_400: Deviation = Deviation {
    slug: "filter-schemas-attribute-400",
    cluster: Cluster::Filters,
    wrong: "a filter that asks for schemas is answered with 400",
    right: "a filter finds resources by their schemas, as in an example of RFC 7644 section 3.4.2.2",
    source: "https://github.com/wso2/product-is/issues/5139",
    install: |seams| {
        seams.read_filters(|filter, _| {
            let asks = Filter::parse(filter).is_ok_and(|filter| asks_for(&filter, "schemas"));
            let refusal =
                || Error::new(400, Some(ScimType::InvalidFilter), "Filter attribute schemas is unknown.");
            asks.then(|| Reading::Refused(refusal()))
        })
    },
};

/// The sample code of Entra ID knew the path without the slash.
pub(super) static TRAILING_SLASH_BREAKS_QUERY: Deviation = Deviation {
    slug: "trailing-slash-breaks-query",
    cluster: Cluster::Filters,
    wrong: "GET /Users/?filter=.. is answered with 404",
    right: "a slash at the end of a collection's path makes no difference",
    source: "https://github.com/AzureAD/SCIMReferenceCode/issues/44",
    install: |seams| {
        seams.wrap_wire(async |wire: Wire| {
            let is_list = matches!(wire.place, Place::Collection(_)) && wire.is(&Method::GET);
            if is_list && wire.parts.uri.path().ends_with('/') {
                return Answer::error(&Error::not_found("There is no such endpoint."));
            }
            wire.go().await
        })
    },
};

/// No server has a resource of this id.
const FINDS_NOTHING: &str = r#"id eq "none""#;

/// How a filter is misread.
pub(super) enum Reading {
    /// As if it were this one.
    As(String),
    /// Not at all.
    Refused(Error),
}

impl Seams {
    /// Reads filters in another way, where there is one.
    fn read_filters(self, read: fn(&str, &Wire) -> Option<Reading>) -> Self {
        self.wrap_wire(move |wire| async move {
            match wire.filter().and_then(|filter| read(&filter, &wire)) {
                None => wire.go().await,
                Some(Reading::Refused(error)) => error.into(),
                Some(Reading::As(filter)) => wire.with_parameter("filter", Some(&filter)).go().await,
            }
        })
    }
}

/// What stands before the first such word, outside of strings and brackets.
fn cut(filter: &str, is_end: impl Fn(&str) -> bool) -> Option<Reading> {
    let (mut quoted, mut escaped, mut depth, mut word) = (false, false, 0_usize, 0);
    for (at, c) in filter.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 => {
                if is_end(&filter[word..at]) {
                    return Some(Reading::As(filter[..word].trim().to_owned()));
                }
                word = at + 1;
            }
            _ => {}
        }
    }
    None
}

/// Whether a filter asks for an attribute.
fn asks_for(filter: &Filter, attribute: &str) -> bool {
    match filter {
        Filter::Or(parts) | Filter::And(parts) => parts.iter().any(|part| asks_for(part, attribute)),
        Filter::Not(inner) => asks_for(inner, attribute),
        Filter::Test(path, _) | Filter::Values { attribute: path, .. } => {
            path.name.eq_ignore_ascii_case(attribute)
        }
    }
}

//! `rule/new-resource-was-modified-when-created`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;
use super::words::{date_time, moment};

pub(super) static RULE: Rule = Rule {
    slug: "new-resource-was-modified-when-created",
    title: "A new resource was last modified when it was created",
    what: "meta.lastModified and meta.created in the answers to creates: the same text.",
    why: "A client that syncs by lastModified sees a change where there was none.",
    fix: "Take one time for both.",
    requirements: &["RFC7643-3.1-L18"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3.1: "If the resource has never been modified since its initial creation, the value MUST be the same as
/// the value of created".
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let meta = seen
        .shown()
        .filter(|_| seen.method() == Method::POST && seen.status() == 201)
        .and_then(|s| s.get("meta"));
    let text = |name: &str| meta?.get(name)?.as_str().filter(|text| date_time(text).is_some());
    let (Some(created), Some(modified)) = (text("created"), text("lastModified")) else {
        return Look::Elsewhere;
    };
    // The same moment may be written in two ways.
    let same = created == modified || (moment(created).is_some() && moment(created) == moment(modified));
    Look::kept_if(same, "lastModified equal to created", "another lastModified in a new resource")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn a_new_resource_has_one_date() {
        let told = |created: &str, modified: &str| {
            let body =
                format!(r#"{{"id":"1","meta":{{"created":"{created}","lastModified":"{modified}"}}}}"#);
            found(&RULE, &[answer("POST", "/Users", 201, &body)])
        };
        assert_eq!(told("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), kept());
        assert_eq!(told("2026-01-01T00:00:00Z", "2026-01-01T01:00:00.0+01:00"), kept());
        assert_eq!(
            told("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.004Z"),
            broken("another lastModified in a new resource")
        );
        assert_eq!(found(&RULE, &[answer("POST", "/Users", 201, r#"{"id":"1"}"#)]), None);
    }
}

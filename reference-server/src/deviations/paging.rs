//! Pages by index (RFC 7644 section 3.4.2.4) that are others than those that were asked for. Pages by cursor are
//! left as they are.

use serde_json::{Value, json};

use super::{
    Cluster, Deviation, Seams,
    wire::{Answer, Wire},
};

/// OSIAM and SimpleIdServer handed the index on to their database.
pub(super) static STARTINDEX_ZERO_BASED: Deviation = Deviation {
    slug: "startindex-zero-based",
    cluster: Cluster::Paging,
    wrong: "startIndex=1 begins at the second resource, and a list without startIndex says startIndex 0",
    right: "startIndex counts from 1",
    source: "https://github.com/osiam/server/issues/7",
    install: |seams| {
        seams.page(async |wire: Wire| {
            let start = wire.number("startIndex");
            let from_one = start.map(|start| start.saturating_add(1).max(1).to_string());
            let mut answer = match from_one {
                Some(from_one) => wire.with_parameter("startIndex", Some(&from_one)).go().await,
                None => wire.go().await,
            };
            edit_list(&mut answer, |list| list["startIndex"] = json!(start.unwrap_or(0).max(0)));
            answer
        })
    },
};

/// SimpleIdServer took one off, but not twice.
pub(super) static STARTINDEX_OVERLAP: Deviation = Deviation {
    slug: "startindex-overlap",
    cluster: Cluster::Paging,
    wrong: "startIndex 0, 1 and 2 begin at the same resource, so that two pages have a resource in common",
    right: "startIndex 2 begins at the second resource",
    source: "https://github.com/simpleidserver/SimpleIdServer/issues/185",
    install: |seams| {
        seams.page(async |wire: Wire| {
            let Some(start) = wire.number("startIndex").filter(|start| *start > 1) else {
                return wire.go().await;
            };
            let before = (start - 1).to_string();
            let mut answer = wire.with_parameter("startIndex", Some(&before)).go().await;
            edit_list(&mut answer, |list| list["startIndex"] = json!(start));
            answer
        })
    },
};

/// WSO2 Identity Server counted what it had fetched.
pub(super) static TOTALRESULTS_WRONG_WITH_FILTER: Deviation = Deviation {
    slug: "totalresults-wrong-with-filter",
    cluster: Cluster::Paging,
    wrong: "with a filter and a count totalResults is the number of resources on the page",
    right: "totalResults is the number of all resources that match",
    source: "https://github.com/wso2/product-is/issues/12813",
    install: |seams| {
        seams.edit_lists(|wire, list| {
            if wire.filter().is_some() && wire.parameter("count").is_some() {
                list["totalResults"] = json!(length(list));
            }
        })
    },
};

/// WSO2 Identity Server counted from where the page began.
pub(super) static TOTALRESULTS_SHRINKS_WITH_STARTINDEX: Deviation = Deviation {
    slug: "totalresults-shrinks-with-startindex",
    cluster: Cluster::Paging,
    wrong: "totalResults is the number of resources from startIndex on",
    right: "totalResults is the number of all resources that match, wherever the page begins",
    source: "https://github.com/wso2/product-is/issues/13823",
    install: |seams| {
        seams.edit_lists(|wire, list| {
            let before = wire.number("startIndex").unwrap_or(1).max(1) - 1;
            let total = list["totalResults"].as_i64().unwrap_or(0);
            list["totalResults"] = json!(total.saturating_sub(before).max(0));
        })
    },
};

/// The Go library of Elimity repeated what it was asked.
pub(super) static ITEMSPERPAGE_ECHOES_COUNT: Deviation = Deviation {
    slug: "itemsperpage-echoes-count",
    cluster: Cluster::Paging,
    wrong: "itemsPerPage is the count of the request, although fewer resources are there",
    right: "itemsPerPage is the number of resources on the page",
    source: "https://github.com/elimity-com/scim/issues/154",
    install: |seams| {
        seams.edit_lists(|wire, list| {
            if let Some(count) = wire.number("count").filter(|count| *count >= 0) {
                list["itemsPerPage"] = json!(count);
            }
        })
    },
};

/// SCIM-SDK cut the page out of the page.
pub(super) static DOUBLE_PAGING_EMPTIES_LATER_PAGES: Deviation = Deviation {
    slug: "double-paging-empties-later-pages",
    cluster: Cluster::Paging,
    wrong: "as many resources are missing at the beginning of a page as there are before the page",
    right: "a page has the resources from startIndex on",
    source: "https://github.com/Captain-P-Goldfish/SCIM-SDK/issues/131",
    install: |seams| {
        seams.edit_lists(|wire, list| {
            let before = usize::try_from(wire.number("startIndex").unwrap_or(1) - 1).unwrap_or(0);
            if let Some(resources) = list.get_mut("Resources").and_then(Value::as_array_mut) {
                resources.drain(..before.min(resources.len()));
            }
            list["itemsPerPage"] = json!(length(list));
        })
    },
};

/// scimmy cut pages out of lists that were longer than a page.
pub(super) static STARTINDEX_IGNORED_ON_SHORT_LIST: Deviation = Deviation {
    slug: "startindex-ignored-on-short-list",
    cluster: Cluster::Paging,
    wrong: "startIndex does not count if all resources fit on one page: they all come again",
    right: "a page begins at startIndex",
    source: "https://github.com/scimmyjs/scimmy/issues/21",
    install: |seams| seams.page(whole_if_short),
};

async fn whole_if_short(wire: Wire) -> Answer {
    let answer = wire.go().await;
    let Some(start) = wire.number("startIndex").filter(|start| *start > 1) else { return answer };
    let total = answer.json().and_then(|list| list["totalResults"].as_i64());
    let config = wire.server.read("/ServiceProviderConfig").await.unwrap_or_default();
    let by_default = config.pointer("/pagination/defaultPageSize").and_then(Value::as_i64);
    let size = wire.number("count").or(by_default);
    if total.is_none() || total >= size {
        return answer;
    }
    let mut answer = wire.with_parameter("startIndex", None).go().await;
    edit_list(&mut answer, |list| list["startIndex"] = json!(start));
    answer
}

impl Seams {
    /// Answers every search that asks for a page by index.
    fn page<F>(self, answer: impl Fn(Wire) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let answer = std::sync::Arc::new(answer);
        self.wrap_wire(move |wire| {
            let answer = std::sync::Arc::clone(&answer);
            async move {
                let is_page = wire.is_search() && wire.parameter("cursor").is_none();
                if is_page { answer(wire).await } else { wire.go().await }
            }
        })
    }

    /// Changes every list that is a page by index.
    fn edit_lists(self, edit: fn(&Wire, &mut Value)) -> Self {
        self.edit_answers(move |wire, answer| {
            if wire.is_search() && wire.parameter("cursor").is_none() {
                edit_list(answer, |list| edit(wire, list));
            }
        })
    }
}

fn edit_list(answer: &mut Answer, edit: impl FnOnce(&mut Value)) {
    if answer.status.is_success() {
        answer.edit(edit);
    }
}

fn length(list: &Value) -> usize {
    list["Resources"].as_array().map_or(0, Vec::len)
}

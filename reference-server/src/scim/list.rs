//! Index paging and the list response (RFC 7644 sections 3.4.2 and 3.4.2.4).

use serde_json::{Value, json};

use super::error::{Error, quoted};

/// The schema URN of a list response.
pub const URN: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// Which page a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// The position of the page's first resource among all that match; the first is 1.
    pub start_index: u64,
    /// How many resources the page has at most.
    pub count: usize,
}

/// How many resources a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize {
    /// If the client does not say.
    pub default: usize,
    /// At most, whatever the client says.
    pub max: usize,
}

/// A page of what a query found.
#[derive(Clone, Debug, PartialEq)]
pub struct ListResponse {
    /// How many resources match in all.
    pub total_results: u64,
    /// The position of the first one in this answer; 1-based.
    pub start_index: u64,
    /// The resources of this page.
    pub resources: Vec<Value>,
}

impl Paging {
    /// Reads the query parameters `startIndex` and `count` (RFC 7644 Table 6): what is below the range is
    /// raised to 1 and 0, a count above the most that the server gives is that. Fails with `invalidValue` if
    /// one is no integer.
    pub fn from_query(
        start_index: Option<&str>,
        count: Option<&str>,
        size: impl Into<PageSize>,
    ) -> Result<Self, Error> {
        let start_index = integer("startIndex", start_index)?.unwrap_or(1).max(1);
        let size = size.into();
        let count = match integer("count", count)? {
            None => size.default.min(size.max),
            Some(count) => usize::try_from(count).unwrap_or(usize::MAX).min(size.max),
        };
        Ok(Self { start_index, count })
    }

    /// How many matching resources come before the page.
    pub fn offset(&self) -> u64 {
        self.start_index.saturating_sub(1)
    }
}

impl From<usize> for PageSize {
    /// As many as the client says, and else as many, too.
    fn from(max: usize) -> Self {
        Self { default: max, max }
    }
}

impl ListResponse {
    /// The body of the answer. `Resources` is an array even when it is empty (C17: Entra and Okta need it),
    /// `itemsPerPage` the number of resources in this page.
    pub fn to_json(self) -> Value {
        json!({
            "schemas": [URN],
            "totalResults": self.total_results,
            "startIndex": self.start_index,
            "itemsPerPage": self.resources.len(),
            "Resources": self.resources,
        })
    }
}

/// A whole number; one below zero is 0, one beyond all counting is the largest there is.
pub(crate) fn integer(parameter: &str, text: Option<&str>) -> Result<Option<u64>, Error> {
    let Some(text) = text else { return Ok(None) };
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        let detail = format!("{parameter} has to be an integer and is {}", quoted(text));
        return Err(Error::invalid_value(detail));
    }
    let number = if text.starts_with('-') { 0 } else { digits.parse().unwrap_or(u64::MAX) };
    Ok(Some(number))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(None, None, 1, 200)] // RFC7644-3.4.2.4-L6
    #[case(Some("0"), None, 1, 200)] // RFC7644-3.4.2.4-L5
    #[case(Some("-7"), Some("-3"), 1, 0)] // RFC7644-3.4.2.4-L3
    #[case(Some("3"), Some("0"), 3, 0)] // RFC7644-3.4.2.4-L2
    #[case(Some("3"), Some("10"), 3, 10)]
    #[case(Some("1"), Some("5000"), 1, 200)] // RFC7644-3.4.2.4-L11
    #[case(Some("99999999999999999999999"), Some("99999999999999999999999"), u64::MAX, 200)]
    fn paging(
        #[case] start: Option<&str>,
        #[case] count: Option<&str>,
        #[case] start_index: u64,
        #[case] page: usize,
    ) {
        let expected = Paging { start_index, count: page };
        assert_eq!(Paging::from_query(start, count, 200).unwrap(), expected);
    }

    #[rstest]
    #[case(Some("one"), None)]
    #[case(None, Some("1.5"))]
    #[case(Some(""), None)]
    #[case(Some("-"), None)]
    fn rfc7644_3_4_2_4_l10_no_integer(#[case] start: Option<&str>, #[case] count: Option<&str>) {
        let error = Paging::from_query(start, count, 200).unwrap_err();
        assert_eq!((error.status, error.scim_type.unwrap().as_str()), (400, "invalidValue"));
    }

    #[test]
    fn rfc7644_3_4_2_4_l7_items_per_page_counts_the_page() {
        let list = ListResponse { total_results: 7, start_index: 7, resources: vec![json!({"id": "1"})] };
        assert_eq!(
            list.to_json(),
            json!({"schemas": [URN], "totalResults": 7, "startIndex": 7, "itemsPerPage": 1,
                   "Resources": [{"id": "1"}]})
        );
        let none = ListResponse { total_results: 0, start_index: 1, resources: Vec::new() };
        assert_eq!(none.to_json()["Resources"], json!([]));
    }
}

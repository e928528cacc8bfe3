//! Spelling requests: URNs, the encoding of paths and queries, and the frame of a PATCH. Which of them a message uses
//! is the persona's.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// RFC 3986 section 2.3: what never needs encoding.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// RFC 3986 section 3.3: what may stand in a path segment as it is, less the semicolon and the quote, which servers
/// treat in ways of their own.
const SEGMENT: &AsciiSet = &UNRESERVED
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// How a provider encodes a blank in a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    /// `%20`.
    Percent,
    /// `+`, as in forms.
    Plus,
}

/// A query value, percent-encoded.
pub(super) fn query(value: &str, blank: Blank) -> String {
    let encoded = utf8_percent_encode(value, UNRESERVED).to_string();
    match blank {
        Blank::Percent => encoded,
        Blank::Plus => encoded.replace("%20", "+"),
    }
}

/// `ATTRIBUTE eq "VALUE"`, the value as a JSON string (RFC 7644 section 3.4.2.2).
pub(super) fn equals(attribute: &str, value: &str) -> String {
    format!("{attribute} eq {}", Value::from(value))
}

/// The path of a resource: the id is the server's and encoded as one segment.
pub(super) fn path(endpoint: &str, id: &str) -> String {
    format!("{endpoint}/{}", utf8_percent_encode(id, SEGMENT))
}

/// A PATCH body (RFC 7644 section 3.5.2).
pub(super) fn patch(operations: &[Value]) -> Value {
    json!({"schemas": [PATCH_OP], "Operations": operations})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_is_encoded_as_the_provider_does_and_a_plus_never_becomes_one() {
        let filter = equals("userName", "ada+test@example.com");
        assert_eq!(query(&filter, Blank::Percent), "userName%20eq%20%22ada%2Btest%40example.com%22");
        assert_eq!(query(&filter, Blank::Plus), "userName+eq+%22ada%2Btest%40example.com%22");
    }

    #[test]
    fn a_quote_in_a_value_does_not_end_the_filter_string() {
        assert_eq!(equals("userName", r#"a"b\c"#), r#"userName eq "a\"b\\c""#);
    }

    #[test]
    fn an_id_stays_one_segment() {
        assert_eq!(path("/Users", "a/b?c#d é"), "/Users/a%2Fb%3Fc%23d%20%C3%A9");
        assert_eq!(path("/Users", "urn:x@1"), "/Users/urn:x@1");
    }
}

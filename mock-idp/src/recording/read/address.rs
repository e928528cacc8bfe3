//! Takes the texts apart that files give for URLs: they may be whole, a path alone, decoded by a logger, or begin
//! with a `{{name}}` that only the suite's runner knows.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// Stands for the host where a file names none (RFC 2606, section 2: nobody has it).
pub const NO_HOST: &str = "recorded.invalid";

/// What no URL can hold as it is (RFC 3986, section 2), besides what is not ASCII.
const NEVER: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What cannot stand in the first line of an HTTP request.
const BREAKS_THE_LINE: &AsciiSet = &CONTROLS.add(b' ');

/// The well-known endpoints (RFC 7644, section 3.2), and the spelling of drafts before the RFC.
const ENDPOINTS: [&str; 9] = [
    "Users",
    "Groups",
    "Schemas",
    "ResourceTypes",
    "ServiceProviderConfig",
    "ServiceProviderConfigs",
    "Bulk",
    "Me",
    ".search",
];

/// A URL in three pieces, which together are its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// `https://app.example`, or `{{base}}`.
    pub(super) origin: &'a str,
    /// Empty, or from the first slash on.
    pub(super) path: &'a str,
    /// Empty, or from the question mark on.
    pub(super) query: &'a str,
}

/// Where the base ends in a path, and how sure that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// The length of what stands before the endpoint, without slashes at its end.
    pub(super) base: usize,
    /// Whether the endpoint is spelled as in the RFC; else its case differs.
    pub(super) exact: bool,
}

impl<'a> Address<'a> {
    /// None: the text has no origin.
    pub(super) fn of(url: &'a str) -> Option<Self> {
        let from = match outside_braces(url, |rest| rest.starts_with("://")) {
            Some(colon) if !url[..colon].contains(['/', '?', '#']) => colon + 3,
            _ if url.starts_with("{{") => 0,
            _ => return None,
        };
        let end = outside_braces(&url[from..], |rest| rest.starts_with(['/', '?', '#']))
            .map_or(url.len(), |end| from + end);
        let (origin, rest) = url.split_at(end);
        let rest = &rest[..outside_braces(rest, |rest| rest.starts_with('#')).unwrap_or(rest.len())];
        let (path, query) =
            rest.split_at(outside_braces(rest, |rest| rest.starts_with('?')).unwrap_or(rest.len()));
        Some(Self { origin, path, query })
    }

    /// The origin as it compares: in lower case, without a port that goes without saying. Names in braces keep
    /// their case.
    pub(super) fn normal_origin(&self) -> String {
        if self.origin.contains("{{") {
            return self.origin.to_owned();
        }
        let origin = self.origin.to_ascii_lowercase();
        let port = if origin.starts_with("https:") { ":443" } else { ":80" };
        origin.strip_suffix(port).unwrap_or(&origin).to_owned()
    }

    /// The first well-known endpoint of the path that nothing but one more segment follows, spelled exactly if
    /// there is one so spelled.
    pub(super) fn endpoint(&self) -> Option<Endpoint> {
        endpoint(self.path, true).or_else(|| endpoint(self.path, false))
    }
}

/// Whether a segment of the path says that this is SCIM.
pub(super) fn says_scim(path: &str) -> bool {
    path.split('/').any(|segment| {
        segment.len() <= 32 && segment.to_ascii_lowercase().split(['-', '_', '.']).any(|word| word == "scim")
    })
}

/// The segments of a path that are not empty, each with the place where it begins.
pub(super) fn segments(path: &str) -> impl DoubleEndedIterator<Item = (usize, &str)> {
    let start = move |segment: &str| segment.as_ptr() as usize - path.as_ptr() as usize;
    path.split('/').map(move |segment| (start(segment), segment)).filter(|(_, segment)| !segment.is_empty())
}

/// Whether this is the name of a well-known endpoint in any case.
pub(super) fn is_endpoint(segment: &str) -> bool {
    ENDPOINTS.iter().any(|endpoint| endpoint.eq_ignore_ascii_case(segment))
}

/// What `text` says after percent-decoding, for comparing.
pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A URL, or a part of one, that a file took from the wire: a text with a blank in it was decoded by whoever logged
/// it, and is encoded again.
pub(super) fn as_on_the_wire(text: &str) -> String {
    if text.contains(' ') || !text.is_ascii() {
        encoded(text, NEVER)
    } else {
        utf8_percent_encode(text, BREAKS_THE_LINE).to_string()
    }
}

/// A URL as a suite writes it for its runner to encode; names in braces stay.
pub(super) fn as_sent(text: &str) -> String {
    encoded(text, NEVER)
}

/// A text as a value in a query or in a form.
pub(super) fn as_value(text: &str) -> String {
    const IN_A_VALUE: &AsciiSet = &NEVER.add(b'&').add(b'=').add(b'+').add(b'#').add(b'%');
    encoded(text, IN_A_VALUE)
}

/// Leaves `{{names}}` alone.
fn encoded(text: &str, set: &'static AsciiSet) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{")
        && let Some(length) = rest[open..].find("}}")
    {
        let close = open + length + 2;
        result.extend(utf8_percent_encode(&rest[..open], set));
        result.push_str(&rest[open..close]);
        rest = &rest[close..];
    }
    result.extend(utf8_percent_encode(rest, set));
    result
}

/// The first place outside of `{{names}}` where `found` holds for what follows.
fn outside_braces(text: &str, found: impl Fn(&str) -> bool) -> Option<usize> {
    let mut skip_to = 0;
    // Where no name is closed any more, none needs to be looked for: a text of braces alone would take for ever.
    let last_close = text.rfind("}}").unwrap_or(0);
    for (index, _) in text.char_indices() {
        if index < skip_to {
            continue;
        }
        let rest = &text[index..];
        if index < last_close
            && rest.starts_with("{{")
            && let Some(length) = rest.find("}}")
        {
            skip_to = index + length + 2;
        } else if found(rest) {
            return Some(index);
        }
    }
    None
}

fn endpoint(path: &str, exact: bool) -> Option<Endpoint> {
    let all: Vec<_> = segments(path).collect();
    // What follows an endpoint is an id, `.search`, or nothing.
    all.iter()
        .skip(all.len().saturating_sub(2))
        .find(|(_, segment)| if exact { ENDPOINTS.contains(segment) } else { is_endpoint(segment) })
        .map(|(start, _)| Endpoint { base: path[..*start].trim_end_matches('/').len(), exact })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://app.example/scim/v2/Users?a=b#c", "https://app.example", "/scim/v2/Users", "?a=b")]
    #[case("https://app.example", "https://app.example", "", "")]
    #[case("https://app.example?a=/b", "https://app.example", "", "?a=/b")]
    #[case("{{SCIMBaseURL}}/Users/{{id}}?filter=a", "{{SCIMBaseURL}}", "/Users/{{id}}", "?filter=a")]
    #[case("{{P}}://{{S}}{{Port}}/{{Api}}/users", "{{P}}://{{S}}{{Port}}", "/{{Api}}/users", "")]
    fn a_url_has_three_pieces(
        #[case] url: &str,
        #[case] origin: &str,
        #[case] path: &str,
        #[case] query: &str,
    ) {
        assert_eq!(Address::of(url), Some(Address { origin, path, query }));
    }

    #[rstest]
    #[case("/Users")]
    #[case("")]
    #[case("about:blank")]
    #[case("/login?next=https://app.example/")]
    fn other_texts_have_no_origin(#[case] text: &str) {
        assert_eq!(Address::of(text), None);
    }

    #[rstest]
    #[case("/scim/v2/Users", Some(("/scim/v2", true)))]
    #[case("/Users/", Some(("", true)))]
    #[case("/scim//Users/7", Some(("/scim", true)))]
    #[case("/scim/v2/Users/.search", Some(("/scim/v2", true)))]
    #[case("/scim/v2/.search", Some(("/scim/v2", true)))]
    #[case("/scim/v2/groups/7", Some(("/scim/v2", false)))]
    #[case("/Users/7/photos/1", None)]
    #[case("/index.html", None)]
    fn the_base_is_what_stands_before_the_endpoint(#[case] path: &str, #[case] base: Option<(&str, bool)>) {
        let url = format!("https://app.example{path}");
        let found = Address::of(&url).unwrap().endpoint();
        assert_eq!(found.map(|found| (&path[..found.base], found.exact)), base);
    }

    #[rstest]
    #[case("/Users?filter=userName%20eq%20%22a%22", "/Users?filter=userName%20eq%20%22a%22")]
    #[case("/Users?filter=userName eq \"a\"", "/Users?filter=userName%20eq%20%22a%22")]
    #[case("/Users?filter=userName+eq+\"a\"", "/Users?filter=userName+eq+\"a\"")]
    #[case("/Users/\u{e4}", "/Users/%C3%A4")]
    fn what_a_logger_decoded_is_encoded_again(#[case] text: &str, #[case] wire: &str) {
        assert_eq!(as_on_the_wire(text), wire);
    }

    #[test]
    fn names_in_braces_are_not_encoded() {
        assert_eq!(
            as_sent("/Users?filter=userName eq \"{{a b}}\"{"),
            "/Users?filter=userName%20eq%20%22{{a b}}%22%7B"
        );
    }
}

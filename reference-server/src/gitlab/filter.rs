//! Filters as GitLab reads them: split at blanks into attribute, operator and value, whatever else there is.

use super::answer::Refusal;

/// What a filter on Users looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UserFilter {
    /// `id` or `externalId`: the provider's identifier, without regard to case.
    ExternUid(String),
    /// `userName`: the provider's identifier, else the username, else an e-mail address.
    UserName(String),
}

impl UserFilter {
    /// Reads the parameter; nothing if it is empty. A value ends at a blank, and what follows it is ignored, so
    /// `userName eq "a" and active eq true` is `userName eq "a"`.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, Refusal> {
        let mut words = text.split_whitespace();
        let Some(attribute) = words.next() else { return Ok(None) };
        // Exactly `eq`, in lower case; a filter without a value is refused like any other that is not known (M).
        let (Some("eq"), Some(value)) = (words.next(), words.next()) else { return Err(unsupported()) };
        let value = value.replace('"', "");
        match attribute {
            "id" | "externalId" => Ok(Some(Self::ExternUid(value))),
            "userName" => Ok(Some(Self::UserName(value))),
            _ => Err(unsupported()),
        }
    }
}

/// Reads a filter on Groups: `displayName eq "X"`, the attribute in any case, the value in either kind of
/// quotes. The value may hold blanks (M).
pub(super) fn display_name(text: &str) -> Result<Option<String>, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let read = || {
        let (attribute, rest) = text.split_once(char::is_whitespace)?;
        let value = rest.trim_start().strip_prefix("eq ")?.trim();
        let inner = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))?;
        attribute.eq_ignore_ascii_case("displayName").then(|| inner.to_owned())
    };
    read().map(Some).ok_or_else(unsupported)
}

fn unsupported() -> Refusal {
    Refusal::scim(412, "Unsupported Filter")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_on_users_is_three_words_and_the_rest_is_ignored() {
        let uid = |value: &str| Ok(Some(UserFilter::ExternUid(value.to_owned())));
        let name = |value: &str| Ok(Some(UserFilter::UserName(value.to_owned())));
        assert_eq!(UserFilter::parse("id eq a-b-c"), uid("a-b-c"));
        assert_eq!(UserFilter::parse(r#"externalId eq "a1b2""#), uid("a1b2"));
        assert_eq!(UserFilter::parse(r#"userName eq "john doe""#), name("john"));
        assert_eq!(UserFilter::parse(r#"userName eq "a" and active eq true"#), name("a"));
        assert_eq!(UserFilter::parse(""), Ok(None));
        for text in [
            r#"userName Eq "a""#,
            r#"username eq "a""#,
            r#"userName co "a""#,
            "userName pr",
            "userName eq",
            "userName",
            r#"emails.value eq "a@example.com""#,
            "active eq true",
            r#"displayName eq "a""#,
        ] {
            assert!(UserFilter::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_filter_on_groups_is_by_name() {
        let name = |value: &str| Ok(Some(value.to_owned()));
        assert_eq!(display_name(r#"displayName eq "Engineering""#), name("Engineering"));
        assert_eq!(display_name("DISPLAYNAME eq 'Data Science'"), name("Data Science"));
        assert_eq!(display_name(""), Ok(None));
        for text in [r#"displayName co "E""#, "displayName eq E", r#"id eq "E""#, "displayName", "'"] {
            assert!(display_name(text).is_err(), "{text}");
        }
    }
}

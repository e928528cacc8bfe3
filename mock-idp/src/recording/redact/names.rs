//! Which headers, members and parameters hold secrets, by their names. Everything here errs on the side of hiding.

use std::collections::HashSet;

use super::super::attribute;
use super::RedactError;

/// Names of members and attributes whose values are secrets, without case, `_` and `-`.
const MEMBERS: [&str; 23] = [
    "accesskey",
    "assertion",
    "authorization",
    "backupcodes",
    "clientassertion",
    "cookie",
    "credential",
    "credentials",
    "jwt",
    "mfacode",
    "otp",
    "otpcode",
    "pass",
    "pin",
    "proxyauthorization",
    "pwd",
    "recoverycodes",
    "samlresponse",
    "sessionid",
    "setcookie",
    "signingkey",
    "totp",
    "userpass",
];

/// How the names of such members end, so that `newPassword`, `client_secret` and `refresh_token` are among them.
const ENDINGS: [&str; 14] = [
    "accesskey",
    "apikey",
    "encryptionkey",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "passwordagain",
    "passwordconfirmation",
    "passworddigest",
    "passwordhash",
    "privatekey",
    "secret",
    "secretkey",
];

/// Query parameters that are secrets although a member of that name is none: a SCIM error may well have a `code`.
const PARAMETERS: [&str; 10] =
    ["auth", "code", "hmac", "key", "saml", "session", "sid", "sig", "signature", "ticket"];

/// Headers that are secrets as a whole. Others are found by their names' parts.
const HEADERS: [&str; 12] = [
    "authentication",
    "authentication-info",
    "authorization",
    "cookie",
    "dpop",
    "proxy-authentication-info",
    "proxy-authorization",
    "set-cookie",
    "set-cookie2",
    "x-auth",
    "x-forwarded-client-cert",
    "x-key",
];

/// The parts of a header's name that make its value a secret: `X-Api-Key`, `Private-Token`, `X-Auth-Token`.
const HEADER_PARTS: [&str; 15] = [
    "access-key",
    "accesskey",
    "api-key",
    "apikey",
    "assertion",
    "auth-key",
    "authorization",
    "credential",
    "functions-key",
    "passphrase",
    "passwd",
    "password",
    "secret",
    "signature",
    "subscription-key",
];

/// Whole words of a header's name that do the same: `X-Session-Id`, but not `X-Passed`.
const HEADER_WORDS: [&str; 4] = ["jwt", "pass", "session", "sessionid"];

/// Words of SCIM and of HTTP: if somebody's password is one of them, it is hidden where it stands as a password and
/// nowhere else, for the recording would make no sense without its member names.
const VOCABULARY: [&str; 60] = [
    "active",
    "addresses",
    "application/json",
    "application/scim+json",
    "attributes",
    "bearer",
    "bulkId",
    "canonicalValues",
    "changePassword",
    "content",
    "content-type",
    "costCenter",
    "country",
    "created",
    "department",
    "description",
    "detail",
    "display",
    "displayName",
    "division",
    "emails",
    "employeeNumber",
    "endpoint",
    "externalId",
    "familyName",
    "filter",
    "formatted",
    "givenName",
    "groups",
    "itemsPerPage",
    "lastModified",
    "locale",
    "location",
    "manager",
    "members",
    "method",
    "middleName",
    "multiValued",
    "mutability",
    "nickName",
    "operations",
    "organization",
    "password",
    "phoneNumbers",
    "photos",
    "primary",
    "required",
    "resources",
    "resourceType",
    "returned",
    "schema",
    "schemas",
    "scimType",
    "secret",
    "startIndex",
    "string",
    "totalResults",
    "uniqueness",
    "userName",
    "version",
];

/// How far a secret is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// In every exchange to come: a password, a token.
    Recording,
    /// In its own exchange: what the user names may be anything, also something that occurs everywhere.
    Exchange,
}

/// The names that are secret, and those that the user added.
#[derive(Debug, Default)]
pub(super) struct Names {
    headers: HashSet<String>,
    attributes: Vec<Vec<String>>,
    /// The last names of the JSONPaths, for bodies in which no path can be followed.
    path_ends: Vec<String>,
    /// Whether there is a JSONPath without a name at its end.
    anywhere: bool,
}

impl Names {
    /// Whether the whole value of this header is a secret.
    pub(super) fn header(&self, name: &str) -> Option<Reach> {
        let added = || self.headers.contains(&name.to_ascii_lowercase()).then_some(Reach::Exchange);
        is_secret_header(name).then_some(Reach::Recording).or_else(added)
    }

    /// Whether what stands at these names, the outermost first, is a secret.
    pub(super) fn member(&self, names: &[String]) -> Option<Reach> {
        let added = || self.attributes.iter().any(|attribute| names.ends_with(attribute));
        let always = names.last().is_some_and(|last| is_secret_member(last));
        always.then_some(Reach::Recording).or_else(|| added().then_some(Reach::Exchange))
    }

    /// The same where it cannot be told what a member is in.
    pub(super) fn loosely(&self, name: &str) -> Option<Reach> {
        let names = attribute::names(name);
        names.iter().enumerate().find_map(|(index, last)| {
            let added =
                || self.path_ends.contains(last) || self.attributes.iter().any(|it| it.last() == Some(last));
            self.member(&names[..=index]).or_else(|| added().then_some(Reach::Exchange))
        })
    }

    /// Whether something is secret of which not even a name is known.
    pub(super) fn anywhere(&self) -> bool {
        self.anywhere
    }

    /// Whether the parameter of a query or a form is a secret.
    pub(super) fn parameter(&self, name: &str) -> Option<Reach> {
        let always = PARAMETERS.contains(&normal(name).as_str());
        always.then_some(Reach::Recording).or_else(|| self.member(&attribute::names(name)))
    }

    /// Adds a header.
    pub(super) fn add_header(&mut self, name: &str) -> Result<(), RedactError> {
        let name = http::HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| RedactError::Header(name.to_owned()))?;
        self.headers.insert(name.as_str().to_owned());
        Ok(())
    }

    /// Adds an attribute: `costCenter`, `name.familyName`.
    pub(super) fn add_attribute(&mut self, path: &str) -> Result<(), RedactError> {
        let names = attribute::names(path);
        if names.is_empty() {
            return Err(RedactError::Attribute(path.to_owned()));
        }
        self.attributes.push(names);
        Ok(())
    }

    /// Adds the name at the end of a JSONPath, whose selectors of elements (`[*]`, `[0]`, `[?...]`) do not count.
    pub(super) fn add_path(&mut self, path: &str) {
        let mut rest = path.trim_end();
        while let Some((before, selector)) = rest.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
            let name = selector.trim().trim_matches(['\'', '"']);
            if name.len() < selector.trim().len() {
                self.path_ends.push(name.to_lowercase());
                return;
            }
            rest = before;
        }
        let name = rest.rsplit('.').next().unwrap_or_default();
        if name.is_empty()
            || name.contains(|c: char| !(c.is_alphanumeric() || "_-$".contains(c)))
            || name == "$"
        {
            self.anywhere = true;
        } else {
            self.path_ends.push(name.to_lowercase());
        }
    }
}

/// Whether the value of the header of this name is a secret for everyone.
pub(in super::super) fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    HEADERS.contains(&name.as_str())
        || HEADER_PARTS.iter().any(|part| name.contains(part))
        || name.split('-').any(|part| part.ends_with("token") || HEADER_WORDS.contains(&part))
}

/// Whether a text that is a secret somewhere may be looked for everywhere.
pub(super) fn is_word(text: &str) -> bool {
    VOCABULARY.iter().any(|word| word.eq_ignore_ascii_case(text))
}

fn is_secret_member(name: &str) -> bool {
    let name = normal(name);
    // `newPassword2`, and `clientSecretValue`, are what they are without that.
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = name.strip_suffix("value").unwrap_or(name);
    let singular = name.strip_suffix('s').unwrap_or(name);
    // RFC 7643 section 5: whether a server can change passwords, which is none.
    name != "changepassword"
        && (MEMBERS.contains(&name)
            || singular.ends_with("token")
            || ENDINGS.iter().any(|ending| name.ends_with(ending) || singular.ends_with(ending)))
}

fn normal(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ' | '$')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_with_credentials_are_secret() {
        for name in [
            "AUTHORIZATION",
            "Proxy-Authorization",
            "cookie",
            "Set-Cookie",
            "X-Api-Key",
            "x_api_key",
            "PRIVATE-TOKEN",
            "X-CSRFToken",
            "X-Client-Secret",
            "X-Session-Id",
            "X-Session",
            "X-Jwt",
            "X-Pass",
            "X-Key",
        ] {
            assert!(is_secret_header(name), "{name}");
        }
        for name in [
            "Accept",
            "ETag",
            "WWW-Authenticate",
            "X-Request-Id",
            "User-Agent",
            "Location",
            "Idempotency-Key",
        ] {
            assert!(!is_secret_header(name), "{name}");
        }
    }

    #[test]
    fn members_with_secrets_are_known_by_their_names() {
        let names = Names::default();
        for name in [
            "password",
            "PassWord",
            "newPassword",
            "client_secret",
            "clientSecret",
            "refresh_token",
            "apiKeys",
            "secretKey",
            "secret_key",
            "password2",
            "newPassword1",
            "passwordValue",
            "clientSecretValue",
            "accessTokenValue",
            "passcode",
            "pin",
            "pass",
            "userPass",
            "encryptionKey",
        ] {
            assert_eq!(names.member(&[name.to_owned()]), Some(Reach::Recording), "{name}");
        }
        for name in ["changePassword", "passwordLastChanged", "userName", "tokenType", "code", "secretary"] {
            assert_eq!(names.member(&[name.to_owned()]), None, "{name}");
        }
        for name in ["code", "pass", "session", "secret_key", "hmac"] {
            assert_eq!(names.parameter(name), Some(Reach::Recording), "{name}");
        }
    }

    #[test]
    fn attributes_of_the_user_are_compared_from_their_end() {
        let mut names = Names::default();
        names.add_attribute("name.familyName").unwrap();
        assert!(names.member(&["resources".into(), "name".into(), "familyname".into()]).is_some());
        assert!(names.member(&["familyname".into()]).is_none());
    }

    #[test]
    fn a_path_is_known_by_the_name_at_its_end() {
        for (path, end) in
            [("$.a.b", "b"), ("$..B[*]", "b"), ("$['a']['c d'][0]", "c d"), ("$.a[?@.b == 'x'].e", "e")]
        {
            let mut names = Names::default();
            names.add_path(path);
            assert_eq!(names.path_ends, [end], "{path}");
        }
        for path in ["$", "$.*", "$[*]"] {
            let mut names = Names::default();
            names.add_path(path);
            assert!(names.anywhere(), "{path}");
        }
    }
}

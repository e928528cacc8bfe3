//! Takes credentials out of what was just read, before anybody else sees it: out of headers and URLs by their names,
//! and out of the rest of the same exchange by what those said. What people write into a recording is `redact`'s
//! business; passwords in bodies stay here, since a server that sends one back must be noticed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::super::redact::{REDACTED, is_secret_header};
use super::draft::Draft;

/// A shorter text is not looked for in the rest of the exchange: it would be found in innocent words.
const SHORTEST_SECRET: usize = 8;

/// Parameter names (RFC 6749, RFC 6750 section 2.3, signed URLs), in lower case, without `-` and `_`.
const PARAMETERS: [&str; 20] = [
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "token",
    "authtoken",
    "bearertoken",
    "apikey",
    "key",
    "code",
    "clientsecret",
    "clientassertion",
    "assertion",
    "secret",
    "password",
    "passwd",
    "signature",
    "sig",
    "jwt",
    "sessionid",
    "xamzsignature",
];

/// Takes the credentials out. True if a header of the request held some that are written out (not `{{name}}`).
pub(super) fn clean(draft: &mut Draft) -> bool {
    let mut secrets = Vec::new();
    draft.url = without_credentials(&draft.url, &mut secrets);
    let written_out = clean_headers(&mut draft.headers, &mut secrets);
    if let Ok(answer) = &mut draft.result {
        clean_headers(&mut answer.headers, &mut secrets);
    }
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    for secret in &secrets {
        replace_everywhere(draft, secret);
    }
    written_out
}

fn clean_headers(headers: &mut [(String, String)], secrets: &mut Vec<String>) -> bool {
    let mut any = false;
    for (name, value) in headers.iter_mut().filter(|(name, _)| is_secret_header(name)) {
        if value.is_empty() || *value == REDACTED || is_a_name(value) {
            continue;
        }
        any = true;
        learn(value, name.to_ascii_lowercase().ends_with("authorization"), secrets);
        REDACTED.clone_into(value);
    }
    any
}

/// `{{auth}}` or `Bearer {{token}}`: no secret, but the name of one.
fn is_a_name(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("{{") else { return false };
    let Some((_, rest)) = rest.split_once("}}") else { return false };
    rest.trim().is_empty() && scheme.trim().chars().all(|c| c.is_ascii_alphabetic()) && scheme.len() <= 10
}

fn learn(value: &str, has_scheme: bool, secrets: &mut Vec<String>) {
    let credential = match value.trim().split_once(' ') {
        Some((_, credential)) if has_scheme => credential.trim(),
        _ => value.trim(),
    };
    let mut keep = |secret: &str| {
        if secret.len() >= SHORTEST_SECRET {
            secrets.push(secret.to_owned());
        }
    };
    keep(credential);
    if has_scheme
        && let Ok(decoded) = STANDARD.decode(credential)
        && let Ok(decoded) = String::from_utf8(decoded)
        && let Some((_, password)) = decoded.split_once(':')
    {
        keep(password);
    }
}

/// The URL without a user's name and password, and without the values of parameters that are credentials.
fn without_credentials(url: &str, secrets: &mut Vec<String>) -> String {
    let (start, query) = url.split_once('?').map_or((url, None), |(start, query)| (start, Some(query)));
    let mut result = match start.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.find('/').unwrap_or(rest.len());
            let host = rest[..authority].rfind('@').map_or(0, |at| at + 1);
            if let Some((_, password)) = rest[..host].trim_end_matches('@').split_once(':')
                && password.len() >= SHORTEST_SECRET
            {
                secrets.push(password.to_owned());
            }
            format!("{scheme}://{}", &rest[host..])
        }
        None => start.to_owned(),
    };
    let Some(query) = query else { return result };
    for (index, parameter) in query.split('&').enumerate() {
        result.push(if index == 0 { '?' } else { '&' });
        match parameter.split_once('=') {
            Some((name, value))
                if is_credential_parameter(name) && !value.is_empty() && !is_a_name(value) =>
            {
                result.push_str(name);
                result.push('=');
                if value != REDACTED && value.len() >= SHORTEST_SECRET {
                    secrets.push(value.to_owned());
                }
                result.push_str(REDACTED);
            }
            _ => result.push_str(parameter),
        }
    }
    result
}

fn is_credential_parameter(name: &str) -> bool {
    let name: String =
        name.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect();
    PARAMETERS.contains(&name.as_str())
}

fn replace_everywhere(draft: &mut Draft, secret: &str) {
    if draft.url.contains(secret) {
        draft.url = draft.url.replace(secret, REDACTED);
    }
    let answer_headers = draft.result.as_mut().map(|answer| answer.headers.iter_mut()).into_iter().flatten();
    for (_, value) in draft.headers.iter_mut().chain(answer_headers) {
        if value.contains(secret) {
            *value = value.replace(secret, REDACTED);
        }
    }
    if let Some(body) = &mut draft.body {
        replace(body, secret);
    }
    if let Ok(answer) = &mut draft.result {
        replace(&mut answer.body, secret);
    }
}

fn replace(body: &mut Bytes, secret: &str) {
    // A body that is not text is looked through all the same, byte by byte.
    let needle = secret.as_bytes();
    let mut result = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while at + needle.len() <= body.len() {
        if body[at] == needle[0] && body[at..].starts_with(needle) {
            result.extend_from_slice(&body[from..at]);
            result.extend_from_slice(REDACTED.as_bytes());
            at += needle.len();
            from = at;
        } else {
            at += 1;
        }
    }
    if from > 0 {
        result.extend_from_slice(&body[from..]);
        *body = Bytes::from(result);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://ada:pa55w0rd1@app.example/Users", "https://app.example/Users")]
    #[case(
        "https://a.example/Users?access_token=abc&count=1",
        "https://a.example/Users?access_token=[redacted]&count=1"
    )]
    #[case(
        "https://a.example/Users?filter=a@b&Api-Key=x",
        "https://a.example/Users?filter=a@b&Api-Key=[redacted]"
    )]
    #[case("{{base}}/Users?token={{token}}", "{{base}}/Users?token={{token}}")]
    fn a_url_loses_its_credentials(#[case] url: &str, #[case] cleaned: &str) {
        assert_eq!(without_credentials(url, &mut Vec::new()), cleaned);
    }

    #[rstest]
    #[case("{{auth}}", true)]
    #[case("Bearer {{token}}", true)]
    #[case("SSWS {{oktaToken}}", true)]
    #[case("non-token", false)]
    #[case("Bearer abc{{x}}", false)]
    #[case("{{x}}abc", false)]
    fn the_name_of_a_secret_is_none(#[case] value: &str, #[case] name: bool) {
        assert_eq!(is_a_name(value), name);
    }
}

//! A request as a command line that repeats it, for a report: quoted for a POSIX shell, without any secret.

use serde_json::Value;

use super::{Destination, Request};

const HIDDEN: &str = "…";

/// One line of POSIX shell that repeats `request` against the target at `base`. The target's credentials stand as
/// `$SCIM_TOKEN`, unless the request brings its own (an empty `Authorization` means none); other credentials
/// (`Authorization`, `Proxy-Authorization`, cookies) and passwords in the body become `…`.
pub fn curl(request: &Request, base: &str) -> String {
    let mut line = String::new();
    let body = request.body.as_deref().map(body_without_passwords);
    if let Some(body) = body.as_deref().filter(|body| !is_plain(body)) {
        line.push_str("printf '");
        line.push_str(&octal(body));
        line.push_str("' | ");
    }
    line.push_str("curl");
    match request.method.as_str() {
        "GET" if body.is_none() => {}
        "HEAD" => line.push_str(" --head"),
        method => {
            line.push_str(" -X ");
            line.push_str(method);
        }
    }
    let url = match &request.to {
        Destination::Scim(target) => format!("{}{target}", base.trim_end_matches('/')),
        Destination::Absolute(url) => {
            let mut url = url.clone();
            // Both fail only for a URL that cannot have credentials.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.to_string()
        }
    };
    line.push(' ');
    line.push_str(&quoted(&url));
    let brings_its_own = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    if matches!(request.to, Destination::Scim(_)) && !brings_its_own {
        line.push_str(" -H \"Authorization: Bearer $SCIM_TOKEN\"");
    }
    for (name, value) in &request.headers {
        let value = match name.to_ascii_lowercase().as_str() {
            "authorization" if value.is_empty() => continue,
            "authorization" | "proxy-authorization" | "cookie" => HIDDEN,
            "accept-encoding" => {
                line.push_str(" --compressed");
                value
            }
            _ => value,
        };
        line.push_str(" -H ");
        line.push_str(&quoted(&format!("{name}: {value}")));
    }
    match body.as_deref() {
        Some(body) if is_plain(body) => {
            line.push_str(" --data-binary ");
            line.push_str(&quoted(&String::from_utf8_lossy(body)));
        }
        Some(_) => line.push_str(" --data-binary @-"),
        None => {}
    }
    line
}

/// The body as it is, unless it holds a password. What is not JSON and speaks of a password is left out altogether.
fn body_without_passwords(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    if !text.to_ascii_lowercase().contains("password") {
        return body.to_vec();
    }
    match serde_json::from_str::<Value>(&text) {
        Ok(mut json) => {
            hide_passwords(&mut json);
            json.to_string().into_bytes()
        }
        Err(_) => HIDDEN.as_bytes().to_vec(),
    }
}

fn hide_passwords(json: &mut Value) {
    match json {
        Value::Object(members) => {
            // A PATCH operation: {"op": "replace", "path": "password", "value": "..."}.
            let sets_password = members.iter().any(|(name, value)| {
                name.eq_ignore_ascii_case("path")
                    && value.as_str().is_some_and(|path| path.to_ascii_lowercase().ends_with("password"))
            });
            for (name, value) in members {
                let hidden = name.to_ascii_lowercase().ends_with("password")
                    || (sets_password && name.eq_ignore_ascii_case("value"));
                if hidden {
                    *value = Value::from(HIDDEN);
                } else {
                    hide_passwords(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_passwords),
        _ => {}
    }
}

/// Whether a terminal shows it as it is and a shell takes it in quotes.
fn is_plain(body: &[u8]) -> bool {
    std::str::from_utf8(body)
        .is_ok_and(|text| !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'))
}

fn octal(body: &[u8]) -> String {
    use std::fmt::Write;
    body.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "\\{byte:03o}");
        text
    })
}

/// In single quotes, where a POSIX shell leaves everything but the quote alone. Control characters, which no URL and
/// no header can hold, are left out: the line is shown on a terminal.
fn quoted(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    format!("'{}'", shown.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use http::Method;
    use url::Url;

    use super::*;

    const BASE: &str = "https://app.example.com/scim/v2";

    #[test]
    fn repeats_a_request_without_the_token() {
        let request = Request::scim(Method::GET, "/Users?filter=userName%20eq%20%22ada%22")
            .header("Accept", "application/scim+json");
        insta::assert_snapshot!(curl(&request, BASE), @r#"curl 'https://app.example.com/scim/v2/Users?filter=userName%20eq%20%22ada%22' -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'"#);
    }

    #[test]
    fn quotes_for_a_posix_shell_and_hides_passwords_at_any_depth() {
        let request = Request::scim(Method::POST, "/Users").body(
            r#"{"name":{"familyName":"O'Hara"},"password":"s3cret","Operations":[{"op":"replace","path":"password","value":"s3cret"},{"value":{"Password":"s3cret"}}]}"#,
        );
        insta::assert_snapshot!(curl(&request, BASE), @r#"curl -X POST 'https://app.example.com/scim/v2/Users' -H "Authorization: Bearer $SCIM_TOKEN" --data-binary '{"name":{"familyName":"O'\''Hara"},"password":"…","Operations":[{"op":"replace","path":"password","value":"…"},{"value":{"Password":"…"}}]}'"#);
    }

    #[test]
    fn hides_every_kind_of_credentials() {
        let own = Request::scim(Method::GET, "/Users").header("authorization", "Bearer s3cret");
        insta::assert_snapshot!(curl(&own, BASE), @"curl 'https://app.example.com/scim/v2/Users' -H 'authorization: …'");
        let nobody = Request::scim(Method::GET, "/Users").header("Authorization", "");
        insta::assert_snapshot!(curl(&nobody, BASE), @"curl 'https://app.example.com/scim/v2/Users'");

        let url = Url::parse("https://ada:s3cret@app.example.com/login").unwrap();
        let probe = Request {
            method: Method::POST,
            to: Destination::Absolute(url),
            headers: vec![
                ("Authorization".to_owned(), "Basic s3cret".to_owned()),
                ("Cookie".to_owned(), "s=s3cret".to_owned()),
            ],
            body: Some("user=ada&password=s3cret".into()),
        };
        insta::assert_snapshot!(curl(&probe, BASE), @"curl -X POST 'https://app.example.com/login' -H 'Authorization: …' -H 'Cookie: …' --data-binary '…'");
    }

    #[test]
    fn a_body_with_control_characters_goes_through_printf() {
        let request = Request::scim(Method::POST, "/Users").body(&b"\x1b[2J\xff"[..]);
        insta::assert_snapshot!(curl(&request, BASE), @r#"printf '\033\133\062\112\377' | curl -X POST 'https://app.example.com/scim/v2/Users' -H "Authorization: Bearer $SCIM_TOKEN" --data-binary @-"#);
    }
}

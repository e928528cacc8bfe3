//! A secret planted anywhere, in any spelling: nothing that is written holds it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use proptest::prelude::*;
use scimspec_mock_idp::exchange::{Broken, Destination, Exchange};
use scimspec_mock_idp::recording::har;
use scimspec_mock_idp::recording::redact::{Redaction, secrets_in};
use serde_json::{Value, json};

use super::{answer_with, entry, exchange, with_bodies};

/// What makes a text a secret.
#[derive(Debug, Clone, Copy)]
enum Source {
    Bearer,
    Basic,
    ApiKey,
    Query,
    Password,
    PatchPath,
    PatchValue,
    Bulk,
    CutOff,
    Form,
    IssuedByTheServer,
}

/// Where it stands besides.
#[derive(Debug, Clone, Copy)]
enum Spot {
    Nowhere,
    Segment,
    ParameterName,
    ParameterValue,
    RequestHeader,
    AnswerHeader,
    JsonString,
    JsonKey,
    CutOffJson,
    Text,
    Latin1,
    Broken,
}

#[derive(Debug, Clone, Copy)]
enum Spelling {
    Plain,
    Upper,
    Percent,
    PercentTwice,
    Form,
    Unicode,
    Entities,
    Base64,
    Base64Url,
    Base64Unpadded,
}

fn spelled(secret: &str, spelling: Spelling) -> String {
    let percent = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    match spelling {
        Spelling::Plain => secret.to_owned(),
        Spelling::Upper => secret.to_ascii_uppercase(),
        Spelling::Percent => percent(secret),
        Spelling::PercentTwice => percent(&percent(secret)),
        Spelling::Form => percent(secret).replace("%20", "+"),
        Spelling::Unicode => {
            secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat()
        }
        Spelling::Entities => {
            secret.chars().map(|c| format!("&#{};", u32::from(c))).collect::<Vec<_>>().concat()
        }
        Spelling::Base64 => STANDARD.encode(format!("ada:{secret}")),
        Spelling::Base64Url => URL_SAFE.encode(format!("{{\"x\":\"{secret}\"}}")),
        Spelling::Base64Unpadded => STANDARD_NO_PAD.encode(secret),
    }
}

fn with_source(secret: &str, source: Source) -> Exchange {
    let json = json!(secret).to_string();
    let bearer = |one: &mut Exchange, name: &str, value: String| {
        one.request.headers.push((name.to_owned(), value));
    };
    let encoded = spelled(secret, Spelling::Percent);
    match source {
        Source::Bearer | Source::Basic | Source::ApiKey => {
            let mut one = exchange(Method::GET, "/Users/1");
            match source {
                Source::Bearer => bearer(&mut one, "authorization", format!("Bearer {secret}")),
                Source::Basic => {
                    let credentials = STANDARD.encode(format!("ada:{secret}"));
                    bearer(&mut one, "Authorization", format!("Basic {credentials}"));
                }
                _ => bearer(&mut one, "X-API-Key", secret.to_owned()),
            }
            one
        }
        Source::Query => exchange(Method::GET, &format!("/Users?access_token={encoded}")),
        Source::Password => with_bodies("/Users", &format!(r#"{{"password":{json}}}"#), "{}"),
        Source::PatchPath => with_bodies(
            "/Users/1",
            &format!(r#"{{"Operations":[{{"value":{json},"path":"password"}}]}}"#),
            "{}",
        ),
        Source::PatchValue => {
            with_bodies("/Users/1", &format!(r#"{{"Operations":[{{"value":{{"Password":{json}}}}}]}}"#), "{}")
        }
        Source::Bulk => with_bodies(
            "/Bulk",
            &format!(r#"{{"Operations":[{{"path":"/Users","data":{{"password":{json}}}}}]}}"#),
            "{}",
        ),
        Source::CutOff => with_bodies(
            "/Users",
            &format!(r#"{{"userName":"ada","password":{}"#, &json[..json.len() - 1]),
            "{}",
        ),
        Source::Form => with_bodies("/token", &format!("grant_type=x&client_secret={encoded}"), "{}"),
        Source::IssuedByTheServer => with_bodies("/token", "{}", &format!(r#"{{"access_token":{json}}}"#)),
    }
}

fn plant(one: &mut Exchange, spot: Spot, text: &str) {
    let in_url = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let begin = if one.url.contains('?') { '&' } else { '?' };
    let append = |one: &mut Exchange, what: String| {
        if let Destination::Scim(target) = &mut one.request.to {
            *target = what.replace("TARGET", target);
        }
        one.url = format!("{}{}", super::BASE, one.request.to);
    };
    match spot {
        Spot::Nowhere => {}
        Spot::Segment => append(one, format!("/x{}TARGET", in_url(text))),
        Spot::ParameterName => append(one, format!("TARGET{begin}a=b&{}", in_url(text))),
        Spot::ParameterValue => append(one, format!("TARGET{begin}x={}", in_url(text))),
        Spot::RequestHeader => one.request.headers.push(("X-Trace".to_owned(), format!("1 {text} 2"))),
        Spot::AnswerHeader => {
            one.result.as_mut().expect("an answer").headers.push(("X-Trace".to_owned(), format!("<{text}>")));
        }
        Spot::JsonString => answer_with(one, 400, &json!({"detail": [format!("no {text}!")]}).to_string()),
        Spot::JsonKey => answer_with(one, 400, &json!({"errors": {text: "bad"}}).to_string()),
        Spot::CutOffJson => {
            let json = json!({"detail": format!("no {text}")}).to_string();
            answer_with(one, 400, &json[..json.len() - 2]);
        }
        Spot::Text => answer_with(one, 500, &format!("<p>no {text}</p>")),
        Spot::Latin1 => {
            answer_with(one, 500, "");
            let mut body = format!("<p>no {text}</p>").into_bytes();
            body.push(0xff);
            one.result.as_mut().expect("an answer").body = body.into();
        }
        Spot::Broken => one.result = Err(Broken::Cut(format!("after {text}"))),
    }
}

/// Whether the secret can be read out of a written file, by whoever tries the usual encodings.
fn can_be_read(har: &Value, secret: &str) -> bool {
    let secret = secret.to_ascii_lowercase();
    let mut strings = Vec::new();
    collect(har, &mut strings);
    let mut views = Vec::new();
    for string in strings {
        let percent = percent_decode_str(&string).decode_utf8_lossy().into_owned();
        views.push(percent_decode_str(&percent).decode_utf8_lossy().into_owned());
        views.push(percent.replace('+', " "));
        if let Ok(Value::String(text)) = serde_json::from_str(&format!("\"{string}\"")) {
            views.push(text);
        }
        for run in string.split(|c: char| !(c.is_ascii_alphanumeric() || "+/-_".contains(c))) {
            let run = run.replace('-', "+").replace('_', "/");
            for start in 0..run.len().min(4) {
                let run = &run[start..];
                let whole = &run[..run.len() / 4 * 4];
                let decoded = STANDARD_NO_PAD.decode(run).or_else(|_| STANDARD_NO_PAD.decode(whole));
                views.push(String::from_utf8_lossy(&decoded.unwrap_or_default()).into_owned());
            }
        }
        views.push(
            string
                .replace("&#", "")
                .split(';')
                .filter_map(|code| code.parse().ok().and_then(char::from_u32))
                .collect(),
        );
        views.push(string);
    }
    views.iter().any(|view| view.to_ascii_lowercase().contains(&secret))
}

fn collect(value: &Value, strings: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if let Ok(decoded) = STANDARD.decode(text) {
                strings.push(String::from_utf8_lossy(&decoded).into_owned());
            }
            strings.push(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, strings)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            strings.push(name.clone());
            collect(value, strings);
        }),
        _ => {}
    }
}

fn source() -> impl Strategy<Value = Source> {
    prop::sample::select(vec![
        Source::Bearer,
        Source::Basic,
        Source::ApiKey,
        Source::Query,
        Source::Password,
        Source::PatchPath,
        Source::PatchValue,
        Source::Bulk,
        Source::CutOff,
        Source::Form,
        Source::IssuedByTheServer,
    ])
}

fn spot() -> impl Strategy<Value = Spot> {
    prop::sample::select(vec![
        Spot::Nowhere,
        Spot::Segment,
        Spot::ParameterName,
        Spot::ParameterValue,
        Spot::RequestHeader,
        Spot::AnswerHeader,
        Spot::JsonString,
        Spot::JsonKey,
        Spot::CutOffJson,
        Spot::Text,
        Spot::Latin1,
        Spot::Broken,
    ])
}

fn spelling() -> impl Strategy<Value = Spelling> {
    prop::sample::select(vec![
        Spelling::Plain,
        Spelling::Upper,
        Spelling::Percent,
        Spelling::PercentTwice,
        Spelling::Form,
        Spelling::Unicode,
        Spelling::Entities,
        Spelling::Base64,
        Spelling::Base64Url,
        Spelling::Base64Unpadded,
    ])
}

proptest! {
    #[test]
    fn no_secret_is_written_wherever_and_however_it_stands(
        secret in "[!-~é][ -~é]{6,18}[!-~é]",
        source in source(),
        spot in spot(),
        spelling in spelling(),
    ) {
        let mut one = with_source(&secret, source);
        // An issued token stands in the answer's body, which planting replaces.
        prop_assume!(!matches!(source, Source::IssuedByTheServer) || matches!(
            spot, Spot::Nowhere | Spot::Segment | Spot::ParameterName | Spot::ParameterValue
                | Spot::RequestHeader | Spot::AnswerHeader
        ));
        plant(&mut one, spot, &spelled(&secret, spelling));
        let mut redaction = Redaction::standard();
        redaction.clean(&mut one);
        let mut out = Vec::new();
        let mut writer = har::Writer::new(&mut out, None).unwrap();
        writer.entry(&entry(one.clone())).unwrap();
        writer.finish().unwrap();
        let har: Value = serde_json::from_slice(&out).unwrap();
        prop_assert!(!can_be_read(&har, &secret), "{}", har["log"]["entries"][0]);
        prop_assert_eq!(secrets_in(&one), Vec::<String>::new());
    }

    #[test]
    fn hostile_bodies_do_no_harm(
        request in "[\\[\\]{}:,\"\\\\a0 %&=+<>@'é-]{0,80}|(\\{\"(password|path|value)\": ?[\\[\\{\"x,]{1,5}){0,4}",
        answer in prop::collection::vec(any::<u8>(), 0..60),
        target in "/[a%?&=+#\\[\\]\"@:/é]{0,20}",
    ) {
        let mut one = with_bodies(&target, &request, "");
        one.result.as_mut().unwrap().body = answer.into();
        let mut redaction = Redaction::standard();
        redaction.pseudonymise();
        redaction.add("json:$..a").unwrap();
        redaction.add("pattern:a0+").unwrap();
        redaction.clean(&mut one);
    }
}

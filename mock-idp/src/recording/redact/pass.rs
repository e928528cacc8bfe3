//! One exchange, place by place: first what names say is secret, then everything that repeats it or looks like a
//! secret itself, and at the end a last look at whole texts, for what was cut into pieces on the way.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bytes::Bytes;
use http::Method;
use url::Url;

use super::super::uri::{self, Piece};
use super::coding::{self, Text};
use super::known::Known;
use super::names::Reach;
use super::text::{Seeker, hidden};
use super::{REDACTED, Rules, body, is_nothing};
use crate::exchange::{Answer, Broken, Destination, Exchange};

/// The host of a URL whose own host is a secret.
const NOWHERE: &str = "redacted.invalid";

/// The work on one exchange.
pub(super) struct Pass<'a> {
    rules: &'a Rules,
    /// The secrets of all exchanges.
    known: &'a mut Known,
    /// The secrets of this one.
    own: Known,
    /// Where something was taken out.
    places: Vec<String>,
}

type Headers = Vec<(String, String)>;

impl<'a> Pass<'a> {
    pub(super) fn new(rules: &'a Rules, known: &'a mut Known) -> Self {
        Self { rules, known, own: Known::default(), places: Vec::new() }
    }

    /// Takes everything out and says where it stood.
    pub(super) fn clean(mut self, exchange: &mut Exchange) -> Vec<String> {
        self.names_in(exchange);
        self.repetitions_in(exchange);
        self.places.dedup();
        self.places
    }

    fn names_in(&mut self, exchange: &mut Exchange) {
        let request = &mut exchange.request;
        self.headers("the request's", &mut request.headers, true);
        if let Some(body) = &mut request.body {
            self.body("the request's body", &request.headers, body, true);
        }
        if let Ok(answer) = &mut exchange.result {
            // What a server says of a password that it refuses ("is too short") is no secret elsewhere.
            let learn = answer.status < 400;
            let Answer { headers, body, .. } = answer;
            self.headers("the answer's", headers, learn);
            self.body("the answer's body", headers, body, learn);
        }
        if let Some(url) = self.url_by_name(&exchange.url) {
            exchange.url = url;
        }
        self.destination(&mut exchange.request.to, Self::url_by_name);
    }

    fn headers(&mut self, whose: &str, headers: &mut Headers, learn: bool) {
        for (name, value) in headers {
            if let Some(reach) = self.rules.names.header(name) {
                if !is_nothing(value) {
                    let learn = learn || name.to_ascii_lowercase().starts_with("set-cookie");
                    for secret in self.credentials(name, value).into_iter().filter(|_| learn) {
                        self.learn(&secret, reach);
                    }
                    self.places.push(format!("{whose} header {name}"));
                    REDACTED.clone_into(value);
                }
            } else if value.contains(['?', '@'])
                && !value.contains(' ')
                && let Some(url) = self.url_by_name(value)
            {
                *value = url;
            }
        }
    }

    /// What is secret of the value of a header with credentials: the token behind the scheme or its parameters
    /// (RFC 9110 section 11.4), of Basic the password, of cookies their values where they look like a session.
    fn credentials(&self, name: &str, value: &str) -> Vec<String> {
        let name = name.to_ascii_lowercase();
        if name.starts_with("set-cookie") {
            return cookie(value.split(';').next().unwrap_or_default()).into_iter().collect();
        }
        if name == "cookie" {
            return value.split(';').filter_map(cookie).collect();
        }
        let mut secrets = vec![value.to_owned()];
        let Some((scheme, token)) = value.trim().split_once(' ') else { return secrets };
        let token = token.trim();
        secrets.push(token.to_owned());
        let parameters = token.split(',').filter_map(|pair| pair.split_once('='));
        let named = parameters.filter(|(name, _)| self.rules.names.parameter(name.trim()).is_some());
        secrets.extend(named.map(|(_, value)| value.trim().trim_matches('"').to_owned()));
        if scheme.eq_ignore_ascii_case("basic") {
            let decoded =
                STANDARD.decode(token).or_else(|_| STANDARD_NO_PAD.decode(token)).unwrap_or_default();
            let text = String::from_utf8_lossy(&decoded);
            secrets.extend(text.split_once(':').map(|(_, password)| password.to_owned()));
        }
        secrets
    }

    fn body(&mut self, place: &str, headers: &Headers, body: &mut Bytes, learn: bool) {
        let Some(plain) = coding::plain(headers, body) else {
            self.places.push(format!("{place}, in a coding that cannot be read"));
            *body = Bytes::from_static(REDACTED.as_bytes());
            return;
        };
        if !coding::is_readable(headers, &plain) {
            self.places.push(format!("{place}, which is no text"));
            *body = Bytes::from_static(REDACTED.as_bytes());
            return;
        }
        if plain != *body {
            *body = plain;
        }
        if body.is_empty() {
            return;
        }
        let is_form = headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("content-type")
                && value.trim_start().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
        });
        let mut text = Text::new(body);
        if self.text_by_name(place, text.as_mut(), is_form, learn) {
            *body = text.into_bytes();
        }
        if body.contains(&0) {
            // UTF-16, or a picture: without the zeros its ASCII can be searched, but not put back.
            let without: Vec<u8> = body.iter().copied().filter(|byte| *byte != 0).collect();
            let mut text = Text::new(&without);
            if self.text_by_name(place, text.as_mut(), is_form, learn) {
                *body = Bytes::from_static(REDACTED.as_bytes());
            }
        }
    }

    fn text_by_name(&mut self, place: &str, text: &mut String, is_form: bool, learn: bool) -> bool {
        let mut learned = Vec::new();
        let new = body::by_name(text, is_form, self.rules, &mut |name, secret, reach| {
            learned.push((name.to_owned(), secret.to_owned(), reach));
        });
        for (name, secret, reach) in learned {
            self.places.push(format!("{place}, {name}"));
            if learn {
                self.learn(&secret, reach);
            }
        }
        new.map(|new| *text = new).is_some()
    }

    fn url_by_name(&mut self, url: &str) -> Option<String> {
        let mut learned = Vec::new();
        let new = uri::rewritten(url, &mut |piece| match piece {
            Piece::Authority(authority) => {
                let (user, host) = authority.rsplit_once('@')?;
                learned.push(("user".to_owned(), user.to_owned(), Reach::Exchange));
                if let Some((_, password)) = user.split_once(':') {
                    learned.push(("password".to_owned(), password.to_owned(), Reach::Recording));
                }
                Some(host.to_owned())
            }
            Piece::Fragment(text) if text.contains('=') => uri::rewritten_form(text, &mut |piece| {
                body::parameter(piece, &self.rules.names, &mut |name, secret, reach| {
                    learned.push((name.to_owned(), secret.to_owned(), reach));
                })
            }),
            piece => body::parameter(piece, &self.rules.names, &mut |name, secret, reach| {
                learned.push((name.to_owned(), secret.to_owned(), reach));
            }),
        });
        for (name, secret, reach) in learned {
            self.places.push(format!("the URL, {name}"));
            self.learn(&secret, reach);
        }
        new
    }

    fn learn(&mut self, secret: &str, reach: Reach) {
        match reach {
            Reach::Recording => self.known.learn(secret),
            Reach::Exchange => self.own.learn(secret),
        }
    }

    fn repetitions_in(&mut self, exchange: &mut Exchange) {
        let request = &mut exchange.request;
        if self.text(request.method.as_str()).is_some() {
            self.places.push("the method".to_owned());
            request.method = Method::from_bytes(b"REDACTED").unwrap_or_default();
        }
        self.repeated_in_headers("the request's", &mut request.headers);
        if let Some(body) = &mut request.body {
            self.repeated_in_body("the request's body", body);
        }
        match &mut exchange.result {
            Ok(Answer { headers, body, .. }) => {
                self.repeated_in_headers("the answer's", headers);
                self.repeated_in_body("the answer's body", body);
            }
            Err(Broken::Connect(text) | Broken::Cut(text) | Broken::Unsendable(text)) => {
                if let Some(new) = self.text(text) {
                    self.places.push("what broke the connection".to_owned());
                    *text = new;
                }
            }
            Err(Broken::Timeout(_) | Broken::TooLarge { .. } | Broken::NotRecorded) => {}
        }
        if let Some(url) = self.repeated_in_url(&exchange.url) {
            exchange.url = url;
        }
        self.destination(&mut exchange.request.to, Self::repeated_in_url);
    }

    fn seeker(&self) -> Seeker<'_> {
        Seeker { known: [self.known, &self.own], custom: &self.rules.patterns }
    }

    /// The text without its secrets; None if it has none.
    fn text(&self, text: &str) -> Option<String> {
        self.seeker().scrubbed(text)
    }

    fn repeated_in_headers(&mut self, whose: &str, headers: &mut Headers) {
        for (name, value) in headers {
            if let Some(new) = self.text(name) {
                self.places.push(format!("{whose} header {new}"));
                *name = new;
            }
            if let Some(new) = self.text(value) {
                self.places.push(format!("{whose} header {name}"));
                *value = new;
            }
        }
    }

    fn repeated_in_body(&mut self, place: &str, body: &mut Bytes) {
        if body.is_empty() {
            return;
        }
        let mut text = Text::new(body);
        if let Some(new) = body::by_text(text.as_mut(), self.seeker()) {
            self.places.push(place.to_owned());
            *text.as_mut() = new;
            *body = text.into_bytes();
        }
        let zeros = body.contains(&0);
        let without: Vec<u8> = body.iter().copied().filter(|byte| *byte != 0).collect();
        let in_utf16 = zeros && !self.seeker().everything(&without).is_empty();
        if in_utf16 || !self.seeker().repeated(body).is_empty() {
            self.places.push(place.to_owned());
            *body = Bytes::from_static(REDACTED.as_bytes());
        }
    }

    fn repeated_in_url(&mut self, url: &str) -> Option<String> {
        let seeker = self.seeker();
        let new = uri::rewritten(url, &mut |piece| match piece {
            Piece::Authority(text) => seeker.scrubbed(text).map(|_| NOWHERE.to_owned()),
            Piece::Segment(text) | Piece::Name(text) | Piece::Value { text, .. } | Piece::Fragment(text) => {
                seeker.scrubbed(text)
            }
        });
        let text = new.as_deref().unwrap_or(url);
        let left = seeker.repeated(text.as_bytes());
        let new = if left.is_empty() { new } else { Some(hidden(text, left)) };
        if new.is_some() {
            self.places.push("the URL".to_owned());
        }
        new
    }

    fn destination(&mut self, to: &mut Destination, clean: fn(&mut Self, &str) -> Option<String>) {
        match to {
            Destination::Scim(target) => {
                if let Some(new) = clean(self, target) {
                    *target = if new.starts_with('/') { new } else { format!("/{new}") };
                }
            }
            Destination::Absolute(url) => {
                if let Some(new) = clean(self, url.as_str()) {
                    set_url(url, &new);
                }
            }
        }
    }
}

/// The URL that the text is; where it is none any more, nothing of the old one stays.
fn set_url(url: &mut Url, text: &str) {
    if let Ok(new) = Url::parse(text) {
        *url = new;
        return;
    }
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    // Each fails only for a URL that cannot have one.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let _ = url.set_host(Some(NOWHERE));
}

/// The value of `name=value`, unless it is one that says something ("theme=light"), which may stand anywhere.
fn cookie(pair: &str) -> Option<String> {
    let (_, value) = pair.split_once('=')?;
    let value = value.trim().trim_matches('"');
    (value.len() >= 8 && value.contains(|c: char| c.is_ascii_digit())).then(|| value.to_owned())
}

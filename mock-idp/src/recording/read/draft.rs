//! One exchange as a format gave it, before it is known whether it speaks SCIM, and what formats share in reading
//! times, bodies and answers.

use std::io::Read;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::exchange::{Answer, Broken};

use super::super::{Assertion, Capture, Place};
use super::notes::{Kind, printable};

/// An exchange that was just read. It has no `Debug`: until it is cleaned it may hold credentials.
pub(super) struct Draft {
    pub(super) place: Place,
    pub(super) method: Method,
    /// With its origin, percent-encoded; may hold `{{name}}`.
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Bytes>,
    pub(super) result: Result<Answer, Broken>,
    pub(super) started: Option<SystemTime>,
    pub(super) took: Duration,
    /// None: the times of this one and the one before tell.
    pub(super) pause: Option<Duration>,
    pub(super) assertions: Vec<Assertion>,
    pub(super) captures: Vec<Capture>,
    /// The media type of an answer whose body was not recorded.
    pub(super) lost_type: Option<String>,
    /// What its reader should know, if it speaks SCIM.
    pub(super) notes: Vec<Kind>,
    /// Why it cannot be used, even if it speaks SCIM.
    pub(super) unusable: Option<Kind>,
}

/// What a file holds of a body.
pub(super) enum Recorded {
    /// All of it.
    Body(Bytes),
    /// Not all of it.
    Missing,
}

impl Draft {
    pub(super) fn new(place: Place, method: Method, url: String) -> Self {
        Self {
            place,
            method,
            url,
            headers: Vec::new(),
            body: None,
            result: Err(Broken::NotRecorded),
            started: None,
            took: Duration::ZERO,
            pause: None,
            assertions: Vec::new(),
            captures: Vec::new(),
            lost_type: None,
            notes: Vec::new(),
            unusable: None,
        }
    }

    /// There was an answer with these headers, but not all of its body was recorded.
    pub(super) fn lose_answer(&mut self, headers: &[(String, String)], why: Kind) {
        self.lost_type = header(headers, "content-type").map(str::to_owned);
        self.result = Err(Broken::NotRecorded);
        self.notes.push(why);
    }

    /// How many bytes it takes, roughly.
    pub(super) fn size(&self) -> usize {
        let headers = |headers: &[(String, String)]| {
            headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
        };
        let answer = self.result.as_ref().map_or(0, |answer| answer.body.len() + headers(&answer.headers));
        self.url.len() + self.body.as_ref().map_or(0, Bytes::len) + headers(&self.headers) + answer
    }
}

/// The first header of this name.
pub(super) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// A method, in the case in which it is written.
pub(super) fn method(text: &str) -> Option<Method> {
    Method::from_bytes(text.as_bytes()).ok()
}

/// Whether an answer has no body whatever its headers say (RFC 9110, sections 6.4.1, 9.3.2 and 15.4.5).
pub(super) fn has_no_body(method: &Method, status: u16) -> bool {
    *method == Method::HEAD || matches!(status, 100..=199 | 204 | 205 | 304)
}

/// What a client met that got no answer, in the words of the recorder. The words of [`Broken`] itself are understood.
pub(super) fn broken(words: Option<&str>) -> Broken {
    let words = printable(words.unwrap_or("there was no answer").trim(), 200);
    if words == Broken::NotRecorded.to_string() {
        return Broken::NotRecorded;
    }
    if let Some(why) = words.strip_prefix("could not connect: ") {
        return Broken::Connect(why.to_owned());
    }
    if let Some(why) = words.strip_prefix("the connection broke: ") {
        return Broken::Cut(why.to_owned());
    }
    if let Some(why) = words.strip_prefix("the request cannot be sent: ") {
        return Broken::Unsendable(why.to_owned());
    }
    if let Some(limit) = words.strip_prefix("the answer's body is larger than ")
        && let Some(Ok(limit)) = limit.strip_suffix(" bytes").map(str::parse)
    {
        return Broken::TooLarge { limit };
    }
    if let Some(time) = words.strip_prefix("no complete answer within ").and_then(duration) {
        return Broken::Timeout(time);
    }
    Broken::Cut(words)
}

/// `250ms`, `1.5 s`, `12µs`, `3m`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let number: f64 = text[..unit].parse().ok()?;
    let unit = match text[unit..].trim() {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" | "sec" | "seconds" => 1.0,
        "m" | "min" => 60.0,
        _ => return None,
    };
    seconds(number * unit)
}

/// A number of seconds that a time can be, a day at most; None for a negative one, which stands for unknown.
pub(super) fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number.min(86_400.0)).ok()
}

/// A point in time in ISO 8601; without an offset it is taken for UTC.
pub(super) fn time(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    let stamp = text.parse::<Timestamp>().ok();
    let stamp = stamp.or_else(|| TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok());
    SystemTime::try_from(stamp?).ok()
}

/// A point in time as a number since 1970; its size tells whether it counts seconds, milliseconds, microseconds or
/// nanoseconds.
pub(super) fn epoch(number: f64) -> Option<SystemTime> {
    let seconds = match number {
        n if n < 0.0 => return None,
        n if n < 1e11 => n,
        n if n < 1e14 => n / 1e3,
        n if n < 1e17 => n / 1e6,
        n => n / 1e9,
    };
    SystemTime::UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
}

/// Base64 in either alphabet, with or without padding and line breaks.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let text: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let engine = |alphabet| GeneralPurpose::new(alphabet, CONFIG).decode(&text).ok();
    engine(&alphabet::STANDARD).or_else(|| engine(&alphabet::URL_SAFE))
}

/// Undoes the content codings of a body as it was on the wire (RFC 9110, section 8.4); gives the name of the first
/// that cannot be undone, or that unfolds to more than `limit` bytes.
pub(super) fn decoded(body: Bytes, codings: Option<&str>, limit: usize) -> Result<Bytes, String> {
    let mut body = body;
    for coding in
        codings.unwrap_or_default().split(',').rev().map(str::trim).filter(|coding| !coding.is_empty())
    {
        if body.is_empty() {
            break;
        }
        let unfolded = match coding.to_ascii_lowercase().as_str() {
            "identity" => continue,
            "gzip" | "x-gzip" => unfold(flate2::read::MultiGzDecoder::new(&body[..]), limit),
            // Some send deflate without the frame that RFC 9110, section 8.4.1.2 asks for.
            "deflate" => unfold(flate2::read::ZlibDecoder::new(&body[..]), limit)
                .or_else(|| unfold(flate2::read::DeflateDecoder::new(&body[..]), limit)),
            _ => None,
        };
        body = unfolded.ok_or_else(|| coding.to_owned())?;
    }
    Ok(body)
}

fn unfold(input: impl Read, limit: usize) -> Option<Bytes> {
    let mut output = Vec::new();
    input.take(limit as u64 + 1).read_to_end(&mut output).ok()?;
    (output.len() <= limit).then(|| output.into())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Broken::NotRecorded)]
    #[case(Broken::Connect("refused".to_owned()))]
    #[case(Broken::Cut("the server hung up".to_owned()))]
    #[case(Broken::Unsendable("a line end in a header".to_owned()))]
    #[case(Broken::TooLarge { limit: 4096 })]
    #[case(Broken::Timeout(Duration::from_millis(1500)))]
    fn what_broke_is_read_as_it_was_written(#[case] original: Broken) {
        assert_eq!(broken(Some(&original.to_string())), original);
    }

    #[test]
    fn other_words_for_no_answer_are_a_cut() {
        let cut = Broken::Cut("net::ERR_CONNECTION_RESET".to_owned());
        assert_eq!(broken(Some("net::ERR_CONNECTION_RESET")), cut);
        assert_eq!(broken(None), Broken::Cut("there was no answer".to_owned()));
    }

    #[rstest]
    #[case("2026-11-25T02:57:08.219976+00:00")]
    #[case("2026-11-25T02:57:08.219976Z")]
    #[case("2026-11-25T03:57:08.219976+01:00")]
    #[case("2026-11-25T03:57:08.219976+0100")]
    #[case("2026-11-25T02:57:08.219976")]
    #[case("2026-11-25 02:57:08.219976")]
    fn these_are_one_moment(#[case] text: &str) {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_575_428_219_976);
        assert_eq!(time(text), Some(moment));
    }

    #[rstest]
    #[case(1_795_575_428.0)]
    #[case(1_795_575_428e3)]
    #[case(1_795_575_428e6)]
    #[case(1_795_575_428e9)]
    fn a_number_is_a_moment_by_its_size(#[case] number: f64) {
        assert_eq!(epoch(number), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_575_428)));
    }

    #[test]
    fn a_bomb_is_not_unfolded() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, &vec![b' '; 1 << 20]).unwrap();
        let bomb = Bytes::from(encoder.finish().unwrap());
        assert_eq!(decoded(bomb.clone(), Some("gzip"), 1 << 10), Err("gzip".to_owned()));
        assert_eq!(decoded(bomb, Some("GZIP, identity"), 1 << 20).map(|body| body.len()), Ok(1 << 20));
    }
}

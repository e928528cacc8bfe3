//! When two values are the same and which comes first: letter case, Unicode preparation and instants. Filters,
//! uniqueness, indexes and PATCH all compare by these rules and no others.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use serde_json::Number;
use unicode_normalization::UnicodeNormalization;

use super::schema::Attribute;

/// The form of a string value by which it is compared: as it is where letter case counts, else folded.
pub fn key<'t>(attribute: &Attribute, text: &'t str) -> Cow<'t, str> {
    if attribute.is_case_exact() { Cow::Borrowed(text) } else { fold(text) }
}

/// The text with differences of letter case, width and composition removed: the UsernameCaseMapped
/// preparation that RFC 7644 sections 5 and 7.8 ask for (RFC 8265 section 3.3), as a key to compare by. Letters
/// are mapped one by one, without regard to their neighbours, so that parts of a text fold as the whole does.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let narrow = text.chars().flat_map(|c| {
        // Full-width and half-width forms, and the ideographic space (RFC 8265: width mapping).
        let wide = matches!(c, '\u{3000}' | '\u{ff01}'..='\u{ffef}');
        let mapped: Vec<char> = if wide { c.nfkc().collect() } else { vec![c] };
        mapped
    });
    // A final sigma is the same letter as any other sigma.
    let lower = narrow.flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c });
    Cow::Owned(lower.nfc().collect())
}

/// The instant that an xsd:dateTime names (RFC 7643 section 2.3.5); one without a zone is read as UTC. Nothing
/// if the text is no date with a time.
pub fn instant(text: &str) -> Option<Timestamp> {
    let (date_time, offset_seconds) = split_zone(text)?;
    let bytes = date_time.as_bytes();
    let shape = bytes.len() >= 19
        && bytes.iter().take(19).enumerate().all(|(at, b)| match at {
            4 | 7 => *b == b'-',
            10 => *b == b'T',
            13 | 16 => *b == b':',
            _ => b.is_ascii_digit(),
        });
    if !shape {
        return None;
    }
    let number = |range: std::ops::Range<usize>| date_time[range].parse::<i16>().ok();
    let small = |range: std::ops::Range<usize>| date_time[range].parse::<i8>().ok();
    let nanosecond = fraction(&date_time[19..])?;
    // xsd:dateTime writes the end of a day as 24:00:00.
    let midnight = &date_time[11..19] == "24:00:00" && nanosecond == 0;
    let hour = if midnight { 0 } else { small(11..13)? };
    let civil = civil::DateTime::new(
        number(0..4)?,
        small(5..7)?,
        small(8..10)?,
        hour,
        small(14..16)?,
        small(17..19)?,
        nanosecond,
    )
    .ok()?;
    let utc = TimeZone::UTC.to_timestamp(civil).ok()?;
    let day = if midnight { 86_400 } else { 0 };
    utc.checked_add(SignedDuration::from_secs(day - offset_seconds)).ok()
}

/// Compares two numbers by value (RFC 7644 Table 3).
pub(crate) fn numbers(left: &Number, right: &Number) -> Option<std::cmp::Ordering> {
    let whole = |number: &Number| number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// The date and time without the zone, and the zone's offset in seconds.
fn split_zone(text: &str) -> Option<(&str, i64)> {
    if !text.is_ascii() {
        return None;
    }
    if let Some(date_time) = text.strip_suffix('Z') {
        return Some((date_time, 0));
    }
    let Some(at) = text.len().checked_sub(6).filter(|at| matches!(text.as_bytes()[*at], b'+' | b'-')) else {
        return Some((text, 0));
    };
    let (date_time, zone) = text.split_at(at);
    let (hours, minutes) = zone[1..].split_once(':')?;
    let part = |digits: &str| {
        (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| digits.parse::<i64>().ok())?
    };
    let (hours, minutes) = (part(hours)?, part(minutes)?);
    let valid = (hours <= 13 && minutes <= 59) || (hours == 14 && minutes == 0);
    let seconds = hours * 3600 + minutes * 60;
    valid.then_some((date_time, if zone.starts_with('-') { -seconds } else { seconds }))
}

/// The nanoseconds of `.123`; what is finer than a nanosecond is cut off.
fn fraction(text: &str) -> Option<i32> {
    if text.is_empty() {
        return Some(0);
    }
    let digits = text.strip_prefix('.')?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanoseconds: String = digits.chars().chain("000000000".chars()).take(9).collect();
    nanoseconds.parse().ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Alice.X", "alice.x")] // RFC7643-4.1.1-L3
    #[case("Ｕｓｅｒ１", "user1")] // RFC7644-5-L1: full width
    #[case("re\u{301}ne\u{301}", "réné")] // RFC7644-5-L1: NFD and NFC
    #[case("ΟΔΟΣ", "οδος")]
    #[case("STRASSE", "strasse")]
    fn folded_alike(#[case] left: &str, #[case] right: &str) {
        assert_eq!(fold(left), fold(right));
    }

    #[rstest]
    #[case("straße", "strasse")]
    #[case("ada", "adam")]
    fn folded_apart(#[case] left: &str, #[case] right: &str) {
        assert_ne!(fold(left), fold(right));
    }

    #[rstest]
    #[case("2011-05-13T04:42:34Z", "2011-05-13T06:42:34+02:00")]
    #[case("2011-05-13T04:42:34Z", "2011-05-13T04:42:34.000Z")]
    #[case("2011-05-13T04:42:34Z", "2011-05-13T04:42:34")]
    #[case("2011-05-13T24:00:00Z", "2011-05-14T00:00:00Z")]
    #[case("2011-05-13T04:42:34.1234567891Z", "2011-05-13T04:42:34.123456789Z")]
    fn one_instant_written_twice(#[case] left: &str, #[case] right: &str) {
        assert_eq!(instant(left).unwrap(), instant(right).unwrap());
    }

    #[rstest]
    #[case("yesterday")]
    #[case("2011-05-13")]
    #[case("2011-05-13 04:42:34Z")]
    #[case("2011-13-13T04:42:34Z")]
    #[case("2011-05-13T04:42:34+2:00")]
    #[case("2011-05-13T04:42:34.Z")]
    #[case("1305261754")]
    #[case("2011-05-13T04:42:34[UTC]")]
    #[case("")]
    fn no_date_time(#[case] text: &str) {
        assert_eq!(instant(text), None);
    }
}

//! Grammars that several rules check, written by hand from their sources: xsd:dateTime, entity tags, references. No
//! library is asked, since those that exist are lenient.

/// What an xsd:dateTime text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateTime {
    /// With a zone.
    Zoned,
    /// Valid, and nobody knows where on earth.
    Unzoned,
}

/// Reads a text as xsd:dateTime (XML Schema part 2, section 3.2.7; RFC 7643, section 2.3.5): a date and a time joined by
/// `T`. `None` if it is none.
pub(super) fn date_time(text: &str) -> Option<DateTime> {
    let (date, time) = text.split_once('T')?;
    // A year may have a sign and more than four digits.
    let (date, early) = date.strip_prefix('-').map_or((date, false), |date| (date, true));
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let long = year.len() > 4 && !year.starts_with('0');
    if parts.next().is_some() || !(year.len() == 4 || long) || !digits(year) || (year == "0000" && early) {
        return None;
    }
    let (month, day) = (two(month, 1, 12)?, two(day, 1, 31)?);
    let year: u32 = year.get(year.len() - 4..)?.parse().ok()?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if day > days {
        return None;
    }
    let (clock, zone) = match time.find(['Z', '+', '-']) {
        Some(at) => (time.get(..at)?, Some(time.get(at..)?)),
        None => (time, None),
    };
    let (whole, fraction) = match clock.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (clock, None),
    };
    if fraction.is_some_and(|fraction| fraction.is_empty() || !digits(fraction)) {
        return None;
    }
    let mut parts = whole.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    let (hour, minute, second) = (two(hour, 0, 24)?, two(minute, 0, 59)?, two(second, 0, 59)?);
    // 24:00:00 is the end of a day.
    let late = hour == 24 && (minute, second) != (0, 0);
    if parts.next().is_some() || late {
        return None;
    }
    match zone {
        None => Some(DateTime::Unzoned),
        Some("Z") => Some(DateTime::Zoned),
        Some(offset) => {
            let (hours, minutes) = offset.get(1..)?.split_once(':')?;
            let (hours, minutes) = (two(hours, 0, 14)?, two(minutes, 0, 59)?);
            (hours < 14 || minutes == 0).then_some(DateTime::Zoned)
        }
    }
}

/// The moment that a dateTime with a zone names, so that two spellings of it can be compared. What is no strict
/// xsd:dateTime names none.
pub(super) fn moment(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok().filter(|_| date_time(text) == Some(DateTime::Zoned))
}

/// Whether a text is an entity tag (RFC 7232, section 2.3), `W/` case-sensitive.
pub(super) fn is_entity_tag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| {
        opaque.len() > 1 && inner.bytes().all(|b| b == 0x21 || (0x23..=0x7e).contains(&b) || b >= 0x80)
    })
}

/// Whether a text can be a URI or a relative reference (RFC 3986): only characters that may stand in one, percent signs
/// before two hexadecimal digits.
pub(super) fn is_reference(text: &str) -> bool {
    let bytes = text.as_bytes();
    !bytes.is_empty()
        && bytes.iter().enumerate().all(|(i, byte)| match byte {
            b'%' => bytes.get(i + 1..i + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
            // Many servers write other letters as they are (RFC 3987), and clients read them.
            0x80.. => true,
            other => other.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(other),
        })
}

/// The last segment of a URI's path, decoded.
pub(super) fn last_segment(uri: &str) -> String {
    let path = uri.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned()
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn two(text: &str, least: u32, most: u32) -> Option<u32> {
    let number = text.parse().ok().filter(|_| text.len() == 2 && digits(text))?;
    (least..=most).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2026-11-24T23:39:22Z", Some(DateTime::Zoned))]
    #[case("2026-11-24T23:39:22.123456789+05:30", Some(DateTime::Zoned))]
    #[case("2024-02-29T24:00:00Z", Some(DateTime::Zoned))]
    #[case("2026-11-24T23:39:22", Some(DateTime::Unzoned))]
    #[case("2026-02-29T00:00:00Z", None)]
    #[case("2026-11-24 23:39:22Z", None)]
    #[case("2026-11-24", None)]
    #[case("2026-11-24T23:39Z", None)]
    #[case("2026-11-24T23:39:60Z", None)]
    #[case("2026-11-24T23:39:22z", None)]
    #[case("2026-11-24T23:39:22+0530", None)]
    #[case("2026-11-24T23:39:22.Z", None)]
    #[case("2026-13-01T00:00:00Z", None)]
    #[case("2026-1-1T0:00:00Z", None)]
    #[case("2026-11-24T23:39:22+15:00", None)]
    #[case("1700000000", None)]
    fn a_date_time_is_written_strictly(#[case] text: &str, #[case] read: Option<DateTime>) {
        assert_eq!(date_time(text), read);
    }

    #[rstest]
    #[case("W/\"a\"", true)]
    #[case("\"\"", true)]
    #[case("\"", false)]
    #[case("w/\"a\"", false)]
    #[case("a", false)]
    #[case("W/a", false)]
    #[case("\"a\"b\"", false)]
    fn an_entity_tag_is_quoted(#[case] text: &str, #[case] is: bool) {
        assert_eq!(is_entity_tag(text), is);
    }

    #[rstest]
    #[case("../Users/1", true)]
    #[case("urn:x", true)]
    #[case("https://app.example/Users/a%20b", true)]
    #[case("a b", false)]
    #[case("a%2", false)]
    #[case("", false)]
    fn a_reference_has_no_spaces(#[case] text: &str, #[case] is: bool) {
        assert_eq!(is_reference(text), is);
    }
}

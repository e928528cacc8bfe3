//! The case of letters: a text that differs from another only in case is replaced by one that differs from the
//! other's replacement only in case.

/// How the letters of a text are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// There are none.
    None,
    Lower,
    /// The first is a capital, all others are small.
    Capitalised,
    Upper,
    Mixed,
}

/// What two texts have in common that differ only in case.
pub(super) fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

pub(super) fn style(text: &str) -> Style {
    let cased = |c: &char| c.is_lowercase() || c.is_uppercase();
    let mut letters = text.chars().filter(cased);
    let Some(first) = letters.next() else { return Style::None };
    let (mut small, mut capital) = (true, true);
    for letter in letters {
        small &= letter.is_lowercase();
        capital &= letter.is_uppercase();
    }
    match (first.is_uppercase(), small, capital) {
        (false, true, _) => Style::Lower,
        (true, true, _) => Style::Capitalised,
        (true, _, true) => Style::Upper,
        _ => Style::Mixed,
    }
}

/// `base` in a style; in a mixed one, `number` tells the many of them apart (from 0).
pub(super) fn written(base: &str, wanted: Style, number: usize) -> String {
    let capitals = match wanted {
        Style::None => return base.to_owned(),
        Style::Lower => 0,
        Style::Capitalised => 1,
        Style::Upper => usize::MAX,
        Style::Mixed if style(base) == Style::Mixed => {
            // The natural way first: "1 Example Street".
            let others = (0..).map(|number| mixed(base, number)).filter(|way| way != base);
            return std::iter::once(base.to_owned()).chain(others).nth(number).unwrap_or_default();
        }
        Style::Mixed => return mixed(base, number),
    };
    with_capitals(base, capitals)
}

/// The number-th way to write the letters that is none of the other three.
fn mixed(base: &str, number: usize) -> String {
    let letters = base.chars().filter(char::is_ascii_alphabetic).count().min(usize::BITS as usize - 1);
    // Bit n: the n-th letter is a capital. 0 is all small, 1 the first only, the last all.
    let last = (1_usize << letters) - 1;
    // Those that begin with a capital come first: they look like names.
    let (odd, even) = (last.saturating_sub(3) / 2, last.saturating_sub(1) / 2);
    if number < odd {
        with_capitals(base, 3 + 2 * number)
    } else if number - odd < even {
        with_capitals(base, 2 + 2 * (number - odd))
    } else {
        // More ways to write it than the replacement's letters have: different it must be at least.
        format!("{}-{number}", with_capitals(base, 1))
    }
}

fn with_capitals(base: &str, capitals: usize) -> String {
    let mut left = capitals;
    base.chars()
        .map(|character| {
            if !character.is_ascii_alphabetic() {
                return character;
            }
            let capital = left & 1 == 1;
            // All ones stay all ones, however long the text is.
            left = if capitals == usize::MAX { capitals } else { left >> 1 };
            if capital { character.to_ascii_uppercase() } else { character.to_ascii_lowercase() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn there_are_four_styles() {
        for (text, expected) in [
            ("12", Style::None),
            ("ada", Style::Lower),
            ("Ada", Style::Capitalised),
            ("A", Style::Capitalised),
            ("ADA", Style::Upper),
            ("adA", Style::Mixed),
            ("AdA", Style::Mixed),
            ("Éa", Style::Capitalised),
        ] {
            assert_eq!(style(text), expected, "{text}");
        }
    }

    #[test]
    fn a_replacement_is_written_as_the_original() {
        assert_eq!(written("Given1", Style::Lower, 0), "given1");
        assert_eq!(written("person-1", Style::Capitalised, 0), "Person-1");
        assert_eq!(written("person-1", Style::Upper, 0), "PERSON-1");
        assert_eq!(written("person-1", Style::Mixed, 0), "PErson-1");
        assert_eq!(written("1 Example Street", Style::Mixed, 0), "1 Example Street");
        assert_eq!(written("1 Example Street", Style::Mixed, 1), "1 EXample street");
    }

    #[test]
    fn no_two_ways_to_write_it_are_the_same() {
        for base in ["Town1", "No Way"] {
            let styles = [Style::Lower, Style::Capitalised, Style::Upper];
            let mut seen: HashSet<_> = styles.into_iter().map(|style| written(base, style, 0)).collect();
            for number in 0..50 {
                let way = written(base, Style::Mixed, number);
                assert!(seen.insert(way.clone()), "{way}");
            }
        }
    }
}

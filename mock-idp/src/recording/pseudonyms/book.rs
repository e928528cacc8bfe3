//! Who is replaced by whom. Texts are taken apart into units (the words of a name, the two sides of a mail address),
//! and each unit has one replacement, whatever kind of text it is found in; so equality survives between any two
//! places, and no two originals share a replacement.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::redact::is_nothing;
use super::casing::{Style, folded, style, written};
use super::prose::Phrases;

/// What a text says of a person; decides what a made-up one looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A user name, a mail address.
    Account,
    Given,
    Middle,
    Family,
    /// Several names, in the order of the language.
    Full,
    Nick,
    Phone,
    Street,
    Town,
    Region,
    PostalCode,
    /// An address in one piece.
    Address,
    Employee,
    Photo,
    Profile,
    Certificate,
}

/// Characters between the units of a name.
const BETWEEN: &str = ",;()<>\"";

/// The replacements so far. Not `Debug`: who is who is what nobody may see.
#[derive(Default)]
pub(super) struct Book {
    units: HashMap<String, Unit>,
    counters: HashMap<&'static str, usize>,
    /// Texts that are made up of units.
    composites: HashSet<String>,
    /// Names of accounts and of people.
    people: HashSet<String>,
    pub(super) phrases: Phrases,
}

struct Unit {
    base: String,
    /// The ways to write it that are neither small, capitalised nor capital.
    mixed: Vec<String>,
}

impl Book {
    /// What stands for `text` from now on, also in paths and in prose.
    pub(super) fn replacement(&mut self, kind: Kind, text: &str) -> String {
        let new = self.replaced(kind, text);
        self.remember(kind, text);
        new
    }

    /// What stands for `text`, here.
    pub(super) fn replaced(&mut self, kind: Kind, text: &str) -> String {
        if is_nothing(text) {
            return text.to_owned();
        }
        match kind {
            // Their case means something, and nothing else is compared with them.
            Kind::Photo | Kind::Profile | Kind::Certificate => {
                let key = format!("={text}");
                return self.unit(kind, &key, text);
            }
            Kind::Phone => {
                // RFC 7643 section 4.1.2 wants RFC 3966 numbers: the scheme and the extension are no part of it.
                if let Some(number) = text.strip_prefix("tel:").filter(|number| !number.is_empty()) {
                    return format!("tel:{}", self.replaced(kind, number));
                }
            }
            _ => {}
        }
        let key = folded(text);
        let whole = self.units.contains_key(&key)
            || matches!(
                kind,
                Kind::Phone
                    | Kind::Street
                    | Kind::Town
                    | Kind::Region
                    | Kind::PostalCode
                    | Kind::Address
                    | Kind::Employee
            ) && !self.composites.contains(&key);
        if whole { self.unit(kind, &key, text) } else { self.composite(kind, text) }
    }

    /// Whether the text is known as somebody's account or name.
    pub(super) fn is_person(&self, text: &str) -> bool {
        self.people.contains(&folded(text))
    }

    /// Whether the text has a replacement already.
    pub(super) fn is_known(&self, text: &str) -> bool {
        let key = folded(text);
        self.units.contains_key(&key) || self.composites.contains(&key)
    }

    /// A resource's id, also in a path: it stays, unless the server makes ids of user names or mail addresses.
    pub(super) fn id(&mut self, text: &str) -> Option<String> {
        let says_who =
            self.is_person(text) && text.contains(char::is_alphabetic) && !super::prose::is_common(text);
        (says_who || super::prose::is_mail(text)).then(|| self.replacement(Kind::Account, text))
    }

    /// The beginning (`sw`), the end (`ew`) or any part (`co`) of a text: something that the same people match, and
    /// perhaps more.
    pub(super) fn part(&mut self, kind: Kind, operator: &str, text: &str) -> String {
        if is_nothing(text) || self.is_known(text) {
            return self.replacement(kind, text);
        }
        if let Some((local, domain)) = text.rsplit_once('@') {
            // What stands before the sign is all of the local part only at the beginning, and the domain only at the
            // end.
            let local = if operator == "sw" { self.replacement(kind, local) } else { String::new() };
            let domain =
                if operator == "ew" || self.is_known(domain) { self.domain(domain) } else { String::new() };
            return format!("{local}@{domain}");
        }
        let key = folded(text);
        let matches = |whole: &str| match operator {
            "sw" => whole.starts_with(&key),
            "ew" => whole.ends_with(&key),
            _ => whole.contains(&key),
        };
        let units = self.units.iter().filter(|(whole, _)| matches(whole)).map(|(_, unit)| &unit.base);
        // The first that was seen, since a map has no order of its own.
        match units.min_by_key(|base| (base.len(), *base)) {
            Some(base) => {
                let name = base.trim_end_matches(|c: char| c.is_ascii_digit());
                let number = &base[name.len()..];
                let part = if operator == "ew" && !number.is_empty() { number } else { name };
                written(part, style(text), 0)
            }
            None => self.replacement(kind, text),
        }
    }

    fn composite(&mut self, kind: Kind, text: &str) -> String {
        let separates = |c: char| c.is_whitespace() || BETWEEN.contains(c);
        let words = text.split(separates).filter(|word| is_word(word));
        let several = words.clone().count() > 1;
        let count = words.filter(|word| !is_honorific(word)).count();
        let mut out = String::with_capacity(text.len());
        let mut number = 0;
        for piece in text.split_inclusive(separates) {
            let word = piece.trim_end_matches(separates);
            if is_word(word) && !(several && is_honorific(word)) {
                number += 1;
                let of_name = match kind {
                    Kind::Full if number == 1 => Kind::Given,
                    Kind::Full if number == count => Kind::Family,
                    Kind::Full => Kind::Middle,
                    kind => kind,
                };
                let new = self.word(of_name, word);
                out.push_str(&new);
            } else {
                out.push_str(word);
            }
            out.push_str(&piece[word.len()..]);
        }
        let key = folded(text);
        if !self.units.contains_key(&key) {
            self.composites.insert(key);
        }
        out
    }

    fn word(&mut self, kind: Kind, word: &str) -> String {
        match word.rsplit_once('@') {
            Some((local, domain)) => {
                let local = if local.is_empty() {
                    String::new()
                } else {
                    self.unit(Kind::Account, &folded(local), local)
                };
                format!("{local}@{}", self.domain(domain))
            }
            None => self.unit(kind, &folded(word), word),
        }
    }

    fn domain(&mut self, domain: &str) -> String {
        if domain.is_empty() {
            return String::new();
        }
        let key = folded(domain);
        if !self.units.contains_key(&key) {
            let base = match self.next("domain") {
                1 => "example.com".to_owned(),
                2 => "example.net".to_owned(),
                3 => "example.org".to_owned(),
                number => format!("d{number}.example.com"),
            };
            self.units.insert(key.clone(), Unit { base, mixed: Vec::new() });
        }
        self.unit(Kind::Account, &key, domain)
    }

    fn unit(&mut self, kind: Kind, key: &str, text: &str) -> String {
        if !self.units.contains_key(key) {
            let base = self.made_up(kind, text);
            self.units.insert(key.to_owned(), Unit { base, mixed: Vec::new() });
        }
        let Some(unit) = self.units.get_mut(key) else { return String::new() };
        if key.starts_with('=') {
            return unit.base.clone();
        }
        let style = style(text);
        let number = if style == Style::Mixed {
            unit.mixed.iter().position(|way| way == text).unwrap_or_else(|| {
                unit.mixed.push(text.to_owned());
                unit.mixed.len() - 1
            })
        } else {
            0
        };
        written(&unit.base, style, number)
    }

    fn made_up(&mut self, kind: Kind, text: &str) -> String {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        match kind {
            Kind::Account => format!("person-{}", self.next("person")),
            Kind::Given | Kind::Full => format!("Given{}", self.next("given")),
            Kind::Middle => format!("Middle{}", self.next("middle")),
            Kind::Family => format!("Family{}", self.next("family")),
            Kind::Nick => format!("Nick{}", self.next("nick")),
            Kind::Phone => {
                // 555-0100 to 555-0199 belong to nobody, in every area.
                let number = self.next("phone") - 1;
                let (area, line) = (201 + number / 100, 100 + number % 100);
                if is_number {
                    format!("1{area}5550{line}")
                } else if text.contains(char::is_alphabetic) {
                    format!("+1-{area}-555-0{line};isub=example")
                } else {
                    format!("+1-{area}-555-0{line}")
                }
            }
            Kind::Street => format!("{} Example Street", self.next("street")),
            Kind::Town => format!("Town{}", self.next("town")),
            Kind::Region => format!("Region{}", self.next("region")),
            Kind::Address => format!("Example Address {}", self.next("address")),
            Kind::PostalCode | Kind::Employee if is_number => (100_000 + self.next("number")).to_string(),
            Kind::PostalCode => format!("Postal{}", self.next("postal code")),
            Kind::Employee => format!("employee-{}", self.next("employee")),
            Kind::Photo => format!("https://example.com/photo-{}", self.next("photo")),
            Kind::Profile => format!("https://example.com/profile-{}", self.next("profile")),
            Kind::Certificate => STANDARD.encode(format!("certificate-{}", self.next("certificate"))),
        }
    }

    fn next(&mut self, what: &'static str) -> usize {
        let counter = self.counters.entry(what).or_default();
        *counter += 1;
        *counter
    }

    /// Makes the text known to paths and to prose.
    fn remember(&mut self, kind: Kind, text: &str) {
        if is_nothing(text) {
            return;
        }
        match kind {
            Kind::Account | Kind::Full => {
                self.people.insert(folded(text));
                self.phrases.add(text);
                if kind == Kind::Full {
                    text.split_whitespace().for_each(|word| self.phrases.add_exactly(word));
                } else if let Some((local, _)) = text.rsplit_once('@') {
                    // `ada` may be any word, `ada.lovelace` is none.
                    if local.contains(|c: char| !c.is_alphabetic()) {
                        self.phrases.add(local);
                    }
                }
            }
            Kind::Given | Kind::Middle | Kind::Family | Kind::Nick => {
                text.split_whitespace().for_each(|word| self.phrases.add_exactly(word));
            }
            Kind::Phone | Kind::Street | Kind::Address | Kind::Employee => self.phrases.add(text),
            // A town or a region may be in any sentence.
            Kind::Town | Kind::Region | Kind::PostalCode => {}
            Kind::Photo | Kind::Profile | Kind::Certificate => self.phrases.add_exactly(text),
        }
    }
}

/// What stands before or behind a name and says nothing of who it is.
fn is_honorific(word: &str) -> bool {
    let word = folded(word.trim_end_matches('.'));
    [
        "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "dame", "jr", "sr", "ii", "iii", "iv", "phd",
        "esq",
    ]
    .contains(&word.as_str())
}

/// Whether there is anything in it that can be replaced.
fn is_word(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_are_numbered_as_they_come() {
        let mut book = Book::default();
        assert_eq!(book.replacement(Kind::Account, "ada@corp.test"), "person-1@example.com");
        assert_eq!(book.replacement(Kind::Given, "Ada"), "Person-1", "one original, one replacement");
        assert_eq!(book.replacement(Kind::Family, "Lovelace"), "Family1");
        assert_eq!(book.replacement(Kind::Full, "Lovelace, Ada"), "Family1, Person-1");
        assert_eq!(book.replacement(Kind::Account, "GRACE@CORP.TEST"), "PERSON-2@EXAMPLE.COM");
        assert_eq!(book.replacement(Kind::Account, "grace@home.test"), "person-2@example.net");
        assert_eq!(book.replacement(Kind::Full, "Dr. Ada Lovelace III"), "Dr. Person-1 Family1 III");
        assert_eq!(book.replacement(Kind::Phone, "tel:+49-30-1"), "tel:+1-201-555-0100");
        assert_eq!(book.replacement(Kind::Phone, "+49-30-1"), "+1-201-555-0100");
        assert_eq!(book.replacement(Kind::Employee, "701984"), "100001");
        assert_eq!(book.replacement(Kind::Account, "[redacted]"), "[redacted]");
    }

    #[test]
    fn parts_in_filters_match_whom_they_matched() {
        let mut book = Book::default();
        let ada = book.replacement(Kind::Account, "ada.lovelace@corp.test");
        let family = book.replacement(Kind::Family, "Lovelace");
        assert!(ada.starts_with(&book.part(Kind::Account, "sw", "ada.l")));
        assert!(ada.starts_with(&book.part(Kind::Account, "sw", "ada.lovelace@co")));
        assert!(ada.ends_with(&book.part(Kind::Account, "ew", "@corp.test")));
        assert!(ada.ends_with(&book.part(Kind::Account, "ew", "lovelace@corp.test")));
        assert!(ada.contains(&book.part(Kind::Account, "co", "corp.test")));
        assert!(family.starts_with(&book.part(Kind::Family, "sw", "Lov")));
        assert!(family.ends_with(&book.part(Kind::Family, "ew", "lace")));
    }

    fn kind() -> impl Strategy<Value = Kind> {
        prop::sample::select(vec![
            Kind::Account,
            Kind::Given,
            Kind::Family,
            Kind::Full,
            Kind::Nick,
            Kind::Phone,
            Kind::Town,
            Kind::Employee,
            Kind::Address,
        ])
    }

    proptest! {
        #[test]
        fn what_is_equal_stays_equal_and_nothing_else_becomes_so(
            texts in prop::collection::vec((kind(), "[abAB]{1,3}([ @.][abAB1]{1,3}){0,2}"), 1..30),
        ) {
            let mut book = Book::default();
            for (kind, text) in &texts {
                book.replacement(*kind, text);
            }
            let mut originals = HashMap::new();
            let mut folds = HashMap::new();
            for (kind, text) in &texts {
                let new = book.replacement(*kind, text);
                prop_assert_eq!(originals.entry(new.clone()).or_insert(text), &text, "{} for two", new);
                let fold = folds.entry(folded(text)).or_insert_with(|| folded(&new));
                prop_assert_eq!(&*fold, &folded(&new), "{} in another case", text);
            }
            let distinct: HashSet<_> = texts.iter().map(|(_, text)| folded(text)).collect();
            let replaced: HashSet<_> = folds.values().cloned().collect();
            prop_assert_eq!(distinct.len(), replaced.len());
        }
    }
}

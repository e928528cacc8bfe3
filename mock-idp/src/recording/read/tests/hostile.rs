//! Files that are out to do harm: to the memory, to the one who reads a message, to secrets.

use std::cell::Cell;
use std::io::{self, Read};
use std::ops::ControlFlow;

use proptest::prelude::*;
use rstest::rstest;

use super::super::super::Place;
use super::super::{Item, read};
use super::*;

#[test]
fn no_secret_of_a_file_is_in_what_was_read() {
    for file in ALL {
        let shown = format!("{:?}", recording(file));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

#[test]
fn a_file_may_break_off_anywhere() {
    for file in ALL {
        for end in (0..file.len()).step_by(53) {
            match attempt(&file[..end]) {
                Ok(recording) => assert!(!format!("{recording:?}").contains("s3cret")),
                Err(error) => assert!(!error.to_string().contains("s3cret")),
            }
        }
    }
}

#[rstest]
#[case::cut_off("{\"log\":{\"entries\":[{\"request\":{\"postData\":", "[", "", "")]
#[case::collection("{\"info\":{},\"item\":", "[", "]", "}")]
#[case::folders("{\"info\":{},", "\"item\":[{", "}]", "}")]
#[case::lists("", "[", "", "")]
#[case::objects("", "{\"a\":", "", "")]
fn depth_is_an_error_and_no_crash(
    #[case] start: &str,
    #[case] open: &str,
    #[case] close: &str,
    #[case] end: &str,
) {
    let file = format!("{start}{}{}{end}", open.repeat(100_000), close.repeat(100_000));
    assert!(attempt(file.as_bytes()).is_err());
}

#[test]
fn depth_where_nobody_looks_is_passed_over() {
    let file = format!("{{\"log\":{{\"entries\":[{}{}]}}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(recording(file.as_bytes()).entries, []);
}

#[test]
fn many_small_values_are_refused_before_they_fill_the_memory() {
    let many = format!("{{\"info\":{{}},\"item\":[{}0]}}", "0,".repeat(2_000_001));
    let message = attempt(many.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        message,
        "the file: it has more than two million values: nothing that speaks SCIM has so many"
    );
}

#[test]
fn braces_alone_take_no_time() {
    let url = format!("https://a.example/Users/{}", "{{".repeat(30_000));
    assert_eq!(recording(&har(&[("GET", &url, "application/scim+json", "{}")])).entries.len(), 1);
}

const ENTRIES: usize = 300;

/// The entry, counted from 1, that is one string, larger than the limit by far.
const HOSTILE: usize = 250;

const LIMIT: usize = 1 << 20;

/// Makes a HAR file up as it is read, and tells how much of it was read.
struct MadeUp<'a> {
    produced: &'a Cell<usize>,
    entry: usize,
    piece: io::Cursor<Vec<u8>>,
}

impl Read for MadeUp<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = self.piece.read(buffer)?;
        if count == 0 && self.entry < ENTRIES {
            self.entry += 1;
            self.piece = io::Cursor::new(entry(self.entry));
            count = self.piece.read(buffer)?;
        }
        self.produced.set(self.produced.get() + count);
        Ok(count)
    }
}

fn entry(number: usize) -> Vec<u8> {
    let end = if number == ENTRIES { "]}}" } else { "," };
    let text = match number {
        HOSTILE => format!("{{\"comment\":\"{}\"}}{end}", "x".repeat(12 * LIMIT)),
        _ => format!(
            "{{\"request\":{{\"method\":\"GET\",\"url\":\"https://a.example/scim/Users/{number:06}\"}},\"response\":{{\
             \"status\":200,\"content\":{{\"text\":\"{}\"}}}}}}{end}",
            "y".repeat(30_000)
        ),
    };
    text.into_bytes()
}

#[test]
fn a_large_file_streams() {
    let produced = Cell::new(0);
    let start = io::Cursor::new(b"{\"log\":{\"entries\":[".to_vec());
    let input = MadeUp { produced: &produced, entry: 0, piece: start };
    let (one, large) = (entry(1).len(), entry(HOSTILE).len());
    let mut seen = 0;
    let mut notes = Vec::new();
    let options = ReadOptions { largest_entry: LIMIT, ..ReadOptions::default() };
    let source = read(input, &options, &mut |item| {
        match item {
            Item::Entry(entry) => {
                seen += 1;
                let Place::Entry(number) = entry.place else { return ControlFlow::Break(()) };
                let needed = number * one + if number > HOSTILE { large } else { 0 };
                assert!(
                    produced.get() < needed + (256 << 10),
                    "{number} came after {} bytes",
                    produced.get()
                );
            }
            Item::LeftOut(note) => notes.push(note.to_string()),
        }
        ControlFlow::Continue(())
    });
    assert!(source.is_ok());
    assert_eq!(seen, ENTRIES - 1);
    assert_eq!(notes, ["entry 250: 1 entry larger than 1048576 bytes was left out"]);
}

#[test]
fn the_caller_may_have_enough() {
    for enough in 1..=6 {
        let mut seen = 0;
        let source = read(MITMPROXY, &ReadOptions::default(), &mut |_| {
            seen += 1;
            if seen == enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(source.is_ok());
        assert_eq!(seen, enough);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = attempt(&bytes);
    }

    #[test]
    fn no_text_like_json_makes_it_panic(
        words in proptest::collection::vec(
            proptest::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"", "\\", "\n", "1", "-1e999", "null", "\"log\"", "\"entries\"", "\"request\"",
                "\"method\"", "\"url\"", "\"GET\"", "\"https://a.example/scim/Users\"", "\"steps\"", "\"step_type\"",
                "\"item\"", "\"info\"", "\"requests\"", "\"raw\"", "\"/Users\"", "\"path\"", "{{", "\\ud800", "\u{feff}",
            ]),
            0..60,
        ),
    ) {
        let _ = attempt(words.concat().as_bytes());
    }

    #[test]
    fn no_damage_makes_it_panic_or_tell_a_secret(
        which in 0..ALL.len(),
        at in any::<proptest::sample::Index>(),
        remove in 0..40_usize,
        insert in proptest::collection::vec(any::<u8>(), 0..10),
    ) {
        let mut file = ALL[which].to_vec();
        let at = at.index(file.len());
        let end = (at + remove).min(file.len());
        file.splice(at..end, insert);
        match attempt(&file) {
            Ok(recording) => prop_assert!(!notes(&recording).concat().contains("s3cret")),
            Err(error) => prop_assert!(!error.to_string().contains("s3cret")),
        }
    }
}

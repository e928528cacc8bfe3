//! Finds out which kind of file this is, by what it says and not by its name, and hands it to the one who knows it.

use std::io::Read;
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::super::{Format, Place, Source};
use super::error::{ReadError, Spot};
use super::flow::Flow;
use super::notes::Kind;
use super::scan::{End, Scanner, Taken};
use super::shape::{self, Shape};
use super::{foreign, har, lines, ngrok, postman, runscope};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads a file of any kind.
pub(super) fn read(input: impl Read, flow: &mut Flow<'_>) -> Result<Source, ReadError> {
    let mut scanner = Scanner::new(input);
    let start = scanner.prefix()?;
    foreign::recognise(start)?;
    if start.starts_with(BYTE_ORDER_MARK) {
        scanner.pass_prefix(BYTE_ORDER_MARK.len());
    }
    if lines::begin(scanner.prefix()?) {
        return lines::read(&mut scanner, flow, None);
    }
    match scanner.peek()? {
        Some(b'{') => object(&mut scanner, flow),
        Some(b'[') => list(&mut scanner, flow),
        Some(_) => Err(ReadError::Unknown { what: "text" }),
        None => Err(ReadError::Empty),
    }
}

/// What the members of the one object that is the file turned out to be.
#[derive(Default)]
struct Document {
    har: Option<har::Log>,
    ngrok: Option<ngrok::Captured>,
    /// All other members: what is small in the formats that are read as they come, and everything in the others.
    rest: Map<String, Value>,
    rest_size: usize,
}

fn object<R: Read>(scanner: &mut Scanner<R>, flow: &mut Flow<'_>) -> Result<Source, ReadError> {
    let mut document = Document::default();
    let end = scanner.members(&mut |scanner, name| match (name, scanner.peek()?) {
        ("log", Some(b'{')) if document.har.is_none() => {
            let (log, end) = har::log(scanner, flow)?;
            document.har = Some(log);
            Ok(end)
        }
        ("requests", Some(b'[')) if document.ngrok.is_none() => {
            let (captured, end) = ngrok::requests(scanner, flow)?;
            document.ngrok = Some(captured);
            Ok(end)
        }
        _ if document.har.is_some() || document.ngrok.is_some() => Ok(end_of(scanner.skip()?)),
        _ => document.keep(scanner, flow, name),
    })?;
    if end == End::CutOff && !flow.has_any() && document.ngrok.as_ref().is_none_or(ngrok::Captured::is_empty)
    {
        return Err(ReadError::CutOff { spot: scanner.spot() });
    }
    if end == End::CutOff {
        flow.leave_the_rest();
    }
    if let Some(log) = document.har {
        return log.source();
    }
    if let Some(captured) = document.ngrok {
        return Ok(captured.finish(flow));
    }
    let rest = Value::Object(document.rest);
    if let Some(source) = whole(&rest, flow)? {
        return Ok(source);
    }
    if lines::is_exchange(&rest) {
        return lines::read(scanner, flow, Some(&rest));
    }
    Err(known_json(&rest))
}

/// A list may hold suites, or what otherwise stands one per line.
fn list<R: Read>(scanner: &mut Scanner<R>, flow: &mut Flow<'_>) -> Result<Source, ReadError> {
    let mut suites = runscope::Steps::default();
    let mut format = None;
    let limit = flow.options.largest_entry;
    let mut captured = ngrok::Captured::default();
    let end = scanner.elements(limit, &mut |number, spot, taken, piece| {
        let place = Place::Entry(number);
        match taken {
            Taken::CutOff => flow.leave(Kind::CutOff, place),
            Taken::TooLarge => flow.leave(Kind::TooLarge(limit), place),
            Taken::Whole => {
                let value = shape::read(piece, &Shape::Whole, place, spot)?;
                let is = if runscope::is_suite(&value) {
                    Some(Format::Runscope)
                } else if ngrok::is_captured(&value) {
                    Some(Format::Ngrok)
                } else if lines::is_exchange(&value) {
                    Some(Format::JsonLines)
                } else {
                    None
                };
                format = format.or(is);
                match is {
                    Some(Format::Runscope) => return Ok(suites.suite(&value, flow)),
                    Some(Format::Ngrok) => captured.keep(&value, place, flow)?,
                    Some(_) => return Ok(lines::take(&value, place, flow)),
                    None => flow.leave(Kind::NoExchange, place),
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let Some(format) = format else {
        return Err(match end {
            End::CutOff => ReadError::CutOff { spot: scanner.spot() },
            _ => ReadError::Unknown { what: "a list in JSON" },
        });
    };
    if end == End::CutOff {
        flow.leave_the_rest();
    }
    if !captured.is_empty() {
        captured.finish(flow);
    }
    Ok(Source { format, creator: None, comment: None })
}

/// The formats that are read whole, since what stands last in them (variables) decides what stands first.
fn whole(value: &Value, flow: &mut Flow<'_>) -> Result<Option<Source>, ReadError> {
    let collection = value.get("collection").filter(|inner| postman::is_collection(inner)).unwrap_or(value);
    if postman::is_collection(collection) {
        return postman::read(collection, flow).map(Some);
    }
    if runscope::is_suite(value) {
        let _stopped = runscope::Steps::default().suite(value, flow);
        return Ok(Some(runscope::source(value)));
    }
    if ngrok::is_captured(value) {
        let mut captured = ngrok::Captured::default();
        captured.keep(value, Place::Entry(1), flow)?;
        return Ok(Some(captured.finish(flow)));
    }
    Ok(None)
}

/// Other JSON that people have at hand.
fn known_json(value: &Value) -> ReadError {
    let has = |name| value.get(name).is_some();
    if has("log") {
        ReadError::Form {
            place: Place::File,
            what: "its log is no object: this is not HAR as HTTP Archive 1.2 has it; export it again",
        }
    } else if has("__export_format") || has("_type") && has("resources") {
        ReadError::Foreign {
            what: "a collection of Insomnia",
            instead: "export it as HAR (Preferences > Data > Export)",
        }
    } else if has("order") && has("requests") {
        ReadError::Foreign { what: "a Postman collection of version 1", instead: "export it as version 2.1" }
    } else if has("openapi") || has("swagger") {
        ReadError::Foreign {
            what: "a description of an API (OpenAPI)",
            instead: "it holds no traffic: record some with scimspec record",
        }
    } else {
        ReadError::Unknown { what: "JSON" }
    }
}

/// How an object goes on after one of its values.
pub(super) fn end_of(taken: Taken) -> End {
    if taken == Taken::CutOff { End::CutOff } else { End::Closed }
}

impl Document {
    fn keep<R: Read>(
        &mut self,
        scanner: &mut Scanner<R>,
        flow: &Flow<'_>,
        name: &str,
    ) -> Result<End, ReadError> {
        let limit = flow.options.largest_entry;
        let spot: Spot = scanner.spot();
        let mut piece = Vec::new();
        match scanner.value(&mut piece, limit.saturating_sub(self.rest_size))? {
            Taken::CutOff => return Ok(End::CutOff),
            Taken::TooLarge => {
                let of = "a suite, a collection or a line of a log";
                return Err(ReadError::TooLarge { place: Place::File, spot, limit, of });
            }
            Taken::Whole => {}
        }
        self.rest_size += piece.len();
        self.rest.insert(name.to_owned(), shape::read(&piece, &Shape::Whole, Place::File, spot)?);
        Ok(End::Closed)
    }
}

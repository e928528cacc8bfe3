//! The heads of requests and answers: read with every byte kept, judged for what could smuggle a request past the
//! recorder (RFC 9112, section 11.2), and written again for the other side.

use bytes::Bytes;
use http::Method;

use super::framing::Framing;
use super::refusal::Refusal;

/// The most fields of a head.
const MOST_FIELDS: usize = 200;

/// The head of a request.
#[derive(Debug)]
pub(super) struct RequestHead {
    pub(super) method: Method,
    /// What it is for: a path with its query, or `*`.
    pub(super) target: String,
    pub(super) framing: Framing,
    /// Whether the client speaks HTTP/1.0: it knows neither chunks nor interim answers.
    pub(super) is_old: bool,
    /// Whether the client wants the connection to end with this exchange.
    pub(super) closes: bool,
    /// Whether it waits for a word before it sends its body (RFC 9110, section 10.1.1).
    pub(super) awaits_continue: bool,
    fields: Fields,
}

/// The head of an answer.
#[derive(Debug)]
pub(super) struct AnswerHead {
    pub(super) status: u16,
    pub(super) framing: Framing,
    /// Whether the connection that it came on ends with it.
    pub(super) closes: bool,
    /// With its line end.
    line: Bytes,
    fields: Fields,
}

/// Why a server's answer cannot be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadAnswer {
    /// Not the head of an HTTP/1 answer.
    #[error("it is not HTTP/1.1")]
    NotHttp,
    /// Its length can be read in two ways.
    #[error("its length is said in two ways, or is none")]
    Length,
    /// Its body could not be kept: nobody could tell what secrets are in it.
    #[error("its body comes in a transfer coding other than chunked")]
    Coding,
}

/// The fields of a head in order, each with the bytes of its line.
#[derive(Debug)]
struct Fields(Vec<Field>);

#[derive(Debug)]
struct Field {
    name: String,
    value: Bytes,
    /// With its line end.
    line: Bytes,
}

/// Fields that are about one connection only, whether `Connection` names them or not (RFC 9110, section 7.6.1).
const OF_THE_CONNECTION: [&str; 3] = ["connection", "keep-alive", "proxy-connection"];
/// Fields that no `Connection` can make its own: without them the message would be another.
const NEVER_OF_THE_CONNECTION: [&str; 4] = ["host", "content-length", "transfer-encoding", "authorization"];

impl RequestHead {
    /// Reads a head that ends with its empty line.
    pub(super) fn read(bytes: &Bytes) -> Result<Self, Refusal> {
        if has_bare_line_end(bytes) {
            return Err(Refusal::bad("a line of the head ends without CR LF"));
        }
        let mut headers = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(bytes) {
            Ok(httparse::Status::Complete(_)) => {}
            Err(httparse::Error::TooManyHeaders) => return Err(Refusal::head_too_large()),
            Err(httparse::Error::Version) => return Err(Refusal::version()),
            Err(error) => return Err(Refusal::bad(&format!("the head is not that of a request: {error}"))),
            Ok(httparse::Status::Partial) => return Err(Refusal::bad("the head is not complete")),
        }
        let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version)
        else {
            return Err(Refusal::bad("the head is not that of a request"));
        };
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| Refusal::bad("no such method"))?;
        if method == Method::CONNECT {
            return Err(Refusal::not_done("CONNECT: this is a way to one server only"));
        }
        let is_old = version == 0;
        let target = in_origin_form(target)?;
        let fields = Fields::of(bytes, request.headers);
        match fields.all("host").count() {
            1 => {}
            0 if is_old => {}
            count => return Err(Refusal::bad(&format!("{count} Host fields (RFC 9112, section 3.2)"))),
        }
        fields.check_connection()?;
        let framing = fields.framing_of_request(is_old)?;
        let options = fields.words("connection");
        Ok(Self {
            method,
            target,
            framing,
            is_old,
            closes: is_old || options.iter().any(|option| option == "close"),
            awaits_continue: !is_old && fields.words("expect").iter().any(|word| word == "100-continue"),
            fields,
        })
    }

    /// Whether it may be sent again when nobody knows whether it arrived (RFC 9110, section 9.2.1).
    pub(super) fn is_repeatable(&self) -> bool {
        self.method.is_safe() && self.framing.is_empty()
    }

    /// The head for the server: another authority, the target behind a prefix, nothing that was about the client's
    /// connection alone; every other byte as it came.
    pub(super) fn for_server(&self, authority: &str, prefix: &str) -> Vec<u8> {
        let prefix = if self.target.starts_with('/') { prefix } else { "" };
        let mut head = format!("{} {prefix}{} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let dropped = self.fields.of_the_connection();
        for field in &self.fields.0 {
            if field.is("host") {
                head.extend_from_slice(format!("{}: {authority}\r\n", field.name).as_bytes());
            } else if !dropped.iter().any(|name| field.is(name)) {
                head.extend_from_slice(&field.line);
            }
        }
        if !self.fields.0.iter().any(|field| field.is("host")) {
            head.extend_from_slice(format!("Host: {authority}\r\n").as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// Names as spelled, values as text.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        self.fields.as_text()
    }
}

impl AnswerHead {
    /// Reads the head of an answer to a request with that method.
    pub(super) fn read(bytes: &Bytes, method: &Method) -> Result<Self, BadAnswer> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut answer = httparse::Response::new(&mut headers);
        if has_bare_line_end(bytes) || !matches!(answer.parse(bytes), Ok(httparse::Status::Complete(_))) {
            return Err(BadAnswer::NotHttp);
        }
        let (Some(status), Some(version)) = (answer.code, answer.version) else {
            return Err(BadAnswer::NotHttp);
        };
        let fields = Fields::of(bytes, answer.headers);
        let framing = fields.framing_of_answer(method, status, version == 0)?;
        let options = fields.words("connection");
        let line = bytes.slice(..line_end(bytes));
        let closes =
            version == 0 || framing == Framing::UntilClose || options.iter().any(|option| option == "close");
        Ok(Self { status, framing, closes, line, fields })
    }

    /// Whether another head follows for the same request.
    pub(super) fn is_interim(&self) -> bool {
        (100..200).contains(&self.status)
    }

    /// The head for the client. `plain`: the chunks are taken apart on the way, since the client knows none.
    pub(super) fn for_client(&self, closes: bool, plain: bool) -> Vec<u8> {
        let mut head = self.line.to_vec();
        let dropped = self.fields.of_the_connection();
        for field in &self.fields.0 {
            let of_chunks = plain && (field.is("transfer-encoding") || field.is("trailer"));
            if !of_chunks && !dropped.iter().any(|name| field.is(name)) {
                head.extend_from_slice(&field.line);
            }
        }
        if closes {
            head.extend_from_slice(b"Connection: close\r\n");
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// Names as spelled, values as text.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        self.fields.as_text()
    }
}

/// The place behind the empty line that ends a head, if it is there; the first `seen` bytes were looked at before.
pub(super) fn end_of_head(bytes: &[u8], seen: usize) -> Option<usize> {
    let from = seen.saturating_sub(3);
    bytes.get(from..)?.windows(4).position(|four| four == b"\r\n\r\n").map(|at| from + at + 4)
}

/// A line feed without its carriage return: some take it for a line end and some do not.
pub(super) fn has_bare_line_end(bytes: &[u8]) -> bool {
    let mut before = 0;
    bytes.iter().any(|byte| {
        let bare = *byte == b'\n' && before != b'\r';
        before = *byte;
        bare
    })
}

impl Fields {
    /// No field goes over several lines here: the parser refuses obsolete folding (RFC 9112, section 5.2).
    fn of(head: &Bytes, headers: &[httparse::Header<'_>]) -> Self {
        let mut at = line_end(head);
        let field = |header: &httparse::Header<'_>| {
            let end = at + line_end(&head[at..]);
            let line = head.slice(at..end);
            at = end;
            Field { name: header.name.to_owned(), value: Bytes::copy_from_slice(header.value), line }
        };
        Self(headers.iter().map(field).collect())
    }

    fn all(&self, name: &'static str) -> impl Iterator<Item = &Field> {
        self.0.iter().filter(move |field| field.is(name))
    }

    /// The words of a field that is a list, in lower case.
    fn words(&self, name: &'static str) -> Vec<String> {
        let values = self.all(name).map(|field| String::from_utf8_lossy(&field.value).to_ascii_lowercase());
        let words =
            values.flat_map(|value| value.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>());
        words.filter(|word| !word.is_empty()).collect()
    }

    /// The names of fields that are not for the other side.
    fn of_the_connection(&self) -> Vec<String> {
        let mut names = self.words("connection");
        // A server may name what it sees as its own: without that, its message would be another.
        names.retain(|name| !NEVER_OF_THE_CONNECTION.contains(&name.as_str()));
        names.extend(OF_THE_CONNECTION.map(str::to_owned));
        names
    }

    fn check_connection(&self) -> Result<(), Refusal> {
        let options = self.words("connection");
        if let Some(option) = options.iter().find(|option| NEVER_OF_THE_CONNECTION.contains(&option.as_str()))
        {
            return Err(Refusal::bad(&format!(
                "Connection names {option}, which is for everyone (RFC 9110, section 7.6.1)"
            )));
        }
        // An offer of HTTP/2 is one that Java's client makes with every first request; it may be passed over.
        let wanted = self.words("upgrade").into_iter().find(|protocol| protocol != "h2c");
        match wanted.filter(|_| options.iter().any(|option| option == "upgrade")) {
            Some(protocol) => Err(Refusal::not_done(&format!("an upgrade to {protocol}"))),
            None => Ok(()),
        }
    }

    fn framing_of_request(&self, is_old: bool) -> Result<Framing, Refusal> {
        let has_length = self.all("content-length").next().is_some();
        if self.all("transfer-encoding").next().is_some() {
            let codings = self.words("transfer-encoding");
            return match codings.as_slice() {
                _ if has_length => Err(Refusal::bad("both Content-Length and Transfer-Encoding")),
                _ if is_old => Err(Refusal::bad("Transfer-Encoding in HTTP/1.0")),
                [only] if only == "chunked" && self.all("transfer-encoding").count() == 1 => {
                    Ok(Framing::Chunked)
                }
                [others @ .., last]
                    if last == "chunked" && !others.iter().any(|other| other == "chunked") =>
                {
                    Err(Refusal::not_done("a transfer coding other than chunked"))
                }
                _ => Err(Refusal::bad("a Transfer-Encoding that does not end with chunked")),
            };
        }
        match self.length() {
            Ok(length) => Ok(length.map_or(Framing::Empty, Framing::Length)),
            Err(BadAnswer::Length | BadAnswer::NotHttp | BadAnswer::Coding) => {
                Err(Refusal::bad("Content-Length is said more than once, or is no number"))
            }
        }
    }

    /// RFC 9112, section 6.3.
    fn framing_of_answer(&self, method: &Method, status: u16, is_old: bool) -> Result<Framing, BadAnswer> {
        let codings = self.words("transfer-encoding");
        let length = self.length()?;
        if self.all("transfer-encoding").next().is_some() && (is_old || length.is_some()) {
            return Err(BadAnswer::Length);
        }
        if *method == Method::HEAD || matches!(status, 100..200 | 204 | 304) {
            return Ok(Framing::Empty);
        }
        match (codings.as_slice(), length) {
            ([only], _) if only == "chunked" => Ok(Framing::Chunked),
            ([], Some(length)) => Ok(Framing::Length(length)),
            ([], None) => Ok(Framing::UntilClose),
            // As RFC 2616, section 3.6, called none at all.
            ([only], _) if only == "identity" => Ok(Framing::UntilClose),
            _ => Err(BadAnswer::Coding),
        }
    }

    fn length(&self) -> Result<Option<u64>, BadAnswer> {
        let mut fields = self.all("content-length");
        let Some(field) = fields.next() else { return Ok(None) };
        let is_number = !field.value.is_empty() && field.value.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(&field.value).unwrap_or_default();
        match text.parse() {
            Ok(length) if is_number && fields.next().is_none() => Ok(Some(length)),
            _ => Err(BadAnswer::Length),
        }
    }

    fn as_text(&self) -> Vec<(String, String)> {
        let text = |field: &Field| (field.name.clone(), String::from_utf8_lossy(&field.value).into_owned());
        self.0.iter().map(text).collect()
    }
}

impl Field {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// A server has to take the absolute form too (RFC 9112, section 3.2.2); its path is what counts.
fn in_origin_form(target: &str) -> Result<String, Refusal> {
    if target.starts_with('/') || target == "*" {
        return Ok(target.to_owned());
    }
    let after_scheme = ["http://", "https://"].iter().find_map(|scheme| {
        let begins = target.get(..scheme.len())?.eq_ignore_ascii_case(scheme);
        target.get(scheme.len()..).filter(|_| begins)
    });
    let rest = after_scheme.ok_or_else(|| Refusal::bad("the target of the request is no path"))?;
    let path = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
    Ok(if path.starts_with('/') { path.to_owned() } else { format!("/{path}") })
}

/// The place behind the first line.
fn line_end(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1)
}

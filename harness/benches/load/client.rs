//! A client that costs little, so that the servers are what is measured: HTTP/1.1 on one blocking connection, which is
//! opened again when the server has closed it. It reads what servers send to these requests and no more of HTTP.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::Trouble;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    bytes: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str, token: &str, body: Option<&str>) -> Self {
        let mut text = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\naccept: application/scim+json\r\n"
        );
        if let Some(body) = body {
            text += "content-type: application/scim+json\r\ncontent-length: ";
            text += &body.len().to_string();
            text += "\r\n";
        }
        text.push_str("\r\n");
        text.push_str(body.unwrap_or_default());
        Self { bytes: text.into_bytes() }
    }

    /// The request line.
    pub(crate) fn line(&self) -> String {
        let line = self.bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    }
}

/// What came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status line and the headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Fails unless the status is one of these.
    pub(crate) fn expect(self, request: &Request, statuses: &[u16]) -> Result<Self, Trouble> {
        if statuses.contains(&self.status) {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body).chars().take(200).collect();
        Err(Trouble::Answer { request: request.line(), status: self.status, body })
    }

    pub(crate) fn json(&self) -> Result<serde_json::Value, Trouble> {
        serde_json::from_slice(&self.body).map_err(|error| Trouble::Connection(io::Error::other(error)))
    }
}

/// A connection to a server.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, buffer: Vec::with_capacity(64 * 1024) }
    }

    /// Sends a request and reads its answer.
    pub(crate) fn send(&mut self, request: &Request) -> io::Result<Answer> {
        if self.stream.is_some() {
            match self.exchange(request) {
                // The server has closed a connection that nobody used.
                Err(error) if self.buffer.is_empty() && error.kind() != io::ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
        let stream = TcpStream::connect_timeout(&self.address, TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        self.stream = Some(stream);
        self.exchange(request)
    }

    fn exchange(&mut self, request: &Request) -> io::Result<Answer> {
        self.buffer.clear();
        let Some(mut stream) = self.stream.take() else { return Err(io::ErrorKind::NotConnected.into()) };
        stream.write_all(&request.bytes)?;
        let end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.more(&mut stream)?;
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        let status =
            head.get(9..12).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let length = header(&head, "content-length").and_then(|length| length.parse::<usize>().ok());
        let chunked =
            header(&head, "transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        let body = match length {
            _ if chunked => self.chunks(&mut stream, end)?,
            _ if matches!(status, 204 | 304) => Vec::new(),
            Some(length) => {
                while self.buffer.len() < end + length {
                    self.more(&mut stream)?;
                }
                self.buffer[end..end + length].to_vec()
            }
            None => {
                stream.read_to_end(&mut self.buffer)?;
                self.buffer[end..].to_vec()
            }
        };
        let closes = header(&head, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        if !closes && !head.starts_with("HTTP/1.0") {
            self.stream = Some(stream);
        }
        Ok(Answer { status, head, body })
    }

    fn more(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        let mut piece = [0; 16 * 1024];
        match stream.read(&mut piece)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.buffer.extend_from_slice(&piece[..read]);
                Ok(())
            }
        }
    }

    fn chunks(&mut self, stream: &mut TcpStream, mut at: usize) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                if let Some(line) = find(&self.buffer[at..], b"\r\n") {
                    break line;
                }
                self.more(stream)?;
            };
            let size = String::from_utf8_lossy(&self.buffer[at..at + line]).into_owned();
            let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
            at += line + 2;
            while self.buffer.len() < at + size + 2 {
                self.more(stream)?;
            }
            body.extend_from_slice(&self.buffer[at..at + size]);
            at += size + 2;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}

/// The value of a header.
fn header<'head>(head: &'head str, name: &str) -> Option<&'head str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

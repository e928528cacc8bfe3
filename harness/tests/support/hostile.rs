//! Servers that mean harm or are broken: raw sockets on loopback, one thread for each connection.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A hostile server.
pub(crate) struct Hostile {
    /// A base URL on it.
    pub(crate) url: String,
    connections: Arc<AtomicUsize>,
}

impl Hostile {
    /// What it does with a connection, after the head of the first request was read. It lives as long as the tests.
    pub(crate) fn new(
        act: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}/scim/v2", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let (act, count) = (Arc::new(act), Arc::clone(&connections));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                let act = Arc::clone(&act);
                std::thread::spawn(move || serve(&*act, stream));
            }
        });
        Self { url, connections }
    }

    /// It answers every request with this.
    pub(crate) fn that_answers(status: &'static str, headers: &'static str, body: &'static str) -> Self {
        Self::new(move |_, stream| answer(stream, status, headers, body.as_bytes()))
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A whole answer, after which the connection ends.
pub(crate) fn answer(
    stream: &mut TcpStream,
    status: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}

fn serve(act: &dyn Fn(&str, &mut TcpStream) -> std::io::Result<()>, mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if matches!(reader.read_line(&mut head), Ok(0) | Err(_)) {
            return;
        }
    }
    if let Err(error) = act(&head, &mut stream) {
        // The client hangs up on what it does not want to hear: that is what is being tested.
        let hung_up = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted];
        assert!(hung_up.contains(&error.kind()), "{error}");
    }
}

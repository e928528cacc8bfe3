//! Moving a body from one connection to another as it comes, byte for byte, while a copy is kept. Knows nothing of
//! heads.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::copy::Copy;
use super::framing::{Body, FramingError};

/// A connection of any kind.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Io for S {}

/// One half of a connection: what comes.
pub(super) struct Incoming {
    half: tokio::io::ReadHalf<Box<dyn Io>>,
    /// What has come and was not used yet.
    pub(super) held: BytesMut,
}

/// The other half: what goes.
pub(super) struct Outgoing {
    half: tokio::io::WriteHalf<Box<dyn Io>>,
}

/// Why a body did not arrive.
#[derive(Debug, thiserror::Error)]
pub(super) enum RelayError {
    /// Its sender's connection broke.
    #[error("{0}")]
    From(io::Error),
    /// Its sender sent nonsense, or stopped in the middle.
    #[error("{0}")]
    Framing(#[from] FramingError),
    /// Its sender said nothing for too long.
    #[error("nothing came for {0:?}")]
    Silent(Duration),
    /// Its receiver's connection broke, or took nothing for too long.
    #[error("{0}")]
    To(io::Error),
}

/// How a body is written on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As it came.
    Same,
    /// Without chunks.
    Plain,
}

/// Read at once.
const PIECE: usize = 16 * 1024;

/// The two halves of a connection.
pub(super) fn split(connection: Box<dyn Io>) -> (Incoming, Outgoing) {
    let (read, write) = tokio::io::split(connection);
    (Incoming { half: read, held: BytesMut::new() }, Outgoing { half: write })
}

/// Moves a body until its end.
pub(super) async fn relay(
    from: &mut Incoming,
    to: &mut Outgoing,
    body: &mut Body,
    copy: &mut Copy,
    spelling: Spelling,
    idle: Duration,
) -> Result<(), RelayError> {
    while !body.is_done() {
        if from.held.is_empty() {
            let read = timeout(idle, from.more()).await.map_err(|_| RelayError::Silent(idle))?;
            if read.map_err(RelayError::From)? == 0 {
                body.end()?;
                break;
            }
        }
        let mut plain = Vec::new();
        let used = body.take(&from.held, &mut |data| {
            copy.add(data);
            if spelling == Spelling::Plain {
                plain.extend_from_slice(data);
            }
        })?;
        let piece = from.held.split_to(used);
        to.write(if spelling == Spelling::Plain { &plain } else { &piece }, idle).await?;
    }
    Ok(())
}

impl Incoming {
    /// Waits for more; 0: nothing comes any more. Loses nothing when it is given up.
    pub(super) async fn more(&mut self) -> io::Result<usize> {
        self.held.reserve(PIECE);
        self.half.read_buf(&mut self.held).await
    }
}

impl Outgoing {
    /// Writes all of it, now.
    pub(super) async fn write(&mut self, bytes: &[u8], idle: Duration) -> Result<(), RelayError> {
        let written = async {
            self.half.write_all(bytes).await?;
            self.half.flush().await
        };
        match timeout(idle, written).await {
            Ok(written) => written.map_err(RelayError::To),
            Err(_) => Err(RelayError::To(io::ErrorKind::TimedOut.into())),
        }
    }

    /// Says that nothing more will come.
    pub(super) async fn close(&mut self, idle: Duration) {
        // Whoever has gone already needs no farewell.
        let _ = timeout(idle, self.half.shutdown()).await;
    }
}

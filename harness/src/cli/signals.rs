//! Ctrl-C and SIGTERM: the first asks to stop and clean up, the second ends at once.

use std::io;

use crate::report::Exit;

/// Signals that are listened for, from now on.
pub(super) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// Begins to listen; a signal that comes from now on is not lost.
    pub(super) fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Resolves at the first signal. A second one ends the process; a journal tells what is left then.
    pub(super) async fn stop(mut self, told: impl FnOnce()) {
        self.one().await;
        told();
        tokio::spawn(async move {
            self.one().await;
            std::process::exit(i32::from(Exit::CouldNotJudge.code()));
        });
    }

    async fn one(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        // Without a handler there is nothing to wait for: the default action ends the process.
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

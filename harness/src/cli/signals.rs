//! Ctrl-C and SIGTERM: the first asks to stop and clean up, the second ends at once.

use crate::report::Exit;

/// Resolves at the first Ctrl-C or SIGTERM. A second one ends the process; the journal tells what is left then.
pub(super) async fn stop(told: impl FnOnce()) {
    signal().await;
    told();
    tokio::spawn(async {
        signal().await;
        std::process::exit(i32::from(Exit::CouldNotJudge.code()));
    });
}

async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler there is nothing to wait for: the default action ends the process.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

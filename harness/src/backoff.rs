//! Trying again for a while: at once, then after longer and longer pauses, until the time is over.

use std::time::Duration;

/// The pauses of one wait.
#[derive(Debug)]
pub struct Backoff {
    left: Duration,
    next: Duration,
}

impl Backoff {
    /// Waits `within` in all, first for `first` and then twice as long each time.
    pub fn new(within: Duration, first: Duration) -> Self {
        Self { left: within, next: first }
    }

    /// Waits for the next try; false, at once, when the time is over.
    pub async fn pause(&mut self) -> bool {
        if self.left.is_zero() {
            return false;
        }
        let time = self.next.min(self.left);
        tokio::time::sleep(time).await;
        self.left = self.left.saturating_sub(time);
        self.next = self.next.saturating_mul(2);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_double_and_end_with_the_time() {
        let started = tokio::time::Instant::now();
        let mut backoff = Backoff::new(Duration::from_secs(6), Duration::from_secs(1));
        let mut tries = 1;
        while backoff.pause().await {
            tries += 1;
        }
        assert_eq!(tries, 4, "at 0, 1, 3 and 6 seconds");
        assert_eq!(started.elapsed(), Duration::from_secs(6));
    }

    #[tokio::test(start_paused = true)]
    async fn no_time_is_one_try() {
        assert!(!Backoff::new(Duration::ZERO, Duration::from_secs(1)).pause().await);
    }
}

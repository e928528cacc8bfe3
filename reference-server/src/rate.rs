//! How many requests a tenant may send: a bucket of tokens for each, which fills at a steady rate. How a refusal
//! looks on the wire is the front's.
//!
//! The buckets are this process's: servers that share a store count each for itself, so that N of them take up to N
//! times the rate. What a limit protects is a process, and a count that all share would cost every request a message
//! to the database.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    Clock,
    store::{TenantId, Timestamp},
};

/// Requests per second, and at most as many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many requests a second are taken in the long run.
    pub per_second: NonZeroU32,
    /// How many are taken at once after a time of quiet.
    pub burst: NonZeroU32,
}

/// The buckets of all tenants.
#[derive(Debug)]
pub(crate) struct RateLimit {
    rate: Option<Rate>,
    clock: Clock,
    buckets: Mutex<HashMap<TenantId, Bucket>>,
}

/// What a tenant may still send, in millionths of a request, as of a point in time.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: u64,
    at: Timestamp,
}

const ONE: u64 = 1_000_000;

impl RateLimit {
    /// Full buckets; without a rate everything is taken.
    pub(crate) fn new(rate: Option<Rate>, clock: Clock) -> Self {
        Self { rate, clock, buckets: Mutex::default() }
    }

    /// Takes one request of a tenant, or tells how long it should wait before it sends another.
    pub(crate) fn take(&self, tenant: &TenantId) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let (per_second, full) = (u64::from(rate.per_second.get()), u64::from(rate.burst.get()) * ONE);
        let now = self.clock.now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(tenant.clone()).or_insert(Bucket { left: full, at: now });
        // A millionth of a request for each microsecond and request per second.
        let micros = u64::try_from(now.since(bucket.at).as_micros()).unwrap_or(u64::MAX);
        bucket.left = bucket.left.saturating_add(micros.saturating_mul(per_second)).min(full);
        bucket.at = now;
        match bucket.left.checked_sub(ONE) {
            Some(left) => {
                bucket.left = left;
                Ok(())
            }
            None => Err(Duration::from_micros((ONE - bucket.left).div_ceil(per_second))),
        }
    }
}

/// The wait as `Retry-After` tells it: whole seconds (RFC 9110 section 10.2.3), rounded up so that who waits as
/// told is not refused again.
pub(crate) fn retry_after(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    struct World {
        limit: RateLimit,
        time: Arc<Mutex<Timestamp>>,
    }

    impl World {
        fn new(per_second: u32, burst: u32) -> Self {
            let time = Arc::new(Mutex::new(Timestamp::now()));
            let shown = Arc::clone(&time);
            let clock = Clock::new(move || *shown.lock().unwrap());
            let number = |number| NonZeroU32::new(number).unwrap();
            let rate = Rate { per_second: number(per_second), burst: number(burst) };
            Self { limit: RateLimit::new(Some(rate), clock), time }
        }

        fn take(&self, tenant: &str) -> Result<(), Duration> {
            self.limit.take(&TenantId::new(tenant))
        }

        fn forward(&self, time: Duration) {
            let mut now = self.time.lock().unwrap();
            *now = now.plus(time);
        }
    }

    #[test]
    fn after_a_burst_requests_are_taken_at_the_rate() {
        let world = World::new(4, 2);
        assert_eq!((world.take("one"), world.take("one")), (Ok(()), Ok(())));
        let wait = world.take("one").unwrap_err();
        assert_eq!(wait, Duration::from_millis(250));
        world.forward(Duration::from_millis(249));
        assert!(world.take("one").is_err());
        world.forward(Duration::from_millis(1));
        assert_eq!(world.take("one"), Ok(()));
        assert!(world.take("one").is_err());
    }

    #[test]
    fn quiet_fills_the_bucket_and_no_more() {
        let world = World::new(4, 2);
        world.forward(Duration::from_hours(1));
        assert_eq!((world.take("one"), world.take("one")), (Ok(()), Ok(())));
        assert!(world.take("one").is_err());
    }

    #[test]
    fn one_tenant_does_not_use_up_what_is_another_s() {
        let world = World::new(1, 1);
        assert_eq!(world.take("one"), Ok(()));
        assert!(world.take("one").is_err());
        assert_eq!(world.take("two"), Ok(()));
    }

    #[test]
    fn without_a_rate_everything_is_taken() {
        let limit = RateLimit::new(None, Clock::system());
        assert!((0..10_000).all(|_| limit.take(&TenantId::new("one")).is_ok()));
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_and_takes_nothing() {
        let world = World::new(1, 1);
        assert_eq!(world.take("one"), Ok(()));
        *world.time.lock().unwrap() = Timestamp::now();
        world.forward(Duration::ZERO);
        assert!(world.take("one").is_err());
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds_and_never_too_short() {
        assert_eq!(retry_after(Duration::from_millis(1)), 1);
        assert_eq!(retry_after(Duration::from_secs(2)), 2);
        assert_eq!(retry_after(Duration::from_millis(2001)), 3);
    }
}

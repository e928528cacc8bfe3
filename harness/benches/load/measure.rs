//! Load: as much as a target takes (closed loop), or so many requests per second whatever it does (open loop). In the
//! open loop a latency runs from the moment at which the request was to be sent, so that a target that stalls is charged
//! for everything that had to wait behind the stall.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::client::{Connection, Request};
use crate::{Trouble, interrupt};

/// A sleep of the system ends late by about this much; the rest of a wait is spent awake.
const OVERSLEEP: Duration = Duration::from_micros(120);
/// The longest latency that is told apart, in nanoseconds.
const LONGEST: u64 = 120_000_000_000;

/// Where a measurement ends, whichever comes first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) requests: u64,
    pub(crate) time: Duration,
}

/// What is sent where.
pub(crate) struct Load<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) limit: Limit,
    /// The next request; none: there is nothing left to ask.
    pub(crate) next: &'a (dyn Fn() -> Option<Request> + Sync),
    /// How a correct answer begins.
    pub(crate) statuses: &'static [u16],
}

/// What came of it.
pub(crate) struct Measured {
    /// Nanoseconds.
    pub(crate) latency: Histogram<u64>,
    /// Answers with another status, and none.
    pub(crate) wrong: u64,
    elapsed: Duration,
}

impl Measured {
    pub(crate) fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^52 in a few seconds")]
        let answers = self.latency.len() as f64;
        answers / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// The latency that this part of the requests did not exceed, in seconds.
    pub(crate) fn seconds(&self, part: f64) -> f64 {
        Duration::from_nanos(self.latency.value_at_quantile(part)).as_secs_f64()
    }
}

/// Every connection sends as soon as it has its answer.
pub(crate) fn closed(load: &Load<'_>) -> Result<Measured, Trouble> {
    drive(load, |_| None)
}

/// So many requests per second, evenly spaced over all connections.
pub(crate) fn open(load: &Load<'_>, rate: f64) -> Result<Measured, Trouble> {
    #[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^52 in a few seconds")]
    drive(load, |index| Some(Duration::from_secs_f64(index as f64 / rate)))
}

fn drive(load: &Load<'_>, due: impl Fn(u64) -> Option<Duration> + Sync) -> Result<Measured, Trouble> {
    let sent = AtomicU64::new(0);
    let over = AtomicBool::new(false);
    let start = Instant::now();
    let worker = || {
        let mut connection = Connection::new(load.address);
        let mut latency = histogram();
        let mut wrong = 0;
        while !over.load(Ordering::Relaxed) && interrupt::check().is_ok() {
            let index = sent.fetch_add(1, Ordering::Relaxed);
            let due = due(index);
            if index >= load.limit.requests || due.unwrap_or(start.elapsed()) >= load.limit.time {
                break;
            }
            let Some(request) = (load.next)() else { break };
            let from = due.map_or_else(Instant::now, |due| wait_until(start + due));
            let answer = connection.send(&request);
            let nanoseconds = u64::try_from(from.elapsed().as_nanos()).unwrap_or(LONGEST);
            latency.saturating_record(nanoseconds);
            wrong += u64::from(!answer.is_ok_and(|answer| load.statuses.contains(&answer.status)));
            // The latency of a target that falls behind grows without end: what is due is sent, but not for ever.
            if start.elapsed() > load.limit.time * 3 {
                over.store(true, Ordering::Relaxed);
            }
        }
        (latency, wrong)
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..load.connections).map(|_| scope.spawn(worker)).collect();
        let mut all = Measured { latency: histogram(), wrong: 0, elapsed: Duration::ZERO };
        for worker in workers {
            let (latency, wrong) = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            all.latency.add(latency)?;
            all.wrong += wrong;
        }
        all.elapsed = start.elapsed();
        interrupt::check()?;
        Ok(all)
    })
}

/// Returns the moment that was waited for, which is not the one at which the wait ended.
fn wait_until(moment: Instant) -> Instant {
    let left = moment.saturating_duration_since(Instant::now());
    thread::sleep(left.saturating_sub(OVERSLEEP));
    while Instant::now() < moment {
        std::hint::spin_loop();
    }
    moment
}

fn histogram() -> Histogram<u64> {
    // The bounds are constants that the library accepts: three digits, up to two minutes.
    Histogram::new_with_bounds(1, LONGEST, 3).expect("constant bounds")
}

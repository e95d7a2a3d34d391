//! Reports what takes too long, while it hangs.
//!
//! Time is counted in beats: on a slow or paused machine, nothing becomes overdue.

use std::cell::Cell;
use std::time::Duration;

use super::connections;

pub const BEAT: Duration = Duration::from_millis(500);
pub const SLOW_SECONDS: f64 = 4.0;

thread_local! {
    static BEATS: Cell<u64> = const { Cell::new(0) };
}

/// The number of beats of this worker so far.
#[must_use]
pub fn now() -> u64 {
    BEATS.get()
}

/// Something that takes longer than it should: logged once.
pub struct Overdue {
    what: &'static str,
    seconds: f64,
}

impl Overdue {
    #[must_use]
    pub const fn new(what: &'static str) -> Self {
        Self { what, seconds: 0.0 }
    }

    /// Counts one more beat, and logs it when it has taken too long; returns the seconds so far.
    pub fn look(&mut self, doing: impl FnOnce() -> String) -> f64 {
        let before = self.seconds;
        self.seconds += BEAT.as_secs_f64();
        if before <= SLOW_SECONDS && SLOW_SECONDS < self.seconds {
            let (what, doing) = (self.what, doing());
            tracing::warn!("{what} after {SLOW_SECONDS} s: {doing}; docs/runbook.md#nothing-moves");
        }
        self.seconds
    }
}

/// Counts a beat of this worker; logs each request that has waited for too many, once.
pub fn look() {
    BEATS.set(BEATS.get() + 1);
    let beats = SLOW_SECONDS / BEAT.as_secs_f64();
    let Some(long_ago) = now().checked_sub(beats as u64 + 1) else {
        return;
    };
    for connection in connections::own() {
        if let Some(request) = connection.slow_since(long_ago) {
            tracing::warn!(
                "{request} has no answer after {SLOW_SECONDS} s; docs/runbook.md#nothing-moves"
            );
        }
    }
}

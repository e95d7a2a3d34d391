//! Tries again, less and less often, and not all at the same moment.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);

/// How long to wait before each new attempt: twice as long each time, and never exactly.
pub struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    #[must_use]
    pub fn new(longest: Duration) -> Self {
        let next = FIRST;
        Self { next, longest }
    }
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.next;
        self.next = (2 * pause).min(self.longest);
        // The keys of a hasher are random; the half is far from all that it can be.
        let random = u32::try_from(RandomState::new().hash_one(0) & 0xffff).unwrap_or_default();
        Some(pause / 2 + pause / 2 * random / 0xffff)
    }
}

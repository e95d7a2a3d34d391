//! When a job that failed is tried again.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

/// Returns the pause after an attempt: twice as long each time, and up to half of it less, so that
/// jobs that failed together spread.
#[must_use]
pub fn pause(attempt: i32) -> Duration {
    let doublings = u32::try_from(attempt - 1).unwrap_or_default().min(16);
    let whole = (FIRST * 2_u32.pow(doublings)).min(LONGEST);
    let random = u32::try_from(RandomState::new().hash_one(0) & 0xffff).unwrap_or_default();
    whole / 2 + whole / 2 * random / 0xffff
}

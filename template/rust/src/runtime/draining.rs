//! Work beside requests that a stop lets finish: it has as long as they have.

use std::sync::atomic::{AtomicUsize, Ordering};

static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// Work that is under way until this is dropped.
pub struct Work(());

/// Notes that work begins.
#[must_use]
pub fn begin() -> Work {
    UNDER_WAY.fetch_add(1, Ordering::Relaxed);
    Work(())
}

impl Drop for Work {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How much is under way.
#[must_use]
pub fn under_way() -> usize {
    UNDER_WAY.load(Ordering::Relaxed)
}

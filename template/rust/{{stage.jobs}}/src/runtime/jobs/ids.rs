//! Ids of jobs, and of whoever works on them.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::process;

/// Returns a new id: a UUID of version 4. It is unique, and no secret.
#[must_use]
pub fn new() -> String {
    // The keys of a hasher are random: 128 bits for each thread, which it counts up.
    let keys = RandomState::new();
    let (one, other) = (keys.hash_one(0), keys.hash_one(1));
    let (version, variant) = (0x4000 | (one & 0x0fff), 0x8000 | (other >> 48 & 0x3fff));
    let (first, second) = (one >> 32, one >> 16 & 0xffff);
    let rest = other & 0xffff_ffff_ffff;
    format!("{first:08x}-{second:04x}-{version:04x}-{variant:04x}-{rest:012x}")
}

/// Returns what this process is called in leases: HOSTNAME:PID:RANDOM.
#[must_use]
pub fn worker() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let random = RandomState::new().hash_one(0) & 0xffff_ffff;
    format!("{}:{}:{random:08x}", host.trim(), process::id())
}

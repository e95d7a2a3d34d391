//! The memory that this container uses, and a warning before the kernel acts.

use std::fmt;
use std::time::Duration;

use actix_web::rt::time::interval;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::process::gauge;
use crate::runtime::{cgroup, megabytes};

const LOOK: Duration = Duration::from_millis(500);
/// How far below the warning it has to fall before there is another one.
const BACK_PERCENT: u64 = 5;

/// Bytes that cannot be reclaimed, and the limit.
struct Memory {
    used: u64,
    limit: u64,
}

impl Memory {
    /// What this container uses; nothing without a limit, or where it cannot be read.
    ///
    /// The kernel drops the inactive part of the page cache before it kills anything.
    fn now() -> Option<Self> {
        let limit = cgroup::memory_limit()?;
        let usage = cgroup::own("memory.current", "memory.usage_in_bytes");
        let usage: u64 = usage.trim().parse().ok()?;
        let counts = cgroup::own("memory.stat", "memory.stat");
        // Version 1 counts that of the cgroups below apart.
        let inactive = count(&counts, "total_inactive_file ");
        let inactive = inactive.or_else(|| count(&counts, "inactive_file "));
        Some(Self {
            used: usage.saturating_sub(inactive.unwrap_or(0)),
            limit,
        })
    }
}

fn count(counts: &str, name: &str) -> Option<u64> {
    let found = counts.lines().find_map(|line| line.strip_prefix(name));
    found?.trim().parse().ok()
}

/// The memory as metrics, looked at when they are read.
#[derive(Debug)]
pub struct MemoryCollector;

impl Collector for MemoryCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(Memory { used, limit }) = Memory::now() else {
            return Ok(());
        };
        let help = "Memory of the container that cannot be reclaimed.";
        gauge(&mut encoder, "service_memory_used_bytes", help, used)?;
        let help = "Limit of the container's memory, at which the kernel kills.";
        gauge(&mut encoder, "service_memory_limit_bytes", help, limit)
    }
}

/// Warns once whenever the memory in use exceeds a part of the limit.
pub async fn watch(percent: u64) -> ! {
    let mut has_warned = false;
    let mut looks = interval(LOOK);
    loop {
        looks.tick().await;
        if let Some(found) = Memory::now() {
            has_warned = look(&found, percent, has_warned);
        }
    }
}

/// Logs that the memory in use has become too much, or is below that again; returns which.
fn look(found: &Memory, percent: u64, has_warned: bool) -> bool {
    let (used, limit) = (megabytes(Some(found.used)), megabytes(Some(found.limit)));
    let is_above = |percent| found.used.saturating_mul(100) >= found.limit.saturating_mul(percent);
    if !has_warned && is_above(percent) {
        tracing::warn!(
            "{used} of {limit} of memory are in use: METRICS_MEMORY_PERCENT is {percent}; \
             docs/runbook.md#pattern-memory"
        );
        return true;
    }
    if has_warned && !is_above(percent.saturating_sub(BACK_PERCENT)) {
        tracing::info!(
            "{used} of {limit} of memory are in use: below METRICS_MEMORY_PERCENT again"
        );
        return false;
    }
    has_warned
}

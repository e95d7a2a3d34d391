//! What is known of the process, by the names that every client of Prometheus gives it.

use std::fmt;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::resource::{Resource, getrlimit};
use nix::time::{ClockId, clock_gettime};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

const STATUS: &str = "/proc/self/status";
const FILES: &str = "/proc/self/fd";

/// The process as metrics, looked at when they are read.
#[derive(Debug)]
pub struct ProcessCollector {
    started: Duration,
}

impl Default for ProcessCollector {
    /// It is made when the process has just begun.
    fn default() -> Self {
        let started = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            started: started.unwrap_or_default(),
        }
    }
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let status = fs::read_to_string(STATUS).unwrap_or_default();
        for (name, help, field) in [
            (
                "process_virtual_memory_bytes",
                "Virtual memory size in bytes.",
                "VmSize:",
            ),
            (
                "process_resident_memory_bytes",
                "Resident memory size in bytes.",
                "VmRSS:",
            ),
        ] {
            if let Some(bytes) = bytes(&status, field) {
                gauge(encoder, name, help, bytes)?;
            }
        }
        let help = "Start time of the process since unix epoch in seconds.";
        gauge(
            encoder,
            "process_start_time_seconds",
            help,
            self.started.as_secs_f64(),
        )?;
        if let Ok(ran) = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID) {
            let help = "Total user and system CPU time spent in seconds.";
            let counter = MetricType::Counter;
            let metric = encoder.encode_descriptor("process_cpu_seconds", help, None, counter)?;
            ConstCounter::new(Duration::from(ran).as_secs_f64()).encode(metric)?;
        }
        if let Ok(files) = fs::read_dir(FILES) {
            let help = "Number of open file descriptors.";
            gauge(encoder, "process_open_fds", help, files.count())?;
        }
        if let Ok((most, _)) = getrlimit(Resource::RLIMIT_NOFILE) {
            let help = "Maximum number of open file descriptors.";
            gauge(encoder, "process_max_fds", help, most)?;
        }
        Ok(())
    }
}

/// Writes a gauge that has one value.
pub fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: impl EncodeGaugeValue,
) -> fmt::Result {
    let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    ConstGauge::new(value).encode(metric)
}

/// The bytes of a field in kilobytes.
fn bytes(status: &str, field: &str) -> Option<u64> {
    let found = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kilobytes: u64 = found.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

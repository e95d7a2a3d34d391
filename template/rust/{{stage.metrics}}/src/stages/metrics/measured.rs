//! What is measured: the names, labels and buckets that dashboards and alerts rely on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::runtime::container_memory::MemoryCollector;
use super::runtime::process::ProcessCollector;
use crate::runtime::SERVICE;

const SECONDS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Between two looks at an event loop.
const LAG: Duration = Duration::from_millis(500);

/// What requests have in common that are counted as one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
pub struct Answered {
    pub method: &'static str,
    pub route: String,
    pub status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    route: String,
}

/// Where requests are counted that were answered alike.
pub struct Series {
    requests: Counter,
    durations: Histogram,
}

impl Series {
    pub fn count(&self, took: Duration) {
        self.requests.inc();
        self.durations.observe(took.as_secs_f64());
    }
}

/// The metrics of one application, in a registry of their own; all workers share them.
pub struct Measured {
    pub registry: Registry,
    pub in_flight: Gauge,
    requests: Family<Answered, Counter>,
    durations: Family<Asked, Histogram, fn() -> Histogram>,
    lag: Histogram,
}

impl Default for Measured {
    /// Begins at zero.
    fn default() -> Self {
        let mut measured = Self {
            registry: Registry::default(),
            in_flight: Gauge::default(),
            requests: Family::default(),
            durations: Family::new_with_constructor(seconds),
            lag: seconds(),
        };
        measured.register();
        measured
    }
}

impl Measured {
    /// Names everything; the library ends each sentence with a full stop.
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "http_requests",
            "Requests that were answered, by the template of their route",
            self.requests.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "Time from the head of a request to the end of its answer",
            self.durations.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests that are being answered",
            self.in_flight.clone(),
        );
        registry.register(
            "service_event_loop_lag_seconds",
            "How late an event loop ran what was due, looked at twice a second",
            self.lag.clone(),
        );
        let about = [("service", SERVICE), ("version", env!("CARGO_PKG_VERSION"))];
        registry.register("service", "The service and its version", Info::new(about));
        registry.register_collector(Box::new(ProcessCollector::default()));
        registry.register_collector(Box::new(MemoryCollector));
    }

    /// Finds where such requests are counted, and where the time that they took.
    pub fn series(&self, answered: &Answered) -> Series {
        let Answered { method, route, .. } = answered.clone();
        Series {
            requests: self.requests.get_or_create_owned(answered),
            durations: self.durations.get_or_create_owned(&Asked { method, route }),
        }
    }

    /// Records how late the event loop of this thread is, as long as that runs.
    pub async fn watch_event_loop(self: Arc<Self>) -> ! {
        loop {
            let due = Instant::now() + LAG;
            sleep(LAG).await;
            self.lag.observe(due.elapsed().as_secs_f64());
        }
    }
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

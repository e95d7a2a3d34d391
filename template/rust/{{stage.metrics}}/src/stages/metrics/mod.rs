//! Stage metrics: GET /metrics for Prometheus, and a warning before the memory is used up.

mod measured;
mod requests;
mod scrapes;
// Kept in runtime/, which viscaffold owns.
#[path = "../../runtime/metrics/mod.rs"]
mod runtime;

use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, web};

pub use scrapes::register;

use crate::health::Checks;
use crate::runtime::settings::{Reader, integer};
use crate::runtime::stage::{Service, Stage};
use crate::runtime::tasks;
use measured::Measured;
use requests::Worker;

/// The stage, with what it has measured.
#[derive(Clone)]
pub struct Metrics {
    token: String,
    memory_percent: u64,
    measured: Arc<Measured>,
}

impl Stage for Metrics {
    const NAME: &str = "metrics";

    fn read(env: &mut Reader<'_>) -> Self {
        Self {
            token: env.secret("METRICS_TOKEN", scrapes::token, String::new()),
            memory_percent: env.get("METRICS_MEMORY_PERCENT", integer(0, 99), 80),
            measured: Arc::default(),
        }
    }

    /// Adds the route, and watches the event loop of this worker.
    fn configure(&self, app: &mut web::ServiceConfig) {
        let measured = Arc::clone(&self.measured);
        tasks::spawn("event loop lag", measured.watch_event_loop());
        scrapes::configure(app, Arc::clone(&self.measured), self.token.clone());
    }

    fn wrap<T: Service>(&self, app: App<T>) -> App<impl Service + use<T>> {
        let worker = Rc::new(Worker::new(Arc::clone(&self.measured)));
        app.wrap(from_fn(
            move |request: ServiceRequest, next: Next<T::Body>| {
                requests::measure(request, next, Rc::clone(&worker))
            },
        ))
    }

    /// Watches the memory from the main thread: what fills it may block a worker meanwhile.
    async fn start(&self, _checks: &Checks) -> anyhow::Result<()> {
        if self.token.is_empty() {
            tracing::info!("METRICS_TOKEN is not set: whoever reaches this port can read /metrics");
        }
        let watch = runtime::container_memory::watch(self.memory_percent);
        tasks::spawn("memory watch", watch);
        Ok(())
    }
}

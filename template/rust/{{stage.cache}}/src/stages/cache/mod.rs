//! Stage cache: values that are kept in Redis for a while, if there is one.

mod values;
// Kept in runtime/, which viscaffold owns.
#[path = "../../runtime/cache/mod.rs"]
mod runtime;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::rt::task::JoinHandle;
use actix_web::web;

use crate::health::Checks;
use crate::runtime::settings::{Reader, integer};
use crate::runtime::stage::Stage;
use crate::runtime::tasks;
use runtime::address::parse;
use runtime::flights::Flights;
use runtime::link::Link;

const PREFIX: &str = concat!(env!("CARGO_CRATE_NAME"), ":");

/// Values by key, each for some time; a value is JSON, or bytes. Handlers take it as
/// `web::Data<Cache>`.
///
/// No method fails because of the server: then there is no value, and nothing is kept.
#[derive(Clone)]
pub struct Cache {
    link: Option<Arc<Link>>,
    flights: Flights,
    max_value_bytes: usize,
    keeping: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Stage for Cache {
    const NAME: &str = "cache";

    fn read(env: &mut Reader<'_>) -> Self {
        let address = env.secret("CACHE_URL", |raw| parse(raw).map(Some), None);
        let limit = env.get("CACHE_TIMEOUT", integer(10, 5000), 250);
        let max_value_bytes = env.get("CACHE_MAX_VALUE_BYTES", integer(1, 1 << 28), 1 << 20);
        let limit = Duration::from_millis(limit);
        Self {
            link: address.map(|address| Arc::new(Link::new(address, limit, PREFIX))),
            flights: Flights::default(),
            max_value_bytes,
            keeping: Arc::default(),
        }
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        app.app_data(web::Data::new(self.clone()));
    }

    /// Takes up the link to the server, which nothing waits for.
    async fn start(&self, checks: &Checks) -> anyhow::Result<()> {
        if let Some(link) = self.link.clone() {
            let kept = Arc::clone(&link);
            let task = tasks::spawn("cache", async move { kept.keep().await });
            *self.keeping.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
            checks.add_optional("cache", move || {
                link.amiss().map(|cause| format!("degraded: {cause}"))
            });
        } else {
            tracing::info!("CACHE_URL is not set: nothing is cached");
            checks.add_optional("cache", || Some("off: CACHE_URL is not set".into()));
        }
        Ok(())
    }

    async fn stop(&self) {
        let keeping = self.keeping.lock().map(|mut kept| kept.take());
        if let Some(task) = keeping.unwrap_or_default() {
            task.abort();
        }
        if let Some(link) = &self.link {
            link.close();
        }
    }
}

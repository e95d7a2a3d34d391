//! Stage tracing: a span for each request, sent to a collector of OpenTelemetry.

mod collector;
mod requests;
mod sending;
mod values;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use actix_web::App;
use actix_web::dev::ServiceRequest;
use actix_web::middleware::{Next, from_fn};
use opentelemetry::global;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::health::Checks;
use crate::runtime::settings::{Reader, text};
use crate::runtime::stage::{Service, Stage};
use requests::Worker;
use sending::Settings;

/// The stage, and what makes its spans once it has started.
#[derive(Clone)]
pub struct Tracing {
    settings: Settings,
    provider: Arc<OnceLock<SdkTracerProvider>>,
}

impl Stage for Tracing {
    const NAME: &str = "tracing";

    fn read(env: &mut Reader<'_>) -> Self {
        let settings = Settings {
            endpoint: env.get(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                values::endpoint,
                String::new(),
            ),
            authorities: env.get("OTEL_EXPORTER_OTLP_CERTIFICATE", values::authorities, None),
            headers: env.secret(
                "OTEL_EXPORTER_OTLP_HEADERS",
                values::headers,
                HashMap::new(),
            ),
            service: env.get("OTEL_SERVICE_NAME", |raw| text(raw).map(Some), None),
            attributes: env.get("OTEL_RESOURCE_ATTRIBUTES", values::attributes, Vec::new()),
            share: env.get("OTEL_TRACES_SAMPLER_ARG", values::share, 1.0),
        };
        Self {
            settings,
            provider: Arc::default(),
        }
    }

    fn wrap<T: Service>(&self, app: App<T>) -> App<impl Service + use<T>> {
        let worker = Rc::new(Worker::new(Arc::clone(&self.provider)));
        app.wrap(from_fn(
            move |request: ServiceRequest, next: Next<T::Body>| {
                requests::trace(request, next, Rc::clone(&worker))
            },
        ))
    }

    /// Makes spans from now on, if there is a collector; connects when there is one to send.
    async fn start(&self, _checks: &Checks) -> anyhow::Result<()> {
        if self.settings.endpoint.is_empty() {
            tracing::info!("tracing is off: OTEL_EXPORTER_OTLP_ENDPOINT is not set");
            return Ok(());
        }
        let provider = sending::provider(&self.settings)?;
        global::set_tracer_provider(provider.clone());
        let _ = self.provider.set(provider); // once: tests start a stage again
        tracing::info!("traces go to {}", self.settings.endpoint);
        Ok(())
    }

    /// Sends the spans that are left.
    async fn stop(&self) {
        if let Some(provider) = self.provider.get() {
            sending::end(provider.clone(), &self.settings.endpoint).await;
        }
    }
}

/// Returns the headers with which a request to another service continues the current trace.
#[must_use]
pub fn outgoing() -> HashMap<String, String> {
    let mut headers = HashMap::new();
    TraceContextPropagator::new().inject(&mut headers);
    headers
}

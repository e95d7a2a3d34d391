//! Sends spans in a thread of their own, whatever becomes of the collector.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{
    Protocol, SpanExporter as OtlpExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanExporter,
};
use rustls::RootCertStore;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::collector::Requests;
use crate::runtime::SERVICE;
use crate::runtime::outage::Named;

const PATH: &str = "/v1/traces";
const SERVICE_NAME: &str = "service.name";
/// How many wait for the collector; more are lost.
const MOST_SPANS: usize = 2048;
const WAIT: Duration = Duration::from_secs(1);
const SEND: Duration = Duration::from_secs(5);
/// For what is left at the stop: less than a stage has to close.
const FLUSH: Duration = Duration::from_millis(1500);

/// Where spans go, and what they say of the service.
#[derive(Clone)]
pub struct Settings {
    /// The collector; none if the text is empty.
    pub endpoint: String,
    /// Those that its certificate may come from, instead of those of the system.
    pub authorities: Option<RootCertStore>,
    pub headers: HashMap<String, String>,
    /// Instead of the name of the service.
    pub service: Option<String>,
    pub attributes: Vec<(String, String)>,
    pub share: f64,
}

/// Returns what makes spans, and has a thread that sends them to the collector.
pub fn provider(settings: &Settings) -> anyhow::Result<SdkTracerProvider> {
    let requests = Requests::new(&settings.endpoint, settings.authorities.clone(), SEND)?;
    let inner = OtlpExporter::builder()
        .with_http()
        .with_http_client(requests.clone())
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}{PATH}", settings.endpoint))
        .with_headers(settings.headers.clone())
        .with_timeout(SEND)
        .build()?;
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(MOST_SPANS)
        .with_max_export_batch_size(MOST_SPANS / 4)
        .with_scheduled_delay(WAIT)
        .build();
    let exporter = Exporter::new(&settings.endpoint, requests, inner);
    let processor = BatchSpanProcessor::builder(exporter).with_batch_config(config);
    // A trace that another service began is kept or not as it says.
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.share)));
    Ok(SdkTracerProvider::builder()
        .with_sampler(sampler)
        .with_resource(resource(settings))
        .with_span_processor(processor.build())
        .build())
}

/// What all spans say of the service: what is set is stronger than what this code knows.
fn resource(settings: &Settings) -> Resource {
    let known = [
        KeyValue::new(SERVICE_NAME, SERVICE),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
    ];
    let set = settings.attributes.iter().cloned();
    let set = set.map(|(name, value)| KeyValue::new(name, value));
    let service = settings.service.iter().cloned();
    let service = service.map(|name| KeyValue::new(SERVICE_NAME, name));
    Resource::builder()
        .with_attributes(known.into_iter().chain(set).chain(service))
        .build()
}

/// Sends what is left; a collector that is slow does not delay the stop.
pub async fn end(provider: SdkTracerProvider, endpoint: &str) {
    let (done, sent) = oneshot::channel();
    let flush = move || {
        let _ = provider.shutdown_with_timeout(SEND); // the exporter says what fails
        let _ = done.send(());
    };
    // Not a task: the end of the runtime would wait for it.
    let thread = thread::Builder::new().name("tracing ends".into());
    if thread.spawn(flush).is_err() || timeout(FLUSH, sent).await.is_err() {
        let seconds = FLUSH.as_secs_f64();
        tracing::warn!("the last spans are lost: {endpoint} has not taken them within {seconds} s");
    }
}

/// Says once for each cause that a collector does not take spans, and once that it does again.
#[derive(Debug)]
struct Exporter {
    endpoint: String,
    requests: Requests,
    inner: OtlpExporter,
    /// The causes that the log has named since it took spans.
    named: Mutex<Named>,
    lost: AtomicUsize,
}

impl Exporter {
    fn new(endpoint: &str, requests: Requests, inner: OtlpExporter) -> Self {
        Self {
            endpoint: endpoint.into(),
            requests,
            inner,
            named: Mutex::default(),
            lost: AtomicUsize::new(0),
        }
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let result = self.inner.export(batch).await;
        let endpoint = &self.endpoint;
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        match &result {
            Err(error) => {
                self.lost.fetch_add(count, Ordering::Relaxed);
                let cause = self.requests.failure();
                let cause = cause.unwrap_or_else(|| error.to_string());
                if let Some(still) = named.still(&cause) {
                    tracing::warn!("{endpoint} {still}does not take spans: {cause}");
                }
            }
            Ok(()) if named.end() => {
                let lost = self.lost.swap(0, Ordering::Relaxed);
                tracing::info!("{endpoint} takes spans again; {lost} are lost");
            }
            Ok(()) => {}
        }
        result
    }

    fn shutdown_with_timeout(&self, limit: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(limit)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

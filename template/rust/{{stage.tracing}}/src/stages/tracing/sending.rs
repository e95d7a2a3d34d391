//! Sends spans in a thread of their own, whatever becomes of the collector.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::runtime::SERVICE;

const PATH: &str = "/v1/traces";
/// How many wait for the collector; more are lost.
const MOST_SPANS: usize = 2048;
const WAIT: Duration = Duration::from_secs(1);
const SEND: Duration = Duration::from_secs(5);
/// For what is left at the stop: less than a stage has to close.
const FLUSH: Duration = Duration::from_millis(1500);

/// Returns what makes spans, and has a thread that sends them to the collector at `endpoint`.
pub fn provider(
    endpoint: &str,
    headers: HashMap<String, String>,
    share: f64,
) -> anyhow::Result<SdkTracerProvider> {
    let inner = OtlpExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{endpoint}{PATH}"))
        .with_headers(headers)
        .with_timeout(SEND)
        .build()?;
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(MOST_SPANS)
        .with_max_export_batch_size(MOST_SPANS / 4)
        .with_scheduled_delay(WAIT)
        .build();
    let exporter = Exporter::new(endpoint, inner);
    let processor = BatchSpanProcessor::builder(exporter).with_batch_config(config);
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    // A trace that another service began is kept or not as it says.
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share)));
    Ok(SdkTracerProvider::builder()
        .with_sampler(sampler)
        .with_resource(
            Resource::builder()
                .with_service_name(SERVICE)
                .with_attribute(version)
                .build(),
        )
        .with_span_processor(processor.build())
        .build())
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

/// Says once that a collector does not take spans, and once that it does again.
#[derive(Debug)]
struct Exporter {
    endpoint: String,
    inner: OtlpExporter,
    is_refused: AtomicBool,
    lost: AtomicUsize,
}

impl Exporter {
    fn new(endpoint: &str, inner: OtlpExporter) -> Self {
        Self {
            endpoint: endpoint.into(),
            inner,
            is_refused: AtomicBool::new(false),
            lost: AtomicUsize::new(0),
        }
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let result = self.inner.export(batch).await;
        let endpoint = &self.endpoint;
        match &result {
            Err(error) => {
                self.lost.fetch_add(count, Ordering::Relaxed);
                if !self.is_refused.swap(true, Ordering::Relaxed) {
                    tracing::warn!("{endpoint} does not take spans: {error}");
                }
            }
            Ok(()) if self.is_refused.swap(false, Ordering::Relaxed) => {
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

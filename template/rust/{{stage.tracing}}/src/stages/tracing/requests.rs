//! Middleware that makes a span of each request, named by the template of its route.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Version;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{
    FutureExt as _, SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::{Instrument as _, Span};

use super::outgoing;
use crate::health;
use crate::runtime::routes::{self, Routes};
use crate::runtime::sent::Sent;

/// In the place of a method that a client has made up.
const OTHER: &str = "_OTHER";
const FIELDS: [&str; 2] = ["traceparent", "tracestate"];

/// What the requests to one worker share.
pub struct Worker {
    provider: Arc<OnceLock<SdkTracerProvider>>,
    tracer: OnceCell<SdkTracer>,
    routes: OnceCell<Routes>,
}

impl Worker {
    pub fn new(provider: Arc<OnceLock<SdkTracerProvider>>) -> Self {
        Self {
            provider,
            tracer: OnceCell::new(),
            routes: OnceCell::new(),
        }
    }

    fn tracer(&self) -> Option<&SdkTracer> {
        let provider = self.provider.get()?;
        Some(self.tracer.get_or_init(|| provider.tracer(module_path!())))
    }
}

/// Answers one request within a span, which ends when its answer has been sent; what is routine has none.
pub async fn trace<B>(
    mut request: ServiceRequest,
    next: Next<B>,
    worker: Rc<Worker>,
) -> Result<ServiceResponse<Sent<B, Option<Traced>>>, Error>
where
    B: MessageBody + 'static,
{
    let tracer = worker.tracer();
    let Some(tracer) = tracer.filter(|_| !health::is_routine(request.path())) else {
        let answer = next.call(request).await?;
        return Ok(Sent::with(answer, None));
    };
    let routes = worker.routes.get_or_init(|| Routes::of(&request));
    let uri = request.uri().clone();
    let mut traced = Traced::begin(tracer, &request);
    let context = traced.context.clone();
    hand_on(&context, request.headers_mut());
    let ended = next.call(request).with_context(context);
    match ended.instrument(lines(&traced.context)).await {
        Ok(answer) => {
            traced.status = Some(answer.status().as_u16());
            traced.route = routes::taken(answer.request());
            Ok(Sent::with(answer, Some(traced)))
        }
        Err(error) => {
            traced.status = Some(error.as_response_error().status_code().as_u16());
            traced.route = routes.at(uri.path());
            Err(error)
        }
    }
}

/// Puts the context of the span into the headers: the application reads it there.
fn hand_on(context: &Context, headers: &mut HeaderMap) {
    for field in FIELDS {
        headers.remove(field);
    }
    let _attached = context.clone().attach();
    for (name, value) in outgoing() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
}

/// Has the lines of a request have the ids of its span, those of the stage logging, too.
fn lines(context: &Context) -> Span {
    let span = context.span().span_context().clone();
    let (trace_id, span_id) = (span.trace_id().to_string(), span.span_id().to_string());
    let current = Span::current();
    if current.has_field("trace_id") {
        current
            .record("span_id", span_id.as_str())
            .record("trace_id", trace_id.as_str());
        return Span::none();
    }
    // Of the highest level, so that errors have the ids, too, when nothing else is logged.
    tracing::error_span!("request", trace_id, span_id)
}

/// A request whose span ends when this is dropped: it is answered, or nobody waits for it.
pub struct Traced {
    context: Context,
    method: &'static str,
    route: Option<String>,
    status: Option<u16>,
}

impl Traced {
    fn begin(tracer: &SdkTracer, request: &ServiceRequest) -> Self {
        let method = routes::method(request.method()).unwrap_or(OTHER);
        let brought = Brought(request.headers());
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &brought);
        let span = tracer
            .span_builder(method)
            .with_kind(SpanKind::Server)
            .with_attributes(attributes(method, request));
        let span = tracer.build_with_context(span, &parent);
        Self {
            context: parent.with_span(span),
            method,
            route: None,
            status: None,
        }
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        let span = self.context.span();
        if let Some(route) = self.route.take() {
            span.update_name(format!("{} {route}", self.method));
            span.set_attribute(KeyValue::new("http.route", route));
        }
        if let Some(status) = self.status {
            span.set_attribute(KeyValue::new(
                "http.response.status_code",
                i64::from(status),
            ));
            if status >= 500 {
                span.set_status(Status::error(""));
                span.set_attribute(KeyValue::new("error.type", status.to_string()));
            }
        }
        span.end();
    }
}

/// Returns what is known before the answer; not the query, which holds what people type.
fn attributes(method: &'static str, request: &ServiceRequest) -> Vec<KeyValue> {
    let version = if request.version() == Version::HTTP_10 {
        "1.0"
    } else {
        "1.1"
    };
    let client = request.peer_addr().map(|address| address.ip().to_string());
    vec![
        KeyValue::new("http.request.method", method),
        KeyValue::new("url.path", request.path().to_owned()),
        KeyValue::new("url.scheme", request.connection_info().scheme().to_owned()),
        KeyValue::new("network.protocol.version", version),
        KeyValue::new("client.address", client.unwrap_or_default()),
    ]
}

/// The context that a request brings along.
struct Brought<'a>(&'a HeaderMap);

impl Extractor for Brought<'_> {
    /// Twice the same field means nothing (https://www.w3.org/TR/trace-context, 3.2).
    fn get(&self, key: &str) -> Option<&str> {
        let mut found = self.0.get_all(key);
        let first = found.next().and_then(|value| value.to_str().ok());
        first.filter(|_| found.next().is_none())
    }

    fn keys(&self) -> Vec<&str> {
        FIELDS.into()
    }
}

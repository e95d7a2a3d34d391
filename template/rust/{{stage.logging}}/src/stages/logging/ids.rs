//! The ids of a request: its own, and those of the trace that it belongs to.

use std::hash::{BuildHasher as _, RandomState};

use actix_web::http::header::{HeaderMap, HeaderName};
use tracing::Span;
use tracing::field::Empty;

pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const LONGEST: usize = 128;

/// The id of a request, in its extensions: handlers take it as `web::ReqData<RequestId>`.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Returns the id of a request, and the span whose lines have its ids; makes one if it has none.
pub fn of(headers: &HeaderMap) -> (RequestId, Span) {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let trace = text(TRACEPARENT).and_then(trace);
    let (trace_id, span_id) = trace.unzip();
    let brought = text(HEADER).filter(|id| is_id(id)).or(trace_id);
    let id = brought.map_or_else(random, str::to_owned);
    // Of the highest level, so that errors have the ids, too, when nothing else is logged.
    let span = tracing::error_span!(
        "request",
        request_id = id,
        span_id = Empty,
        trace_id = Empty
    );
    if let (Some(trace_id), Some(span_id)) = (trace_id, span_id) {
        span.record("span_id", span_id).record("trace_id", trace_id);
    }
    (RequestId(id), span)
}

/// Whether an id is short, and ends no line, header or quotation.
fn is_id(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:+/=@-".contains(&byte);
    id.len() <= LONGEST
        && id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.bytes().all(is_allowed)
}

/// Reads trace and span: https://www.w3.org/TR/trace-context. Ids of zeros and version ff are
/// invalid; versions after 00 may append to it.
fn trace(traceparent: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = traceparent.splitn(5, '-').collect();
    let [version, trace, span, flags, ref more @ ..] = parts[..] else {
        return None;
    };
    let is_known = version != "ff" && (more.is_empty() || version != "00");
    let is_well_formed = is_hex(version, 2) && is_hex(flags, 2);
    let has_ids = is_hex(trace, 32) && is_hex(span, 16) && !is_zero(trace) && !is_zero(span);
    (is_known && is_well_formed && has_ids).then_some((trace, span))
}

fn is_hex(text: &str, length: usize) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == length && text.bytes().all(is_digit)
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'0')
}

/// Makes an id that no other request has; whoever can guess one learns nothing.
fn random() -> String {
    let half = || RandomState::new().hash_one(());
    format!("{:016x}{:016x}", half(), half())
}

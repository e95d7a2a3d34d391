//! Reads JSON bodies, with a limit on the number of values: each can cause an error to report.

use actix_web::HttpMessage;
use actix_web::http::StatusCode;
use serde_json::Value;

use crate::runtime::problems::Problem;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The most values that a JSON body may have.
#[derive(Clone, Copy)]
pub struct MostValues(pub usize);

impl Default for MostValues {
    fn default() -> Self {
        Self(10_000)
    }
}

/// Parses a body; counting its commas first takes almost no time, and parsing blocks the worker.
pub fn parse(body: &[u8], MostValues(most): MostValues) -> Result<Value, Problem> {
    if commas(body, most) >= most {
        let detail = format!("the body has more than {most} values");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    let text = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    serde_json::from_slice(text).map_err(|error| {
        let detail = format!("the body is not JSON: {error}");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })
}

/// Tells whether a request says that its body is JSON.
pub fn is_json(request: &impl HttpMessage) -> bool {
    request.mime_type().ok().flatten().is_some_and(|kind| {
        let json = kind.subtype() == "json" || kind.suffix().is_some_and(|name| name == "json");
        kind.type_() == "application" && json
    })
}

/// Returns how many commas the JSON has outside strings, or the total if that is below `most`.
fn commas(body: &[u8], most: usize) -> usize {
    let total = body.iter().filter(|byte| **byte == b',').count();
    // UTF-16 has zero bytes, and quotes in it do not delimit strings.
    if total < most || body.contains(&0) {
        return total;
    }
    let (mut count, mut in_string, mut escaped) = (0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b',' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

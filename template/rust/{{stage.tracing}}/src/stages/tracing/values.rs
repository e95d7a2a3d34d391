//! Parsers of the settings, whose names and forms are those of OpenTelemetry.

use std::collections::HashMap;

use actix_web::http::Uri;
use percent_encoding::percent_decode_str;

/// Accepts the base of a collector's address.
pub fn endpoint(raw: &str) -> Result<String, String> {
    let url: Option<Uri> = raw.parse().ok();
    let host = url.as_ref().and_then(Uri::host).unwrap_or_default();
    let is_plain = !raw.contains(['@', '?', '#']) && !host.is_empty();
    match url.as_ref().and_then(Uri::scheme_str) {
        Some("http") if is_plain => Ok(raw.trim_end_matches('/').into()),
        // With TLS, the program would need another 30 crates, and a C compiler to be built.
        Some("https") if is_plain => Err("http, of a collector beside the service or in its \
             network, which can forward with TLS"
            .into()),
        _ => Err("an address like http://collector:4318, without user, query and fragment".into()),
    }
}

/// Accepts headers as OpenTelemetry writes them.
pub fn headers(raw: &str) -> Result<HashMap<String, String>, String> {
    let header = |part: &str| {
        let (name, value) = part.split_once('=')?;
        let name = name.trim_matches([' ', '\t']);
        let is_whole = !name.is_empty() && name.bytes().all(is_token) && value.bytes().all(is_text);
        let value = percent_decode_str(value.trim()).decode_utf8_lossy();
        is_whole.then(|| (name.to_owned(), value.into_owned()))
    };
    let all: Option<HashMap<_, _>> = raw.split(',').map(header).collect();
    all.ok_or_else(|| "headers like name=value, comma-separated; special characters as %2C".into())
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+.^_`|~-".contains(&byte)
}

fn is_text(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && !b"\",;\\".contains(&byte)
}

/// Accepts a share of all.
pub fn share(raw: &str) -> Result<f64, String> {
    let is_decimal = raw
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let share = raw.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share
        .filter(|_| is_decimal)
        .ok_or_else(|| "a number from 0 to 1, like 0.25".into())
}

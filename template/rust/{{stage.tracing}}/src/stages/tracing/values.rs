//! Parsers of the settings, whose names and forms are those of OpenTelemetry.

use std::collections::HashMap;
use std::path::Path;
use std::{fs, io};

use actix_web::http::Uri;
use percent_encoding::percent_decode_str;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

const UNREADABLE: &str = "it has none, or one that cannot be read";

/// Accepts the base of a collector's address.
pub fn endpoint(raw: &str) -> Result<String, String> {
    let url: Option<Uri> = raw.parse().ok();
    let host = url.as_ref().and_then(Uri::host).unwrap_or_default();
    let is_plain = !raw.contains(['@', '?', '#']) && !host.is_empty();
    match url.as_ref().and_then(Uri::scheme_str) {
        Some("http" | "https") if is_plain => Ok(raw.trim_end_matches('/').into()),
        _ => Err("an address like http://collector:4318, without user, query and fragment".into()),
    }
}

/// Accepts a file of the authorities from which the certificate of a collector may come.
pub fn authorities(raw: &str) -> Result<Option<RootCertStore>, String> {
    let found = read_authorities(Path::new(raw)).map(Some);
    found.map_err(|problem| format!("a file of certificates in PEM ({problem})"))
}

fn read_authorities(path: &Path) -> Result<RootCertStore, String> {
    let cause = |error: io::Error| {
        let said = error.to_string();
        said.split(" (os error")
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    if !path.metadata().map_err(cause)?.is_file() {
        return Err("it is no file".into());
    }
    let text = fs::read(path).map_err(cause)?;
    let mut authorities = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let added = certificate.map(|certificate| authorities.add(certificate));
        if !matches!(added, Ok(Ok(()))) {
            return Err(UNREADABLE.into());
        }
    }
    if authorities.is_empty() {
        return Err(UNREADABLE.into());
    }
    Ok(authorities)
}

/// Accepts headers.
pub fn headers(raw: &str) -> Result<HashMap<String, String>, String> {
    let accepted = "headers like name=value, comma-separated; special characters as %2C";
    let found = pairs(raw).ok_or(accepted)?;
    Ok(found.into_iter().collect())
}

/// Accepts attributes of what makes the spans.
pub fn attributes(raw: &str) -> Result<Vec<(String, String)>, String> {
    let accepted = "attributes like name=value, comma-separated; special characters as %2C";
    pairs(raw).ok_or_else(|| accepted.into())
}

/// Reads names with values as OpenTelemetry writes them.
fn pairs(raw: &str) -> Option<Vec<(String, String)>> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=')?;
        let name = name.trim_matches([' ', '\t']);
        let is_whole = !name.is_empty() && name.bytes().all(is_token) && value.bytes().all(is_text);
        let value = percent_decode_str(value.trim()).decode_utf8_lossy();
        is_whole.then(|| (name.to_owned(), value.into_owned()))
    };
    raw.split(',').map(pair).collect()
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

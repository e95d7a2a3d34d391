//! Paths, as answers name them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const LONGEST_PATH: usize = 1000;
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'_')
    .remove(b'.')
    .remove(b'-')
    .remove(b'~');

/// Encodes text for a path: all but letters, digits, `_.-~` and slashes.
#[must_use]
pub fn quote(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// The path that a client asked for, encoded in one way whatever the client wrote.
#[must_use]
pub fn instance(root_path: &str, path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let whole = root_path.chars().chain(decoded.chars());
    quote(&whole.take(LONGEST_PATH).collect::<String>())
}

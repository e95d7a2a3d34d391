//! Reads a small text file, whatever is in its place: a pipe, a device, gigabytes.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use nix::libc;

const MOST_BYTES: usize = 1 << 16;

/// Why there is no text to be had.
#[derive(Debug)]
pub struct Unreadable {
    pub reason: String,
    /// Whether there is no file.
    pub is_missing: bool,
}

impl Unreadable {
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            is_missing: false,
        }
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        let text = error.to_string();
        let reason = match error.raw_os_error() {
            Some(_) => text.split(" (os error").next().unwrap_or(&text),
            None => "that is no path", // it has a NUL
        };
        Self {
            is_missing: error.kind() == ErrorKind::NotFound,
            ..Self::new(reason)
        }
    }
}

/// Returns the text of a file and its permissions; waits for nothing.
pub fn read(path: &Path) -> Result<(String, u32), Unreadable> {
    // A pipe that nobody writes to is opened at once, too.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    let about = file.metadata()?;
    let content = content(&file, &about)?;
    let text = String::from_utf8(content).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = line_after(before);
        Unreadable::new(format!("line {line} is no text in UTF-8"))
    })?;
    Ok((text, about.mode() & 0o7777))
}

/// The number of the line that begins, or goes on, after some text.
pub fn line_after(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count() + 1
}

fn content(file: &File, about: &Metadata) -> Result<Vec<u8>, Unreadable> {
    if about.is_dir() {
        return Err(Unreadable::new(
            "it is a directory: Docker makes one where a mounted file is missing",
        ));
    }
    if !about.is_file() {
        return Err(Unreadable::new("it is no file, but a pipe or a device"));
    }
    let mut content = Vec::new();
    file.take(MOST_BYTES as u64 + 1).read_to_end(&mut content)?;
    if content.len() > MOST_BYTES {
        return Err(Unreadable::new(format!(
            "it has more than {MOST_BYTES} bytes"
        )));
    }
    Ok(content)
}

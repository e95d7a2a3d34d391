//! Lines written without a logger, in the format of the log.

use std::borrow::Cow;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::SERVICE;
use super::shared_state::shared;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

impl Level {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
        }
    }
}

#[derive(Serialize)]
struct Fields<'a> {
    timestamp: String,
    level: &'static str,
    severity: &'static str,
    logger: &'a str,
    service: &'static str,
    message: &'a str,
}

/// Makes a line like boot's first ones, or a JSON object once the service logs JSON.
#[must_use]
pub fn line(level: Level, logger: &str, message: &str) -> String {
    let now = SystemTime::now();
    let level = level.name();
    if !shared().json_lines() {
        return format!("{} {level} {logger}: {SERVICE}: {message}\n", local(now));
    }
    let fields = Fields {
        timestamp: utc(now),
        level,
        severity: level,
        logger,
        service: SERVICE,
        message,
    };
    format!("{}\n", json(&fields))
}

/// Makes JSON of ASCII only: no terminal or collector reads it in another encoding.
#[must_use]
pub fn json(value: &impl Serialize) -> String {
    let mut written = Vec::new();
    // Only keys that are no text, or a `Serialize` that fails, are errors; neither is logged.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut written, Ascii));
    String::from_utf8(written).unwrap_or_default()
}

struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        for character in fragment.chars() {
            if character.is_ascii() && character != '\x7f' {
                writer.write_all(&[character as u8])?;
            } else {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

/// Escapes what would end a line, control a terminal, or hide a part of the text.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match (character, u32::from(character)) {
            ('\n', _) => shown.push_str("\\n"),
            ('\r', _) => shown.push_str("\\r"),
            ('\t', _) => shown.push_str("\\t"),
            (_, _) if !is_unprintable(character) => shown.push(character),
            (_, code @ ..=0xff) => shown.push_str(&format!("\\x{code:02x}")),
            (_, code @ ..=0xffff) => shown.push_str(&format!("\\u{code:04x}")),
            (_, code) => shown.push_str(&format!("\\U{code:08x}")),
        }
    }
    shown.into()
}

/// Control characters, line separators, and marks that have no width or turn the direction.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Formats a moment as the first lines have it: `2026-11-26 20:46:00,452`, in local time.
#[must_use]
pub fn local(moment: SystemTime) -> String {
    let (date, time, thousandth) = parts(moment, nix::libc::localtime_r);
    format!("{date} {time},{thousandth:03}")
}

/// Formats a moment as RFC 3339 has it: in UTC, with milliseconds.
#[must_use]
pub fn utc(moment: SystemTime) -> String {
    let (date, time, thousandth) = parts(moment, nix::libc::gmtime_r);
    format!("{date}T{time}.{thousandth:03}Z")
}

type Calendar =
    unsafe extern "C" fn(*const nix::libc::time_t, *mut nix::libc::tm) -> *mut nix::libc::tm;

fn parts(moment: SystemTime, calendar: Calendar) -> (String, String, u32) {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = nix::libc::time_t::try_from(since.as_secs()).unwrap_or_default();
    // SAFETY: zeros are a value of every field, and both pointers are to what lives here.
    let tm = unsafe {
        let mut tm = std::mem::zeroed::<nix::libc::tm>();
        calendar(&raw const seconds, &raw mut tm);
        tm
    };
    (
        format!(
            "{:04}-{:02}-{:02}",
            tm.tm_year + 1900,
            tm.tm_mon + 1,
            tm.tm_mday
        ),
        format!("{:02}:{:02}:{:02}", tm.tm_hour, tm.tm_min, tm.tm_sec),
        since.subsec_millis(),
    )
}

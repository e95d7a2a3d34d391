//! Makes a record one line: JSON for collectors, text for people.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::values::{self, MAX_STACK, MAX_TEXT};
use crate::runtime::SERVICE;
use crate::runtime::lines::{Level, json, printable, utc};
use crate::runtime::records::{Fields, Record};

/// The most bytes of a line.
const MAX_LINE: usize = 131_072;

/// Reserved names: values of an event get the prefix `extra.` instead.
const OWN: [&str; 13] = [
    "timestamp",
    "level",
    "severity",
    "logger",
    "service",
    "message",
    "request_id",
    "trace_id",
    "span_id",
    "error.type",
    "error.message",
    "stack_trace",
    "left_out",
];

/// The message of a request's line has these in it.
const IN_MESSAGE: [&str; 4] = [
    "http.request.method",
    "url.path",
    "http.response.status_code",
    "duration_ms",
];

/// Makes one JSON object of a record, in one line.
pub fn json_line(record: &Record<'_>) -> String {
    let fields = Line(fields(record));
    let mut line = json(&fields);
    if line.len() > MAX_LINE {
        line = json(&fields.shortened(line.len()));
    }
    line.push('\n');
    line
}

/// Makes a line for people; the stack is indented, so that it cannot forge lines.
pub fn text_line(record: &Record<'_>, color: bool) -> String {
    let fields = fields(record);
    let level = record.level.name();
    let (start, faint, end) = colors(record.level, color);
    let mut line = format!(
        "{} {start}{level:<8}{} {}: {}",
        utc(record.moment),
        if start.is_empty() { "" } else { end },
        printable(&record.logger),
        printable(text_of(&fields, "message")),
    );
    let details = printable(&details(&fields)).into_owned();
    if !details.is_empty() {
        let _ = write!(line, " {faint}{details}{end}");
    }
    for frame in text_of(&fields, "stack_trace").lines() {
        let _ = write!(line, "\n    {}", printable(frame));
    }
    line.push('\n');
    line
}

/// The sequences that color the level, that make details faint, and that end either.
fn colors(level: Level, color: bool) -> (&'static str, &'static str, &'static str) {
    let start = match level {
        Level::Warning => "\x1b[33m",
        Level::Error => "\x1b[31m",
        Level::Critical => "\x1b[1;31m",
        _ => "",
    };
    if color {
        (start, "\x1b[2m", "\x1b[0m")
    } else {
        ("", "", "")
    }
}

fn details(fields: &Fields) -> String {
    let is_shown = |name: &str| match name {
        "error.message" => !text_of(fields, "message").contains(text_of(fields, name)),
        name => !OWN.contains(&name) && !IN_MESSAGE.contains(&name),
    };
    let shown = fields.iter().filter(|(name, _)| is_shown(name));
    let mut parts: Vec<String> = shown
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let request_id = text_of(fields, "request_id");
    if !request_id.is_empty() {
        parts.push(format!("[{request_id}]"));
    }
    parts.join(" ")
}

fn text_of<'a>(fields: &'a Fields, name: &str) -> &'a str {
    let found = fields.iter().find(|(known, _)| known == name);
    found
        .and_then(|(_, value)| value.as_str())
        .unwrap_or_default()
}

/// Returns the fields of a line, in its order.
fn fields(record: &Record<'_>) -> Fields {
    let level = record.level.name();
    let severity = if record.level == Level::Trace {
        "DEBUG"
    } else {
        level
    };
    let mut fields: Fields = vec![
        ("timestamp".into(), utc(record.moment).into()),
        ("level".into(), level.into()),
        ("severity".into(), severity.into()),
        (
            "logger".into(),
            values::text(&record.logger, MAX_TEXT).into(),
        ),
        ("service".into(), SERVICE.into()),
        (
            "message".into(),
            values::text(record.message.trim(), MAX_TEXT).into(),
        ),
    ];
    for (name, value) in &record.context {
        put(&mut fields, name, value, |name, fields| has(fields, name));
    }
    add_error(&mut fields, record);
    for (name, value) in &record.fields {
        put(&mut fields, name, value, |name, _| OWN.contains(&name));
    }
    fields
}

fn add_error(fields: &mut Fields, record: &Record<'_>) {
    let texts = [
        ("error.type", &record.error_type, MAX_TEXT),
        ("error.message", &record.error_message, MAX_TEXT),
        ("stack_trace", &record.stack, MAX_STACK),
    ];
    for (name, value, limit) in texts {
        if let Some(value) = value {
            fields.push((name.into(), values::text(value.trim(), limit).into()));
        }
    }
}

fn has(fields: &Fields, name: &str) -> bool {
    fields.iter().any(|(known, _)| known == name)
}

/// Adds a field that somebody named; it replaces none of the line's own.
fn put(fields: &mut Fields, name: &str, value: &Value, is_taken: impl Fn(&str, &Fields) -> bool) {
    let value = values::field(name, value);
    let mut name = values::name(name);
    if is_taken(&name, fields) {
        name = format!("extra.{name}").into();
    }
    fields.retain(|(known, _)| *known != name);
    fields.push((Cow::Owned(name.into_owned()), value));
}

struct Line(Fields);

impl Line {
    /// Keeps the fields of its own, and says how many others there were.
    fn shortened(&self, length: usize) -> Self {
        let own = self
            .0
            .iter()
            .filter(|(name, _)| OWN.contains(&name.as_ref()));
        let mut kept: Fields = own.cloned().collect();
        let count = self.0.len() - kept.len();
        let words = format!("{count} fields of a line of {length} characters");
        kept.push(("left_out".into(), words.into()));
        Self(kept)
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

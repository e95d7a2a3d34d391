//! What is logged, before it is a line.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::SystemTime;

use serde_json::Value;
use tracing::field::{Field, Visit};

use super::context::{self, Context};
use super::lines::Level;
use super::repeats;

/// Names and values, in the order in which they were given.
pub type Fields = Vec<(Cow<'static, str>, Value)>;

/// Something to log: an event of tracing, a record of the crate `log`, or a panic.
pub struct Record<'a> {
    pub moment: SystemTime,
    pub level: Level,
    pub logger: Cow<'a, str>,
    pub message: String,
    /// Where in the code it comes from; what comes from one place is counted.
    pub place: u64,
    pub fields: Fields,
    /// What the spans around it say, from the outermost to the innermost.
    pub context: Fields,
    /// What kind of error it reports: a type, or `panic`.
    pub error_type: Option<String>,
    pub error_message: Option<String>,
    /// A backtrace, or the causes of an error.
    pub stack: Option<String>,
}

impl<'a> Record<'a> {
    /// Makes a record of this moment, in the context of this thread.
    #[must_use]
    pub fn new(level: Level, logger: impl Into<Cow<'a, str>>, message: fmt::Arguments<'_>) -> Self {
        Self {
            moment: SystemTime::now(),
            level,
            logger: logger.into(),
            message: shown(message),
            place: 0,
            fields: Vec::new(),
            context: context::current().map_or_else(Vec::new, |context| context.fields()),
            error_type: None,
            error_message: None,
            stack: None,
        }
    }

    /// Makes a record of an event, in the context of the span that it belongs to.
    pub(super) fn of(event: &tracing::Event<'_>, context: Option<&Context>) -> Self {
        let level = Level::from(*event.metadata().level());
        let mut seen = Seen::default();
        event.record(&mut seen);
        Self {
            moment: SystemTime::now(),
            level,
            logger: event.metadata().target().into(),
            message: seen.message,
            place: repeats::place(event.metadata().callsite()),
            fields: seen.fields,
            context: context.map_or_else(Vec::new, Context::fields),
            error_type: None,
            error_message: seen.error,
            stack: None,
        }
    }

    /// The message, with the error that it reports unless it names that itself.
    pub(super) fn said(&self) -> String {
        let message = self.message.trim();
        match &self.error_message {
            Some(error) if !message.contains(error) => format!("{message}: {error}"),
            _ => message.to_owned(),
        }
    }
}

impl From<tracing::Level> for Level {
    fn from(level: tracing::Level) -> Self {
        match level {
            tracing::Level::TRACE => Self::Trace,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::INFO => Self::Info,
            tracing::Level::WARN => Self::Warning,
            tracing::Level::ERROR => Self::Error,
        }
    }
}

impl From<log::Level> for Level {
    fn from(level: log::Level) -> Self {
        match level {
            log::Level::Trace => Self::Trace,
            log::Level::Debug => Self::Debug,
            log::Level::Info => Self::Info,
            log::Level::Warn => Self::Warning,
            log::Level::Error => Self::Error,
        }
    }
}

/// Formats what code of anybody may fail to: then what there is of it says so.
fn shown(arguments: fmt::Arguments<'_>) -> String {
    let mut text = String::new();
    // The panic hook reports the panic.
    let written = catch_unwind(AssertUnwindSafe(|| text.write_fmt(arguments)));
    match written {
        Ok(Ok(())) => text,
        Ok(Err(_)) => format!("[cannot be formatted: fmt::Error] {text}"),
        Err(_) => format!("[cannot be formatted: panic] {text}"),
    }
}

/// What a visit to an event or a span has found.
#[derive(Default)]
pub(super) struct Seen {
    message: String,
    error: Option<String>,
    pub(super) fields: Fields,
}

impl Seen {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.fields.push((field.name().into(), value.into()));
    }

    fn add_text(&mut self, field: &Field, text: String) {
        match field.name() {
            "message" => self.message = text,
            "error" => self.error = Some(text),
            _ => self.add(field, text),
        }
    }
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add_text(field, shown(format_args!("{value:?}")));
    }

    fn record_error(&mut self, field: &Field, error: &(dyn Error + 'static)) {
        let mut text = shown(format_args!("{error}"));
        let mut cause = error.source();
        while let Some(error) = cause {
            text = format!("{text}: {}", shown(format_args!("{error}")));
            cause = error.source();
        }
        self.add_text(field, text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field, value.to_owned());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    /// JSON has no text for what is not finite.
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.add(field, value);
        } else {
            self.add(field, value.to_string());
        }
    }
}

//! The log: lines on stdout from the start, whatever happens to the service.
//!
//! Events of tracing and records of the crate `log` become the same lines. They are written at
//! once: a writer that waits for another thread loses the last lines of a service that ends.

use std::env;
use std::fmt::Write as _;
use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::{Layer, Registry};

use super::context::Records;
use super::lines::{Level, local, printable};
use super::records::Record;
use super::shared_state::shared;
use super::{repeats, stdio};

/// Makes the line of a record, with its end.
pub type Format = Box<dyn Fn(&Record<'_>) -> String + Send + Sync>;

static FORMAT: OnceLock<Format> = OnceLock::new();
static SHOWN: OnceLock<Handle<Targets, Registry>> = OnceLock::new();

/// Logs what ends the service, or a part of it: the line is written, whatever is filtered.
macro_rules! critical {
    ($($words:tt)+) => {
        $crate::runtime::log::write(&$crate::runtime::records::Record::new(
            $crate::runtime::lines::Level::Critical,
            module_path!(),
            format_args!($($words)+),
        ))
    };
}
pub(crate) use critical;

/// Logs plain text, until the stage `logging` takes over.
pub fn start() {
    let level = env::var("LOG_LEVEL").unwrap_or_default();
    let refined = env::var("RUST_LOG").unwrap_or_default();
    let (shown, handle) = reload::Layer::new(targets(&level, &refined));
    let records = Records::new(|mut record| {
        if is_about_client(&record) {
            record.level = Level::Warning;
        }
        report(&record);
    });
    let subscriber = tracing_subscriber::registry().with(records.with_filter(shown));
    // All fail where a test has set up its own: that has the lines then.
    let _ = tracing::subscriber::set_global_default(subscriber);
    let _ = log::set_logger(Box::leak(Box::new(Bridge(handle.clone()))));
    let _ = SHOWN.set(handle);
    log::set_max_level(log::LevelFilter::Trace);
    if !refined.is_empty() && refined.parse::<Targets>().is_err() {
        let example = "a level, or levels like info,actix_web=debug";
        tracing::warn!("RUST_LOG is {refined:?}, and is not used: expected {example}");
    }
}

/// Heeds LOG_LEVEL, wherever it comes from; until then, it is that of the environment.
pub fn set_level(level: &str) {
    let refined = env::var("RUST_LOG").unwrap_or_default();
    if let Some(shown) = SHOWN.get() {
        let _ = shown.reload(targets(level, &refined)); // fails where nothing is logged
    }
}

/// Has all further lines made by the stage `logging`.
pub fn take_over(format: Format) {
    let _ = FORMAT.set(format); // once: tests start a stage again
}

/// Writes a line that nothing filters.
pub fn write(record: &Record<'_>) {
    let line = FORMAT
        .get()
        .map_or_else(|| plain(record), |format| format(record));
    // Not the stack: the supervisor repeats the last lines.
    let first = line.find('\n').map_or(line.len(), |end| end + 1);
    shared().log(&line.as_bytes()[..first]);
    stdio::write(line.as_bytes());
}

/// Writes a line, unless there were many like it.
pub fn report(record: &Record<'_>) {
    if repeats::pass(record) {
        write(record);
    }
}

/// What a client sends is no error of the service, whatever the server calls it.
fn is_about_client(record: &Record<'_>) -> bool {
    record.logger == "actix_http::h1::dispatcher" && record.message.starts_with("stream error: ")
}

/// Which lines are written: LOG_LEVEL says it for all, RUST_LOG for single modules.
fn targets(level: &str, refined: &str) -> Targets {
    // An unknown level is reported with the other settings.
    let level = match level.to_ascii_uppercase().as_str() {
        "DEBUG" => LevelFilter::DEBUG,
        "WARNING" => LevelFilter::WARN,
        "ERROR" => LevelFilter::ERROR,
        "CRITICAL" => LevelFilter::OFF,
        _ => LevelFilter::INFO,
    };
    let given = Some(refined).filter(|text| !text.is_empty());
    let given: Targets = given.and_then(|text| text.parse().ok()).unwrap_or_default();
    let default = given
        .default_level()
        .filter(|_| !refined.is_empty())
        .unwrap_or(level);
    let mut targets = Targets::new().with_default(default);
    if default == LevelFilter::INFO {
        // It says of each worker that it starts and stops; the service says what matters.
        targets = targets.with_target("actix_server", LevelFilter::WARN);
    }
    targets.with_targets(given)
}

/// Passes on what libraries log by the crate `log`.
struct Bridge(Handle<Targets, Registry>);

impl log::Log for Bridge {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        let level = match metadata.level() {
            log::Level::Error => tracing::Level::ERROR,
            log::Level::Warn => tracing::Level::WARN,
            log::Level::Info => tracing::Level::INFO,
            log::Level::Debug => tracing::Level::DEBUG,
            log::Level::Trace => tracing::Level::TRACE,
        };
        let shown = |targets: &Targets| targets.would_enable(metadata.target(), &level);
        self.0.with_current(shown).unwrap_or(true)
    }

    fn log(&self, found: &log::Record<'_>) {
        if self.enabled(found.metadata()) {
            let mut record = Record::new(found.level().into(), found.target(), *found.args());
            record.place = repeats::place((found.file(), found.line()));
            report(&record);
        }
    }

    fn flush(&self) {}
}

/// Makes a line as the first ones are; what follows its first line is indented.
fn plain(record: &Record<'_>) -> String {
    let (moment, level, logger) = (local(record.moment), record.level.name(), &record.logger);
    let mut text = format!("{moment} {level} {logger}: {}", record.said());
    for (name, value) in record.fields.iter().chain(&record.context) {
        let _ = write!(text, " {name}={value}");
    }
    let stack = record.stack.as_deref().unwrap_or_default();
    let lines: Vec<_> = text.lines().chain(stack.lines()).map(printable).collect();
    format!("{}\n", lines.join("\n    "))
}

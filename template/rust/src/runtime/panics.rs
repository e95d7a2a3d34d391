//! Names every panic: its thread, its place, its message, and the way there.

use std::panic::{self, PanicHookInfo};
use std::thread;

use super::lines::Level;
use super::log;
use super::records::Record;
use super::{backtrace, repeats};
use crate::runtime::shared_state::shared;

const NO_TEXT: &str = "its payload is no text";

/// Reports panics from now on: before logging starts, in every thread, in code that logs.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the hook that logs panics"
)]
pub fn install() {
    panic::set_hook(Box::new(report));
}

/// Runs in the thread that panics, and must not panic itself: that would abort the process.
fn report(info: &PanicHookInfo<'_>) {
    let current = thread::current();
    let thread = current.name().unwrap_or("unnamed");
    let message = text(info.payload());
    let place = info.location();
    let at = place.map_or_else(String::new, ToString::to_string);
    let words = format_args!("thread '{thread}' panicked at {at}: {message}");
    let mut record = Record::new(Level::Error, module_path!(), words);
    record.error_type = Some("panic".into());
    record.error_message = Some(message.into());
    record.place = repeats::place(at);
    if cfg!(panic = "unwind") && !repeats::pass(&record) {
        return;
    }
    // To find the frames takes time and memory: if it cannot be done, the supervisor has the line.
    shared().log(format!("{}\n", record.message).as_bytes());
    record.stack = backtrace::here();
    log::write(&record);
}

/// Returns the message of a panic.
pub fn text(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or(NO_TEXT)
}

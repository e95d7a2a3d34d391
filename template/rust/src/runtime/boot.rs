//! Sets up logging before anything else, and reports how the service ended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{env, io, process};

use nix::libc;

use super::lines::Level;
use super::log;
use super::records::Record;
use super::shared_state::shared;
use super::{EXIT_SOFTWARE, EXIT_SYSTEM, SERVICE, exits, fatal, panics, stacks};

/// Errors of a system that has no more of something.
const LIMITS: [i32; 5] = [
    libc::EAGAIN,
    libc::EMFILE,
    libc::ENFILE,
    libc::ENOMEM,
    libc::ENOSPC,
];

/// Writes the first log line, and sees to it that no end of the process is silent.
pub fn start() {
    shared().own();
    log::start();
    report_faults();
    let version = env!("CARGO_PKG_VERSION");
    let (process, directory) = (process::id(), directory());
    tracing::info!("starting {SERVICE}: version {version}, process {process}, in {directory}");
    exits::report();
}

/// Has the supervisor know of faults, and of the stacks of threads.
fn report_faults() {
    let installed = fatal::install().and_then(|()| stacks::install());
    if let Err(error) = installed {
        tracing::warn!("faults are not reported with their threads: {error}");
    }
}

/// Returns the working directory, the base of relative paths; warns if it cannot be used.
fn directory() -> String {
    let found = env::current_dir().and_then(|directory| {
        directory.join(".").metadata()?;
        Ok(directory.display().to_string())
    });
    found.unwrap_or_else(|error| {
        let advice = "start the service in an existing directory that this user may enter";
        tracing::warn!("the working directory cannot be used: {error}; {advice}");
        "no directory".into()
    })
}

/// Returns the exit status of `serve`; logs the error or the panic that ends it.
pub fn guarded(serve: impl FnOnce() -> anyhow::Result<u8>) -> u8 {
    let status = catch_unwind(AssertUnwindSafe(serve)).unwrap_or_else(|payload| {
        let message = panics::text(&*payload).to_owned();
        Err(anyhow::anyhow!(message).context("a panic, reported above"))
    });
    let status = status.unwrap_or_else(|error| {
        report_failure(&error);
        exit_status(&error)
    });
    shared().finish();
    shared().end(status);
    status
}

fn report_failure(error: &anyhow::Error) {
    let words = format_args!("the service failed and stops; docs/runbook.md#log-lines");
    let mut record = Record::new(Level::Critical, module_path!(), words);
    record.error_message = Some(format!("{error:#}"));
    record.stack = Some(format!("Error: {error:?}"));
    log::write(&record);
}

/// Tells whether the system refused something, or the service failed.
pub(super) fn exit_status(error: &anyhow::Error) -> u8 {
    let mut causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    let numbers = causes.by_ref().filter_map(io::Error::raw_os_error);
    let mut limits = numbers.filter(|number| LIMITS.contains(number));
    limits.next().map_or(EXIT_SOFTWARE, |_| EXIT_SYSTEM)
}

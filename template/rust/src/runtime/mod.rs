// Written by viscaffold: `viscaffold update` replaces this folder.
//! What keeps the service from dying silently.

pub mod backtrace;
mod body;
pub mod boot;
pub mod caught;
mod cells;
pub mod cgroup;
mod connection;
mod connections;
pub mod context;
pub mod cors;
pub mod draining;
mod event_loops;
mod exit_reason;
mod exits;
mod fatal;
mod final_report;
mod frames;
mod guard;
mod hangs;
pub mod healthcheck;
mod launch;
pub mod lines;
mod listener;
pub mod log;
mod middleware;
pub mod outage;
pub mod panics;
mod port;
pub mod printing;
pub mod problems;
mod procfs;
mod progress;
pub mod proxies;
pub mod records;
pub mod repeats;
mod request_line;
pub mod routes;
mod rules;
pub mod sent;
pub mod server;
mod service_process;
pub mod settings;
pub mod shared_state;
mod sockets;
mod stacks;
pub mod stage;
pub mod stdio;
mod steps;
pub mod stop;
mod streams;
mod supervised;
mod supervisor;
mod sys;
pub mod tasks;
pub mod urls;
mod watch;
mod watchdog;

use std::env;
use std::io::{self, Write as _};
use std::process::ExitCode;

use stage::Stage as _;

use crate::stages::Stages;

/// Defaults of the settings HOST, PORT and START_SECONDS.
pub const HOST: &str = "0.0.0.0"; // a container listens on all addresses
pub const PORT: u16 = 8080;
pub const START_SECONDS: u64 = 60;

/// The limit for a stop: `docker stop` kills after 10 s.
pub const STOP_SECONDS: u64 = 8;

/// The exit statuses of the service, those of sysexits.h.
pub const EXIT_SOFTWARE: u8 = 70;
pub const EXIT_SYSTEM: u8 = 71;
pub const EXIT_IO: u8 = 74;
pub const EXIT_CONFIG: u8 = 78;

/// The exit status of a command with wrong arguments.
pub const EXIT_USAGE: u8 = 2;

/// The name of the service.
pub const SERVICE: &str = env!("CARGO_PKG_NAME");

pub use exit_reason::megabytes;
pub use middleware::root_path;
pub use rules::ExactPaths;

/// Runs the service, or the command that its arguments name.
pub fn run() -> ExitCode {
    panics::install();
    let arguments = env::args_os()
        .skip(1)
        .map(|text| text.to_string_lossy().into_owned());
    let arguments: Vec<String> = arguments.collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    ExitCode::from(match words[..] {
        [] => serve(),
        ["health"] => healthcheck::run(),
        ["--version"] => print(&format!("{SERVICE} {}", env!("CARGO_PKG_VERSION"))),
        ["--help"] => print(&usage()),
        [name, ..] => Stages::dispatch(name, &arguments[1..]).unwrap_or_else(refuse),
    })
}

fn serve() -> u8 {
    stdio::open();
    if let Some(status) = launch::run() {
        return status;
    }
    boot::start();
    boot::guarded(|| {
        stop::install()?;
        Ok(server::run())
    })
}

fn print(text: &str) -> u8 {
    if printing::printed(&format!("{text}\n")) {
        0
    } else {
        EXIT_IO
    }
}

fn refuse() -> u8 {
    let _ = writeln!(io::stderr(), "{}", usage()); // the status says it, too
    EXIT_USAGE
}

fn usage() -> String {
    format!(
        "usage: {SERVICE}                 serve until asked to stop
       {SERVICE} health          tell whether the running service is live
       {SERVICE} STAGE COMMAND   run a command of a stage
       {SERVICE} --version | --help"
    )
}

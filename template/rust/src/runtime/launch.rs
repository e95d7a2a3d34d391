//! Starts the service in a process of its own, before anything else is set up.

use std::env;

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::lines::Level;
use super::service_process::say;
use super::shared_state::share;
use super::supervised::{STOPS, stop_with, stops};
use super::supervisor::Supervisor;
use super::{EXIT_SYSTEM, sys};

/// Nobody waits for these: they are for this process itself.
const UNWATCHED: [Signal; 13] = [
    Signal::SIGSEGV,
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGILL,
    Signal::SIGABRT,
    Signal::SIGSYS,
    Signal::SIGTRAP,
    Signal::SIGKILL,
    Signal::SIGSTOP,
    Signal::SIGTSTP,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
    Signal::SIGCONT,
];

/// Returns `None` in the process of the service, and the exit status in that of its supervisor.
///
/// With SUPERVISE=0, this process is the service. There must be no other threads yet.
pub fn run() -> Option<u8> {
    if env::var_os("SUPERVISE").is_some_and(|value| value == "0") {
        return None;
    }
    match start() {
        Ok(supervisor) => supervisor.map(Supervisor::wait),
        Err(error) => {
            let words = format!(
                "cannot start a second process: {}; raise its limit of processes (docker run \
                 --pids-limit), or set SUPERVISE=0",
                error.desc()
            );
            say(Level::Critical, &words, "check-resources");
            Some(EXIT_SYSTEM)
        }
    }
}

fn start() -> nix::Result<Option<Supervisor>> {
    share()?;
    sys::reset(Signal::SIGCHLD)?; // some parents leave it ignored: none would come
    let watched = watched();
    // Blocked signals stay pending until they are read: none arrives at the wrong moment.
    let before = watched.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let signals = SignalFd::with_flags(&watched, SfdFlags::SFD_CLOEXEC)?;
    let supervisor = sys::process();
    if let Some(service) = sys::fork()? {
        return Ok(Some(Supervisor::new(service.as_raw(), signals)));
    }
    // Signals that ask to stop stay pending until the service has handlers.
    let mut held = before;
    held.extend(STOPS);
    held.thread_set_mask()?;
    stop_with(supervisor)?;
    Ok(None)
}

/// The signals that are forwarded, and those that the supervisor waits for.
fn watched() -> SigSet {
    let stops: Vec<_> = stops().collect();
    let mut watched = SigSet::all();
    let ignored = STOPS.into_iter().filter(|signal| !stops.contains(signal));
    for signal in ignored.chain(UNWATCHED) {
        watched.remove(signal);
    }
    watched
}

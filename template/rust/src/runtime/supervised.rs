//! The service's side of supervision: shared signals, and whether the supervisor is alive.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

use nix::libc::{self, c_int};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::getppid;

use super::{procfs, sys};

/// These ask to stop.
pub const STOPS: [Signal; 4] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGQUIT,
];

/// 0 without a supervisor.
static SUPERVISOR: AtomicI32 = AtomicI32::new(0);

/// Whether the service knows that its supervisor has died.
static IS_TOLD: AtomicBool = AtomicBool::new(false);

/// On this signal, a thread of the service writes its stack. Nothing else uses the last signal.
pub fn dump() -> c_int {
    libc::SIGRTMAX()
}

/// The signals that ask to stop, but those that stay ignored, as nohup or `&` in a script sets
/// them. SIGTERM is never one of these: it always stops the service.
pub fn stops() -> impl Iterator<Item = Signal> {
    let process = sys::process();
    STOPS.into_iter().filter(move |signal| {
        *signal == Signal::SIGTERM || !procfs::ignores(process, *signal as c_int)
    })
}

/// Has the kernel send SIGTERM when the supervisor ends for any reason.
pub fn stop_with(supervisor: i32) -> nix::Result<()> {
    SUPERVISOR.store(supervisor, Relaxed);
    prctl::set_pdeathsig(Signal::SIGTERM)?;
    look(); // it may have ended before the kernel knew
    Ok(())
}

/// Sends the signal that the kernel has not sent: a service that changed its user gets none.
pub fn look() {
    if is_gone() && !IS_TOLD.swap(true, Relaxed) {
        // A process may always send a signal to itself.
        let _ = sys::send(sys::process(), libc::SIGTERM);
    }
}

/// Whether the service was started by a supervisor.
pub fn is_there() -> bool {
    SUPERVISOR.load(Relaxed) != 0
}

/// Whether the supervisor has died.
pub fn is_gone() -> bool {
    is_there() && getppid().as_raw() != SUPERVISOR.load(Relaxed)
}

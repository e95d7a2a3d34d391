//! The stacks of threads, for the supervisor.
//!
//! A backtrace takes locks and memory: a thread that is interrupted while it has the allocator's
//! lock would wait for itself. Therefore a copy of the process takes it, with a copy of the thread.
//! If it hangs or crashes, the service is not affected.

use std::backtrace::Backtrace;
use std::fs;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use nix::errno::Errno;
use nix::libc::{c_int, c_void, siginfo_t};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SaFlags, Signal};

use super::shared_state::shared;
use super::{frames, supervised, sys};

/// A copy that has not ended by then is ended. On a fraction of a CPU, it needs long.
pub const SECONDS: u32 = 30;

/// Signals that a copy may get for what it does.
const FAULTS: [Signal; 6] = [
    Signal::SIGSEGV,
    Signal::SIGBUS,
    Signal::SIGILL,
    Signal::SIGFPE,
    Signal::SIGABRT,
    Signal::SIGALRM,
];

/// The thread that this process is a copy of; 0 in the service.
static COPIED: AtomicI32 = AtomicI32::new(0);

/// Lets the supervisor ask threads for their stacks.
pub fn install() -> nix::Result<()> {
    let signal = supervised::dump();
    sys::handle(signal, dump, SaFlags::SA_RESTART, signal).map(drop)
}

extern "C" fn dump(_signal: c_int, _info: *mut siginfo_t, _context: *mut c_void) {
    let errno = Errno::last_raw();
    if COPIED.load(Relaxed) != 0 || copy() {
        write();
    }
    Errno::set_raw(errno);
}

/// Copies this process; returns whether this is the copy. For signal handlers.
fn copy() -> bool {
    let thread = sys::thread();
    if !sys::fork_sibling() {
        return false;
    }
    COPIED.store(thread, Relaxed);
    // What fails here is not needed if the copy ends in time.
    let _ = FAULTS.map(sys::reset);
    sys::end_in(SECONDS);
    sys::close_files();
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    true
}

/// Has a copy write the stack of this thread as it was when a signal interrupted it; returns
/// whether this is the copy. For signal handlers, which return then.
///
/// The handler of a fault runs on a small stack, and holds the signal that asks for a stack. The
/// copy continues where the fault was: there, that signal interrupts it on the thread's own stack.
pub fn write_interrupted() -> bool {
    let is_copy = copy();
    if is_copy {
        let _ = sys::send(sys::process(), supervised::dump());
    }
    is_copy
}

/// Writes the stack of this thread, and ends this copy.
fn write() -> ! {
    // Where memory is short, the kernel ends the copy rather than the service.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    let stack = frames::summary(&Backtrace::force_capture().to_string());
    shared().put_stack(COPIED.load(Relaxed), &stack);
    sys::end_now(0)
}

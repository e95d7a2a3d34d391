//! Records the fault that ends the service: signal, thread, and where it was.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use nix::libc::{c_int, c_void, siginfo_t};
use nix::sys::signal::{SaFlags, Signal};

use super::shared_state::shared;
use super::sys::{self, Action, Cause};
use super::{SERVICE, stacks, stdio, supervised};

const FAULTS: [Signal; 7] = [
    Signal::SIGSEGV,
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGILL,
    Signal::SIGABRT,
    Signal::SIGSYS,
    Signal::SIGTRAP,
];

/// What was done for each before: `std` tells a stack overflow by SIGSEGV or SIGBUS.
static BEFORE: [OnceLock<Action>; FAULTS.len()] = [const { OnceLock::new() }; FAULTS.len()];

static IS_RECORDED: AtomicBool = AtomicBool::new(false);

/// Handles the signals that end the service for a fault in it.
pub fn install() -> nix::Result<()> {
    for (signal, before) in FAULTS.iter().zip(&BEFORE) {
        // On a stack of its own: the thread's may be used up.
        let flags = SaFlags::SA_ONSTACK;
        let action = sys::handle(*signal as c_int, record, flags, supervised::dump())?;
        before.get_or_init(|| action);
    }
    Ok(())
}

extern "C" fn record(signal: c_int, info: *mut siginfo_t, _context: *mut c_void) {
    let cause = sys::cause(info);
    if !IS_RECORDED.swap(true, Relaxed) {
        shared().crash.put(signal, &cause);
        if !supervised::is_there() {
            say(signal, &cause);
        } else if stacks::write_interrupted() {
            return;
        }
    }
    if cause.code > 0 {
        // The instruction that faulted comes again when this returns. `std` aborts when a stack has
        // overflowed: there is no room to handle that, too.
        for (fault, before) in FAULTS.iter().zip(&BEFORE) {
            let _ = before.get().map(|before| before.set(*fault as c_int));
        }
    } else if let Ok(signal) = Signal::try_from(signal) {
        let _ = sys::reset(signal);
        let _ = sys::send_to_thread(sys::process(), sys::thread(), signal as c_int);
    }
}

/// Writes a line, without memory of the allocator's: nobody else will.
fn say(signal: c_int, cause: &Cause) {
    let mut line = [0; 200];
    let mut rest = &mut line[..];
    let name = sys::thread_name();
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let _ = writeln!(
        rest,
        "CRITICAL fatal: {SERVICE}: killed by signal {signal} in thread {}, at address {:#x}",
        str::from_utf8(name).unwrap_or("?"),
        cause.address,
    );
    let left = rest.len();
    sys::write(stdio::stacks(), &line[..line.len() - left]);
}

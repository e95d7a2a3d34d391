//! Names an exit that nobody asked for: some code called `process::exit()`.

use nix::libc::{self, c_int, c_void};

use super::lines::Level;
use super::log;
use super::records::Record;
use super::shared_state::shared;
use super::{EXIT_SOFTWARE, backtrace};

#[cfg(target_env = "gnu")]
unsafe extern "C" {
    fn on_exit(handler: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
}

/// Reports exits from now on; `main` announces its status, and returns.
pub fn report() {
    // SAFETY: the handler needs nothing that is gone at an exit.
    #[cfg(target_env = "gnu")]
    unsafe {
        on_exit(report_exit, std::ptr::null_mut());
    }
    // SAFETY: the same.
    #[cfg(not(target_env = "gnu"))]
    unsafe {
        libc::atexit(report_unknown);
    }
}

/// Other libraries do not tell the status.
#[cfg(not(target_env = "gnu"))]
extern "C" fn report_unknown() {
    report_exit(c_int::from(EXIT_SOFTWARE), std::ptr::null_mut());
}

extern "C" fn report_exit(status: c_int, _argument: *mut c_void) {
    if shared().announced().is_some() || shared().is_forked() {
        return;
    }
    let words = format_args!(
        "the service ended itself: process::exit({status}) was called; \
         docs/runbook.md#ended-without-a-word"
    );
    let mut record = Record::new(Level::Critical, module_path!(), words);
    record.stack = backtrace::here();
    log::write(&record);
    let status = u8::try_from(status & 0xff).unwrap_or_default();
    let status = if status == 0 { EXIT_SOFTWARE } else { status };
    shared().end(status);
    // SAFETY: nothing runs after it.
    unsafe { libc::_exit(c_int::from(status)) }
}

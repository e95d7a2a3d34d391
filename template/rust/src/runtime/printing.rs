//! What a command says: its result on standard output, and reasons on standard error.

use std::io::{self, ErrorKind, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

/// Something could not be written: that was said, and all that follows is lost, too.
static IS_LOST: AtomicBool = AtomicBool::new(false);

/// Prints a result; tells whether all could be written so far.
///
/// What was done is done, so a reader that is gone does not matter.
#[must_use]
pub fn printed(text: &str) -> bool {
    if IS_LOST.load(Ordering::Relaxed) {
        return false;
    }
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let said = error.to_string();
            let cause = said.split(" (os error").next().unwrap_or_default();
            let _ = writeln!(io::stderr(), "the output cannot be written: {cause}");
            IS_LOST.store(true, Ordering::Relaxed);
            false
        }
        _ => true,
    }
}

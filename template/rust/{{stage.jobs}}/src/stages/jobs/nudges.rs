//! Tells the worker of this process that there is something to do, before it looks by itself.

use std::sync::LazyLock;

use tokio::sync::watch;

static NUDGES: LazyLock<watch::Sender<()>> = LazyLock::new(|| watch::Sender::new(()));

/// Has the worker look at the table.
pub fn nudge() {
    NUDGES.send_replace(());
}

/// What changes with each nudge from now on.
#[must_use]
pub fn nudges() -> watch::Receiver<()> {
    NUDGES.subscribe()
}

//! Opens and closes a stage: by name, within its time, and whatever it does.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use tokio::time::timeout;

use super::caught::{Caught, Panicked};
use super::stop;

/// For each stage: all stages, and the requests before, share `STOP_SECONDS`.
const CLOSE: Duration = Duration::from_secs(2);

static NOW: Mutex<String> = Mutex::new(String::new());

/// What the start or the stop is at.
#[must_use]
pub fn now() -> String {
    let step = NOW.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if step.is_empty() {
        "no stage is at work".into()
    } else {
        step
    }
}

/// Notes what the start or the stop is at.
pub fn set(step: impl Into<String>) {
    *NOW.lock().unwrap_or_else(PoisonError::into_inner) = step.into();
}

/// Opens a stage, unless a stop comes first.
///
/// # Errors
///
/// If it does not open, with its name.
pub async fn open<F>(name: &str, opening: impl FnOnce() -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    set(format!("stage {name} opens"));
    let ended = tokio::select! {
        biased;
        () = stop::asked() => bail!("stopped while stage {name} opens"),
        ended = Caught::new(opening) => ended,
    };
    set("");
    let opened = ended.unwrap_or_else(|Panicked(message)| Err(anyhow!("it panicked: {message}")));
    opened.with_context(|| format!("stage {name} did not open"))
}

/// Closes a stage within its time.
pub async fn close<F: Future<Output = ()>>(name: &str, closing: impl FnOnce() -> F) {
    set(format!("stage {name} closes"));
    match timeout(CLOSE, Caught::new(closing)).await {
        Ok(Ok(())) => {}
        Ok(Err(Panicked(message))) => {
            tracing::error!("stage {name} did not close: it panicked: {message}");
        }
        Err(_) => {
            let seconds = CLOSE.as_secs();
            tracing::error!("stage {name} did not close within {seconds} s");
        }
    }
    set("");
}

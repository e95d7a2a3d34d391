//! Tasks whose failures are logged, although nobody awaits them.

use std::fmt::Display;

use actix_web::rt::task::JoinHandle;
use tracing::Instrument as _;

use super::caught::{Caught, Panicked};

/// What a task may return.
pub trait Outcome {
    /// Says what failed, if anything did.
    fn failure(&self) -> Option<String>;
}

impl Outcome for () {
    fn failure(&self) -> Option<String> {
        None
    }
}

/// The type `!`, of a loop that never ends: it has no name in stable Rust yet.
type Never = <fn() -> ! as Returns>::Value;

/// Names what a function returns.
pub trait Returns {
    type Value;
}

impl<T> Returns for fn() -> T {
    type Value = T;
}

impl Outcome for Never {
    fn failure(&self) -> Option<String> {
        None
    }
}

/// Of an error, all causes are logged: `anyhow::Error` shows them as `{:#}`.
impl<T, E: Display> Outcome for Result<T, E> {
    fn failure(&self) -> Option<String> {
        self.as_ref().err().map(|error| format!("{error:#}"))
    }
}

/// Runs a task on this thread, beside what else it does; its error or panic is logged.
///
/// Its lines have the context of the caller, such as the id of the request. An error of a task of
/// `actix_web::rt::spawn()` is lost if nobody awaits that.
#[expect(
    clippy::disallowed_methods,
    reason = "what it spawns logs its own failure"
)]
pub fn spawn<F>(name: &'static str, task: F) -> JoinHandle<()>
where
    F: Future + 'static,
    F::Output: Outcome,
{
    actix_web::rt::spawn(watched(name, task).in_current_span())
}

async fn watched<F>(name: &str, task: F)
where
    F: Future,
    F::Output: Outcome,
{
    match Caught::new(|| task).await {
        Ok(outcome) => {
            if let Some(error) = outcome.failure() {
                tracing::error!(error, "task {name} failed: {error}");
            }
        }
        Err(Panicked(_)) => tracing::error!("task {name} failed: it panicked, as reported above"),
    }
}

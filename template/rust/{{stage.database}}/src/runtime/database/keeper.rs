//! Knows at any time whether the database can be used, and says so once when that changes.

use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::pauses::Pauses;

/// Between two checks of a database that works.
const CHECK: Duration = Duration::from_secs(3);
/// Between two attempts to reach one that does not.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What is known of the database.
#[derive(Clone)]
struct State {
    is_known: bool,
    /// Why it cannot be used; none if it can.
    cause: Option<String>,
    since: Instant,
}

/// Checks a database all the time, and holds back requests while it may come back.
pub struct Keeper {
    label: String,
    patience: Duration,
    state: watch::Sender<State>,
    suspected: Notify,
}

impl Keeper {
    #[must_use]
    pub fn new(label: String, patience: Duration) -> Self {
        let state = State {
            is_known: false,
            cause: Some("it has not been reached yet".into()),
            since: Instant::now(),
        };
        Self {
            label,
            patience,
            state: watch::Sender::new(state),
            suspected: Notify::new(),
        }
    }

    /// Checks it for ever: often while it works, after growing pauses while it does not.
    pub async fn watch(&self, mut check: impl AsyncFnMut() -> Result<(), String>) {
        let mut growing = Pauses::new(LONGEST_PAUSE);
        loop {
            let checked = check().await;
            let works = checked.is_ok();
            self.note(checked.err());
            if works {
                growing = Pauses::new(LONGEST_PAUSE);
                let _ = timeout(CHECK, self.suspected.notified()).await; // whichever comes first
            } else {
                sleep(growing.next().unwrap_or(LONGEST_PAUSE)).await;
            }
        }
    }

    /// Has it checked at once: a request has failed.
    pub fn suspect(&self) {
        self.suspected.notify_waiters();
    }

    /// Returns as soon as it can be used.
    ///
    /// Only the beginning of an outage is waited for: a restart costs requests some time, and
    /// nothing piles up while the database is gone for long.
    ///
    /// # Errors
    ///
    /// With the reason, if it is not to be used soon.
    pub async fn until_up(&self) -> Result<(), String> {
        let mut changes = self.state.subscribe();
        let since = changes.borrow().since;
        let left = self.patience.saturating_sub(since.elapsed());
        let up = changes.wait_for(|state| state.cause.is_none());
        // The sender lives as long as this does; after the time, the state says why.
        let _ = timeout(left, up).await;
        match self.state.borrow().cause.clone() {
            None => Ok(()),
            Some(cause) => Err(cause),
        }
    }

    /// Tells whether it can be used, as of the last check.
    ///
    /// # Errors
    ///
    /// With the reason, if it cannot.
    pub async fn require_up(&self) -> Result<(), String> {
        let mut changes = self.state.subscribe();
        let _ = changes.wait_for(|state| state.is_known).await; // the sender is in this
        let state = self.state.borrow();
        match &state.cause {
            None => Ok(()),
            Some(cause) => Err(format!("{}: {cause}", self.label)),
        }
    }

    fn note(&self, cause: Option<String>) {
        let before = self.state.borrow().clone();
        let label = &self.label;
        match (&cause, &before.cause) {
            (None, Some(_)) if before.is_known => {
                let lasted = before.since.elapsed().as_secs_f64();
                tracing::info!("the database is back after {lasted:.1} s: {label}");
            }
            (None, Some(_)) => tracing::info!("the database answers: {label}"),
            (Some(cause), None) => {
                tracing::error!("the database cannot be reached: {label}: {cause}");
            }
            (Some(cause), Some(_)) if !before.is_known => {
                tracing::error!("the database cannot be reached: {label}: {cause}");
            }
            _ => {}
        }
        let changed = cause.is_some() != before.cause.is_some() || !before.is_known;
        self.state.send_replace(State {
            is_known: true,
            cause,
            since: if changed {
                Instant::now()
            } else {
                before.since
            },
        });
    }
}

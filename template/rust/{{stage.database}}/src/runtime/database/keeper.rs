//! Knows at any time whether the database can be used, and says so once when that changes.

use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::pauses::Pauses;
use crate::runtime::outage::Named;

/// Between two checks of a database that works.
const CHECK: Duration = Duration::from_secs(3);
/// Between two attempts to reach one that does not.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long the first check is waited for; migrations, which belong to it, may take any time.
const FIRST: Duration = Duration::from_secs(1);

/// What is known of the database.
#[derive(Clone)]
struct State {
    is_known: bool,
    /// Why it cannot be used; none if it can.
    cause: Option<String>,
    since: Instant,
    /// The causes that the log has named since then.
    named: Named,
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
            named: Named::default(),
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

    /// Says why the first check has not ended yet.
    pub fn is_busy(&self, cause: &str) {
        self.state.send_if_modified(|state| {
            if !state.is_known {
                state.cause = Some(cause.into());
            }
            false // nobody waits for it
        });
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
        let known = changes.wait_for(|state| state.is_known);
        let _ = timeout(FIRST, known).await; // the sender is in this
        let state = self.state.borrow();
        match &state.cause {
            None => Ok(()),
            Some(cause) => Err(format!("{}: {cause}", self.label)),
        }
    }

    fn note(&self, cause: Option<String>) {
        let mut now = self.state.borrow().clone();
        let label = &self.label;
        let is_new = cause.is_some() != now.cause.is_some() || !now.is_known;
        let lasted = now.since.elapsed().as_secs_f64();
        if is_new {
            now.since = Instant::now();
            now.named = Named::default();
        }
        match &cause {
            None if is_new && now.is_known => {
                tracing::info!("the database is back after {lasted:.1} s: {label}");
            }
            None if is_new => tracing::info!("the database answers: {label}"),
            None => {}
            // What ended the last connection may have nothing to do with why there is no new one.
            Some(cause) => {
                if let Some(still) = now.named.still(cause) {
                    tracing::error!("the database {still}cannot be reached: {label}: {cause}");
                }
            }
        }
        now.is_known = true;
        now.cause = cause;
        self.state.send_replace(now);
    }
}

//! A link to Redis that costs nobody more than its time limit, and is taken up in the background.
//!
//! A command that fails closes the link: those after it fail at once, until an attempt in the
//! background has succeeded. It waits longer after each failure.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisResult, Value, cmd};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::super::observing;
use super::address::Address;
use super::causes::{Failure, NO_TLS, cause, no_answer};
use super::connect::{answers_without_tls, connect};
use super::owed::Owed;
use crate::runtime::outage::Named;

/// Between attempts; up to half of them is left to chance, so that services spread.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How often a link that works is tried, for nobody may use it.
const LOOK: Duration = Duration::from_secs(5);
/// A link that has worked for so long is tried at once when it fails.
const STEADY: Duration = Duration::from_secs(1);

/// What the server answers to a command, or how that failed.
pub type Answer = Result<Value, Failure>;

/// Runs commands while the server answers.
pub struct Link {
    pub address: Address,
    limit: Duration,
    attempt_key: String,
    state: Mutex<State>,
    failed: Notify,
}

struct State {
    connection: Option<MultiplexedConnection>,
    openings: u64,
    /// A command failed since the last opening.
    has_failed: bool,
    cause: String,
    away_since: Option<Instant>,
    /// The causes that the log has named since then.
    named: Named,
    owed: Owed,
}

impl Link {
    /// Connects to nothing yet; `prefix` is that of its keys.
    #[must_use]
    pub fn new(address: Address, limit: Duration, prefix: &str) -> Self {
        Self {
            address,
            limit,
            attempt_key: format!("{prefix}attempt"),
            state: Mutex::new(State {
                connection: None,
                openings: 0,
                has_failed: false,
                cause: "it has not answered yet".into(),
                away_since: None,
                named: Named::default(),
                owed: Owed::default(),
            }),
            failed: Notify::new(),
        }
    }

    /// Why nothing is cached; nothing if it is.
    pub fn amiss(&self) -> Option<String> {
        let state = self.state();
        state.connection.is_none().then(|| state.cause.clone())
    }

    /// Begins a command, unless something is amiss: then there is nothing.
    pub fn run(&self, command: Cmd) -> Option<impl Future<Output = Answer> + use<'_>> {
        let state = self.state();
        let (connection, opening) = (state.connection.clone()?, state.openings);
        Some(self.answer(command, connection, opening))
    }

    async fn answer(
        &self,
        command: Cmd,
        mut connection: MultiplexedConnection,
        opening: u64,
    ) -> Answer {
        let (failure, cause) = match timeout(self.limit, command.query_async(&mut connection)).await
        {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(error)) => (Failure::of(&error), cause(&error, self.limit)),
            Err(_) => (Failure::NO_ANSWER, no_answer(self.limit)),
        };
        let mut state = self.state();
        let is_current = state.connection.is_some() && state.openings == opening;
        if is_current && failure.code.as_deref() != Some("WRONGTYPE") {
            state.close(cause);
            state.has_failed = true;
            self.failed.notify_one();
        }
        Err(failure)
    }

    /// Has a key deleted before anything else as soon as the server answers, unless it is done
    /// before: what it has is outdated.
    pub fn owe(&self, key: &str) -> u64 {
        let (ticket, has_lost) = self.state().owed.add(key);
        if has_lost {
            tracing::warn!(
                "the cache at {} is away for too many changes: when it is back, values may be \
                 outdated until their time is over",
                self.address
            );
        }
        ticket
    }

    /// Ends this: it is done.
    pub fn done(&self, ticket: u64) {
        self.state().owed.done(ticket);
    }

    /// Opens the link, and opens it again whenever it was closed; never returns.
    pub async fn keep(&self) {
        observing::breaker_open(true);
        let mut wait = FIRST_WAIT;
        loop {
            if self.attempt().await {
                let opened = Instant::now();
                let _ = timeout(LOOK, self.failed.notified()).await;
                if opened.elapsed() > STEADY {
                    wait = FIRST_WAIT;
                    continue;
                }
            }
            sleep(wait.mul_f64(0.5 + chance() / 2.0)).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Gives up the connection.
    pub fn close(&self) {
        self.state().close("the service stops".into());
    }

    async fn attempt(&self) -> bool {
        let (has_answered, mut cause) = match timeout(self.limit, self.reach()).await {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => (error.code().is_some(), cause(&error, self.limit)),
            Err(_) => (false, no_answer(self.limit)),
        };
        if !has_answered && answers_without_tls(&self.address, self.limit).await {
            cause = NO_TLS.into();
        }
        let mut state = self.state();
        if state.away_since.is_none() {
            state.away_since = Some(Instant::now());
            state.named = Named::default();
        }
        if let Some(still) = state.named.still(&cause) {
            tracing::warn!(
                "the cache at {} is {still}away: {cause}; values are computed until it is back",
                self.address
            );
        }
        state.close(cause);
        false
    }

    /// Connects, if there is no connection; deletes what is owed; opens the link.
    async fn reach(&self) -> RedisResult<()> {
        let known = self.state().connection.clone();
        let is_new = known.is_none();
        let mut connection = match known {
            Some(connection) => connection,
            None => connect(&self.address, self.limit).await?,
        };
        // A write: servers that only read, or are full, answer everything else.
        let mut write = cmd("SET");
        write.arg(&self.attempt_key).arg("").arg("PX").arg(1000);
        write.exec_async(&mut connection).await?;
        loop {
            let owed = self.state().owed.oldest();
            if !owed.is_empty() {
                let keys: Vec<&str> = owed.iter().map(|(_, key)| key.as_str()).collect();
                let mut unlink = cmd("UNLINK");
                unlink.arg(keys).exec_async(&mut connection).await?;
            }
            let mut state = self.state();
            for (ticket, _) in owed {
                state.owed.done(ticket);
            }
            // Others may have come in the meantime; while the link is open, they see to it.
            if !is_new || state.owed.oldest().is_empty() {
                state.open(connection, &self.address);
                return Ok(());
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn close(&mut self, cause: String) {
        observing::breaker_open(true);
        self.connection = None;
        self.cause = cause;
    }

    fn open(&mut self, connection: MultiplexedConnection, address: &Address) {
        if let Some(since) = self.away_since.take() {
            let seconds = since.elapsed().as_secs_f64();
            tracing::info!("the cache at {address} is back after {seconds:.0} s");
        } else if self.openings == 0 {
            tracing::info!("the cache at {address} answers");
        } else if self.has_failed {
            tracing::warn!("the cache at {address} failed once: {}", self.cause);
        }
        if self.connection.is_none() {
            self.openings += 1;
        }
        observing::breaker_open(false);
        self.has_failed = false;
        self.connection = Some(connection);
    }
}

/// A number from 0 to 1: chance, not a secret.
fn chance() -> f64 {
    RandomState::new().hash_one(()) as f64 / u64::MAX as f64
}

//! How handlers ask the database: within a time, and with an answer, whatever happens to it.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Connection as _};
use tokio::time::{sleep, timeout};

use super::runtime::connecting;
use super::runtime::failures::{is_unavailable, reason};
use super::runtime::migrations;
use super::runtime::pauses::Pauses;
use super::{Connections, Database, Error, LONGEST_PAUSE};

/// PostgreSQL ends a statement at its limit; a server that does not is given up this much later.
const GRACE: Duration = Duration::from_secs(1);

type Action = Box<dyn FnOnce()>;

tokio::task_local! {
    /// What is to be done when the transaction of this task has been committed; none if that never
    /// is: what it writes is lost.
    static AFTER_COMMIT: Option<RefCell<Vec<Action>>>;
}

/// Does something when the transaction that this is called in has been committed, and nothing if
/// that fails; outside of `Database::write`, at once.
pub fn after_commit(action: impl FnOnce() + 'static) {
    let mut action: Option<Action> = Some(Box::new(action));
    let _ = AFTER_COMMIT.try_with(|actions| {
        if let Some(actions) = actions {
            actions.borrow_mut().extend(action.take());
        }
    });
    if let Some(action) = action {
        action();
    }
}

/// Whether this is called in the work of `Database::read`.
#[must_use]
pub fn is_reading() -> bool {
    AFTER_COMMIT.try_with(Option::is_none).unwrap_or_default()
}

impl Database {
    /// Runs `work` with a connection to read with; what it writes is lost.
    ///
    /// # Errors
    ///
    /// Those of `work`; `Error::Unavailable` if the database cannot be used.
    pub async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&mut AnyConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.using(async |connection| {
            let mut transaction = connection.begin().await?;
            let done = AFTER_COMMIT.scope(None, work(&mut transaction)).await?;
            transaction.rollback().await?;
            Ok(done)
        })
        .await
    }

    /// Runs `work` with a connection in a transaction, which is committed unless it fails.
    ///
    /// # Errors
    ///
    /// Those of `work`; `Error::Unavailable` if the database cannot be used.
    pub async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&mut AnyConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (done, actions) = self
            .using(async |connection| {
                let begin = migrations::begin(connection);
                let mut transaction = connection.begin_with(begin).await?;
                let noted = async {
                    let done = work(&mut transaction).await?;
                    let actions = AFTER_COMMIT.with(|actions| actions.as_ref().map(RefCell::take));
                    Ok::<_, Error>((done, actions.unwrap_or_default()))
                };
                let done = AFTER_COMMIT.scope(Some(RefCell::default()), noted).await?;
                transaction.commit().await?;
                Ok(done)
            })
            .await?;
        for action in actions {
            action();
        }
        Ok(done)
    }

    /// Returns the same database, with a connection that nobody else uses.
    #[must_use]
    pub fn reserved(&self) -> Self {
        Self(Arc::clone(&self.0), Connections::new(1))
    }

    /// Closes the connections, as soon as they are not in use any more.
    pub async fn close(&self) {
        if let Some(pool) = self.1.pool.get() {
            pool.close().await;
        }
    }

    /// Whether one writes while all others wait.
    #[must_use]
    pub fn has_one_writer(&self) -> bool {
        self.0.address.path.is_some()
    }

    /// How long a request waits for a connection and for its queries, at most.
    #[must_use]
    pub fn patience(&self) -> Duration {
        let limits = self.0.limits;
        limits.wait + limits.query.unwrap_or_default()
    }

    async fn using<T>(
        &self,
        work: impl AsyncFnOnce(&mut AnyConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut connection = self.connection().await?;
        let limit = self.0.limits.query.unwrap_or_default();
        let began = Instant::now();
        let why = match timeout(limit + GRACE, work(&mut connection)).await {
            Ok(Err(Error::Statement(error))) if is_unavailable(&error) => reason(&error),
            Ok(done) => return done,
            Err(_) => String::new(),
        };
        connection.close_on_drop(); // the next one may lead to where it works
        let is_late = began.elapsed() >= limit;
        Err(self.failed(&if is_late {
            format!("not done within {} s", limit.as_secs())
        } else {
            why
        }))
    }

    fn failed(&self, why: &str) -> Error {
        tracing::warn!("the database failed: {why}");
        self.0.keeper.suspect();
        Error::Unavailable
    }

    /// Gets a connection, within DATABASE_WAIT_SECONDS.
    async fn connection(&self) -> Result<PoolConnection<Any>, Error> {
        let shared = &self.0;
        let end = Instant::now() + shared.limits.wait;
        let mut pauses = Pauses::new(LONGEST_PAUSE);
        loop {
            // The log has the reason.
            let up = shared.keeper.until_up().await;
            up.map_err(|_| Error::Unavailable)?;
            let error = match self.pool()?.acquire().await {
                Ok(connection) => return Ok(connection),
                Err(error) if is_unavailable(&error) => error,
                Err(error) => return Err(Error::Statement(error)),
            };
            let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
            if Instant::now() + pause > end {
                return Err(self.failed(&reason(&error)));
            }
            shared.keeper.suspect();
            sleep(pause).await;
        }
    }

    fn pool(&self) -> sqlx::Result<&AnyPool> {
        let Connections { size, pool } = &*self.1;
        match pool.get() {
            Some(pool) => Ok(pool),
            None => {
                let new = connecting::pool(&self.0.address, self.0.limits, *size)?;
                Ok(pool.get_or_init(|| new))
            }
        }
    }
}

//! A round of the worker: all that it has to tell the table and to ask of it, in one transaction.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::retries;
use super::running::Ended;
use super::statements::Words;
use crate::stages::database::Error;

/// A job that was claimed.
pub struct Claimed {
    pub id: String,
    pub kind: String,
    pub payload: String,
    pub attempt: i32,
    pub trace: Option<String>,
}

/// What a round does.
pub struct Plan<'a> {
    pub worker: &'a str,
    pub kinds: String,
    pub lease: Duration,
    pub most_attempts: i32,
    pub ended: &'a [Ended],
    /// Leases to extend: ids with attempts.
    pub beats: Vec<(String, i32)>,
    /// Whether leases that are over are looked for.
    pub expires: bool,
    /// How many can be started.
    pub free: i64,
}

/// What became of a job that has ended.
pub enum End {
    Done,
    Again(Duration),
    Dead,
    /// It is another worker's, or gone.
    Lost,
}

/// A job whose worker did not come back.
pub struct Expired {
    pub id: String,
    pub kind: String,
    pub reason: String,
    pub is_dead: bool,
}

/// What a round has found.
pub struct Found {
    /// In the order of `Plan::ended`.
    pub ends: Vec<End>,
    /// The ids of those whose lease could not be extended.
    pub lost: HashSet<String>,
    pub expired: Vec<Expired>,
    pub claimed: Vec<Claimed>,
}

impl Plan<'_> {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let claims = !self.kinds.is_empty() && (self.free > 0 || self.expires);
        self.ended.is_empty() && self.beats.is_empty() && !claims
    }

    /// Does it, within a transaction.
    ///
    /// # Errors
    ///
    /// If the database does not do it.
    pub async fn perform(&self, connection: &mut AnyConnection) -> Result<Found, Error> {
        let words = Words::of(connection);
        let ends = self.end(connection, words).await?;
        let lost = self.beat(connection, words).await?;
        let mut found = Found {
            ends,
            lost,
            expired: Vec::new(),
            claimed: Vec::new(),
        };
        if !self.kinds.is_empty() && self.expires {
            found.expired = self.expire(connection, words).await?;
        }
        if !self.kinds.is_empty() && self.free > 0 {
            found.claimed = self.claim(connection, words).await?;
        }
        Ok(found)
    }

    async fn end(&self, connection: &mut AnyConnection, words: Words) -> sqlx::Result<Vec<End>> {
        let done = self.ended.iter().filter(|ended| ended.failure.is_none());
        let done: Vec<_> = done
            .map(|ended| (ended.id.clone(), ended.attempt))
            .collect();
        let deleted = self.on_own(connection, words.delete(), &done, None).await?;
        let mut ends = Vec::new();
        for ended in self.ended {
            ends.push(match &ended.failure {
                None if deleted.contains(&ended.id) => End::Done,
                None => End::Lost,
                Some(reason) => self.fail(connection, words, ended, reason).await?,
            });
        }
        Ok(ends)
    }

    async fn fail(
        &self,
        connection: &mut AnyConnection,
        words: Words,
        ended: &Ended,
        reason: &str,
    ) -> sqlx::Result<End> {
        let is_last = ended.attempt >= self.most_attempts;
        let pause = if is_last {
            Duration::ZERO
        } else {
            retries::pause(ended.attempt)
        };
        let update = sqlx::query(AssertSqlSafe(words.fail()))
            .bind(if is_last { "dead" } else { "ready" })
            .bind(milliseconds(pause))
            .bind(reason.replace('\0', " ")) // PostgreSQL has no such text
            .bind(ended.id.clone())
            .bind(self.worker.to_owned())
            .bind(ended.attempt);
        let updated = update.execute(connection).await?.rows_affected();
        Ok(match (updated, is_last) {
            (0, _) => End::Lost,
            (_, true) => End::Dead,
            (_, false) => End::Again(pause),
        })
    }

    async fn beat(
        &self,
        connection: &mut AnyConnection,
        words: Words,
    ) -> sqlx::Result<HashSet<String>> {
        let lease = Some(milliseconds(self.lease));
        let kept = self
            .on_own(connection, words.beat(), &self.beats, lease)
            .await?;
        let lost = self.beats.iter().filter(|(id, _)| !kept.contains(id));
        Ok(lost.map(|(id, _)| id.clone()).collect())
    }

    /// Runs a statement on jobs of this worker; returns the ids of those that are still its own.
    async fn on_own(
        &self,
        connection: &mut AnyConnection,
        statement: String,
        jobs: &[(String, i32)],
        lease: Option<i64>,
    ) -> sqlx::Result<HashSet<String>> {
        if jobs.is_empty() {
            return Ok(HashSet::new());
        }
        let ids: Vec<_> = jobs.iter().map(|(id, _)| id.as_str()).collect();
        let attempts = jobs.iter().map(|(id, attempt)| format!("{id}/{attempt}"));
        let attempts: Vec<_> = attempts.collect();
        let mut query = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(ids.join(","))
            .bind(self.worker.to_owned())
            .bind(attempts.join(","));
        if let Some(lease) = lease {
            query = query.bind(lease);
        }
        let own: Vec<String> = query.fetch_all(connection).await?;
        Ok(own.into_iter().collect())
    }

    async fn expire(
        &self,
        connection: &mut AnyConnection,
        words: Words,
    ) -> sqlx::Result<Vec<Expired>> {
        let update = sqlx::query(AssertSqlSafe(words.expire()))
            .bind(self.kinds.clone())
            .bind(self.most_attempts)
            .bind(self.most_attempts.to_string());
        let rows = update.fetch_all(connection).await?;
        let expired = rows.iter().map(|row| {
            Ok(Expired {
                id: row.try_get("id")?,
                kind: row.try_get("kind")?,
                reason: row.try_get("reason")?,
                is_dead: row.try_get::<String, _>("state")? == "dead",
            })
        });
        expired.collect()
    }

    async fn claim(
        &self,
        connection: &mut AnyConnection,
        words: Words,
    ) -> sqlx::Result<Vec<Claimed>> {
        let update = sqlx::query(AssertSqlSafe(words.claim()))
            .bind(self.kinds.clone())
            .bind(self.worker.to_owned())
            .bind(milliseconds(self.lease))
            .bind(self.free);
        let rows = update.fetch_all(connection).await?;
        let claimed = rows.iter().map(|row| {
            Ok(Claimed {
                id: row.try_get("id")?,
                kind: row.try_get("kind")?,
                payload: row.try_get("payload")?,
                attempt: row.try_get("attempts")?,
                trace: row.try_get("trace")?,
            })
        });
        claimed.collect()
    }
}

/// Gives jobs back whose handlers were cancelled: their attempts do not count.
///
/// # Errors
///
/// If the database does not do it.
pub async fn give_back(
    connection: &mut AnyConnection,
    worker: &str,
    jobs: &[(String, i32)],
) -> Result<(), Error> {
    let words = Words::of(connection);
    for (id, attempt) in jobs {
        let update = sqlx::query(AssertSqlSafe(words.give_back()))
            .bind(id.clone())
            .bind(worker.to_owned())
            .bind(*attempt);
        update.execute(&mut *connection).await?;
    }
    Ok(())
}

pub fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

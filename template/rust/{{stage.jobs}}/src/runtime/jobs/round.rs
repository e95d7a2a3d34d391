//! A round of the worker: all that it has to tell the table and to ask of it, in one transaction.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::retries;
use super::running::Ended;
use super::statements::{Words, json, octets, text};
use crate::stages::database::Error;

/// A job that was claimed.
pub struct Claimed {
    pub id: String,
    pub kind: String,
    pub payload: Vec<u8>,
    pub attempt: i32,
    pub trace: Option<String>,
}

/// What a round does.
pub struct Plan<'a> {
    pub worker: &'a str,
    pub kinds: &'a [String],
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

/// What became of a job that did not run here.
pub struct Noted {
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
    pub noted: Vec<Noted>,
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
            noted: Vec::new(),
            claimed: Vec::new(),
        };
        if !self.kinds.is_empty() && self.expires {
            found.noted = self.expire(connection, words).await?;
        }
        if !self.kinds.is_empty() && self.free > 0 {
            self.claim(connection, words, &mut found).await?;
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
        let is_last = ended.is_damaged || ended.attempt >= self.most_attempts;
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
        let mut query = sqlx::query(AssertSqlSafe(statement))
            .bind(json(&ids))
            .bind(self.worker.to_owned())
            .bind(json(&attempts));
        if let Some(lease) = lease {
            query = query.bind(lease);
        }
        let own = query.fetch_all(connection).await?;
        own.iter().map(|row| text(row, "id")).collect()
    }

    async fn expire(
        &self,
        connection: &mut AnyConnection,
        words: Words,
    ) -> sqlx::Result<Vec<Noted>> {
        let update = sqlx::query(AssertSqlSafe(words.expire()))
            .bind(json(self.kinds))
            .bind(self.most_attempts)
            .bind(self.most_attempts.to_string());
        let mut rows = update.fetch_all(&mut *connection).await?;
        let bury = sqlx::query(AssertSqlSafe(words.bury())).bind(json(self.kinds));
        rows.extend(bury.fetch_all(connection).await?);
        let expired = rows.iter().map(|row| {
            Ok(Noted {
                id: text(row, "id")?,
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
        found: &mut Found,
    ) -> sqlx::Result<()> {
        let update = sqlx::query(AssertSqlSafe(words.claim()))
            .bind(json(self.kinds))
            .bind(self.worker.to_owned())
            .bind(milliseconds(self.lease))
            .bind(self.free);
        for row in update.fetch_all(connection).await? {
            let (id, kind) = (text(&row, "id")?, row.try_get("kind")?);
            if row.try_get::<String, _>("state")? == "dead" {
                found.noted.push(Noted {
                    id,
                    kind,
                    reason: text(&row, "reason")?,
                    is_dead: true,
                });
                continue;
            }
            found.claimed.push(Claimed {
                id,
                kind,
                payload: octets(&row, "payload")?,
                attempt: row.try_get("attempts")?,
                trace: Some(text(&row, "trace")?).filter(|trace| !trace.is_empty()),
            });
        }
        Ok(())
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

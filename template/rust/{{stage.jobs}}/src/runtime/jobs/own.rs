//! What a round tells the table of jobs that are the worker's own.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::{AnyConnection, AssertSqlSafe};

use super::retries;
use super::round::{End, Plan, milliseconds};
use super::running::Ended;
use super::statements::{Words, json, text};
use crate::stages::database::Error;

impl Plan<'_> {
    pub(super) async fn end(
        &self,
        connection: &mut AnyConnection,
        words: Words,
    ) -> sqlx::Result<Vec<End>> {
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

    pub(super) async fn beat(
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

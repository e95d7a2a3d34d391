//! What the command says of the jobs, and does with dead ones.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::statements::Words;

/// What PostgreSQL calls a table that is not there, and how SQLite says so.
const MISSING: &str = "42P01";
const NO_TABLE: &str = "no such table";
/// Jobs that run are listed, up to so many.
const MOST: i64 = 100;

/// Tells whether the table is missing.
#[must_use]
pub fn is_missing(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.code().as_deref() == Some(MISSING) || error.message().starts_with(NO_TABLE)
    })
}

/// A job that failed for good.
#[derive(Serialize)]
pub struct Dead {
    id: String,
    kind: String,
    attempts: i32,
    reason: Option<String>,
    /// In seconds, since it was enqueued.
    age: i64,
}

impl fmt::Display for Dead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            kind,
            attempts,
            reason,
            age,
        } = self;
        let reason = on_a_line(reason.as_deref().unwrap_or_default());
        write!(f, "{id} {kind}, {attempts} attempts, {age} s old: {reason}")
    }
}

/// Returns a text without what a terminal would act on.
fn on_a_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Counts the jobs of each kind, and lists those that run.
///
/// # Errors
///
/// If the database does not say it.
pub async fn status(connection: &mut AnyConnection) -> sqlx::Result<Vec<String>> {
    let now = Words::of(connection).now();
    let mut lines = counts(connection).await?;
    let oldest = format!(
        "SELECT ({now} - run_at) / 1000 AS age, kind, id FROM jobs \
         WHERE state = 'ready' AND run_at <= {now} ORDER BY run_at LIMIT 1"
    );
    let oldest = sqlx::query(AssertSqlSafe(oldest));
    if let Some(row) = oldest.fetch_optional(&mut *connection).await? {
        let (age, kind, id): (i64, String, String) = (
            row.try_get("age")?,
            row.try_get("kind")?,
            row.try_get("id")?,
        );
        lines.push(format!("waiting for {age} s: {kind} {id}"));
    }
    let running = format!(
        "SELECT kind, id, attempts, worker, lease_until - {now} AS lease FROM jobs \
         WHERE state = 'running' ORDER BY lease_until LIMIT {MOST}"
    );
    for row in sqlx::query(AssertSqlSafe(running))
        .fetch_all(connection)
        .await?
    {
        let (kind, id): (String, String) = (row.try_get("kind")?, row.try_get("id")?);
        let (attempts, worker): (i32, Option<String>) =
            (row.try_get("attempts")?, row.try_get("worker")?);
        let lease: Option<i64> = row.try_get("lease")?;
        let lease = match lease.unwrap_or_default() {
            left if left > 0 => format!("lease for {} s", left / 1000),
            over => format!("lease over for {} s", -over / 1000),
        };
        let worker = worker.unwrap_or_default();
        lines.push(format!(
            "running: {kind} {id}, attempt {attempts}, at {worker}, {lease}"
        ));
    }
    Ok(lines)
}

async fn counts(connection: &mut AnyConnection) -> sqlx::Result<Vec<String>> {
    let counts = "SELECT kind, state, count(*) AS jobs FROM jobs GROUP BY kind, state";
    let mut kinds: BTreeMap<String, [i64; 3]> = BTreeMap::new();
    for row in sqlx::query(counts).fetch_all(connection).await? {
        let state: String = row.try_get("state")?;
        let states = ["ready", "running", "dead"];
        let place = states.iter().position(|known| *known == state);
        let of_kind = kinds.entry(row.try_get("kind")?).or_default();
        if let Some(place) = place {
            of_kind[place] = row.try_get("jobs")?;
        }
    }
    let lines = kinds.iter().map(|(kind, [ready, running, dead])| {
        format!("{kind}: {ready} ready, {running} running, {dead} dead")
    });
    Ok(lines.collect())
}

/// Lists the dead jobs, the oldest first.
///
/// # Errors
///
/// If the database does not say it.
pub async fn dead(connection: &mut AnyConnection) -> sqlx::Result<Vec<Dead>> {
    let now = Words::of(connection).now();
    let select = format!(
        "SELECT id, kind, attempts, reason, ({now} - created_at) / 1000 AS age FROM jobs \
         WHERE state = 'dead' ORDER BY created_at, id"
    );
    let rows = sqlx::query(AssertSqlSafe(select));
    let rows = rows.fetch_all(connection).await?;
    let all = rows.iter().map(|row| {
        Ok(Dead {
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            attempts: row.try_get("attempts")?,
            reason: row.try_get("reason")?,
            age: row.try_get("age")?,
        })
    });
    all.collect()
}

/// Has a dead job run again; returns how many there were.
///
/// # Errors
///
/// If the database does not do it.
pub async fn retry(connection: &mut AnyConnection, id: &str) -> sqlx::Result<u64> {
    let update = format!("{} AND id = $1", revive(connection));
    let update = sqlx::query(AssertSqlSafe(update)).bind(id.to_owned());
    Ok(update.execute(connection).await?.rows_affected())
}

/// Has all dead jobs run again; returns how many there were.
///
/// # Errors
///
/// If the database does not do it.
pub async fn retry_all(connection: &mut AnyConnection) -> sqlx::Result<u64> {
    let update = sqlx::query(AssertSqlSafe(revive(connection)));
    Ok(update.execute(connection).await?.rows_affected())
}

fn revive(connection: &AnyConnection) -> String {
    let now = Words::of(connection).now();
    format!(
        "UPDATE jobs SET state = 'ready', attempts = 0, run_at = {now}, reason = NULL \
         WHERE state = 'dead'"
    )
}

/// Deletes a dead job; returns how many there were.
///
/// # Errors
///
/// If the database does not do it.
pub async fn drop_dead(connection: &mut AnyConnection, id: &str) -> sqlx::Result<u64> {
    let delete = sqlx::query("DELETE FROM jobs WHERE state = 'dead' AND id = $1");
    let deleted = delete.bind(id.to_owned()).execute(connection).await?;
    Ok(deleted.rows_affected())
}

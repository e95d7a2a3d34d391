//! What the command says of the jobs, and does with dead ones.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::statements::{Words, text};

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
    attempts: i64,
    reason: String,
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
        let reason = on_a_line(reason);
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
    let words = Words::of(connection);
    let now = words.now();
    let [id, kind, worker] = ["id", "kind", "worker"].map(|column| words.octets(column));
    let mut lines = counts(connection).await?;
    let oldest = format!(
        "SELECT CAST(({now} - run_at) / 1000 AS BIGINT) AS age, {kind}, {id} FROM jobs \
         WHERE state = 'ready' AND run_at <= {now} ORDER BY run_at LIMIT 1"
    );
    let oldest = sqlx::query(AssertSqlSafe(oldest));
    if let Some(row) = oldest.fetch_optional(&mut *connection).await? {
        let age: i64 = row.try_get("age")?;
        let (kind, id) = (text(&row, "kind")?, text(&row, "id")?);
        lines.push(format!("waiting for {age} s: {kind} {id}"));
    }
    let running = format!(
        "SELECT {kind}, {id}, CAST(attempts AS BIGINT) AS attempts, {worker}, \
         CAST(lease_until - {now} AS BIGINT) AS lease FROM jobs \
         WHERE state = 'running' ORDER BY lease_until LIMIT {MOST}"
    );
    for row in sqlx::query(AssertSqlSafe(running))
        .fetch_all(connection)
        .await?
    {
        let (kind, id, worker) = (
            text(&row, "kind")?,
            text(&row, "id")?,
            text(&row, "worker")?,
        );
        let attempts: i64 = row.try_get("attempts")?;
        let lease: Option<i64> = row.try_get("lease")?;
        let lease = match lease.unwrap_or_default() {
            left if left > 0 => format!("lease for {} s", left / 1000),
            over => format!("lease over for {} s", -over / 1000),
        };
        lines.push(format!(
            "running: {kind} {id}, attempt {attempts}, at {worker}, {lease}"
        ));
    }
    Ok(lines)
}

async fn counts(connection: &mut AnyConnection) -> sqlx::Result<Vec<String>> {
    let words = Words::of(connection);
    let counts = format!(
        "SELECT {}, {}, count(*) AS jobs FROM jobs GROUP BY jobs.kind, jobs.state",
        words.octets("kind"),
        words.octets("state")
    );
    let mut kinds: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for row in sqlx::query(AssertSqlSafe(counts))
        .fetch_all(connection)
        .await?
    {
        let of_kind = kinds.entry(text(&row, "kind")?).or_default();
        *of_kind.entry(text(&row, "state")?).or_default() += row.try_get::<i64, _>("jobs")?;
    }
    let lines = kinds.into_iter().map(|(kind, mut states)| {
        let known = ["ready", "running", "dead"].map(|state| {
            let count = states.remove(state).unwrap_or_default();
            format!("{count} {state}")
        });
        let unknown = states.iter().map(|(state, count)| {
            let state = on_a_line(state);
            format!(", {count} in the unknown state \"{state}\"")
        });
        format!(
            "{}: {}{}",
            on_a_line(&kind),
            known.join(", "),
            unknown.collect::<String>()
        )
    });
    Ok(lines.collect())
}

/// Lists the dead jobs, the oldest first.
///
/// # Errors
///
/// If the database does not say it.
pub async fn dead(connection: &mut AnyConnection) -> sqlx::Result<Vec<Dead>> {
    let words = Words::of(connection);
    let [id, kind, reason] = ["id", "kind", "reason"].map(|column| words.octets(column));
    let select = format!(
        "SELECT {id}, {kind}, CAST(attempts AS BIGINT) AS attempts, {reason}, \
         CAST(({} - created_at) / 1000 AS BIGINT) AS age FROM jobs \
         WHERE state = 'dead' ORDER BY created_at, id",
        words.now()
    );
    let rows = sqlx::query(AssertSqlSafe(select));
    let rows = rows.fetch_all(connection).await?;
    let all = rows.iter().map(|row| {
        Ok(Dead {
            id: text(row, "id")?,
            kind: text(row, "kind")?,
            attempts: row.try_get("attempts")?,
            reason: text(row, "reason")?,
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

//! Looks at all of the table, now and then: for the metrics, and for jobs that nobody here can do.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::statements::{Words, json, text};
use crate::stages::database::Error;

const MOST: i64 = 100;

/// What is in the table.
pub struct Survey {
    /// Ready and due, or left by a worker.
    pub waiting: i64,
    pub dead: i64,
    /// Kinds that wait and have no handler here.
    pub kinds: Vec<String>,
    /// Those that no worker knows.
    pub states: Vec<String>,
}

/// Counts, and lists the kinds that wait and are not among `kinds`.
///
/// # Errors
///
/// If the database does not say it.
pub async fn survey(connection: &mut AnyConnection, kinds: &[String]) -> Result<Survey, Error> {
    let words = Words::of(connection);
    let waits = format!(
        "(state = 'ready' AND run_at <= {} OR state = 'running' AND {})",
        words.now(),
        words.is_over()
    );
    let counts = format!(
        "SELECT (SELECT count(*) FROM jobs WHERE {waits}) AS waiting, \
         (SELECT count(*) FROM jobs WHERE state = 'dead') AS dead"
    );
    let counted = sqlx::query(AssertSqlSafe(counts));
    let counted = counted.fetch_one(&mut *connection).await?;
    let others = format!(
        "SELECT DISTINCT {} FROM jobs WHERE {waits} AND NOT ({}) ORDER BY kind LIMIT $2",
        words.octets("kind"),
        words.is_of("kind", 1)
    );
    let others = sqlx::query(AssertSqlSafe(others))
        .bind(json(kinds))
        .bind(MOST);
    let others = others.fetch_all(&mut *connection).await?;
    // As ranges, which the index has: all between the known ones.
    let unknown = format!(
        "SELECT DISTINCT {} FROM jobs WHERE state < 'dead' OR state > 'dead' AND state < 'ready' \
         OR state > 'ready' AND state < 'running' OR state > 'running' ORDER BY state LIMIT {MOST}",
        words.octets("state")
    );
    let unknown = sqlx::query(AssertSqlSafe(unknown));
    let unknown = unknown.fetch_all(connection).await?;
    Ok(Survey {
        waiting: counted.try_get("waiting")?,
        dead: counted.try_get("dead")?,
        kinds: texts(&others, "kind")?,
        states: texts(&unknown, "state")?,
    })
}

fn texts(rows: &[AnyRow], column: &str) -> sqlx::Result<Vec<String>> {
    rows.iter().map(|row| text(row, column)).collect()
}

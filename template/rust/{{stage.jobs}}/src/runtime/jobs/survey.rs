//! Looks at all of the table, now and then: for the metrics, and for jobs that nobody here can do.

use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::statements::{Words, json, text};
use crate::stages::database::Error;

const MOST_KINDS: i64 = 100;

/// What is in the table.
pub struct Survey {
    /// Ready, and due.
    pub waiting: i64,
    pub dead: i64,
    /// Kinds that are due and have no handler here.
    pub unknown: Vec<String>,
}

/// Counts, and lists the kinds that are due and not among `kinds`.
///
/// # Errors
///
/// If the database does not say it.
pub async fn survey(connection: &mut AnyConnection, kinds: &[String]) -> Result<Survey, Error> {
    let words = Words::of(connection);
    let due = format!("state = 'ready' AND run_at <= {}", words.now());
    let counts = format!(
        "SELECT (SELECT count(*) FROM jobs WHERE {due}) AS waiting, \
         (SELECT count(*) FROM jobs WHERE state = 'dead') AS dead"
    );
    let counted = sqlx::query(AssertSqlSafe(counts));
    let counted = counted.fetch_one(&mut *connection).await?;
    let others = format!(
        "SELECT DISTINCT {} FROM jobs WHERE {due} AND NOT ({}) ORDER BY kind LIMIT $2",
        words.octets("kind"),
        words.is_of("kind", 1)
    );
    let others = sqlx::query(AssertSqlSafe(others))
        .bind(json(kinds))
        .bind(MOST_KINDS);
    let others = others.fetch_all(connection).await?;
    let unknown: sqlx::Result<_> = others.iter().map(|row| text(row, "kind")).collect();
    Ok(Survey {
        waiting: counted.try_get("waiting")?,
        dead: counted.try_get("dead")?,
        unknown: unknown?,
    })
}

//! Enqueues jobs, in the transaction of whoever needs them.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::nudges::nudge;
use super::partners;
use super::runtime::handlers::check;
use super::runtime::ids;
use super::runtime::round::milliseconds;
use super::runtime::statements::Words;
use crate::stages::database::{Error, after_commit, is_reading};

/// Enqueues a job, which runs after `delay` once the transaction of `Database::write` around this
/// has been committed, and never if that is rolled back; returns its id.
///
/// # Errors
///
/// If the database does not keep it, the kind has no proper name, the payload is not JSON, or this
/// is `Database::read`, whose writes are lost.
pub async fn enqueue(
    connection: &mut AnyConnection,
    kind: &str,
    payload: &impl Serialize,
    delay: Duration,
) -> Result<String, Error> {
    check(kind).map_err(refused)?;
    if is_reading() {
        return Err(refused(
            "jobs are enqueued with a connection of Database::write",
        ));
    }
    let payload = serde_json::to_string(payload).map_err(refused)?;
    serde_json::from_str::<Value>(&payload).map_err(refused)?; // a worker could not read it either
    let id = ids::new();
    let insert = sqlx::query(AssertSqlSafe(Words::of(connection).insert()))
        .bind(id.clone())
        .bind(kind.to_owned())
        .bind(payload)
        .bind(milliseconds(delay))
        .bind(partners::trace());
    insert.execute(connection).await?;
    after_commit(nudge);
    Ok(id)
}

fn refused(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Statement(sqlx::Error::Encode(reason.into()))
}

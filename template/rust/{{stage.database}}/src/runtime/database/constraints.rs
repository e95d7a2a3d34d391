//! What the tables of an import promise to each other, and to rows that come after it.

use sqlx::AnyConnection;

use super::failures::reason;
use super::migrations::is_postgresql;
use super::tables::{Obstacle, Table, quote, statement};

const REFERENCES: &str = "SELECT quote_ident(conname) FROM pg_constraint \
     WHERE contype = 'f' AND NOT condeferrable AND conrelid = to_regclass($1)";
const MISSING: &str = "SELECT count(*) FROM pragma_foreign_key_check($1)";
const SEQUENCE: &str = "SELECT pg_get_serial_sequence($1, $2)";

/// Has references checked when all rows are there: one may refer to another that comes later.
///
/// # Errors
///
/// If the database fails.
pub async fn check_last<'a>(
    connection: &mut AnyConnection,
    tables: impl Iterator<Item = &'a Table>,
) -> sqlx::Result<Vec<String>> {
    let mut references = Vec::new();
    if !is_postgresql(connection) {
        return Ok(references);
    }
    for table in tables {
        let names = sqlx::query_scalar(REFERENCES).bind(table.quoted());
        let names: Vec<String> = names.fetch_all(&mut *connection).await?;
        let alter = |name| format!("ALTER TABLE {} ALTER CONSTRAINT {name}", table.quoted());
        references.extend(names.into_iter().map(alter));
    }
    for reference in &references {
        let deferrable = statement(format!("{reference} DEFERRABLE"));
        deferrable.execute(&mut *connection).await?;
    }
    let all = sqlx::raw_sql("SET CONSTRAINTS ALL DEFERRED");
    all.execute(connection).await?;
    Ok(references)
}

/// Checks them, and leaves them as they were.
///
/// # Errors
///
/// If rows refer to others that are not there, or the database fails.
pub async fn check_now<'a>(
    connection: &mut AnyConnection,
    tables: impl Iterator<Item = &'a Table>,
    references: Vec<String>,
) -> Result<(), Obstacle> {
    let dangling = |table: &str| {
        Obstacle::Refused(format!("rows of {table} refer to rows that are not there"))
    };
    if !is_postgresql(connection) {
        for table in tables {
            let missing = sqlx::query_scalar(MISSING).bind(table.name.clone());
            let missing: i64 = missing.fetch_one(&mut *connection).await?;
            if missing > 0 {
                return Err(dangling(&table.name));
            }
        }
        return Ok(());
    }
    let all = sqlx::raw_sql("SET CONSTRAINTS ALL IMMEDIATE");
    if let Err(error) = all.execute(&mut *connection).await {
        return Err(match error.as_database_error() {
            Some(of_key) if of_key.is_foreign_key_violation() => {
                dangling(of_key.table().unwrap_or_default())
            }
            Some(of_key) if of_key.is_unique_violation() => Obstacle::Refused(reason(&error)),
            _ => error.into(),
        });
    }
    for reference in references {
        let as_before = statement(format!("{reference} NOT DEFERRABLE"));
        as_before.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Has the sequences of PostgreSQL go on after the highest number in a table.
///
/// # Errors
///
/// If the database fails.
pub async fn count_on(connection: &mut AnyConnection, table: &Table) -> sqlx::Result<()> {
    if !is_postgresql(connection) {
        return Ok(());
    }
    for name in table.names() {
        let asked = sqlx::query_scalar(SEQUENCE).bind(table.quoted());
        let found: Option<String> = asked
            .bind(name.to_owned())
            .fetch_one(&mut *connection)
            .await?;
        if let Some(sequence) = found {
            let (column, table) = (quote(name), table.quoted());
            let count_on = statement(format!(
                "SELECT setval(CAST($1 AS regclass), highest) \
                 FROM (SELECT max({column}) AS highest FROM {table}) AS found \
                 WHERE highest > coalesce(pg_sequence_last_value(CAST($1 AS regclass)), 0)"
            ));
            count_on.bind(sequence).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

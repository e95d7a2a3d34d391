//! Migrations: numbered steps of the schema, those of each stage apart from all others.
//!
//! Each stage has a table of its own that says how far its part of the schema has come. So it does
//! not matter in which order stages were added, and what one has left behind is in nobody's way.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Error, SqlSafeStr as _, SqlStr};

use super::connecting::LOCK;
use super::failures::is_unavailable;
use super::parts::{NONE, Part, State};

/// Whoever migrates has this advisory lock of PostgreSQL.
const KEY: i64 = 0x7669_7363;
/// What PostgreSQL says when `lock_timeout` is over.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// How lines of a migration end that are for one database alone.
const POSTGRESQL: &str = "-- postgresql";
const SQLITE: &str = "-- sqlite";

/// Returns how far each part has come.
pub async fn states(connection: &mut AnyConnection, parts: &[Part]) -> sqlx::Result<Vec<State>> {
    let mut found = Vec::new();
    for part in parts {
        found.push(State {
            name: part.name,
            number: number(connection, part).await?,
            newest: part.newest(),
        });
    }
    Ok(found)
}

async fn number(connection: &mut AnyConnection, part: &Part) -> sqlx::Result<String> {
    let tables = if is_postgresql(connection) {
        "SELECT count(*) FROM information_schema.tables \
         WHERE table_schema = current_schema() AND table_name = $1"
    } else {
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1"
    };
    let counted = sqlx::query_scalar(tables).bind(part.table());
    let tables: i64 = counted.fetch_one(&mut *connection).await?;
    if tables == 0 {
        return Ok(NONE.into());
    }
    let select = format!("SELECT version_num FROM {}", part.table());
    let selected = sqlx::query_scalar(AssertSqlSafe(select));
    let found: Option<String> = selected.fetch_optional(connection).await?;
    let found = found.unwrap_or_else(|| NONE.into());
    if found.len() == NONE.len() && found.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(found);
    }
    let (table, newest) = (part.table(), part.newest());
    let damaged = format!("{table} is damaged: expected a number like {newest}");
    Err(Error::Decode(damaged.into())) // what it says may be anything: it is not repeated
}

/// Returns a query that finds something if all migrations are applied; none if there are none.
#[must_use]
pub fn applied(parts: &[Part]) -> Option<SqlStr> {
    let having = parts.iter().filter(|part| part.newest() != NONE);
    let numbers = having.map(|part| {
        let (table, newest) = (part.table(), part.newest());
        format!("(SELECT version_num FROM {table}) >= '{newest}'")
    });
    let numbers: Vec<_> = numbers.collect();
    if numbers.is_empty() {
        return None;
    }
    let query = format!("SELECT 1 AS fits WHERE {}", numbers.join(" AND "));
    Some(AssertSqlSafe(Arc::<str>::from(query)).into_sql_str())
}

/// Asks the query of `applied`.
///
/// # Errors
///
/// If the database does not answer.
pub async fn are_applied(connection: &mut AnyConnection, query: SqlStr) -> sqlx::Result<bool> {
    let asked = sqlx::raw_sql(query);
    match asked.fetch_optional(connection).await {
        Ok(found) => Ok(found.is_some()),
        Err(error) if is_unavailable(&error) => Err(error),
        Err(_) => Ok(false), // a table is missing
    }
}

/// Applies what is missing, each migration in a transaction; tells what was done.
///
/// # Errors
///
/// If one fails: then nothing of that is left.
pub async fn upgrade(
    connection: &mut AnyConnection,
    parts: &[Part],
    mut tell: impl FnMut(String),
) -> anyhow::Result<()> {
    for part in parts {
        while let Some(done) = step(connection, part).await? {
            tell(done);
        }
    }
    Ok(())
}

/// Takes back the migrations of a part after `target`; tells what was done.
///
/// # Errors
///
/// If one fails: then all of that is left.
pub async fn downgrade(
    connection: &mut AnyConnection,
    part: &Part,
    target: &str,
    mut tell: impl FnMut(String),
) -> anyhow::Result<()> {
    while let Some(done) = step_back(connection, part, target).await? {
        tell(done);
    }
    Ok(())
}

async fn step(connection: &mut AnyConnection, part: &Part) -> anyhow::Result<Option<String>> {
    let mut transaction = connection.begin_with(begin(connection)).await?;
    lock(&mut transaction).await?;
    let number = number(&mut transaction, part).await?;
    let Some(next) = part.after(&number) else {
        return Ok(None);
    };
    run(&mut transaction, part, next.number, next.up).await?;
    note(&mut transaction, part, next.number).await?;
    transaction.commit().await?;
    Ok(Some(format!("migrated {} to {}", part.name, next.number)))
}

async fn step_back(
    connection: &mut AnyConnection,
    part: &Part,
    target: &str,
) -> anyhow::Result<Option<String>> {
    let mut transaction = connection.begin_with(begin(connection)).await?;
    lock(&mut transaction).await?;
    let number = number(&mut transaction, part).await?;
    if number.as_str() <= target {
        return Ok(None);
    }
    let mut known = part.migrations.iter();
    let Some(last) = known.find(|known| known.number == number) else {
        bail!(
            "{} {number} is not in this code, which cannot take it back",
            part.name
        );
    };
    run(&mut transaction, part, last.number, last.down).await?;
    let before = part.before(&number);
    note(&mut transaction, part, before).await?;
    transaction.commit().await?;
    Ok(Some(format!("took {} back to {before}", part.name)))
}

async fn run(
    connection: &mut AnyConnection,
    part: &Part,
    number: &str,
    statements: &'static str,
) -> anyhow::Result<()> {
    let other = if is_postgresql(connection) {
        SQLITE
    } else {
        POSTGRESQL
    };
    let fitting = AssertSqlSafe(without(statements, other));
    let run = sqlx::raw_sql(fitting).execute(connection).await;
    run.map(drop)
        .with_context(|| format!("{} {number}", part.name))
}

/// Leaves out the lines that end with a mark.
fn without(statements: &str, mark: &str) -> String {
    let lines = statements.lines();
    let fitting = lines.filter(|line| !line.trim_end().ends_with(mark));
    fitting.collect::<Vec<_>>().join("\n")
}

/// Writes down how far a part has come; a part that is taken back leaves nothing.
async fn note(connection: &mut AnyConnection, part: &Part, number: &str) -> sqlx::Result<()> {
    let table = part.table();
    if number == NONE {
        let drop = AssertSqlSafe(format!("DROP TABLE {table}"));
        return sqlx::raw_sql(drop).execute(connection).await.map(|_| ());
    }
    let emptied = format!(
        "CREATE TABLE IF NOT EXISTS {table} \
         (version_num VARCHAR(32) NOT NULL, PRIMARY KEY (version_num)); DELETE FROM {table}"
    );
    let emptied = sqlx::raw_sql(AssertSqlSafe(emptied));
    emptied.execute(&mut *connection).await?;
    let insert = AssertSqlSafe(format!("INSERT INTO {table} (version_num) VALUES ($1)"));
    let insert = sqlx::query(insert).bind(number.to_owned());
    insert.execute(connection).await.map(drop)
}

/// Waits until nobody else migrates. SQLite has one writer at a time anyway.
///
/// # Errors
///
/// If that takes too long: then the error says what to do.
pub async fn lock(connection: &mut AnyConnection) -> sqlx::Result<()> {
    if !is_postgresql(connection) {
        return Ok(());
    }
    let seconds = LOCK.as_secs();
    let lock =
        format!("SET LOCAL lock_timeout = '{seconds}s'; SELECT pg_advisory_xact_lock({KEY})");
    let locked = sqlx::raw_sql(AssertSqlSafe(lock)).execute(connection).await;
    locked.map(drop).map_err(|error| match &error {
        Error::Database(cause) if cause.code().as_deref() == Some(LOCK_NOT_AVAILABLE) => {
            Error::Decode(held(seconds).into())
        }
        _ => error,
    })
}

fn held(seconds: u64) -> String {
    format!(
        "another session has had the lock of migrations for {seconds} s: if no replica migrates, \
         SELECT pid, application_name, client_addr, state FROM pg_stat_activity JOIN pg_locks \
         USING (pid) WHERE locktype = 'advisory' AND objid = {KEY} AND granted AND datname = \
         current_database() shows whose it is, and SELECT pg_terminate_backend(PID) ends it"
    )
}

/// SQLite refuses at once to let a transaction write that has read what another one has changed
/// since. One that writes takes its turn when it begins.
pub fn begin(connection: &AnyConnection) -> &'static str {
    if is_postgresql(connection) {
        "BEGIN"
    } else {
        "BEGIN IMMEDIATE"
    }
}

#[must_use]
pub fn is_postgresql(connection: &AnyConnection) -> bool {
    connection.backend_name() == "PostgreSQL"
}

//! The statements on the table of jobs, in the words of each database. The times are its own.

use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

const DAMAGED: &str = "its row is damaged: nobody writes such a value of ";

/// What differs between the databases.
#[derive(Clone, Copy)]
pub struct Words {
    is_postgresql: bool,
}

impl Words {
    #[must_use]
    pub fn of(connection: &AnyConnection) -> Self {
        let is_postgresql = connection.backend_name() == "PostgreSQL";
        Self { is_postgresql }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub fn now(self) -> &'static str {
        if self.is_postgresql {
            "CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT)"
        } else {
            "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"
        }
    }

    /// Whether `value` is one of those that parameter `number` lists, as JSON.
    #[must_use]
    pub fn is_of(self, value: &str, number: u8) -> String {
        if self.is_postgresql {
            let list = format!("SELECT json_array_elements_text(CAST(${number} AS json))");
            return format!("{value} = ANY(ARRAY({list}))");
        }
        format!("{value} IN (SELECT value FROM json_each(${number}))")
    }

    /// What `octets` reads of a column with a text: in SQLite, it may be anything.
    #[must_use]
    pub fn octets(self, column: &str) -> String {
        if self.is_postgresql {
            return column.to_owned();
        }
        format!("CAST({column} AS BLOB) AS {column}")
    }

    /// Names a column whose value no worker can have written; NULL where there is none.
    fn damage(self) -> &'static str {
        if self.is_postgresql {
            return "CASE WHEN attempts NOT BETWEEN 0 AND 2147483646 THEN 'attempts' END";
        }
        "CASE WHEN attempts NOT BETWEEN 0 AND 2147483646 OR typeof(attempts) <> 'integer' \
         THEN 'attempts' WHEN typeof(payload) <> 'text' THEN 'payload' \
         WHEN typeof(id) <> 'text' THEN 'id' \
         WHEN typeof(trace) NOT IN ('text', 'null') THEN 'trace' END"
    }

    /// Whether a lease is over; one that says nothing is.
    #[must_use]
    pub fn is_over(self) -> String {
        let now = self.now();
        format!("coalesce(CAST(lease_until AS BIGINT), 0) <= {now}")
    }

    /// Takes jobs that nobody else is taking at this moment. PostgreSQL makes the list once, and
    /// locks no more than that; SQLite has one writer at a time.
    fn is_taken(self, where_and_limit: &str) -> String {
        if self.is_postgresql {
            let select = format!("SELECT id FROM jobs WHERE {where_and_limit}");
            format!("id = ANY(ARRAY({select} FOR UPDATE SKIP LOCKED))")
        } else {
            // An id may be NULL here.
            format!("rowid IN (SELECT rowid FROM jobs WHERE {where_and_limit})")
        }
    }

    /// $1 id, $2 kind, $3 payload, $4 delay, $5 trace.
    #[must_use]
    pub fn insert(self) -> String {
        let now = self.now();
        format!(
            "INSERT INTO jobs (id, kind, payload, state, attempts, run_at, trace, created_at) \
             VALUES ($1, $2, $3, 'ready', 0, {now} + $4, $5, {now})"
        )
    }

    /// $1 ids, $2 worker, $3 ids with attempts.
    #[must_use]
    pub fn delete(self) -> String {
        format!(
            "DELETE FROM jobs WHERE {} AND worker = $2 AND {} RETURNING {}",
            self.is_of("id", 1),
            self.is_of("id || '/' || attempts", 3),
            self.octets("id")
        )
    }

    /// $1 state, $2 pause, $3 reason, $4 id, $5 worker, $6 attempts.
    #[must_use]
    pub fn fail(self) -> String {
        format!(
            "UPDATE jobs SET state = $1, run_at = {} + $2, reason = $3, worker = NULL, \
             lease_until = NULL WHERE id = $4 AND worker = $5 AND attempts = $6",
            self.now()
        )
    }

    /// $1 id, $2 worker, $3 attempts.
    #[must_use]
    pub fn give_back(self) -> String {
        format!(
            "UPDATE jobs SET state = 'ready', run_at = {}, attempts = attempts - 1, worker = NULL, \
             lease_until = NULL WHERE id = $1 AND worker = $2 AND attempts = $3",
            self.now()
        )
    }

    /// $1 ids, $2 worker, $3 ids with attempts, $4 lease.
    #[must_use]
    pub fn beat(self) -> String {
        format!(
            "UPDATE jobs SET lease_until = {} + $4 WHERE {} AND worker = $2 AND {} RETURNING {}",
            self.now(),
            self.is_of("id", 1),
            self.is_of("id || '/' || attempts", 3),
            self.octets("id")
        )
    }

    /// $1 kinds, $2 most attempts, $3 the same as text.
    #[must_use]
    pub fn expire(self) -> String {
        let over = format!(
            "state = 'running' AND {} AND {}",
            self.is_over(),
            self.is_of("kind", 1)
        );
        format!(
            "UPDATE jobs SET state = CASE WHEN attempts >= $2 THEN 'dead' ELSE 'ready' END, \
             reason = 'its worker did not come back (attempt ' || CAST(attempts AS INTEGER) \
             || ' of ' || $3 || ')', worker = NULL, lease_until = NULL WHERE {} \
             RETURNING {}, kind, state, reason",
            self.is_taken(&over),
            self.octets("id")
        )
    }

    /// $1 kinds, of which some are never due, because SQLite has no number for when: all that is
    /// none comes after the largest.
    #[must_use]
    pub fn bury(self) -> String {
        format!(
            "UPDATE jobs SET state = 'dead', reason = '{DAMAGED}run_at' \
             WHERE state = 'ready' AND run_at > {LATEST} AND {} RETURNING {}, kind, state, reason",
            self.is_of("kind", 1),
            self.octets("id"),
            LATEST = i64::MAX
        )
    }

    /// $1 kinds, $2 worker, $3 lease, $4 how many. A job whose row is damaged is dead instead.
    #[must_use]
    pub fn claim(self) -> String {
        let (now, damage) = (self.now(), self.damage());
        let due = format!(
            "state = 'ready' AND run_at <= {now} AND {} ORDER BY run_at LIMIT $4",
            self.is_of("kind", 1)
        );
        let returned = ["id", "payload", "reason", "trace"].map(|column| self.octets(column));
        format!(
            "UPDATE jobs SET state = CASE WHEN {damage} IS NULL THEN 'running' ELSE 'dead' END, \
             attempts = CASE {damage} WHEN 'attempts' THEN 0 ELSE attempts + 1 END, \
             worker = CASE WHEN {damage} IS NULL THEN $2 END, \
             lease_until = CASE WHEN {damage} IS NULL THEN {now} + $3 END, \
             reason = CASE WHEN {damage} IS NULL THEN reason \
             ELSE '{DAMAGED}' || {damage} END \
             WHERE {} RETURNING kind, state, attempts, {}",
            self.is_taken(&due),
            returned.join(", ")
        )
    }
}

/// Lists values for `Words::is_of`.
#[must_use]
pub fn json(values: &[impl Serialize]) -> String {
    serde_json::to_string(values).unwrap_or_default()
}

/// Reads what `Words::octets` asks for; nothing of NULL.
///
/// # Errors
///
/// If there is no such column.
pub fn octets(row: &AnyRow, column: &str) -> sqlx::Result<Vec<u8>> {
    let found: sqlx::Result<Option<Vec<u8>>> = row.try_get(column);
    let found = found.or_else(|_| {
        let text: Option<String> = row.try_get(column)?; // with PostgreSQL, it is a text
        Ok::<_, sqlx::Error>(text.map(String::into_bytes))
    });
    found.map(Option::unwrap_or_default)
}

/// Reads the same as a text: one that could not be read would hide all others.
///
/// # Errors
///
/// If there is no such column.
pub fn text(row: &AnyRow, column: &str) -> sqlx::Result<String> {
    let found = octets(row, column)?;
    Ok(String::from_utf8_lossy(&found).into_owned())
}

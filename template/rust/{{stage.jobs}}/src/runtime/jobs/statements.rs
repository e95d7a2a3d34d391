//! The statements on the table of jobs, in the words of each database. The times are its own.

use sqlx::AnyConnection;

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

    /// Whether `value` is one of those that parameter `number` lists, with commas.
    #[must_use]
    pub fn is_of(self, value: &str, number: u8) -> String {
        if self.is_postgresql {
            return format!("{value} = ANY(string_to_array(${number}, ','))");
        }
        let list = format!(r#"'["' || replace(${number}, ',', '","') || '"]'"#);
        format!("{value} IN (SELECT value FROM json_each({list}))")
    }

    /// Takes jobs that nobody else is taking at this moment. PostgreSQL makes the list once, and
    /// locks no more than that; SQLite has one writer at a time.
    fn is_taken(self, where_and_limit: &str) -> String {
        let select = format!("SELECT id FROM jobs WHERE {where_and_limit}");
        if self.is_postgresql {
            format!("id = ANY(ARRAY({select} FOR UPDATE SKIP LOCKED))")
        } else {
            format!("id IN ({select})")
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
            "DELETE FROM jobs WHERE {} AND worker = $2 AND {} RETURNING id",
            self.is_of("id", 1),
            self.is_of("id || '/' || attempts", 3)
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
            "UPDATE jobs SET lease_until = {} + $4 WHERE {} AND worker = $2 AND {} RETURNING id",
            self.now(),
            self.is_of("id", 1),
            self.is_of("id || '/' || attempts", 3)
        )
    }

    /// $1 kinds, $2 most attempts, $3 the same as text.
    #[must_use]
    pub fn expire(self) -> String {
        let over = format!(
            "state = 'running' AND lease_until <= {} AND {}",
            self.now(),
            self.is_of("kind", 1)
        );
        format!(
            "UPDATE jobs SET state = CASE WHEN attempts >= $2 THEN 'dead' ELSE 'ready' END, \
             reason = 'its worker did not come back (attempt ' || attempts || ' of ' || $3 || ')', \
             worker = NULL, lease_until = NULL WHERE {} RETURNING id, kind, attempts, state, reason",
            self.is_taken(&over)
        )
    }

    /// $1 kinds, $2 worker, $3 lease, $4 how many.
    #[must_use]
    pub fn claim(self) -> String {
        let now = self.now();
        let due = format!(
            "state = 'ready' AND run_at <= {now} AND {} ORDER BY run_at LIMIT $4",
            self.is_of("kind", 1)
        );
        format!(
            "UPDATE jobs SET state = 'running', attempts = attempts + 1, worker = $2, \
             lease_until = {now} + $3 WHERE {} RETURNING id, kind, payload, attempts, trace",
            self.is_taken(&due)
        )
    }
}

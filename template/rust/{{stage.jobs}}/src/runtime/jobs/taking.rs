//! What a round takes: leases that are over, and jobs that are due.

use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::round::{Claimed, Found, Noted, Plan, milliseconds};
use super::statements::{Words, json, octets, text};

impl Plan<'_> {
    pub(super) async fn expire(
        &self,
        connection: &mut AnyConnection,
        words: Words,
    ) -> sqlx::Result<Vec<Noted>> {
        let update = sqlx::query(AssertSqlSafe(words.expire()))
            .bind(json(self.kinds))
            .bind(self.most_attempts)
            .bind(self.most_attempts.to_string());
        let mut rows = update.fetch_all(&mut *connection).await?;
        let bury = sqlx::query(AssertSqlSafe(words.bury())).bind(json(self.kinds));
        rows.extend(bury.fetch_all(connection).await?);
        let expired = rows.iter().map(|row| {
            Ok(Noted {
                id: text(row, "id")?,
                kind: row.try_get("kind")?,
                reason: row.try_get("reason")?,
                is_dead: row.try_get::<String, _>("state")? == "dead",
            })
        });
        expired.collect()
    }

    pub(super) async fn claim(
        &self,
        connection: &mut AnyConnection,
        words: Words,
        found: &mut Found,
    ) -> sqlx::Result<()> {
        let update = sqlx::query(AssertSqlSafe(words.claim()))
            .bind(json(self.kinds))
            .bind(self.worker.to_owned())
            .bind(milliseconds(self.lease))
            .bind(self.free);
        for row in update.fetch_all(connection).await? {
            let (id, kind) = (text(&row, "id")?, row.try_get("kind")?);
            if row.try_get::<String, _>("state")? == "dead" {
                found.noted.push(Noted {
                    id,
                    kind,
                    reason: text(&row, "reason")?,
                    is_dead: true,
                });
                continue;
            }
            found.claimed.push(Claimed {
                id,
                kind,
                payload: octets(&row, "payload")?,
                attempt: row.try_get("attempts")?,
                trace: Some(text(&row, "trace")?).filter(|trace| !trace.is_empty()),
            });
        }
        Ok(())
    }
}

//! A round of the worker: all that it has to tell the table and to ask of it, in one transaction.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::AnyConnection;

use super::running::Ended;
use super::statements::Words;
use crate::stages::database::Error;

/// A job that was claimed.
pub struct Claimed {
    pub id: String,
    pub kind: String,
    pub payload: Vec<u8>,
    pub attempt: i32,
    pub trace: Option<String>,
}

/// What a round does.
pub struct Plan<'a> {
    pub worker: &'a str,
    pub kinds: &'a [String],
    pub lease: Duration,
    pub most_attempts: i32,
    pub ended: &'a [Ended],
    /// Leases to extend: ids with attempts.
    pub beats: Vec<(String, i32)>,
    /// Whether leases that are over are looked for.
    pub expires: bool,
    /// How many can be started.
    pub free: i64,
}

/// What became of a job that has ended.
pub enum End {
    Done,
    Again(Duration),
    Dead,
    /// It is another worker's, or gone.
    Lost,
}

/// What became of a job that did not run here.
pub struct Noted {
    pub id: String,
    pub kind: String,
    pub reason: String,
    pub is_dead: bool,
}

/// What a round has found.
pub struct Found {
    /// In the order of `Plan::ended`.
    pub ends: Vec<End>,
    /// The ids of those whose lease could not be extended.
    pub lost: HashSet<String>,
    pub noted: Vec<Noted>,
    pub claimed: Vec<Claimed>,
}

impl Plan<'_> {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let claims = !self.kinds.is_empty() && (self.free > 0 || self.expires);
        self.ended.is_empty() && self.beats.is_empty() && !claims
    }

    /// Does it, within a transaction.
    ///
    /// # Errors
    ///
    /// If the database does not do it.
    pub async fn perform(&self, connection: &mut AnyConnection) -> Result<Found, Error> {
        let words = Words::of(connection);
        let ends = self.end(connection, words).await?;
        let lost = self.beat(connection, words).await?;
        let mut found = Found {
            ends,
            lost,
            noted: Vec::new(),
            claimed: Vec::new(),
        };
        if !self.kinds.is_empty() && self.expires {
            found.noted = self.expire(connection, words).await?;
        }
        if !self.kinds.is_empty() && self.free > 0 {
            self.claim(connection, words, &mut found).await?;
        }
        Ok(found)
    }
}

pub fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

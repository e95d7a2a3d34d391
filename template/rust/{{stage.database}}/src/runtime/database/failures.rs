//! What errors of a database mean, and how they are said in one line.

use sqlx::Error;
use sqlx::error::DatabaseError;

/// Classes of SQLSTATE that are no fault of a statement: connection, authorization, name of the
/// database, rollback of a transaction, resources, locks, intervention, system.
const CLASSES: [&str; 9] = ["08", "28", "3D", "40", "53", "54", "55", "57", "58"];

/// What a server says that another one has taken over from.
const READ_ONLY: &str = "25006";

/// Those of SQLite: busy, locked, read-only, interrupted, input and output, corrupt, full, cannot
/// open, no database.
const SQLITE: [u32; 9] = [5, 6, 8, 9, 10, 11, 13, 14, 26];

/// Tells whether the database, not a statement, is why something failed.
#[must_use]
pub fn is_unavailable(error: &Error) -> bool {
    match error {
        Error::Database(error) => is_of_database(&**error),
        Error::Io(_)
        | Error::Tls(_)
        | Error::Protocol(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed => true,
        _ => false,
    }
}

fn is_of_database(error: &dyn DatabaseError) -> bool {
    let Some(code) = error.code() else {
        return false;
    };
    // A SQLSTATE has five characters; SQLite's numbers have less.
    match code.get(..2) {
        Some(class) if code.len() == 5 => CLASSES.contains(&class) || code == READ_ONLY,
        _ => code
            .parse()
            .is_ok_and(|number: u32| SQLITE.contains(&(number & 0xff))),
    }
}

/// Says in a line why a database cannot be used.
#[must_use]
pub fn reason(error: &Error) -> String {
    let text = match error {
        Error::Database(error) => error.message().to_owned(),
        Error::PoolTimedOut => "no connection in time".into(),
        Error::Io(error) => error.to_string(),
        Error::Decode(error) => error.to_string(),
        _ => error.to_string(),
    };
    let text = text.split(" (os error").next().unwrap_or_default();
    let text = text.trim_start_matches("failed to lookup address information: ");
    text.lines().next().unwrap_or_default().trim().to_owned()
}

//! Connections whose statements have a limit in time, to SQLite and to PostgreSQL.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use log::LevelFilter;
use nix::unistd::{AccessFlags, access};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions as _};
use tokio::time::timeout;

use super::address::Address;
use super::failures::reason;

/// How long migrations wait for whoever else migrates.
pub const LOCK: Duration = Duration::from_secs(60);

/// How long things may take.
#[derive(Clone, Copy)]
pub struct Limits {
    /// To get a connection, and to be the one who writes.
    pub wait: Duration,
    /// A query; migrations have no limit.
    pub query: Option<Duration>,
}

/// Returns up to `size` connections, which are opened when they are needed.
///
/// # Errors
///
/// If the address is none.
pub fn pool(address: &Address, limits: Limits, size: u32) -> sqlx::Result<AnyPool> {
    let set_up = set_up(address, limits);
    let options = AnyPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(limits.wait)
        .acquire_slow_level(LevelFilter::Off)
        .after_connect(move |connection, _| {
            let set_up = set_up.clone();
            Box::pin(async move {
                let statements = sqlx::raw_sql(AssertSqlSafe(set_up));
                statements.execute(connection).await.map(drop)
            })
        });
    Ok(options.connect_lazy_with(address.options()?))
}

/// Opens one connection, which is nobody else's.
///
/// # Errors
///
/// If the database cannot be reached.
pub async fn open(address: &Address, limits: Limits) -> sqlx::Result<AnyConnection> {
    if let Some(path) = &address.path {
        prepare(path)?;
    }
    let mut connection = address.options()?.connect().await?;
    let statements = sqlx::raw_sql(AssertSqlSafe(set_up(address, limits)));
    statements.execute(&mut connection).await?;
    Ok(connection)
}

/// Waits for something as long as `limit` says; says in a line why it failed.
///
/// # Errors
///
/// If it fails, or takes longer.
pub async fn within<T>(
    limit: Duration,
    work: impl Future<Output = sqlx::Result<T>>,
) -> Result<T, String> {
    match timeout(limit, work).await {
        Ok(done) => done.map_err(|error| reason(&error)),
        Err(_) => Err("no answer in time".into()),
    }
}

/// Makes the file, if there is none, for this user alone; those beside it get the same mode.
fn prepare(path: &Path) -> io::Result<()> {
    let named = |at: &Path, error: &io::Error| {
        let (at, cause) = (at.display(), error.to_string());
        let cause = cause.split(" (os error").next().unwrap_or_default();
        io::Error::new(error.kind(), format!("{at}: {cause}"))
    };
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(|error| named(directory, &error))?;
    }
    let mut options = fs::File::options();
    let made = options.write(true).create_new(true).mode(0o600).open(path);
    match made {
        // It is not opened: its close would end the locks that this process has on it, and whoever
        // else closes the database would then delete the log that is in use here.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            access(path, AccessFlags::R_OK | AccessFlags::W_OK).map_err(io::Error::from)
        }
        made => made.map(drop),
    }
    .map_err(|error| named(path, &error))
}

/// The statements with which every connection begins.
fn set_up(address: &Address, limits: Limits) -> String {
    let Limits { wait, query } = limits;
    if address.path.is_none() {
        // Not as a parameter of the connection: poolers refuse those that they do not know.
        let limit = query.unwrap_or_default().as_millis();
        return format!("SET statement_timeout = {limit}");
    }
    // With a write-ahead log, readers and a writer do not wait for each other. A migration may
    // replace a table by a changed copy: what refers to it has to stay.
    let busy = query.map_or(LOCK, |_| wait).as_millis();
    let foreign_keys = if query.is_some() { "ON" } else { "OFF" };
    format!(
        "PRAGMA busy_timeout = {busy}; PRAGMA journal_mode = WAL; \
         PRAGMA foreign_keys = {foreign_keys}"
    )
}

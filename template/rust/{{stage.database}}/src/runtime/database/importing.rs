//! Reads the tables of parts of the schema from the files of an export: all of them, or nothing.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use sqlx::error::ErrorKind as Kind;
use sqlx::{AnyConnection, Connection as _};

use super::constraints::{check_last, check_now, count_on};
use super::exporting::{SUFFIX, VERSION, counted, file_failed};
use super::failures::{is_unavailable, reason};
use super::migrations::{self, begin, lock};
use super::parts::{Part, State};
use super::rows::{self, Value};
use super::tables::{Obstacle, Table, prepare, statement, tables};
use crate::runtime::SERVICE;

/// A statement has so many at most: what is written with it is in memory.
const ROWS: usize = 100;
const PARAMETERS: usize = 10_000;
const BYTES: usize = 1 << 20;

/// A row of a file.
struct Row {
    place: String,
    values: Vec<Value>,
}

/// Writes all rows of the files into the tables, in one transaction; tells what was done.
///
/// # Errors
///
/// If it is refused, or the database fails.
pub async fn import(
    connection: &mut AnyConnection,
    parts: &[Part],
    directory: &Path,
) -> Result<Vec<String>, Obstacle> {
    let mut transaction = connection.begin_with(begin(connection)).await?;
    lock(&mut transaction).await?;
    prepare(&mut transaction).await?;
    let states = migrations::states(&mut transaction, parts).await?;
    let (mut paths, mut all) = (Vec::new(), Vec::new());
    for (part, state) in parts.iter().zip(&states) {
        let of_part = tables(&mut transaction, part, state).await?;
        paths.extend(files(&directory.join(part.name), part, state, &of_part)?);
        all.extend(of_part);
    }
    let references = check_last(&mut transaction, &all).await?;
    let mut done = Vec::new();
    for (path, table) in paths.iter().zip(&all) {
        let count = read(&mut transaction, path, table).await?;
        done.push(format!("imported {} of {}", counted(count), table.name));
    }
    check_now(&mut transaction, &all, references).await?;
    for table in &all {
        count_on(&mut transaction, table).await?;
    }
    transaction.commit().await?;
    Ok(done)
}

fn refused<T>(why: String) -> Result<T, Obstacle> {
    Err(Obstacle::Refused(why))
}

/// Returns the files of a part, which are all there, and go with its tables.
fn files(
    place: &Path,
    part: &Part,
    state: &State,
    tables: &[Table],
) -> Result<Vec<PathBuf>, Obstacle> {
    let (name, shown) = (part.name, place.display());
    if !metadata(place)?.is_dir() {
        return refused(format!("{shown} is no directory"));
    }
    let version = place.join(VERSION);
    let mut written = Vec::new();
    let read = opened(&version)?.take(100).read_to_end(&mut written);
    read.map_err(|error| file_failed(&version, &error))?;
    let written = String::from_utf8_lossy(&written);
    let (written, number) = (written.trim(), &state.number);
    if written.len() != 4 || !written.bytes().all(|digit| digit.is_ascii_digit()) {
        return refused(format!("{} names no version", version.display()));
    }
    if written != number {
        let way = way(part, state, written);
        return refused(format!(
            "{shown} is of {name} {written}, and the database has {number}: {way}"
        ));
    }
    let named = tables
        .iter()
        .map(|table| place.join(format!("{}{SUFFIX}", table.name)));
    let found: Vec<PathBuf> = named.collect();
    for path in listed(place)? {
        if path != version && !found.contains(&path) {
            return refused(format!("{shown} has a file of no table of {name}"));
        }
    }
    for path in &found {
        opened(path)?;
    }
    Ok(found)
}

fn listed(place: &Path) -> Result<Vec<PathBuf>, Obstacle> {
    let entries = fs::read_dir(place).and_then(|entries| {
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        paths.collect::<Result<Vec<_>, _>>()
    });
    entries.map_err(|error| file_failed(place, &error))
}

/// Says how the database comes to the version of an export.
fn way(part: &Part, state: &State, version: &str) -> String {
    if !part.has(version) {
        "this code does not know that version".into()
    } else if version > state.number.as_str() {
        format!("{SERVICE} db upgrade")
    } else {
        format!("{SERVICE} db downgrade {} {version}", part.name)
    }
}

fn metadata(path: &Path) -> Result<fs::Metadata, Obstacle> {
    path.symlink_metadata().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Obstacle::Refused(format!("{} is missing", path.display())),
        _ => file_failed(path, &error),
    })
}

/// Opens a file that is one: what waits or leads elsewhere is not read.
fn opened(path: &Path) -> Result<BufReader<File>, Obstacle> {
    if !metadata(path)?.is_file() {
        return refused(format!("{} is no regular file", path.display()));
    }
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    let opened = File::options().read(true).custom_flags(flags).open(path);
    opened
        .map(BufReader::new)
        .map_err(|error| file_failed(path, &error))
}

/// Writes the rows of a file into its table; returns how many there are.
async fn read(
    connection: &mut AnyConnection,
    path: &Path,
    table: &Table,
) -> Result<usize, Obstacle> {
    let shown = path.display();
    let has_rows = async |connection: &mut AnyConnection| {
        let first = statement(format!("{} LIMIT 1", table.select()));
        Ok::<_, Obstacle>(first.fetch_optional(connection).await?.is_some())
    };
    if !table.has_key() && has_rows(connection).await? {
        return refused(format!(
            "{shown}: the table has rows, and no primary key to tell them apart"
        ));
    }
    let names = table.names();
    let most = ROWS.min(PARAMETERS / table.columns.len()).max(1);
    let mut file = opened(path)?;
    let (mut count, mut size) = (0, 0);
    let mut waiting = Vec::new();
    loop {
        let mut line = Vec::new();
        let length = file.read_until(b'\n', &mut line);
        let length = length.map_err(|error| file_failed(path, &error))?;
        if length > 0 {
            count += 1;
            size += length;
            let place = format!("{shown}, line {count}");
            match rows::values(&line, &names) {
                Ok(values) => waiting.push(Row { place, values }),
                Err(why) => return refused(format!("{place}: {why}")),
            }
        }
        if length == 0 || waiting.len() == most || size > BYTES {
            insert(connection, table, &waiting).await?;
            waiting.clear();
            size = 0;
        }
        if length == 0 {
            return Ok(count);
        }
    }
}

/// Writes some rows, each of which has to come back as it was; names the one that cannot be.
async fn insert(
    connection: &mut AnyConnection,
    table: &Table,
    asked: &[Row],
) -> Result<(), Obstacle> {
    if asked.is_empty() {
        return Ok(());
    }
    match insert_at_once(connection, table, asked).await {
        Err(Obstacle::Database(error)) if !is_unavailable(&error) => {
            if let [row] = asked {
                return refused(format!("{}: {}", row.place, why(&error)));
            }
            let (first, others) = asked.split_at(asked.len() / 2);
            Box::pin(insert(connection, table, first)).await?;
            Box::pin(insert(connection, table, others)).await
        }
        done => done,
    }
}

async fn insert_at_once(
    connection: &mut AnyConnection,
    table: &Table,
    asked: &[Row],
) -> Result<(), Obstacle> {
    let names = table.names();
    let line = |values: &[Value]| {
        let line = rows::line(&names, &table.form(values));
        line.map_err(|error| Obstacle::Refused(error.to_string()))
    };
    let mut savepoint = connection.begin().await?;
    let mut query = statement(table.insert(asked.len()));
    for value in asked.iter().flat_map(|row| &row.values) {
        query = table.bind(query, value);
    }
    let mut kept = HashSet::new();
    for row in query.fetch_all(&mut *savepoint).await? {
        kept.insert(line(&table.read(&row)?)?);
    }
    savepoint.commit().await?;
    for row in asked {
        if !kept.contains(&line(&row.values)?) {
            return refused(format!("{}: the table would change a value", row.place));
        }
    }
    Ok(())
}

/// Says why the table does not take a row, but not what is in it.
fn why(error: &sqlx::Error) -> String {
    let kind = error.as_database_error().map(|error| error.kind());
    match kind {
        Some(Kind::UniqueViolation) => "there is a row with its key".into(),
        Some(Kind::ForeignKeyViolation | Kind::NotNullViolation | Kind::CheckViolation) => {
            reason(error)
        }
        _ => "the table does not take a value".into(),
    }
}

//! Reads the tables of parts of the schema from the files of an export: all of them, or nothing.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use sqlx::error::ErrorKind as Kind;
use sqlx::{AnyConnection, Connection as _};

use super::constraints::{check_last, check_now, count_on};
use super::exporting::{SUFFIX, counted, file_failed, no_json};
use super::failures::{is_unavailable, reason};
use super::manifest::{Content, Counter, FORMER, MANIFEST, Manifest};
use super::migrations::{self, begin, lock};
use super::parts::{Part, State};
use super::rows::{self, Value};
use super::tables::{Obstacle, Table, prepare, statement, tables};
use crate::runtime::SERVICE;
use crate::runtime::stage::Stage as _;
use crate::stages::Stages;

/// A statement has so many at most: what is written with it is in memory.
const ROWS: usize = 100;
const PARAMETERS: usize = 10_000;
const BYTES: usize = 1 << 20;
const LONGEST_MANIFEST: u64 = 1 << 20;

/// A row of a file.
struct Row {
    place: String,
    values: Vec<Value>,
}

/// The file of a table.
struct Source {
    table: Table,
    path: PathBuf,
    /// What it is to have, as far as the manifest says so.
    exported: Option<Content>,
}

impl Source {
    /// Refuses a file that is not what was exported.
    fn require(&self, found: &Content) -> Result<(), Obstacle> {
        let Some(exported) = self.exported.as_ref().filter(|exported| *exported != found) else {
            return Ok(());
        };
        let (path, name, rows) = (self.path.display(), &self.table.name, exported.rows);
        let as_it_is = format!("to import the file as it is, take {name} out of {MANIFEST}");
        if found.rows == rows {
            return refused(format!(
                "{path} has been changed since its export; {as_it_is}"
            ));
        }
        let line = found.rows.min(rows) + 1;
        let how = if found.rows < rows {
            "it is missing"
        } else {
            "it was added"
        };
        let rows = counted(rows);
        refused(format!(
            "{path}, line {line}: {how}, for the export had {rows}; {as_it_is}"
        ))
    }
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
    let mut all = Vec::new();
    for (part, state) in parts.iter().zip(&states) {
        let of_part = tables(&mut transaction, part, state).await?;
        if let Some(awaited) = Stages::awaited(part.name)
            && are_empty(&mut transaction, &of_part).await?
        {
            return refused(awaited); // rows of this import would hide it
        }
        all.extend(sources(&directory.join(part.name), part, state, of_part)?);
    }
    let references = check_last(&mut transaction, tables_of(&all)).await?;
    let mut done = Vec::new();
    for source in &all {
        let count = read(&mut transaction, source).await?;
        let name = &source.table.name;
        done.push(format!("imported {} of {name}", counted(count)));
    }
    check_now(&mut transaction, tables_of(&all), references).await?;
    for table in tables_of(&all) {
        count_on(&mut transaction, table).await?;
    }
    transaction.commit().await?;
    Ok(done)
}

async fn has_rows(connection: &mut AnyConnection, table: &Table) -> sqlx::Result<bool> {
    let first = statement(format!("{} LIMIT 1", table.select()));
    Ok(first.fetch_optional(connection).await?.is_some())
}

async fn are_empty(connection: &mut AnyConnection, tables: &[Table]) -> sqlx::Result<bool> {
    for table in tables {
        if has_rows(connection, table).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn refused<T>(why: String) -> Result<T, Obstacle> {
    Err(Obstacle::Refused(why))
}

fn tables_of(all: &[Source]) -> impl Iterator<Item = &Table> {
    all.iter().map(|source| &source.table)
}

/// Returns the files of a part, which are all there, and go with its tables.
fn sources(
    place: &Path,
    part: &Part,
    state: &State,
    tables: Vec<Table>,
) -> Result<Vec<Source>, Obstacle> {
    let (name, shown) = (part.name, place.display());
    if !metadata(place)?.is_dir() {
        return refused(format!("{shown} is no directory"));
    }
    let is_there = |name| place.join(name).symlink_metadata().is_ok();
    let is_former = !is_there(MANIFEST) && is_there(FORMER);
    let path = place.join(if is_former { FORMER } else { MANIFEST });
    let mut manifest = manifest(&path, is_former)?;
    let (written, number) = (manifest.version.as_str(), &state.number);
    if written != number {
        let way = way(part, state, written);
        return refused(format!(
            "{shown} is of {name} {written}, and the database has {number}: {way}"
        ));
    }
    let with_paths = tables.into_iter().map(|table| Source {
        path: place.join(format!("{}{SUFFIX}", table.name)),
        exported: manifest.tables.remove(&table.name),
        table,
    });
    let found: Vec<Source> = with_paths.collect();
    let is_own = |file: &PathBuf| *file == path || found.iter().any(|own| own.path == *file);
    if !manifest.tables.is_empty() || !listed(place)?.iter().all(is_own) {
        return refused(format!("{shown} has a file of no table of {name}"));
    }
    for source in &found {
        opened(&source.path)?;
    }
    Ok(found)
}

fn manifest(path: &Path, is_former: bool) -> Result<Manifest, Obstacle> {
    let mut written = Vec::new();
    let read = opened(path)?
        .take(LONGEST_MANIFEST)
        .read_to_end(&mut written);
    read.map_err(|error| file_failed(path, &error))?;
    let found = if is_former {
        String::from_utf8(written).ok().map(|version| Manifest {
            version: version.trim().into(),
            tables: BTreeMap::new(),
        })
    } else {
        serde_json::from_slice(&written).ok()
    };
    let Some(found) = found else {
        return refused(format!("{} is no manifest of an export", path.display()));
    };
    if found.version.len() != 4 || !found.version.bytes().all(|digit| digit.is_ascii_digit()) {
        return refused(format!("{} names no version", path.display()));
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
async fn read(connection: &mut AnyConnection, source: &Source) -> Result<u64, Obstacle> {
    let Source { table, path, .. } = source;
    let shown = path.display();
    if !table.has_key() && has_rows(connection, table).await? {
        return refused(format!(
            "{shown}: the table has rows, and no primary key to tell them apart"
        ));
    }
    let names = table.names();
    let most = ROWS.min(PARAMETERS / table.columns.len()).max(1);
    let mut file = opened(path)?;
    let (mut counter, mut size) = (Counter::default(), 0);
    let mut waiting = Vec::new();
    loop {
        let mut line = Vec::new();
        let length = file.read_until(b'\n', &mut line);
        let length = length.map_err(|error| file_failed(path, &error))?;
        if length > 0 {
            counter.add(&line);
            size += length;
            let place = format!("{shown}, line {}", counter.count);
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
            let count = counter.count;
            source.require(&counter.content())?;
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
    let line = |values: &[Value]| rows::line(&names, &table.form(values)).map_err(no_json);
    let mut savepoint = connection.begin().await?;
    let mut query = statement(table.insert(asked.len()));
    for row in asked {
        query = table.bind(query, &row.values);
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

//! Writes the tables of parts of the schema into files, as they were at one moment.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::future::poll_fn;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::{AnyConnection, Connection as _};

use super::manifest::{Content, Counter, MANIFEST, Manifest};
use super::migrations::{self, is_postgresql};
use super::parts::{Part, State};
use super::rows;
use super::tables::{Obstacle, Table, prepare, statement, tables, unlisted};

pub const SUFFIX: &str = ".jsonl";

const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Writes a directory for each part; tells what was done, and, of the whole, what was not.
///
/// What is there is not touched, and a directory of a part is whole once it has its name.
///
/// # Errors
///
/// If it is refused, or the database fails.
pub async fn export(
    connection: &mut AnyConnection,
    parts: &[Part],
    directory: &Path,
    whole: bool,
) -> Result<Vec<String>, Obstacle> {
    let begin = if is_postgresql(connection) {
        SNAPSHOT
    } else {
        "BEGIN"
    };
    let mut transaction = connection.begin_with(begin).await?;
    prepare(&mut transaction).await?;
    let states = migrations::states(&mut transaction, parts).await?;
    let mut found = Vec::new();
    for (part, state) in parts.iter().zip(&states) {
        found.push((state, tables(&mut transaction, part, state).await?));
    }
    for part in parts {
        let place = directory.join(part.name);
        if place.symlink_metadata().is_ok() {
            let place = place.display();
            return Err(Obstacle::Refused(format!(
                "{place} is there already: name another directory"
            )));
        }
    }
    make(directory, true)?;
    let unfinished = Unfinished::new(directory)?;
    let mut done = Vec::new();
    for (state, of_part) in &found {
        let place = unfinished.0.join(state.name);
        write(&mut transaction, &place, state, of_part, &mut done).await?;
    }
    for part in parts {
        let place = directory.join(part.name);
        let renamed = fs::rename(unfinished.0.join(part.name), &place);
        renamed.map_err(|error| file_failed(&place, &error))?;
    }
    sync(directory)?;
    if whole {
        let left = unlisted(&mut transaction, parts).await?;
        let told = left.into_iter();
        done.extend(
            told.map(|name| format!("not exported: {name}, which no part lists in TABLES")),
        );
    }
    Ok(done)
}

/// Writes the directory of a part.
async fn write(
    connection: &mut AnyConnection,
    place: &Path,
    state: &State,
    tables: &[Table],
    done: &mut Vec<String>,
) -> Result<(), Obstacle> {
    make(place, false)?;
    let mut manifest = Manifest {
        version: state.number.clone(),
        tables: BTreeMap::new(),
    };
    for table in tables {
        let mut output = Output::new(place.join(format!("{}{SUFFIX}", table.name)))?;
        let content = write_rows(connection, table, &mut output).await?;
        output.finish()?;
        done.push(format!(
            "exported {} of {}",
            counted(content.rows),
            table.name
        ));
        manifest.tables.insert(table.name.clone(), content);
    }
    let mut output = Output::new(place.join(MANIFEST))?;
    output.write(&manifest.written().map_err(no_json)?)?;
    output.finish()?;
    sync(place)
}

async fn write_rows(
    connection: &mut AnyConnection,
    table: &Table,
    output: &mut Output,
) -> Result<Content, Obstacle> {
    let names = table.names();
    let mut rows = statement(table.select()).fetch(connection);
    let mut counter = Counter::default();
    while let Some(row) = poll_fn(|context| rows.as_mut().poll_next(context)).await {
        let line = rows::line(&names, &table.read(&row?)?).map_err(no_json)?;
        output.write(&line)?;
        counter.add(&line);
    }
    Ok(counter.content())
}

/// A file that is written, and on the disk once it is finished.
struct Output {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Output {
    fn new(path: PathBuf) -> Result<Self, Obstacle> {
        let mut options = File::options();
        let opened = options.write(true).create_new(true).mode(0o600).open(&path);
        let file = opened.map_err(|error| file_failed(&path, &error))?;
        let file = BufWriter::new(file);
        Ok(Self { path, file })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Obstacle> {
        let written = self.file.write_all(bytes);
        written.map_err(|error| file_failed(&self.path, &error))
    }

    fn finish(mut self) -> Result<(), Obstacle> {
        let flushed = self.file.flush();
        flushed
            .and_then(|()| self.file.get_ref().sync_all())
            .map_err(|error| file_failed(&self.path, &error))
    }
}

/// A directory for what is not whole yet.
struct Unfinished(PathBuf);

impl Unfinished {
    fn new(directory: &Path) -> Result<Self, Obstacle> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let name = format!(
            ".export-{}-{}",
            process::id(),
            now.unwrap_or_default().as_nanos()
        );
        let place = directory.join(name);
        make(&place, false)?;
        Ok(Self(place))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0); // it has no name that anybody reads
    }
}

fn make(place: &Path, is_there: bool) -> Result<(), Obstacle> {
    let made = DirBuilder::new()
        .recursive(is_there)
        .mode(0o700)
        .create(place);
    made.map_err(|error| file_failed(place, &error))
}

/// Has the names in a directory on the disk.
fn sync(directory: &Path) -> Result<(), Obstacle> {
    let synced = File::open(directory).and_then(|opened| opened.sync_all());
    synced.map_err(|error| file_failed(directory, &error))
}

/// Says that something cannot be written as JSON.
pub fn no_json(error: serde_json::Error) -> Obstacle {
    Obstacle::Refused(error.to_string())
}

/// Says which file cannot be read or written, and why.
pub fn file_failed(path: &Path, error: &io::Error) -> Obstacle {
    let error = error.to_string();
    let cause = error.split(" (os error").next().unwrap_or_default();
    Obstacle::Refused(format!("{}: {cause}", path.display()))
}

#[must_use]
pub fn counted(count: u64) -> String {
    if count == 1 {
        "1 row".into()
    } else {
        format!("{count} rows")
    }
}

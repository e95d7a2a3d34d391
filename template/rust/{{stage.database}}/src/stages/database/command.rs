//! Migrates the schema of the database, says how far it has come, and moves what is in it.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use actix_web::rt::System;
use sqlx::AnyConnection;
use tokio::time::{sleep, timeout};

use super::runtime::connecting::{self, Limits, within};
use super::runtime::exporting::export;
use super::runtime::failures::{is_unavailable, reason};
use super::runtime::importing::import;
use super::runtime::migrations;
use super::runtime::parts::{NONE, Part, State, parts};
use super::runtime::pauses::Pauses;
use super::runtime::schema::{misfit, said};
use super::runtime::tables::Obstacle;
use super::{Database, LONGEST_PAUSE};
use crate::runtime::printing::printed;
use crate::runtime::settings::{self, ConfigError, Reader};
use crate::runtime::stage::Stage;
use crate::runtime::{EXIT_CONFIG, EXIT_USAGE, SERVICE};
use crate::stages::Stages;

const FAILED: u8 = 1;
const MISSING: u8 = 3;
const NEWER: u8 = 4;
const REFUSED: u8 = 5;
const NO_DATABASE: u8 = 6;

const HELP: &str = "\
  upgrade                    apply the migrations that the database lacks
  downgrade STAGE [NUMBER]   take back migrations, with the data in them, down to a number
  status                     tell which migrations the database has
  export DIRECTORY [STAGE]   write the tables of the stages, or of one, into files
  import DIRECTORY [STAGE]   read them from the files of an export
";

enum Command {
    Upgrade,
    Downgrade {
        part: Part,
        target: String,
    },
    Status,
    Export {
        directory: PathBuf,
        parts: Vec<Part>,
        whole: bool,
    },
    Import(PathBuf, Vec<Part>),
    Help,
}

/// Why a command has failed: what to say, and the exit status.
struct Failure(String, u8);

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let direct = error.chain().next().and_then(|cause| cause.downcast_ref());
        match direct {
            Some(error) => unusable(&reason(error)), // of no migration
            None => Self(format!("a migration has failed: {}", said(&error)), FAILED),
        }
    }
}

/// Runs a command; its reason is on stderr if it fails.
pub fn run(arguments: &[String]) -> u8 {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = parts(&Stages::migrations())
        .map_err(Failure::from)
        .and_then(|parts| parse(&words, &parts).and_then(|command| perform(&command, &parts)));
    match done {
        Ok(true) => 0,
        Ok(false) => FAILED,
        Err(Failure(reason, status)) => {
            let _ = writeln!(io::stderr(), "{reason}"); // the status says it, too
            status
        }
    }
}

fn parse(words: &[&str], parts: &[Part]) -> Result<Command, Failure> {
    if words.iter().any(|word| ["-h", "--help"].contains(word)) {
        return Ok(Command::Help);
    }
    match words {
        ["upgrade"] => Ok(Command::Upgrade),
        ["status"] => Ok(Command::Status),
        ["export", place] => Ok(Command::Export {
            directory: place.into(),
            parts: all(parts),
            whole: true,
        }),
        ["export", place, stage] => Ok(Command::Export {
            directory: place.into(),
            parts: vec![named(stage, parts)?],
            whole: false,
        }),
        ["import", place] => Ok(Command::Import(place.into(), all(parts))),
        ["import", place, stage] => Ok(Command::Import(place.into(), vec![named(stage, parts)?])),
        ["downgrade", stage] => parse_downgrade(stage, NONE, parts),
        ["downgrade", stage, number] => parse_downgrade(stage, number, parts),
        _ => Err(usage("that is no command")),
    }
}

/// The parts that have tables.
fn all(parts: &[Part]) -> Vec<Part> {
    let mut parts = parts.to_vec();
    parts.retain(|part| !part.migrations.is_empty());
    parts
}

fn named(stage: &str, parts: &[Part]) -> Result<Part, Failure> {
    let found = parts.iter().find(|part| part.name == stage);
    found.cloned().ok_or_else(|| {
        let known: Vec<_> = parts.iter().map(|part| part.name).collect();
        let known = known.join(", ");
        usage(&format!("of these, none is called {stage}: {known}"))
    })
}

fn parse_downgrade(stage: &str, number: &str, parts: &[Part]) -> Result<Command, Failure> {
    let part = named(stage, parts)?;
    let target = format!("{number:0>4}");
    if target != NONE && !part.has(&target) {
        return Err(usage(&format!("{stage} has no migration {target}")));
    }
    Ok(Command::Downgrade { part, target })
}

fn usage(problem: &str) -> Failure {
    Failure(format!("{problem}\n{}", help()), EXIT_USAGE)
}

fn help() -> String {
    format!("usage: {SERVICE} db COMMAND\n\n{HELP}")
}

/// Does what is asked; tells whether what there is to say could be printed.
fn perform(command: &Command, parts: &[Part]) -> Result<bool, Failure> {
    if matches!(command, Command::Help) {
        return Ok(printed(&help()));
    }
    let database = configured()?;
    System::new().block_on(run_on(&database, command, parts))
}

/// Reads the settings, which name the database.
fn configured() -> Result<Database, Failure> {
    let mut env = Reader::new(settings::source());
    let database = <Database as Stage>::read(&mut env);
    env.finish()
        .map(|()| database)
        .map_err(|ConfigError(problems)| {
            let lines = problems.iter().map(|problem| format!("setting {problem}"));
            Failure(lines.collect::<Vec<_>>().join("\n"), EXIT_CONFIG)
        })
}

async fn run_on(database: &Database, command: &Command, parts: &[Part]) -> Result<bool, Failure> {
    if !matches!(command, Command::Upgrade) {
        let found = database.require_file();
        found.map_err(|missing| Failure(missing, NO_DATABASE))?;
    }
    let connected = database.connect().await;
    let mut connection = connected.map_err(|cause| unusable(&cause))?;
    let found = migrations::states(&mut connection, parts).await;
    let found = found.map_err(|error| unusable(&reason(&error)))?;
    let mut is_printed = true;
    let mut count = 0;
    let mut tell = |line: String| {
        is_printed = printed(&format!("{line}\n"));
        count += 1;
    };
    if let Command::Status = command {
        found.iter().map(State::to_string).for_each(&mut tell);
    }
    let is_newer = found.iter().any(State::is_newer);
    match (command, misfit(&found)) {
        (_, Some(misfit)) if is_newer => return Err(Failure(misfit, NEWER)),
        (Command::Status, Some(misfit)) => return Err(Failure(misfit, MISSING)),
        (Command::Upgrade, _) => migrations::upgrade(&mut connection, parts, tell).await?,
        (Command::Downgrade { part, target }, _) => {
            migrations::downgrade(&mut connection, part, target, tell).await?;
        }
        (
            Command::Export {
                directory,
                parts,
                whole,
            },
            _,
        ) => {
            require_tables(&found, parts)?;
            let done = export(&mut connection, parts, directory, *whole).await;
            let done = done.map_err(|obstacle| stopped("exported", obstacle))?;
            done.into_iter().for_each(tell);
        }
        (Command::Import(directory, parts), _) => {
            require_tables(&found, parts)?;
            let done = import(&mut connection, parts, directory).await;
            let done = done.map_err(|obstacle| stopped("imported", obstacle))?;
            done.into_iter().for_each(tell);
        }
        _ => return Ok(is_printed),
    }
    Ok(is_printed && (count > 0 || printed("nothing to do\n")))
}

/// Refuses parts whose tables have not been made.
fn require_tables(found: &[State], moved: &[Part]) -> Result<(), Failure> {
    let mut empty = found.to_vec();
    empty.retain(|state| {
        let is_moved = moved.iter().any(|part| part.name == state.name);
        is_moved && state.is_missing() && state.number == NONE
    });
    misfit(&empty).map_or(Ok(()), |misfit| Err(Failure(misfit, MISSING)))
}

fn stopped(done: &str, obstacle: Obstacle) -> Failure {
    match obstacle {
        Obstacle::Refused(why) => Failure(format!("nothing was {done}: {why}"), REFUSED),
        Obstacle::Database(error) => unusable(&reason(&error)),
    }
}

impl Database {
    /// Checks for a command that makes no database that there is one.
    ///
    /// # Errors
    ///
    /// With the file that is missing.
    pub fn require_file(&self) -> Result<(), String> {
        self.0.address.require_file()
    }

    /// Connects for a command, whose statements have no limit; where the database cannot be
    /// reached, tries again for DATABASE_WAIT_SECONDS.
    ///
    /// # Errors
    ///
    /// With the reason.
    pub async fn connect(&self) -> Result<AnyConnection, String> {
        self.connect_with(Limits {
            query: None,
            ..self.0.limits
        })
        .await
    }

    async fn connect_with(&self, limits: Limits) -> Result<AnyConnection, String> {
        let end = Instant::now() + limits.wait;
        let mut pauses = Pauses::new(LONGEST_PAUSE);
        loop {
            let opened = timeout(limits.wait, connecting::open(&self.0.address, limits)).await;
            let cause = match opened {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) if !is_unavailable(&error) => return Err(reason(&error)),
                Ok(Err(error)) => reason(&error),
                Err(_) => "no answer in time".into(),
            };
            let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
            if Instant::now() + pause > end {
                return Err(cause);
            }
            sleep(pause).await;
        }
    }

    /// Connects for a command that needs the tables of a stage, and makes them where the service
    /// would. Its statements take no longer than those of a request.
    ///
    /// # Errors
    ///
    /// With the reason, and with what to do.
    pub async fn connect_to(&self, stage: &str) -> Result<AnyConnection, String> {
        let unusable = |cause: String| format!("the database cannot be used: {cause}");
        let failed = |error: &anyhow::Error| format!("a migration has failed: {}", said(error));
        let connected = self.connect_with(self.0.limits).await;
        let mut connection = connected.map_err(unusable)?;
        let mut parts = parts(&Stages::migrations()).map_err(|error| failed(&error))?;
        parts.retain(|part| part.name == stage);
        let found = within(self.patience(), migrations::states(&mut connection, &parts)).await;
        let mut found = found.map_err(unusable)?;
        if self.0.migrates && found.iter().any(State::is_missing) {
            let mut unlimited = self.connect().await.map_err(unusable)?;
            let upgraded = migrations::upgrade(&mut unlimited, &parts, drop).await;
            upgraded.map_err(|error| failed(&error))?;
            let states = migrations::states(&mut unlimited, &parts).await;
            found = states.map_err(|error| unusable(reason(&error)))?;
        }
        misfit(&found).map_or(Ok(connection), Err)
    }
}

fn unusable(cause: &str) -> Failure {
    Failure(format!("the database cannot be used: {cause}"), FAILED)
}

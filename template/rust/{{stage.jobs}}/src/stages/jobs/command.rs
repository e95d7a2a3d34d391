//! Tells what the jobs are at, and what to do with those that failed for good.

use std::fmt::Display;
use std::io::{self, Write as _};

use actix_web::rt::System;
use sqlx::AnyConnection;

use super::Jobs;
use super::runtime::listing::{dead, drop_dead, is_missing, retry, retry_all, status};
use crate::runtime::printing::printed;
use crate::runtime::settings::{self, ConfigError, Reader};
use crate::runtime::{EXIT_CONFIG, EXIT_USAGE, SERVICE};
use crate::stages::database::runtime::failures::reason;

const FAILED: u8 = 1;
const NOT_FOUND: u8 = 3;

const HELP: &str = "\
  status          count the jobs by kind and state, and list those that run
  dead [--json]   list those that have failed for good
  retry ID|--all  have dead ones run again
  drop ID         delete a dead one
";

enum Command {
    Status,
    Dead { as_json: bool },
    Retry { id: String },
    RetryAll,
    Drop { id: String },
    Help,
}

/// Why a command has failed: what to say, and the exit status.
struct Failure(String, u8);

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        if is_missing(&error) {
            let said = format!("the table of jobs is missing: {SERVICE} db upgrade");
            return Self(said, NOT_FOUND);
        }
        unusable(&reason(&error))
    }
}

/// Runs a command; its reason is on stderr if it fails.
pub fn run(arguments: &[String]) -> u8 {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match parse(&words).and_then(|command| perform(&command)) {
        Ok(text) if printed(&text) => 0,
        Ok(_) => FAILED,
        Err(Failure(reason, status)) => {
            let _ = writeln!(io::stderr(), "{reason}"); // the status says it, too
            status
        }
    }
}

fn parse(words: &[&str]) -> Result<Command, Failure> {
    if words.iter().any(|word| ["-h", "--help"].contains(word)) {
        return Ok(Command::Help);
    }
    let is_id = |word: &str| !word.starts_with('-');
    match words {
        ["status"] => Ok(Command::Status),
        ["dead"] => Ok(Command::Dead { as_json: false }),
        ["dead", "--json"] => Ok(Command::Dead { as_json: true }),
        ["retry", "--all"] => Ok(Command::RetryAll),
        ["retry", id] if is_id(id) => Ok(Command::Retry { id: (*id).into() }),
        ["drop", id] if is_id(id) => Ok(Command::Drop { id: (*id).into() }),
        _ => Err(Failure(
            format!("that is no command\n{}", help()),
            EXIT_USAGE,
        )),
    }
}

fn help() -> String {
    format!("usage: {SERVICE} jobs COMMAND\n\n{HELP}")
}

/// Does what is asked; returns what there is to print.
fn perform(command: &Command) -> Result<String, Failure> {
    if matches!(command, Command::Help) {
        return Ok(help());
    }
    let mut env = Reader::new(settings::source());
    let jobs: Jobs = env.stage();
    env.finish().map_err(|ConfigError(problems)| {
        let lines = problems.iter().map(|problem| format!("setting {problem}"));
        Failure(lines.collect::<Vec<_>>().join("\n"), EXIT_CONFIG)
    })?;
    System::new().block_on(async {
        let found = jobs.database.require_file();
        found.map_err(|missing| Failure(missing, EXIT_CONFIG))?;
        let connected = jobs.database.connect().await;
        let mut connection = connected.map_err(|cause| unusable(&cause))?;
        run_on(&mut connection, command).await
    })
}

async fn run_on(connection: &mut AnyConnection, command: &Command) -> Result<String, Failure> {
    Ok(match command {
        Command::Status => list(&status(connection).await?, "no jobs"),
        Command::Dead { as_json: false } => list(&dead(connection).await?, "no dead jobs"),
        Command::Dead { as_json: true } => {
            let all: Vec<_> = dead(connection).await?;
            format!("{}\n", serde_json::to_string(&all).unwrap_or_default())
        }
        Command::RetryAll => format!("retried: {}\n", retry_all(connection).await?),
        Command::Retry { id } => match retry(connection, id).await? {
            0 => return Err(none(id)),
            count => format!("retried: {count}\n"),
        },
        Command::Drop { id } => match drop_dead(connection, id).await? {
            0 => return Err(none(id)),
            count => format!("dropped: {count}\n"),
        },
        Command::Help => help(),
    })
}

fn none(id: &str) -> Failure {
    Failure(format!("no dead job {id}"), NOT_FOUND)
}

fn unusable(cause: &str) -> Failure {
    Failure(format!("the database cannot be used: {cause}"), FAILED)
}

fn list<T: Display>(lines: &[T], instead: &str) -> String {
    match lines {
        [] => format!("{instead}\n"),
        lines => lines.iter().map(|line| format!("{line}\n")).collect(),
    }
}

//! Manages the users who can log in.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use actix_web::rt::System;

use super::Auth;
use super::runtime::terminal;
use super::store::StoreError;
use super::users::{check, check_password};
use super::users_file::{UserMap, UsersFile};
use crate::runtime::SERVICE;
use crate::runtime::printing::printed;
use crate::runtime::settings::{self, ConfigError, Reader};
use crate::runtime::stage::Stage;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const INTERRUPTED: u8 = 130;

const HELP: &str = "\
  add NAME [--scope SCOPE]...  add a user, or change password and scopes of one
  list                         list the users and their scopes
  remove NAME                  remove a user
  import FILE                  add the users in a file: all of them, or none
  export FILE                  write the users into a new file
";

#[derive(Debug, PartialEq)]
enum Command {
    Add { name: String, scopes: Vec<String> },
    List,
    Remove { name: String },
    Import(PathBuf),
    Export(PathBuf),
    Help,
}

/// Why a command has failed: what to say, and the exit status.
struct Failure(String, u8);

impl<E: Into<StoreError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into().to_string(), FAILED)
    }
}

/// What a command prints, and what is wrong with users that it left out.
type Done = (String, Vec<String>);

/// Runs a command; its reason is on stderr if it fails.
pub fn run(args: &[String]) -> u8 {
    let (text, status) = match parse(args).and_then(perform) {
        Ok((text, damaged)) if printed(&text) && damaged.is_empty() => return 0,
        Ok((_, damaged)) => (damaged.join("\n"), FAILED),
        Err(Failure(reason, status)) => (reason, status),
    };
    if !text.is_empty() {
        let _ = writeln!(io::stderr(), "{text}"); // the status says it, too
    }
    status
}

fn parse(args: &[String]) -> Result<Command, Failure> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    if words.iter().any(|word| ["-h", "--help"].contains(word)) {
        return Ok(Command::Help);
    }
    match words.as_slice() {
        ["list"] => Ok(Command::List),
        ["remove", name] if !name.starts_with('-') => Ok(Command::Remove {
            name: (*name).into(),
        }),
        ["import", file] if !file.starts_with('-') => Ok(Command::Import(file.into())),
        ["export", file] if !file.starts_with('-') => Ok(Command::Export(file.into())),
        ["add", rest @ ..] => parse_add(rest),
        _ => Err(usage("that is no command")),
    }
}

fn parse_add(words: &[&str]) -> Result<Command, Failure> {
    let (mut names, mut scopes) = (Vec::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if let Some(scope) = word.strip_prefix("--scope=") {
            scopes.push(scope.to_owned());
        } else if *word == "--scope" {
            let scope = words.next().ok_or_else(|| usage("--scope needs a scope"))?;
            scopes.push((*scope).to_owned());
        } else if word.starts_with('-') {
            return Err(usage("that option is unknown"));
        } else {
            names.push(*word);
        }
    }
    match names.as_slice() {
        [name] => Ok(Command::Add {
            name: (*name).to_owned(),
            scopes,
        }),
        _ => Err(usage("add needs one name; it asks for the password")),
    }
}

fn usage(problem: &str) -> Failure {
    Failure(format!("{problem}\n{}", help()), USAGE)
}

fn help() -> String {
    format!("usage: {SERVICE} auth COMMAND\n\n{HELP}")
}

fn perform(command: Command) -> Result<Done, Failure> {
    let auth = configured()?;
    match command {
        Command::Help => Ok((help(), Vec::new())),
        Command::List => {
            let (users, damaged) = every(&auth)?;
            Ok((list(&users), damaged))
        }
        Command::Export(path) => {
            let (users, damaged) = every(&auth)?;
            let (count, path) = (users.len(), UsersFile(path));
            path.create(users)?;
            let done = format!("exported {count} to {}\n", path.0.display());
            Ok((done, damaged))
        }
        changing => Ok((change(&auth, changing)?, Vec::new())),
    }
}

fn change(auth: &Auth, command: Command) -> Result<String, Failure> {
    match command {
        Command::Add { name, scopes } => {
            check(&name, &scopes)?;
            require_usable(auth, true, None)?; // before it asks for a password
            let password = password()?;
            check_password(&password)?;
            System::new().block_on(async {
                auth.users().await?.add(&name, &password, &scopes).await?;
                Ok(format!("added {name}\n"))
            })
        }
        Command::Import(path) => {
            let users = UsersFile(path.clone()).read()?;
            let count = users.len();
            require_usable(auth, true, Some(&path))?;
            let added = async { auth.users().await?.add_new(users, &path).await };
            let renamed = System::new().block_on(added)?;
            let called = renamed.map(|name| format!("; it is called {} now", name.display()));
            let (path, called) = (path.display(), called.unwrap_or_default());
            Ok(format!("imported {count} from {path}{called}\n"))
        }
        Command::Remove { name } => {
            require_usable(auth, false, None)?;
            System::new().block_on(async {
                auth.users().await?.remove(&name).await?;
                Ok(format!("removed {name}\n"))
            })
        }
        Command::List | Command::Export(_) | Command::Help => Ok(String::new()),
    }
}

/// Refuses what cannot be done before anything is made for it.
fn require_usable(auth: &Auth, adds: bool, source: Option<&Path>) -> Result<(), Failure> {
    Ok(System::new().block_on(auth.store.require_usable(adds, source))?)
}

fn every(auth: &Auth) -> Result<(UserMap, Vec<String>), Failure> {
    require_usable(auth, false, None)?;
    System::new().block_on(async { Ok(auth.users().await?.every().await?) })
}

/// Reads the settings, which name the file of users.
fn configured() -> Result<Auth, Failure> {
    let mut env = Reader::new(settings::source());
    let auth = Auth::read(&mut env);
    env.finish()
        .map(|()| auth)
        .map_err(|ConfigError(problems)| {
            let lines = problems.iter().map(|problem| format!("setting {problem}"));
            Failure(lines.collect::<Vec<_>>().join("\n"), FAILED)
        })
}

fn list(users: &UserMap) -> String {
    let mut lines = String::new();
    for (name, user) in users {
        lines += &[std::slice::from_ref(name), &user.scopes]
            .concat()
            .join(" ");
        lines.push('\n');
    }
    lines
}

/// Asks twice on a terminal; otherwise reads one line of standard input.
fn password() -> Result<String, Failure> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        let mut line = String::new();
        stdin
            .read_line(&mut line)
            .map_err(|error| no_password(&error))?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let ask = |prompt| terminal::ask(prompt).map_err(|error| no_password(&error));
    let (first, second) = (ask("Password: ")?, ask("Again: ")?);
    if first != second {
        return Err(Failure("the two passwords differ".into(), FAILED));
    }
    Ok(first)
}

fn no_password(error: &io::Error) -> Failure {
    let reason = match error.kind() {
        ErrorKind::Interrupted => return Failure(String::new(), INTERRUPTED),
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => {
            "that was no password: the input ended, or was no text".into()
        }
        _ => format!("the password cannot be read: {error}"),
    };
    Failure(reason, FAILED)
}

//! The file with the users: JSON, readable by its owner alone, replaced as a whole.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::libc;
use serde::Serialize;
use serde_json::Value;

use super::runtime::passwords::{ACCEPTED, is_hash};
use super::users::check;

/// A user, as stored.
#[derive(Clone, PartialEq, Serialize)]
pub struct User {
    pub password: String,
    pub scopes: Vec<String>,
}

pub type UserMap = BTreeMap<String, User>;

/// Tells one content of the file from another: inode, time in nanoseconds and size.
pub type Version = Option<(u64, i64, i64, u64)>;

#[derive(Serialize)]
pub struct Content {
    pub users: UserMap,
}

/// Why users cannot be read or changed.
#[derive(Debug)]
pub enum UsersError {
    /// The input is not allowed, or there is no such user.
    Refused(String),
    /// The users cannot be read, or are damaged.
    Unreadable(String),
    Unwritable(anyhow::Error),
}

impl fmt::Display for UsersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) | Self::Unreadable(reason) => f.write_str(reason),
            Self::Unwritable(error) => write!(f, "the users cannot be written: {error:#}"),
        }
    }
}

impl std::error::Error for UsersError {}

impl From<anyhow::Error> for UsersError {
    fn from(error: anyhow::Error) -> Self {
        Self::Unwritable(error)
    }
}

#[derive(Clone)]
pub struct UsersFile(pub PathBuf);

impl UsersFile {
    /// Returns the path of a file that belongs to this one.
    #[must_use]
    pub fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.0.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    }

    /// Returns what has changed when the content has; none if there is no file.
    pub fn version(&self) -> Result<Version, UsersError> {
        match fs::metadata(&self.0) {
            Ok(found) if !found.is_file() => {
                // Reading it may have no end.
                let reason = format!("{}: not a regular file", self.0.display());
                Err(UsersError::Unreadable(reason))
            }
            Ok(found) => Ok(Some((
                found.ino(),
                found.mtime(),
                found.mtime_nsec(),
                found.size(),
            ))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    /// Returns the users; nobody if there is no file.
    pub fn present(&self) -> Result<UserMap, UsersError> {
        match self.version()? {
            Some(_) => self.read(),
            None => Ok(UserMap::new()),
        }
    }

    /// Returns the users in a file that has to be there.
    pub fn read(&self) -> Result<UserMap, UsersError> {
        let content = fs::read(&self.0).map_err(|error| self.unreadable(&error))?;
        users(&content).map_err(|how| self.damaged(&how))
    }

    /// Writes a file that is not there yet.
    pub fn create(&self, users: UserMap) -> Result<(), UsersError> {
        let path = self.0.display();
        create(&self.0, &Content { users }).map_err(|error| {
            UsersError::Refused(match error.kind() {
                ErrorKind::AlreadyExists => format!("{path} is there already, and stays as it is"),
                _ => format!("{path}: {}", cause(&error)),
            })
        })
    }

    fn unreadable(&self, error: &io::Error) -> UsersError {
        UsersError::Unreadable(format!("{}: {}", self.0.display(), cause(error)))
    }

    fn damaged(&self, how: &str) -> UsersError {
        let path = self.0.display();
        let cure = "restore it, or remove it and add the users again";
        UsersError::Unreadable(format!("{path} is damaged ({how}); {cure}"))
    }
}

/// Says why something failed, without a number.
#[must_use]
pub fn cause(error: &io::Error) -> String {
    let said = error.to_string();
    let cause = said.split(" (os error").next();
    cause.unwrap_or_default().to_owned()
}

/// Returns the users in a text; says what is wrong with it, without a secret.
fn users(content: &[u8]) -> Result<UserMap, String> {
    let text = str::from_utf8(content).map_err(|_| "it is not UTF-8")?;
    let found: Value = serde_json::from_str(text).map_err(|error| unexpected(&error))?;
    let users = found.get("users").and_then(Value::as_object);
    let users = users.ok_or("it has no object of users")?;
    let read = |(name, entry): (&String, &Value)| Ok((name.clone(), user(name, entry)?));
    users.iter().map(read).collect()
}

/// Its own text may repeat a hash.
fn unexpected(error: &serde_json::Error) -> String {
    if error.to_string().starts_with("recursion limit exceeded") {
        return "its JSON is nested too deeply".into();
    }
    format!("unexpected JSON in line {}", error.line())
}

fn user(name: &str, entry: &Value) -> Result<User, String> {
    let found = entry.as_object().filter(|members| members.len() == 2);
    let found = found.and_then(|members| Some((members.get("password")?, members.get("scopes")?)));
    let (password, scopes) = found.ok_or_else(|| {
        let problem = "it has a password, scopes, and nothing else";
        of_user(name, problem)
    })?;
    stored(name, password, scopes)
}

/// Returns a user as stored; says what is wrong, without a secret.
///
/// # Errors
///
/// If that is none.
pub fn stored(name: &str, password: &Value, scopes: &Value) -> Result<User, String> {
    let password = password.as_str().filter(|text| is_hash(text));
    let password =
        password.ok_or_else(|| of_user(name, &format!("a password is not {ACCEPTED}")))?;
    let texts = |array: &Vec<Value>| {
        let texts = array.iter().map(|text| text.as_str().map(str::to_owned));
        texts.collect::<Option<Vec<_>>>()
    };
    let scopes = scopes.as_array().and_then(texts);
    let scopes = scopes.ok_or_else(|| of_user(name, "its scopes are no array of strings"))?;
    check(name, &scopes).map_err(|error| of_user(name, &error.to_string()))?;
    let password = password.to_owned();
    Ok(User { password, scopes })
}

fn of_user(name: &str, problem: &str) -> String {
    format!("the user '{}': {problem}", name.escape_debug())
}

/// Opens a file to write that only this user may read, from its first byte on.
///
/// Who else may write into the directory can have put a link there: what it leads to is not touched.
pub fn private() -> OpenOptions {
    let mut options = File::options();
    options
        .write(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW);
    options
}

pub fn create(path: &Path, content: &Content) -> io::Result<()> {
    let mut file = private().create_new(true).open(path)?;
    let written = serde_json::to_writer_pretty(&mut file, content)
        .map_err(io::Error::from)
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path); // half a file is none
    }
    written
}

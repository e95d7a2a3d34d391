//! The file with the users: JSON, readable by its owner alone, replaced as a whole.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::libc;
use serde::{Deserialize, Serialize};

use super::runtime::passwords;

/// A user, as stored in the file.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub password: String,
    pub scopes: Vec<String>,
}

pub type UserMap = BTreeMap<String, User>;

/// Tells one content of the file from another: inode, time in nanoseconds and size.
pub type Version = Option<(u64, i64, i64, u64)>;

#[derive(Default, Serialize, Deserialize)]
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

pub struct UsersFile(pub PathBuf);

impl UsersFile {
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
        let parsed: Content = serde_json::from_slice(&content).map_err(|error| {
            // Its text may repeat a hash.
            let (line, column) = (error.line(), error.column());
            self.damaged(&format!("unexpected JSON at line {line} column {column}"))
        })?;
        if parsed
            .users
            .values()
            .all(|user| passwords::is_hash(&user.password))
        {
            Ok(parsed.users)
        } else {
            Err(self.damaged("a password is not an argon2id hash"))
        }
    }

    /// Writes a file that is not there yet.
    pub fn create(&self, users: UserMap) -> Result<(), UsersError> {
        let path = self.0.display();
        create(&self.0, &Content { users }).map_err(|error| {
            UsersError::Refused(match error.kind() {
                ErrorKind::AlreadyExists => format!("{path} is there already, and stays as it is"),
                _ => format!("{path}: {error}"),
            })
        })
    }

    fn unreadable(&self, error: &io::Error) -> UsersError {
        UsersError::Unreadable(format!("{}: {error}", self.0.display()))
    }

    fn damaged(&self, how: &str) -> UsersError {
        let path = self.0.display();
        let cure = "restore it, or remove it and add the users again";
        UsersError::Unreadable(format!("{path} is damaged ({how}); {cure}"))
    }
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

//! Users by name, with the argon2id hash of a password, and scopes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::runtime::passwords;
use super::users_file::{User, UserMap, UsersError, UsersFile, Version};

const SHORTEST_PASSWORD: usize = 8;
const LONGEST: usize = 64;

/// The users in a file, which is read again when it changes.
pub struct Users {
    file: UsersFile,
    known: Mutex<(Version, Arc<UserMap>)>,
}

impl Users {
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self {
            file: UsersFile(path),
            known: Mutex::default(),
        }
    }

    /// Returns the names, sorted.
    pub fn names(&self) -> Result<Vec<String>, UsersError> {
        Ok(self.current()?.keys().cloned().collect())
    }

    /// Returns the scopes of a user; none if the user no longer exists.
    pub fn scopes(&self, name: &str) -> Result<Option<Vec<String>>, UsersError> {
        Ok(self.current()?.get(name).map(|user| user.scopes.clone()))
    }

    /// Returns the user if the password is right. Takes a tenth of a second, on purpose.
    pub fn verify(&self, name: &str, password: &str) -> Result<Option<User>, UsersError> {
        let Some(user) = self.current()?.get(name).cloned() else {
            passwords::hash(password)?; // an unknown user takes as long as a known one
            return Ok(None);
        };
        if !passwords::is_right(password, &user.password) {
            return Ok(None);
        }
        if passwords::is_outdated(&user.password) {
            self.renew(name, &user, password);
        }
        Ok(Some(user))
    }

    /// Adds a user, or changes password and scopes of one.
    pub fn add(&self, name: &str, password: &str, scopes: &[String]) -> Result<(), UsersError> {
        check(name, scopes)?;
        if password.chars().count() < SHORTEST_PASSWORD {
            let reason = format!("a password has at least {SHORTEST_PASSWORD} characters");
            return Err(UsersError::Refused(reason));
        }
        let scopes: BTreeSet<String> = scopes.iter().cloned().collect();
        let user = User {
            password: passwords::hash(password)?,
            scopes: scopes.into_iter().collect(),
        };
        self.file.change(|users| {
            users.insert(name.to_owned(), user);
            Ok(())
        })
    }

    /// Removes a user.
    pub fn remove(&self, name: &str) -> Result<(), UsersError> {
        self.file.change(|users| match users.remove(name) {
            Some(_) => Ok(()),
            None => Err(UsersError::Refused(format!(
                "there is no user '{}'",
                name.escape_debug()
            ))),
        })
    }

    /// Hashes a password again because the parameters have changed.
    fn renew(&self, name: &str, user: &User, password: &str) {
        let renewed = passwords::hash(password)
            .map_err(UsersError::from)
            .and_then(|hash| {
                self.file.change(|users| {
                    // Otherwise it was changed in the meantime.
                    if let Some(found) = users.get_mut(name).filter(|found| *found == user) {
                        found.password = hash;
                    }
                    Ok(())
                })
            });
        if let Err(error) = renewed {
            tracing::warn!("a password has an outdated hash, which cannot be renewed: {error}");
        }
    }

    fn current(&self) -> Result<Arc<UserMap>, UsersError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let version = self.file.version()?;
        if version != known.0 {
            *known = (version, Arc::new(self.file.read()?));
        }
        Ok(Arc::clone(&known.1))
    }
}

/// Refuses a name or a scope that is not allowed.
pub fn check(name: &str, scopes: &[String]) -> Result<(), UsersError> {
    let refuse = |reason: &str| Err(UsersError::Refused(reason.to_owned()));
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric();
    if !is_word(name, is_letter, |byte| {
        is_letter(byte) || b"._@-".contains(&byte)
    }) {
        return refuse("a name has up to 64 letters, digits, and . _ @ -");
    }
    let is_lower = |byte: u8| byte.is_ascii_lowercase();
    let is_part = |byte: u8| is_lower(byte) || byte.is_ascii_digit() || b":._-".contains(&byte);
    if !scopes.iter().all(|scope| is_word(scope, is_lower, is_part)) {
        return refuse("a scope has up to 64 lower-case letters, digits, and : . _ -");
    }
    Ok(())
}

fn is_word(text: &str, begins: impl Fn(u8) -> bool, continues: impl Fn(u8) -> bool) -> bool {
    let first = text.bytes().next();
    first.is_some_and(begins) && text.len() <= LONGEST && text.bytes().all(continues)
}

//! Users by name, with the argon2id hash of a password, and scopes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use actix_web::web;
use anyhow::anyhow;

use super::runtime::passwords;
use super::store::{Store, StoreError};
use super::users_file::{User, UserMap, UsersError};

const SHORTEST_PASSWORD: usize = 8;
const LONGEST: usize = 64;

/// The users in a store, and what they have to prove.
pub struct Users(Store);

impl Users {
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self(store)
    }

    /// Returns the names, sorted.
    pub async fn names(&self) -> Result<Vec<String>, StoreError> {
        self.0.names().await
    }

    /// Returns all users, and what is wrong with those that are damaged.
    pub async fn every(&self) -> Result<(UserMap, Vec<String>), StoreError> {
        self.0.every().await
    }

    /// Returns a user, as of now; none if the user no longer exists.
    pub async fn find(&self, name: &str) -> Result<Option<User>, StoreError> {
        self.0.find(name).await
    }

    /// Returns the user if the password is right. Takes a tenth of a second, on purpose.
    ///
    /// `turn` is kept until the work is done, even if nobody waits for it any more.
    pub async fn verify<T: Send + 'static>(
        &self,
        name: &str,
        password: String,
        turn: T,
    ) -> Result<Option<User>, StoreError> {
        let Some(mut user) = self.0.find(name).await? else {
            // An unknown user takes as long as a known one.
            hashed(password, turn).await?;
            return Ok(None);
        };
        let (hash, typed) = (user.password.clone(), password.clone());
        let verified = web::block(move || (passwords::is_right(&typed, &hash), turn));
        let (is_right, turn) = verified.await.map_err(|error| anyhow!(error))?;
        if passwords::is_outdated(&user.password) {
            // After a wrong password, too: a user whose hash takes less would be known by it.
            let new = hashed(password, turn).await;
            if is_right {
                user = self.renewed(name, user, new).await;
            }
        }
        Ok(is_right.then_some(user))
    }

    /// Adds a user, or changes password and scopes of one.
    pub async fn add(
        &self,
        name: &str,
        password: &str,
        scopes: &[String],
    ) -> Result<(), StoreError> {
        check(name, scopes)?;
        check_password(password)?;
        let scopes: BTreeSet<String> = scopes.iter().cloned().collect();
        let user = User {
            password: passwords::hash(password)?,
            scopes: scopes.into_iter().collect(),
        };
        self.0.put(name, user).await
    }

    /// Removes a user.
    pub async fn remove(&self, name: &str) -> Result<(), StoreError> {
        if !self.0.remove(name).await? {
            refuse(format!("there is no user '{}'", name.escape_debug()))?;
        }
        Ok(())
    }

    /// Adds the users in a file: all of them, or none; returns the new name of the file, if any.
    pub async fn add_new(
        &self,
        users: UserMap,
        source: &Path,
    ) -> Result<Option<PathBuf>, StoreError> {
        let there = self.0.add_new(users, source).await?.join(", ");
        if !there.is_empty() {
            refuse(format!("nobody was imported: there already: {there}"))?;
        }
        self.0.put_away(source).await
    }

    /// Replaces a hash because the parameters have changed.
    async fn renewed(&self, name: &str, user: User, hashed: anyhow::Result<String>) -> User {
        let renewed = async {
            let new = User {
                password: hashed?,
                ..user.clone()
            };
            let is_renewed = self.0.renew(name, &user, new.clone()).await?;
            Ok::<_, StoreError>(is_renewed.then_some(new))
        };
        match renewed.await {
            Ok(Some(new)) => new,
            Ok(None) => user,
            Err(error) => {
                tracing::warn!("a password has an outdated hash, which cannot be renewed: {error}");
                user
            }
        }
    }
}

async fn hashed<T: Send + 'static>(password: String, turn: T) -> anyhow::Result<String> {
    let hashed = web::block(move || {
        let _turn = turn;
        passwords::hash(&password)
    });
    hashed.await?
}

/// Refuses a name or a scope that is not allowed.
pub fn check(name: &str, scopes: &[String]) -> Result<(), UsersError> {
    if !is_name(name) {
        refuse("a name has up to 64 letters, digits, and . _ @ -")?;
    }
    let is_lower = |byte: u8| byte.is_ascii_lowercase();
    let is_part = |byte: u8| is_lower(byte) || byte.is_ascii_digit() || b":._-".contains(&byte);
    if !scopes.iter().all(|scope| is_word(scope, is_lower, is_part)) {
        refuse("a scope has up to 64 lower-case letters, digits, and : . _ -")?;
    }
    Ok(())
}

/// Refuses a password that is too short.
pub fn check_password(password: &str) -> Result<(), UsersError> {
    if password.chars().count() < SHORTEST_PASSWORD {
        refuse(format!(
            "a password has at least {SHORTEST_PASSWORD} characters"
        ))?;
    }
    Ok(())
}

fn refuse(reason: impl Into<String>) -> Result<(), UsersError> {
    Err(UsersError::Refused(reason.into()))
}

/// Tells whether a user can have this name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric();
    is_word(text, is_letter, |byte| {
        is_letter(byte) || b"._@-".contains(&byte)
    })
}

fn is_word(text: &str, begins: impl Fn(u8) -> bool, continues: impl Fn(u8) -> bool) -> bool {
    let first = text.bytes().next();
    first.is_some_and(begins) && text.len() <= LONGEST && text.bytes().all(continues)
}

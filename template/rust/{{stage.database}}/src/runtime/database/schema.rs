//! Tells whether the schema of the database fits this code, and says so once when it does not.

use std::sync::{Mutex, PoisonError};

use sqlx::AnyConnection;

use super::address::Address;
use super::connecting::{self, Limits, within};
use super::failures::reason;
use super::migrations;
use super::parts::{Part, State};
use crate::runtime::SERVICE;

/// What is known of the schema: it is looked at until it fits, and left alone afterwards.
///
/// So a service that was ready stays ready when a newer version migrates: that is how versions
/// take over from each other. One that starts on a schema that is newer than its code is not ready.
pub struct Schema {
    parts: Vec<Part>,
    migrates: bool,
    /// Why it does not fit; nothing is known at first.
    problem: Mutex<Option<String>>,
}

impl Schema {
    /// Knows nothing yet; `migrates` says whether missing migrations are applied here.
    #[must_use]
    pub fn new(parts: Vec<Part>, migrates: bool) -> Self {
        Self {
            parts,
            migrates,
            problem: Mutex::new(Some(String::new())),
        }
    }

    /// Why the schema does not fit this code.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.problem
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Compares it with this code; applies what is missing, if that is to be done here.
    ///
    /// # Errors
    ///
    /// If the database does not say what its schema is.
    pub async fn look(
        &self,
        connection: &mut AnyConnection,
        address: &Address,
        limits: Limits,
    ) -> Result<(), String> {
        if self.problem().is_none() {
            return Ok(());
        }
        let mut found = within(limits.wait, migrations::states(connection, &self.parts)).await?;
        if self.migrates && found.iter().any(State::is_missing) {
            if let Err(error) = migrate(address, limits, &self.parts).await {
                self.note(Some(format!("a migration has failed: {}", said(&error))));
                return Ok(());
            }
            found = within(limits.wait, migrations::states(connection, &self.parts)).await?;
        }
        self.note(misfit(&found));
        Ok(())
    }

    fn note(&self, problem: Option<String>) {
        let mut known = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        match &problem {
            Some(problem) if Some(problem) != known.as_ref() => {
                tracing::error!("the schema of the database does not fit: {problem}");
            }
            None if known.as_ref().is_some_and(|known| !known.is_empty()) => {
                tracing::info!("the schema of the database fits now");
            }
            _ => {}
        }
        *known = problem;
    }
}

async fn migrate(address: &Address, limits: Limits, parts: &[Part]) -> anyhow::Result<()> {
    let unlimited = Limits {
        query: None,
        ..limits
    };
    let mut connection = connecting::open(address, unlimited).await?;
    migrations::upgrade(&mut connection, parts, |done| tracing::info!("{done}")).await
}

/// Says why a schema and this code do not go together, and what to do; nothing if they do.
#[must_use]
pub fn misfit(states: &[State]) -> Option<String> {
    let list = |is_meant: fn(&State) -> bool| {
        let meant = states.iter().filter(|state| is_meant(state));
        meant
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (newer, missing) = (list(State::is_newer), list(State::is_missing));
    if !newer.is_empty() {
        return Some(format!(
            "it is newer than this code ({newer}): deploy what migrated it"
        ));
    }
    (!missing.is_empty())
        .then(|| format!("migrations are missing ({missing}): {SERVICE} db upgrade"))
}

/// Says in a line why something with migrations has failed.
#[must_use]
pub fn said(error: &anyhow::Error) -> String {
    let outermost = error.to_string();
    match error.chain().find_map(|cause| cause.downcast_ref()) {
        Some(cause) if sqlx::Error::to_string(cause) == outermost => reason(cause),
        Some(cause) => format!("{outermost}: {}", reason(cause)),
        None => outermost,
    }
}

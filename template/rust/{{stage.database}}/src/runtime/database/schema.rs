//! Tells whether the schema of the database fits this code, and says so once when it does not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use sqlx::{AnyConnection, SqlStr};

use super::address::Address;
use super::connecting::{self, Limits, within};
use super::failures::reason;
use super::keeper::Keeper;
use super::migrations;
use super::parts::{Part, State};
use crate::runtime::SERVICE;

/// What is known of the schema.
///
/// A service that was ready stays ready when a newer version migrates: that is how versions take
/// over from each other. One that starts on a schema that is newer than its code is not ready. What
/// somebody takes back while it runs is missed, and not applied again here.
pub struct Schema {
    parts: Vec<Part>,
    migrates: bool,
    /// The query that finds something as long as it fits; built once, and asked all the time.
    applied: Option<SqlStr>,
    has_fitted: AtomicBool,
    /// Why it does not fit; nothing is known at first.
    problem: Mutex<Option<String>>,
}

impl Schema {
    /// Knows nothing yet; `migrates` says whether missing migrations are applied here.
    #[must_use]
    pub fn new(parts: Vec<Part>, migrates: bool) -> Self {
        Self {
            applied: migrations::applied(&parts),
            parts,
            migrates,
            has_fitted: AtomicBool::new(false),
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

    /// Tells whether the database answers, and has the schema that it had; asks one query.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub async fn still_fits(
        &self,
        connection: &mut AnyConnection,
        probe: &'static str,
    ) -> sqlx::Result<bool> {
        let fits = self.problem().is_none();
        match &self.applied {
            Some(query) if fits => migrations::are_applied(connection, query.clone()).await,
            _ => sqlx::raw_sql(probe).execute(connection).await.map(|_| fits),
        }
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
        keeper: &Keeper,
    ) -> Result<(), String> {
        let mut found = within(limits.wait, migrations::states(connection, &self.parts)).await?;
        if self.has_fitted.load(Ordering::Relaxed) {
            self.note(missing(&found));
            return Ok(());
        }
        if self.migrates
            && let Some(missing) = list(&found, State::is_missing)
        {
            tracing::info!("applying migrations, once nobody else does: {missing}");
            keeper.is_busy("migrations are being applied");
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
        if problem.is_none() {
            self.has_fitted.store(true, Ordering::Relaxed);
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
    let newer = list(states, State::is_newer);
    let newer =
        newer.map(|newer| format!("it is newer than this code ({newer}): deploy what migrated it"));
    newer.or_else(|| missing(states))
}

fn missing(states: &[State]) -> Option<String> {
    let missing = list(states, State::is_missing)?;
    Some(format!(
        "migrations are missing ({missing}): {SERVICE} db upgrade"
    ))
}

fn list(states: &[State], is_meant: fn(&State) -> bool) -> Option<String> {
    let meant = states.iter().filter(|state| is_meant(state));
    let meant: Vec<_> = meant.map(ToString::to_string).collect();
    (!meant.is_empty()).then(|| meant.join(", "))
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

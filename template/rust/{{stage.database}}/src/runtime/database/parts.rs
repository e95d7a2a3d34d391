//! The parts of the schema: the numbered migrations of each stage, apart from all others.

use std::fmt;

use anyhow::bail;

use crate::runtime::stage::{Migration, Migrations};

pub const NONE: &str = "0000";

/// What the migrations of the service itself are called, beside the names of stages.
const OWN: &str = "app";

/// How the tables are called that say how far a part has come.
pub const VERSIONS: &str = "_schema_version";

/// A part of the schema: the migrations of a stage, in their order.
#[derive(Clone)]
pub struct Part {
    pub name: &'static str,
    pub migrations: Vec<Migration>,
    /// The tables that they make.
    pub tables: &'static [&'static str],
}

/// Returns the parts of the schema: those of stages and, after them, that of the service itself.
///
/// # Errors
///
/// If two migrations of a part have the same number.
pub fn parts(all: &[Migrations]) -> anyhow::Result<Vec<Part>> {
    let having = all
        .iter()
        .filter(|(name, migrations, _)| *name == OWN || !migrations.is_empty());
    having
        .map(|(name, migrations, tables)| part(name, migrations, tables))
        .collect()
}

fn part(
    name: &'static str,
    migrations: &[Migration],
    tables: &'static [&'static str],
) -> anyhow::Result<Part> {
    let mut migrations = migrations.to_vec();
    migrations.sort_by_key(|migration| migration.number);
    for pair in migrations.windows(2) {
        if pair[0].number == pair[1].number {
            bail!(
                "two migrations of {name} have the number {}",
                pair[0].number
            );
        }
    }
    Ok(Part {
        name,
        migrations,
        tables,
    })
}

impl Part {
    /// The number of the last migration.
    #[must_use]
    pub fn newest(&self) -> &'static str {
        self.migrations.last().map_or(NONE, |last| last.number)
    }

    /// Tells whether a migration has this number.
    #[must_use]
    pub fn has(&self, number: &str) -> bool {
        self.migrations.iter().any(|known| known.number == number)
    }

    /// The migration that follows a number.
    #[must_use]
    pub fn after(&self, number: &str) -> Option<Migration> {
        let mut later = self.migrations.iter();
        later.find(|known| known.number > number).copied()
    }

    /// The number before one.
    #[must_use]
    pub fn before(&self, number: &str) -> &'static str {
        let mut earlier = self.migrations.iter().rev();
        let found = earlier.find(|known| known.number < number);
        found.map_or(NONE, |known| known.number)
    }

    /// The table with the number of the newest migration that was applied.
    #[must_use]
    pub fn table(&self) -> String {
        format!("{}{VERSIONS}", self.name)
    }
}

/// How far a part of the schema of a database has come.
#[derive(Clone)]
pub struct State {
    pub name: &'static str,
    pub number: String,
    pub newest: &'static str,
}

impl State {
    /// Whether the database lacks migrations that this code has.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.number.as_str() < self.newest
    }

    /// Whether the database has migrations that this code lacks.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        self.number.as_str() > self.newest
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} of {}", self.name, self.number, self.newest)
    }
}

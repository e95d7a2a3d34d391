//! Where settings come from: defaults, below a file, below the environment, below secret files.

use std::ffi::OsStr;
use std::path::Path;

use super::config_file::{ConfigFile, Value, shown};
use super::nearest::nearest;
use super::small_file;
use crate::runtime::settings::{Asked, Found, Source, Variables};

pub const FILE: &str = "config.toml";
const MOST_PROBLEMS: usize = 20;
/// They are read before the file is, or by others: the supervisor, the health check, Docker.
const OF_THE_ENVIRONMENT: [&str; 7] = [
    "CONFIG_FILE",
    "HOST",
    "PORT",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "START_SECONDS",
    "SUPERVISE",
];

pub struct Layers {
    variables: Variables,
    pub file: ConfigFile,
}

impl Layers {
    /// Reads the file that the variables name.
    #[must_use]
    pub fn new(variables: Variables) -> Self {
        let named = variables.get(OsStr::new("CONFIG_FILE"));
        let named = named.filter(|path| !path.is_empty());
        let path = named.map_or(OsStr::new(FILE), |path| path);
        let file = ConfigFile::read(path, named.is_some());
        Self { variables, file }
    }

    fn variable(&self, name: &str) -> Option<Found> {
        let raw = self.variables.get(OsStr::new(name))?;
        Some(Found::new(raw, "the environment"))
    }

    /// Returns what the environment has, or else the file.
    fn plain(&self, name: &str) -> Result<Option<Found>, String> {
        match self.variable(name) {
            Some(found) => Ok(Some(found)),
            None => self.file.find(name),
        }
    }

    /// Says why a setting of the file cannot be used.
    fn refusal(&self, value: &Value, known: &[Asked]) -> Option<String> {
        let (name, origin) = (value.name.as_str(), self.file.origin(value));
        if OF_THE_ENVIRONMENT.contains(&name) {
            return Some(format!(
                "{name} has to be a variable: it is read before any file (from {origin})"
            ));
        }
        self.file.find(name).err().or_else(|| {
            let names = || known.iter().map(|setting| setting.name.as_str());
            let named = name.strip_suffix("_FILE");
            if names().any(|other| other == name || Some(other) == named) {
                return None;
            }
            let advice = match nearest(name, names()) {
                Some(meant) => format!("did you mean {meant}?"),
                None => "no setting is called like this".into(),
            };
            let name = value.shown_name();
            Some(format!("{name} is unknown: {advice} (from {origin})"))
        })
    }
}

impl Source for Layers {
    /// Returns what a setting is set to, by the highest layer that sets it.
    fn find(&self, name: &str) -> Result<Option<Found>, String> {
        if OF_THE_ENVIRONMENT.contains(&name) {
            return Ok(self.variable(name));
        }
        let variable = format!("{name}_FILE");
        if let Some(named) = self.plain(&variable)? {
            return secret(&variable, &named).map(Some);
        }
        match (self.plain(name)?, &self.file.problem) {
            (None, Some(problem)) => Err(problem.clone()),
            (found, _) => Ok(found),
        }
    }

    /// Returns what is wrong with the file, whether its settings are used or not.
    fn problems(&self, known: &[Asked]) -> Vec<String> {
        if let Some(problem) = &self.file.problem {
            return vec![problem.clone()];
        }
        let values = self.file.values().iter();
        let refusals = values.filter_map(|value| self.refusal(value, known));
        let mut found: Vec<String> = refusals.take(MOST_PROBLEMS + 1).collect();
        if found.len() > MOST_PROBLEMS {
            found[MOST_PROBLEMS] = "CONFIG_FILE has more problems like these".into();
        }
        found
    }
}

/// Returns the content of a file; the end of its line is not part of it.
fn secret(variable: &str, named: &Found) -> Result<Found, String> {
    let path = shown(&named.raw.to_string_lossy());
    match small_file::read(Path::new(&named.raw)) {
        Ok((text, _)) => Ok(Found {
            is_secret: true,
            ..Found::new(
                text.trim_end_matches(['\r', '\n']),
                format!("{path}, by {variable}"),
            )
        }),
        Err(error) => {
            let (reason, origin) = (error.reason, &named.origin);
            Err(format!(
                "{variable} is '{path}', which cannot be read: {reason} (from {origin})"
            ))
        }
    }
}

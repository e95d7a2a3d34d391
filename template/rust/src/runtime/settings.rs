//! Reads settings from the environment: typed, with defaults, all problems reported at once.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::sync::LazyLock;

use super::stage::Stage;
use crate::stages::Stages;

/// The variables that settings are read from: `env::vars_os().collect()`.
pub type Variables = HashMap<OsString, OsString>;

static ENVIRONMENT: LazyLock<Variables> = LazyLock::new(|| env::vars_os().collect());

/// Settings are missing or wrong: one line for each.
#[derive(Debug)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for ConfigError {}

/// Where settings come from: the environment, unless the stage `config` has its own in this place.
pub trait Source: Sync {
    /// Returns what a setting is set to.
    ///
    /// # Errors
    ///
    /// With the problem, if that cannot be told.
    fn find(&self, name: &str) -> Result<Option<Found>, String>;

    /// Returns what is wrong with more than one setting, or with none that is known.
    fn problems(&self, _known: &[Asked]) -> Vec<String> {
        Vec::new()
    }
}

impl Source for Variables {
    fn find(&self, name: &str) -> Result<Option<Found>, String> {
        let found = self.get(OsStr::new(name));
        Ok(found.map(|raw| Found::new(raw, "")))
    }
}

/// What a setting is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub raw: OsString,
    /// Where; the environment goes without saying.
    pub origin: String,
    pub is_secret: bool,
}

impl Found {
    #[must_use]
    pub fn new(raw: impl Into<OsString>, origin: impl Into<String>) -> Self {
        Self {
            raw: raw.into(),
            origin: origin.into(),
            is_secret: false,
        }
    }
}

/// A setting that was asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    pub name: String,
    pub is_secret: bool,
    /// As code has it; none if the setting has to be set.
    pub default: Option<String>,
}

/// Where the settings of this process come from.
#[must_use]
pub fn source() -> &'static dyn Source {
    Stages::source().unwrap_or(&*ENVIRONMENT)
}

/// Reads settings, and collects what is wrong with them.
pub struct Reader<'a> {
    source: &'a dyn Source,
    asked: Vec<Asked>,
    problems: Vec<String>,
    stages: HashMap<TypeId, Box<dyn Any>>,
}

impl<'a> Reader<'a> {
    #[must_use]
    pub fn new(source: &'a dyn Source) -> Self {
        Self {
            source,
            asked: Vec::new(),
            problems: Vec::new(),
            stages: HashMap::new(),
        }
    }

    /// Returns a stage for one that uses it: the same as everybody gets.
    pub fn stage<S: Stage>(&mut self) -> S {
        let key = TypeId::of::<S>();
        let known = self.stages.get(&key);
        if let Some(stage) = known.and_then(|stage| stage.downcast_ref::<S>()) {
            return stage.clone();
        }
        let stage = S::read(self);
        self.stages.insert(key, Box::new(stage.clone()));
        stage
    }

    /// Reads a setting that has a default. `parse` fails with what it accepts ("a whole number").
    pub fn get<T: fmt::Debug>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
        default: T,
    ) -> T {
        let shown = Some(format!("{default:?}"));
        self.read(name, false, shown, parse).unwrap_or(default)
    }

    /// Reads a secret that has a default: its value is never printed.
    pub fn secret<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
        default: T,
    ) -> T {
        let shown = Some(String::new());
        self.read(name, true, shown, parse).unwrap_or(default)
    }

    /// Reads a setting that must be set.
    pub fn require<T: Default>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        self.read(name, false, None, parse).unwrap_or_default()
    }

    /// Reads a secret that must be set.
    pub fn require_secret<T: Default>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        self.read(name, true, None, parse).unwrap_or_default()
    }

    /// Ends the reading: fails with every problem that was found.
    ///
    /// # Errors
    ///
    /// If a setting is missing or wrong.
    pub fn finish(self) -> Result<(), ConfigError> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(ConfigError(self.problems))
        }
    }

    /// Ends the reading of all settings of the service: returns them, with every problem.
    #[must_use]
    pub fn finish_all(mut self) -> (Vec<Asked>, Vec<String>) {
        for problem in self.source.problems(&self.asked) {
            self.add(problem);
        }
        (self.asked, self.problems)
    }

    fn read<T>(
        &mut self,
        name: &str,
        is_secret: bool,
        default: Option<String>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let asked = Asked {
            name: name.into(),
            is_secret,
            default,
        };
        let value = self.source.find(name).and_then(|found| match found {
            Some(found) => parsed(&found.raw, parse)
                .map(Some)
                .map_err(|accepted| asked.describe(&found, &accepted)),
            None if asked.default.is_some() => Ok(None),
            None => Err(asked.missing(parse("").err())),
        });
        self.asked.push(asked);
        value.unwrap_or_else(|problem| {
            self.add(problem);
            None
        })
    }

    /// One problem can concern several settings.
    fn add(&mut self, problem: String) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

impl Asked {
    fn missing(&self, accepted: Option<String>) -> String {
        let accepted = accepted.unwrap_or_else(|| "a value, which may be empty".into());
        format!("{} is not set: expected {accepted}", self.name)
    }

    fn describe(&self, found: &Found, accepted: &str) -> String {
        let name = &self.name;
        let origin = match found.origin.as_str() {
            "" => String::new(),
            origin => format!(" (from {origin})"),
        };
        if found.raw.is_empty() {
            let instead = match self.default {
                Some(_) => "; or unset it for its default",
                None => "",
            };
            return format!("{name} is empty: expected {accepted}{instead}{origin}");
        }
        let shown = if self.is_secret || found.is_secret {
            "wrong (its value is not shown)".into()
        } else {
            format!("'{}'", found.raw.as_encoded_bytes().escape_ascii())
        };
        format!("{name} is {shown}: expected {accepted}{origin}")
    }
}

fn parsed<T>(raw: &OsStr, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, String> {
    match raw.to_str() {
        Some(text) => parse(text),
        None => Err("text in UTF-8".into()),
    }
}

/// Accepts any text but none.
pub fn text(raw: &str) -> Result<String, String> {
    if raw.is_empty() {
        Err("some text".into())
    } else {
        Ok(raw.into())
    }
}

/// Accepts a whole number from `low` to `high`.
pub fn integer<T: TryFrom<u64>>(low: u64, high: u64) -> impl Fn(&str) -> Result<T, String> {
    move |raw| {
        let is_number = raw.bytes().all(|byte| byte.is_ascii_digit());
        let number = raw.parse().ok().filter(|_| is_number);
        number
            .filter(|number| (low..=high).contains(number))
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("a whole number from {low} to {high}"))
    }
}

/// Accepts `true` and `false`.
pub fn boolean(raw: &str) -> Result<bool, String> {
    raw.parse().map_err(|_| "true or false".into())
}

/// Accepts `1` (on) and `0` (off).
pub fn switch(raw: &str) -> Result<bool, String> {
    choice(&["0", "1"])(raw).map(|chosen| chosen == "1")
}

/// Accepts one of `options` in any case; returns it as spelled there.
pub fn choice(options: &'static [&'static str]) -> impl Fn(&str) -> Result<&'static str, String> {
    move |raw| {
        let found = options
            .iter()
            .find(|option| option.eq_ignore_ascii_case(raw));
        let accepted = || format!("one of {}", options.join(", "));
        found.copied().ok_or_else(accepted)
    }
}

/// Accepts no value: the setting is called `name` now.
pub fn renamed(name: &'static str) -> impl Fn(&str) -> Result<(), String> {
    move |_| Err(format!("nothing; the setting is called {name} now"))
}

/// Accepts the path at which a proxy serves the service.
pub fn path_prefix(raw: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._~-".contains(c);
    let is_segment = |part: &str| !["", ".", ".."].contains(&part) && part.chars().all(allowed);
    match raw.strip_prefix('/') {
        Some(path) if path.split('/').all(is_segment) => Ok(raw.into()),
        _ => Err("a path that begins with a slash and does not end in one, like /shop".into()),
    }
}

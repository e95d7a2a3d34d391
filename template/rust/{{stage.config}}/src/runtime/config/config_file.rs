//! Reads the file of settings: what stands at its top level, and in which line.

use std::ffi::OsStr;
use std::path::Path;

use toml::de::{DeTable, DeValue, Error};

use super::small_file::{self, Unreadable, line_after};
use crate::runtime::settings::Found;

const OUTSIDE: &str = "settings outside of tables, under the names of their variables";
const VALUES: &str = "text in quotes, a whole number, true, false, or a list of texts";

/// The settings of one file; none if it is not there.
#[derive(Debug, Default)]
pub struct ConfigFile {
    path: String,
    values: Vec<Value>,
    /// Its permissions; none if it is not there.
    pub mode: Option<u32>,
    /// Why its settings are not known.
    pub problem: Option<String>,
}

/// What stands in a file under a name.
#[derive(Debug)]
pub struct Value {
    pub name: String,
    line: usize,
    text: Result<String, Kind>,
}

/// What no variable can have.
#[derive(Debug)]
enum Kind {
    Table,
    Other(&'static str),
}

impl ConfigFile {
    /// Reads the file; one that nobody named does not have to be there.
    pub fn read(path: &OsStr, is_named: bool) -> Self {
        let (path, name) = (Path::new(path), shown(&path.to_string_lossy()));
        let read = small_file::read(path).and_then(|(text, mode)| Ok((parsed(&text)?, mode)));
        match read {
            Ok((values, mode)) => Self {
                path: name,
                values,
                mode: Some(mode),
                problem: None,
            },
            Err(error) => Self {
                problem: (is_named || !error.is_missing).then(|| {
                    let reason = error.reason;
                    format!("CONFIG_FILE is '{name}', which cannot be read: {reason}")
                }),
                path: name,
                ..Self::default()
            },
        }
    }

    /// As messages call it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What stands in it, in its order.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Returns the value of a setting, as a variable has it.
    pub fn find(&self, name: &str) -> Result<Option<Found>, String> {
        let Some(value) = self.values.iter().find(|value| value.name == name) else {
            return Ok(None);
        };
        let origin = self.origin(value);
        match &value.text {
            Ok(text) => Ok(Some(Found::new(text, origin))),
            Err(kind) => {
                let (kind, accepted) = match kind {
                    Kind::Table => ("a table", OUTSIDE),
                    Kind::Other(kind) => (*kind, VALUES),
                };
                let name = value.shown_name();
                Err(format!(
                    "{name} is {kind}: expected {accepted} (from {origin})"
                ))
            }
        }
    }

    /// Says where a setting stands.
    pub fn origin(&self, value: &Value) -> String {
        format!("{}, line {}", self.path, value.line)
    }
}

impl Value {
    pub fn is_table(&self) -> bool {
        matches!(self.text, Err(Kind::Table))
    }

    pub fn shown_name(&self) -> String {
        shown(&self.name.chars().take(60).collect::<String>())
    }
}

/// Returns a part of a message that cannot forge another.
pub fn shown(text: &str) -> String {
    text.replace(char::is_control, "?")
}

fn parsed(text: &str) -> Result<Vec<Value>, Unreadable> {
    let table = DeTable::parse(text).map_err(|error| refused(text, &error))?;
    let mut values: Vec<Value> = table
        .into_inner()
        .into_iter()
        .map(|(name, value)| Value {
            line: line_after(&text.as_bytes()[..name.span().start]),
            name: name.into_inner().into_owned(),
            text: plain(value.get_ref()),
        })
        .collect();
    values.sort_by_key(|value| value.line);
    Ok(values)
}

/// Says where a text is no TOML; what the parser says repeats the line, which can have a secret.
fn refused(text: &str, error: &Error) -> Unreadable {
    if error.message().contains("recursion limit") {
        return Unreadable::new("a value in it is nested too deeply");
    }
    let start = error.span().map_or(text.len(), |span| span.start);
    let before = text.as_bytes().get(..start).unwrap_or(text.as_bytes());
    let line = line_after(before);
    let advice = "text stands in quotes, and a name stands once";
    Unreadable::new(format!("line {line} is no TOML; {advice}"))
}

/// Returns a value as a variable has it.
fn plain(value: &DeValue<'_>) -> Result<String, Kind> {
    Ok(match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Boolean(is_true) => is_true.to_string(),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| number.as_str().into(), |number| number.to_string()),
        DeValue::Array(parts) => {
            let texts = parts.iter().map(|part| part.get_ref().as_str());
            let texts: Option<Vec<&str>> = texts.collect();
            texts
                .ok_or(Kind::Other("a list of other things"))?
                .join(",")
        }
        DeValue::Float(_) => return Err(Kind::Other("a number with a fraction")),
        DeValue::Datetime(_) => return Err(Kind::Other("a date or a time")),
        DeValue::Table(_) => return Err(Kind::Table),
    })
}

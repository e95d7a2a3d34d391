//! Shows every setting, its value and where it comes from: `--check-config`.

use std::io::{self, Write as _};

use super::runtime::shown;
use crate::config::Settings;
use crate::runtime::printing::printed;
use crate::runtime::settings::{self, Asked, Reader};
use crate::runtime::stage::Stage as _;
use crate::runtime::{EXIT_CONFIG, EXIT_IO, EXIT_USAGE};
use crate::stages::Stages;

const HIDDEN: &str = "***";

/// Prints the settings and their problems; returns the exit status.
pub fn run(arguments: &[String]) -> u8 {
    if !arguments.is_empty() {
        let _ = writeln!(io::stderr(), "--check-config takes no arguments"); // the status says it, too
        return EXIT_USAGE;
    }
    let mut env = Reader::new(settings::source());
    Settings::read(&mut env);
    Stages::read(&mut env);
    let (mut asked, problems) = env.finish_all();
    asked.sort_by(|one, other| one.name.cmp(&other.name));
    asked.dedup_by(|one, other| one.name == other.name);
    let rows: String = asked.iter().filter_map(row).collect();
    let problems: String = problems
        .iter()
        .map(|text| format!("setting {text}\n"))
        .collect();
    let is_printed = printed(&rows);
    let _ = io::stderr().write_all(problems.as_bytes()); // the status says it, too
    match (problems.is_empty(), is_printed) {
        (false, _) => EXIT_CONFIG,
        (true, false) => EXIT_IO,
        (true, true) => 0,
    }
}

/// Returns the line of a setting, unless a problem says that its value is not known.
fn row(setting: &Asked) -> Option<String> {
    let found = settings::source().find(&setting.name).ok()?;
    let default = setting.default.as_deref();
    let default = default.filter(|default| !["()", "None"].contains(default));
    let (value, origin, is_secret) = match (&found, default) {
        (Some(found), _) => {
            let value = found.raw.to_string_lossy().into_owned();
            (value, format!("from {}", found.origin), found.is_secret)
        }
        (None, Some(default)) => (plain(default), "default".into(), false),
        (None, None) => return Some(format!("{} is not set\n", setting.name)),
    };
    let value = if is_secret || setting.is_secret {
        HIDDEN.into()
    } else {
        shown(&value)
    };
    Some(format!("{} = {value}  # {origin}\n", setting.name))
}

/// Returns a default as a variable would have it, and not as code has it.
fn plain(default: &str) -> String {
    let inner = default
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let parts: Vec<&str> = inner.unwrap_or(default).split(", ").collect();
    let parts = parts.iter().map(|part| part.trim_matches('"'));
    parts.collect::<Vec<_>>().join(",")
}

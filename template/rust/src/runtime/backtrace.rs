//! Backtraces that show the code of the service, and where it failed.

use std::backtrace::Backtrace;
use std::env;
use std::fmt::Write as _;

use super::frames::{self, Frame};

/// The innermost frames are shown, whoever's they are.
const INNERMOST: usize = 4;
const MOST: usize = 40;
const NOTE: &str = "RUST_BACKTRACE=full shows all frames";
/// Functions that report a panic or an exit, which is not where it failed.
const MACHINERY: [&str; 3] = [
    "__rust_end_short_backtrace",
    "rust_begin_unwind",
    "__GI_exit",
];
const PANICKING: [&str; 4] = [
    "core::panicking",
    "std::panicking",
    "core::option",
    "core::result",
];

/// Returns the backtrace of this thread as RUST_BACKTRACE asks for it: short, 0, or full.
#[must_use]
pub fn here() -> Option<String> {
    let asked = env::var("RUST_BACKTRACE").unwrap_or_default();
    match asked.as_str() {
        "0" => None,
        "full" => Some(Backtrace::force_capture().to_string()),
        _ => Some(short(&Backtrace::force_capture().to_string())),
    }
}

/// Keeps the frames of the service and the innermost ones.
fn short(whole: &str) -> String {
    let frames = frames::parse(whole);
    let is_machinery = |frame: &Frame<'_>| MACHINERY.iter().any(|name| frame.name.contains(name));
    let start = frames.iter().rposition(is_machinery);
    let frames = frames.iter().skip(start.map_or(0, |place| place + 1));
    let frames = frames.skip_while(|frame| is_panicking(frame));
    let kept = frames
        .enumerate()
        .filter(|(place, frame)| *place < INNERMOST || frame.is_own())
        .take(MOST);
    let mut text = String::new();
    for (_, Frame { name, place }) in kept {
        let _ = writeln!(text, "{name}\n    at {place}");
    }
    text.push_str(NOTE);
    text
}

fn is_panicking(frame: &Frame<'_>) -> bool {
    PANICKING
        .iter()
        .any(|module| frame.name.starts_with(module))
}

//! The frames of a stack that show where a thread is.

use std::fmt::Write;

/// Frames of the service's own code.
const OWN: usize = 6;
/// Frames of a stack without any.
const OTHERS: usize = 4;
/// Characters of a name: those of generic functions can be much longer.
const NAME: usize = 120;

/// A function that is on a stack.
pub struct Frame<'a> {
    pub name: &'a str,
    /// Its file and line; empty if they are not known.
    pub place: &'a str,
}

impl Frame<'_> {
    /// Whether it is Rust code of the service that viscaffold does not keep for it.
    pub fn is_own(&self) -> bool {
        let others = [
            "/rustc/",
            "/registry/src/",
            "/git/checkouts/",
            "src/runtime/",
            "src/main.rs",
        ];
        self.place.contains(".rs:") && !others.iter().any(|part| self.place.contains(part))
    }

    /// Whether it is part of taking the backtrace, or of ending the process.
    fn is_about_itself(&self) -> bool {
        let parts = [
            "<unknown>",
            "backtrace",
            "runtime::stacks",
            "abort",
            "raise",
            "pthread_kill",
        ];
        parts.iter().any(|part| self.name.contains(part))
    }

    fn text(&self) -> String {
        let mut text: String = short(self.name).chars().take(NAME).collect();
        if self.is_own() {
            let start = self.place.rfind("/src/").map_or(0, |slash| slash + 1);
            let place = &self.place[start..];
            let place = place.rsplit_once(':').map_or(place, |(line, _column)| line);
            let _ = write!(text, " at {place}");
        }
        text
    }
}

/// A name without what the compiler adds to it.
fn short(name: &str) -> String {
    let name = match name.find('<') {
        Some(start) if start > 0 => &name[..start],
        _ => name,
    };
    match name.split_once('#') {
        Some(("{async_fn" | "{async_block", _)) => "async code".to_owned(),
        Some(("{closure", _)) => "a closure".to_owned(),
        _ => name.trim_end_matches("::").replace("::{{closure}}", ""),
    }
}

/// Shortens a backtrace as `std` prints it to one line, the innermost function first: where the
/// thread is, what of a library the service called, and the service's own functions.
#[must_use]
pub fn summary(backtrace: &str) -> String {
    let frames = parse(backtrace);
    // What is above the frame of the signal is its handler.
    let signal = frames
        .iter()
        .rposition(|frame| frame.name.contains("__restore_rt"));
    let frames = &frames[signal.map_or(0, |place| place + 1)..];
    let frames: Vec<_> = frames
        .iter()
        .filter(|frame| !frame.is_about_itself())
        .collect();
    let mut texts: Vec<_> = shown(&frames).into_iter().map(Frame::text).collect();
    texts.dedup();
    texts.join(" < ")
}

fn shown<'a>(frames: &[&'a Frame<'a>]) -> Vec<&'a Frame<'a>> {
    let Some(first) = frames.iter().position(|frame| frame.is_own()) else {
        return frames.iter().take(OTHERS).copied().collect();
    };
    let innermost = frames.first().filter(|_| first > 1);
    let called = first.checked_sub(1).map(|place| &frames[place]);
    let own = frames[first..]
        .iter()
        .filter(|frame| frame.is_own())
        .take(OWN);
    innermost
        .into_iter()
        .chain(called)
        .chain(own)
        .copied()
        .collect()
}

/// Reads lines like `4: name` or, if it is inlined, `name`, each followed by `at place` if known.
pub fn parse(backtrace: &str) -> Vec<Frame<'_>> {
    let mut frames: Vec<Frame> = Vec::new();
    for line in backtrace.lines().map(str::trim) {
        if let Some(place) = line.strip_prefix("at ") {
            if let Some(frame) = frames.last_mut() {
                frame.place = place;
            }
            continue;
        }
        let name = match line.split_once(": ") {
            Some((number, name)) if number.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => line,
        };
        frames.push(Frame { name, place: "" });
    }
    frames
}

//! What proc(5) shows of a process; empty values where it cannot be read.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// How long a thread ran, and how long it waited to run: it could run but had no CPU, since others
/// used it, or the container had used up its share.
#[derive(Clone, Copy, Default)]
pub struct Times {
    pub ran: Duration,
    pub waited: Duration,
}

/// What one of its threads does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs, or waits for something.
    There,
    /// A signal or a debugger has stopped it.
    Stopped,
    /// It has ended; what the main thread leaves stays until the process ends.
    Gone,
}

/// The state of one of its threads, or that of its main thread, which has the number of the process.
pub fn state(process: i32, thread: i32) -> State {
    let line = read(&format!("/proc/{process}/task/{thread}/stat"));
    match fields(&line).first().map(String::as_str) {
        Some("T" | "t") => State::Stopped,
        Some("Z" | "X") | None => State::Gone,
        Some(_) => State::There,
    }
}

/// How many memory pages it had to read from disk.
pub fn read_pages(process: i32) -> u64 {
    fields(&read(&format!("/proc/{process}/stat")))
        .get(9)
        .and_then(|count| count.parse().ok())
        .unwrap_or(0)
}

/// Its peak memory in bytes.
pub fn peak(process: i32) -> Option<u64> {
    let found = status(process, "VmHWM:")?;
    let kilobytes: u64 = found.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Whether it has a handler for a signal.
pub fn handles(process: i32, signal: i32) -> bool {
    has(process, "SigCgt:", signal)
}

/// Whether it ignores a signal.
pub fn ignores(process: i32, signal: i32) -> bool {
    has(process, "SigIgn:", signal)
}

/// The times of each of its threads.
pub fn times(process: i32) -> HashMap<i32, Times> {
    let threads = threads(process).into_iter();
    let times = threads.filter_map(|thread| {
        let found = read(&format!("/proc/{process}/task/{thread}/schedstat"));
        let mut numbers = found
            .split_whitespace()
            .map_while(|number| number.parse().ok());
        let ran = Duration::from_nanos(numbers.next()?);
        let waited = Duration::from_nanos(numbers.next()?);
        Some((thread, Times { ran, waited }))
    });
    times.collect()
}

/// Its threads.
pub fn threads(process: i32) -> Vec<i32> {
    let Ok(entries) = fs::read_dir(format!("/proc/{process}/task")) else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect()
}

/// Its child processes, except those that were waited for.
pub fn children(process: i32) -> Vec<i32> {
    let threads = threads(process).into_iter();
    let found = threads.map(|thread| read(&format!("/proc/{process}/task/{thread}/children")));
    let numbers = found.flat_map(|line| {
        let numbers = line
            .split_whitespace()
            .map_while(|number| number.parse().ok());
        numbers.collect::<Vec<_>>()
    });
    numbers.collect()
}

/// The file of its program.
pub fn program(process: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{process}/exe")).ok()
}

/// The name of one of its threads.
pub fn name(process: i32, thread: i32) -> String {
    read(&format!("/proc/{process}/task/{thread}/comm"))
        .trim_end()
        .to_owned()
}

/// Where in the kernel one of its threads waits; its state if it does not, or that is not shown.
pub fn waits_in(process: i32, thread: i32) -> String {
    let place = read(&format!("/proc/{process}/task/{thread}/wchan"));
    let line = read(&format!("/proc/{process}/task/{thread}/stat"));
    let state = line
        .rsplit_once(") ")
        .map_or("?", |(_, fields)| &fields[..fields.len().min(1)]);
    match place.as_str() {
        "" | "0" => format!("state {state}"),
        place => format!("{place}, state {state}"),
    }
}

/// Reads a file of the kernel.
pub fn read(path: &str) -> String {
    let content = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&content).into_owned()
}

/// What follows the name, which is in parentheses and may contain anything: the state is first.
fn fields(line: &str) -> Vec<String> {
    let (_, fields) = line.rsplit_once(')').unwrap_or_default();
    fields.split_whitespace().map(str::to_owned).collect()
}

fn status(process: i32, name: &str) -> Option<String> {
    let text = read(&format!("/proc/{process}/status"));
    let found = text.lines().find_map(|line| line.strip_prefix(name));
    found.map(|value| value.trim().to_owned())
}

fn has(process: i32, mask: &str, signal: i32) -> bool {
    let mask = status(process, mask).unwrap_or_default();
    u64::from_str_radix(&mask, 16).unwrap_or(0) >> (signal - 1) & 1 == 1
}

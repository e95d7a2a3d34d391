//! Explains how the service ended.

use nix::libc::c_int;
use nix::sys::signal::Signal;

use super::cgroup::{self, Kills};
use super::lines::Level;
use super::shared_state::shared;
use super::{EXIT_IO, EXIT_SOFTWARE};

/// A line for the log, and the section of the runbook.
#[derive(Debug, PartialEq, Eq)]
pub struct Reason {
    pub level: Level,
    pub words: String,
    pub page: &'static str,
}

impl Reason {
    fn new(level: Level, words: impl Into<String>, page: &'static str) -> Option<Self> {
        Some(Self {
            level,
            words: words.into(),
            page,
        })
    }
}

/// What is known when the service has ended.
pub struct End<'a> {
    /// The exit status, or the signal that ended it as a negative number.
    pub status: c_int,
    /// The signal that asked it to stop.
    pub asked: Option<c_int>,
    /// The status that it announced.
    pub announced: Option<u8>,
    /// What the kernel killed for memory since it started.
    pub memory: Kills,
    /// The thread that had a fault, and its stack.
    pub thread: &'a str,
    pub stack: &'a str,
}

/// Returns the exit status, and how the service ended unless it has logged that itself.
pub fn explain(end: &End) -> (u8, Option<Reason>) {
    match u8::try_from(end.status) {
        Ok(status) => explain_status(status, end),
        Err(_) => explain_signal(-end.status, end),
    }
}

fn explain_status(status: u8, end: &End) -> (u8, Option<Reason>) {
    let is_asked = end.asked.is_some() && status == 0;
    if end.announced == Some(status) || status == EXIT_IO || is_asked {
        return (status, None);
    }
    let words = format!(
        "it ended with status {status} and did not say why: an error above does; without one, \
         _exit() was called"
    );
    let status = if status == 0 { EXIT_SOFTWARE } else { status };
    (
        status,
        Reason::new(Level::Critical, words, "ended-without-a-word"),
    )
}

fn explain_signal(signal: c_int, end: &End) -> (u8, Option<Reason>) {
    let name = signal_name(signal);
    let is_asked = end.asked == Some(signal);
    if let Some(status) = end.announced {
        // Asked again after its end, which it logged.
        let words =
            format!("it had finished its work when {name} ended it; status {status} stands");
        let reason = Reason::new(Level::Info, words, "exit-codes");
        return (status, reason.filter(|_| !is_asked));
    }
    if is_asked && shared().beats().next().is_none() {
        let words = format!("stopped by {name}, before it had started");
        return (0, Reason::new(Level::Info, words, "exit-codes"));
    }
    if is_asked {
        let words = format!(
            "stopped by {name} at once, without finishing its requests: something in the service \
             has reset it to its default"
        );
        return (0, Reason::new(Level::Warning, words, "signal-reset"));
    }
    let status = u8::try_from(128 + signal).unwrap_or(EXIT_SOFTWARE);
    let (words, page) = why_killed(signal, end);
    let words = format!("killed by {words}");
    (status, Reason::new(Level::Critical, words, page))
}

fn why_killed(signal: c_int, end: &End) -> (String, &'static str) {
    let name = signal_name(signal);
    if let Some(fault) = fault(signal) {
        return why_faulted(&name, signal, fault, end);
    }
    if let Some(cause) = kernels(signal) {
        let words = format!("{name}: {cause}; or another process sent it");
        return (words, "killed-from-outside");
    }
    if signal != Signal::SIGKILL as c_int {
        return (format!("{name}, sent by a process"), "killed-from-outside");
    }
    if end.memory.here > Some(0) {
        let limit = megabytes(cgroup::memory_limit());
        let words = format!(
            "the kernel: it needed more than the {limit} of memory that this container may use"
        );
        return (words, "pattern-memory");
    }
    let words = format!("{name} from outside; {}", not_for_memory(end.memory));
    (words, "killed-from-outside")
}

/// Explains a fault by what the service recorded of it, if it could.
fn why_faulted(name: &str, signal: c_int, fault: &str, end: &End) -> (String, &'static str) {
    let Some((first, cause)) = shared().crash.get() else {
        return (format!("{name}: {fault}"), "pattern-dependencies");
    };
    let thread = end.thread;
    let is_abort = signal == Signal::SIGABRT as c_int;
    if is_abort && first != signal {
        let words = format!("{name}: {thread} has overflowed its stack");
        return (words, "ended-without-a-word");
    }
    if cause.code <= 0 && cause.sender != shared().owner() {
        let words = format!("{name}, sent by process {}", cause.sender);
        return (words, "killed-from-outside");
    }
    if end.stack.contains("alloc_error") || end.stack.contains("rust_oom") {
        let words = format!("{name}: {thread} could not allocate memory");
        return (words, "pattern-memory");
    }
    if is_abort {
        return (
            format!("{name}: {fault}, in {thread}"),
            "pattern-dependencies",
        );
    }
    if cause.code <= 0 {
        let words = format!("{name}, which it sent to itself, in {thread}");
        return (words, "ended-without-a-word");
    }
    let words = format!(
        "{name}: {fault}, in {thread}, at address {:#x}",
        cause.address
    );
    (words, "pattern-dependencies")
}

fn not_for_memory(memory: Kills) -> String {
    if memory.machine == Some(0) || (memory.here == Some(0) && memory.machine.is_none()) {
        return "not for its memory".to_owned();
    }
    let killed = "the kernel killed processes for memory on this machine meanwhile: see dmesg";
    if memory.here == Some(0) {
        // The machine's counter does not tell which container was short of memory.
        return format!("not for its memory limit, but {killed}");
    }
    let more = memory
        .machine
        .map_or(String::new(), |_| format!(", and {killed}"));
    let place = cgroup::place();
    format!(
        "whether for its memory is not known: the cgroup files below {place} do not show it{more}"
    )
}

/// What a signal means that the kernel sends for a fault of the service.
fn fault(signal: c_int) -> Option<&'static str> {
    Some(match Signal::try_from(signal).ok()? {
        Signal::SIGSEGV => "native code used memory that it may not access",
        Signal::SIGBUS => {
            "native code used memory that does not exist, or a mapped file was truncated"
        }
        Signal::SIGFPE => "native code divided by zero",
        Signal::SIGILL => "native code has an instruction that this processor does not have",
        Signal::SIGABRT => "native code aborted the process",
        Signal::SIGSYS => "it made a system call that this container forbids",
        Signal::SIGTRAP => "native code hit a trap",
        _ => return None,
    })
}

/// Why the kernel itself sends a signal that is no fault.
fn kernels(signal: c_int) -> Option<&'static str> {
    Some(match Signal::try_from(signal).ok()? {
        Signal::SIGPIPE => {
            "it wrote to a pipe or connection that nobody reads, and SIGPIPE had been reset to its \
             default"
        }
        Signal::SIGALRM => {
            "a timer that it set expired (alarm, setitimer), and the signal had no handler"
        }
        Signal::SIGVTALRM | Signal::SIGPROF => {
            "a timer that it set expired (setitimer), and the signal had no handler"
        }
        Signal::SIGXCPU => "it used more CPU time than its limit (ulimit -t, RLIMIT_CPU)",
        Signal::SIGXFSZ => "it wrote a file larger than its limit (ulimit -f, RLIMIT_FSIZE)",
        _ => return None,
    })
}

/// Whether a signal means a fault of the service.
pub fn is_fault(signal: c_int) -> bool {
    fault(signal).is_some()
}

/// The name of a signal, or its number if it has none.
pub fn signal_name(signal: c_int) -> String {
    match Signal::try_from(signal) {
        Ok(known) => format!("{known} (signal {signal})"),
        Err(_) => format!("signal {signal}"),
    }
}

pub fn megabytes(bytes: Option<u64>) -> String {
    match bytes {
        Some(bytes) => format!("{} MiB", (bytes + (1 << 19)) >> 20),
        None => "unknown".to_owned(),
    }
}

//! Handles the signals that ask the service to stop.
//!
//! A thread of its own waits for them: it also hears them while everything else is blocked.

use std::process;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};
use std::{fs, io};

use nix::sys::signal::{SigSet, Signal, raise};
use tokio::sync::watch;

use super::log::critical;
use super::shared_state::shared;
use super::{EXIT_SOFTWARE, STOP_SECONDS, supervised};

const STOPS: [Signal; 4] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGQUIT,
];
/// A process group gets a signal twice: only later does it mean that it has to be quick.
const AGAIN: Duration = Duration::from_secs(1);
/// Code that blocks the start does not notice that it was asked to stop: it is given up.
const START_ENDS: Duration = Duration::from_secs(STOP_SECONDS / 2);

/// What the service was asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    to_stop: Option<Signal>,
    at_once: bool,
    serves: bool,
}

static ASKED: LazyLock<watch::Sender<Asked>> =
    LazyLock::new(|| watch::Sender::new(Asked::default()));

/// Takes the signals from all threads that are started from now on, including pending ones.
///
/// Signals that were ignored at the start, as nohup or `&` in a script has it, stay ignored; but
/// SIGTERM always stops the service.
///
/// # Errors
///
/// If the system has no thread left for it.
pub fn install() -> io::Result<()> {
    let ignored = signals("SigIgn:");
    let mut awaited = SigSet::empty();
    for signal in STOPS {
        if signal == Signal::SIGTERM || !has(ignored, signal) {
            awaited.add(signal);
        }
    }
    awaited.thread_block()?;
    let thread = thread::Builder::new().name("signals".into());
    thread.spawn(move || wait(awaited)).map(drop)
}

fn wait(awaited: SigSet) {
    let mut began = None;
    loop {
        let Ok(signal) = awaited.wait() else { continue };
        if signal != Signal::SIGTERM && began.is_none() && has(signals("SigCgt:"), signal) {
            hand_over(signal);
            continue;
        }
        if began.is_none() {
            limit();
        }
        let since = began.get_or_insert_with(Instant::now).elapsed();
        ASKED.send_modify(|asked| {
            asked.to_stop.get_or_insert(signal);
            asked.at_once = since > AGAIN;
        });
    }
}

/// Gives a signal to the application, which has a handler for it: it may reload something.
fn hand_over(signal: Signal) {
    let only = SigSet::from(signal);
    let handled = only
        .thread_unblock()
        .and_then(|()| raise(signal))
        .and_then(|()| only.thread_block());
    if let Err(error) = handled {
        tracing::error!("{signal} did not reach its handler: {error}");
    }
}

/// Ends a process that does not stop by itself: without a supervisor, nobody else would.
fn limit() {
    let thread = thread::Builder::new().name("stop".into());
    let started = thread.spawn(|| {
        thread::sleep(START_ENDS);
        if !ASKED.borrow().serves {
            end(status());
        }
        thread::sleep(Duration::from_secs(STOP_SECONDS) - START_ENDS);
        if !supervised::is_there() {
            critical!("it does not stop: {STOP_SECONDS} s are over; docs/runbook.md#stop-hangs");
            end(EXIT_SOFTWARE);
        }
    });
    if let Err(error) = started {
        tracing::warn!("nobody watches the stop: {error}");
    }
}

/// Ends the process at once, after the log has named the cause.
#[expect(clippy::exit, reason = "what runs may ignore anything milder")]
pub fn end(status: u8) -> ! {
    shared().end(status);
    process::exit(i32::from(status))
}

/// Notes that the start is over: from now on, a stop lets requests finish.
pub fn serves() {
    ASKED.send_modify(|asked| asked.serves = true);
}

#[must_use]
pub fn is_asked() -> bool {
    ASKED.borrow().to_stop.is_some()
}

/// Waits until somebody asks the service to stop.
pub async fn asked() {
    until(|asked| asked.to_stop.is_some()).await;
}

/// Waits until somebody asks for it again.
pub async fn asked_again() {
    until(|asked| asked.at_once).await;
}

async fn until(holds: impl FnMut(&Asked) -> bool) {
    // The sender lives as long as the process.
    let _ = ASKED.subscribe().wait_for(holds).await;
}

/// Logs why the service stops; returns the exit status.
#[must_use]
pub fn status() -> u8 {
    if supervised::is_gone() {
        critical!(
            "the supervisor, process 1 in a container, was killed: the service stops with it; \
             docs/runbook.md#supervisor-gone"
        );
        return EXIT_SOFTWARE;
    }
    let signal = ASKED.borrow().to_stop;
    tracing::info!("stopped by {}", signal.map_or("nobody", Signal::as_str));
    0
}

/// Reads a set of signals of this process, as bits.
fn signals(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bits = status.lines().find_map(|line| line.strip_prefix(name));
    bits.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok())
        .unwrap_or_default()
}

fn has(signals: u64, signal: Signal) -> bool {
    signals >> (signal as i32 - 1) & 1 == 1
}

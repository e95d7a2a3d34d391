//! Memory that the service writes and its supervisor reads.
//!
//! It is shared across the fork and outlives the service, however that ends: no message is lost in
//! a pipe, and writing needs no system call that could block, and no lock.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32};

use super::cells::{Beat, Crash, Stack, Text};
use super::sys;

/// Bytes of log that are kept for the supervisor.
const TAIL: usize = 2000;

/// Bytes of them that one line may use.
const LINE: usize = 1000;

/// The main thread's place among those that beat; workers have the numbers from 1.
pub const MAIN: usize = 0;

/// More workers than this are not watched.
pub const BEATING: usize = 256;

/// Stacks that can be written at the same time.
pub const STACKS: usize = 8;

/// What the supervisor knows about the service.
pub struct SharedState {
    owner: AtomicI32,
    status: AtomicI32,
    finished: AtomicBool,
    asked: AtomicBool,
    json_lines: AtomicBool,
    beats: [Beat; BEATING],
    address: OnceLock<SocketAddr>,
    tail: Text<TAIL>,
    stacks: [Stack; STACKS],
    pub crash: Crash,
}

static SHARED: OnceLock<&'static SharedState> = OnceLock::new();

/// Without a supervisor, nobody reads it.
static UNSHARED: SharedState = SharedState::new();

/// Returns the state of this service.
pub fn shared() -> &'static SharedState {
    SHARED.get().unwrap_or(&&UNSHARED)
}

/// Puts the state where a process that is forked from now on and this one both see it.
pub fn share() -> nix::Result<()> {
    let state = sys::shared_memory(SharedState::new())?;
    SHARED.get_or_init(|| state);
    Ok(())
}

impl SharedState {
    const fn new() -> Self {
        Self {
            owner: AtomicI32::new(0),
            status: AtomicI32::new(0),
            finished: AtomicBool::new(false),
            asked: AtomicBool::new(false),
            json_lines: AtomicBool::new(false),
            beats: [const { Beat::new() }; BEATING],
            address: OnceLock::new(),
            tail: Text::new(),
            stacks: [const { Stack::new() }; STACKS],
            crash: Crash::new(),
        }
    }

    /// Lets this process write what only the service may say; processes that it forks cannot.
    pub fn own(&self) {
        self.owner.store(sys::process(), Relaxed);
    }

    /// The process of the service; 0 before it runs.
    pub fn owner(&self) -> i32 {
        self.owner.load(Relaxed)
    }

    /// Whether this process was forked by the service.
    pub fn is_forked(&self) -> bool {
        ![0, sys::process()].contains(&self.owner())
    }

    /// Records that the event loop of a thread runs: that of `MAIN`, or of a worker.
    pub fn beat(&self, number: usize) {
        if let Some(beat) = self.beats.get(number).filter(|_| !self.is_forked()) {
            beat.beat();
        }
    }

    /// Records that the event loop of a worker has ended as it should: its thread may go.
    pub fn leave(&self, number: usize) {
        if let Some(beat) = self.beats.get(number).filter(|_| !self.is_forked()) {
            beat.end();
        }
    }

    /// The threads that beat, by their numbers.
    pub fn beats(&self) -> impl Iterator<Item = (usize, &Beat)> {
        let beats = self.beats.iter().enumerate();
        beats.filter(|(_, beat)| beat.count() > 0)
    }

    /// How the log calls a thread that beats.
    pub fn thread_name(&self, thread: i32) -> Option<String> {
        let (number, _) = self.beats().find(|(_, beat)| beat.thread() == thread)?;
        Some(if number == MAIN {
            "the main thread".to_owned()
        } else {
            format!("worker {number}")
        })
    }

    /// Announces the exit status, once the log has named its cause.
    pub fn end(&self, status: u8) {
        if !self.is_forked() {
            self.status.store(i32::from(status) + 1, Release);
        }
    }

    /// The exit status that was announced.
    pub fn announced(&self) -> Option<u8> {
        u8::try_from(self.status.load(Acquire) - 1).ok()
    }

    /// Records that the event loops have done their work.
    pub fn finish(&self) {
        if !self.is_forked() {
            self.finished.store(true, Relaxed);
        }
    }

    pub fn is_finished(&self) -> bool {
        self.finished.load(Relaxed)
    }

    /// Records whether the supervisor asked it to stop.
    pub fn set_asked(&self, is_asked: bool) {
        self.asked.store(is_asked, Relaxed);
    }

    pub fn is_asked(&self) -> bool {
        self.asked.load(Relaxed)
    }

    /// Whether the log is JSON: lines that are written without a logger are, too.
    pub fn json_lines(&self) -> bool {
        self.json_lines.load(Relaxed)
    }

    pub fn set_json_lines(&self, json: bool) {
        self.json_lines.store(json, Relaxed);
    }

    /// Tells the supervisor where the service listens.
    pub fn set_address(&self, address: SocketAddr) {
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        self.address
            .get_or_init(|| SocketAddr::new(ip, address.port()));
    }

    /// Where to connect to the service, once it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address.get().copied()
    }

    /// Keeps the end of a line of the log.
    pub fn log(&self, line: &[u8]) {
        if !self.is_forked() {
            self.tail.write(&line[line.len().saturating_sub(LINE)..]);
        }
    }

    /// The end of the log.
    pub fn tail(&self) -> String {
        self.tail.read()
    }

    /// Lets the supervisor know the stack of a thread; with too many at once, it is lost.
    pub fn put_stack(&self, thread: i32, text: &str) {
        self.stacks.iter().any(|stack| stack.put(thread, text));
    }

    /// Returns each stack that has been written since the last call, with the thread's number.
    pub fn take_stacks(&self) -> impl Iterator<Item = (i32, String)> {
        self.stacks.iter().filter_map(Stack::take)
    }
}

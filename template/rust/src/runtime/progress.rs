//! Whether a service makes progress: its heartbeats, and the CPU time that it got.
//!
//! None of these alone is proof. A heartbeat is missing on a machine too slow to run anything, and
//! a process that sleeps may have nothing to do.

use std::collections::HashMap;
use std::time::Duration;

use super::procfs::{self, State, Times};
use super::shared_state::{MAIN, shared};

/// Whether the event loop of one thread runs.
#[derive(Clone)]
pub struct EventLoop {
    /// `MAIN`, or the number of a worker.
    pub number: usize,
    pub thread: i32,
    /// How long it has not run, although it could have.
    pub still: Duration,
    /// Its thread has ended, and nobody else will answer its clients.
    pub is_gone: bool,
    count: u32,
}

/// How long a process has made no progress, although it could have run.
pub struct Progress {
    process: i32,
    /// Those that have beaten and have not ended as they should.
    pub loops: Vec<EventLoop>,
    /// How long nothing of it has moved.
    pub still: Duration,
    /// How much of that it did not run either: it waits.
    pub idle: Duration,
    /// How much of the last interval it could run.
    pub free: Duration,
    /// A signal has stopped it.
    pub is_stopped: bool,
    times: HashMap<i32, Times>,
}

impl Progress {
    pub fn new(process: i32) -> Self {
        Self {
            process,
            loops: Vec::new(),
            still: Duration::ZERO,
            idle: Duration::ZERO,
            free: Duration::ZERO,
            is_stopped: false,
            times: procfs::times(process),
        }
    }

    /// Counts the time since the last look, at most `at_most` of it: during the rest, the machine
    /// was suspended or the container was paused.
    pub fn look(&mut self, elapsed: Duration, at_most: Duration) {
        let ran = self.count(procfs::times(self.process), elapsed, at_most);
        self.look_at_loops();
        self.still = match self.workers().map(|worker| worker.still).min() {
            Some(still) => still,
            None => self
                .main()
                .map_or(self.still + self.free, |main| main.still),
        };
        self.idle = if self.still.is_zero() {
            Duration::ZERO
        } else {
            self.idle + self.free.saturating_sub(ran)
        };
    }

    /// The event loops of the workers.
    pub fn workers(&self) -> impl Iterator<Item = &EventLoop> {
        self.loops.iter().filter(|found| found.number != MAIN)
    }

    /// The event loop of the main thread.
    pub fn main(&self) -> Option<&EventLoop> {
        self.loops.iter().find(|found| found.number == MAIN)
    }

    /// Takes back that nothing moves: the service has answered.
    pub fn answers(&mut self) {
        self.still = Duration::ZERO;
        self.idle = Duration::ZERO;
        for found in &mut self.loops {
            found.still = Duration::ZERO;
        }
    }

    /// Counts how long it could run; returns how long all threads together have run.
    fn count(
        &mut self,
        now: HashMap<i32, Times>,
        elapsed: Duration,
        at_most: Duration,
    ) -> Duration {
        let before = std::mem::replace(&mut self.times, now);
        let (mut ran, mut waited) = (Duration::ZERO, Duration::ZERO);
        for (thread, now) in &self.times {
            if let Some(before) = before.get(thread) {
                ran += now.ran.saturating_sub(before.ran);
                waited = waited.max(now.waited.saturating_sub(before.waited));
            }
        }
        self.is_stopped = procfs::state(self.process, self.process) == State::Stopped;
        self.free = elapsed.saturating_sub(waited).min(at_most);
        if self.is_stopped {
            self.free = Duration::ZERO;
        }
        ran
    }

    fn look_at_loops(&mut self) {
        let before = std::mem::take(&mut self.loops);
        for (number, beat) in shared().beats() {
            let (thread, count) = (beat.thread(), beat.count());
            let is_same = |found: &&EventLoop| found.number == number && found.count == count;
            let mut found = EventLoop {
                number,
                thread,
                still: Duration::ZERO,
                is_gone: false,
                count,
            };
            if let Some(same) = before.iter().find(is_same) {
                let state = procfs::state(self.process, thread);
                // Without times, nothing of the process can be read: it has ended.
                found.is_gone = state == State::Gone && !self.times.is_empty();
                found.still = match state {
                    State::Stopped => same.still,
                    _ => same.still + self.free,
                };
            }
            self.loops.push(found);
        }
    }
}

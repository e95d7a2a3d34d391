//! What the supervisor looks at every second, and what it does about it.

use std::time::{Duration, Instant};

use super::lines::Level;
use super::shared_state::shared;
use super::supervisor::{Supervisor, TICK};
use super::{STOP_SECONDS, cgroup, exit_reason, procfs, stacks};

/// A blocked event loop, or a start that waits, is reported.
pub const SLOW: Duration = Duration::from_secs(3);
/// A start that computes, or a silent port, is reported.
pub const LONG: Duration = Duration::from_secs(10);
/// How long a thread may take to write its stack.
const STACK: Duration = Duration::from_secs(stacks::SECONDS as u64);
/// How long a service that is killed may take to write the stacks of its threads.
pub const STACKS: Duration = Duration::from_secs(5);
/// A stop has less time: soon, `docker stop` kills everything.
const STOP_STACKS: Duration = Duration::from_secs(1);
const STOP: Duration = Duration::from_secs(STOP_SECONDS);
/// Pages read from the disk while nothing moves.
const THRASHING: u64 = 300;

pub const NOTHING_MOVES: &str = "nothing has moved for 3 s";
pub const BLOCKED: &str = "the event loop is blocked: nothing has moved for 3 s";

impl Supervisor {
    /// Looks at the service, as often as it could run for `TICK`.
    pub fn tick(&mut self, elapsed: Duration) {
        self.service.progress.look(elapsed, TICK);
        if self.service.progress.still.is_zero() {
            self.read_pages = procfs::read_pages(self.service.number);
            self.service.has_ended("still");
        }
        self.service.say_missing_stacks(STACK);
        self.report_killed_child();
        if self.service.progress.is_stopped {
            let words =
                "it is stopped by a signal (SIGSTOP), or by a debugger; SIGCONT continues it";
            self.service
                .say_once("stopped", Level::Warning, words, "stopped");
        } else {
            self.service.has_ended("stopped");
        }
        let has_ended = self.service.announced().is_some() || shared().is_finished();
        if self.is_asked() || has_ended {
            self.port.close();
            self.look_at_end(has_ended);
        } else if self.service.progress.workers().next().is_some() {
            self.look_at_loops();
        } else {
            self.look_at_start();
        }
    }

    fn look_at_start(&mut self) {
        let (still, idle) = (self.service.progress.still, self.service.progress.idle);
        if still >= self.start_limit && !self.is_watched {
            let words = format!("it has not started after {} s", still.as_secs());
            self.service.kill(&words, "nothing-moves", STACKS);
        } else if idle >= SLOW {
            self.report_still(&format!("the start hangs or takes long: {NOTHING_MOVES}"));
        } else if still >= LONG {
            self.report_still("the start takes long: it has been computing for 10 s");
        }
    }

    /// Ends a stop that takes too long; time without a CPU does not count.
    fn look_at_end(&mut self, has_ended: bool) {
        let took = self.end_began.get_or_insert_with(Instant::now).elapsed();
        self.ending += self.service.progress.free;
        if self.ending >= STOP {
            let words = format!("it does not stop: {STOP_SECONDS} s are over");
            self.service.kill(&words, "stop-hangs", STOP_STACKS);
        } else if !has_ended && self.service.progress.still >= SLOW && !self.are_reported() {
            self.report_still(BLOCKED);
        } else if took >= STOP {
            let words = format!(
                "it is still stopping, and CPU time is short: it could run for {:.1} of {} s",
                self.ending.as_secs_f64(),
                took.as_secs()
            );
            self.service
                .say_once("slow", Level::Info, &words, "slow-stop");
        }
    }

    /// Reports where it is stuck, once until it makes progress again.
    pub fn report_still(&mut self, what: &str) {
        if !self.service.is_new("still") {
            return;
        }
        let read = procfs::read_pages(self.service.number);
        if read.saturating_sub(self.read_pages) > THRASHING {
            let words = format!(
                "{what}, and memory is so short that it reads its own pages again and again"
            );
            self.service
                .say_with_stacks(Level::Warning, &words, "pattern-memory", "");
        } else {
            self.service
                .say_with_stacks(Level::Warning, what, "nothing-moves", "");
        }
    }

    /// Reports that the kernel killed another process of this container for its memory.
    fn report_killed_child(&mut self) {
        let killed = cgroup::kills_here();
        if killed <= self.killed_before.here {
            return;
        }
        if !self.is_suspected {
            self.is_suspected = true; // it may be the service, unless that makes progress
        } else if self.service.progress.still.is_zero() {
            self.is_suspected = false;
            self.killed_before = cgroup::kills();
            let limit = exit_reason::megabytes(cgroup::memory_limit());
            let words = format!(
                "the kernel killed a child process: this container may use {limit} of memory"
            );
            self.service.say(Level::Error, &words, "pattern-memory");
        }
    }
}

//! The process of the service, for its supervisor: signals to it, and lines about it.

use std::collections::{HashMap, HashSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::libc::{self, c_int};

use super::lines::Level;
use super::progress::Progress;
use super::shared_state::{STACKS, shared};
use super::{cgroup, exit_reason, procfs, stdio, supervised, sys};

const MOMENT: Duration = Duration::from_millis(10);

/// What the supervisor knows of the process that it watches.
pub struct ServiceProcess {
    pub number: i32,
    pub progress: Progress,
    /// By the supervisor.
    pub is_killed: bool,
    /// Bytes of memory, known when it has ended.
    pub peak: Option<u64>,
    /// That of the thread that had a fault, if its copy has written it.
    pub crash_stack: Option<String>,
    /// Conditions that last, and are reported once.
    reported: HashSet<String>,
    began: Instant,
    /// Threads that were asked for their stacks, and when.
    asked: HashMap<i32, Instant>,
}

impl ServiceProcess {
    pub fn new(number: i32) -> Self {
        Self {
            number,
            progress: Progress::new(number),
            is_killed: false,
            peak: None,
            crash_stack: None,
            reported: HashSet::new(),
            began: Instant::now(),
            asked: HashMap::new(),
        }
    }

    /// The exit status that the service announced, but no process that it forked.
    pub fn announced(&self) -> Option<u8> {
        let is_own = shared().owner() == self.number;
        shared().announced().filter(|_| is_own)
    }

    /// Sends it a signal if this user may: the service can have changed its user.
    pub fn send(&mut self, signal: c_int) {
        if let Err(error) = sys::send(self.number, signal) {
            let name = exit_reason::signal_name(signal);
            let words = format!("cannot send {name} to it: {}", error.desc());
            self.say_once(&words, Level::Error, &words, "stop-hangs");
        }
    }

    /// Kills it, once; the log shows where it is stuck. Its threads have some time to write it.
    pub fn kill(&mut self, why: &str, page: &str, patience: Duration) {
        if self.is_killed {
            return;
        }
        self.is_killed = true;
        self.say_with_stacks(Level::Critical, why, page, ", and it is killed");
        let began = Instant::now();
        while !self.asked.is_empty() && began.elapsed() < patience {
            sleep(MOMENT);
            self.say_stacks();
        }
        self.say_missing_stacks(Duration::ZERO);
        self.send(libc::SIGKILL);
    }

    /// Logs a line with what is known about it, and the section of the runbook.
    pub fn say(&self, level: Level, words: &str, page: &str) {
        let peak = self.peak.or_else(|| procfs::peak(self.number));
        let mut memory = exit_reason::megabytes(peak);
        if let Some(limit) = cgroup::memory_limit() {
            memory = format!("{memory} of {}", exit_reason::megabytes(Some(limit)));
        }
        let seconds = self.began.elapsed().as_secs_f64();
        let process = self.number;
        let words = format!("{words} (process {process}, up {seconds:.1} s, memory {memory})");
        say(level, &words, page);
    }

    /// Logs a line, unless `key` has been reported and still holds.
    pub fn say_once(&mut self, key: &str, level: Level, words: &str, page: &str) {
        if self.is_new(key) {
            self.say(level, words, page);
        }
    }

    /// Whether a condition has not been reported yet; it counts as reported from now on.
    pub fn is_new(&mut self, key: &str) -> bool {
        self.reported.insert(key.to_owned())
    }

    /// Whether a condition has been reported, and still holds.
    pub fn is_reported(&self, key: &str) -> bool {
        self.reported.contains(key)
    }

    /// A condition has ended: it is reported again when it returns.
    pub fn has_ended(&mut self, key: &str) {
        self.reported.remove(key);
    }

    /// Logs a line, and has the threads that matter write their stacks.
    pub fn say_with_stacks(&mut self, level: Level, words: &str, page: &str, then: &str) {
        let threads = self.threads_in_question();
        self.say_with_stacks_of(&threads, level, words, page, then);
    }

    /// Logs a line, and has some threads write their stacks.
    pub fn say_with_stacks_of(
        &mut self,
        threads: &[i32],
        level: Level,
        words: &str,
        page: &str,
        then: &str,
    ) {
        // The signal that asks for them needs a handler: without one, it kills.
        let can = procfs::handles(self.number, supervised::dump()) && !self.progress.is_stopped;
        let stacks = if can {
            "the stacks follow"
        } else {
            "it can no longer show its stacks"
        };
        self.say(level, &format!("{words}; {stacks}{then}"), page);
        for thread in threads.iter().filter(|_| can) {
            if sys::send_to_thread(self.number, *thread, supervised::dump()).is_ok() {
                self.asked.insert(*thread, Instant::now());
            }
        }
    }

    /// Logs the stacks that have been written.
    pub fn say_stacks(&mut self) {
        for (thread, stack) in shared().take_stacks() {
            self.asked.remove(&thread);
            if thread == shared().crash.thread() {
                self.crash_stack = Some(stack);
                continue;
            }
            let mut loops = self.progress.loops.iter();
            let matters = match loops.find(|found| found.thread == thread) {
                Some(found) => !found.still.is_zero(),
                None => thread == self.number,
            };
            // One that runs none of the service's code only waits for work.
            if matters || stack.contains(" at ") {
                let words = format!("{} is in {stack}", self.name(thread));
                stdio::say(Level::Warning, "supervisor", &words);
            }
        }
    }

    /// Logs where in the kernel those threads wait that have not written their stacks in time.
    pub fn say_missing_stacks(&mut self, time: Duration) {
        let late = self.asked.extract_if(|_, asked| asked.elapsed() >= time);
        for thread in late.map(|(thread, _)| thread).collect::<Vec<_>>() {
            let place = procfs::waits_in(self.number, thread);
            let words = format!(
                "{} writes no stack; in the kernel, it is in {place}",
                self.name(thread)
            );
            stdio::say(Level::Warning, "supervisor", &words);
        }
    }

    /// How the log calls the thread that had a fault.
    pub fn crash_thread(&self) -> String {
        let crash = &shared().crash;
        self.known_name(crash.thread())
            .unwrap_or_else(|| format!("thread {}", crash.thread_name()))
    }

    /// Threads whose event loop is blocked, then others.
    fn threads_in_question(&self) -> Vec<i32> {
        let loops = &self.progress.loops;
        let mut threads = procfs::threads(self.number);
        let stands = |thread: &i32| {
            let found = loops.iter().find(|found| found.thread == *thread);
            found.map(|found| found.still)
        };
        threads.sort_by_key(|thread| std::cmp::Reverse(stands(thread)));
        threads.truncate(STACKS);
        threads
    }

    fn name(&self, thread: i32) -> String {
        self.known_name(thread).unwrap_or_else(|| {
            let name = procfs::name(self.number, thread);
            format!("thread {thread} ({name})")
        })
    }

    fn known_name(&self, thread: i32) -> Option<String> {
        let is_main = thread == self.number;
        let main = is_main.then(|| "the main thread".to_owned());
        main.or_else(|| shared().thread_name(thread))
    }
}

/// Logs a line of the supervisor.
pub fn say(level: Level, words: &str, page: &str) {
    let words = format!("{words}; docs/runbook.md#{page}");
    stdio::say(level, "supervisor", &words);
}

//! Event loops that are blocked or gone, and a port that answers nobody.

use std::time::Duration;

use super::lines::Level;
use super::progress::EventLoop;
use super::shared_state::{MAIN, shared};
use super::supervisor::Supervisor;
use super::watch::{BLOCKED, LONG, NOTHING_MOVES, SLOW, STACKS};

/// How long a request is unanswered before blocked event loops count.
const SILENT: Duration = Duration::from_secs(2);
/// A service with a blocked event loop is killed: this worker's clients get no answer, and a health
/// check that another worker answers does not show it.
const STALL: Duration = Duration::from_secs(60);

impl Supervisor {
    /// Reports event loops that are blocked, or that answer nobody; ends what does not recover.
    pub fn look_at_loops(&mut self) {
        if let Some(address) = shared().address() {
            self.port.look(address, &self.service.progress);
        }
        let still = self.service.progress.still;
        if self.port.has_answered && still >= SLOW {
            self.service.progress.answers(); // a service that answers is not blocked
        }
        let has_blocked = self.look_at_each_loop();
        let is_silent = shared().address().is_none() || self.port.silent >= SILENT;
        if !is_silent {
            self.service.has_ended("deaf");
        } else if still >= STALL && !self.is_watched {
            let words = format!("nothing has moved for {} s", still.as_secs());
            self.service.kill(&words, "nothing-moves", STACKS);
        } else if still >= SLOW {
            self.report_still(BLOCKED);
        } else if self.port.silent >= LONG && !has_blocked {
            self.report_deaf();
        }
    }

    /// Looks at each event loop that stands still while others run; returns whether there is any.
    fn look_at_each_loop(&mut self) -> bool {
        let all_are = self.service.progress.still >= SLOW;
        let mut has_blocked = false;
        for found in self.service.progress.loops.clone() {
            let Some(name) = shared().thread_name(found.thread) else {
                continue;
            };
            if found.still < SLOW {
                self.service.has_ended(&name);
                continue;
            }
            has_blocked = true;
            if found.is_gone {
                let words = format!("{name} is gone: its thread has ended without a word");
                self.service.kill(&words, "ended-without-a-word", STACKS);
            } else if !all_are {
                self.look_at_blocked_loop(&name, &found);
            }
        }
        has_blocked
    }

    /// Reports an event loop that is blocked while others run, once until it runs again. That of
    /// the main thread answers no clients.
    fn look_at_blocked_loop(&mut self, name: &str, found: &EventLoop) {
        let blocked = format!("the event loop of {name} is blocked");
        if found.still >= STALL && found.number != MAIN && !self.is_watched {
            let seconds = found.still.as_secs();
            let words = format!("{blocked}: nothing has moved for {seconds} s, but others run");
            self.service.kill(&words, "nothing-moves", STACKS);
        } else if self.service.is_new(name) {
            let words = format!("{blocked}: {NOTHING_MOVES}, but others run");
            let threads = [found.thread];
            self.service
                .say_with_stacks_of(&threads, Level::Warning, &words, "nothing-moves", "");
        }
    }

    /// Whether each event loop that is blocked was reported by its name, while others ran.
    pub fn are_reported(&self) -> bool {
        let mut blocked = self.service.progress.workers();
        blocked.all(|found| {
            let name = shared().thread_name(found.thread);
            found.still < SLOW || name.is_some_and(|name| self.service.is_reported(&name))
        })
    }

    fn report_deaf(&mut self) {
        let what = if self.port.is_refused {
            "nobody listens on"
        } else {
            "no request is answered on"
        };
        if let Some(address) = shared().address() {
            let words = format!("{what} {address} any more, although the event loop runs");
            self.service
                .say_once("deaf", Level::Error, &words, "answers-nobody");
        }
    }
}

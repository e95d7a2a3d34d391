//! What the supervisor says when the service has ended.

use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::libc::{self, c_int};

use super::exit_reason::{self, End};
use super::lines::Level;
use super::shared_state::shared;
use super::supervisor::Supervisor;
use super::{EXIT_SOFTWARE, cgroup, procfs, stdio, sys};

const LAST_LINES: usize = 3;
const LAST_LENGTH: usize = 300;
/// To write the stack of a thread that had a fault: a restart waits for it. A busy machine takes
/// seconds for the names of its frames.
const CRASH: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(10);

impl Supervisor {
    /// Logs how the service ended, unless it did so itself; returns the exit status.
    pub fn report(mut self, status: c_int) -> u8 {
        let status = self.explain(status);
        end_copies();
        status
    }

    fn explain(&mut self, status: c_int) -> u8 {
        let announced = self.service.announced();
        if self.service.is_killed && status < 0 {
            return announced.unwrap_or(EXIT_SOFTWARE);
        }
        self.wait_for_stack(status);
        let stack = self.service.crash_stack.take();
        let (status, reason) = exit_reason::explain(&End {
            status,
            asked: self.asked,
            announced,
            memory: cgroup::kills().since(self.killed_before),
            thread: &self.service.crash_thread(),
            stack: stack.as_deref().unwrap_or_default(),
        });
        let Some(reason) = reason else {
            return status;
        };
        self.service.say(reason.level, &reason.words, reason.page);
        if reason.level == Level::Critical {
            if let Some(stack) = stack {
                stdio::say(Level::Critical, "supervisor", &format!("it was in {stack}"));
            }
            say_last_lines(); // later output may have gone elsewhere
        }
        status
    }

    /// Waits for the stack of the thread that had a fault.
    fn wait_for_stack(&mut self, status: c_int) {
        let began = Instant::now();
        let is_fault = exit_reason::is_fault(-status) && shared().crash.get().is_some();
        while is_fault && began.elapsed() < CRASH {
            let is_over = copies().is_empty();
            self.service.say_stacks();
            if is_over || self.service.crash_stack.is_some() {
                return;
            }
            sleep(MOMENT);
        }
    }
}

/// Kills copies that still write a stack: nobody waits for it any more.
fn end_copies() {
    for copy in copies() {
        let _ = sys::send(copy, libc::SIGKILL);
    }
}

/// Copies of the service that write a stack. Whatever became this program by `exec` can have had
/// other children, too.
fn copies() -> Vec<i32> {
    let program = procfs::program(sys::process());
    let children = procfs::children(sys::process()).into_iter();
    let copies = children.filter(|child| procfs::program(*child) == program);
    copies.collect()
}

fn say_last_lines() {
    let tail = shared().tail();
    let lines: Vec<_> = tail.lines().collect();
    for line in &lines[lines.len().saturating_sub(LAST_LINES)..] {
        stdio::say_last(&line.chars().take(LAST_LENGTH).collect::<String>());
    }
}

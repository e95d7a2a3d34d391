//! Process 1: watches the service, and reports what the service cannot report itself.
//!
//! A process that the kernel kills, that calls `_exit` or whose workers are blocked reports
//! nothing. The supervisor survives it: it only waits, so that little can go wrong in it.

use std::env;
use std::io::{IsTerminal, stdin};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::libc::{self, c_int};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signalfd::SignalFd;

use super::cgroup::{self, Kills};
use super::port::Port;
use super::service_process::ServiceProcess;
use super::shared_state::shared;
use super::supervised::STOPS;
use super::{START_SECONDS, STOP_SECONDS, procfs, sys};

/// Of time in which the service could run: without a CPU, or in a pause, it does not count.
pub const TICK: Duration = Duration::from_secs(1);

/// Watches the service until it ends.
pub struct Supervisor {
    pub service: ServiceProcess,
    pub port: Port,
    /// The signal that asked the service to stop.
    pub asked: Option<c_int>,
    asked_at: Instant,
    /// How long its stop has taken so far, without the time in which it could not run.
    pub ending: Duration,
    pub end_began: Option<Instant>,
    pub start_limit: Duration,
    /// On a terminal: somebody may be debugging it.
    pub is_watched: bool,
    pub killed_before: Kills,
    /// Whether a child process was killed for its memory.
    pub is_suspected: bool,
    /// Pages that the service had read when it last made progress.
    pub read_pages: u64,
    signals: SignalFd,
}

impl Supervisor {
    pub fn new(service: i32, signals: SignalFd) -> Self {
        // A wrong value is reported with the settings.
        let given = env::var("START_SECONDS").ok();
        let seconds = given.and_then(|given| given.parse().ok());
        Self {
            service: ServiceProcess::new(service),
            port: Port::default(),
            asked: None,
            asked_at: Instant::now(),
            ending: Duration::ZERO,
            end_began: None,
            start_limit: Duration::from_secs(seconds.unwrap_or(START_SECONDS)),
            is_watched: stdin().is_terminal(),
            killed_before: cgroup::kills(),
            is_suspected: false,
            read_pages: 0,
            signals,
        }
    }

    /// Forwards signals and watches the service until it ends; returns the exit status.
    pub fn wait(mut self) -> u8 {
        let mut ticked = Instant::now();
        loop {
            let mut asked = [PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            let rest = TICK.saturating_sub(ticked.elapsed());
            let _ = poll(
                &mut asked,
                PollTimeout::try_from(rest).unwrap_or(PollTimeout::ZERO),
            );
            if asked[0].any() == Some(true)
                && let Some(status) = self.next_signal()
            {
                return self.report(status);
            }
            self.service.say_stacks();
            let elapsed = ticked.elapsed();
            if elapsed >= TICK {
                self.tick(elapsed);
                ticked = Instant::now();
            }
        }
    }

    /// Handles one signal; returns the status of the service if that has ended.
    fn next_signal(&mut self) -> Option<c_int> {
        let came = self.signals.read_signal().ok()??;
        let signal = c_int::try_from(came.ssi_signo).ok()?;
        if signal == libc::SIGCHLD {
            return self.reap();
        }
        self.pass_on(signal, came.ssi_code <= 0);
        None
    }

    /// Forwards a signal; a terminal sends its signals to the service directly.
    fn pass_on(&mut self, signal: c_int, is_sent: bool) {
        let is_stop = STOPS.iter().any(|stop| *stop as c_int == signal);
        if is_stop && !self.is_asked() {
            self.asked = Some(signal);
            self.asked_at = Instant::now();
            shared().set_asked(true);
        }
        if is_sent {
            self.service.send(signal);
        }
        if is_stop {
            // A service that SIGSTOP has stopped receives nothing else.
            self.service.send(libc::SIGCONT);
        }
    }

    /// Whether the service has to stop: the application may handle the signal itself.
    ///
    /// If it does not stop within STOP_SECONDS, a later end has another cause.
    pub fn is_asked(&mut self) -> bool {
        let Some(signal) = self.asked else {
            return false;
        };
        if signal == libc::SIGTERM || !procfs::handles(self.service.number, signal) {
            return true;
        }
        let moves = self.service.progress.still.is_zero();
        if moves && self.asked_at.elapsed() > Duration::from_secs(STOP_SECONDS) {
            self.asked = None;
            shared().set_asked(false);
        }
        false
    }

    /// Reaps every process that has ended, including orphans; returns the service's status.
    fn reap(&mut self) -> Option<c_int> {
        let mut found = None;
        while let Ok(Some(ended)) = sys::ended() {
            if ended.process == self.service.number {
                found = Some(ended.status);
                self.service.peak = Some(ended.peak);
            }
        }
        found
    }
}

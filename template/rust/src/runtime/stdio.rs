//! Standard output and error that lose no line, and never stop the service.
//!
//! A stream that is closed, broken or full is replaced by the other one, which says so. With both
//! broken, lines go to copies made at the start. Lines that nobody reads in time are dropped and
//! counted; the count is logged as soon as somebody reads again. When all are broken, nothing can
//! be reported any more, and the process ends with status 74.
//!
//! `println!` panics if its stream is broken, so what replaces a stream gets its number, too.

use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use nix::errno::Errno;
use nix::libc;

use super::EXIT_IO;
use super::lines::{Level, line, local};
use super::shared_state::shared;
use super::streams::Stream;

const PATIENCE_MILLISECONDS: u16 = 1000;
const STANDARD: [usize; 2] = [0, 1];
const NAMES: [&str; 2] = ["stdout", "stderr"];
const COPIES: usize = 2;

static OUTPUT: Mutex<Output> = Mutex::new(Output {
    streams: [
        Stream::new(1),
        Stream::new(2),
        Stream::new(-1),
        Stream::new(-1),
    ],
    lost: 0,
    lost_since: None,
});
static STACKS: AtomicI32 = AtomicI32::new(2);

/// Makes copies of the streams, and replaces those that were closed when the process began.
pub fn open() {
    let mut output = output();
    for number in STANDARD {
        let stream = output.streams[number];
        if let Some(copy) = stream.copy().filter(|_| !stream.was_closed()) {
            STACKS.store(copy.number, Relaxed);
            output.streams[COPIES + number] = copy;
        }
    }
    for number in STANDARD {
        if output.streams[number].was_closed() {
            output.give_up(number, Errno::EBADF);
        }
    }
}

/// Writes whole lines; they are written or lost when it returns.
pub fn write(lines: &[u8]) {
    output().write(lines);
}

/// Writes a line without logging.
pub fn say(level: Level, logger: &str, message: &str) {
    write(line(level, logger, message).as_bytes());
}

/// Repeats a line of the log.
pub fn say_last(logged: &str) {
    let words = format!("last logged: {logged}");
    if shared().json_lines() {
        say(Level::Info, "supervisor", &words);
    } else {
        write(format!("    {words}\n").as_bytes());
    }
}

/// Replaces a stream whose reader has gone, before `println!` finds out; reports lost lines.
pub fn look() {
    let mut output = output();
    for number in STANDARD {
        let stream = output.streams[number];
        if let Some(problem) = stream.problem().filter(|_| !stream.broken) {
            output.give_up(number, problem);
        }
    }
    output.tell_lost();
}

/// Returns where stacks are written in an emergency, whatever happened to stderr.
pub fn stacks() -> RawFd {
    STACKS.load(Relaxed)
}

fn output() -> MutexGuard<'static, Output> {
    OUTPUT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stdout, stderr, and a copy of each.
struct Output {
    streams: [Stream; 4],
    lost: usize,
    lost_since: Option<SystemTime>,
}

impl Output {
    fn write(&mut self, lines: &[u8]) {
        self.tell_lost();
        let mut left = self.send(0, lines);
        left = self.send(1, left);
        if !left.is_empty() && self.streams[..COPIES].iter().all(|stream| stream.broken) {
            left = self.send(2, left);
            left = self.send(3, left);
        }
        if left.is_empty() {
            return;
        }
        if self.streams.iter().all(|stream| stream.broken) {
            // SAFETY: nothing runs after it.
            unsafe { libc::_exit(EXIT_IO.into()) }
        }
        self.lost_since.get_or_insert_with(SystemTime::now);
        self.lost += left.iter().filter(|byte| **byte == b'\n').count().max(1);
    }

    /// Writes what can be written; returns the rest.
    fn send<'a>(&mut self, number: usize, mut data: &'a [u8]) -> &'a [u8] {
        if STANDARD.contains(&number) && self.streams[number].is_taken() {
            self.break_off(
                number,
                "closed, and its number is in use for something else",
            );
        }
        while !data.is_empty() && !self.streams[number].broken && self.has_room(number) {
            match self.streams[number].write(data) {
                Ok(count) => data = &data[count..],
                Err(error) => self.give_up(number, error),
            }
        }
        data
    }

    /// Waits for space, once: not again for a stream that nobody reads.
    fn has_room(&mut self, number: usize) -> bool {
        let stream = self.streams[number];
        let has_room = stream.takes(if stream.full {
            0
        } else {
            PATIENCE_MILLISECONDS
        });
        self.streams[number].full = !has_room;
        if !has_room && !stream.full {
            self.tell(number, "is full, and nobody reads it");
        }
        has_room
    }

    /// Replaces a stream that cannot be written to.
    fn give_up(&mut self, number: usize, error: Errno) {
        let error = io::Error::from(error).to_string();
        self.break_off(number, error.split(" (os error").next().unwrap_or_default());
        for broken in STANDARD
            .into_iter()
            .filter(|number| self.streams[*number].broken)
        {
            let whole = self.streams.iter().find(|stream| !stream.broken);
            if let Some(whole) = whole.filter(|_| !self.streams[broken].is_taken()) {
                whole.replace(self.streams[broken].number);
            }
        }
    }

    fn break_off(&mut self, number: usize, why: &str) {
        if !self.streams[number].broken {
            self.streams[number].broken = true;
            self.tell(number, &format!("cannot be written to ({why})"));
        }
    }

    /// Reports on the other stream what happened to one; on a copy if the other is broken, too.
    fn tell(&mut self, number: usize, what: &str) {
        if !STANDARD.contains(&number) {
            return;
        }
        let mut other = 1 - number;
        let mut place = NAMES[other];
        if self.streams[other].broken {
            let copies = [COPIES + number, COPIES + other];
            let whole = copies.into_iter().find(|copy| !self.streams[*copy].broken);
            (other, place) = (whole.unwrap_or(other), "a copy of it");
        }
        if !self.streams[other].full {
            let words = format!("{} {what}: its lines go to {place}", NAMES[number]);
            let told = line(Level::Warning, "output", &words);
            shared().log(told.as_bytes());
            self.send(other, told.as_bytes());
        }
    }

    /// Reports how many lines were lost, once somebody reads again.
    fn tell_lost(&mut self) {
        let Some(began) = self.lost_since else {
            return;
        };
        let reads = |stream: Stream| !stream.broken && stream.takes(0);
        let Some(reader) = STANDARD
            .into_iter()
            .find(|number| reads(self.streams[*number]))
        else {
            return;
        };
        let since = local(began);
        let since = since.get(11..19).unwrap_or_default();
        let lost = std::mem::take(&mut self.lost);
        self.lost_since = None;
        let words =
            format!("{lost} lines are lost: since {since} nobody had read stdout or stderr");
        self.send(reader, line(Level::Error, "output", &words).as_bytes());
    }
}

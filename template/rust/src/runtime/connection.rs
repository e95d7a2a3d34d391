//! A connection, and how fast its client is.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::connections::Connections;
use super::hangs;
use super::request_line::RequestLine;
use super::sockets::{Socket, Traffic};

/// Each of these bytes that are transferred earns a client a second...
const LEAST_RATE: f64 = 1024.0;
/// ...up to so many: some read much at once, then nothing for a minute.
const MOST_SECONDS: f64 = 300.0;
/// How many bytes a system buffers for a client that reads nothing.
const UNREAD: u64 = 256 * 1024;
/// At the limit, a transfer that was slower than `LEAST_RATE` for so long is closed for others.
const STUCK_SECONDS: f64 = 3.0;

/// What the client has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    Head,
    Body,
    Answer,
}

impl Wait {
    /// How long a client may take.
    const fn patience(self) -> f64 {
        match self {
            Self::Head => 10.0,
            Self::Body => 20.0,
            Self::Answer => 20.0,
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head => "the head of a request",
            Self::Body => "a body",
            Self::Answer => "reading an answer",
        })
    }
}

/// A connection of this worker.
pub struct Connection {
    number: u64,
    all: Arc<Connections>,
    socket: Socket,
    client: IpAddr,
    requests: Cell<u64>,
    /// The last request.
    request: RefCell<RequestLine>,
    /// Since when it waits for the service, in beats.
    since: Cell<Option<u64>>,
    has_answer: Cell<bool>,
    is_busy: Cell<bool>,
    reads_body: Cell<bool>,
    has_body_left: Cell<bool>,
    is_upgraded: Cell<bool>,
    pace: Cell<Pace>,
}

/// What a client has done so far.
#[derive(Clone, Copy, Default)]
struct Pace {
    /// What it waits for, and in which request.
    wait: Option<(Wait, u64)>,
    /// Seconds that it may still wait.
    left: f64,
    /// Seconds in which the transfer was slower than `LEAST_RATE`.
    stuck: f64,
    /// At the last look.
    seen: Traffic,
    /// Bytes that had come when it began to wait.
    start: u64,
}

impl Connection {
    pub(super) fn new(number: u64, all: Arc<Connections>, socket: Socket, client: IpAddr) -> Self {
        Self {
            number,
            all,
            socket,
            client,
            requests: Cell::default(),
            request: RefCell::default(),
            since: Cell::default(),
            has_answer: Cell::default(),
            is_busy: Cell::default(),
            reads_body: Cell::default(),
            has_body_left: Cell::default(),
            is_upgraded: Cell::default(),
            pace: Cell::default(),
        }
    }

    /// A later one is larger.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    #[must_use]
    pub fn client(&self) -> IpAddr {
        self.client
    }

    /// Notes that a request has come.
    pub fn begin(&self, request: RequestLine) {
        self.requests.set(self.requests.get() + 1);
        self.request.replace(request);
        self.since.set(Some(hangs::now()));
        self.has_answer.set(false);
        self.is_busy.set(true);
        self.has_body_left.set(false);
    }

    #[must_use]
    pub fn request(&self) -> RequestLine {
        self.request.borrow().clone()
    }

    /// Notes that the service waits for the body, or does no longer.
    pub fn wait_for_body(&self, waits: bool) {
        self.reads_body.set(waits);
        if !self.has_answer.get() {
            self.since.set((!waits).then(hangs::now));
        }
    }

    /// Notes that nobody reads the body any more.
    pub fn leave_body(&self, is_read: bool) {
        self.reads_body.set(false);
        self.has_body_left.set(!is_read);
    }

    /// Whether the client still sends a body that nobody reads.
    #[must_use]
    pub fn has_body_left(&self) -> bool {
        self.has_body_left.get()
    }

    /// Notes that the answer has begun.
    pub fn answer(&self, is_upgrade: bool) {
        self.has_answer.set(true);
        self.since.set(None);
        self.is_upgraded.set(is_upgrade);
    }

    /// Notes that the service has nothing more to answer.
    pub fn finish(&self) {
        self.has_answer.set(true);
        self.since.set(None);
        self.is_busy.set(false);
    }

    /// The request that has waited for the service since `beat` or longer; once.
    pub fn slow_since(&self, beat: u64) -> Option<RequestLine> {
        self.since.get().filter(|since| *since <= beat)?;
        self.since.set(None);
        self.has_answer.set(true); // its client has to wait, but nobody is told again
        Some(self.request())
    }

    /// What the client has to do next; nothing while it waits for the service.
    #[must_use]
    pub fn waits_for(&self) -> Option<Wait> {
        self.waits(self.socket.traffic()?)
    }

    fn waits(&self, traffic: Traffic) -> Option<Wait> {
        if traffic.unsent > 0 {
            Some(Wait::Answer)
        } else if self.is_upgraded.get() {
            None // it has pings of its own
        } else if self.reads_body.get() || self.has_body_left.get() && !self.is_busy.get() {
            Some(Wait::Body)
        } else {
            (!self.is_busy.get()).then_some(Wait::Head)
        }
    }

    /// Whether its transfer stands still.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.pace.get().stuck >= STUCK_SECONDS
    }

    /// Records what the client has done; closes the connection if it takes too long.
    pub fn look(&self, seconds: f64) {
        let Some(traffic) = self.socket.traffic() else {
            return;
        };
        let wait = self.waits(traffic).map(|wait| (wait, self.requests.get()));
        let pace = self.pace.get().next(wait, traffic, seconds);
        self.pace.set(pace);
        if let Some((wait, _)) = wait.filter(|_| pace.left < 0.0) {
            let (client, patience) = (self.client, wait.patience());
            tracing::warn!(
                "{client} took more than {patience} s for {wait}: its connection is closed"
            );
            self.abort();
        }
    }

    /// Closes the connection at once; its request sees a disconnected client.
    pub fn abort(&self) {
        self.socket.abort();
        self.leave();
    }

    pub(super) fn leave(&self) {
        self.all.leave(self.number);
    }
}

impl Pace {
    /// Counts looks, not time: a blocked worker is not the client's fault.
    fn next(self, wait: Option<(Wait, u64)>, traffic: Traffic, seconds: f64) -> Self {
        let is_new = wait != self.wait;
        let start = if is_new { traffic.received } else { self.start };
        let mut moved = match wait {
            Some((Wait::Body, _)) => traffic.received - self.seen.received,
            Some((Wait::Answer, _)) => traffic.acknowledged - self.seen.acknowledged,
            _ => 0,
        };
        let mut next = Self {
            wait,
            start,
            seen: traffic,
            ..self
        };
        // Between two requests, actix closes the connection after KEEP_ALIVE_SECONDS.
        let is_idle = matches!(wait, Some((Wait::Head, 1..))) && traffic.received == start;
        if is_new || is_idle || wait.is_none() {
            next.stuck = 0.0;
            next.left = wait.map_or(0.0, |(wait, _)| wait.patience());
            moved = moved.saturating_sub(UNREAD);
        } else {
            let is_slow = (moved as f64) < LEAST_RATE * seconds;
            next.stuck = if is_slow { self.stuck + seconds } else { 0.0 };
            next.left -= seconds;
        }
        next.left = (next.left + moved as f64 / LEAST_RATE).min(MOST_SECONDS);
        next
    }
}

//! Whether the service answers on its port.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::progress::Progress;

/// Between two requests.
const ASK: Duration = Duration::from_secs(5);
/// Without a heartbeat for this long, or without an answer, it is asked at once.
const ASK_SOON: Duration = Duration::from_secs(1);
/// A local connection is there at once, unless the queue of the port is full.
const CONNECT: Duration = Duration::from_millis(50);
/// Requests without an answer yet: some workers may be blocked, others not.
const WAITING: usize = 8;
const REQUEST: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// What the port has shown.
#[derive(Default)]
pub struct Port {
    /// How long the service could have answered but did not.
    pub silent: Duration,
    pub is_refused: bool,
    /// Since the last look.
    pub has_answered: bool,
    waiting: Vec<TcpStream>,
    rest: Duration,
    is_asked: bool,
}

impl Port {
    /// Checks whether a request was answered; sends the next one when it is due.
    pub fn look(&mut self, address: SocketAddr, progress: &Progress) {
        self.has_answered = false;
        if self.is_asked {
            self.silent += progress.free;
        }
        if self.waiting.iter().any(is_answered) {
            self.answered();
        }
        self.rest = self.rest.saturating_sub(progress.free);
        let is_urgent = progress.still >= ASK_SOON || self.silent >= ASK_SOON;
        if (self.rest.is_zero() || is_urgent) && self.waiting.len() < WAITING {
            self.ask(address);
        }
    }

    /// Forgets what was asked.
    pub fn close(&mut self) {
        self.waiting.clear();
        self.is_asked = false;
    }

    fn ask(&mut self, address: SocketAddr) {
        self.rest = ASK;
        match connect(address) {
            Ok(connection) => {
                self.is_refused = false;
                self.waiting.push(connection);
            }
            Err(error) => {
                self.is_refused = error.kind() == ErrorKind::ConnectionRefused;
                if !self.is_refused && error.kind() != ErrorKind::TimedOut {
                    return; // no file left for a connection, for example: no evidence
                }
            }
        }
        self.is_asked = true;
        if self.waiting.iter().any(is_answered) {
            self.answered();
        }
    }

    fn answered(&mut self) {
        self.close();
        self.has_answered = true;
        self.is_refused = false;
        self.silent = Duration::ZERO;
    }
}

fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let mut connection = TcpStream::connect_timeout(&address, CONNECT)?;
    connection.set_nonblocking(true)?;
    connection.write_all(REQUEST)?;
    Ok(connection)
}

/// Whether anything came, even if the service only closed the connection.
fn is_answered(connection: &TcpStream) -> bool {
    let came = connection.peek(&mut [0]);
    !came.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

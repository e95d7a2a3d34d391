//! The command for HEALTHCHECK: asks this service whether it is live. Run `SERVICE health`.
//!
//! Only this very service passes: no other program on the port, and no copy of the service in
//! another container that shares the network. A worker that is blocked takes the connections that
//! it gets with it: further ones are opened meanwhile, which other workers get.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::LazyLock;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs};

use nix::errno::Errno;

use super::{HOST, PORT, SERVICE};

/// For the whole check; HEALTHCHECK allows 5 s.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many connections are opened, one after the other, as long as none has an answer.
const CONNECTIONS: u32 = 5;
/// At most so much of an answer is read.
const HEAD_BYTES: usize = 8192;
pub const HEADER: &str = "x-service-instance";

static INSTANCE: LazyLock<String> = LazyLock::new(|| {
    let container = fs::read_link("/proc/self/ns/pid").unwrap_or_default(); // none: not Linux
    format!("{SERVICE} {}", container.display())
        .trim_end()
        .into()
});

/// Returns 0 if the service is live; otherwise prints why not, and returns 1.
#[must_use]
pub fn run() -> u8 {
    let host = env::var("HOST").unwrap_or_else(|_| HOST.into());
    let port = env::var("PORT").unwrap_or_else(|_| PORT.to_string());
    let (mut out, mut err) = (io::stdout(), io::stderr());
    // The status says it, too, where nobody reads these.
    match check(&host, &port, PATIENCE) {
        Ok(()) => {
            let _ = writeln!(out, "the service answers on {host}:{port}");
            0
        }
        Err(reason) => {
            let _ = writeln!(err, "{reason}");
            1
        }
    }
}

/// Names this instance: the service, and the container that this process runs in.
#[must_use]
pub fn instance() -> &'static str {
    &INSTANCE
}

/// Asks the service with these settings whether it is live.
///
/// # Errors
///
/// With the reasons why it is not.
pub fn check(host: &str, port: &str, patience: Duration) -> Result<(), String> {
    let deadline = Instant::now() + patience;
    let found = addresses(host, port).map_err(|error| {
        format!("no address to ask: HOST is '{host}', PORT is '{port}': {error}")
    })?;
    let mut reasons = Vec::new();
    for address in found {
        match ask_workers(address, deadline) {
            Ok(()) => return Ok(()),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.join("; "))
}

/// Where to ask a service that listens on all addresses; `::` includes IPv4, and IPv6 may be off.
fn addresses(host: &str, port: &str) -> io::Result<Vec<SocketAddr>> {
    let port = port.parse().ok().filter(|port| *port > 0);
    let port: u16 = port.ok_or_else(|| io::Error::other("a port is a number from 1 to 65535"))?;
    let mut found = Vec::new();
    for address in (host, port).to_socket_addrs()? {
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => {
                found.push((Ipv4Addr::LOCALHOST, port).into());
            }
            IpAddr::V6(ip) if ip.is_unspecified() => {
                found.push((Ipv6Addr::LOCALHOST, port).into());
                found.push((Ipv4Addr::LOCALHOST, port).into());
            }
            _ => found.push(address),
        }
    }
    Ok(found)
}

/// Opens connections until one has an answer.
fn ask_workers(address: SocketAddr, deadline: Instant) -> Result<(), String> {
    let pause = deadline.saturating_duration_since(Instant::now()) / (CONNECTIONS + 1);
    let (answer, answers) = mpsc::channel();
    for _ in 1..CONNECTIONS {
        let answer = answer.clone();
        let asking = move || {
            // Nobody waits for it any more when another one was faster.
            let _ = answer.send(ask(address, deadline));
        };
        if thread::Builder::new().spawn(asking).is_err() {
            break;
        }
        if let Ok(first) = answers.recv_timeout(pause) {
            return first;
        }
    }
    ask(address, deadline).or_else(|reason| answers.try_recv().unwrap_or(Err(reason)))
}

fn ask(address: SocketAddr, deadline: Instant) -> Result<(), String> {
    let head = exchange(address, deadline).map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            format!("no answer from {address} in time: the service hangs or is frozen")
        }
        _ => format!("no answer from {address}: {}", reason(&error)),
    })?;
    let (status, instances) = parsed(&head);
    match instances.as_slice() {
        [first, ..] if instances != [instance()] => {
            let shown: String = first.escape_default().take(200).collect();
            Err(format!(
                "{address} is answered by another instance: '{shown}'"
            ))
        }
        _ if status != "200" => Err(format!(
            "{address} answered with status {status} instead of 200"
        )),
        [] => Err(format!(
            "{address} is answered by another program, or by a /health/live that is not ours"
        )),
        _ => Ok(()),
    }
}

fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => Errno::from_raw(number).desc().into(),
        None => error.to_string(),
    }
}

/// Asks, and returns the head of the answer, or as much of it as arrived in time.
fn exchange(address: SocketAddr, deadline: Instant) -> io::Result<Vec<u8>> {
    let mut connection = TcpStream::connect_timeout(&address, left(deadline)?)?;
    connection.set_write_timeout(Some(left(deadline)?))?;
    let request =
        format!("GET /health/live HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes())?;
    let (mut head, mut part) = (Vec::new(), [0; HEAD_BYTES]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < HEAD_BYTES {
        // Each time: an answer that arrives byte by byte gets no more time than any other.
        connection.set_read_timeout(Some(left(deadline)?))?;
        match connection.read(&mut part)? {
            0 => break,
            count => head.extend_from_slice(&part[..count]),
        }
    }
    Ok(head)
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}

/// Returns the status of an answer, and the instances that it names.
fn parsed(head: &[u8]) -> (String, Vec<String>) {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split_whitespace();
    let (version, status) = (
        first.next().unwrap_or_default(),
        first.next().unwrap_or_default(),
    );
    let is_http = version.starts_with("HTTP/1.")
        && !status.is_empty()
        && status.bytes().all(|byte| byte.is_ascii_digit());
    let status = if is_http {
        status.chars().take(3).collect()
    } else {
        "none".into()
    };
    let fields = lines.filter_map(|line| line.split_once(':'));
    let named = fields.filter(|(name, _)| name.eq_ignore_ascii_case(HEADER));
    (
        status,
        named.map(|(_, value)| value.trim().to_owned()).collect(),
    )
}

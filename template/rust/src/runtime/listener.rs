//! The socket that the service listens on: bound before the application is built.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::path::Path;

use nix::unistd::dup2_raw;
use socket2::{Domain, Socket, Type};

use super::log::critical;

/// Binds the address; if that fails, logs why and what to do.
///
/// Nobody can connect until `listen` is called: a service that starts is not taken for one that
/// has started.
#[must_use]
pub fn bind(host: &str, port: u16) -> Option<Socket> {
    match resolved(host, port).and_then(bound) {
        Ok((socket, address)) => {
            if Path::new("/.dockerenv").exists() && address.ip().is_loopback() {
                tracing::warn!("HOST={host} is reachable only from inside this container");
            }
            Some(socket)
        }
        Err(error) => {
            critical!("cannot listen on {host}:{port}: {}", advice(&error));
            None
        }
    }
}

fn resolved(host: &str, port: u16) -> io::Result<SocketAddr> {
    let mut found = (host, port).to_socket_addrs()?;
    found.next().ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn bound(address: SocketAddr) -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok((socket, address))
}

/// Lets clients connect.
///
/// # Errors
///
/// If another process has begun to listen there meanwhile.
pub fn listen(socket: Socket, backlog: i32) -> io::Result<TcpListener> {
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// What to do about an address that cannot be used.
#[must_use]
pub fn advice(error: &io::Error) -> String {
    let text = error.to_string();
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another process has this port; stop it, or set PORT to a free one".into()
        }
        io::ErrorKind::PermissionDenied => {
            "this user may not use the port; set PORT to 1024 or above".into()
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine does not have the address; set HOST to one that it has".into()
        }
        _ if error.raw_os_error().is_none() => {
            let why = text.rsplit(": ").next().unwrap_or_default();
            format!("HOST is not an address or name of this machine ({why})")
        }
        _ => text,
    }
}

/// The listening socket by its descriptor: any code in the process can close it.
pub struct Identity {
    path: String,
    number: i32,
    socket: Option<String>,
}

impl Identity {
    #[must_use]
    pub fn of(listener: &TcpListener) -> Self {
        let number = listener.as_raw_fd();
        let path = format!("/proc/self/fd/{number}");
        let socket = target(&path).ok();
        Self {
            path,
            number,
            socket,
        }
    }

    /// What happened to it; nothing while it is open.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        let socket = self.socket.as_ref()?;
        match target(&self.path) {
            Ok(found) if found == *socket => None,
            Ok(_) => Some(format!(
                "was closed, and its number {} is in use for something else",
                self.number
            )),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some("was closed".into()),
            Err(_) => None,
        }
    }

    /// Puts something in the place of a closed socket that its owner can close once more.
    ///
    /// # Errors
    ///
    /// If there is no file left.
    pub fn replace(&self) -> io::Result<()> {
        let null = fs::File::open("/dev/null")?;
        if null.as_raw_fd() == self.number {
            let _stays_open = null.into_raw_fd();
        } else if target(&self.path).is_err() {
            // SAFETY: nobody has this number, but the owner of a socket that was closed.
            unsafe { dup2_raw(&null, self.number) }.map(IntoRawFd::into_raw_fd)?;
        }
        Ok(())
    }
}

fn target(link: &str) -> io::Result<String> {
    Ok(fs::read_link(link)?.to_string_lossy().into_owned())
}

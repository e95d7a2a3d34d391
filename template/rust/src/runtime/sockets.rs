//! What the system knows about a connection.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use nix::libc::{self, IPPROTO_TCP, SOL_SOCKET, TCP_INFO, c_int, c_void, socklen_t};
use socket2::SockRef;

const SO_COOKIE: c_int = 57; // libc does not have it

/// The number of a connection, and the name that the system gave it for ever.
///
/// Whoever serves the connection may have closed it: its number may be another one's by now.
#[derive(Clone, Copy, Debug)]
pub struct Socket {
    number: RawFd,
    cookie: u64,
}

/// Bytes that went over a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// The client sent them.
    pub received: u64,
    /// The client's system has them.
    pub acknowledged: u64,
    /// They wait until the client reads others.
    pub unsent: u32,
}

/// The part of `struct tcp_info` (linux/tcp.h) that counts bytes.
#[repr(C)]
struct TcpInfo {
    _before: [u64; 15],
    bytes_acked: u64,
    bytes_received: u64,
    _segments: [u32; 2],
    notsent_bytes: u32,
}

impl Socket {
    /// # Errors
    ///
    /// Where the system has no names for connections: it is not Linux.
    pub fn of(connection: &impl AsRawFd) -> io::Result<Self> {
        let number = connection.as_raw_fd();
        let cookie = option(number, SOL_SOCKET, SO_COOKIE)?;
        Ok(Self { number, cookie })
    }

    /// What went over it; nothing once it is closed.
    #[must_use]
    pub fn traffic(self) -> Option<Traffic> {
        let info: TcpInfo = option(self.open()?, IPPROTO_TCP, TCP_INFO).ok()?;
        Some(Traffic {
            received: info.bytes_received,
            acknowledged: info.bytes_acked,
            unsent: info.notsent_bytes,
        })
    }

    /// Closes it for both sides at once; whoever serves it finds out.
    ///
    /// Only the thread that serves it may call this.
    pub fn abort(self) {
        let Some(number) = self.open() else { return };
        // SAFETY: it is open, and only this thread closes it.
        let connection = unsafe { BorrowedFd::borrow_raw(number) };
        let socket = SockRef::from(&connection);
        // Without this, the system would keep what nobody reads.
        let _ = socket.set_linger(Some(Duration::ZERO));
        let _ = socket.shutdown(std::net::Shutdown::Both);
    }

    /// Its number, if that is still its own.
    fn open(self) -> Option<RawFd> {
        let cookie: u64 = option(self.number, SOL_SOCKET, SO_COOKIE).ok()?;
        (cookie == self.cookie).then_some(self.number)
    }
}

/// An option of a socket, of a type that is made of numbers; older systems fill less of it.
fn option<T>(number: RawFd, level: c_int, name: c_int) -> io::Result<T> {
    let mut value = mem::MaybeUninit::<T>::zeroed();
    let mut length = mem::size_of::<T>() as socklen_t;
    // SAFETY: the system writes at most `length` bytes, and zeros are a value of every number.
    unsafe {
        let to = value.as_mut_ptr().cast::<c_void>();
        match libc::getsockopt(number, level, name, to, &raw mut length) {
            0 => Ok(value.assume_init()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

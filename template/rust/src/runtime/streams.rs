//! What lines are written to: stdout, stderr, and copies of them.

use std::os::fd::{BorrowedFd, RawFd};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd;

/// Bytes that fit after `poll`: the PIPE_BUF of a pipe.
const CHUNK: usize = 4096;
/// Descriptors this high are not closed by mistake.
const COPIES_FROM: RawFd = 100;

/// The streams that were closed when the process began, as bits: 1 << descriptor.
static CLOSED: AtomicU8 = AtomicU8::new(0);

/// `std` opens /dev/null in the place of a closed stream before `main`; this runs even earlier.
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(
    target_vendor = "apple",
    unsafe(link_section = "__DATA,__mod_init_func")
)]
static BEFORE_MAIN: extern "C" fn() = note_closed;

extern "C" fn note_closed() {
    for number in [1, 2] {
        if fcntl(borrowed(number), FcntlArg::F_GETFD).is_err() {
            CLOSED.fetch_or(1 << number, Relaxed);
        }
    }
}

fn borrowed(number: RawFd) -> BorrowedFd<'static> {
    // SAFETY: it is only passed to calls that report a descriptor that is closed.
    unsafe { BorrowedFd::borrow_raw(number) }
}

/// A descriptor that lines are written to.
#[derive(Clone, Copy)]
pub struct Stream {
    pub number: RawFd,
    /// It cannot be written to.
    pub broken: bool,
    /// Nobody reads it at the moment.
    pub full: bool,
}

impl Stream {
    pub const fn new(number: RawFd) -> Self {
        Self {
            number,
            broken: number < 0,
            full: false,
        }
    }

    /// Whether it was closed when the process began.
    pub fn was_closed(self) -> bool {
        CLOSED.load(Relaxed) & 1 << self.number != 0
    }

    /// Makes a copy; there is none where the limit of files is low.
    pub fn copy(self) -> Option<Self> {
        fcntl(
            borrowed(self.number),
            FcntlArg::F_DUPFD_CLOEXEC(COPIES_FROM),
        )
        .ok()
        .map(Self::new)
    }

    /// Puts it in the place of stdout or stderr.
    pub fn replace(self, standard: RawFd) {
        // It is not there for `println!` if that fails; our own lines do not need it.
        let _ = match standard {
            1 => unistd::dup2_stdout(borrowed(self.number)),
            _ => unistd::dup2_stderr(borrowed(self.number)),
        };
    }

    /// Waits until it has room, or is broken; returns false if it is full for so long.
    pub fn takes(self, milliseconds: u16) -> bool {
        let mut asked = [PollFd::new(borrowed(self.number), PollFlags::POLLOUT)];
        poll(&mut asked, PollTimeout::from(milliseconds)) != Ok(0)
    }

    /// Why it cannot be written to, as far as that shows without writing.
    pub fn problem(self) -> Option<Errno> {
        let mut asked = [PollFd::new(borrowed(self.number), PollFlags::empty())];
        let _ = poll(&mut asked, PollTimeout::ZERO);
        let found = asked[0].revents().unwrap_or(PollFlags::empty());
        if found.contains(PollFlags::POLLNVAL) {
            Some(Errno::EBADF)
        } else {
            found.contains(PollFlags::POLLERR).then_some(Errno::EPIPE)
        }
    }

    /// Whether a standard stream was closed, and its number is that of something else: it is
    /// inherited by child processes, and no file that Rust opens is.
    pub fn is_taken(self) -> bool {
        let flags = fcntl(borrowed(self.number), FcntlArg::F_GETFD).unwrap_or(0);
        FdFlag::from_bits_retain(flags).contains(FdFlag::FD_CLOEXEC)
    }

    /// Writes the beginning of `data`; returns how much.
    pub fn write(self, data: &[u8]) -> nix::Result<usize> {
        let chunk = &data[..data.len().min(CHUNK)];
        match unistd::write(borrowed(self.number), chunk) {
            // Another process was faster, or a signal came.
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(0),
            written => written,
        }
    }
}

//! Calls of the system that have no safe interface in `std` or `nix`.

use std::mem::MaybeUninit;
use std::num::NonZeroUsize;
use std::ptr;

use nix::errno::Errno;
use nix::libc::{self, c_int, c_long, c_void, siginfo_t};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::signal::{SaFlags, SigHandler, Signal};
use nix::unistd::{ForkResult, Pid, getpid, gettid};

/// The number of this process.
pub fn process() -> i32 {
    getpid().as_raw()
}

/// The number of this thread.
pub fn thread() -> i32 {
    gettid().as_raw()
}

/// Moves a value to memory that this process shares with those that it forks from now on.
pub fn shared_memory<T: Sync>(value: T) -> nix::Result<&'static T> {
    let length = NonZeroUsize::new(size_of::<T>()).unwrap_or(NonZeroUsize::MIN);
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping overlaps nothing that exists.
    let memory = unsafe { mmap_anonymous(None, length, access, MapFlags::MAP_SHARED)? };
    let place = memory.cast::<T>();
    // SAFETY: a mapping is large enough, aligned to a page, and never unmapped.
    unsafe {
        place.write(value);
        Ok(place.as_ref())
    }
}

/// Forks a process that has no other threads yet; returns the new process, or `None` in that.
pub fn fork() -> nix::Result<Option<Pid>> {
    // SAFETY: without other threads, nothing is half-done or locked in the new process.
    match unsafe { nix::unistd::fork()? } {
        ForkResult::Parent { child } => Ok(Some(child)),
        ForkResult::Child => Ok(None),
    }
}

/// Forks a sibling of this process that has this thread only; returns whether this is it.
///
/// It can be called in a signal handler: unlike `fork`, it takes no lock.
pub fn fork_sibling() -> bool {
    let flags = c_long::from(libc::CLONE_PARENT);
    let none = ptr::null_mut::<c_void>();
    // SAFETY: without CLONE_VM, the new process has its own memory; it continues on its copy of
    // this stack, as after `fork`.
    unsafe { libc::syscall(libc::SYS_clone, flags, none, none, none, none) == 0 }
}

/// Sends a signal to a process; `nix` knows no signals without a name.
pub fn send(process: i32, signal: c_int) -> nix::Result<()> {
    // SAFETY: it takes numbers only.
    Errno::result(unsafe { libc::kill(process, signal) }).map(drop)
}

/// Sends a signal to one thread of a process.
pub fn send_to_thread(process: i32, thread: i32, signal: c_int) -> nix::Result<()> {
    // SAFETY: it takes numbers only.
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, process, thread, signal) };
    Errno::result(sent).map(drop)
}

/// A process that has ended.
#[derive(PartialEq, Eq)]
pub struct Ended {
    pub process: i32,
    /// Its exit status, or the signal that ended it as a negative number.
    pub status: i32,
    /// Its peak memory in bytes.
    pub peak: u64,
}

/// Waits for a child process that has ended; `None` if there is none at the moment, `ECHILD` if
/// there is none at all.
pub fn ended() -> nix::Result<Option<Ended>> {
    let mut status = 0;
    let mut used = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to what lives here.
    let process = unsafe { libc::wait4(-1, &raw mut status, libc::WNOHANG, used.as_mut_ptr()) };
    // SAFETY: it was made of zeros, which are a value of every field.
    let used = unsafe { used.assume_init() };
    let process = Errno::result(process)?;
    let by_signal = libc::WIFSIGNALED(status);
    Ok((process != 0).then(|| Ended {
        process,
        status: if by_signal {
            -libc::WTERMSIG(status)
        } else {
            libc::WEXITSTATUS(status)
        },
        peak: u64::try_from(used.ru_maxrss).unwrap_or(0) * 1024,
    }))
}

/// Restores what a signal does by default.
pub fn reset(signal: Signal) -> nix::Result<()> {
    // SAFETY: there is no handler that could do wrong.
    unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl) }.map(drop)
}

/// What is called for a signal.
pub type Handler = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);

/// What was done for a signal before.
pub struct Action(libc::sigaction);

/// Sets a handler, which may only do what is safe in a signal handler: no lock, no allocation.
/// `held` waits until it returns.
pub fn handle(signal: c_int, handler: Handler, flags: SaFlags, held: c_int) -> nix::Result<Action> {
    // SAFETY: zeros are a value of every field, and the mask is one of these.
    let action = unsafe {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        libc::sigaddset(&raw mut action.sa_mask, held);
        action.sa_sigaction = handler as usize;
        action.sa_flags = (flags | SaFlags::SA_SIGINFO).bits();
        action
    };
    Action(action).set(signal)
}

impl Action {
    /// Does this for a signal; returns what was done before. It can be called in a signal handler.
    pub fn set(&self, signal: c_int) -> nix::Result<Self> {
        let mut before = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: both pointers are to what lives here, and the handler is one of `handle` or one
        // that was there before.
        Errno::result(unsafe { libc::sigaction(signal, &raw const self.0, before.as_mut_ptr()) })?;
        // SAFETY: it was made of zeros, and written if the call succeeded.
        Ok(Self(unsafe { before.assume_init() }))
    }
}

/// Why a signal came.
pub struct Cause {
    /// Positive if the kernel sent it.
    pub code: c_int,
    /// The process that sent it, unless the kernel did.
    pub sender: i32,
    /// The address of a fault.
    pub address: usize,
}

/// Reads why a signal came, in its handler.
pub fn cause(info: *const siginfo_t) -> Cause {
    // SAFETY: the kernel passes it to every handler that `handle` sets; which fields of the union
    // mean something depends on the code, but all can be read.
    unsafe {
        Cause {
            code: (*info).si_code,
            sender: (*info).si_pid(),
            address: (*info).si_addr() as usize,
        }
    }
}

/// The name of this thread, at most 15 bytes and a zero.
pub fn thread_name() -> [u8; 16] {
    let mut name = [0; 16];
    // SAFETY: this call writes at most 16 bytes.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    name
}

/// Writes what can be written at once. For signal handlers.
pub fn write(descriptor: i32, bytes: &[u8]) {
    // SAFETY: the pointer and the length are those of a slice.
    unsafe { libc::write(descriptor, bytes.as_ptr().cast(), bytes.len()) };
}

/// Has SIGALRM end this process after some seconds.
pub fn end_in(seconds: u32) {
    // SAFETY: it takes a number only.
    unsafe { libc::alarm(seconds) };
}

/// Closes all files, stdin, stdout and stderr included. Where the kernel cannot, they stay open.
pub fn close_files() {
    // SAFETY: it takes numbers only; nothing of this process uses a file afterwards.
    unsafe { libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, 0) };
}

/// Ends this process at once.
pub fn end_now(status: u8) -> ! {
    // SAFETY: nothing runs after it.
    unsafe { libc::_exit(status.into()) }
}

//! Cells of shared memory, which several threads and processes can write without a lock.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicU32, AtomicUsize};

use super::sys::{self, Cause};

/// The last `N` bytes that were written, by any thread at any time.
pub struct Text<const N: usize> {
    written: AtomicUsize,
    bytes: [AtomicU8; N],
}

impl<const N: usize> Text<N> {
    pub const fn new() -> Self {
        Self {
            written: AtomicUsize::new(0),
            bytes: [const { AtomicU8::new(0) }; N],
        }
    }

    /// Appends to it. Writers that come at once claim places of their own.
    pub fn write(&self, text: &[u8]) {
        let start = self.written.fetch_add(text.len(), Relaxed);
        for (offset, byte) in text.iter().enumerate() {
            self.bytes[(start + offset) % N].store(*byte, Relaxed);
        }
    }

    pub fn read(&self) -> String {
        let end = self.written.load(Relaxed);
        let kept = end.saturating_sub(N)..end;
        let bytes: Vec<u8> = kept
            .map(|place| self.bytes[place % N].load(Relaxed))
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn clear(&self) {
        self.written.store(0, Relaxed);
    }
}

/// The heartbeat of one thread that runs an event loop.
pub struct Beat {
    count: AtomicU32,
    thread: AtomicI32,
}

impl Beat {
    pub const fn new() -> Self {
        Self {
            count: AtomicU32::new(0),
            thread: AtomicI32::new(0),
        }
    }

    /// Records that the event loop of this thread runs.
    pub fn beat(&self) {
        self.thread.store(sys::thread(), Relaxed);
        self.count.fetch_add(1, Release);
    }

    /// Records that it has ended as it should.
    pub fn end(&self) {
        self.count.store(0, Release);
    }

    pub fn count(&self) -> u32 {
        self.count.load(Acquire)
    }

    pub fn thread(&self) -> i32 {
        self.thread.load(Relaxed)
    }
}

/// The stack of a thread, which a copy of it writes and the supervisor takes.
pub struct Stack {
    thread: AtomicI32,
    is_written: AtomicBool,
    text: Text<1500>,
}

impl Stack {
    pub const fn new() -> Self {
        Self {
            thread: AtomicI32::new(0),
            is_written: AtomicBool::new(false),
            text: Text::new(),
        }
    }

    /// Writes it unless another thread has this place.
    pub fn put(&self, thread: i32, text: &str) -> bool {
        let claimed = self.thread.compare_exchange(0, thread, Acquire, Relaxed);
        if claimed.is_ok() {
            self.text.write(&text.as_bytes()[..text.len().min(1500)]);
            self.is_written.store(true, Release);
        }
        claimed.is_ok()
    }

    /// Returns the thread and its stack, once, and frees the place.
    pub fn take(&self) -> Option<(i32, String)> {
        if !self.is_written.swap(false, Acquire) {
            return None;
        }
        let found = (self.thread.load(Relaxed), self.text.read());
        self.text.clear();
        self.thread.store(0, Release);
        Some(found)
    }
}

/// The first fault of the service.
pub struct Crash {
    signal: AtomicI32,
    code: AtomicI32,
    sender: AtomicI32,
    address: AtomicUsize,
    thread: AtomicI32,
    name: Text<16>,
}

impl Crash {
    pub const fn new() -> Self {
        Self {
            signal: AtomicI32::new(0),
            code: AtomicI32::new(0),
            sender: AtomicI32::new(0),
            address: AtomicUsize::new(0),
            thread: AtomicI32::new(0),
            name: Text::new(),
        }
    }

    /// Records it unless there was one before. For signal handlers.
    pub fn put(&self, signal: i32, cause: &Cause) {
        let thread = sys::thread();
        if self
            .thread
            .compare_exchange(0, thread, Acquire, Relaxed)
            .is_err()
        {
            return;
        }
        self.code.store(cause.code, Relaxed);
        self.sender.store(cause.sender, Relaxed);
        self.address.store(cause.address, Relaxed);
        let name = sys::thread_name();
        self.name
            .write(name.split(|byte| *byte == 0).next().unwrap_or_default());
        self.signal.store(signal, Release);
    }

    /// The signal and its cause; `None` without a fault.
    pub fn get(&self) -> Option<(i32, Cause)> {
        let signal = self.signal.load(Acquire);
        let cause = Cause {
            code: self.code.load(Relaxed),
            sender: self.sender.load(Relaxed),
            address: self.address.load(Relaxed),
        };
        (signal != 0).then_some((signal, cause))
    }

    /// The thread.
    pub fn thread(&self) -> i32 {
        self.thread.load(Relaxed)
    }

    /// The name of the thread, if it is not too long.
    pub fn thread_name(&self) -> String {
        self.name.read()
    }
}

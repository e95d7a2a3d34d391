//! The faults: FAULT_CODE names one. It happens at the place that FAULT_MODULE names, or with
//! FAULT_IN=request, when /fault is asked for. Nothing here knows the service.
#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used
)]

use std::fs::File;
use std::future::pending;
use std::io::Write;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use nix::libc;

mod handler;

pub use handler::*;

type Failure = Box<dyn std::error::Error>;

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Has the fault happen if this is its place.
pub fn at(place: &str) -> Result<(), Failure> {
    if variable("FAULT_IN") == "import" && variable("FAULT_MODULE") == place {
        return run(&variable("FAULT_CODE"));
    }
    Ok(())
}

/// Has the fault of an asynchronous place happen.
pub async fn awaited(place: &str) -> Result<(), Failure> {
    if variable("FAULT_MODULE") == place && variable("FAULT_CODE") == "hang" {
        pending::<()>().await;
    }
    at(place)
}

/// Has a fault happen in this thread.
fn run(fault: &str) -> Result<(), Failure> {
    match fault {
        "" => {}
        "panic" => panic!("no luck"),
        "panic without a message" => std::panic::panic_any(7),
        "panic in lines" => panic!("no luck,\nand more lines\x1b[31m"),
        "panic without unwinding" => std::panic::resume_unwind(Box::new("no luck")),
        "unwrap" => drop(File::open("config/rates.csv").unwrap()),
        "index" => println!("{}", [1, 2, 3][variable("FAULT_CODE").len()]),
        "overflow" => println!("{}", i32::MAX - 3 + i32::try_from(fault.len())?),
        "error" => Err("no luck")?,
        "missing file" => drop(File::open("config/rates.csv")?),
        "panic in a thread" => drop(named("worker", || panic!("no luck"))),
        "panic in a thread that is joined" => named("worker", || panic!("no luck"))
            .join()
            .unwrap_or_default(),
        "panic in a destructor" => {
            let _guard = Guard;
            panic!("no luck");
        }
        "panic in a C function" => call(in_c),
        "poisoned mutex" => {
            static POISONED: Mutex<()> = Mutex::new(());
            let hold = || {
                let _held = POISONED.lock();
                panic!("no luck");
            };
            named("worker", hold).join().unwrap_or_default();
            drop(POISONED.lock().unwrap());
        }
        "stack overflow" => println!("{}", deep(0)),
        "stack overflow in a thread" => named("worker", || println!("{}", deep(0)))
            .join()
            .unwrap_or_default(),
        "abort" => std::process::abort(),
        "segmentation fault" => unsafe { std::ptr::null_mut::<u8>().write_volatile(1) },
        "illegal instruction" => unsafe { std::arch::asm!("ud2") },
        "division in native code" => unsafe {
            std::arch::asm!("cdq", "idiv {0:e}", in(reg) 0, inout("eax") 1 => _, out("edx") _);
        },
        "truncated mapping" => truncated()?,
        "allocation" => println!("{}", Vec::<u8>::with_capacity(1 << 46).len()),
        "capacity" => println!("{}", Vec::<u64>::with_capacity(usize::MAX / 4).len()),
        "exit 0" => std::process::exit(0),
        "exit 3" => std::process::exit(3),
        "prints and exits" => {
            print!("farewell");
            std::process::exit(0);
        }
        "_exit 0" => unsafe { libc::_exit(0) },
        "_exit 7" => unsafe { libc::_exit(7) },
        "memory" => fill(),
        "memory of a child" => drop(child_that_fills()?),
        "hang" => thread::sleep(Duration::from_secs(99)),
        "sleep 6" => thread::sleep(Duration::from_secs(6)),
        "sleep 30" => thread::sleep(Duration::from_secs(30)),
        "spin" => loop {
            std::hint::spin_loop();
        },
        "deadlock" => deadlock(),
        "files" => keep(|| File::open("/"))?,
        "threads" => {
            keep(|| thread::Builder::new().spawn(|| thread::sleep(Duration::from_secs(5))))?
        }
        "processes" => keep(|| Command::new("sleep").arg("5").spawn())?,
        "full disk" => File::create("/dev/full")?.write_all(&[b'x'; 9999])?,
        "read-only root" => drop(File::create("/opt/x")?),
        "child that is killed" => killed_child()?,
        "fork that panics" => forked(|| panic!("no luck")),
        "fork that exits 3" => forked(|| std::process::exit(3)),
        "fork that ends by _exit 7" => forked(|| unsafe { libc::_exit(7) }),
        "fork that waits" => forked(|| {
            thread::sleep(Duration::from_secs(1));
            unsafe { libc::_exit(0) }
        }),
        "thread that ends" => drop(named("worker", || thread::sleep(Duration::from_millis(50)))),
        "caught panic" => drop(std::panic::catch_unwind(|| panic!("no luck"))),
        "sleep 1" => thread::sleep(Duration::from_secs(1)),
        "fork that returns" => forked(|| ()),
        "listener closed" => listeners(|number| unsafe { drop(libc::close(number)) }),
        "listener reused" => listeners(|number| unsafe {
            libc::dup2(libc::open(c"/".as_ptr(), 0), number);
        }),
        "listener duplicated" => listeners(|number| unsafe { drop(libc::dup(number)) }),
        "SIGPIPE" => unsafe {
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            let (_, write) = pipe(false);
            libc::write(write, c"x".as_ptr().cast(), 1);
        },
        "SIGTERM reset" => unsafe { drop(libc::signal(libc::SIGTERM, libc::SIG_DFL)) },
        "thread that does not end" => {
            drop(named("worker", || thread::sleep(Duration::from_secs(60))))
        }
        "atexit that panics" => drop(unsafe { libc::atexit(in_c) }),
        "computing" => compute(0.3),
        "computing threads" => (0..4).for_each(|_| drop(named("worker", || compute(0.4)))),
        "programs" => (0..5).for_each(|_| drop(Command::new("true").status())),
        "programs that fail" => (0..5).for_each(|_| drop(Command::new("false").status())),
        "orphan" => drop(Command::new("sh").args(["-c", "sleep 1 &"]).status()?),
        "own handlers" => own_handlers(),
        "timer" => timer(),
        "stdout closed" => break_output(&[1], End::Closed),
        "stdout full" => break_output(&[1], End::Full),
        "stdout without a reader" => break_output(&[1], End::Broken),
        "stdout on a full disk" => break_output(&[1], End::NoSpace),
        "stdout reused" => break_output(&[1], End::Reused),
        "stderr closed" => break_output(&[2], End::Closed),
        "stderr full" => break_output(&[2], End::Full),
        "stderr without a reader" => break_output(&[2], End::Broken),
        "both closed" => break_output(&[1, 2], End::Closed),
        "both full" => break_output(&[1, 2], End::Full),
        "both without a reader" => break_output(&[1, 2], End::Broken),
        "both full for a while" => full_for_a_while(),
        "print to a broken stdout" => {
            break_output(&[1], End::Broken);
            println!("lost?");
        }
        "long line" => {
            tracing::error!("{}", "x".repeat(10_000_000));
            tracing::error!("after the long one");
        }
        "subscriber of its own" => {
            let own = tracing::subscriber::NoSubscriber::default();
            let _ = tracing::subscriber::set_global_default(own);
            panic!("no luck");
        }
        "subscriber that drops all, then a panic" => {
            let own = tracing::subscriber::NoSubscriber::default();
            tracing::subscriber::with_default(own, || panic!("no luck"));
        }
        "hook of its own" => {
            std::panic::set_hook(Box::new(|_| {}));
            panic!("no luck");
        }
        "display that panics" => tracing::error!("odd: {}", Odd),
        "text in the last buffer" => {
            print!("last words");
            unsafe { std::ptr::null_mut::<u8>().write_volatile(1) }
        }
        signal if signal.starts_with("raise ") => {
            unsafe { libc::kill(libc::getpid(), signal[6..].parse()?) };
            thread::sleep(Duration::from_millis(500));
        }
        signal if signal.starts_with("ignore ") => unsafe {
            libc::signal(signal[7..].parse()?, libc::SIG_IGN);
        },
        unknown => panic!("there is no fault {unknown:?}"),
    }
    Ok(())
}

fn named(name: &str, body: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::Builder::new()
        .name(name.into())
        .spawn(body)
        .unwrap()
}

struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        panic!("no luck in a destructor");
    }
}

struct Odd;

impl std::fmt::Display for Odd {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no luck");
    }
}

extern "C" fn in_c() {
    panic!("no luck");
}

fn call(function: extern "C" fn()) {
    function();
}

#[inline(never)]
fn deep(depth: u64) -> u64 {
    let kept = std::hint::black_box([depth; 64]);
    if depth == u64::MAX {
        0
    } else {
        deep(depth + 1) + kept[7]
    }
}

fn deadlock() {
    static HELD: Mutex<()> = Mutex::new(());
    let _first = HELD.lock();
    let _second = HELD.lock();
}

fn compute(seconds: f64) {
    let mut used: libc::timespec = unsafe { std::mem::zeroed() };
    let mut now = || {
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut used) };
        used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
    };
    let until = now() + seconds;
    while now() < until {
        std::hint::spin_loop();
    }
}

fn fill() {
    let mut kept = Vec::new();
    loop {
        kept.push(vec![1_u8; 1 << 20]);
    }
}

fn child_that_fills() -> Result<std::process::Child, Failure> {
    let more = "x=x; while :; do x=$x$x; done";
    Ok(Command::new("sh").args(["-c", more]).spawn()?)
}

/// Opens more and more of something until that fails; what was opened is closed then.
fn keep<T>(mut open: impl FnMut() -> std::io::Result<T>) -> Result<(), Failure> {
    let mut kept = Vec::new();
    loop {
        kept.push(open()?);
    }
}

fn killed_child() -> Result<(), Failure> {
    let mut child = Command::new("sleep").arg("9").spawn()?;
    child.kill()?;
    child.wait()?;
    Ok(())
}

fn truncated() -> Result<(), Failure> {
    unsafe {
        let file = libc::memfd_create(c"mapped".as_ptr(), 0);
        libc::ftruncate(file, 4096);
        let mapped = libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ,
            libc::MAP_SHARED,
            file,
            0,
        );
        libc::ftruncate(file, 0);
        println!("{}", mapped.cast::<u8>().read_volatile());
    }
    Ok(())
}

fn forked(body: impl FnOnce()) {
    if unsafe { libc::fork() } == 0 {
        body();
    }
}

fn listeners(mut lose: impl FnMut(i32)) {
    for number in 3..99 {
        let (mut value, mut size) = (0_i32, 4);
        let asked = unsafe {
            libc::getsockopt(
                number,
                libc::SOL_SOCKET,
                libc::SO_ACCEPTCONN,
                (&raw mut value).cast(),
                &raw mut size,
            )
        };
        if asked == 0 && value == 1 {
            lose(number);
        }
    }
}

extern "C" fn nothing(_: i32) {}

fn own_handlers() {
    for number in [libc::SIGUSR1, libc::SIGUSR2, libc::SIGALRM] {
        unsafe { libc::signal(number, nothing as extern "C" fn(i32) as usize) };
    }
}

fn timer() {
    own_handlers();
    let often = libc::timeval {
        tv_sec: 0,
        tv_usec: 200_000,
    };
    let timer = libc::itimerval {
        it_interval: often,
        it_value: often,
    };
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
}

enum End {
    Closed,
    Full,
    Broken,
    NoSpace,
    Reused,
}

fn pipe(read: bool) -> (i32, i32) {
    let mut ends = [0; 2];
    unsafe { libc::pipe(ends.as_mut_ptr()) };
    if !read {
        unsafe { libc::close(ends[0]) };
    }
    (ends[0], ends[1])
}

/// Breaks streams, and writes more to them than a pipe holds.
fn break_output(streams: &[i32], end: End) {
    let instead = match end {
        End::Closed => None,
        End::Full => Some(pipe(true).1),
        End::Broken => Some(pipe(false).1),
        End::NoSpace => Some(unsafe { libc::open(c"/dev/full".as_ptr(), libc::O_WRONLY) }),
        // As if it were closed and a file opened, but at once: otherwise, another thread may find
        // it closed.
        End::Reused => Some(unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY) }),
    };
    for stream in streams {
        match instead {
            None => unsafe { libc::close(*stream) },
            Some(other) if matches!(end, End::Reused) => unsafe {
                libc::dup3(other, *stream, libc::O_CLOEXEC)
            },
            Some(other) => unsafe { libc::dup2(other, *stream) },
        };
    }
    for _ in 0..99 {
        tracing::info!(
            "{}",
            "x".repeat(if matches!(end, End::Full) { 9000 } else { 9 })
        );
        if streams == [2] {
            let _ = std::io::stderr().write_all(&[b'x'; 9000]);
        }
    }
    tracing::error!("lost?");
}

/// Nobody reads the log while 1,500 lines are written; then somebody does.
fn full_for_a_while() {
    unsafe {
        let kept = libc::dup(1);
        let (read, write) = pipe(true);
        libc::dup2(write, 1);
        libc::dup2(write, 2);
        for _ in 0..1500 {
            tracing::info!("{}", "x".repeat(99));
        }
        named("reader", move || {
            let mut chunk = [0_u8; 9999];
            loop {
                let size = libc::read(read, chunk.as_mut_ptr().cast(), chunk.len());
                libc::write(kept, chunk.as_ptr().cast(), size.max(0) as usize);
            }
        });
    }
}

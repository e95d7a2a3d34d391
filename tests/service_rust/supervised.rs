//! An application with what only a supervisor can report.

use std::hint::black_box;
use std::path::Path;
use std::process::{self, Command};
use std::sync::Mutex;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, ptr};

use actix_web::{Responder, web};
use nix::libc;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{ForkResult, fork, setuid};

use crate::health::Checks;
use crate::runtime::settings::Reader;
use crate::runtime::stage::Stage;

static LOCK: Mutex<()> = Mutex::new(());

#[derive(Clone)]
pub struct App;

impl Stage for App {
    const NAME: &str = "app";

    fn read(_env: &mut Reader<'_>) -> Self {
        Self
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        app.service(web::resource("/{what}").get(done));
    }

    async fn start(&self, _checks: &Checks) -> anyhow::Result<()> {
        if let Ok(what) = env::var("AT_START") {
            act(&what);
        }
        Ok(())
    }

    async fn stop(&self) {
        if let Ok(what) = env::var("AT_STOP") {
            act(&what);
        }
    }
}

async fn done(what: web::Path<String>) -> impl Responder {
    act(&what);
    "done"
}

fn act(what: &str) {
    match what.split_once('-').unwrap_or((what, "")) {
        ("sleep", seconds) => thread::sleep(Duration::from_secs(seconds.parse().unwrap())),
        ("until", name) => until(name),
        ("compute", seconds) => compute(seconds.parse().unwrap()),
        ("deadlock", _) => deadlock(),
        ("vanish", _) => unsafe { drop(libc::syscall(libc::SYS_exit, 0)) },
        ("segv", _) => unsafe { black_box(ptr::null_mut::<u8>()).add(16).write_volatile(1) },
        ("abort", _) => process::abort(),
        ("overflow", _) => drop(black_box(deep(0))),
        ("allocation", _) => drop(black_box(Vec::<u8>::with_capacity(black_box(1 << 46)))),
        ("exit", status) => unsafe { libc::_exit(status.parse().unwrap()) },
        ("ends", status) => process::exit(status.parse().unwrap()),
        ("raise", number) => unsafe { drop(libc::raise(number.parse().unwrap())) },
        ("forked", _) => forked(),
        ("keeps", _) => keeps_hangups(),
        ("user", _) => setuid(65534.into()).unwrap(),
        ("heap", _) => drop(named("busy", || compute(60))),
        ("panics", _) => drop(named("busy", panics)),
        ("orphan", _) => drop(Command::new("sh").args(["-c", "sleep 0.1 &"]).status()),
        _ => {}
    }
}

/// Blocks until there is a file of that name.
fn until(name: &str) {
    let file = Path::new(&env::var("FILES").unwrap()).join(name);
    while !file.exists() {
        thread::sleep(Duration::from_millis(50));
    }
}

fn deadlock() {
    named("keeper", keep);
    while LOCK.try_lock().is_ok() {
        thread::sleep(Duration::from_millis(10));
    }
    drop(LOCK.lock());
}

fn named(name: &str, work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::Builder::new()
        .name(name.into())
        .spawn(work)
        .unwrap()
}

fn keep() {
    let _held = LOCK.lock();
    thread::sleep(Duration::from_secs(600));
}

/// Uses the allocator all the time, and has its lock for much of that.
fn compute(seconds: u64) {
    let began = Instant::now();
    while began.elapsed().as_secs() < seconds {
        let mut words: Vec<_> = (0..100).map(|number| format!("{number:?}")).collect();
        words.sort();
        black_box(words);
    }
}

fn panics() {
    loop {
        let _ = std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(())));
    }
}

#[expect(unconditional_recursion)]
fn deep(level: u64) -> u64 {
    black_box([level; 100])[3] + deep(level + 1)
}

/// Writes what only the service may say to its supervisor.
fn forked() {
    let state = crate::runtime::shared_state::shared();
    if let Ok(ForkResult::Child) = unsafe { fork() } {
        state.end(3);
        state.finish();
        state.beat(1);
        unsafe { libc::_exit(0) };
    }
}

/// Reloads on SIGHUP, as some services do.
fn keeps_hangups() {
    extern "C" fn reload(_signal: libc::c_int) {}
    let handler = nix::sys::signal::SigHandler::Handler(reload);
    unsafe { nix::sys::signal::signal(Signal::SIGHUP, handler).unwrap() };
    SigSet::from(Signal::SIGHUP).thread_unblock().unwrap();
}

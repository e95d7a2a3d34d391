"""Services in Rust as people have them before they know viscaffold, each of another shape."""

from collections.abc import Mapping
from dataclasses import dataclass

from applications import TEMPLATE

DEPENDENCIES = (TEMPLATE / "shared/rust/dependencies.txt").read_text(encoding="utf-8")
"""Those of services, so that they are compiled once for all: actix-web, tokio and others."""

AXUM = """\
axum = { version = "0.8", default-features = false, features = ["http1", "tokio"] }
tokio = { version = "1", features = ["macros", "net", "rt", "signal"] }
"""
"""The same for what axum needs."""

PENS = {
    "Cargo.toml": f"""\
[package]
name = "pens"
version = "0.4.2"
edition = "2021"

[dependencies]
{DEPENDENCIES}""",
    "src/config.rs": """\
pub fn port() -> u16 {
    std::env::var("PORT").ok().and_then(|text| text.parse().ok()).unwrap_or(8080)
}
""",
    "src/faults.rs": """\
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{self, Command, ExitCode};
use std::time::Duration;
use std::{env, io, panic, thread};

use nix::sys::resource::{setrlimit, Resource};
use nix::sys::signal::{self, SigHandler, Signal};
use nix::unistd::{self, ForkResult};

type Outcome = Result<Option<ExitCode>, Box<dyn std::error::Error>>;

/// Dies as `FAULT` says, or says how main has to end.
pub fn happen() -> Outcome {
    match env::var("FAULT").as_deref() {
        Ok("process::exit(0)") => process::exit(0),
        Ok("process::exit(1)") => process::exit(1),
        Ok("process::exit(2)") => process::exit(2),
        Ok("main returns at once") => return Ok(Some(ExitCode::SUCCESS)),
        Ok("main returns a failure without words") => return Ok(Some(ExitCode::FAILURE)),
        Ok("main returns an error") => return Err("no ink".into()),
        Ok("a panic in main") => panic!("the ink is dry"),
        Ok("a panic in a thread that main joins") => joined(),
        Ok("a panic that cannot unwind") => callback(),
        Ok("a panic that a hook keeps to itself") => {
            panic::set_hook(Box::new(|_| {}));
            panic!("nobody hears this");
        }
        Ok("a panic after standard error was closed") => {
            // SAFETY: nobody else closes it.
            drop(unsafe { OwnedFd::from_raw_fd(io::stderr().as_raw_fd()) });
            panic!("nobody hears this");
        }
        Ok("a panic in a task, while the service goes on") => {
            drop(tokio::spawn(async { panic!("the task has no ink") }));
        }
        Ok("a variable that is missing") => drop(env::var("NO_SUCH_TOKEN").unwrap()),
        Ok("a file that is missing") => drop(std::fs::read("no/such/file")?),
        Ok("abort") => process::abort(),
        Ok("kill -9") => signal::raise(Signal::SIGKILL)?,
        Ok("a crash") => crash(),
        Ok("an instruction that the processor lacks") => by_default(Signal::SIGILL)?,
        Ok("a used-up stack") => println!("{}", deep(1)),
        Ok("another program in its place") => return Err(Command::new("true").exec().into()),
        Ok("a daemon that detaches") => detach()?,
        Ok("a limit of processor time") => {
            setrlimit(Resource::RLIMIT_CPU, 1, 2)?;
            loop {
                std::hint::spin_loop();
            }
        }
        Ok("a pipe that nobody reads") => {
            // SAFETY: that is the handler which a process has from the start.
            unsafe { signal::signal(Signal::SIGPIPE, SigHandler::SigDfl)? };
            let (read, write) = unistd::pipe()?;
            drop(read);
            unistd::write(write, b"ink")?;
        }
        Ok("an alarm") => {
            unistd::alarm::set(1);
            thread::sleep(Duration::from_secs(60));
        }
        Ok("an end that a thread brings later") => later(|| process::exit(3)),
        Ok("a start that never ends") => thread::sleep(Duration::from_secs(60)),
        Ok("a service that freezes later") => later(|| signal::raise(Signal::SIGSTOP).unwrap()),
        _ => {}
    }
    Ok(None)
}

fn joined() {
    thread::spawn(|| panic!("the ink is dry")).join().unwrap()
}

extern "C" fn callback() {
    panic!("the ink is dry")
}

fn crash() {
    // SAFETY: there is none, and that is the point.
    unsafe { (8 as *mut u8).write_volatile(1) }
}

/// Raises a signal that has its usual effect.
fn by_default(signal: Signal) -> nix::Result<()> {
    // SAFETY: no handler of this program is in use.
    unsafe { signal::signal(signal, SigHandler::SigDfl)? };
    signal::raise(signal)
}

fn deep(n: u64) -> u64 {
    let room = [n; 4096];
    if n == 0 { 0 } else { deep(n + 1) + room[(n % 4096) as usize] }
}

fn detach() -> nix::Result<()> {
    // SAFETY: there is one thread.
    match unsafe { unistd::fork()? } {
        ForkResult::Parent { .. } => process::exit(0),
        ForkResult::Child => {
            unistd::alarm::set(5); // a test leaves nothing behind
            unistd::setsid().map(drop)
        }
    }
}

fn later(death: impl FnOnce() + Send + 'static) {
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(2));
        death();
    });
}
""",
    "src/main.rs": """\
use std::process::ExitCode;

use actix_web::{web, App, HttpServer, Responder};

mod config;
mod faults;

async fn pen(pen: web::Path<String>) -> impl Responder {
    format!("pen {pen} is blue")
}

#[actix_web::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    if let Some(end) = crate::faults::happen()? {
        return Ok(end);
    }
    HttpServer::new(|| App::new().route("/pens/{pen}", web::get().to(pen)))
        .bind(("127.0.0.1", crate::config::port()))?
        .workers(1)
        .run()
        .await?;
    Ok(ExitCode::SUCCESS)
}
""",
    "tests/program.rs": """\
use std::process::Command;

#[test]
fn its_end_is_its_own() {
    let program = env!("CARGO_BIN_EXE_pens");
    let ended = Command::new(program).env("FAULT", "process::exit(1)").status().unwrap();
    assert_eq!(ended.code(), Some(1));
}
""",
    ".gitignore": "/target\n",
}
"""A program of actix-web without a library, which dies in whatever way it is told."""

INKS = {
    "Cargo.toml": f"""\
[package]
name = "inks"
version = "1.0.0"
edition = "2021"

[dependencies]
{AXUM}""",
    "src/lib.rs": """\
use axum::{routing::get, Router};

pub mod config;

pub fn router() -> Router {
    Router::new()
        .route("/inks", get(|| async { "blue, black" }))
        .route("/healthz", get(|| async { "fine" }))
}
""",
    "src/config.rs": 'pub const ADDRESS: &str = "127.0.0.1:3917";\n',
    "src/main.rs": """\
#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(inks::config::ADDRESS).await?;
    let asked = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, inks::router()).with_graceful_shutdown(asked).await
}
""",
    "tests/router.rs": """\
#[test]
fn the_library_can_be_used() {
    let _ = inks::router();
    assert!(inks::config::ADDRESS.ends_with("3917"));
}
""",
    "Dockerfile": 'FROM rust:1\nCOPY . .\nRUN cargo build --release\nCMD ["target/release/inks"]\n',
    ".github/workflows/ci.yml": "on: push\n",
    ".gitignore": "/target\n",
}
"""A program of axum with a library, whose modules are called as those of the runtime are."""

STALL = {
    "Cargo.toml": f"""\
[workspace]
resolver = "2"
members = ["crates/*"]
exclude = ["vendor"]

[workspace.package]
version = "2.3.0"
edition = "2021"

[workspace.dependencies]
stall-goods = {{ path = "crates/goods" }}
shlex = "1"
{DEPENDENCIES}
[patch.crates-io]
shlex = {{ path = "vendor/shlex" }}
""",
    "vendor/shlex/Cargo.toml": '[package]\nname = "shlex"\nversion = "1.99.0"\nedition = "2021"\n',
    "vendor/shlex/src/lib.rs": """\
/// Ours: it splits at commas.
pub fn split(text: &str) -> Option<Vec<String>> {
    Some(text.split(',').map(Into::into).collect())
}
""",
    "crates/goods/Cargo.toml": """\
[package]
name = "stall-goods"
version.workspace = true
edition.workspace = true

[dependencies]
shlex.workspace = true
""",
    "crates/goods/src/lib.rs": """\
pub fn goods() -> Vec<String> {
    shlex::split("pens,inks").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_are_two() {
        assert_eq!(super::goods(), ["pens", "inks"]);
    }
}
""",
    "crates/server/Cargo.toml": """\
[package]
name = "stall-server"
version.workspace = true
edition.workspace = true

[[bin]]
name = "stall"
path = "src/main.rs"

[dependencies]
stall-goods.workspace = true
actix-web.workspace = true
""",
    "crates/server/src/main.rs": """\
use actix_web::{web, App, HttpServer};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("STALL_PORT").unwrap_or_else(|_| "4917".into());
    let goods = || async { stall_goods::goods().join(" and ") };
    HttpServer::new(move || App::new().route("/goods", web::get().to(goods)))
        .bind(format!("127.0.0.1:{port}"))?
        .workers(1)
        .run()
        .await
}
""",
    "crates/restock/Cargo.toml": """\
[package]
name = "stall-restock"
version.workspace = true
edition.workspace = true

[dependencies]
stall-goods.workspace = true
""",
    "crates/restock/src/main.rs": 'fn main() {\n    println!("{:?}", stall_goods::goods());\n}\n',
    "Dockerfile": """\
FROM rust:1 AS builder
COPY . .
RUN cargo build --release
CMD ["target/release/stall-restock"]

FROM debian:trixie-slim
COPY --from=builder /target/release/stall /srv/
# Restocking is a job of its own.
ENTRYPOINT ["tini", "--", \\
    "/srv/stall"]
""",
    ".gitignore": "/target\n",
}
"""A workspace that has grown: crates, versions in one place, a patch, and more than one program."""

SHOP = {
    "Cargo.toml": f"""\
[workspace]

[package]
name = "shop"
version = "0.1.0"
edition = "2021"
publish = false
default-run = "shop-cli"

[dependencies]
migration = {{ path = "migration" }}
{AXUM}
[[bin]]
name = "shop-cli"
path = "src/bin/main.rs"
required-features = []
""",
    ".cargo/config.toml": '[alias]\nshop = "run --"\n',
    "migration/Cargo.toml": """\
[package]
name = "migration"
version = "0.1.0"
edition = "2021"

[lib]
name = "migration"
path = "src/lib.rs"
""",
    "migration/src/lib.rs": "pub const STEPS: usize = 1;\n",
    "src/lib.rs": "pub mod app;\npub mod cli;\npub mod config;\npub mod controllers;\n",
    "src/app.rs": """\
use axum::Router;

use crate::controllers;

pub fn routes() -> Router {
    Router::new().merge(controllers::home::routes())
}

pub async fn start() -> Result<(), Box<dyn std::error::Error>> {
    let server = crate::config::server()?;
    let listener = tokio::net::TcpListener::bind(server).await?;
    Ok(axum::serve(listener, routes()).await?)
}
""",
    "src/cli.rs": """\
use std::process::ExitCode;

pub async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["start"] => crate::app::start().await?,
        ["db", "migrate"] => println!("{} step", migration::STEPS),
        _ => {
            eprintln!("Usage: shop-cli <start|db migrate>");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}
""",
    "src/config.rs": """\
use std::{env, fs, io};

/// Reads the address of the server from the file of the environment.
pub fn server() -> io::Result<String> {
    let folder = env::var("SHOP_CONFIG_FOLDER").unwrap_or_else(|_| "config".into());
    let name = env::var("SHOP_ENV").unwrap_or_else(|_| "development".into());
    let text = fs::read_to_string(format!("{folder}/{name}.yaml"))?;
    let value = |key| text.lines().find_map(|line| line.trim().strip_prefix(key));
    let of = |key| value(key).ok_or(io::Error::other(format!("{name}.yaml has no {key}")));
    let (binding, port) = (of("binding: ")?, of("port: ")?);
    let usual = port.split('"').nth(3).unwrap_or(port);
    let port = env::var("PORT").unwrap_or_else(|_| usual.into());
    Ok(format!("{binding}:{port}"))
}
""",
    "src/controllers/mod.rs": "pub mod home;\n",
    "src/controllers/home.rs": """\
use axum::{routing::get, Router};

async fn current() -> &'static str {
    "{\\"app_name\\":\\"shop\\"}"
}

pub fn routes() -> Router {
    Router::new().route("/api", get(current))
}
""",
    "src/bin/main.rs": """\
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    shop::cli::main().await
}
""",
    "config/development.yaml": """\
# Configuration of the application
logger:
  level: debug

server:
  # Port on which the server will listen
  port: {{ get_env(name="PORT", default="5917") }}
  binding: 127.0.0.1

mailer:
  smtp:
    port: 1025

database:
  uri: sqlite://shop.sqlite
""",
    "config/test.yaml": "server:\n  port: 5919\n  binding: 127.0.0.1\n",
    "tests/mod.rs": "mod requests;\n",
    "tests/requests/mod.rs": "mod home;\n",
    "tests/requests/home.rs": """\
use std::process::Command;

#[test]
fn nothing_to_do_is_a_mistake() {
    let _ = shop::app::routes();
    let ended = Command::new(env!("CARGO_BIN_EXE_shop-cli")).status().unwrap();
    assert_eq!(ended.code(), Some(2));
}
""",
    "Dockerfile": """\
FROM rust:1.92.0-slim AS builder
WORKDIR /usr/src/
COPY . .
RUN cargo build --release

FROM debian:bookworm-slim
WORKDIR /usr/app
COPY --from=builder /usr/src/config config
COPY --from=builder /usr/src/target/release/shop-cli shop-cli
ENTRYPOINT ["/usr/app/shop-cli"]
CMD ["start"]
""",
    ".gitignore": "**/config/local.yaml\ntarget/\n!Cargo.lock\n*.sqlite\n",
}
"""As `loco new` makes one, without its crates: a command line that has to be told to start."""


@dataclass(frozen=True)
class Shape:
    """A service that exists."""

    files: Mapping[str, str]
    program: str
    route: str
    """One that it has."""
    answer: str
    """A part of what it answers there."""
    port: str = ""
    """The one that it listens on whatever it is told."""


SHAPES = {
    "pens": Shape(PENS, "pens", "/pens/1", "pen 1 is blue"),
    "inks": Shape(INKS, "inks", "/inks", "blue", "3917"),
    "stall": Shape(STALL, "stall", "/goods", "pens and inks", "4917"),
    "shop": Shape(SHOP, "shop-cli", "/api", "shop"),
}

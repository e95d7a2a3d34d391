"""Services in Rust as people have them, adopted and built: once for all tests."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import existing
import rust_services
from applications import TEMPLATE
from conftest import files, git, viscaffold

from scaffolder.engine import git as engine_git
from scaffolder.operations import proof
from scaffolder.reporting import SILENT
from scaffolder.verify import checkout
from scaffolder.verify.local import Machine
from scaffolder.verify.log import Log
from scaffolder.verify.outcome import Outcome
from scaffolder.verify.steps import attempt

DEPENDENCIES = (TEMPLATE / "shared/rust/dependencies.txt").read_text(encoding="utf-8")
"""Those of services, so that they are compiled once for all: actix-web, tokio and others."""

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
use std::{env, process, thread, time::Duration};

/// Dies as `FAULT` says.
pub fn happen() -> Result<(), String> {
    match env::var("FAULT").as_deref() {
        Ok("exit 1") => process::exit(1),
        Ok("exit 0") => process::exit(0),
        Ok("abort") => process::abort(),
        Ok("kill") => kill(),
        Ok("a silent panic") => {
            std::panic::set_hook(Box::new(|_| {}));
            panic!("nobody hears this");
        }
        Ok("a panic") => panic!("the ink is dry"),
        Ok("overflow") => println!("{}", deep(1)),
        Ok("a variable") => drop(env::var("NO_SUCH_TOKEN").unwrap()),
        Ok("an error") => return Err("no ink".into()),
        Ok("a task") => drop(tokio::spawn(async { panic!("the task has no ink") })),
        Ok("hangs") => thread::sleep(Duration::from_secs(60)),
        _ => {}
    }
    Ok(())
}

fn kill() {
    let me = process::id().to_string();
    let _ = process::Command::new("kill").args(["-9", &me]).status();
}

fn deep(n: u64) -> u64 {
    let room = [n; 4096];
    if n == 0 { 0 } else { deep(n + 1) + room[(n % 4096) as usize] }
}
""",
    "src/main.rs": """\
use actix_web::{web, App, HttpServer, Responder};

mod config;
mod faults;

async fn pen(pen: web::Path<String>) -> impl Responder {
    format!("pen {pen} is blue")
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    crate::faults::happen()?;
    HttpServer::new(|| App::new().route("/pens/{pen}", web::get().to(pen)))
        .bind(("127.0.0.1", crate::config::port()))?
        .workers(1)
        .run()
        .await?;
    Ok(())
}
""",
    "tests/program.rs": """\
use std::process::Command;

#[test]
fn its_end_is_its_own() {
    let program = env!("CARGO_BIN_EXE_pens");
    let ended = Command::new(program).env("FAULT", "exit 1").status().unwrap();
    assert_eq!(ended.code(), Some(1));
}
""",
    ".gitignore": "/target\n",
}
"""A program of actix-web without a library."""

INKS = {
    "Cargo.toml": """\
[package]
name = "inks"
version = "1.0.0"
edition = "2021"

[dependencies]
axum = { version = "0.8", default-features = false, features = ["http1", "tokio"] }
tokio = { version = "1", features = ["macros", "net", "rt", "signal"] }
""",
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

NOTHING: Mapping[str, str] = MappingProxyType({})
SHAPES = {"pens": PENS, "inks": INKS}


@dataclass(frozen=True)
class Adopted:
    """A service that was adopted, and what was built of it; not to be changed."""

    root: Path
    program: Path
    """Theirs, which is beside that of the service."""
    outcomes: str
    """What a verification saw, a line a step."""

    @property
    def service(self) -> Path:
        """Return the program that runs theirs."""
        return self.program.with_name(f"{self.program.name}-service")


def adopted(root: Path) -> Path:
    """Make a service, and adopt it; the change is staged."""
    existing.write(root, SHAPES[root.name])
    ran = viscaffold("adopt", str(root), "--yes", "--runtime-only")
    assert ran.code == 0, ran.err
    return root


def built(root: Path) -> Adopted:
    """Verify an adopted service, unless that was done for the same files before; keep programs."""
    name = root.name
    kept = rust_services.PLACE / "adopted" / name / _digest(root)
    with rust_services.alone():
        if not kept.exists():
            seen = [
                f"{one.step} {one.result.value} {one.found}\n{''.join(one.log)}"
                for one in verified(root)
            ]
            made = kept.with_suffix(".new")
            made.mkdir(parents=True, exist_ok=True)
            for program in (name, f"{name}-service"):
                shutil.copy(rust_services.TARGET / "debug" / program, made)
            (made / "outcomes").write_text("".join(seen), encoding="utf-8")
            made.rename(kept)
    return Adopted(root, kept / name, (kept / "outcomes").read_text(encoding="utf-8"))


def verified(root: Path, changed: Mapping[str, str] = NOTHING) -> Iterator[Outcome]:
    """Yield what a verification sees, with the dependencies that all tests share.

    `changed` has files with another text. Whoever asks has to be alone.
    """
    place = rust_services.PLACE / "adopted" / root.name / "work" / root.name
    repository = engine_git.repository(root)
    assert repository
    tree = git(root, "write-tree").strip()
    with proof.subject(repository, repository.git, tree) as subject, ExitStack() as stack:
        for path, text in changed.items():
            (subject.root / path).write_text(text, encoding="utf-8")
        checkout.mirror(subject.root, place)
        for each in subject.directories:
            rust_services.fetch(place / each)
        log = Log(subject.root.parent / "log")
        environment = rust_services.TARGET.parent
        machine = Machine(subject, log, stack, SILENT, environment, place)
        yield from machine.built()
        yield attempt("tests", machine.test)
        yield from machine.asked()


def _digest(root: Path) -> str:
    found = hashlib.sha256()
    for path, content in sorted(files(root).items()):
        found.update(f"\0{path}\0{len(content)}\0".encode() + content)
    return found.hexdigest()[:16]

"""What the code in front of a native program's end names, and the logger that nobody hears."""

import platform
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from recorded import case, program

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.swallowed import Ending
from scaffolder.diagnose.evidence.trace import Traced
from scaffolder.diagnose.evidence.trace_records import read
from scaffolder.diagnose.programs.native import near_end
from scaffolder.diagnose.verdict import telling
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.judgement import Judgement
from scaffolder.docker.client import Engine

TRACER = Path(__file__).parent.parent.parent / "scaffolder/diagnose/tracers/amd64"

C = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int speaks;
__attribute__((noinline)) void say(const char *words) { if (speaks) puts(words); }
__attribute__((noinline)) char *get(const char *key) { return getenv(key); }
__attribute__((noinline)) void fail(int status) { exit(status); }
int main(int count, char **words) {
    speaks = count > 5;
    switch (words[1][0]) {
    case 'd': if (!get("LISTEN_PORT")) exit(3); break;
    case 'f': if (!get("LISTEN_PORT")) { say("no port to listen on"); fail(3); } break;
    case 's': if (!get("LISTEN_PORT")) { say("cannot listen on nothing"); _exit(3); } break;
    case 'r': if (!get("LISTEN_PORT")) return 3; break;
    }
    pause();
}
"""
RUST = """
use std::{env, fmt, panic, process};
#[inline(never)]
fn log(speaks: bool, message: fmt::Arguments, file: &str) { if speaks { println!("{message} {file}") } }
#[inline(never)]
fn number(word: Option<String>) -> usize { word.expect("a number has to be given").len() }
fn main() {
    panic::set_hook(Box::new(|_| {}));
    let (speaks, none) = (env::args().count() > 5, env::var("QUEUE_OF_NOBODY").ok());
    match env::args().nth(1).as_deref() {
        Some("values") => if let Err(error) = env::var("QUEUE_OF_NOBODY") {
            log(speaks, format_args!("no queue to read from: {error}"), "src/main.rs"); process::exit(3) },
        Some("plain") => if env::var("QUEUE_OF_NOBODY").is_err() {
            log(speaks, format_args!("no queue to read from"), "src/main.rs"); process::exit(3) },
        Some("expect") => { number(none); }
        Some("index") => { let list: Vec<String> = none.into_iter().collect(); println!("{}", list[2]); }
        Some("panic") => if none.is_none() { panic!("no queue for {}", env::args().count()) },
        Some("chosen") => process::exit(101),
        _ => process::exit(3),
    }
}
"""
IN_RUST = ("-O", "-C debuginfo=0", "-O -C strip=symbols")


@pytest.fixture(scope="module")
def rust(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what compiles the program in Rust, once for each kind of build."""
    if not shutil.which("rustc"):
        pytest.skip("rustc was not found")

    @cache
    def compiled(kind: str) -> Path:
        folder = tmp_path_factory.mktemp("rust")
        (folder / "service.rs").write_text(RUST, encoding="utf-8")
        command = ["rustc", "--edition=2021", *kind.split(), "-o", "service", "service.rs"]
        subprocess.run(command, check=True, cwd=folder)
        return folder / "service"

    return compiled


def traced(tmp_path: Path, made: Path, *words: str) -> tuple[str, ...]:
    """Return what is found in front of the end of a program."""
    last = watched(tmp_path, 3, made, *words)
    return near_end.texts(made.read_bytes(), last.entry, last.words)


def watched(tmp_path: Path, status: int, made: Path, *words: str) -> Traced:
    """Run a program under the tracer; return what is seen of it."""
    if platform.machine() != "x86_64" or sys.platform != "linux":
        pytest.skip("the code of this processor is not read")
    tracer, records = tmp_path / "tracer", tmp_path / "records"
    shutil.copy(TRACER, tracer)
    tracer.chmod(0o755)
    ran = subprocess.run([tracer, records, "20000", made, *words], check=False, timeout=60)
    trace = read(records.read_text("ascii"))
    if trace.obstacle:
        pytest.skip(f"nothing can be traced here: {trace.obstacle}")
    assert ran.returncode == status
    assert trace.first
    return trace.first


MADE = (
    b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQ", 3, 62, 1, 0x1000, 64, 0) + bytes(200)
)
ARM = MADE[:18] + b"\xb7\0" + MADE[20:]
KINDS = ("-O0", "-O2", "-O2 -no-pie -s", "-Os -static")


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc was not found")
@pytest.mark.parametrize("kind", KINDS)
def test_the_code_in_front_of_the_end_of_a_program_in_c_names_why(
    tmp_path: Path, kind: str
) -> None:
    source, made = tmp_path / "service.c", tmp_path / "service"
    source.write_text(C, encoding="utf-8")
    subprocess.run(["gcc", *kind.split(), "-w", "-o", made, source], check=True)

    assert traced(tmp_path, made, "direct")[:1] == ("LISTEN_PORT",)
    assert traced(tmp_path, made, "function")[:1] == ("no port to listen on",)
    assert traced(tmp_path, made, "system")[:1] == ("cannot listen on nothing",)
    assert not traced(tmp_path, made, "return"), "what main returns leaves no trace"


@pytest.mark.parametrize("kind", IN_RUST)
def test_the_code_in_front_of_the_end_of_a_program_in_rust_names_why(
    rust: Callable[[str], Path], tmp_path: Path, kind: str
) -> None:
    made = rust(kind)

    assert "no queue to read from: {}" in traced(tmp_path, made, "values")
    assert "no queue to read from" in traced(tmp_path, made, "plain")
    assert not any("queue" in text for text in traced(tmp_path, made, "other"))


@pytest.mark.parametrize("kind", IN_RUST)
def test_a_panic_that_its_hook_hides_is_told_by_what_it_leaves_on_the_stack(
    rust: Callable[[str], Path], tmp_path: Path, kind: str
) -> None:
    made = rust(kind)
    found: dict[str, tuple[str, str] | None] = {}
    for way in ("expect", "index", "panic", "chosen"):
        last = watched(tmp_path, 101, made, way)
        assert last.below
        found[way] = near_end.panic(made.read_bytes(), last.entry, last.below)

    assert found == {
        "expect": ("service.rs:6:49", "a number has to be given"),
        "index": ("service.rs:16:99", ""),
        "panic": ("service.rs:17:46", "no queue for {}"),
        "chosen": None,
    }


def judged(tmp_path: Path, made: Path, status: int) -> Judgement:
    """Return what is said of a silent container with a program that has been watched."""
    records = (tmp_path / "records").read_text("ascii")
    files = {str(made): program(made.read_bytes())}
    of = case(str(made), files=files, exit_code=status, trace=records)
    telling.ask(Engine("nothing"), of)
    return judge(of)


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc was not found")
def test_what_the_code_names_is_told_of_a_silent_end(tmp_path: Path) -> None:
    source, made = tmp_path / "service.c", tmp_path / "service"
    source.write_text(C, encoding="utf-8")
    subprocess.run(["gcc", "-O2", "-w", "-o", made, source], check=True)
    watched(tmp_path, 3, made, "function")
    found = judged(tmp_path, made, 3)

    assert (found.cause, found.verdict) == ("ends-itself", "likely")
    assert "with exit(3), where its code names `no port to listen on`" in found.text


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc was not found")
@pytest.mark.parametrize("kind", ["-O0", "-O2", "-O2 -static"])
def test_what_the_code_names_is_told_of_a_status_that_main_returns(
    tmp_path: Path, kind: str
) -> None:
    source, made = tmp_path / "service.c", tmp_path / "service"
    source.write_text(C, encoding="utf-8")
    subprocess.run(["gcc", *kind.split(), "-w", "-o", made, source], check=True)
    watched(tmp_path, 3, made, "return")
    found = judged(tmp_path, made, 3)

    assert (found.cause, found.verdict) == ("ends-itself", "likely")
    assert "with exit(3), where its code names `LISTEN_PORT`" in found.text


def test_a_hidden_panic_is_told_as_if_it_had_been_printed(
    rust: Callable[[str], Path], tmp_path: Path
) -> None:
    made = rust("-O")
    watched(tmp_path, 101, made, "expect")
    found = judged(tmp_path, made, 101)

    assert (found.cause, found.verdict) == ("rust-panic", "likely")
    assert "a number has to be given at service.rs:6:49" in found.text
    assert "its panic hook does not show it" in found.text
    assert "let the hook write to stderr" in found.fix


@pytest.mark.parametrize(
    "data",
    [b"", MADE[:20], MADE[:100], MADE + bytes(200), ARM + b"\xff" * 300, b"\x7fELF" * 40],
)
def test_what_is_no_program_names_nothing(data: bytes) -> None:
    assert near_end.texts(data, 0x1000, (0x1000, 0x7FFF0000, 2**64 - 1)) == ()
    assert near_end.panic(data, 0x1000, (0x1000, 0x7FFF0000, 2**64 - 1)) is None
    assert near_end.returned(data, 0x1000, (0x1000, 0x7FFF0000, 2**64 - 1), 3) == ()


def ended(texts: bytes, named: tuple[str, ...], **more: object) -> Case:
    """Return a silent container whose program of Rust has texts, and names some at its end."""
    made = program(MADE + b"RUST_BACKTRACE\0" + texts)
    of = case("/server", files={"/server": made}, exit_code=1, **more)  # type: ignore[arg-type]
    of.seen = replace(of.seen, ending=Ending("", "exit(1)", (), named=named))
    return of


TRACING = b"/root/.cargo/registry/src/x/tracing-core-0.1.36/src/callsite.rs\0"
LOG = b"_ZN3log20MAX_LOG_LEVEL_FILTER\0"
WRITER = b"/build/vendor/env_logger-0.11.8/src/fmt/mod.rs\0"
WHY = ("no queue in {}", "src/main.rs")


@pytest.mark.parametrize(
    ("texts", "named", "words"),
    [
        (TRACING, WHY, "it uses the crate tracing-core, and has nothing that writes"),
        (LOG, WHY, "it uses the crate log, and has nothing that writes"),
        (LOG + WRITER, WHY, "env_logger is not set up yet when it ends, or its level hides that"),
    ],
)
def test_a_message_in_front_of_the_end_that_no_logger_writes_is_told(
    texts: bytes, named: tuple[str, ...], words: str
) -> None:
    found = judge(ended(texts, named))

    assert (found.cause, found.verdict) == ("log-unwritten", "likely")
    assert "`no queue in {}`" in found.text
    assert words in found.text


def test_without_a_logger_or_a_message_the_names_are_told_as_they_are() -> None:
    silent = judge(ended(b"", WHY))
    nameless = judge(ended(LOG, ("LISTEN_PORT",)))

    assert (silent.cause, nameless.cause) == ("ends-itself", "ends-itself")
    assert "where its code names `no queue in {}`" in silent.text
    assert "where its code names `LISTEN_PORT`" in nameless.text


def test_a_message_that_the_output_has_is_not_unheard() -> None:
    said = judge(ended(LOG, WHY, log="ERROR no queue in orders-7f"))

    assert said.cause != "log-unwritten"

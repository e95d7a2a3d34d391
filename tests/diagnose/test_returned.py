"""What the code names that decides which status `main` returns."""

import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from scaffolder.diagnose.programs.native import near_end

C = """
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static int speaks;
__attribute__((noinline)) void say(const char *words) { if (speaks) puts(words); }
__attribute__((noinline)) char *get(const char *key) { return getenv(key); }
__attribute__((noinline)) int tls(void) { char *key = get("TLS_KEY_FILE"); return key && *key ? 0 : -1; }
__attribute__((noinline)) int run(const char *path) {
    char had[64];
    int file = open(path, O_RDONLY), size = read(file, had, 63);
    close(file);
    had[size < 0 ? 0 : size] = 0;
    return strstr(had, "stable-channel") ? 0 : 41;
}
__attribute__((noinline)) int quits(void) { if (!get("QUITS_DEEP")) exit(36); return 0; }
int main(int count, char **words) {
    int status = 0;
    const char *value;
    speaks = count > 5;
    switch (words[1][0]) {
    case 'r': if (!get("LISTEN_PORT")) return 31; break;
    case 's': if (!get("LISTEN_HOST")) { say("no host to listen on"); return 32; } break;
    case 't': if (tls()) { status = 33; goto end; } break;
    case 'v': value = get("API_VERSION"); if (!value || strcmp(value, "v7-stable")) return 34; break;
    case 'm': if (!get("MODE_OF_WORK")) return -1; break;
    case 'p': return run("/etc/hostname");
    case 'c': if (!fork()) _exit(35); wait(&status); return WEXITSTATUS(status);
    case 'q': get("BEFORE_QUITS"); return quits();
    case 'a': if (!get("MANY_A")) return 37; break;
    case 'b': if (!get("MANY_B")) return 37; break;
    case 'd': if (!get("MANY_D")) return 37; break;
    case 'e': if (!get("MANY_E")) return 37; break;
    }
    write(1, "serving\\n", 8);
    for (;;) pause();
end:
    unlink("/tmp/of-service.lock");
    return status;
}
"""
CPP = """
#include <cstdlib>
#include <map>
#include <string>
#include <unistd.h>
struct Lock { std::string path; ~Lock() { unlink(path.c_str()); } };
struct App { std::map<std::string, std::string> c; int start(); };
__attribute__((noinline)) int App::start() {
    if (!std::getenv("START_TOKEN_FILE")) return 52;
    for (;;) pause();
}
int main(int count, char **words) {
    Lock lock{"/tmp/of-app"};
    App app;
    for (int at = 1; at < count; at++) app.c[words[at]] = words[at];
    const char *shard = std::getenv("SHARD_OF_APP");
    std::string named = shard ? shard : "";
    if (named == "legacy-shard") return 54;
    return app.start();
}
"""
RUST = """
use std::{env, process::ExitCode};
fn main() -> ExitCode {
    let Ok(url) = env::var("QUEUE_OF_NOBODY") else { return ExitCode::from(61) };
    println!("{url}");
    if env::var_os("NUMBER_OF_SHARDS").is_none() { return ExitCode::FAILURE }
    std::thread::park();
    ExitCode::SUCCESS
}
"""
IN_C = (
    "-O0", "-O1", "-O2", "-Os", "-O2 -no-pie -s", "-O2 -static", "-O1 -static-pie -s",
    "-O2 -fstack-protector-all",
)  # fmt: skip
IN_CPP = ("-O0", "-O2", "-O2 -static-libstdc++ -static-libgcc -s")
BEGAN = 1 << 40


@cache
def built(command: str, source: str, ending: str) -> bytes:
    """Compile a program; skip where no compiler for this processor is there."""
    compiler = command.split(maxsplit=1)[0]
    if platform.machine() != "x86_64" or not shutil.which(compiler):
        pytest.skip(f"{compiler} for amd64 was not found")
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        made, written = Path(folder, "service"), Path(folder, f"service{ending}")
        written.write_text(source, encoding="utf-8")
        subprocess.run([*command.split(), "-o", made, written], check=True)
        return made.read_bytes()


def named(data: bytes, status: int) -> tuple[str, ...]:
    return near_end.returned(data, BEGAN, (), status)


@pytest.mark.parametrize("kind", IN_C)
def test_what_decides_the_status_of_a_program_in_c(kind: str) -> None:
    data = built(f"gcc -w {kind}", C, ".c")

    assert named(data, 31) == ("LISTEN_PORT",)
    assert named(data, 32) == ("no host to listen on",)
    assert set(named(data, 34)) == {"API_VERSION", "v7-stable"}
    if kind != "-O2 -static":  # in front of it is what does not return
        assert named(data, 255) == ("MODE_OF_WORK",)
    # What another function of the program decides, where the program's own are known.
    own = "static" not in kind
    assert named(data, 33) == (("TLS_KEY_FILE",) if own else ())


@pytest.mark.parametrize("kind", IN_C)
def test_what_is_decided_elsewhere_or_at_many_places_names_nothing(kind: str) -> None:
    data = built(f"gcc -w {kind}", C, ".c")

    assert not named(data, 37), "four places return it"
    assert not named(data, 35), "a child ends with it, and main passes that on"
    assert not named(data, 36), "a function ends the program"
    assert not named(data, 99), "nothing returns it"
    assert not any("lock" in text for text in named(data, 33)), "that is only cleaned up"


@pytest.mark.parametrize("kind", IN_CPP)
def test_what_decides_the_status_of_a_program_in_cpp(kind: str) -> None:
    data = built(f"g++ -w {kind}", CPP, ".cpp")

    assert named(data, 54) == ("legacy-shard",)
    assert named(data, 52) == ("START_TOKEN_FILE",)
    assert not named(data, 51)


@pytest.mark.parametrize("kind", ["-O", "-O -C strip=symbols", "-C opt-level=3"])
def test_what_decides_the_status_of_a_program_in_rust(kind: str) -> None:
    data = built(f"rustc --edition=2021 {kind}", RUST, ".rs")

    assert named(data, 61) == ("QUEUE_OF_NOBODY",)
    assert named(data, 1) == ("NUMBER_OF_SHARDS",)

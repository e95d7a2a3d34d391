"""Options that a program requires by its own help, and that its command lacks."""

import pytest
from recorded import case, elf, program

from scaffolder.diagnose.evidence.config import Host
from scaffolder.diagnose.programs.usage import lacking, usage_in
from scaffolder.diagnose.verdict.copies import Outcome
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.reruns import try_factors
from scaffolder.docker.client import Engine

PLAIN = "usage: ship run --from DIR --to DIR [--every N]\n\n  --to DIR  where (required)\n"
CLAP = (
    "Ships.\n\nUsage: ship [OPTIONS] --to <DIR> <FROM>\n\nArguments:\n  <FROM>\n\n"
    "Options:\n  -t, --to <DIR>   where [env: SHIP_TO=]\n  -n, --keep <N>   [default: 0]\n"
)
ARGPARSE = (
    "usage: ship [-h] --to DIR\n            [--keep N] --from DIR\n\noptions:\n  -h, --help\n"
)
GO = "Usage of ship:\n  -keep int\n    \thow many\n  -to string\n    \twhere (required)\n"
TWO = "usage: ship run --to DIR\n       ship list --all\n"


@pytest.mark.parametrize(
    ("text", "argv", "names"),
    [
        (PLAIN, "ship run --from /a", ["--to"]),
        (PLAIN, "ship run", ["--from", "--to"]),
        (PLAIN, "ship run --from=/a --to=/b", []),
        (CLAP, "ship /a", ["--to"]),
        (CLAP, "ship /a -t /b", []),
        (CLAP, "ship /a -t/b", []),
        (ARGPARSE, "ship --to /b", ["--from"]),
        (GO, "ship -keep 3", ["-to"]),
        (GO, "ship --to /b", []),
        (TWO, "ship run", ["--to"]),
        (TWO, "ship list --all", []),
        ("usage: ship (--all | --name NAME)\n", "ship", []),
        ("usage: ship --all | --name NAME\n", "ship", []),
        ("usage: ship [--name NAME [--to DIR]]\n", "ship", []),
        ("usage: ship send --to DIR\n", "ship run", []),
        ("  --to DIR  required with --from\n", "ship", []),
        ("memory usage: 3 --to 4\n", "ship", []),
        ("", "ship", []),
    ],
)
def test_options_that_a_command_lacks(text: str, argv: str, names: list[str]) -> None:
    assert [each.names[-1] for each in lacking(text, argv.split(), {})] == names


def test_an_option_may_come_from_a_variable() -> None:
    assert lacking(CLAP, ["ship", "/a"], {"SHIP_TO": "/b"}) == []


def test_a_program_has_its_own_usage() -> None:
    data = b"\0usage: other --x X that is long\0more\0" + PLAIN.encode() + b"begin > end\0"

    assert lacking(usage_in(data, "/bin/ship"), ["ship", "run", "--from", "a"], {})
    assert not usage_in(data, "/bin/shipper")


@pytest.mark.parametrize(
    ("command", "says", "text", "lacks"),
    [
        ("/app/ship run --from /a", PLAIN, b"", "its --help says"),
        ("/app/ship run --from /a", "", PLAIN.encode(), "its texts say"),
        ("/app/ship run --from /a --to /b", PLAIN, PLAIN.encode(), ""),
        ("/app/ship run --from /a", "serving\n", b"", ""),
        ("/app/ship", PLAIN, b"", "its --help says"),
    ],
)
def test_a_program_that_ends_without_a_word_lacks_an_option(
    command: str, says: str, text: bytes, lacks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_engine: Engine, _case: object, factor: object, _tracer: object = None) -> Outcome:
        asked = factor.config.argv[-1] == "--help"  # type: ignore[attr-defined]
        return Outcome(alive=False, exit_code=64, text=says if asked else "")

    for module in ("copies", "unchanged", "reworded"):
        name = "tried_with" if module == "reworded" else "run"
        monkeypatch.setattr(
            f"scaffolder.diagnose.verdict.{module}.{name}",
            run if name == "run" else lambda *_: None,
        )
    of = case(
        command,
        exit_code=64,
        files={"/app/ship": program(elf(text=b"\0" + text + b"\0"))},
        host=Host(architecture="amd64"),
    )
    found = judge(of, try_factors(Engine("docker"), of))

    assert (found.cause == "usage-printed") is bool(lacks)
    assert lacks in found.text
    if lacks:
        assert found.verdict == "likely"
        assert "--to, which it requires" in found.text

"""Values that a shell complains of, in files that its children read."""

import pytest
from recorded import File, case, program

from examples import STATIC
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.read_before import complained_of, is_code

SCRIPT = program('#!/bin/sh\n[ "$(cat /etc/app/version)" -ge 5 ] || exit 3\n')
DASH = "/app/start.sh: 3: [: Illegal number: v5"


def reads(shell: str = "/bin/dash", cat: str = "/usr/bin/cat", **files: str) -> Case:
    opened = "".join(
        f"P\t1\t{8 + at}\t{cat}\tcat\\x00/etc/app/{name}\\x00\n"
        f"C\t1\t{8 + at}\t{8 + at}\topenat\t3\tp=/etc/app/{name}\tx=0\n"
        for at, name in enumerate(files)
    )
    trace = (
        f"P\t0\t7\t{shell}\t/bin/sh\\x00/app/start.sh\\x00\n"
        + "".join(f"N\t1\t{8 + at}\t7\n" for at in range(len(files)))
        + f"{opened}X\t2\t7\t3\t0"
    )
    there = {f"/etc/app/{name}": File(text.encode()) for name, text in files.items()}
    return case(
        "/app/start.sh",
        exit_code=3,
        files={"/app/start.sh": SCRIPT, shell: STATIC, **there},
        trace=trace,
    )


@pytest.mark.parametrize(
    ("line", "text", "has"),
    [
        (DASH, "v5\n", "v5"),
        ("/s.sh: line 3: [: four: integer expression expected", "n=x\nworkers=four\nmode=four-eyes\n",
         "workers=four"),
        ("/s.sh: line 3: [: four: integer expected", "four", "four"),
        ("sh: v5: bad number", "v5", "v5"),
        ('/s.sh: line 2: 08: value too great for base (error token is "08")', "08\n", "08"),
    ],
)  # fmt: skip
def test_the_file_is_named_that_a_child_read(line: str, text: str, has: str) -> None:
    assert complained_of(reads(version=text), line) == ("/etc/app/version", has)


def test_two_files_with_the_value_name_none() -> None:
    assert complained_of(reads(version="v5\n", other="v5\n"), DASH) == ("", "")


def test_a_value_within_another_one_is_none() -> None:
    assert complained_of(reads(version="v55\nrev5\nv5.1\n"), DASH) == ("", "")


def test_what_a_tool_reads_is_no_code_and_what_a_shell_runs_is() -> None:
    for tool in ("/usr/bin/cat", "/bin/busybox"):
        of = reads(cat=tool, version="v5")
        assert not is_code(of, "/etc/app/version")
        assert is_code(of, "/app/start.sh")

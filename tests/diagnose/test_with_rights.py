"""Copies whose user may read the only file that it was refused, or is root."""

import pytest
from recorded import File, case, folder, program

from examples import SERVER, STARTED
from scaffolder.diagnose.causes.identity.refused import ASKS_FOR_ROOT
from scaffolder.diagnose.verdict import cures
from scaffolder.diagnose.verdict.factor import Factor
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.with_rights import with_rights

OPEN = "C\t1\t7\t7\topenat\t{}\tp={}\tx=0\n"
KEY, OTHER, WITHIN = "/etc/app/key", "/etc/app/other", "/etc/closed/key"


def found(*calls: str, user: str = "1001") -> list[Factor]:
    files = {
        **SERVER,
        "/etc/closed": folder(mode=0o700),
        **{path: File(b"x", mode=0o600) for path in (KEY, OTHER, WITHIN)},
    }
    trace = f"{STARTED}{''.join(calls)}X\t9\t7\t1\t0"
    return [*with_rights(case(files=files, trace=trace, config={"user": user}))]


def test_the_only_file_that_is_closed_is_readable_in_a_copy_which_proves_it() -> None:
    readable, root = found(OPEN.format(-13, KEY))

    assert (readable.files, readable.mode, readable.config.user) == ({KEY: b"x"}, 0o644, "1001")
    assert readable.cure
    assert readable.cure.proves
    assert "uid 1001 cannot access /etc/app/key: /etc/app/key is owned" in readable.cure.text
    assert readable.cure.fix.startswith("chown 1001 /etc/app/key")
    assert root.config.user == "0"
    assert root.cure
    assert not root.cure.proves, "it may need another of root's rights"


@pytest.mark.parametrize(
    ("calls", "is_named"),
    [
        ((OPEN.format(-13, KEY), OPEN.format(-13, OTHER)), True),
        ((OPEN.format(-13, WITHIN),), True),
        ((OPEN.format(-13, KEY), OPEN.format(3, KEY)), False),
        ((OPEN.format(-2, KEY),), False),
        ((), False),
    ],
    ids=["two", "in-a-closed-directory", "opened-later", "missing", "none"],
)
def test_otherwise_only_root_is_tried(calls: tuple[str, ...], *, is_named: bool) -> None:
    (root,) = found(*calls)

    assert root.cure
    assert not root.cure.proves
    assert ("cannot access /etc/" in root.cure.text) is is_named
    assert is_named or root.cure == cures.ROOT


def test_who_needs_root_though_nothing_is_refused_asks_who_it_is() -> None:
    (root,) = found(OPEN.format(3, KEY))

    assert root.cure
    assert (root.cure.cause, root.cure.proves) == ("root-required", False)


def test_who_is_root_already_lacks_no_rights_to_files() -> None:
    assert not found(OPEN.format(-13, KEY), user="")


@pytest.mark.parametrize(
    ("line", "user", "is_found"),
    [
        ('[ "$(id -u)" -eq 0 ] || exit 1', "1000", True),
        ("if [ $EUID -ne 0 ]; then exit 1; fi", "1000", True),
        ("[ `id -u` = 0 ] || exit 1", "1000", True),
        ('[ "$(id -u)" -eq 0 ] || exit 1', "", False),
        ('[ "$(id -u)" -eq 1001 ] || exit 1', "1000", False),
        ('[ "$(id -g)" -eq 0 ] || exit 1', "1000", False),
        ("chown 0 /data", "1000", False),
    ],
)
def test_a_script_that_asks_for_root_is_told(line: str, user: str, *, is_found: bool) -> None:
    files = {**SERVER, "/run.sh": program(f"#!/bin/bash\n{line}\nexec /app/server\n")}
    of = case("/run.sh", files=files, exit_code=1, config={"user": user})

    assert (judge(of).cause == "root-required") is is_found


@pytest.mark.parametrize(
    "line",
    [
        "if os.geteuid() != 0:", "if (process.getuid() !== 0) exit();", "if (posix_getuid() != 0)",
        "exit 1 unless Process.uid == 0", "exit 1 if Process::UID.eid > 0", "exit 1 if $> != 0;",
        "[[ $UID == 0 ]]", '[ "${EUID}" -gt 0 ]',
    ],
)  # fmt: skip
def test_who_asks_for_root_does_so_in_any_language(line: str) -> None:
    assert ASKS_FOR_ROOT.search(line)


@pytest.mark.parametrize("line", ["uid = os.getuid()", "if count > 0", "uid: 0"])
def test_other_numbers_are_not_those_of_root(line: str) -> None:
    assert not ASKS_FOR_ROOT.search(line)

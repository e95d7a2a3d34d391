"""Copies whose user may read the only file that it was refused, or is root."""

import pytest
from recorded import File, case, folder

from examples import SERVER, STARTED
from scaffolder.diagnose.verdict import cures
from scaffolder.diagnose.verdict.factor import Factor
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


def test_who_is_root_already_lacks_no_rights_to_files() -> None:
    assert not found(OPEN.format(-13, KEY), user="")

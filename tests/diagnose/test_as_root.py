"""A copy that runs as root: the only path that is closed to the container's user is why."""

import pytest
from recorded import File, case

from examples import SERVER, STARTED
from scaffolder.diagnose.verdict import cures
from scaffolder.diagnose.verdict.as_root import as_root
from scaffolder.diagnose.verdict.cures import Cure

OPEN = "C\t1\t7\t7\topenat\t{}\tp={}\tx=0\n"
KEY, OTHER = "/etc/app/key", "/etc/app/other"


def cure(*calls: str, user: str = "1001") -> Cure | None:
    files = {**SERVER, **{path: File(b"x", mode=0o600) for path in (KEY, OTHER)}}
    trace = f"{STARTED}{''.join(calls)}X\t9\t7\t1\t0"
    found = [*as_root(case(files=files, trace=trace, config={"user": user}))]
    return found[0].cure if found else None


def test_the_only_closed_path_is_named_and_proven() -> None:
    found = cure(OPEN.format(-13, KEY))

    assert found
    assert "uid 1001 cannot access /etc/app/key: /etc/app/key is owned by 0:0" in found.text
    assert found.proves
    assert found.fix.startswith("chown 1001 /etc/app/key")


@pytest.mark.parametrize(
    ("calls", "is_named"),
    [
        ((OPEN.format(-13, KEY), OPEN.format(-13, OTHER)), True),
        ((OPEN.format(-13, KEY), OPEN.format(3, KEY)), False),
        ((OPEN.format(-2, KEY),), False),
        ((), False),
    ],
    ids=["two", "opened-later", "missing", "none"],
)
def test_of_several_or_of_none_it_is_no_proof(calls: tuple[str, ...], *, is_named: bool) -> None:
    found = cure(*calls)

    assert found
    assert not found.proves
    assert ("/etc/app/key" in found.text) is is_named
    assert is_named or found == cures.ROOT


def test_who_is_root_already_is_not_run_as_root() -> None:
    assert cure(user="") is None

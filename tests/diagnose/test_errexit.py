"""What ends a script with `set -e`, and what cannot."""

import pytest
from recorded import case

from examples import sh
from scaffolder.diagnose.verdict.judge import judge


@pytest.mark.parametrize(
    ("line", "code", "is_named"),
    [
        ("((n++))", 1, True),
        ("n=$(expr $n - 1)", 1, True),
        ("n=$((n + 1))", 1, False),
        ("n=$((n * (2 + m)))", 1, False),
        ("export TLS=$(grep ^tls= /etc/passwd)", 1, False),
        ("((n++))", 0, False),
        ("((n++)) || true", 1, False),
    ],
)
def test_a_command_is_named_only_if_it_can_end_the_script(
    line: str, code: int, *, is_named: bool
) -> None:
    text = f"#!/bin/bash\nset -eu\nn=0\n{line}\nsleep 1\n"
    found = judge(case(**sh(text, exit_code=code, config={"restart": "always"})))

    assert (found.cause == "errexit") == is_named, found


@pytest.mark.parametrize("word", ["/s.sh", "s.sh"])
def test_a_script_that_is_the_command_need_not_run_it(word: str) -> None:
    more = {"command": (word,), "exit_code": 0, "config": {"entrypoint": ("/bin/sh",)}}
    found = judge(case(**{**sh("#!/bin/sh\ntouch /tmp/done\n"), **more}))

    assert (found.cause, found.verdict) == ("none", "healthy")

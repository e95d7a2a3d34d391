"""Scripts with pipefail that end with the SIGPIPE of a command whose reader had enough."""

import pytest
from recorded import File, case

from examples import sh
from scaffolder.diagnose.programs.pipelines import broken
from scaffolder.diagnose.verdict.judge import judge

STRICT = "#!/bin/bash\nset -euo pipefail\n"
SHELL = "P\t0\t7\t/usr/bin/bash\t/usr/bin/bash\\x00/s.sh\\x00\n"
GZIP = "N\t1\t8\t7\nP\t1\t8\t/usr/bin/gzip\tgzip\\x00-cd\\x00\nX\t2\t8\t0\t13\n"


@pytest.mark.parametrize(
    "line",
    [
        'header=$(zcat "$SRC" | head -n 1)',
        'header="$(zcat a.gz | head -1)"',
        "zcat a.gz | grep -q sku",
        "zcat a.gz | cut -d, -f1 | grep -m1 sku",
        "zcat a.gz | sed 5q",
        "zcat a.gz | sed -n '1p;q'",
        "zcat a.gz | awk 'NR==1 {print; exit}' > /tmp/first",
        "zcat a.gz |\n  head -c 10",
        "zcat a.gz | read -r first",
        "mkdir -p /out && zcat a.gz | head -n1 > /out/first",
    ],
)
def test_a_reader_that_stops_early_breaks_the_pipe(line: str) -> None:
    (found,) = broken(f"{STRICT}{line}\necho done\n")

    assert found.writers[0] == "zcat"


@pytest.mark.parametrize(
    "line",
    [
        "header=$(zcat a.gz | head -n 1) || true",
        "zcat a.gz | head -n -1 > /tmp/all",
        "if zcat a.gz | grep -q sku; then echo x; fi",
        "zcat a.gz | grep -q sku && echo x",
        "zcat a.gz | sed -n 1p",
        "zcat a.gz | sed -e s/q/Q/",
        "zcat a.gz | tail -n 1 | wc -l",
        "zcat a.gz | while read -r row; do echo x; done",
        "zcat a.gz | { read -r first; cat; }",
        "zcat a.gz | awk '{n++} END {exit n == 0}'",
        "export HEADER=$(zcat a.gz | head -n 1)",
        "echo $(zcat a.gz | head -n 1)",
        "head -n 1 a.csv | wc -c",
        "set +o pipefail; zcat a.gz | head -n 1",
        "set +e\nzcat a.gz | head -n 1",
    ],
)
def test_what_reads_all_or_is_looked_at_does_not_end_the_script(line: str) -> None:
    assert broken(f"{STRICT}{line}\necho done\n") == []


def test_options_may_be_those_of_the_shell_and_the_last_status_is_that_of_the_script() -> None:
    line = "zcat a.gz | head -n 1"

    assert broken(f"{line}; echo done", ("/bin/bash", "-eo", "pipefail", "-c", line))
    assert broken(f"set -o pipefail\n{line}\n")
    assert not broken(f"set -o pipefail\n{line}\necho done\n")
    assert not broken(f"set -e\n{line}\n")


TEXT = f"{STRICT}header=$(zcat /a.gz | head -n 1)\nrows=$(gzip -cd /a.gz | head -n 3)\nsleep 60\n"


def test_the_pipeline_is_named_and_a_watched_copy_tells_which() -> None:
    for trace, first in (("", "zcat /a.gz"), (f"{SHELL}{GZIP}X\t3\t7\t141\t0", "gzip -cd")):
        found = judge(case(**sh(TEXT, exit_code=141, trace=trace)))

        assert (found.cause, found.verdict) == ("pipe-read-in-part", "likely")
        assert first in found.text
        assert "pipefail" in found.text
        assert "|| true" in found.fix


@pytest.mark.parametrize(
    "more",
    [
        {"exit_code": 1},
        {"exit_code": 141, "trace": "P\t0\t7\t/app/server\t/app/server\\x00\nX\t2\t7\t0\t13"},
        {"exit_code": 141, "trace": f"{SHELL}X\t3\t7\t141\t0"},
    ],
    ids=["another-status", "what-the-script-became", "no-such-signal"],
)
def test_what_ended_otherwise_is_not_the_pipeline(more: dict[str, object]) -> None:
    assert judge(case(**sh(TEXT, **more))).cause != "pipe-read-in-part"


def test_a_pipeline_in_what_a_script_reads_as_a_part_of_itself_is_found() -> None:
    main = f"{STRICT}cd /opt/boot\n. ./lib.sh\npool=$(first)\n"
    lib = {"/opt/boot/lib.sh": File(b"first() {\n  zcat a.gz | head -n 1\n}\n")}
    example = sh(main, exit_code=141)
    found = judge(case(**example | {"files": {**example["files"], **lib}}))
    absent = judge(case(**example))

    assert found.cause == "pipe-read-in-part"
    assert "/opt/boot/lib.sh" in found.text
    assert absent.cause != "pipe-read-in-part"


@pytest.mark.parametrize(
    ("script", "log", "is_told"),
    [
        ("ulimit -t 2\n/app/calc\n", "Killed", True),
        ("ulimit -S -n 64; exec /app/calc\n", "too many open files", True),
        ("# ulimit -t 2\n/app/calc\n", "Killed", False),
        ("ulimit -t 2\n/app/calc\n", "bad input", False),
        ("ulimit -t unlimited\n/app/calc\n", "Killed", False),
    ],
    ids=["time", "files", "a comment", "another end", "none"],
)
def test_a_limit_that_a_script_sets_itself_is_told(script: str, log: str, *, is_told: bool) -> None:
    found = judge(case(**sh(f"#!/bin/sh\n{script}", log=log, exit_code=1)))

    assert (found.cause == "limit-in-script") == is_told
    assert not is_told or "/" in found.text

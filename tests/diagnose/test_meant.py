"""A script may mean to end with a status of its own, where it says that it has nothing to do."""

from typing import Any

import pytest
from recorded import File, case, elf, program

from examples import SERVER, py, sh
from scaffolder.diagnose.evidence.config import Port
from scaffolder.diagnose.verdict.judge import judge

SAID = "poll: nothing new in /srv/in since 10:02"
SCRIPT = """#!/bin/sh
if [ "$n" -eq 0 ]; then
    echo "poll: nothing new in $IN since $(date +%R)"
    exit 7
fi
exec /app/server
"""


def ended(text: str = SCRIPT, log: str = SAID, code: int = 7, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    return sh(text, log=log, exit_code=code, **more)


@pytest.mark.parametrize(
    "example",
    [
        ended(),
        ended(SCRIPT.replace('%R)"\n   ', '%R)" &&')),
        ended("#!/bin/sh\nprintf 'all is up to date\\n'; exit 3\n", "all is up to date", 3),
    ],
    ids=["echo", "and", "printf"],
)
def test_a_script_that_says_it_has_nothing_to_do_is_healthy(example: dict[str, Any]) -> None:
    found = judge(case(**example))

    assert found.verdict == "healthy", found
    assert str(example["exit_code"]) in found.text
    assert [e.source for e in found.evidence][:2] == ["files", "logs"]


@pytest.mark.parametrize(
    "example",
    [
        ended(code=1),
        ended(log="poll: begun"),
        ended(log=f"{SAID}\npoll: begun"),
        ended(log=f"FATAL: the moon is full\n{SAID}"),
        ended(SCRIPT.replace("exit 7", "/app/send\n    exit 7")),
        ended(SCRIPT.replace("nothing new in", "no key in"), "poll: no key in /srv/in since 10:02"),
        ended("#!/bin/sh\necho not up to date; exit 7\n", "not up to date"),
        ended(config={"exposed": (Port(8080),)}),
        ended(config={"restart": "unless-stopped"}),
        ended(config={"restart": "on-failure"}, restarts=3),
    ],
    ids=[
        "another status", "other words", "not the last ones", "a failure", "a command in between",
        "what it lacks", "not", "a port", "to stay", "restarted",
    ],
)  # fmt: skip
def test_any_other_end_of_a_script_is_not_taken_for_meant(example: dict[str, Any]) -> None:
    assert judge(case(**example)).verdict != "healthy"


DRIFT = '"""Compare.\n\n0 = same, 2 = drift found (a ticket is opened), 1 = could not compare."""\nimport sys\nsys.exit(main())\n'
DONE = "done: 2 of 3 differ"


@pytest.mark.parametrize(
    "text",
    [
        DRIFT,
        "# exit code 2: there were changes\nimport sys\n",
        "import sys\n# exits 2 if something differs, else 0\n",
        "# Exit codes for the pipeline: 0 the same, 2 drift found, 1 an error.\nimport sys\n",
    ],
)
def test_a_status_that_a_program_documents_as_a_result_is_healthy(text: str) -> None:
    found = judge(case(**py(text, log=DONE, exit_code=2)))

    assert found.verdict == "healthy", found
    assert "exit code 2 means" in found.text


@pytest.mark.parametrize(
    "example",
    [
        py(DRIFT, log=DONE, exit_code=1),
        py(DRIFT.replace("drift found", "cannot compare"), log=DONE, exit_code=2),
        py(DRIFT, log="error: wanted.json is empty", exit_code=2),
        py(DRIFT, log=DONE, exit_code=2, config={"restart": "always"}),
        py("LEVELS = {2: 'drift found'}\n", log=DONE, exit_code=2),
        py("# version 1.2: faster\n", log=DONE, exit_code=2),
    ],
    ids=["another", "a failure", "complains", "to stay", "code", "a version"],
)
def test_a_status_that_nothing_documents_as_a_result_is_a_fault(example: dict[str, Any]) -> None:
    assert judge(case(**example)).verdict != "healthy"


@pytest.mark.parametrize(
    "more",
    [
        {"log": DONE, "config": {"labels": {"exit-codes": "0=the same 2=drift found 1=error"}}},
        {"log": "2 of 3 differ (exit code 2: the pipeline opens a ticket)"},
        {"config": {"labels": {"org.acme.exit-codes": "0=the same, 2=drift found"}}},
        {"config": {"labels": {"exit.status.2": "drift found"}}},
    ],
    ids=["a label", "its last output", "a label, silent", "a label of its own, silent"],
)
def test_a_status_may_be_documented_elsewhere(more: dict[str, Any]) -> None:
    assert judge(case(**py("import sys\n", exit_code=2, **more))).verdict == "healthy"


USAGE = """#!/bin/bash
usage() {
    cat <<'T'
usage: snapcmp OLD NEW
Status: 0  differences found and written
        3  %s
       64  wrong usage
T
}
"""


@pytest.mark.parametrize(
    ("text", "is_well"),
    [
        ("no differences; nothing to be done by the next stage", True),
        ("the snapshots are identical", True),
        ("the lists differ", True),
        ("no list was found", False),
        ("a snapshot is incomplete", False),
        ("cannot compare; nothing was written", False),
    ],
)
def test_a_usage_may_say_that_there_was_nothing_to_do(text: str, *, is_well: bool) -> None:
    found = judge(case(**sh(USAGE % text, exit_code=3)))

    assert (found.verdict == "healthy") is is_well, found


@pytest.mark.parametrize(
    ("more", "is_well"),
    [
        (
            {"config": {"labels": {"description": "prune; status 0: removed, 3: nothing to do"}}},
            True,
        ),
        ({"config": {"labels": {"description": "prune; status 0: removed, 3: no right"}}}, False),
        (
            {"files": {"/app/server": program(elf() + b"exit status: 0 ok, 3 nothing to do\0")}},
            True,
        ),
        (
            {
                "files": {
                    **SERVER,
                    "/README.md": File(b"Exit status:\n- 0: some differ\n- 3: the same\n"),
                }
            },
            True,
        ),
        ({"files": {"/app/server": program(elf() + b"level 3 nothing to do\0")}}, False),
    ],
    ids=["label", "label of a failure", "program", "readme", "no status"],
)
def test_a_silent_program_may_document_its_status(more: dict[str, Any], *, is_well: bool) -> None:
    found = judge(case(exit_code=3, **{"files": SERVER, **more}))

    assert (found.verdict == "healthy") is is_well, found


@pytest.mark.parametrize(
    "labels", [{"exit.status.3": "drift found"}, {"exit.status.2": "failed"}, {"version.2": "beta"}]
)
def test_a_label_of_another_status_or_thing_documents_nothing(labels: dict[str, str]) -> None:
    found = judge(case(**py("import sys\n", exit_code=2, config={"labels": labels})))

    assert found.verdict != "healthy"


@pytest.mark.parametrize("is_command", [True, False])
def test_a_tool_that_a_script_runs_documents_only_its_own_end(*, is_command: bool) -> None:
    tool = {"/usr/bin/ls": program(elf() + b"Exit status:\n 3 if minor problems\0")}
    listed = {"/var/lib/dpkg/info/coreutils.list": File(b"/usr/bin/ls\n")}
    script = sh("#!/bin/sh\nset -e\nls /data | grep x\n", exit_code=3, log="2 files found")
    files = {**script["files"], **tool, **listed}
    command = "/usr/bin/ls" if is_command else script["command"]
    found = judge(case(**{**script, "command": command, "files": files}))

    assert (found.verdict == "healthy") is is_command, found

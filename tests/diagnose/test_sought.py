"""Commands of a script that are not in the image, where their message is thrown away."""

import pytest
from recorded import File, case, elf, program

from examples import sh
from scaffolder.diagnose.verdict.judge import judge

FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin")
PATH = {"env": {"PATH": ":".join(FOLDERS)}}
RENDERS = "envsubst </t 2>/dev/null | grep -v off >/run/a.conf"
SCRIPT = f"#!/bin/sh\n{RENDERS}\nexec /app/server /run/a.conf\n"
TAKES = "#!/bin/sh\nport=$(envsubst </t 2>/dev/null | cat)\n"


def trace(*, reads: str = "/run/a.conf", status: int = 127, last: str = "/app/server") -> str:
    asked = "".join(f"C\t3\t8\t8\tnewfstatat\t-2\tp={at}/envsubst\n" for at in FOLDERS)
    return (
        "P\t0\t7\t/usr/bin/dash\t/bin/sh\\x00/s.sh\\x00\n"
        "N\t1\t8\t7\nN\t1\t9\t7\n"
        f"C\t2\t9\t9\topenat\t3\tp=/run/a.conf\tx=241\n{asked}"
        f"X\t4\t8\t{status}\t0\nX\t5\t9\t1\t0\n"
        + (f"P\t6\t7\t{last}\t{last}\\x00\n" if last else "")
        + (f"C\t7\t7\t7\topenat\t3\tp={reads}\tx=0\n" if reads else "")
        + "X\t9\t7\t1\t0"
    )


def found(script: str, seen: str, **more: object) -> tuple[str, str]:
    files = {"/run/a.conf": File(b""), "/etc/other": File(b"x"), "/t": File(b"a=$A")}
    judged = judge(case(**sh(script, files=files, config=PATH, trace=seen, log="all off", **more)))
    return judged.cause, judged.text


def test_what_a_missing_command_was_to_fill_is_read_last() -> None:
    cause, text = found(SCRIPT, trace())

    assert cause == "command-missing-in-script"
    assert "/s.sh uses envsubst" in text
    assert "/run/a.conf, which it was to fill" in text


def test_a_variable_that_a_missing_command_was_to_fill_is_tested() -> None:
    script = f'{TAKES}if [ -z "$port" ]; then\n  echo all off\n  exit 1\nfi\n'
    cause, text = found(script, trace(reads="", last=""))

    assert cause == "command-missing-in-script"
    assert "port stays empty" in text


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        (SCRIPT, trace(reads="/etc/other")),
        (SCRIPT, trace(status=1)),
        (SCRIPT.replace(RENDERS, f"command -v envsubst && {RENDERS}"), trace()),
        (SCRIPT.replace(RENDERS, f"{RENDERS} || cp /t /run/a.conf"), trace()),
        (SCRIPT.replace(RENDERS, f"if {RENDERS}; then :; fi"), trace()),
        (SCRIPT.replace("envsubst", "sed"), trace()),
        (f'{TAKES}[ -n "$OTHER" ] || exit 1\n', trace(reads="", last="")),
        (f'{TAKES}[ "$A" ] || {{ echo $port; exit 1; }}\n', trace(reads="", last="")),
        (f'{TAKES}[ -n "$port" ] || exit 1\n', trace(reads="")),
    ],
    ids=[
        "other file",
        "runs",
        "asks",
        "has another way",
        "tests",
        "other command",
        "not it",
        "says it",
        "on",
    ],
)
def test_what_a_script_does_without_is_not_blamed(script: str, seen: str) -> None:
    assert found(script, seen)[0] != "command-missing-in-script"


def test_a_command_that_is_in_the_image_is_not_missing() -> None:
    files = {"/usr/bin/envsubst": program(elf()), "/run/a.conf": File(b"")}
    judged = judge(case(**sh(SCRIPT, files=files, config=PATH, trace=trace(), log="all off")))

    assert judged.cause != "command-missing-in-script"


@pytest.mark.parametrize(
    ("line", "says", "is_told"),
    [
        ("/opt/x --listen", "/s.sh: line 2: /opt/x: No such file or directory", True),
        ("exec /opt/x", "/s.sh: 2: /opt/x: No such file or directory", True),
        ("cat </opt/x", "/s.sh: line 2: /opt/x: No such file or directory", False),
        ("grep -q ready /opt/x", "grep: /opt/x: No such file or directory", False),
    ],
)
def test_a_file_that_a_script_reads_is_no_command(line: str, says: str, *, is_told: bool) -> None:
    judged = judge(case(**sh(f"#!/bin/bash\n{line}\n", log=says)))

    told = judged.cause in {"command-missing-in-script", "path-wrong-in-script"}
    assert told is is_told, judged

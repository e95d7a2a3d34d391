"""What scripts require of their command line, as they tell it, and a command lacks."""

from typing import Any

import pytest
from recorded import File, case, elf, program

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.swallowed import Ending, Swallowed
from scaffolder.diagnose.verdict.judge import judge

RUNTIMES = {
    f"/usr/bin/{name}": program(elf()) for name in ("node", "python3", "php", "ruby", "perl", "sh")
}
USAGE = "usage: report --tenant NAME [--format csv|json] [--month YYYY-MM]"
REPORT = f"if (!opt.tenant) {{\n  out('{USAGE}');\n  return 64;\n}}\n"
PARSES = "parseArgs({args, options: {\n tenant: {type: 'string', short: 't'},\n month: {type: 'string', default: '1'}}})\n"


def ran(command: str, source: str, **more: Any) -> Case:  # noqa: ANN401 - of a case
    path = next(word for word in command.split() if word.startswith("/app/"))
    files = {**RUNTIMES, path: File(source.encode(), 0o755), **more.pop("files", {})}
    return case(command, files=files, **{"exit_code": 64, **more})


@pytest.mark.parametrize(
    ("command", "source", "name"),
    [
        ("node /app/report.js --format csv", REPORT, "--tenant"),
        ("node --no-warnings /app/report.js", REPORT, "--tenant"),
        ("node /app/r.js", 'console.error("no shard\\nUsage: r --shard N <input>\\n")', "--shard"),
        ("node /app/r.js --shard=1", "console.error(`usage: ${me} --shard N <input>`)", "<input>"),
        ("node /app/r.js", f"const o = {PARSES}if (!o.tenant) process.exit(64)\n", "--tenant"),
        ("node /app/r.js", "p.option('-t, --tenant <x>', 'whose')\nif (p.tenant === undefined) {\n  process.exit(64)\n}", "--tenant"),
        ("python3 /app/r.py", '"""Reports.\n\nUsage: r.py --tenant NAME\n  [--month M]\n"""\n', "--tenant"),
        ("python3 /app/r.py", "p = argparse.ArgumentParser()\np.add_argument('-t', '--tenant', required=True)\n", "--tenant"),
        ("python3 /app/r.py", "p = argparse.ArgumentParser()\np.add_argument('source')\np.add_argument('--x', default=1)\n", "source"),
        ("python3 /app/r.py a", "p = argparse.ArgumentParser()\np.add_argument('source')\np.add_argument('target')\n", "target"),
        ("python3 /app/r.py", "p.add_argument('--tenant', help='whose')\nif not args.tenant:\n    sys.exit(64)\n", "--tenant"),
        ("python3 /app/r.py", "p.add_argument('--tenant')\nif args.tenant is None:\n    sys.exit(64)\n", "--tenant"),
        ("python3 /app/r.py", "@click.option('--tenant', required=True)\ndef main(tenant): ...\n", "--tenant"),
        ("php /app/r.php", '<?php fwrite($log, "usage: r <file>\\n"); exit(64);', "<file>"),
        ("ruby /app/r.rb", "o.on('-t', '--tenant NAME') { |v| opt[:tenant] = v }\nunless opt[:tenant]\n  exit 64\nend\n", "--tenant"),
        ("perl /app/r.pl -v", "print $log 'usage: r.pl --tenant NAME';\n", "--tenant"),
        ("sh /app/r.sh", 'log "usage: $(basename "$0") -t TENANT"\nexit 64\n', "-t"),
        ("sh /app/r.sh", "cat >/log <<END\nusage: $0 HOST PORT\nEND\nexit 64\n", "HOST"),
        ("sh /app/r.sh db", "cat >/log <<END\nusage: $0 HOST PORT\nEND\nexit 64\n", "PORT"),
        ("sh /app/r.sh", "[ $# -lt 1 ] && exit 64\n", "argument 1"),
        ("sh /app/r.sh a", 'if [ "$#" -ne 2 ]; then\n  exit 64\nfi\n', "argument 2"),
        ("sh /app/r.sh a", "[ $# -ge 2 ] || exit 64\n", "argument 2"),
        ("sh /app/r.sh", "[ $# -eq 0 ] && exit 64\n", "argument 1"),
        ("sh /app/r.sh", '[ -z "$1" ] && exit 64\n', "argument 1"),
        ("sh /app/r.sh", "exec 2>/dev/null\nhost=${1:?whom}\n", "argument 1"),
        ("sh /app/r.sh", 'while getopts t: o; do\ncase $o in\n  t) TENANT=$OPTARG ;;\nesac\ndone\n[ -z "$TENANT" ] && exit 64\n', "-t"),
    ],
)  # fmt: skip
def test_what_a_script_requires_is_named(command: str, source: str, name: str) -> None:
    found = judge(ran(command, source))

    assert (found.verdict, found.cause) == ("likely", "argument-missing")
    assert f"is started without {name}, which it requires" in found.text
    assert name in found.fix


@pytest.mark.parametrize(
    ("command", "source"),
    [
        ("node /app/report.js --tenant acme", REPORT),
        ("node /app/report.js --tenant=acme", REPORT),
        ("node /app/r.js", "out('usage: r [--tenant NAME] [file]')"),
        ("node /app/r.js", "out('usage: r (--all | --name NAME)')"),
        ("node /app/r.js serve", "out('usage: r report --tenant NAME')"),
        ("node /app/r.js", "// usage: memory of --tenant NAME\n"),
        ("node /app/r.js", "const usage = require('./usage')\n"),
        ("node /app/r.js", "if (!opt.tenant) process.exit(64)\n"),
        ("node /app/r.js", f"{PARSES}if (!o.month) process.exit(64)\n"),
        ("node /app/r.js", f"{PARSES}if (!o.tenant) all()\n"),
        ("python3 /app/r.py x", "p = argparse.ArgumentParser()\np.add_argument('source')\n"),
        ("python3 /app/r.py", "p = argparse.ArgumentParser()\np.add_argument('source', nargs='?')\n"),
        ("python3 /app/r.py", "p = argparse.ArgumentParser()\ns = p.add_subparsers()\nq = s.add_parser('x')\nq.add_argument('--tenant', required=True)\n"),
        ("python3 /app/r.py", "@click.option('--tenant', required=True, envvar='TENANT')\ndef main(): ...\n"),
        ("python3 /app/r.py", "p.add_argument('--tenant', default='a')\nif not args.tenant:\n    sys.exit(64)\n"),
        ("sh /app/r.sh a b", "[ $# -lt 1 ] && exit 64\n"),
        ("sh /app/r.sh", 'put() {\n  [ -z "$1" ] && exit 64\n}\nput a\n'),
        ("sh /app/r.sh", '[ -z "$1" ] && set -- all\n'),
        ("sh /app/r.sh", "[ $# -eq 0 ] || exit 64\n"),
        ("sh /app/r.sh a b", "[ $# -gt 1 ] && exit 64\n"),
        ("sh /app/r.sh a", "[ $# -ge 1 ] || exit 64\n"),
        ("sh /app/r.sh", "[ $# -ge 0 ] && exit 64\n"),
        ("sh /app/r.sh", 'TENANT=acme\nwhile getopts t: o; do\ncase $o in\n  t) TENANT=$OPTARG ;;\nesac\ndone\n[ -z "$TENANT" ] && exit 64\n'),
    ],
)  # fmt: skip
def test_what_is_given_or_not_required_is_not_missing(command: str, source: str) -> None:
    assert judge(ran(command, source)).cause != "argument-missing"


@pytest.mark.parametrize(
    "more",
    [
        {"log": "opening the books"},
        {"exit_code": 0},
        {"exit_code": 70},
        {"exit_code": 137},
        {"swallowed": Swallowed("Error: no queue", frozenset({"Error"}), "/app/r.js:3", "exit")},
    ],
)
def test_another_end_is_not_one_over_arguments(more: dict[str, Any]) -> None:
    found = judge(ran("node /app/report.js", REPORT, **more))

    assert found.cause not in {"argument-missing", "usage-refused"}


def test_the_parser_may_be_in_a_module_that_is_loaded() -> None:
    beside = {"/app/lib/args.js": File(PARSES.encode())}
    source = "const args = require('./lib/args')\nif (!args.tenant) process.exit(64)\n"

    assert "--tenant" in judge(ran("node /app/r.js", source, files=beside)).text
    assert judge(ran("node /app/r.js", source)).cause == "usage-refused"


def test_the_condition_in_front_of_the_end_is_quoted() -> None:
    source = "const args = read()\nif (!args.tenant) process.exit(64)\n"
    ending = Ending("/app/r.js:2", "process.exit(64)", ())

    assert (
        "/app/r.js:2: `if (!args.tenant)`"
        in judge(ran("node /app/r.js", source, ending=ending)).text
    )


def test_the_status_for_a_wrong_command_line_is_told() -> None:
    files = {"/app/server": program(elf())}
    ending = Ending("/s/main.go:46 (main.main)", "os.Exit(64)", ())
    bare = judge(case("/app/server", files=files, exit_code=64))
    given = judge(case("/app/server -v", files=files, exit_code=64, ending=ending))

    assert (bare.verdict, bare.cause) == ("likely", "usage-refused")
    assert "`/app/server`: it has no arguments" in bare.text
    assert "`/app/server -v`: an argument is missing, or wrong" in given.text
    assert "with os.Exit(64) at /s/main.go:46" in given.text


@pytest.mark.parametrize(
    "more",
    [
        {"exit_code": 65},
        {"log": "up"},
        {"trace": "P\t0\t7\t/app/server\t/app/server\\x00\nC\t1\t7\t7\topenat\t-2\tp=/etc/x.conf\nX\t2\t7\t64\t0"},
    ],
)  # fmt: skip
def test_a_command_line_is_not_blamed_for_what_else_explains_the_end(more: dict[str, Any]) -> None:
    files = {"/app/server": program(elf())}

    assert (
        judge(case("/app/server", files=files, **{"exit_code": 64, **more})).cause
        != "usage-refused"
    )

"""Shell scripts and shell-form commands: what they fail at, hide, or leave out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename

from scaffolder.diagnose import shell
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, content, copied, ended, inspected, logged, quoted
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.program import Problem, Program
from scaffolder.diagnose.scripts import Launched, Script
from scaffolder.diagnose.sources.files import resolved, text

from .files import FORMATS

NOT_FOUND = (
    r"[^\n]*?(?P<n>[^\s:'\"`]+)['\"`]?: (?:command )?not found[^\n]*"
    r"|[^\n]*exec: (?P<x>[^\s:]+): not found[^\n]*|[^\n]*can't execute '(?P<y>[^']+)'[^\n]*"
    r"|[^\n]*failed to run command ['\u2018](?P<z>[^'\u2019]+)['\u2019]: No such file[^\n]*"
    r"|[^\n]*: (?P<w>/[^\s:]+): No such file or directory$"
)


def scripts(case: Case) -> list[Script]:
    """Return the shell scripts that are run, that of the runtime first."""
    return [item.script for item in case.launched if item.script and item.script.language == "sh"]


def where(script: Script) -> str:
    """Return how a script is called in a sentence."""
    return script.path or "the shell-form command"


def quote(case: Case, script: Script, line: str) -> Evidence:
    """Show a line of a script."""
    if script.path:
        return content(case, script.path, line)
    return inspected(case, "Config.Cmd", line)


@cause(
    "command-single-quotes",
    "CMD or ENTRYPOINT is not JSON: single quotes",
    pattern="image",
    reads=["inspect", "logs"],
    page="check-program-file",
    when=Phase.DIED | Phase.START | Phase.IMAGE,
    weight=92,
)
def command_single_quotes(case: Case) -> Found | None:
    """Find an exec form that Docker took for the shell form, for its quotes or a missing comma."""
    words = case.config.argv
    inner = words[2] if len(words) > 2 and words[1] == "-c" and words[0].endswith("sh") else ""
    if not re.match(r"^\s*\[\s*['\"\w/]", inner) or inner.lstrip().startswith(("[ ", "[[")):
        return None
    match = case.said(r"[^\n]*not found[^\n]*") if case.phase != Phase.IMAGE else None
    parts = re.findall(r"['\"]([^'\"]*)['\"]", inner) or inner.strip("[] ").split()
    form = ", ".join(f'"{part}"' for part in parts)
    why = (
        "uses single quotes" if "'" in inner else "is no valid JSON (a comma or a quote is missing)"
    )
    return Found(
        f"CMD {why}, so it is not taken as the exec form, and Docker runs it through /bin/sh -c:"
        f" {inner[:120]}",
        f"write valid JSON with double quotes: CMD [{form}]",
        (inspected(case, "Config.Cmd", list(words)), *((logged(case, match),) if match else ())),
        proven=True,
    )


@cause(
    "program-closed-in-script",
    "a script starts a program that is not executable",
    pattern="permissions",
    reads=["logs", "files"],
    page="check-program-file",
    when=Phase.ENDED,
    weight=80,
)
def program_closed_in_script(case: Case) -> Found | None:
    """Find a script's command without the x bit, or behind a closed directory."""
    for item, problem in broken(case):
        if problem.kind not in {"mode", "unreachable", "directory"}:
            continue
        says = case.said(
            rf"[^\n]*{re.escape(basename(item.argv[0]))}[^\n]*(?:permission denied"
            r"|is a directory)[^\n]*"
        )
        if not says and case.exit_code != 126 and not case.is_silent:
            continue
        return Found(
            f"{item.by or 'the command'} starts {item.argv[0]}, which {case.identity.words} may"
            f" not execute: {problem.path} has mode {problem.detail or 'of a directory'}",
            f"RUN chmod 755 {problem.path} (or COPY --chmod=755)",
            (
                *((logged(case, says),) if says else (ended(case),)),
                copied(case, problem.path, f"mode {problem.detail}"),
            ),
            proven=says is not None,
        )
    return None


def broken(case: Case) -> Iterator[tuple[Launched, Problem]]:
    """Return commands of scripts that cannot be started, and why."""
    for item in case.launched[1:]:
        problem = item.program.first_problem if item.program else None
        if problem:
            yield item, problem


@cause(
    "program-broken-in-script",
    "a script starts a program that this image or machine cannot run",
    pattern="image",
    reads=["logs", "files"],
    page="check-program-file",
    when=Phase.ENDED,
    weight=79,
)
def program_broken_in_script(case: Case) -> Found | None:
    """Find, in a script, a program of another architecture or libc, with CRLF, or damaged."""
    for item, problem in broken(case):
        what = _flaw(item.program, problem)
        if not what:
            continue
        says = case.said(
            rf"[^\n]*{re.escape(basename(item.argv[0]))}[^\n]*(?:not found|no such file"
            "|format error|cannot execute|syntax error|not executable|permission denied"
            r"|required file)[^\n]*"
        )
        if not says and not (case.is_silent and case.exit_code in (0, 1, 2, 126, 127)):
            continue
        return Found(
            f"{item.by or 'the command'} starts {item.argv[0]}, {what}",
            "build it for this image and machine, and copy it into the image whole, with LF line"
            " endings",
            (
                *((logged(case, says),) if says else (ended(case),)),
                copied(case, problem.path, problem.detail or problem.kind),
            ),
            proven=says is not None,
        )
    return None


def _flaw(program: Program | None, problem: Problem) -> str:
    texts = {
        "crlf": (
            "which has Windows (CRLF) line endings: its interpreter is sought with a carriage"
            " return"
        ),
        "architecture": f"which is a program for another processor ({problem.detail})",
        "loader": (
            f"whose ELF interpreter {problem.detail} is not in the image: it was built for another"
            " libc"
        ),
        **{kind: f"which {words}" for kind, (words, _fix) in FORMATS.items()},
    }
    if program and program.interpreter and problem.kind in {"missing", "not-in-path", "dangling"}:
        return f"whose #! line names {' '.join(program.shebang)}, which does not exist in the image"
    return texts.get(problem.kind, "")


@cause(
    "path-wrong-in-script",
    "a script starts a program by a path that does not exist",
    pattern="image",
    reads=["logs", "files"],
    page="check-program-file",
    when=Phase.ENDED,
    weight=77,
)
def path_wrong_in_script(case: Case) -> Found | None:
    """Find `exec /app/server` where the program is elsewhere."""
    from .start import find_elsewhere

    for item, problem in broken(case):
        name = item.argv[0]
        if (
            problem.kind not in {"missing", "dangling"}
            or "/" not in name
            or (item.program and item.program.interpreter)
        ):
            continue
        says = case.said(rf"[^\n]*{re.escape(name)}[^\n]*(?:not found|no such file)[^\n]*")
        if not says and not (case.is_silent and case.exit_code == 127):
            continue
        other = [p for p in find_elsewhere(case, basename(name)) if p != name]
        return Found(
            f"{item.by or 'the command'} starts {name}, which does not exist in the"
            f" image{f'; there is {other[0]}' if other else ''}",
            f"correct the path{f': {other[0]}' if other else ', or COPY it there'}",
            (
                *((logged(case, says),) if says else (ended(case),)),
                copied(case, name, "no such file"),
            ),
            proven=says is not None,
        )
    return None


@cause(
    "command-missing-in-script",
    "a command that a script uses is not installed in the image",
    pattern="dependencies",
    reads=["logs", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    weight=73,
)
def command_missing_in_script(case: Case) -> Found | None:
    """Find 127: a tool that the image lacks."""
    match = case.said(NOT_FOUND, re.IGNORECASE)
    name = next((g for g in match.groups() if g), "") if match else ""
    if (
        not match
        or not name
        or name.startswith("[")
        or ".so" in name
        or "version" in case.line(match)
    ):
        return None
    if case.exit_code not in (0, 1, 2, 127) and case.phase == Phase.DIED:
        return None
    problem = case.finder.find((name,)).first_problem
    if problem is None:
        return None
    script = next((s for s in scripts(case) if name in s.text), None)
    used = f"{where(script)} uses {name}" if script else f"{name} is used"
    return Found(
        f"{used}, which is not installed in the image: not found",
        f"install {basename(name)} in the runtime stage, or use what the image has",
        (
            logged(case, match),
            copied(case, f"/usr/bin/{basename(name)}", "no such file"),
            ended(case),
        ),
        proven=True,
    )


@cause(
    "script-for-other-shell",
    "a script uses what its shell does not know",
    pattern="image",
    reads=["logs", "files"],
    page="check-shell",
    when=Phase.ENDED,
    weight=75,
)
def script_for_other_shell(case: Case) -> Found | None:
    """Find bash's language under sh, and carriage returns within a script."""
    match = case.said(
        r"[^\n]*(?:syntax error|bad substitution|illegal option|invalid option name"
        r"|\[\[: not found|source: not found|unexpected operator|unexpected \""
        "|unexpected end of file|not a valid identifier|bad variable name|Illegal number"
        r"|function: not found|declare: not found|shopt: not found|pushd: not found)[^\n]*"
    )
    if match is None or not scripts(case):
        return None
    script = next(
        (s for s in scripts(case) if s.path and s.path in case.line(match)), scripts(case)[0]
    )
    if "\r" in script.text or "\\r" in case.line(match):
        return Found(
            f"{where(script)} has Windows (CRLF) line endings: the shell takes the carriage"
            f" returns for text: {case.line(match)[:120]}",
            "convert it to LF (.gitattributes: *.sh text eol=lf)",
            (logged(case, match), quote(case, script, "lines end with \\r\\n")),
            proven="\r" in script.text,
        )
    bash = re.search(
        r"\[\[|^\s*source |\bfunction \w+|pipefail|\$\{[^}]*(?:\^\^|,,|//|:\d)|<\(|^\s*declare "
        r"|\w+=\(|shopt|pushd|&>|<<<|\(\(",
        script.text,
        re.MULTILINE,
    )
    first = script.text.split("\n", 1)[0]
    runs = "sh" if not first.startswith("#!") or not first.rstrip().endswith("bash") else "bash"
    if bash and runs == "sh":
        return Found(
            f"{where(script)} is written for bash ({bash[0].strip()!r}) and run by sh:"
            f" {case.line(match)[:150]}",
            "write #!/bin/bash as its first line (and have bash in the image), or use what sh"
            " knows",
            (logged(case, match), quote(case, script, first)),
            proven=True,
        )
    return Found(
        f"{where(script)} has a syntax error: {case.line(match)[:150]}",
        "sh -n SCRIPT finds it before the build",
        (logged(case, match),),
        weight=64,
    )


@dataclass(frozen=True)
class Guard:
    """A condition of a script that ends it."""

    line: str
    name: str
    path: str


CONDITION = re.compile(
    r"(?:\[\[?"
    r"|test)\s+(?P<not>!\s*)?-(?P<op>[znfredxs])\s+['\"]?(?P<arg>[^'\"\s\];]+)['\"]?\s*\]?\]?"
)


def guards(case: Case, script: Script) -> Iterator[Guard]:
    """Return the conditions that end a script, and hold in this container."""
    lines = script.text.splitlines()
    for number, line in enumerate(lines):
        match = CONDITION.search(line)
        if not match:
            continue
        negated, op, arg = bool(match["not"]), match["op"], match["arg"]
        after = line[match.end() :]
        body = "\n".join(lines[number : number + 6])
        when_false = bool(re.match(r"\s*\|\|\s*(?:\{?\s*)?(?:.*\b(?:exit|return)\b|false)", after))
        when_true = bool(re.match(r"\s*&&.*\bexit\b", after)) or (
            line.lstrip().startswith("if ")
            and bool(re.search(r"\bexit [1-9]", body.split("\nelse")[0].split("\nfi")[0]))
        )
        if not when_false and not when_true:
            continue
        holds = _holds(case, op, arg) != negated
        if (when_true and holds) or (when_false and not holds):
            name = re.search(r"\$\{?(\w+)", arg)
            yield Guard(
                line.strip(),
                name[1] if name else "",
                "" if op in "zn" else shell.expand(arg, case.config.env),
            )


def _holds(case: Case, op: str, arg: str) -> bool:
    value = shell.expand(arg, case.config.env)
    value = "" if "$" in value else value
    if op in "zn":
        return bool(value) == (op == "n")
    entry = resolved(case.files, value, case.config.workdir) if value else None
    if entry is None:
        return any(value.startswith(t) for t in case.config.tmpfs)
    return {
        "f": entry.kind == "file",
        "d": entry.kind == "directory",
        "x": case.identity.may(entry, 1),
        "r": case.identity.may(entry, 4),
        "s": entry.size > 0,
    }.get(op, True)


@cause(
    "script-guard",
    "a script checks a variable or file, which is missing, and ends",
    pattern="environment",
    reads=["files", "inspect"],
    page="pattern-environment",
    when=Phase.DIED,
    weight=79,
)
def script_guard(case: Case) -> Found | None:
    """Find `[ -r "$FILE" ] || exit 1`."""
    for script in scripts(case):
        found = next(guards(case, script), None)
        if found is None or case.exit_code > 125:
            continue
        value = case.config.env.get(found.name, "")
        if found.path and value:
            what = f"{found.name} names {found.path}, which does not exist in the container"
            fix = f"mount it: -v ./{basename(found.path)}:{found.path}:ro" + (
                ", or compose secrets" if "secret" in found.path else ""
            )
        elif found.path and not found.name:
            what, fix = (
                f"{found.path} does not exist in the container",
                f"COPY or mount it: -v ./{basename(found.path)}:{found.path}:ro",
            )
        else:
            what, fix = (
                (
                    f"the environment variable {found.name} is"
                    f" {'empty' if found.name in case.config.env else 'not set'}"
                ),
                f"pass it: docker run -e {found.name}=...",
            )
        return Found(
            f"{what}; {where(script)} checks it and ends with {case.exit_code}",
            fix,
            (
                quote(case, script, found.line),
                inspected(
                    case,
                    "Config.Env",
                    f"{found.name}={value}" if value else f"{found.name} is not set",
                ),
                *((copied(case, found.path, "no such file"),) if found.path else ()),
                ended(case),
            ),
        )
    return None


@cause(
    "errexit",
    "a script with set -e ends at a command that fails in silence",
    pattern="process",
    reads=["files", "logs"],
    page="check-shell",
    when=Phase.DIED,
    weight=70,
)
def errexit(case: Case) -> Found | None:
    """Find the command at which `set -e` ended a script without a word."""
    from .silence import quiet

    if not quiet(case) or case.exit_code > 125:
        return None
    for script in scripts(case):
        if not shell.sets_errexit(script.text):
            continue
        line, why, sure = _suspect(case, script)
        if not line:
            continue
        return Found(
            f"{where(script)} uses set -e, and {why}, so that the script ends silently with"
            f" {case.exit_code} at: {line}",
            f"say what is to happen then: {line} || true, or a message and an exit",
            (quote(case, script, line), ended(case)),
            (f"docker run --entrypoint sh {case.config.image} -x {script.path}",),
            weight=None if sure else 46,
        )
    return None


QUIET = {
    "grep",
    "egrep",
    "fgrep",
    "test",
    "[",
    "[[",
    "diff",
    "cmp",
    "pgrep",
    "pidof",
    "which",
    "false",
    "let",
    "expr",
    "read",
    "((",
    "kill",
    "getent",
    "command",
    "type",
    "nc",
    "curl",
    "wget",
    "ping",
}


def _suspect(case: Case, script: Script) -> tuple[str, str, bool]:
    """Return the command that fails, why, and if that was seen to be so."""
    for line in plain_lines(script.text):
        grep = re.search(
            r"\b[ef]?grep\s+((?:-\w+\s+)*)['\"]?([^'\"|]+?)['\"]?\s+([^\s)'\"|;]+)", line
        )
        if grep and "|| " not in line and not re.match(r"\s*(?:if|while|until|elif)\b", line):
            content_of = text(
                case.files, shell.expand(grep[3], case.config.env), case.config.workdir
            )
            if content_of is not None and not _greps(
                grep[2], content_of, "i" in grep[1], "-v" in grep[1]
            ):
                return line, f"the grep for {grep[2]!r} finds nothing in {grep[3]} (status 1)", True
    for command in shell.commands(script.text):
        inner = re.search(r"\$\((\w+)", command.line)
        name = inner[1] if inner else command.name
        if (
            name in QUIET
            and not command.tested
            and "|| " not in command.line
            and not command.line.startswith(("if ", "while ", "until ", "elif "))
        ):
            return command.line, f"a command such as {name} fails without a word", False
    return "", "", False


def plain_lines(script: str) -> list[str]:
    return [
        line.strip()
        for line in script.splitlines()
        if line.strip() and not line.strip().startswith("#")
    ]


def _greps(pattern: str, content_of: str, ignore: bool, invert: bool) -> bool:  # noqa: FBT001 - flags of grep
    try:
        found = re.compile(pattern, re.IGNORECASE if ignore else 0)
    except re.error:
        return True
    return any(bool(found.search(line)) != invert for line in content_of.splitlines()[:5000])


@cause(
    "entrypoint-without-exec",
    "an entrypoint never runs the command that it is given",
    pattern="process",
    reads=["files", "inspect"],
    page="nothing-moves",
    when=Phase.FINISHED | Phase.DIED,
    weight=72,
)
def entrypoint_without_exec(case: Case) -> Found | None:
    """Find an ENTRYPOINT script without `exec "$@"`, so that CMD is never run."""
    if not case.config.entrypoint or not case.config.command or case.exit_code != 0:
        return None
    script = next(iter(scripts(case)), None)
    if script is None or not script.path or shell.ends_with_exec(script.text):
        return None
    runs = [
        item
        for item in case.launched[1:]
        if item.name
        not in {
            "mkdir",
            "chown",
            "chmod",
            "cp",
            "mv",
            "rm",
            "ln",
            "touch",
            "cat",
            "sed",
            "envsubst",
            "id",
            "date",
            "sleep",
            "ls",
        }
    ]
    if any(item.name == basename(case.config.command[0]) for item in runs):
        return None
    return Found(
        f'{script.path} never runs the command: it lacks a final exec "$@", so CMD'
        f" {list(case.config.command)} is ignored and the container exits 0",
        f'end {script.path} with: exec "$@"',
        (
            content(case, script.path, "\n".join(plain_lines(script.text)[-3:])),
            inspected(case, "Config.Cmd", list(case.config.command)),
            ended(case),
        ),
        weight=None if not runs else 55,
    )


@cause(
    "background-only",
    "everything is started in the background, and the script ends",
    pattern="process",
    reads=["files", "inspect"],
    page="nothing-moves",
    when=Phase.FINISHED | Phase.DIED,
    weight=74,
)
def background_only(case: Case) -> Found | None:
    """Find `server &` as the last command: when process 1 ends, the container does."""
    for script in scripts(case):
        found = shell.commands(script.text)
        behind = [c for c in found if c.end == "&"]
        waits = (
            any(c.name in {"wait", "exec", "tail"} for c in found[found.index(behind[-1]) :])
            if behind
            else True
        )
        if behind and not waits and case.exit_code == 0:
            name = " ".join(behind[-1].words[:3])
            return Found(
                f"{where(script)} starts `{name}` in the background (&) and then ends; when"
                " process 1 ends, the container stops and the server with it",
                "start it in the foreground, as the last command: exec"
                f" {' '.join(behind[-1].words)}",
                (quote(case, script, behind[-1].line), ended(case)),
            )
    return None


@cause(
    "status-masked",
    "a script hides that what it started has failed",
    pattern="process",
    reads=["files", "logs"],
    page="ended-without-a-word",
    when=Phase.FINISHED,
    weight=66,
)
def status_masked(case: Case) -> Found | None:
    """Find `server || true`, `server | tee log` and `exit 0` behind an error in the log."""
    from .errors import last_words

    words = last_words(case)
    for script in scripts(case) if words or case.config.must_stay else ():
        match = re.search(
            r"^(?!\s*#)[^\n]*(?:\|\|\s*(?:true|:)|\|\s*tee\b|\|\s*(?:sed|awk|grep|ts|cat|logger)\b"
            r"|;\s*exit 0|2>\s*/dev/null)[^\n]*|^\s*exit 0\s*$",
            script.text,
            re.MULTILINE,
        )
        if match is None or "pipefail" in script.text:
            continue
        line = match[0].strip()
        return Found(
            f"{where(script)} hides that what it started has failed: `{line[:100]}` makes the exit"
            f" status 0{f'; the log says: {words[:150]}' if words else ''}",
            "exec the program as process 1, or pass its status on (set -o pipefail; exit $?)",
            (quote(case, script, line), *((logged(case, words),) if words else ()), ended(case)),
            weight=None if words else 48,
        )
    return None


@cause(
    "waits-forever",
    "a script waits for something that never comes",
    pattern="network",
    reads=["files", "live", "neighbours"],
    page="nothing-moves",
    when=Phase.RUNNING,
    weight=69,
)
def waits_forever(case: Case) -> Found | None:
    """Find `until nc -z db 5432; do sleep 1; done` in a container that does not listen."""
    if case.sockets is None or case.sockets:
        return None
    for script in scripts(case):
        match = re.search(
            r"^\s*(?P<l>(?:until|while)\b[^\n]*(?:nc|curl|wget|pg_isready|redis-cli|mysqladmin"
            r"|/dev/tcp|ping|nslookup|getent|wait-for)[^\n]*)|(?P<w>[^\n]*(?:wait-for-it|wait-for"
            r"|dockerize -wait)[^\n]*)",
            script.text,
            re.MULTILINE,
        )
        if match is None:
            continue
        line = (match["l"] or match["w"]).strip()
        from .reaching import obstacle, peers

        why = next(((p, o) for p in peers(case) if (o := obstacle(case, p))), None)
        detail = f": {why[1][0]}" if why else ""
        return Found(
            f"{where(script)} still waits for something that does not come"
            f" (`{line[:100]}`){detail}",
            why[1][1]
            if why
            else "see whether it is up and reachable; give the waiting an end and a message",
            (
                quote(case, script, line),
                *(why[1][2] if why else ()),
                Evidence(
                    "live",
                    f"docker top {quoted(case)}",
                    "; ".join(p.command[:50] for p in (case.processes or ())[:3]),
                ),
            ),
        )
    return None

"""Ends without a word: where the words went, and what ends without any."""

import re
from collections.abc import Iterator
from posixpath import basename

from scaffolder.diagnose import elf, pysource
from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, content, ended, inspected, nothing_logged, quoted
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.scripts import Script, language, siblings
from scaffolder.diagnose.sources.changes import logs_among
from scaffolder.diagnose.sources.files import PROGRAM

from .errors import WORDS, last_words

INTERACTIVE = {
    "python",
    "python3",
    "node",
    "irb",
    "ruby",
    "php",
    "bash",
    "sh",
    "ash",
    "dash",
    "zsh",
    "psql",
    "mysql",
    "redis-cli",
    "sqlite3",
    "cat",
    "lua",
    "R",
    "ghci",
    "scala",
    "jshell",
    "mongosh",
    "bc",
    "erl",
    "iex",
    "busybox",
    "ipython",
    "pwsh",
    "fish",
}
DAEMONS = (
    (r"^nginx$", r"daemon\s+off", 'nginx -g "daemon off;"'),
    (r"^(?:apache2|httpd)$|^apache2?ctl$", r"FOREGROUND", "apache2ctl -D FOREGROUND"),
    (r"^sshd$", r"-[deD]*D", "sshd -D -e"),
    (r"^php-fpm[\d.]*$", r"-F|--nodaemonize|-\w*F", "php-fpm -F"),
    (r"^cron$", r"-\w*f", "cron -f"),
    (r"^crond$", r"-\w*[fn]", "crond -f"),
    (r"^supervisord$", r"-n|--nodaemon", "supervisord -n"),
    (r"^(?:memcached)$", r"^(?!.*-d\b)", "memcached, without -d"),
    (r"^redis-server$", r"^(?!.*daemonize yes)", "redis-server --daemonize no"),
    (r"^mongod$", r"^(?!.*--fork)", "mongod, without --fork"),
    (r"^gunicorn$", r"^(?!.*(?:--daemon|-D\b))", "gunicorn, without --daemon"),
    (r"^haproxy$", r"^(?!.*-D\b)", "haproxy -db"),
    (
        r"^(?:service|systemctl|rc-service|invoke-rc\.d|initctl)$",
        r"(?!)",
        "the program itself, in the foreground",
    ),
    (r"^pg_ctl$", r"(?!)", "postgres -D DIR"),
    (r"^(?:rsyslogd)$", r"-n", "rsyslogd -n"),
    (r"^dnsmasq$", r"-k|-d|--keep-in-foreground", "dnsmasq -k"),
    (r"^(?:vsftpd)$", r"background=NO", "vsftpd -obackground=NO"),
    (r"^pm2$", r"--no-daemon", "pm2-runtime"),
    (r"^(?:celery)$", r"^(?!.*--detach)", "celery without --detach"),
    (r"^uwsgi$", r"^(?!.*--daemonize)", "uwsgi without --daemonize"),
    (r"^(?:postfix)$", r"start-fg", "postfix start-fg"),
    (r"^squid$", r"-N", "squid -N"),
    (r"^ntpd$|^chronyd$", r"-d|-n", "-n"),
    (r"^catalina\.sh$", r"^(?!.*start)", "catalina.sh run"),
    (
        r"^nohup$|^setsid$|^start-stop-daemon$|^screen$|^tmux$",
        r"(?!)",
        "the program itself, in the foreground",
    ),
)
SHORT_SECONDS = 5.0


def quiet(case: Case) -> bool:
    """Tell whether nothing in the log explains the end."""
    return case.is_silent or not last_words(case)


def natives(case: Case) -> Iterator[tuple[str, bytes, elf.Elf]]:
    """Return the native programs that are started, with their bytes."""
    for item in case.launched:
        program = item.program
        if (
            program
            and program.entry
            and basename(program.entry.path) not in {"busybox", "coreutils", "toybox"}
            and program.elf
            and not language(item.name)
            and item.name not in INTERACTIVE | {"tail", "sleep", "mkdir"}
        ):
            yield program.path, case.files.content(program.entry.path, PROGRAM) or b"", program.elf


def readings(case: Case) -> Iterator[tuple[Script, pysource.Reading]]:
    """Return the Python that is run, and what it says of itself."""
    for item in case.launched:
        if item.script and item.script.language == "python":
            for script in (item.script, *siblings(case, item.script)):
                reading = pysource.read(script.text)
                if reading:
                    yield script, reading


def named_variables(case: Case) -> list[tuple[str, str, bool]]:  # noqa: C901 - one loop a language
    """Return variables that programs name and nobody sets: the name, by what, and if it must be."""
    found: dict[str, tuple[str, str, bool]] = {}

    def note(name: str, by: str, *, required: bool) -> None:
        if name and not case.config.env.get(name) and (name not in found or required):
            found[name] = (name, by, required)

    for path, data, program in natives(case):
        if len(data) < 4 << 20 and program.language == "c":
            for name in elf.variables(data):
                note(name, path, required=False)
    for script, reading in readings(case):
        for name in reading.required:
            note(name, script.path or "the program", required=True)
        for name in reading.asked:
            note(name, script.path or "the program", required=False)
    for item in case.launched:
        if item.script and item.script.language in {"node", "ruby", "php", "perl"}:
            for name in re.findall(
                r"(?:process\.env\.|process\.env\[['\"]|ENV\[['\"]|ENV\.fetch\(['\"]|getenv\(['\"]"
                r"|\$ENV\{['\"]?)([A-Z][A-Z0-9_]+)",
                item.script.text,
            ):
                default = re.search(rf"{name}['\"\])}}]*\s*(?:\|\||\?\?|,)", item.script.text)
                note(name, item.script.path or "the program", required=not default)
    return list(found.values())


def named_paths(case: Case) -> Iterator[tuple[str, str]]:
    """Return paths that programs name: the path, and by what."""
    for path, data, _program in natives(case):
        if len(data) < 4 << 20:
            yield from ((name, path) for name in elf.paths(data)[:40])
    for script, reading in readings(case):
        yield from (
            (name, script.path or "the program")
            for name, mode in reading.opened
            if any(m in mode for m in "wax+")
        )
    for item in case.launched:
        if item.script and item.script.language == "sh":
            yield from (
                (m, item.script.path or "the command")
                for m in re.findall(
                    r"(?:>>?|\b(?:touch|tee|mkdir)(?:\s+-\w+)*)\s*['\"]?(/[\w./-]+)",
                    item.script.text,
                )
                if not m.startswith("/dev/")
            )


@cause(
    "output-in-file",
    "the program writes its log into a file, not to its output",
    pattern="process",
    reads=["changes", "files", "logs"],
    page="check-files-and-dependencies",
    when=Phase.DIED | Phase.RUNNING,
    weight=82,
)
def output_in_file(case: Case) -> Found | None:
    """Find a log file that the container wrote, and what it says."""
    if not case.is_silent or (case.phase == Phase.RUNNING and case.sockets):
        return None
    paths = logs_among(case.changes)
    paths += [
        n
        for m in case.config.mounts
        if "log" in m.destination
        for n in case.files.names(m.destination)
        if n.endswith((".log", ".err", ".out"))
    ]
    for path in paths:
        data = case.files.content(path, 1 << 20) or b""
        lines = [line for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
        bad = [line for line in lines if WORDS.search(line)]
        if not lines or (case.phase == Phase.RUNNING and not bad):
            continue
        words = (bad or lines)[-1].strip()
        return Found(
            f"the program logs to {path} instead of stdout; the file says: {words[:250]}",
            f"log to stdout and stderr (or ln -sf /dev/stdout {path} in the Dockerfile), then"
            " correct what it says",
            (
                Evidence("changes", f"docker diff {quoted(case)}", f"A {path}"),
                content(case, path, "\n".join(lines[-3:])),
                nothing_logged(case),
            ),
            (f"docker cp {case.target}:{path} - | tar -xO",),
            proven=bool(bad) and case.phase == Phase.DIED,
        )
    return None


@cause(
    "log-discarded",
    "the log driver keeps nothing that could be read",
    pattern="process",
    reads=["inspect", "files"],
    page="check-status-and-logs",
    when=Phase.DIED,
    weight=76,
)
def log_discarded(case: Case) -> Found | None:
    """Find --log-driver none, and drivers that send the log elsewhere."""
    driver = case.config.log_driver
    if (
        driver
        not in {
            "none",
            "syslog",
            "gelf",
            "fluentd",
            "awslogs",
            "splunk",
            "gcplogs",
            "logentries",
            "etwlogs",
        }
        or not case.is_silent
    ):
        return None
    what = (
        "are discarded (--log-driver none)"
        if driver == "none"
        else f"go to {driver}, not to docker logs"
    )
    said = [words for _script, reading in readings(case) for words in reading.said]
    says = f"; its source says: {said[0]}" if len(said) == 1 else ""
    return Found(
        f"the container logs {what}, and the program ends with {case.exit_code}{says}",
        "use --log-driver json-file or local, start it again, and read why it ends",
        (inspected(case, "HostConfig.LogConfig.Type", driver), ended(case)),
        (f"docker run --log-driver json-file ... {case.config.image}",),
        proven=driver == "none" and bool(says),
    )


@cause(
    "python-buffered",
    "Python's output was lost in its buffer",
    pattern="process",
    reads=["inspect", "files", "logs"],
    page="ended-without-a-word",
    when=Phase.DIED,
    weight=68,
)
def python_buffered(case: Case) -> Found | None:
    """Find print() without a flush in a program that ends by os._exit, a signal or a crash."""
    flags = " ".join(case.config.argv)
    if (
        not quiet(case)
        or case.config.env.get("PYTHONUNBUFFERED")
        or re.search(r"python[\d.]*\s+-\w*u", flags)
    ):
        return None
    for script, reading in readings(case):
        printed = [text for text in reading.printed if text.strip() and text not in case.text]
        abrupt = reading.abrupt or case.exit_code > 128
        if not printed or not abrupt:
            continue
        words = next((text for text in reversed(printed) if WORDS.search(text)), printed[-1])
        return Found(
            "what the program printed was lost in Python's stdout buffer (no PYTHONUNBUFFERED,"
            f" and it ended without flushing, exit code {case.exit_code}); by its source it says:"
            f" {words[:200]}",
            "ENV PYTHONUNBUFFERED=1 (or python -u), then correct what it says",
            (
                content(case, script.path, f"print({words[:120]!r})")
                if script.path
                else nothing_logged(case),
                nothing_logged(case),
                ended(case),
                inspected(case, "Config.Env", "PYTHONUNBUFFERED is not set"),
            ),
            (f"docker run -e PYTHONUNBUFFERED=1 {case.config.image}",),
            weight=None if case.exit_code < 128 else 50,
        )
    return None


@cause(
    "python-quiet-exit",
    "Python code ends the program without a word",
    pattern="process",
    reads=["files", "logs"],
    page="ended-without-a-word",
    when=Phase.DIED,
    weight=40,
)
def python_quiet_exit(case: Case) -> Found | None:
    """Find sys.exit(1) without a message in the source."""
    if not quiet(case) or case.exit_code > 125:
        return None
    for script, reading in readings(case):
        if reading.exits:
            line, words = reading.exits[-1]
            why = ", after an exception that it swallows" if reading.swallows else ""
            return Found(
                f"{script.path or 'the program'} ends by {words} at line {line} without a"
                f" word{why}",
                "log why, before it ends; let exceptions through",
                (
                    content(case, script.path, f"line {line}: {words}")
                    if script.path
                    else ended(case),
                    ended(case),
                ),
            )
    return None


@cause(
    "input-closed",
    "an interactive program whose input is closed",
    pattern="process",
    reads=["inspect"],
    page="check-shell",
    when=Phase.FINISHED | Phase.DIED,
    weight=78,
)
def input_closed(case: Case) -> Found | None:
    """Find `python3` or `bash` as the whole command, without -i."""
    argv = [w for w in case.config.argv if w not in {"-i", "-l", "--login"}]
    if case.config.stdin or case.exit_code != 0 or not argv:
        return None
    name = basename(argv[-1] if argv[0].endswith(("busybox", "env", "tini")) else argv[0])
    alone = len(argv) == 1 or (len(argv) == 2 and argv[0].endswith(("busybox", "env")))
    reads = any(reading.reads_input for _s, reading in readings(case))
    if not ((alone and re.sub(r"[\d.]+$", "", name) in INTERACTIVE | {"python"}) or reads):
        return None
    what = (
        f"the command {name} is an interactive interpreter"
        if not reads
        else "the program reads from its input"
    )
    return Found(
        f"{what}; without -i and -t its stdin is closed, so it reads the end of its input and"
        " exits 0",
        "docker run -it, or give it a program to run",
        (
            inspected(case, "Config.Cmd", list(case.config.argv)),
            inspected(case, "Config.OpenStdin", "false"),
            ended(case),
        ),
        (f"docker run -it {case.config.image}",),
    )


@cause(
    "daemonises",
    "the program puts itself into the background",
    pattern="process",
    reads=["inspect", "files"],
    page="nothing-moves",
    when=Phase.FINISHED | Phase.DIED,
    weight=71,
)
def daemonises(case: Case) -> Found | None:
    """Find daemons that were not told to stay, and programs that detach by their own calls."""
    if case.exit_code != 0:
        return None
    for item in reversed(case.launched):
        line = " ".join(
            (*item.argv, item.script.text if item.script and not item.script.path else "")
        )
        known = next(
            (
                (r, how)
                for n, r, how in DAEMONS
                if re.search(n, item.name) and not re.search(r, line)
            ),
            None,
        )
        if known and not item.background:
            return Found(
                f"{item.argv[0]} daemonises: it goes into the background, its first process exits"
                " 0, and so the container stops",
                f"run it in the foreground: {known[1]}",
                (inspected(case, "Config.Cmd", list(case.config.argv)), ended(case)),
            )
    for path, data, program in natives(case):
        if elf.detaches(data, program) and case.is_silent and case.state.seconds < SHORT_SECONDS:
            return Found(
                f"the program {path} daemonises: the first process forks and exits 0, so the"
                " container stops",
                "run it in the foreground (an option such as --foreground, -F, -n, daemon off)",
                (content(case, path, "calls fork and setsid"), ended(case), nothing_logged(case)),
                weight=None if case.config.must_stay else 60,
            )
    return None


@cause(
    "dummy-main",
    "the image contains the dummy program that caches dependencies",
    pattern="image",
    reads=["files", "inspect"],
    page="check-program-file",
    when=Phase.FINISHED | Phase.DIED,
    weight=70,
)
def dummy_main(case: Case) -> Found | None:
    """Find a Rust program with an empty main: cargo did not rebuild, as the real one is older."""
    if case.exit_code != 0 or case.state.seconds > SHORT_SECONDS:
        return None
    for path, data, program in natives(case):
        hello = (
            case.text.strip() in {"Hello, world!", "dummy", "if you see this, the build broke"}
            and not case.is_silent
        )
        if program.language != "rust" or not (case.is_silent or hello):
            continue
        tiny = program.main_size is not None and program.main_size <= 16
        deaf = bool(program.imports) and not program.imports & {
            "socket",
            "bind",
            "listen",
            "connect",
        }
        if (
            not tiny
            and not (
                deaf and (case.config.exposed or case.config.published or case.config.must_stay)
            )
            and not hello
        ):
            continue
        how = (
            f"its main function is {program.main_size} bytes"
            if tiny
            else "it has no way to open a socket"
            if deaf
            else "it only says Hello, world!"
        )
        return Found(
            f'{path} is the binary of the dummy src/main.rs ("fn main() {{}}") that caches the'
            f" dependencies ({how}): cargo did not rebuild, because the real main.rs has an older"
            " mtime",
            "touch src/main.rs before the second cargo build (or rm -rf"
            " target/release/deps/NAME*, or cargo-chef)",
            (content(case, path, f"{len(data)} bytes; {how}"), ended(case), nothing_logged(case)),
        )
    return None


@cause(
    "ends-again-and-again",
    "it ends with 0 and is started again, and again",
    pattern="process",
    reads=["inspect", "events"],
    page="ended-without-a-word",
    when=Phase.DIED,
    weight=30,
)
def ends_again(case: Case) -> Found | None:
    """Find a job, or a service that does not stay, under a restart policy for services."""
    if case.exit_code != 0 or not (case.restarts or case.state.status == "restarting"):
        return None
    lines = [line.text for line in case.lines if line.text.strip()]
    said = f"; it says: {lines[-1][:150]}" if lines else " without a word"
    return Found(
        f"the program ends with exit code 0 by itself{said}, and the restart policy"
        f" {case.config.restart} starts it again and again ({case.restarts} times)",
        "a service has to stay in the foreground; a job needs --restart no or on-failure",
        (
            inspected(case, "RestartCount", case.restarts),
            inspected(case, "HostConfig.RestartPolicy.Name", case.config.restart),
            ended(case),
        ),
        (f"docker update --restart on-failure {case.target}",),
    )

"""PHP whose settings keep from a program the variables, directories or memory of the container."""

import re
from collections.abc import Sequence

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, inspected, logged
from scaffolder.diagnose.causes.variables.usual import USUAL
from scaffolder.diagnose.evidence.files import is_below, text
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.scripts import Script

ORDER = re.compile(r"^[^\S\n]*variables_order[^\S\n]*=[^\S\n]*[\"']?([A-Za-z]*)", re.MULTILINE)
BASEDIR = re.compile(r"^[^\S\n]*open_basedir[^\S\n]*=[^\S\n]*[\"']?([^\"'\n;]*)", re.MULTILINE)
OUTSIDE = r"/[\w./@+-]+"
MEMORY = re.compile(r"^[^\S\n]*memory_limit[^\S\n]*=[^\S\n]*[\"']?([\w.-]*)", re.MULTILINE)
OWN_MEMORY = re.compile(r"\bini_set\(\s{0,9}[\"']memory_limit[\"']\s{0,9},\s{0,9}[\"']?(\w+)")
READS = re.compile(r"\$_ENV\b")
FOLDERS = ("/etc/php", "/usr/local/etc/php", "/etc/php.d")
MOST = 200


@cause(
    "php-env-empty",
    "PHP leaves $_ENV empty, and the program reads that",
    pattern="environment",
    reads=["files", "inspect", "rerun"],
    page="pattern-environment",
    when=Phase.ENDED,
    basis=Basis.QUOTED,
    explains=[
        "variable-missing",
        "output-in-file",
        "peer-unreachable-silent",
        "ends-itself",
        "reads-last",
        "said-why",
    ],
    cured_by=["php-environment"],
)
def php_env_empty(case: Case) -> Found | None:
    """Find `variables_order` without an E, and a script that reads `$_ENV`."""
    script, place = reads_environment(case), _order(case)
    own = case.image.env if case.image else {}
    given = [name for name in case.config.env if name not in own]
    if script is None or place is None or not given:
        return None
    path, order = place
    line = f"variables_order = {order}"
    return Found(
        f"PHP leaves $_ENV empty ({line} in {path}), and {script.path or 'the program'} reads its"
        f" settings from there: of {', '.join(given[:3])} it sees nothing",
        f'variables_order = "EGPCS" in {path} (php -d variables_order=EGPCS), or read getenv()',
        (
            content(case, path, line),
            content(case, script.path, "$_ENV"),
            inspected(case, "Config.Env", ", ".join(given[:3])),
            ended(case),
        ),
    )


def reads_environment(case: Case) -> Script | None:
    """Return the script in PHP that is run, or that a copy has included, if it reads `$_ENV`."""
    launched = [item.script for item in case.launched if item.script]
    own = [script for script in launched if script.language == "php"]
    paths = [path for path in case.seen.opened if path.endswith(".php")] if own else []
    included = (Script("php", path, said) for path in paths if (said := text(case.files, path)))
    return next((script for script in (*own, *included) if READS.search(script.text)), None)


@cause(
    "php-basedir",
    "PHP keeps a program from files outside of some directories",
    pattern="permissions",
    reads=["files", "inspect", "logs", "rerun"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    basis=Basis.HINT,
    explains=[
        "config-malformed",
        "file-missing",
        "ends-itself",
        "reads-last",
        "said-why",
        "last-call",
    ],
    cured_by=["php-basedir"],
)
def php_basedir(case: Case) -> Found | None:
    """Find `open_basedir`, and a directory outside of it that a variable or the log names."""
    place = basedir(case)
    if place is None:
        return None
    path, allowed = place
    folders = [folder for folder in allowed.split(":") if folder.startswith("/")]
    says = case.said(rf"[^\n]*open_basedir restriction[^\n]*?({OUTSIDE})[^\n]*")
    given = ((n, v) for n, v in case.config.env.items() if v[:1] == "/" and not USUAL.fullmatch(n))
    outside = ((n, v) for n, v in given if not _is_within(v, folders) and case.has(v))
    name, where = ("", says[1]) if says else next(outside, ("", ""))
    if not where:
        return None
    shown = logged(case, says) if says else inspected(case, "Config.Env", f"{name}={where}")
    return Found(
        f"PHP may open files only below {allowed} (open_basedir in {path}), and not {where}: to"
        " the program, it does not exist",
        f"add {where} to open_basedir in {path}",
        (content(case, path, f"open_basedir = {allowed}"), shown, ended(case)),
        basis=Basis.NAMED if says else None,
    )


def _is_within(path: str, folders: Sequence[str]) -> bool:
    plain = [folder.rstrip("/") for folder in folders]
    return any(path == folder or is_below(path, folder) for folder in plain)


def basedir(case: Case) -> tuple[str, str] | None:
    """Return the directories that a program in PHP is limited to, and the file that says so."""
    is_php = any(item.script and item.script.language == "php" for item in case.launched)
    found = _set_last(case, BASEDIR) if is_php else None
    return found if found and found[1] else None


@cause(
    "php-memory-limit",
    "PHP's own limit of memory is too small for the program",
    pattern="memory",
    reads=["logs", "files", "rerun"],
    page="pattern-memory",
    when=Phase.ENDED,
    explains=[
        "memory-exhausted",
        "config-malformed",
        "ruby-php",
        "said-why",
        "output-in-file",
        "reads-last",
        "last-call",
    ],
    cured_by=["php-memory"],
)
def php_memory_limit(case: Case) -> Found | None:
    """Find what PHP says of `memory_limit`, which has nothing to do with the container's limit."""
    told = exhausted(case)
    if told is None:
        return None
    path, limit = _set_by_script(case) or _set_last(case, MEMORY) or ("", f"{int(told[1]) >> 20}M")
    flags = [word for word in case.config.argv if "memory_limit" in word]
    where = f" in {path}" if path and not flags else ""
    return Found(
        f"PHP's memory_limit ({limit}{where}) is exhausted, whatever memory the container has:"
        f" {case.line(told).strip()[:200]}",
        f"raise memory_limit{where} (php -d memory_limit=512M), or read less at once",
        (
            logged(case, told),
            *((content(case, path, f"memory_limit = {limit}"),) if where else ()),
            ended(case),
        ),
    )


def _set_by_script(case: Case) -> tuple[str, str] | None:
    """Return the script that sets the limit itself, and the limit."""
    scripts = (item.script for item in case.launched if item.script)
    both = ((script.path, OWN_MEMORY.search(script.text)) for script in scripts)
    return next(((path, match[1]) for path, match in both if path and match), None)


def exhausted(case: Case) -> re.Match[str] | None:
    """Return the line in which PHP says that its own limit of memory is reached."""
    return case.said(r"[^\n]*Allowed memory size of (\d{1,18}) bytes exhausted[^\n]*")


def _order(case: Case) -> tuple[str, str] | None:
    """Return the file that decides the order, and that, if it leaves out the environment."""
    last = _set_last(case, ORDER)
    return last if last and "e" not in last[1].lower() else None


def _set_last(case: Case, setting: re.Pattern[str]) -> tuple[str, str] | None:
    """Return the file that decides a setting, and its value; None if none does."""
    last: tuple[str, str] | None = None
    for folder in FOLDERS:
        names = [n for n in case.files.names(folder)[:MOST] if n.endswith(".ini")]
        # php.ini comes first, and then those of conf.d in the order of their names.
        for name in sorted(names, key=lambda name: (not name.endswith("/php.ini"), name)):
            match = setting.search(text(case.files, name) or "")
            last = (name, match[1].strip()) if match else last
    return last

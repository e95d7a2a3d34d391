"""PHP whose settings keep from a program the variables that the container sets."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended, inspected
from scaffolder.diagnose.evidence.files import text
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.scripts import Script

ORDER = re.compile(r"^[^\S\n]*variables_order[^\S\n]*=[^\S\n]*[\"']?([A-Za-z]*)", re.MULTILINE)
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
    """Return the script in PHP that is run, if it reads `$_ENV`."""
    scripts = (item.script for item in case.launched if item.script)
    found = (s for s in scripts if s.language == "php" and READS.search(s.text))
    return next(found, None)


def _order(case: Case) -> tuple[str, str] | None:
    """Return the file that decides the order, and that, if it leaves out the environment."""
    last: tuple[str, str] | None = None
    for folder in FOLDERS:
        names = [n for n in case.files.names(folder)[:MOST] if n.endswith(".ini")]
        # php.ini comes first, and then those of conf.d in the order of their names.
        for name in sorted(names, key=lambda name: (not name.endswith("/php.ini"), name)):
            match = ORDER.search(text(case.files, name) or "")
            last = (name, match[1]) if match else last
    return last if last and "e" not in last[1].lower() else None

"""Copies without a variable that changes what a runtime, and not the program, makes of the code."""

import re
import secrets
import shlex
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.php_settings import basedir, exhausted, reads_environment

from . import cures
from .factor import Factor

CHANGES = re.compile(
    r"PYTHON(?!PATH$|HOME$|UNBUFFERED$|DONTWRITEBYTECODE$|FAULTHANDLER$)[A-Z]+|NODE_OPTIONS"
    r"|(?:JAVA_TOOL|JDK_JAVA|_JAVA)_OPTIONS|LD_PRELOAD|LD_BIND_NOW|GODEBUG|GOGC|GOMAXPROCS"
    r"|GOMEMLIMIT|MALLOC_[A-Z_]+|GLIBC_TUNABLES|RUBYOPT|PERL5OPT|BASH_ENV|POSIXLY_CORRECT|IFS"
)
"""Variables of Python, Node, Java, Go, Ruby, Perl, shells and glibc: empty is as not set."""
MOST = 3
SCANNED = "PHP_INI_SCAN_DIR"
"""Where PHP looks for more settings; an empty part is the directory that it was built with."""

PHP_ENVIRONMENT = cures.Cure(
    "php-environment",
    "php-env-empty",
    "environment",
    "PHP leaves $_ENV empty (variables_order has no E), and the program reads its settings from"
    " there",
    'variables_order = "EGPCS" in php.ini (php -d variables_order=EGPCS), or read getenv()',
    proves=True,
)


PHP_BASEDIR = cures.Cure(
    "php-basedir",
    "php-basedir",
    "permissions",
    "PHP keeps the program from files outside of open_basedir",
    "add the directory that it needs to open_basedir",
    proves=True,
)


PHP_MEMORY = cures.Cure(
    "php-memory",
    "php-memory-limit",
    "memory",
    "PHP's memory_limit is too small for the program",
    "raise memory_limit (php -d memory_limit=512M)",
    proves=True,
)


def php_settings(case: Case) -> Iterator[Factor]:
    """Have PHP give a program what its settings may keep from it: variables, files and memory."""
    if exhausted(case):
        yield _php(case, "memory_limit=-1", PHP_MEMORY)
    if reads_environment(case) is not None:
        yield _php(case, "variables_order=EGPCS", PHP_ENVIRONMENT)
    if basedir(case) is not None:
        yield _php(case, "open_basedir=", PHP_BASEDIR)


def _php(case: Case, setting: str, cure: cures.Cure) -> Factor:
    folder = f"/viscaffold-{secrets.token_hex(4)}"
    had = case.config.env.get(SCANNED, "")
    return Factor(
        f"{setting} for PHP",
        replace(case.config, env={**case.config.env, SCANNED: f"{had}:{folder}"}),
        options=(f"--volume={folder}",),
        files={"own.ini": f"{setting}\n".encode()},
        folder=folder,
        flags=f"... php -d {setting}",
        cure=cure,
    )


def plain_runtime(case: Case) -> Iterator[Factor]:
    """Leave out, one at a time, what the runtime of a program was told by variables."""
    told = ((n, v) for n, v in case.config.env.items() if v and CHANGES.fullmatch(n))
    for name, value in islice(told, MOST):
        yield Factor(
            f"an empty {name}",
            replace(case.config, env={**case.config.env, name: ""}),
            flags=f"-e {name}=",
            cure=replace(
                cures.OTHER_VALUE,
                text=f"the program does not run with {name}={shlex.quote(value)}",
                fix=f"leave {name} out (docker run -e {name}= overrides that of the image)",
                is_exact=True,
            ),
        )

"""PHP that leaves `$_ENV` empty: by which file, and where it does not matter."""

from typing import Any

import pytest
from recorded import File, case, elf, program

from scaffolder.diagnose.evidence.config import Image
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.runtimes import php_environment

READS = b"<?php $dsn = $_ENV['DSN'] ?? null; if (!$dsn) exit(1);"
OWN = "/etc/php/8.4/cli/php.ini"
LATER = "/etc/php/8.4/cli/conf.d/90-own.ini"


def php(source: bytes = READS, env: dict[str, str] | None = None, **settings: bytes) -> Any:  # noqa: ANN401 - a case
    paths = {"own": OWN, "later": LATER}
    files = {paths[name]: File(text) for name, text in settings.items()}
    return case(
        "php /app/a.php",
        files={"/usr/bin/php": program(elf()), "/app/a.php": File(source), **files},
        config={"env": {"DSN": "smtp://localhost"} if env is None else env},
        image=Image(),
    )


EMPTY, FULL = b'variables_order = "GPCS"\n', b"variables_order = EGPCS\n"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"own": EMPTY}, OWN),
        ({"later": EMPTY}, LATER),
        ({"own": FULL, "later": EMPTY}, LATER),
        ({"own": EMPTY, "later": FULL}, ""),
        ({"own": b"; variables_order = GPCS\n"}, ""),
        ({}, ""),
        ({"source": b"<?php $dsn = getenv('DSN');", "own": EMPTY}, ""),
        ({"env": {}, "own": EMPTY}, ""),
    ],
)
def test_the_file_that_leaves_the_environment_out_is_named(
    given: dict[str, Any], path: str
) -> None:
    found = judge(php(**given))

    assert (found.cause == "php-env-empty") is bool(path)
    assert path in found.text


def test_a_copy_gets_its_environment_where_a_script_reads_that() -> None:
    (factor,) = php_environment(php(env={"PHP_INI_SCAN_DIR": "/etc/own"}, own=EMPTY))

    assert factor.config.env["PHP_INI_SCAN_DIR"] == f"/etc/own:{factor.folder}"
    assert not list(php_environment(php(b"<?php echo 1;")))

"""PHP that leaves `$_ENV` empty: by which file, and where it does not matter."""

from typing import Any

import pytest
from recorded import File, case, elf, folder, program

from scaffolder.diagnose.evidence.config import Image
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.runtimes import php_settings

READS = b"<?php $dsn = $_ENV['DSN'] ?? null; if (!$dsn) exit(1);"
OWN = "/etc/php/8.4/cli/php.ini"
LATER = "/etc/php/8.4/cli/conf.d/90-own.ini"


def php(
    source: bytes = READS,
    env: dict[str, str] | None = None,
    there: str = "/srv",
    log: str = "",
    **settings: bytes,
) -> Any:  # noqa: ANN401 - a case
    paths = {"own": OWN, "later": LATER}
    files = {paths[name]: File(text) for name, text in settings.items()}
    files |= {there: folder()} if there != "/nowhere" else {}
    return case(
        "php /app/a.php",
        log,
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
    (factor,) = php_settings(php(env={"PHP_INI_SCAN_DIR": "/etc/own"}, own=EMPTY))

    assert factor.config.env["PHP_INI_SCAN_DIR"] == f"/etc/own:{factor.folder}"
    assert not list(php_settings(php(b"<?php echo 1;")))


LIMITED = b"open_basedir = /app:/var/spool/orders:/tmp\n"
OPENS = b"<?php if (!is_dir(getenv('DROP_DIR'))) exit(1);"


@pytest.mark.parametrize(
    ("setting", "place", "is_outside"),
    [
        (LIMITED, "/mnt/drop", True),
        (LIMITED, "/app/drop", False),
        (LIMITED, "/application", True),
        (b"open_basedir =\n", "/mnt/drop", False),
        (b";open_basedir = /app\n", "/mnt/drop", False),
        (LIMITED, "/nowhere", False),
    ],
)
def test_a_directory_that_php_may_not_open_is_named(
    setting: bytes, place: str, *, is_outside: bool
) -> None:
    of = php(OPENS, {"DROP_DIR": place}, later=setting, there=place)
    found = judge(of)

    assert (found.cause == "php-basedir") is is_outside, found
    assert not is_outside or f"and not {place}" in found.text
    limits = setting.startswith(b"open_basedir = /")
    assert [f.name for f in php_settings(of)] == (["open_basedir= for PHP"] if limits else [])


EXHAUSTED = (
    "PHP Fatal error:  Allowed memory size of 50331648 bytes exhausted (tried to allocate 9 bytes)"
)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"own": b"memory_limit = 128M\n", "later": b"memory_limit=48M\n"}, f"(48M in {LATER})"),
        ({}, "(48M)"),
    ],
)
def test_the_limit_of_memory_of_php_is_told_from_that_of_the_container(
    settings: dict[str, Any], words: str
) -> None:
    of = php(b"<?php echo 1;", log=EXHAUSTED, **settings)
    found = judge(of)

    assert found.cause == "php-memory-limit", found
    assert words in found.text
    assert [f.name for f in php_settings(of)] == ["memory_limit=-1 for PHP"]
    assert not list(php_settings(php(b"<?php echo 1;", log="PHP Fatal error:  no", **settings)))


def test_a_limit_that_the_script_sets_itself_is_the_one_that_counts() -> None:
    source = b"<?php ini_set('memory_limit', '8M'); run();"
    found = judge(php(source, log=EXHAUSTED, own=b"memory_limit = 128M\n"))

    assert "memory_limit (8M in /app/a.php)" in found.text


def test_a_file_that_a_script_includes_may_read_the_environment() -> None:
    main, settings = b"<?php require __DIR__ . '/Settings.php';", "/app/Settings.php"
    opened = f"P\t0\t7\t/usr/bin/php\tphp\\x00/app/a.php\\x00\nC\t1\t7\t7\topenat\t3\tp={settings}\tx=0\nX\t9\t7\t78\t0"
    files = {
        "/usr/bin/php": program(elf()),
        "/app/a.php": File(main),
        settings: File(READS),
        OWN: File(EMPTY),
    }
    of = case(
        "php /app/a.php", files=files, config={"env": {"DSN": "x"}}, image=Image(), trace=opened
    )
    found = judge(of)

    assert found.cause == "php-env-empty"
    assert f"{settings} reads its settings" in found.text

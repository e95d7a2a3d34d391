"""What PHP tells of its end, variables that it reads with a default, and extensions that it lacks."""

import json
from typing import Any

import pytest
from recorded import File, case, elf, program

from scaffolder.diagnose.causes.silence.readings import named_variables
from scaffolder.diagnose.evidence.swallowed import UNCAUGHT, Swallowed, decisive
from scaffolder.diagnose.programs import pysource
from scaffolder.diagnose.programs.defaults import read_variables
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.diagnose.verdict.telling import MEANS, _telling

UNKNOWN = "PHP Fatal error:  Uncaught Error: Call to undefined function {}() in /app/a.php:3\nStack trace:\n#0 {{main}}\n  thrown in /app/a.php on line 3"
MODULES = "/usr/lib/php/20240924"


def php(log: str, files: dict[str, File] | None = None, own: bytes = b"", **more: Any) -> Any:  # noqa: ANN401 - as recorded
    run = {"/usr/bin/php": program(elf(text=own)), "/app/a.php": File(b"<?php\n")}
    return judge(case("/usr/bin/php /app/a.php", log, 255, {**run, **(files or {})}, **more))


@pytest.mark.parametrize(
    ("name", "text", "fix"),
    [
        ("mb_strlen", "mbstring of PHP is not installed", "apt-get install -y php-mbstring"),
        ("App\\Text\\mb_strlen", "mbstring of PHP is not installed", "php-mbstring"),
        ("simplexml_load_file", "simplexml of PHP", "php-xml"),
        ("bcadd", "bcmath of PHP", "php-bcmath"),
    ],
)
def test_the_extension_of_a_function_is_named(name: str, text: str, fix: str) -> None:
    found = php(UNKNOWN.format(name))

    assert (found.verdict, found.cause) == ("proven", "php-extension-missing")
    assert text in found.text
    assert fix in found.fix


@pytest.mark.parametrize(
    ("log", "extension"),
    [
        ('PHP Fatal error:  Uncaught Error: Class "NumberFormatter" not found in /app/a.php:3', "intl"),
        ("PHP Fatal error:  Uncaught PDOException: could not find driver in /app/a.php:3\n#0 /app/a.php(3): PDO->__construct('pgsql:host=db')", "pdo_pgsql"),
        ("Your Composer dependencies require the following PHP extensions to be installed: gd, zip", "gd"),
    ],
)  # fmt: skip
def test_other_words_for_a_missing_extension(log: str, extension: str) -> None:
    found = php(log)

    assert found.cause == "php-extension-missing"
    assert f"the extension {extension} of PHP" in found.text


def test_one_that_is_there_is_to_be_enabled_and_an_image_of_php_builds_its_own() -> None:
    log = UNKNOWN.format("mb_strlen")
    off = php(log, {f"{MODULES}/mbstring.so": File(elf())})
    official = php(UNKNOWN.format("bcadd"), {"/usr/local/bin/docker-php-ext-install": program()})

    assert "mbstring of PHP is not enabled" in off.text
    assert "phpenmod mbstring" in off.fix
    assert "docker-php-ext-install bcmath" in official.fix


@pytest.mark.parametrize(
    ("name", "own"),
    [("mbox_open", b""), ("mb_new", b"\0mbstring\0mb_strlen\0"), ("App\\render", b"")],
    ids=["of the program", "of a newer version", "in a namespace"],
)
def test_other_functions_are_of_no_extension(name: str, own: bytes) -> None:
    assert php(UNKNOWN.format(name), own=own).cause == "ruby-php"


def test_what_php_tells_in_a_copy_is_quoted_in_one_line() -> None:
    text = UNKNOWN.format("mb_strlen")
    line = {"kind": "exit", "text": text, "place": "PHP", "how": UNCAUGHT, "names": ["Error"]}
    told = decisive(json.dumps(line))

    assert told == Swallowed(text, frozenset({"Error"}), "PHP", UNCAUGHT)
    assert told.last.endswith("mb_strlen() in /app/a.php:3")


@pytest.mark.parametrize(
    ("had", "begins"), [("", ":/viscaffold-"), ("/conf", "/conf:/viscaffold-")]
)
def test_the_settings_of_a_copy_come_after_those_of_the_container(had: str, begins: str) -> None:
    """An empty name stands for the directory that PHP was built with."""
    asked = _telling(case(config={"env": {"PHP_INI_SCAN_DIR": had} if had else {}}), MEANS["php"])

    assert asked.config.env["PHP_INI_SCAN_DIR"].startswith(begins)
    assert asked.files["tells.ini"] is not None
    assert f"auto_prepend_file={asked.folder}/tells.php".encode() in asked.files["tells.ini"]


@pytest.mark.parametrize(
    ("language", "script", "needs"),
    [
        ("php", "$d = getenv('SPOOL_DIR') ?: __DIR__;", False),
        ("php", "$d = $_ENV['SPOOL_DIR'] ?? '/srv';", False),
        ("php", "$d = getenv('SPOOL_DIR') ?: die('no directory');", True),
        ("php", "$d = getenv('SPOOL_DIR'); // the default is none", True),
        ("node", "const d = process.env.SPOOL_DIR || '/srv'", False),
        ("node", "const d = process.env['SPOOL_DIR'] ?? '/srv'", False),
        ("node", "const d = process.env.SPOOL_DIR || ''", True),
        ("node", "open(process.env.SPOOL_DIR, 'r') // d", True),
        ("node", "if (!process.env.SPOOL_DIR || !process.env.B) process.exit(2)", True),
        ("node", "const d = process.env.SPOOL_DIR || 'x'; open(process.env.SPOOL_DIR)", True),
        ("ruby", "d = ENV.fetch('SPOOL_DIR', '/srv')", False),
        ("ruby", "d = ENV.fetch('SPOOL_DIR') { '/srv' }", False),
        ("ruby", "d = ENV['SPOOL_DIR'] || '/srv'", False),
        ("ruby", "d = ENV.fetch('SPOOL_DIR')", True),
        ("ruby", "d = ENV['SPOOL_DIR'] || abort('none')", True),
        ("perl", "my $d = $ENV{SPOOL_DIR} // '/srv';", False),
        ("perl", "my $d = $ENV{SPOOL_DIR} || die 'none';", True),
    ],
)
def test_a_variable_with_a_default_is_not_needed(
    language: str, script: str, *, needs: bool
) -> None:
    assert read_variables(language, script)["SPOOL_DIR"] is needs


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("os.environ.get('A') or '/srv'", set()),
        ("os.getenv('A') or default()", set()),
        ("os.getenv('A') or ''", {"A"}),
        ("os.getenv('A') or sys.exit(2)", {"A"}),
        ("if not os.getenv('A') or not x: pass", {"A"}),
    ],
)
def test_so_it_is_in_python(source: str, asked: set[str]) -> None:
    found = pysource.read(source)

    assert found
    assert found.asked == asked


def test_no_copy_gets_a_variable_that_the_program_does_without() -> None:
    script = File(b"<?php\n$d = getenv('SPOOL_DIR') ?: __DIR__; $t = getenv('SPOOL_TOKEN');\n")
    run = {"/usr/bin/php": program(elf()), "/app/a.php": script}

    assert [name for name, *_ in named_variables(case("php /app/a.php", files=run))] == [
        "SPOOL_TOKEN"
    ]


OPENS = b"<?php try { $db = new PDO(getenv('DSN') ?: 'pgsql:host=db'); } catch (PDOException $e) { exit(1); }"


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({}, "pdo_pgsql"),
        ({"config": {"env": {"DSN": "mysql:host=db"}}}, "pdo_mysql"),
        ({"files": {f"{MODULES}/pdo_pgsql.so": File(b"")}}, ""),
        ({"own": b"\0pdo_pgsql\0"}, ""),
        ({"log": "up"}, ""),
        ({"files": {"/app/a.php": File(b"<?php exit(1);")}}, ""),
        ({"trace": "P\t0\t7\t/usr/bin/php\tphp\nC\t1\t7\t7\tresolve\t0\tn=db\nX\t9\t7\t1\t0"}, ""),
    ],
    ids=["missing", "by a variable", "there", "built in", "it speaks", "no database", "asked for"],
)
def test_a_driver_that_a_silent_script_needs_is_named(more: dict[str, Any], name: str) -> None:
    files = {"/app/a.php": File(OPENS), **more.pop("files", {})}
    found = php(more.pop("log", ""), files, **more)

    assert (found.cause == "php-extension-missing") is bool(name), found
    assert name in found.text


def test_a_name_that_every_php_knows_does_not_make_an_extension_a_part_of_it() -> None:
    log = UNKNOWN.format("bcscale")

    assert php(log, own=b"\0bcadd\0").cause == "php-extension-missing"
    assert php(log, own=b"\0bcadd\0bcmath\0").cause == "ruby-php"

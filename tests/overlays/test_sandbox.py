"""A template of others runs no code, reads nothing but itself, and writes only a service."""

import os
import sys
from pathlib import Path

import pytest
from conftest import viscaffold
from teams import TEAM, MakeTeam

from scaffolder.templates import jinja_limits, sandbox_process

FILE = "template/python/x.txt.jinja"
SECRET = "a secret of the user's"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text(SECRET, encoding="utf-8")
    return file


def made(root: Path) -> tuple[int, str]:
    ran = viscaffold("new", "orders", "--template", str(root), "--trust")
    assert SECRET not in ran.err + ran.out
    if ran.code == 0:
        found = (Path("orders") / "x.txt").read_text(encoding="utf-8")
        assert SECRET not in found
        return 0, found
    assert not Path("orders").exists()
    return ran.code, ran.err


@pytest.mark.parametrize(
    "text",
    [
        "{% include 'SECRET' %}",
        "{% include '../../../../../../../../SECRET' %}",
        "{% import 'SECRET' as x %}",
        "{% extends 'SECRET' %}",
        "{% include team %}",
        "{{ 'SECRET' | fileglob }}",
        "{{ '$HOME' | expandvars }}",
        "{{ '~' | expanduser }}",
        "{{ ['SECRET'] | map('fileglob') | first }}",
        "{{ ['$HOME'] | map('expandvars') | first }}",
        "{{ _copier_conf.src_path.parent }}",
        "{{ _copier_python }}",
        "{{ now() }}",
        "{{ make_secret() }}",
        "{{ lipsum() }}",
        "{{ '%s' | strftime }}",
        "{{ [1, 2] | random }}",
        "{{ [1, 2] | shuffle }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ ''['__class__'] }}",
        "{{ '' | attr('__class__') }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ '{0.__class__}' | format(1) }}x{{ (''.format_map)({}).__class__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ catalogue.clear() or namespace.__init__ }}",
        "{% set x = range %}{{ x(10 ** 9) | length }}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 'x' * 10 ** 10 }}",
        "{{ 'x' * (20 * 1024 * 1024) }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    ],
)
def test_what_a_template_tries_is_refused(
    team: MakeTeam, secret: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_process, "SECONDS", 8.0)
    root = team({FILE: text.replace("SECRET", str(secret)) + "\n"})
    code, said = made(root)

    assert code in (2, 5), said
    assert (
        f"{root}/{FILE}:1: " in said or "it took too much time" in said or "File too large" in said
    )


def test_the_filters_that_are_refused_are_all_that_look_outside() -> None:
    """A new release of the filters' library may bring others: look at them, and list them."""
    harmless = {
        *("ans_groupby", "b64decode", "b64encode", "to_uuid", "to_json", "to_nice_json"),
        *("from_json", "to_yaml", "to_nice_yaml", "from_yaml", "from_yaml_all", "basename"),
        *("dirname", "splitext", "win_basename", "win_dirname", "win_splitdrive", "bool"),
        *("to_datetime", "quote", "md5", "sha1", "checksum", "hash", "regex_replace"),
        *("regex_escape", "regex_search", "regex_findall", "ternary", "mandatory", "comment"),
        *("type_debug", "combine", "extract", "flatten", "subelements"),
    }
    from jinja2 import Environment

    added = jinja_limits.environment().filters.keys() - Environment(autoescape=True).filters.keys()
    assert added - harmless == jinja_limits.FILTERS.keys() - {"random"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("{{ '..' }}/x", "forbidden"),
        ("{{ '/etc' }}/x", ""),
        ("{{ '.git' }}/hooks/pre-commit", ".git, which is not a service's"),
        ("{{ '.GIT' }}/config", ".GIT, which is not a service's"),
        (".git/config", ".git is git's own"),
        (".Git/config", ".git is git's own"),
        ("a\\b", "without backslashes"),
        ("a\nb", "a name is printable"),
        ("{{ _copier_conf.answers_file }}", "tells about the machine"),
    ],
)
def test_nothing_is_written_but_a_service(
    team: MakeTeam, tmp_path: Path, name: str, words: str
) -> None:
    root = team({f"template/python/{name}": "x\n", FILE: "x\n"})
    before = sorted(path for path in tmp_path.iterdir() if path.name != ".user")
    code, said = made(root)

    assert code in (2, 5), said
    assert words in said
    assert sorted(path for path in tmp_path.iterdir() if path.name != ".user") == before


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../x", "y", "."])
def test_links_are_refused(team: MakeTeam, target: str) -> None:
    root = team({FILE: "x\n"})
    (root / "template/python/link").symlink_to(target)
    code, said = made(root)

    assert code == 5
    assert f"{root}/template/python/link: it is a symbolic link" in said


def test_a_linked_directory_is_refused(team: MakeTeam, tmp_path: Path) -> None:
    root = team({FILE: "x\n"})
    (root / "template/python/linked").symlink_to(tmp_path)

    assert "it is a symbolic link" in made(root)[1]


def test_special_files_are_refused(team: MakeTeam) -> None:
    root = team({FILE: "x\n"})
    os.mkfifo(root / "template/python/pipe")

    assert "pipe: it is neither a file nor a directory" in made(root)[1]


def test_files_that_run_as_another_user_are_refused(team: MakeTeam) -> None:
    root = team({FILE: "x\n"})
    (root / FILE).chmod(0o4755)

    assert "it is a file that runs as another user" in made(root)[1]


@pytest.mark.parametrize("name", ["copier.yml", "copier.yaml"])
def test_a_configuration_for_copier_is_refused(team: MakeTeam, tmp_path: Path, name: str) -> None:
    root = team({name: f"_tasks: [touch {tmp_path}/ran]\n", FILE: "x\n"})
    code, said = made(root)

    assert code == 5
    assert f"{root}/{name}: an overlay cannot have one" in said
    assert not (tmp_path / "ran").exists()


def test_a_render_sees_no_environment_and_no_settings_of_copier(
    team: MakeTeam, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.yml"
    settings.write_text("defaults: {team: nobody}\ntrust: ['/']\n", encoding="utf-8")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(settings))

    assert made(team({FILE: "{{ team }}"})) == (0, "pay")


def test_a_module_of_the_current_directory_is_not_run(team: MakeTeam, tmp_path: Path) -> None:
    for name in ("copier.py", "jinja2.py", "json.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n", encoding="utf-8")
    sandbox_process.stop()
    code, _ = made(team({FILE: "x"}))

    assert code == 0
    assert not (tmp_path / "ran").exists()
    assert sys.path[0] != ""


def test_questions_are_confined_as_files_are(team: MakeTeam) -> None:
    for text in ("{{ ''.__class__ }}", "{{ '~' | expanduser }}", "{{ _copier_python }}"):
        manifest = TEAM["viscaffold.yml"].replace("default: pay", f'default: "{text}"')
        code, said = made(team({"viscaffold.yml": manifest, FILE: "{{ team }}"}))

        assert code == 5
        assert "viscaffold.yml:12:14: " in said


def test_a_render_that_was_stopped_does_not_stop_the_next(
    team: MakeTeam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_process, "SECONDS", 3.0)
    slow = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    assert made(team({FILE: slow}))[0] == 2
    monkeypatch.setattr(sandbox_process, "SECONDS", 60.0)
    assert made(team({FILE: "x"})) == (0, "x")

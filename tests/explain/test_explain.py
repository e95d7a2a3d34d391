"""`explain`: what a file, a stage, a setting, an exit status and a line of the log is."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import MakeService, commit, git, viscaffold

from scaffolder.errors import MEANINGS
from scaffolder.explain import ask, authors, runbook, subject
from scaffolder.explain.answer import Explanation, Kind
from scaffolder.languages import python, rust
from scaffolder.templates.catalogue import Catalogue

ROOT = Path(__file__).parents[2]
LANGUAGES = pytest.mark.parametrize("language", ["python", "rust"])


def explained(words: str, kind: Kind | None = None, *, lines: bool = False) -> list[Explanation]:
    return ask.explain(Path.cwd(), words, kind=kind, lines=lines)


def only(words: str, kind: Kind | None = None, *, lines: bool = False) -> Explanation:
    (found,) = explained(words, kind, lines=lines)
    return found


def facts(found: Explanation) -> dict[str, Any]:
    return {f.label: f.values[0] if len(f.values) == 1 else f.values for f in found.facts}


def refused(*words: str) -> str:
    ran = viscaffold("explain", *words)
    assert ran.code == 2
    return ran.err


# Stages


def test_a_stage_that_is_here_and_one_that_is_not(service: MakeService) -> None:
    service("auth")
    api = facts(only("api"))

    assert api["here"] == "yes; required by auth"
    assert "src/orders/stages/api/__init__.py" in api["files"]
    assert facts(only("cache"))["here"] == "no: viscaffold add-stage cache"
    assert facts(only("auth"))["keeps tables"] == "auth_users"


def test_a_stage_that_is_called_otherwise_now_or_is_gone(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service()
    monkeypatch.setattr(Catalogue, "successor", lambda _, word: {"login": "auth"}.get(word))
    assert only("login").says.endswith("; it was called login in earlier versions")
    monkeypatch.setattr(Catalogue, "removed", {"soap": "use api"}, raising=False)
    found = subject.of(Path.cwd())
    object.__setattr__(found.catalogue, "removed", {"soap": "use api"})
    monkeypatch.setattr(subject, "of", lambda *_: found)

    assert only("soap").says == "no longer there: use api"


# Settings


def test_a_setting_with_its_default_and_every_layer_that_sets_it(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service("config")
    assert facts(only("LOG_LEVEL"))["default"] == "INFO"
    (root / ".env").write_text("# LOG_LEVEL=x\nexport LOG_LEVEL='DEBUG'\n", encoding="utf-8")
    (root / "config.toml").write_text('LOG_LEVEL = "ERROR"\n', encoding="utf-8")
    found = facts(only("LOG_LEVEL"))
    assert found["set"] == [".env:2: DEBUG", "config.toml:1: ERROR"]
    assert found["counts"][:2] == [
        "started here: config.toml:1",
        "with Docker Compose: .env:2",
    ]
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    path = root / "compose.override.yaml"
    path.write_text(
        "services:\n  app:\n    environment:\n      LOG_LEVEL: CRITICAL # loud\n"
        "  postgres:\n    environment:\n    - LOG_LEVEL=INFO\n    ports: [LOG_LEVEL=1]\n",
        encoding="utf-8",
    )
    found = facts(only("LOG_LEVEL"))

    assert found["set"] == [
        "compose.override.yaml:4: CRITICAL",
        "environment: WARNING",
        ".env:2: DEBUG",
        "config.toml:1: ERROR",
    ]
    assert found["counts"] == [
        "started here: environment",
        "with Docker Compose: compose.override.yaml:4",
    ]


def test_a_file_of_settings_that_nothing_reads_is_no_layer(service: MakeService) -> None:
    root = service()
    (root / "config.toml").write_text('LOG_LEVEL = "ERROR"\n', encoding="utf-8")

    assert "set" not in facts(only("LOG_LEVEL"))


def test_what_a_server_beside_the_service_is_given_is_not_the_services(
    service: MakeService,
) -> None:
    root = service("database")
    with (root / "compose.override.yaml").open("w", encoding="utf-8") as file:
        file.write("services:\n  postgres:\n    environment:\n      - LOG_LEVEL=INFO\n")

    assert "set" not in facts(only("LOG_LEVEL"))


def test_no_secret_is_shown(service: MakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    root = service("auth", "database", "config")
    (root / ".env").write_text(
        "AUTH_KEYS=a:hunter2hunter2\nDATABASE_URL=postgresql://app:hunter2hunter2@db/app\n"
        "AUTH_KEYS_FILE=/run/secrets/keys\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("AUTH_KEYS", "b:hunter2hunter2")
    said = "".join(
        viscaffold("explain", *flags, name).out
        for name in ("AUTH_KEYS", "DATABASE_URL", "AUTH_KEYS_FILE")
        for flags in ([], ["--json"])
    )

    assert "hunter2" not in said
    assert facts(only("AUTH_KEYS"))["set"] == [
        "environment: [redacted]",
        ".env:1: [redacted]",
        ".env:3: the value is in the file /run/secrets/keys",
    ]
    assert facts(only("DATABASE_URL"))["set"] == ".env:2: [redacted]"


def test_a_setting_of_a_stage_that_is_not_here(service: MakeService) -> None:
    service()

    assert facts(only("AUTH_TOKEN_SECONDS"))["stage"] == (
        "auth, which this service does not have: viscaffold add-stage auth"
    )


def test_a_setting_that_the_user_added(service: MakeService) -> None:
    root = service()
    with (root / ".env.example").open("a", encoding="utf-8") as file:
        file.write("\n# How many\n# there are.\n# OURS=3\n")

    found = only("OURS")
    assert (found.says, facts(found)["default"]) == ("How many there are.", "3")


@LANGUAGES
def test_every_setting_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.chdir(tmp_path)
    from scaffolder.explain import settings

    asked = subject.of(tmp_path, language)
    known = settings.names(asked)
    unexplained = [n for n in known if next(settings.explained(asked, n)).says.startswith("expl")]

    assert len(known) > 40
    assert {"PORT", "AUTH_KEYS", "POSTGRES_PASSWORD"} <= set(known)
    assert unexplained == []


# Exit statuses


def test_a_status_of_both_a_service_and_viscaffold_has_both_meanings(service: MakeService) -> None:
    service()
    (of_service, of_tool) = explained("70")

    assert of_service.says == "of a service: the service failed"
    assert facts(of_service)["runbook"] == "docs/runbook.md#exit-codes"
    assert of_tool.says == f"of viscaffold: {MEANINGS[70]}"  # type: ignore[index]


def test_a_status_that_depends_has_each_condition(service: MakeService) -> None:
    service()

    assert [one.says.partition(": signal")[0] for one in explained("137")] == [
        "of a service, out of memory: true",
        "of a service, out of memory: false",
    ]
    assert only("138").says == "of any program: ended by signal 10, SIGUSR1"


@LANGUAGES
def test_every_status_of_the_runbook_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = subject.of(tmp_path, language)
    monkeypatch.setattr(subject, "of", lambda *_: asked)
    keys = {e.key.partition(",")[0] for e in runbook.statuses(asked.text(runbook.RUNBOOK))}

    assert {"0", "70", "71", "74", "78", "137", "139"} <= keys
    for key in sorted(keys | {str(int(code)) for code in MEANINGS}):
        assert ask.explain(tmp_path, key, language=language)


@pytest.mark.parametrize("word", ["256", "999", "-1", "42"])
def test_a_number_that_is_no_status_is_refused(service: MakeService, word: str) -> None:
    service()

    assert "is no file, stage, setting, exit status" in refused("--", word)


def test_a_file_of_another_place_is_said_to_be_one(service: MakeService) -> None:
    service()

    assert "is a file, but not one of a service here" in refused("/etc/passwd")
    assert "is no file, stage" in refused("/etc/nothing-of-the-kind")


# Lines of the log


@LANGUAGES
def test_every_sentence_of_the_documents_is_found_by_a_line_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = subject.of(tmp_path, language)
    monkeypatch.setattr(subject, "of", lambda *_: asked)
    entries = [e for e in asked.sentences if len(re.findall(r"\w\w+", e.key)) > 2]

    assert len(entries) > 30
    for entry in entries:
        line = f"2026-11-24 09:20:40,851 ERROR orders.x: {entry.key.replace('…', 'some thing')}; so"
        assert entry.key in [one.name for one in explained(line, Kind.LOG_LINE)], line


def test_the_lines_that_a_service_really_writes_are_explained(service: MakeService) -> None:
    root = service("auth")
    ran = subprocess.run(
        [sys.executable, "-m", "orders"],
        cwd=root / "src",
        env={"PATH": "/usr/bin:/bin", "PORT": "eighty", "AUTH_TOKEN_SECONDS": "x"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = ran.stdout.splitlines()
    wrong = [line for line in lines if "setting " in line]

    assert len(wrong) == 2
    for line in wrong:
        found = only(line)
        assert found.says == "a setting is wrong"
        assert "src/orders/runtime/settings.py:" in "".join(facts(found)["written by"])
    assert facts(only(lines[0]))["written by"].startswith("src/orders/runtime/boot.py:")
    as_json = json.dumps({"timestamp": "x", "message": wrong[0]})
    assert only(as_json) == only(wrong[0])


def test_a_line_of_the_supervisor_leads_to_the_page_that_it_names(service: MakeService) -> None:
    service()
    line = (
        "supervisor: orders: killed by the kernel: it needed more than the 96 MiB of memory that "
        "this container may use (process 7); docs/runbook.md#pattern-memory"
    )

    assert facts(only(line))["runbook"][0] == "docs/runbook.md#pattern-memory"


@pytest.mark.parametrize("line", ["the the the", "12 34 56", "it is all quite wrong here"])
def test_a_line_that_nobody_writes_is_none(service: MakeService, line: str) -> None:
    service()

    assert "or a longer part of the line" in refused(line)


def test_texts_of_code_are_cut_where_values_are_put_in() -> None:
    assert [
        text.parts for text in python.texts(b'"""doc"""\nx = f"a {b} c", "d %s e %(f)r"\n')
    ] == [
        ("a ", " c"),
        ("d ", " e ", ""),
    ]
    assert [
        text.parts for text in rust.texts(b'// "no"\nlet x = format!("a {b} \\\n   c \\"");')
    ] == [("a ", ' c "')]
    assert [*python.texts(b"def"), *rust.texts(b'let "')] == []


# Files


def test_a_file_of_the_users_and_one_of_the_template(service: MakeService) -> None:
    root = service("api")
    (root / "src/orders/mine.py").write_text("x = 1\n", encoding="utf-8")
    (root / "src/orders/app.py").unlink()
    git(root, "add", "src/orders/mine.py")
    git(root, "commit", "--quiet", "--message", "Add mine")
    mine = only("src/orders/mine.py", lines=True)

    assert mine.says == "yours: the template has no such file, and no stage changes it"
    assert facts(mine)["last commit"].endswith(" Add mine")
    assert facts(only("src/orders/app.py"))["state"].startswith("missing: ")
    assert only("src/orders/stages/api/items.py").says.endswith("brought by the stage api")
    assert facts(only("src/orders/stages/auth/__init__.py")) == {
        "to have it": "viscaffold add-stage auth"
    }
    assert facts(only("docs"))["stages"] == "api"


def test_a_path_is_relative_to_where_one_is_and_to_the_service(
    service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = service()
    monkeypatch.chdir(root / "docs")

    assert only("runbook.md").name == only("docs/runbook.md").name == "docs/runbook.md"
    assert only("../README.md").name == "README.md"
    for outside in ("../../../etc/passwd", "/etc/passwd", ".."):
        assert refused(outside)


@LANGUAGES
def test_each_line_of_a_shared_file_has_the_stage_that_brought_it(
    service: MakeService, language: str
) -> None:
    service("auth", "database", "cache", language=language)
    asked = subject.of(Path.cwd())
    manifest = {"python": "pyproject.toml", "rust": "Cargo.toml"}[language]
    lines = authors.of_file(asked, manifest, asked.text(manifest))
    ends = ((line.author, line.text.rpartition("  # ")[2]) for line in lines)
    named = [(by, end) for by, end in ends if {*end.split(", ")} <= asked.catalogue.stages.keys()]
    by = {author for author, _ in named}

    assert {"template", "api", "auth", "database", "cache"} - by <= {"api", "cache", "auth"}
    for author, stages in named:
        if author != "template":
            assert set(author.split(" with ")) & set(stages.split(", ")), (author, stages)


def test_a_line_that_takes_two_stages_has_both(service: MakeService) -> None:
    service("auth", "config")
    by = {line.text.strip("- "): line.author for line in only("compose.yaml", lines=True).lines}

    assert by["AUTH_KEYS"] == "auth"
    assert by["AUTH_KEYS_FILE"] == "auth with config"
    assert by["API_DOCS"] == "api"
    assert by["LOG_LEVEL"] == "template"
    assert by["./config.toml:/app/config.toml:ro"] == "config"


def test_lines_of_the_user_have_their_commit(service: MakeService) -> None:
    root = service("logging")
    path = root / "compose.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text("# one\n" + text, encoding="utf-8")
    commit(root, "Say one")
    path.write_text("# one\n" + text + "# two\n", encoding="utf-8")
    found = only("compose.yaml", lines=True)
    number = git(root, "log", "-1", "--format=%h", "--abbrev=8").strip()

    assert facts(found)["state"] == "changed by you"
    assert (found.lines[0].author, found.lines[0].text) == (f"you, {number} Say one", "# one")
    assert found.lines[-1].author == "you, not committed"
    assert {line.author for line in found.lines[1:-1]} == {"template", "logging"}
    printed = viscaffold("explain", "compose.yaml", "--lines").out
    assert re.search(rf"you, {number} Say one +1  # one", printed)


def test_git_runs_no_program_that_the_repository_names(
    service: MakeService, tmp_path: Path
) -> None:
    root = service()
    for key in ("diff.trap.textconv", "diff.trap.command", "diff.external", "core.fsmonitor"):
        git(root, "config", key, f"touch {tmp_path}/trapped; cat")
    (root / ".gitattributes").write_text("* diff=trap\n", encoding="utf-8")
    with (root / "README.md").open("a", encoding="utf-8") as file:
        file.write("mine\n")
    (tmp_path / "trapped").unlink(missing_ok=True)
    viscaffold("explain", "README.md", "--lines")

    assert not (tmp_path / "trapped").exists()


def test_a_link_is_not_followed(service: MakeService, tmp_path: Path) -> None:
    root = service()
    (tmp_path / "secret").write_text("password\n", encoding="utf-8")
    (root / "README.md").unlink()
    (root / "README.md").symlink_to(tmp_path / "secret")

    assert "password" not in viscaffold("explain", "README.md", "--lines").out


# The command


def test_what_can_be_several_things_has_all_meanings(service: MakeService) -> None:
    root = service("api")
    (root / "api").write_text("mine\n", encoding="utf-8")

    assert [one.kind for one in explained("api")] == [Kind.PATH, Kind.STAGE]
    assert [one.kind for one in explained("api", Kind.STAGE)] == [Kind.STAGE]
    assert "is no setting, but another thing: stage" in refused("logging", "--kind", "setting")
    assert "is no file" in refused("lgn", "--kind", "setting")


@pytest.mark.parametrize(
    ("word", "near"),
    [("DATABSE_URL", "DATABASE_URL"), ("loging", "logging"), ("runbok.md", "docs/runbook.md")],
)
def test_the_nearest_words_are_said(service: MakeService, word: str, near: str) -> None:
    service("database")

    assert f"Try: viscaffold explain {near}" in refused(word)


def test_outside_of_a_service_what_a_new_one_has_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert only("AUTH_KEYS").kind is Kind.SETTING
    assert "here" not in facts(only("auth"))
    assert "set" not in facts(only("PORT"))
    assert viscaffold("explain", "RUST_LOG").code == 2
    assert viscaffold("explain", "--language", "rust", "RUST_LOG").code == 0


@pytest.mark.parametrize("word", ["README.md", "api", "PORT", "137", "setting X is 1: expected z"])
def test_the_document_is_what_its_schema_says(service: MakeService, word: str) -> None:
    service("api")
    schema = json.loads((ROOT / "docs/schemas/explain.json").read_text(encoding="utf-8"))
    printed = viscaffold("explain", word, "--lines", "--json").json()

    jsonschema.validate(printed, schema)
    item = schema["properties"]["explanations"]["items"]
    assert all(one.keys() == item["properties"].keys() for one in printed["explanations"])


def test_words_of_others_cannot_move_a_terminal(service: MakeService) -> None:
    root = service()
    (root / "README.md").write_text("\x1b[2J mine\n", encoding="utf-8")

    assert "\x1b" not in viscaffold("explain", "README.md", "--lines").out
    assert "\x1b" not in refused("\x1b[2J")


def test_a_service_without_git_is_explained_without_commits(service: MakeService) -> None:
    root = service()
    shutil.rmtree(root / ".git")

    assert "last commit" not in facts(only("README.md"))


def test_what_is_binary_has_no_lines(service: MakeService) -> None:
    root = service()
    (root / "icon.bin").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\n")
    (root / "words.txt").write_bytes(b"one\ntwo\n")

    assert len(only("words.txt", lines=True).lines) == 2
    assert not only("icon.bin", lines=True).lines


def test_a_line_that_the_users_own_code_writes_is_found_there(service: MakeService) -> None:
    root = service()
    code = 'import logging\n\nlogging.warning("the parcel is on its way to the moon")\n'
    (root / "src/orders/parcels.py").write_text(code, encoding="utf-8")

    found = only("the parcel is on its way to the moon", Kind.LOG_LINE)
    assert ["src/orders/parcels.py:3"] in [fact.values for fact in found.facts]

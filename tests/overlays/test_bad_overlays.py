"""A template that is wrong: the file, the line, what is wrong, what to write instead."""

import os
from pathlib import Path

import pytest
from conftest import viscaffold
from teams import STAGE, TEAM, Contents, MakeTeam

BASE = "name: acme\n"
KAFKA = TEAM["stages.yml"]


def stages(*entries: tuple[str, str]) -> str:
    """Return a stages.yml of stages with what they require."""
    return "".join(
        f"{name}:\n  title: T\n  summary: s\n  requires: [{requires}]\n"
        "  python:\n    dependencies: []\n    settings: {}\n"
        for name, requires in entries
    )


CASES: dict[str, tuple[Contents, str, str]] = {
    # what the files hold, the place and the problem, what to write instead
    "no manifest": ({"viscaffold.yml": None}, "viscaffold.yml: there is no such file", "init DIR"),
    "broken YAML": (
        {"viscaffold.yml": "name: acme\ndefaults: {ci: none\n"},
        "viscaffold.yml:3:1: it is not YAML: did not find expected ',' or '}'",
        "",
    ),
    "not UTF-8": ({"viscaffold.yml": b"name: \xff\n"}, "viscaffold.yml: it is not UTF-8", ""),
    "a list": ({"viscaffold.yml": "- a\n"}, "viscaffold.yml:1:1: the file has to be", ""),
    "alias": (
        {"viscaffold.yml": "name: &x acme\ndescription: *x\n"},
        "viscaffold.yml: it uses an alias",
        "write the value out",
    ),
    "object": (
        {"viscaffold.yml": BASE + "defaults: {ci: !!python/name:os.system x}\n"},
        "viscaffold.yml:2:16: it is not plain YAML",
        "",
    ),
    "twice": (
        {"viscaffold.yml": "name: acme\nname: other\n"},
        "viscaffold.yml:2:1: 'name' is there twice",
        "",
    ),
    "no name": ({"viscaffold.yml": "stages: []\n"}, "the name of the template is missing", "name:"),
    "bad name": ({"viscaffold.yml": "name: A B\n"}, ":1:7: 'A B' cannot be its name", ""),
    "unknown key": (
        {"viscaffold.yml": BASE + "default: {}\n"},
        "viscaffold.yml:2:1: there is no key 'default'",
        "did you mean defaults?",
    ),
    "on is no text": (
        {"viscaffold.yml": BASE + "on: 1\n"},
        ":2:1: 'on' is not read as text",
        '"te',
    ),
    "too new": (
        {"viscaffold.yml": BASE + 'requires: ">=99"\n'},
        "viscaffold.yml:2:11: it needs viscaffold >=99, this is ",
        "pip install 'viscaffold>=99'",
    ),
    "bad range": (
        {"viscaffold.yml": BASE + "requires: newest\n"},
        "viscaffold.yml:2:11: 'newest' is no range of versions",
        '">=0.6,<1"',
    ),
    "unknown preset": (
        {"viscaffold.yml": BASE + "defaults:\n  cii: none\n"},
        "viscaffold.yml:3:3: there is no question cii",
        "did you mean ci?",
    ),
    "bad choice": (
        {"viscaffold.yml": BASE + "answers:\n  ci: jenkins\n"},
        "viscaffold.yml:3:3: ci is one of github, gitlab, none, not 'jenkins'",
        "",
    ),
    "preset of the name": (
        {"viscaffold.yml": BASE + "answers: {stages: x}\n"},
        "viscaffold.yml:2:11: answers cannot preset stages",
        "stages: [NAME]",
    ),
    "unknown stage always on": (
        {"viscaffold.yml": BASE + "stages: [logginng]\n"},
        "viscaffold.yml:2:10: there is no stage logginng",
        "did you mean logging?",
    ),
    "tasks": (
        {"viscaffold.yml": BASE + "questions:\n  _tasks:\n    - touch /tmp/x\n"},
        "viscaffold.yml:3:3: '_tasks' is a setting of Copier",
        "rendering runs no code",
    ),
    "extensions": (
        {"viscaffold.yml": BASE + "questions:\n  _jinja_extensions: [x]\n"},
        "viscaffold.yml:3:3: '_jinja_extensions' is a setting of Copier",
        "",
    ),
    "tasks in the file": (
        {"viscaffold.yml": BASE + "_tasks: [touch x]\n"},
        "viscaffold.yml:2:1: there is no key '_tasks'",
        "",
    ),
    "question there already": (
        {"viscaffold.yml": BASE + "questions:\n  ci: {type: str, help: H}\n"},
        "viscaffold.yml:3:3: there is a question ci already",
        "defaults: {ci: ...}",
    ),
    "question of the built-in": (
        {"viscaffold.yml": BASE + "questions:\n  stage: {type: str, help: H}\n"},
        "viscaffold.yml:3:3: the built-in template has a question stage",
        "",
    ),
    "question without help": (
        {"viscaffold.yml": BASE + "questions:\n  team: {type: str}\n"},
        "viscaffold.yml:3:3: the question team has no help",
        "help: What it is for",
    ),
    "question of no type": (
        {"viscaffold.yml": BASE + "questions:\n  team: {type: string, help: H}\n"},
        "viscaffold.yml:3:16: there is no type 'string'",
        "did you mean str?",
    ),
    "question with more": (
        {"viscaffold.yml": BASE + "questions:\n  team: {type: str, help: H, when: x}\n"},
        "viscaffold.yml:3:30: a question has no key 'when'",
        "",
    ),
    "default of another type": (
        {"viscaffold.yml": BASE + "questions:\n  n: {type: int, help: H, default: x}\n"},
        "viscaffold.yml:3:36: the default of n has to be of type int",
        "",
    ),
    "default that is no choice": (
        {
            "viscaffold.yml": BASE
            + "questions:\n  n: {type: str, help: H, choices: [a], default: b}\n"
        },
        ":3:50: the default of n has to be one of a",
        "",
    ),
    "Jinja in a validator": (
        {"viscaffold.yml": BASE + "questions:\n  n: {type: str, help: H, validator: '{% if %}'}\n"},
        "viscaffold.yml:3:38: Jinja cannot read it",
        "",
    ),
    "a stage like a built-in one": (
        {"stages.yml": stages(("api", ""))},
        "stages.yml:1:1: the built-in template has a stage api already",
        "choose another name",
    ),
    "unknown requirement": (
        {"stages.yml": stages(("kafka", "loging"))},
        "stages.yml:4:14: kafka requires 'loging', which is no stage",
        "did you mean logging?",
    ),
    "circle": (
        {"stages.yml": stages(("kafka", "b"), ("b", "c"), ("c", "kafka"))},
        "stages.yml:4:14: this goes in a circle: kafka requires b requires c requires kafka",
        "take one of them out",
    ),
    "itself": (
        {"stages.yml": stages(("kafka", "kafka"))},
        "this goes in a circle: kafka requires kafka",
        "",
    ),
    "later": (
        {"stages.yml": stages(("kafka", "b"), ("b", ""))},
        "stages.yml:4:14: kafka requires b, which comes after it",
        "move b up",
    ),
    "no title": (
        {"stages.yml": "kafka: {summary: s, requires: [], python: {}}\n"},
        "stages.yml:1:1: the stage kafka has no title",
        "add `title: ...`",
    ),
    "stage with more": (
        {"stages.yml": KAFKA.replace("summary", "sumary")},
        "stages.yml:3:3: there is no key 'sumary'",
        "did you mean summary?",
    ),
    "no requirement": (
        {"stages.yml": KAFKA.replace("aiokafka>=0.12", "aiokafka => 1")},
        "stages.yml:7:9: 'aiokafka => 1' is no requirement",
        "name>=1.0",
    ),
    "bad setting": (
        {"stages.yml": KAFKA.replace("KAFKA_SERVERS", "kafka-servers")},
        "stages.yml:9:7: 'kafka-servers' cannot be a variable of the environment",
        "KAFKA_SERVERS",
    ),
    "stages in braces": (
        {
            "stages.yml": "{kafka: {title: T, summary: s, requires: [], "
            "python: {dependencies: [], settings: {}}}}\n"
        },
        "stages.yml:1:1: it has to be `name:` lines from the first column on",
        "",
    ),
    "a second document": ({"stages.yml": f"---\n{KAFKA}"}, "stages.yml:2:1: it has to be", "---"),
    "Jinja in stages": (
        {"stages.yml": KAFKA.replace("{{ team }}", "{{ team")},
        "stages.yml:11: Jinja cannot read it",
        "",
    ),
    "a folder of no stage": (
        {"template/python/{{stage.kafkaa}}/x.py": ""},
        "template/python/{{stage.kafkaa}}: there is no stage 'kafkaa'",
        "did you mean kafka?",
    ),
    "another language": (
        {"template/pyhton/x.py": ""},
        "template/pyhton/x.py: template/pyhton/ belongs to no language",
        "template/python/",
    ),
    "misplaced stages": (
        {"template/stages.yml": KAFKA},
        "template/stages.yml: no file stands there",
        "move it beside viscaffold.yml",
    ),
    "misplaced file": ({"template/x.py": ""}, "template/x.py: no file stands there", "move it to"),
    "answers": (
        {"template/python/.copier-answers.yml.jinja": ""},
        ".copier-answers.yml.jinja: viscaffold writes .copier-answers.yml",
        "remove it",
    ),
    "a directory for a file": (
        {"template/python/docs/runbook.md.jinja/x": ""},
        "docs/runbook.md.jinja is a file on one side and a directory on the other",
        "rename it",
    ),
    "a file of another's place": (
        {STAGE + "Dockerfile": "FROM x\n"},
        "Dockerfile: template/python/Dockerfile.jinja writes Dockerfile already",
        "to replace that file, call this one template/python/Dockerfile.jinja",
    ),
    "Jinja syntax": (
        {"template/python/x.py.jinja": "a = 1\n{% if team %}\n"},
        "template/python/x.py.jinja:2: Jinja cannot read it: Unexpected end of template",
        "",
    ),
    "unknown filter": (
        {"template/python/x.py.jinja": "\n\n{{ team | uper }}\n"},
        "template/python/x.py.jinja:3: there is no filter 'uper'",
        "did you mean upper?",
    ),
    "a tag of Copier alone": (
        {"template/python/x.py.jinja": "{% yield a from b %}{% endyield %}\n"},
        "x.py.jinja:1: Jinja cannot read it: Encountered unknown tag 'yield'",
        "templates of overlays have the tags of Jinja",
    ),
    "unknown variable": (
        {"template/python/x.py.jinja": "a = 1\nb = '{{ taem }}'\n"},
        "template/python/x.py.jinja:2: 'taem' is undefined",
        "",
    ),
    "unknown variable in a shared text": (
        {"template/shared/incident.md": "# Incident\n\n{{ taem }}\n"},
        "template/shared/incident.md:3: 'taem' is undefined",
        "",
    ),
    "not UTF-8 in a template": (
        {"template/python/x.py.jinja": b"a\n\xff\n"},
        "template/python/x.py.jinja:2: a template is UTF-8, and this line is not",
        ".jinja",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_and_nothing_is_made(team: MakeTeam, name: str) -> None:
    contents, problem, instead = CASES[name]
    root = team(contents)
    ran = viscaffold("new", "orders", "--template", str(root), "--trust", "--stage", "logging")

    assert ran.code in (2, 5), ran.err
    assert problem in ran.err
    assert instead in ran.err
    assert f"{root}/" in ran.err
    assert not Path("orders").exists()


def test_two_overlays_do_not_share_a_stage_or_a_name(team: MakeTeam) -> None:
    first = team()
    same = team({}, "same")
    other = team({"viscaffold.yml": "name: other\n"}, "other")
    names = viscaffold("new", "orders", "-t", str(first), "-t", str(same), "--trust")
    stages = viscaffold("new", "orders", "-t", str(first), "-t", str(other), "--trust")

    assert names.code == 5
    assert f"{same}/viscaffold.yml: {first} is called acme, too" in names.err
    assert stages.code == 5
    assert f"{other}/stages.yml:1:1: acme has a stage kafka already" in stages.err


def test_two_files_that_go_to_the_same_place_are_found_when_they_are_rendered(
    team: MakeTeam,
) -> None:
    name = "template/python/{{ 'README' }}.md"
    ran = viscaffold("new", "orders", "-t", str(team({name: "x\n"})), "--trust")

    assert ran.code == 2
    assert "two of its files go to the same place in a service" in ran.err


def test_a_service_is_as_it_was_when_its_template_is_wrong(team: MakeTeam) -> None:
    from conftest import state

    viscaffold("new", "orders")
    root = team({STAGE + "x.py.jinja": "{{ nobody }}\n"})
    os.chdir("orders")
    before = state(Path.cwd())
    ran = viscaffold("add-stage", str(root), "--trust")

    assert ran.code == 2
    assert "x.py.jinja:1: 'nobody' is undefined" in ran.err
    assert state(Path.cwd()) == before

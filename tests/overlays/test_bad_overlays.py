"""A template that is wrong: the file, the line, what is wrong, what to write instead."""

import os
from pathlib import Path

import pytest
from conftest import viscaffold
from teams import STAGE, TEAM, Contents, MakeTeam

BASE = "name: acme\n"
SERVER = "about: a, image: 'x:1', memory: 1g"
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
    "no manifest": ({"viscaffold.yml": None}, "viscaffold.yml: the file is missing", "init DIR"),
    "broken YAML": (
        {"viscaffold.yml": "name: acme\ndefaults: {ci: none\n"},
        "viscaffold.yml:3:1: it is not YAML: did not find expected ',' or '}'",
        "",
    ),
    "not UTF-8": ({"viscaffold.yml": b"name: \xff\n"}, "viscaffold.yml: it is not UTF-8", ""),
    "a list": ({"viscaffold.yml": "- a\n"}, "viscaffold.yml:1:1: the file has to be", ""),
    "alias": (
        {"viscaffold.yml": "name: &x acme\ndescription: *x\n"},
        "viscaffold.yml:2:14: it uses an alias",
        "write the value out",
    ),
    "object": (
        {"viscaffold.yml": BASE + "defaults: {ci: !!python/name:os.system x}\n"},
        "viscaffold.yml:2:16: it uses a tag",
        "",
    ),
    "twice": (
        {"viscaffold.yml": "name: acme\nname: other\n"},
        "viscaffold.yml:2:1: 'name' appears twice",
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
        "install viscaffold >=99",
    ),
    "bad range": (
        {"viscaffold.yml": BASE + "requires: newest\n"},
        "viscaffold.yml:2:11: 'newest' is not a version range",
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
        "stages.yml:4:14: kafka requires 'loging', which is not a stage",
        "did you mean logging?",
    ),
    "circle": (
        {"stages.yml": stages(("kafka", "b"), ("b", "c"), ("c", "kafka"))},
        "stages.yml:4:14: this goes in a circle: kafka after b after c after kafka",
        "take one of them out",
    ),
    "itself": (
        {"stages.yml": stages(("kafka", "kafka"))},
        "this goes in a circle: kafka after kafka",
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
        "stages.yml:7:9: 'aiokafka => 1' cannot be a dependency: it is not a requirement",
        "name>=1.0",
    ),
    "in no language": (
        {"stages.yml": "kafka: \n  title: T\n  summary: s\n  requires: []\n"},
        "stages.yml:1:1: the stage kafka is in no language",
        "add `python: ...` or `rust: ...`, or code: false",
    ),
    "no code and a language": (
        {"stages.yml": KAFKA.replace("  requires", "  code: false\n  requires")},
        "stages.yml:6:3: the stage kafka has no code, so it has no python",
        "remove it",
    ),
    "code that is no truth": (
        {"stages.yml": KAFKA.replace("  requires", "  code: 1\n  requires")},
        "stages.yml:4:9: code has to be true or false",
        "",
    ),
    "after no stage": (
        {"stages.yml": KAFKA.replace("  requires", "  after: [apii]\n  requires")},
        "stages.yml:4:11: kafka is after 'apii', which is not a stage",
        "did you mean api?",
    ),
    "a partner that is no stage": (
        {"stages.yml": KAFKA.replace("  requires", "  optional: [ledger]\n  requires")},
        "stages.yml:4:14: kafka has as a partner 'ledger', which is not a stage",
        "",
    ),
    **{
        f"data in {path}": (
            {"stages.yml": KAFKA.replace("  requires", f"  data: {{files: [{path}]}}\n  requires")},
            f"stages.yml:4:18: {path} is not a file of a service: {problem}",
            "data/users.json",
        )
        for path, problem in (
            ("'/etc/x'", "it is an absolute path"),
            ("'a/../../b'", "it has an empty, `.` or `..` part"),
            ("'.git/config'", ".git is git's own"),
            ("''", "a path has 1 to"),
        )
    },
    "tables with no partner": (
        {"stages.yml": KAFKA.replace("  requires", "  data: {tables_with: [api]}\n  requires")},
        "stages.yml:4:24: tables_with names 'api', which is no partner of this stage",
        "optional: [api]",
    ),
    **{
        f"connects: {connects}": (
            {"stages.yml": KAFKA.replace("  requires", f"  connects: {connects}\n  requires")},
            f"stages.yml:4:{13 + column}: {problem}",
            "",
        )
        for connects, column, problem in (
            ("{Kafka: 0}", 8, "'Kafka' has to be at a port, 1 to 65535"),
            ("{Kafka: 65536}", 8, "'Kafka' has to be at a port"),
            ("{Kafka: true}", 8, "'Kafka' has to be at a port"),
            ("{Kafka: kafka:9092}", 8, "'Kafka' has to be at a port"),
            ("[9092]", 0, "connects has to be `key: value` lines"),
            ('{"a\\nb": 9092}', 1, "what is in connects is one line of text"),
        )
    },
    **{
        f"moved.yml: {line}": ({"moved.yml": line + "\n"}, f"moved.yml:1:{column}: {problem}", hint)
        for line, column, problem, hint in (
            ("a: ../../x", 4, "'../../x' is not a file of a service", "inside the service"),
            ("a: [b, .git/hooks/x]", 8, "'.git/hooks/x' is not a file of a service", "inside"),
            ("/etc/x: b", 1, "'/etc/x' is not a file of a service", "inside"),
            ("a: []", 4, "where 'a' went is empty", "at least one path"),
        )
    },
    **{
        f"a server: {server}": (
            {"stages.yml": KAFKA.replace("  requires", f"  servers: {{{server}}}\n  requires")},
            f"stages.yml:4:{13 + column}: {problem}",
            hint,
        )
        for server, column, problem, hint in (
            ("app: {}", 0, "'app' cannot be the name of a server", "redis"),
            ("a_b: {}", 0, "'a_b' cannot be the name of a server", "redis"),
            ("kafka: {}", 0, "the server kafka has no about", "about: ..."),
            ("kafka: {about: a, image: 'x:1'}", 0, "the server kafka has no memory", "128m"),
            ("kafka: {port: 1}", 8, "there is no key 'port'", ""),
            ("kafka: {about: a, image: x, memory: 1g}", 25, "'x' is not an image", "redis:8"),
            ("kafka: {about: a, image: 'x:${A}', memory: 1g}", 25, "'x:${A}' is not an image", ""),
            ("kafka: {about: a, image: 'x:1', memory: '1'}", 40, "'1' is not an amount", "128m"),
            (f"kafka: {{{SERVER}, wait: healty}}", 50, "wait says how far", "mean healthy?"),
            (f"kafka: {{{SERVER}, volume: 1}}", 52, "volume has to be true", "volume: true"),
            (f"kafka: {{{SERVER}, settings: {{a: b}}}}", 55, "'a' cannot be a variable", "CACHE"),
            (f"kafka: {{{SERVER}}}", 0, "there is no template/shared/servers/kafka.yaml", "write"),
        )
    },
    "steps that are no list": (
        {"stages.yml": KAFKA.replace("  requires", "  verify: {}\n  requires")},
        "stages.yml:4:11: verify has to be a list of steps",
        "- about:",
    ),
    **{
        f"a step: {step}": (
            {"stages.yml": KAFKA.replace("  requires", f"  verify:\n    - {step}\n  requires")},
            f"stages.yml:5:{7 + column}: {problem}",
            "",
        )
        for step, column, problem in (
            ("{log: x}", 0, "a step has no about"),
            ("{about: a}", 0, "a step has neither a request nor a log"),
            ("{about: a, request: GET /}", 11, "a request has no status"),
            ("{about: a, request: /health, status: 200}", 20, "'/health' is not a request"),
            ("{about: a, request: GET /, status: 99}", 35, "status has to be one of HTTP"),
            ("{about: a, log: x, status: 200}", 19, "status belongs to a request"),
            ("{about: a, log: x, jsn: 1}", 19, "there is no key 'jsn'"),
            ("{about: a, log: x, settings: {A: [1]}}", 33, "A has to be text, a number"),
            ("{about: a, log: x, settings: {A=B: c}}", 30, "'A=B' cannot be a name in settings"),
            ('{about: a, log: x, settings: {A: "b\\n"}}', 33, "A is one line of text"),
            ("{about: a, request: GET /, status: 200, headers: {A b: c}}", 50, "'A b' cannot be"),
            ("{about: a, log: ''}", 16, "log is empty, so it matches anything"),
        )
    },
    "drills that are no list": (
        {"stages.yml": KAFKA.replace("  requires", "  drills: {}\n  requires")},
        "stages.yml:4:11: drills has to be a list of faults",
        "- about:",
    ),
    **{
        f"a drill: {drill}": (
            {"stages.yml": KAFKA.replace("  requires", f"  drills:\n    - {drill}\n  requires")},
            f"stages.yml:5:{7 + column}: {problem}",
            "",
        )
        for drill, column, problem in (
            ("{about: a, settings: {A: b}}", 0, "a drill has no log"),
            ("{about: a, log: x}", 0, "a drill has no settings"),
            ("{about: a, log: '', settings: {A: b}}", 16, "log is empty, so it matches anything"),
            ("{about: a, log: x, settings: {A: b}, exit: 256}", 43, "exit has to be an exit"),
            ("{about: a, log: x, settings: {A: b}, options: []}", 37, "there is no key 'options'"),
        )
    },
    "commands of an overlay": (
        {"template/python/language.yml": "commands: {}\n"},
        "template/python/language.yml: the built-in template alone has a language.yml",
        "remove it",
    ),
    "commands of an overlay, rendered": (
        {"template/python/language.yml.jinja": "commands: {}\n"},
        "template/python/language.yml.jinja: the built-in template alone has a language.yml",
        "remove it",
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


@pytest.mark.parametrize("key", ["answers", "defaults"])
def test_an_answer_that_another_overlay_has_fixed_is_refused_by_the_names_of_both(
    team: MakeTeam, key: str
) -> None:
    first = team()
    other = team({"viscaffold.yml": f"name: other\n{key}: {{ci: gitlab}}\n"}, "other")
    (other / "stages.yml").unlink()
    ran = viscaffold("new", "orders", "-t", str(first), "-t", str(other), "--trust")

    assert ran.code == 5
    assert (
        f"{other}/viscaffold.yml:2:{len(key) + 4}: acme has fixed ci to 'none' already" in ran.err
    )
    assert not Path("orders").exists()


def test_true_and_1_are_not_the_same_fixed_answer(team: MakeTeam) -> None:
    asks = "questions:\n  on_call:\n    type: str\n    help: h\n    default: x\n"
    first = team({"viscaffold.yml": f"{BASE}{asks}"})
    second = team({"viscaffold.yml": "name: second\nanswers: {on_call: true}\n"}, "second")
    third = team({"viscaffold.yml": "name: third\nanswers: {on_call: 1}\n"}, "third")
    for other in (second, third):
        (other / "stages.yml").unlink()
    flags = [word for one in (first, second, third) for word in ("-t", str(one))]
    ran = viscaffold("new", "orders", *flags, "--trust")

    assert ran.code == 5
    assert "second has fixed on_call to True already" in ran.err


@pytest.mark.parametrize(
    "name",
    [
        "{{ '.copier-answers' }}.yml",
        "{{ '.copier-' + name }}.yml",
        "{{ ['.copier-answers', 'yml'] | join('.') }}",
    ],
)
def test_a_name_that_comes_to_the_answers_file_is_refused(team: MakeTeam, name: str) -> None:
    path = f"template/python/{name}.jinja"
    root = team({path: "mine: 1\n"})
    ran = viscaffold("new", "answers", "--template", str(root), "--trust")

    assert ran.code in (2, 5), ran.err
    assert f"{root}/{path}:1: viscaffold writes .copier-answers.yml" in ran.err
    assert not Path("answers").exists()


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

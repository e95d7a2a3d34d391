"""Modules that make a web application for a server, and are started as if they were one."""

import pytest
from recorded import case

from examples import py
from scaffolder.diagnose.verdict.judge import judge

FLASK = "from flask import Flask\napp = Flask(__name__)\n"
LISTENS = (
    "P\t0\t7\t/usr/bin/python3\tpython3\\x00\nC\t1\t7\t7\tlisten\t0\tf=3:socket:[9]\nX\t2\t7\t0\t0"
)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (FLASK, "gunicorn -b 0.0.0.0:8000 main:app"),
        ("from shop import create_app\n\napplication = create_app('prod')\n", "main:application"),
        ("import fastapi\napp: fastapi.FastAPI = fastapi.FastAPI()\n", "uvicorn --host 0.0.0.0 main:app"),
    ],
    ids=["flask", "factory", "asgi"],
)  # fmt: skip
def test_how_a_server_is_started_with_it_is_told(text: str, advice: str) -> None:
    found = judge(case(**py(text, exit_code=0, config={"workdir": "/app"})))

    assert (found.cause, found.verdict) == ("application-not-served", "likely")
    assert found.fix.endswith(advice)


@pytest.mark.parametrize(
    "text",
    [
        FLASK + "app.run()\n",
        FLASK + "from waitress import serve\nserve(app)\n",
        "def make():\n    app = Flask(__name__)\n",
        "app = load_config()\nprint(app)\n",
    ],
    ids=["runs", "served", "within-a-function", "something-else"],
)
def test_what_serves_or_makes_none_is_not_blamed(text: str) -> None:
    assert judge(case(**py(text, exit_code=0))).cause != "application-not-served"


def test_a_program_that_listened_or_failed_ended_otherwise() -> None:
    for more in ({"exit_code": 1}, {"exit_code": 0, "trace": LISTENS}):
        assert judge(case(**py(FLASK, **more))).cause != "application-not-served"

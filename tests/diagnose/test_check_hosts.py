"""Health checks that are refused for their host, and those that are refused for something else."""

from typing import Any

import pytest
from recorded import File, case, elf, program

from examples import unwell
from scaffolder.diagnose.programs.django import allowed_hosts, allows
from scaffolder.diagnose.verdict.judge import judge

CHECK = "curl -f http://localhost:8080/health/"
BAD = "curl: (22) The requested URL returned error: 400"
WSGI = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'portal.settings')\n"


def portal(
    settings: str = "ALLOWED_HOSTS = ['portal.example.org']\n",
    output: str = BAD,
    check: str = CHECK,
    **more: Any,  # noqa: ANN401 - of a case
) -> dict[str, Any]:
    """Return a service in Django whose health check fails."""
    files = {
        "/usr/bin/gunicorn": program(elf()),
        "/app/portal/wsgi.py": File(WSGI.encode()),
        "/app/portal/settings.py": File(settings.encode()),
    }
    config = {"workdir": "/app", **more.pop("config", {})}
    command = "gunicorn -b 0.0.0.0:8080 portal.wsgi"
    return unwell(check, output, files=files, command=command, config=config, **more)


@pytest.mark.parametrize(
    "example",
    [
        portal(),
        portal(output=""),
        portal("ALLOWED_HOSTS = []\nDEBUG = False\n"),
        portal(check="curl -f -H 'Host: other.example' http://localhost:8080/health/"),
        portal(config={"env": {"DJANGO_SETTINGS_MODULE": "portal.settings"}}),
    ],
    ids=["refused", "does not tell", "no host", "another host", "a variable"],
)
def test_a_host_that_the_settings_lack_is_why_the_check_fails(example: dict[str, Any]) -> None:
    found = judge(case(**example))

    assert (found.cause, found.verdict) == ("check-host-refused", "likely"), found
    assert "ALLOWED_HOSTS has " in found.text
    assert "a route that the service has" not in found.fix


@pytest.mark.parametrize(
    ("output", "log"),
    [
        (BAD, "Invalid HTTP_HOST header: 'localhost:8080'. You may need to add 'localhost'"),
        (BAD, "django.core.exceptions.DisallowedHost: Invalid HTTP_HOST header: 'localhost'."),
        ("HTTP/1.1 403 Forbidden\n\n<h1>Blocked hosts: localhost:8080</h1>", ""),
        ("HTTP/1.1 400 Bad Request\n\nInvalid host header", ""),
    ],
    ids=["django", "its exception", "rails", "starlette"],
)
def test_what_a_framework_says_of_the_host_is_told(output: str, log: str) -> None:
    found = judge(case(**unwell(CHECK, output, log=log)))

    assert (found.cause, found.verdict) == ("check-host-refused", "proven"), found


@pytest.mark.parametrize(
    "example",
    [
        portal("ALLOWED_HOSTS = ['localhost']\n"),
        portal("ALLOWED_HOSTS = ['*']\n"),
        portal("ALLOWED_HOSTS = []\nDEBUG = True\n"),
        portal("ALLOWED_HOSTS = []\nDEBUG = flag('DEBUG')\n"),
        portal("ALLOWED_HOSTS = hosts()\n"),
        portal("DEBUG = False\n"),
        portal(output="curl: (22) The requested URL returned error: 404"),
        portal(output="curl: (22) The requested URL returned error: 500"),
        portal(output="curl: (22) The requested URL returned error: 403"),
        portal(output="curl: (7) Failed to connect"),
        portal(check="curl -f -H 'Host: portal.example.org' http://localhost:8080/health/"),
        portal("", log="Invalid HTTP_HOST header: '203.0.113.9'. You may need to add it"),
        unwell(CHECK, BAD),
    ],
    ids=[
        "allowed", "all", "goes without saying", "may do so", "unknown", "none", "no route", "an error",
        "denied", "refused", "gives it", "a scanner", "no Django",
    ],
)  # fmt: skip
def test_a_host_that_is_allowed_is_not_why(example: dict[str, Any]) -> None:
    assert judge(case(**example)).cause != "check-host-refused"


def test_a_request_that_is_not_accepted_may_be_for_a_route_that_is_there() -> None:
    found = judge(case(**unwell(CHECK, BAD)))

    assert (found.cause, found.verdict) == ("check-wrong-path", "likely")
    assert "Host" in found.fix


@pytest.mark.parametrize(
    ("source", "hosts"),
    [
        ("ALLOWED_HOSTS = ['a', 'b']", ("a", "b")),
        ("ALLOWED_HOSTS: list[str] = ('a',)", ("a",)),
        ("ALLOWED_HOSTS = os.environ.get('HOSTS', 'c').split(',')", ("x", "y")),
        ("ALLOWED_HOSTS = os.environ['HOSTS'].split(',')", ("x", "y")),
        ("ALLOWED_HOSTS = os.getenv('OTHER', 'c d').split()", ("c", "d")),
        ("ALLOWED_HOSTS = env.list('OTHER', default=['c'])", ("c",)),
        ("ALLOWED_HOSTS = config('HOSTS', cast=Csv())", ("x", "y")),
        ("ALLOWED_HOSTS = ['a'] + ['b']\nALLOWED_HOSTS += ['c']", ("a", "b", "c")),
        ("ALLOWED_HOSTS = ['a']\nALLOWED_HOSTS.append(host)", None),
        ("if x:\n    ALLOWED_HOSTS = ['a']", None),
        ("ALLOWED_HOSTS = ['a', host]", None),
        ("ALLOWED_HOSTS = env('OTHER')", None),
        ("from .base import *", None),
        ("ALLOWED_HOSTS = [", None),
    ],
)
def test_the_hosts_that_are_allowed_are_read(source: str, hosts: tuple[str, ...] | None) -> None:
    assert allowed_hosts(source, {"HOSTS": "x, y"}) == hosts


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("portal.example.org", True),
        ("PORTAL.example.org", True),
        ("a.example.com", True),
        ("example.com", True),
        ("localhost", False),
        ("myexample.com", False),
    ],
)
def test_hosts_are_compared_as_django_does(host: str, *, allowed: bool) -> None:
    assert allows(("portal.example.org", ".example.com"), host) is allowed

"""Masters without workers, and mounts that are empty: servers that run and serve nobody."""

from dataclasses import replace
from typing import Any

import pytest
from recorded import File, case

from examples import RUNNING, SERVER, bind, up
from scaffolder.diagnose.evidence.facts import Health, Process, Socket
from scaffolder.diagnose.verdict.judge import judge

MASTER = Process(7, 1, "S", "nginx: master process nginx -c /etc/nginx/nginx.conf", 60)
WORKER = Process(9, 7, "S", "nginx: worker process", 60)
REFUSED = "[emerg] 9#9: setgid(33) failed (1: Operation not permitted)"
DIED = "[alert] 1#1: worker process 9 exited with fatal code 2 and cannot be respawned"
LOG = {"/var/log/nginx/error.log": File(f"{REFUSED}\n{DIED}\n".encode())}
WAITS = (Socket("0.0.0.0", 8080, waiting=4),)


def served(*running: Process, listening: tuple[Socket, ...] = WAITS, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    return up(listening, sources={"running": running}, **more)


def test_a_master_without_workers_says_why_in_its_log() -> None:
    config = {"capabilities_dropped": ("ALL",)}
    found = judge(case(**{**served(MASTER, config=config), "files": {**SERVER, **LOG}}))

    assert (found.cause, found.verdict) == ("workers-gone", "likely")
    assert REFUSED in found.text
    assert "CAP_SETUID and CAP_SETGID" in found.text
    assert "--cap-add SETUID --cap-add SETGID" in found.fix


def test_only_the_capability_is_named_that_was_dropped() -> None:
    config = {"capabilities_dropped": ("SETGID",)}
    found = judge(case(**{**served(MASTER, config=config), "files": {**SERVER, **LOG}}))

    assert "it needs CAP_SETGID, which" in found.text
    assert found.fix.startswith("grant it --cap-add SETGID, or")


def test_a_log_of_workers_that_ended_is_enough_where_nobody_waits() -> None:
    idle = served(MASTER, listening=(Socket("0.0.0.0", 8080),))
    checked = {**idle, "state": {**RUNNING, "health": Health("healthy")}}

    assert judge(case(**{**idle, "files": {**SERVER, **LOG}})).cause == "workers-gone"
    assert judge(case(**{**checked, "files": {**SERVER, **LOG}})).verdict == "healthy"


def test_without_a_log_or_a_dropped_capability_only_that_is_told() -> None:
    silent = judge(case(**served(MASTER)))
    granted = judge(case(**{**served(MASTER), "files": {**SERVER, **LOG}}))

    assert silent.cause == granted.cause == "workers-gone"
    assert REFUSED in granted.text
    assert "CAP_" not in granted.text + silent.text


@pytest.mark.parametrize(
    "example",
    [
        served(MASTER, WORKER),
        served(replace(MASTER, command="/app/server --role master")),
        served(MASTER, listening=(Socket("0.0.0.0", 8080),)),
        served(
            MASTER,
            listening=(Socket("0.0.0.0", 8080),),
            state={**RUNNING, "health": Health("healthy")},
        ),
    ],
    ids=["has a worker", "no master", "nobody waits", "its check succeeds"],
)
def test_a_server_that_is_at_work_has_its_workers(example: dict[str, Any]) -> None:
    assert judge(case(**example)).cause != "workers-gone"


SITES = bind("/srv/sites", "/etc/nginx/conf.d")
IN_IMAGE = {**SERVER, "/etc/nginx/conf.d/shop.conf": File(b"server { listen 8080; }")}


def hidden(listening: tuple[Socket, ...] = (), **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of a case
    example = up(listening, config={"mounts": (SITES,), **more.pop("config", {})})
    return {**example, "files": SERVER, "image_files": IN_IMAGE, **more}


def test_an_empty_mount_that_hides_what_a_server_serves_is_named() -> None:
    found = judge(case(**hidden()))

    assert (found.cause, found.verdict) == ("mount-empties", "likely")
    assert "hides /etc/nginx/conf.d/shop.conf, which is in the image" in found.text
    assert "not-listening" in dict(found.others)


def test_a_mount_whose_files_have_another_ending_is_named_with_them() -> None:
    other = {**SERVER, "/etc/nginx/conf.d/shop.nginx": File(b"server { listen 8080; }")}
    found = judge(case(**hidden(files=other)))

    assert found.cause == "mount-empties"
    assert "has only /etc/nginx/conf.d/shop.nginx, and hides /etc/nginx/conf.d/shop" in found.text


@pytest.mark.parametrize(
    "example",
    [
        hidden((Socket("0.0.0.0", 8080),)),
        hidden(config={"published": ()}),
        hidden(files={**SERVER, "/etc/nginx/conf.d/own.conf": File(b"server {}")}),
        hidden(image_files=SERVER),
        hidden(image_files={**SERVER, "/etc/nginx/conf.d/.gitkeep": File(b"")}),
        hidden(config={"mounts": ()}),
    ],
    ids=[
        "it listens",
        "nobody asks for it",
        "has such files",
        "hides nothing",
        "hides a mark",
        "no mount",
    ],
)
def test_a_mount_that_has_files_or_hides_none_is_not_blamed(example: dict[str, Any]) -> None:
    assert judge(case(**example)).cause != "mount-empties"


def test_whom_a_running_container_cannot_reach_is_told_and_is_no_fault() -> None:
    env = {"CACHE_URL": "redis://app-cache:6379"}
    network = {"networks": {"net": ""}, "network": "net", "published": ()}
    found = judge(case(**up(config={**network, "env": env}, log="worker starting")))
    without = judge(case(**up(config=network, log="worker starting")))

    assert found.verdict == without.verdict == "healthy"
    assert "may be trying to reach app-cache, which CACHE_URL names" in found.text
    assert "reach" not in without.text

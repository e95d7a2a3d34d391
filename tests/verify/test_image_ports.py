"""A service in a container, which is asked where its image says that it listens."""

from pathlib import Path

import pytest
from containers import IMAGE, remove_image, require_docker
from scripted import subject

from scaffolder.verify import images
from scaffolder.verify.container import Host, container
from scaffolder.verify.log import Log
from scaffolder.verify.outcome import Outcome, Result

ASKS = "import urllib.request; urllib.request.urlopen('http://127.0.0.1:{port}/health')"
CHECK = f'HEALTHCHECK --timeout=2s CMD ["python", "-c", "{ASKS}"]\n'
DOCKERFILE = f"""\
FROM {IMAGE}
ENV HOST=0.0.0.0
WORKDIR /tmp
COPY service.py /service.py
{CHECK}CMD ["python", "/service.py"]
"""


def verified(place: Path, dockerfile: str) -> list[Outcome]:
    """Verify the image of a scripted service; it is removed afterwards."""
    require_docker()
    found = subject(place, {"Dockerfile": dockerfile}, steps=())
    try:
        outcomes = []
        for outcome in container(Host(found, Log(place / "log"))):
            outcomes.append(outcome)
            if outcome.result is not Result.PASSED:
                break
        return outcomes
    finally:
        remove_image(images.name(found))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lines", "port"),
    [
        ("ENV PORT=9000\n", "9000"),
        ('EXPOSE 9000\nENTRYPOINT ["env", "PORT=9000"]\n', "9000"),
        ("EXPOSE 9000 9100 8080/udp\nENV PORT=9100\n", "9100"),
    ],
)  # fmt: skip
def test_a_service_is_asked_at_the_port_of_its_image(tmp_path: Path, lines: str, port: str) -> None:
    outcomes = verified(tmp_path, DOCKERFILE.format(port=port) + lines)

    assert [one.result for one in outcomes] == [Result.PASSED] * len(outcomes), outcomes[-1]


@pytest.mark.slow
def test_a_port_that_is_not_exposed_is_not_asked(tmp_path: Path) -> None:
    *_, last = verified(tmp_path, DOCKERFILE.format(port=9000) + "EXPOSE 8080\nENV PORT=9000\n")

    assert (last.step, last.result) == ("container start", Result.FAILED)


@pytest.mark.parametrize("without", ["", "HEALTHCHECK NONE\n"])
def test_an_image_without_a_health_check_is_not_waited_for(tmp_path: Path, without: str) -> None:
    dockerfile = DOCKERFILE.replace(CHECK, without) + "ENV PORT=8080\n"
    *_, last = verified(tmp_path, dockerfile)

    assert last.step == "container healthy"
    assert last.found == "its Dockerfile has no HEALTHCHECK, or NONE"
    assert last.seconds < 5

"""What stands around the code: containers, CI, ports, and the answers of other scaffolds."""

import re

from .sources import Fact, Sources

DOCKERFILE, IGNORE = "Dockerfile", ".dockerignore"
COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
CI = (".gitlab-ci.yml", ".travis.yml", "azure-pipelines.yml", "Jenkinsfile", ".circleci/config.yml")
SCAFFOLDS = (".cruft.json", ".cookiecutter.json", ".cookiecutter.yaml", ".cookiecutterrc")
HEALTH = re.compile(
    r"(?:/[\w.-]+)*/health(?:z|[-_]?check)?(?:/(?:live|ready))?/?|/(?:livez?|readyz?|ping)/?"
)
"""Routes that say how a service is: they are told of, and stay."""
PORTS = (
    ("Dockerfile", re.compile(r"^EXPOSE\s+(\d{2,5})|--port[=\", ]+(\d{2,5})|PORT=(\d{2,5})")),
    ("Procfile", re.compile(r"--port[= ](\d{2,5})")),
    ("Makefile", re.compile(r"--port[= ](\d{2,5})")),
)


def port(sources: Sources) -> Fact | None:
    """Return the port that the service's files name."""
    for path, pattern in PORTS:
        for number, line in sources.lines(path):
            if found := pattern.search(line):
                return Fact(next(filter(None, found.groups())), path, number)
    return None


def compose(sources: Sources) -> str:
    """Return the compose file that is there, or an empty text."""
    return next(iter(sources.named(COMPOSE)), "")


def ci(sources: Sources) -> list[Fact]:
    """Return what runs checks."""
    workflows = [path for path in sources.first if path.startswith(".github/workflows/")]
    return [Fact("CI", path) for path in [*workflows, *sources.named(CI)]]


def scaffolds(sources: Sources) -> list[Fact]:
    """Return the answers that other scaffolds update from: they stay as they are."""
    copier = [path for path in sources.first if re.fullmatch(r"\.copier-answers\..+\.ya?ml", path)]
    return [Fact("answers of another scaffold", p) for p in [*sources.named(SCAFFOLDS), *copier]]

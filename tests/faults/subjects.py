"""What faults are injected into: a service, as a plain process and in a container."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import rust_code
from containers import docker, remove_image, require_docker
from rust_code import INJECT

RUST_IMAGE = "debian:trixie-slim"
DOCKERFILE = f"""FROM {RUST_IMAGE}
WORKDIR /app
COPY orders /usr/local/bin/orders
USER 1000:1000
ENTRYPOINT ["/usr/local/bin/orders"]
"""
"""The program is one that was built outside, without what makes a release: that takes minutes."""

IMPORTING = ("--volume", f"{INJECT}:/inject:ro", "--env=PYTHONPATH=/inject")
"""Flags with which Python in a container imports what injects the code."""

Stages = tuple[str, ...]
Pristine = Callable[[Stages], Path]


@dataclass(frozen=True)
class Subject:
    """A service that has the code of the faults, or lets it in."""

    command: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the plain process."""
    image: str = ""
    flags: tuple[str, ...] = ()
    """Of `docker run`."""
    builds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Commands of programs that were built in another way."""


def python(service: Path, image: str = "") -> Subject:
    """Return a service in Python: it imports what injects the code."""
    path = f"{INJECT}:{service / 'src'}"
    return Subject((sys.executable, "-m", "orders"), {"PYTHONPATH": path}, image, IMPORTING)


def rust(stages: Stages, image: str = "") -> Subject:
    """Return a service in Rust: it is built with the code of the faults."""
    command = (str(rust_code.generated(stages)),)
    aborting = {} if stages else {"aborting": (str(rust_code.generated(aborting=True)),)}
    return Subject(command, image=image, builds=aborting)


class Subjects:
    """The services of one language, made once; their images are removed at the end."""

    def __init__(self, language: str, pristine: Pristine, stack: ExitStack) -> None:
        self.language = language
        self._pristine = pristine
        self._stack = stack
        self._images: dict[Stages, str] = {}

    def plain(self, stages: Stages = ()) -> Subject:
        return self._made(stages, "")

    def contained(self, stages: Stages = ()) -> Subject:
        require_docker()
        if stages not in self._images:
            self._images[stages] = self._stack.enter_context(self._built(stages))
        return self._made(stages, self._images[stages])

    def _made(self, stages: Stages, image: str) -> Subject:
        if self.language == "rust":
            return rust(stages, image)
        return python(self._pristine(stages), image)

    def _built(self, stages: Stages) -> AbstractContextManager[str]:
        if self.language == "rust":
            return image_of(rust_code.generated(stages))
        return built(self._pristine(stages))


@contextmanager
def subjects(language: str, pristine: Pristine) -> Iterator[Subjects]:
    with ExitStack() as stack:
        yield Subjects(language, pristine, stack)


@contextmanager
def image_of(binary: Path) -> Iterator[str]:
    """Build an image that has just a program and what it is linked to."""
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy2(binary, directory)
        Path(directory, "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
        with built(Path(directory)) as tag:
            yield tag


@contextmanager
def built(directory: Path) -> Iterator[str]:
    """Build an image; it is removed afterwards."""
    tag = f"viscaffold-test-{uuid4().hex[:12]}"
    docker("build", "--tag", tag, str(directory))
    try:
        yield tag
    finally:
        remove_image(tag)

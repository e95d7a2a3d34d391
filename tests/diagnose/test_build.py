"""Why a file of the directory that an image was built from is not in the image."""

from pathlib import Path

import pytest
from recorded import case

from examples import EXAMPLES, said, tried
from scaffolder.diagnose.docker import build_directory
from scaffolder.diagnose.evidence.build import Build, covers
from scaffolder.diagnose.evidence.config import Image
from scaffolder.diagnose.verdict.judge import judge
from scaffolder.errors import UsageError

FILE = "config/app.toml"
ALL = "FROM a\nCOPY . /app\n"
BUILT = """
FROM rust AS build
COPY --chown=1:1 Cargo.toml config/ \\
     /src/
FROM debian
COPY --from=build /src/orders /app/orders
"""


def built(dockerfile: str = ALL, ignored: str = "", files: tuple[str, ...] = (FILE,)) -> Build:
    return Build("/home/me/orders", files, dockerfile, ignored)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("config", FILE),
        ("/config/", FILE),
        ("*/app.toml", FILE),
        ("**/*.toml", FILE),
        ("**/*.toml", "app.toml"),
        ("**", FILE),
        ("*", "app.toml"),
        ("c?nfig/[a-c]pp.toml", FILE),
        (".", FILE),
    ],
)
def test_a_pattern_covers_a_file_and_what_is_below_it(pattern: str, path: str) -> None:
    assert covers(pattern, path)


@pytest.mark.parametrize(
    "pattern",
    ["*.toml", "app.toml", "conf", "config/app", "config/[z-a]", "x/**", "[^c]onfig", "**/other"],
)
def test_a_pattern_covers_nothing_else(pattern: str) -> None:
    assert not covers(pattern, FILE)


@pytest.mark.parametrize(
    "dockerfile", ["FROM a\nCOPY " + "[" * 100_000, "FROM a\n" + "COPY a b\n" * 60_000]
)
def test_a_dockerfile_of_any_kind_is_read_soon(dockerfile: str) -> None:
    assert not any(stage.takes(FILE) for stage in built(dockerfile).stages)


@pytest.mark.parametrize(
    "pattern", ["**/" * 50 + "x", "*a" * 90 + "b", "[[:alpha:]]x", "[", "[^c]onfig"]
)
def test_a_pattern_of_any_kind_is_matched_soon_and_without_a_warning(pattern: str) -> None:
    assert not covers(pattern, FILE.replace("config", "a" * 200))


@pytest.mark.parametrize(
    ("ignored", "line"),
    [
        ("config\n", (1, "config")),
        ("# config\n\n**/*.toml", (3, "**/*.toml")),
        ("*\n!config\nconfig/*.toml", (3, "config/*.toml")),
        ("*\n!config\n", None),
        ("target\n", None),
    ],
)
def test_the_last_line_that_is_about_a_file_decides(ignored: str, line: object) -> None:
    assert built(ignored=ignored).ignored_by(FILE) == line


@pytest.mark.parametrize(
    ("dockerfile", "ignored", "words"),
    [
        (ALL, "config\n", "line 1 of .dockerignore"),
        (BUILT, "", "only the stage build copies it"),
        ('FROM a\nADD ["src", "/app/"]', "", "no COPY of the Dockerfile takes it"),
    ],
)  # fmt: skip
def test_the_line_that_keeps_a_missing_file_out_is_named(
    dockerfile: str, ignored: str, words: str
) -> None:
    image = Image(built_from=built(dockerfile, ignored))
    found = judge(case(**EXAMPLES["kept-out-of-image"] | {"image": image}))
    silent = judge(case(**tried("openat\t-2\tp=/app/config/app.toml\tx=0", image=image)))

    assert (found.cause, found.verdict) == ("kept-out-of-image", "proven")
    assert (silent.cause, silent.verdict) == ("kept-out-of-image", "likely")
    assert words in found.text
    assert words in silent.text


@pytest.mark.parametrize(
    "build",
    [
        built(),
        built(BUILT + "FROM build AS dev\n"),
        built(ignored="config", files=("other.toml",)),
        built(ignored="a\nb", files=("a/app.toml", "b/app.toml")),
        built(dockerfile=""),
    ],
    ids=["taken", "by-an-earlier-stage", "not-there", "more-than-one", "no-stages"],
)  # fmt: skip
def test_a_file_that_the_build_takes_or_does_not_have_is_only_missing(build: Build) -> None:
    words = "FileNotFoundError: [Errno 2] No such file or directory: '/app/config/app.toml'"

    assert judge(case(**said(words, image=Image(built_from=build)))).cause == "file-missing"


def test_a_directory_is_read_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key").write_text("x")
    here = tmp_path / "orders"
    (here / "config").mkdir(parents=True)
    (here / FILE).write_text("x")
    (here / "Dockerfile").write_text(ALL)
    (here / "elsewhere").symlink_to(tmp_path / "secret")
    (here / ".dockerignore").symlink_to(tmp_path / "secret/key")

    assert build_directory.read(str(here)) == Build(str(here), ("Dockerfile", FILE), ALL, "")


def test_a_directory_without_a_dockerfile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no Dockerfile"):
        build_directory.read(str(tmp_path))

"""Templates in a folder of a repository, and tags with a prefix: real repositories, real git."""

from pathlib import Path

import pytest
from conftest import git, viscaffold
from teams import MakeTeam, tag, write

from scaffolder.errors import RefusedError, UsageError
from scaffolder.overlays.fetch import origin, tags
from scaffolder.overlays.fetch.origin import Origin

pytestmark = pytest.mark.slow

FOLDER = "templates/service"
OWNERS = f"{FOLDER}/template/python/.github/CODEOWNERS.jinja"


@pytest.fixture
def platform(team: MakeTeam, tmp_path: Path) -> Path:
    """Make a repository of several things, with versions of each."""
    team(name=f"platform/{FOLDER}")
    root = tmp_path / "platform"
    write(root, {"docs/README.md": "docs\n"})
    git(root, "init", "--quiet")
    for name in ("docs-7.3", "service/v1.0", "team-1.2.0"):
        tag(root, name)
    return root


def test_a_template_in_a_folder_is_made_and_updated_from(platform: Path) -> None:
    url = f"file://{platform}//{FOLDER}"
    ran = viscaffold("new", "orders", "--template", url, "--trust")
    assert ran.code == 0, ran.err
    answers = Path("orders/.copier-answers.yml").read_text(encoding="utf-8")
    tag(platform, "service/v1.1", {OWNERS: "* @acme/all\n"})
    tag(platform, "docs-9.0")
    git(Path("orders"), "status")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir("orders")
        checked = viscaffold("update", "--check")
        ran = viscaffold("update", "--to", "acme@v1.1")

    assert f"source: {url}\n" in answers
    assert "version: service/v1.0\n" in answers
    assert checked.code == 10
    assert "acme from service/v1.0 to service/v1.1" in checked.err
    assert ran.code == 0, ran.err
    assert Path("orders/.github/CODEOWNERS").read_text(encoding="utf-8") == "* @acme/all\n"


@pytest.mark.parametrize("source", ["{0}@team-1.2.0", "./platform//templates/service@team-1.2.0"])
def test_a_folder_of_a_checkout_with_a_tag_is_one_too(platform: Path, source: str) -> None:
    ran = viscaffold("new", "orders", "--template", source.format(platform / FOLDER), "--trust")

    assert ran.code == 0, ran.err
    assert f"from: {platform}//{FOLDER}" in ran.err


@pytest.mark.parametrize(
    ("source", "words", "instead"),
    [
        ("file://{0}@team-1.2.0", "has no viscaffold.yml in the top; there is one in templates/",
         "file://{0}//templates/service@team-1.2.0"),
        ("file://{0}//nowhere@team-1.2.0", "in the folder nowhere", "//templates/service@"),
        ("file://{0}", "has versions of several things: docs-, service/, team-", "say which: "),
        ("file://{0}//templates/service@service/v3", "has no tag service/v3; it has service/v1.0",
         "@service/v1.0"),
        ("file://{0}/templates/service@team-1.2.0", "the repository does not exist",
         "URL//FOLDER@TAG"),
    ],
)  # fmt: skip
def test_what_is_elsewhere_is_said(platform: Path, source: str, words: str, instead: str) -> None:
    ran = viscaffold("new", "orders", "--template", source.format(platform), "--trust")

    assert ran.code == 5
    assert words in ran.err
    assert instead.format(platform) in ran.err


@pytest.mark.parametrize(
    ("text", "url", "folder", "version"),
    [
        ("https://h/x.git@api/v1.0", "https://h/x.git", "", "api/v1.0"),
        ("https://h/x.git//a/b@1.0", "https://h/x.git", "a/b", "1.0"),
        ("https://ada:pw@h/x.git", "https://ada:pw@h/x.git", "", ""),
        ("https://h//x.git", "https://h//x.git", "", ""),
        ("https://h/@scope/x.git", "https://h/@scope/x.git", "", ""),
        ("git@h:x/y.git//a@a-1.0", "git@h:x/y.git", "a", "a-1.0"),
        ("ssh://git@h:22/x.git//a", "ssh://git@h:22/x.git", "a", ""),
        ("file:///x//a@v1", "file:///x", "a", "v1"),
    ],
)
def test_a_source_has_its_parts(text: str, url: str, folder: str, version: str) -> None:
    found = origin.parse(text)

    assert (found.url, found.folder, found.version) == (url, folder, version)
    assert origin.of(found.place, version).folder == folder


@pytest.mark.parametrize(
    "text",
    ["https://h/x//../y@1", "https://h/x//.git@1", "https://h/x@-1", "https://h/x@a..b",
     "https://[h/x", "-x//y", "https://h/x//a/../../b"],
)  # fmt: skip
def test_what_leads_elsewhere_is_no_source(text: str) -> None:
    with pytest.raises(UsageError):
        origin.parse(text)


@pytest.mark.parametrize(
    ("known", "folder", "current", "expected"),
    [
        (["1.0", "1.10", "1.9", "2.0rc1"], "", "", "1.10"),
        (["1.0", "a-9.0"], "", "", "1.0"),
        (["a-1.0", "a-v1.2"], "", "", "a-v1.2"),
        (["7.0", "service/v1.0", "service/v1.1"], "t/service", "", "service/v1.1"),
        (["7.0", "t/service/v1.0", "service-9"], "t/service", "", "t/service/v1.0"),
        (["a-1.0", "a-1.1", "b-9.0", "9.9"], "", "a-1.0", "a-1.1"),
        (["a-1.0rc1", "a-1.0rc2", "a-0.9"], "", "a-1.0rc1", "a-1.0rc2"),
        (["release-2024-01", "release-2024-02"], "", "", "release-2024-02"),
    ],
)
def test_the_newest_is_of_the_same_thing(
    known: list[str], folder: str, current: str, expected: str
) -> None:
    source = Origin("x", "x", folder)

    assert tags.newest(dict.fromkeys(known, ""), source, current) == expected


def test_without_a_version_there_is_none() -> None:
    with pytest.raises(RefusedError, match="has no tag that is a version"):
        tags.newest({"latest": "", "x-y": ""}, Origin("x", "x"))

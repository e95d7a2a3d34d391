"""Whatever a user does between the commands, in whatever order, no command loses any of it.

A state machine works on a service as a user does, with an editor and with git, and runs every
command in between. All that it writes carries a token of its own, `<mine-17>`. A token that a
command finds in the work tree or in the index has to be there afterwards; the user is free to take
it out. What is compared comes from the disk and from git, never from the code under test.

EXAMPLES is the number of examples, of all kinds of repositories together. A long run, with new
examples each time, in two processes:

    EXAMPLES=4000 .venv/bin/python -m pytest -n 2 tests/operations/test_nothing_lost.py

A counterexample is printed with its steps and what git and the commands said, and is tried first
in the next run. `--hypothesis-seed=NUMBER` makes a run repeatable; `--hypothesis-show-statistics`
shows how often each command ended in which way.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import pytest
from conftest import MEMORY, STAGES, File, Pristine, Ran, contents, git, viscaffold, walk
from hypothesis import HealthCheck, event, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from samples import FULL

from scaffolder.operations import making
from scaffolder.templates import releases  # to make services as earlier versions did
from scaffolder.templates.template import builtin, carried

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("EXAMPLES", "500" if FULL else "50"))
STEPS = 9

NEWEST = builtin().version
OLDER = [version for version in releases.digests() if version != NEWEST]
Start = tuple[str, tuple[str, ...]]
"""A version of the template, and stages."""

ANSWERS = ".copier-answers.yml"


@dataclass(frozen=True)
class Files:
    """The files of a service in one language where edits are interesting."""

    shared: Sequence[str]
    of_stages: Sequence[str]
    starts: Sequence[Start]


OF_BOTH = ["docs/stages", "docs/stages/api.md", "docs/stages/auth.md"]
FILES = {
    "python": Files(
        ["README.md", "compose.yaml", "pyproject.toml", "src/orders/stages/__init__.py"],
        [
            *OF_BOTH,
            "src/orders/stages/api",
            "src/orders/stages/api/items.py",
            "src/orders/stages/auth/routes.py",
            "src/orders/stages/logging",
            "src/orders/stages/logging/requests.py",
            "tests/stages/test_api.py",
        ],
        [
            *((NEWEST, stages) for stages in [(), ("api",), ("api", "auth"), ("logging",), STAGES]),
            *((version, ("api", "auth")) for version in OLDER),
        ],
    ),
    "rust": Files(
        ["README.md", "compose.yaml", "Cargo.toml", "src/stages/mod.rs", "src/lib.rs"],
        [
            *OF_BOTH,
            "Cargo.lock",
            "src/stages/api",
            "src/stages/api/mod.rs",
            "src/stages/auth/mod.rs",
            "src/stages/logging",
            "src/stages/logging/ids.rs",
            "tests/stage_api.rs",
        ],
        [(NEWEST, stages) for stages in [(), ("api",), ("api", "auth"), ("logging",), STAGES]],
    ),
}
NAMES = ["mine.txt", "-mine", 'my "own"\tfile', "new\nline", "größe.md", "mine.ignored", "new/mine"]
IGNORED = "*.ignored\nignored/\n"

TOKEN = re.compile(rb"<mine-\d+>")
MARKERS = re.compile(rb"^(<{7} |={7}\r?$|>{7} )[^\n]*\n?", re.MULTILINE)
THEIRS = re.compile(rb"^={7}\r?\n.*?^>{7} [^\n]*\n?", re.MULTILINE | re.DOTALL)

ABOUT_STAGES = re.compile(rb"stage|api|auth|logging", re.IGNORECASE)

ONCE = ("api", "auth", "logging")
"""The stages of older templates."""

READING = [("status",), ("status", "--json"), ("update", "--check")]
REFUSED = 5
CONFLICTS = 3


@dataclass(frozen=True)
class Snapshot:
    """All that a command might change, by the path in the repository."""

    files: dict[str, File]
    directories: dict[str, int]
    entries: dict[str, dict[str, tuple[str, str]]]
    refs: str
    outside: dict[str, File]
    kept: dict[str, File]
    staged: set[bytes]
    """The tokens in the index, but for those of paths with conflicts."""
    unsettled: set[bytes]

    @property
    def on_disk(self) -> set[bytes]:
        return tokens(content for _, _, content in self.files.values())

    @property
    def untracked(self) -> dict[str, File]:
        return {path: file for path, file in self.files.items() if path not in self.entries}

    @property
    def unmerged(self) -> set[str]:
        return {path for path, stages in self.entries.items() if set(stages) != {"0"}}

    def apart_from(self, prefix: str) -> list[dict[str, Any]]:
        """Return what is not the service's."""
        parts: list[dict[str, Any]] = [self.files, self.directories, self.entries]
        return [
            {path: found for path, found in part.items() if not f"{path}/".startswith(prefix)}
            for part in parts
        ]


def tokens(contents: Iterable[bytes]) -> set[bytes]:
    return {token for content in contents for token in TOKEN.findall(content)}


def try_git(cwd: Path, *args: str) -> bool:
    """Run a git command of the user's, which git may refuse."""
    ran = subprocess.run(["git", *args], cwd=cwd, capture_output=True, check=False)
    words = " ".join(repr(word) if re.search(r"[^\w./:=-]", word) else word for word in args)
    note(f"$ git {words}" + (f"  # exit {ran.returncode}" if ran.returncode else ""))
    return ran.returncode == 0


class Draw:
    """Choices, as the rules need them."""

    def __init__(self, data: st.DataObject) -> None:
        self._draw = data.draw

    def one(self, *choices: Any) -> Any:  # noqa: ANN401 - one of them
        return self._draw(st.sampled_from(choices))

    def number(self, highest: int) -> int:
        return self._draw(st.integers(0, highest))

    def some(self, choices: Sequence[str], most: int = 3) -> list[str]:
        listed = st.lists(st.sampled_from(choices), min_size=1, max_size=most, unique=True)
        return self._draw(listed)

    def often(self) -> bool:
        return self._draw(st.booleans())

    def seldom(self) -> bool:
        return self.number(7) == 7

    def words(self, *choices: Sequence[str]) -> str:
        """Return one word of one of the lists that are not empty."""
        return str(self.one(*self.one(*(words for words in choices if words))))


class Machine(RuleBasedStateMachine):
    """A user at work on a service in a repository of its own."""

    pristine: ClassVar[Pristine]
    place: ClassVar[Path]
    """Holds the starts that were made already."""
    prefix: ClassVar[str] = ""
    language: ClassVar[str] = "python"

    # --- Setting out ---

    @classmethod
    def build(cls, service: Path, top: Path) -> None:
        """Make the repository `top` with the files of `service`."""
        shutil.copytree(service, top, symlinks=True)

    @classmethod
    def copy(cls, made: Path, top: Path) -> None:
        """Copy what `build` made."""
        shutil.copytree(made, top, symlinks=True)

    @classmethod
    def start(cls, version: str, stages: tuple[str, ...]) -> Path:
        made = cls.place / "-".join([cls.__name__, version, *stages])
        if not made.exists():
            service = cls.pristine(stages, cls.language)
            if version != NEWEST:
                service = cls.place / "-".join(["old", version, *stages]) / "orders"
            if not service.exists():
                service.parent.mkdir()
                answers = {"name": "orders", "stages": list(stages)}
                template = carried(version)
                making.make(template, answers, service, commit="Start", within=None)
            cls.build(service, made)
        return made

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="lost-", dir=MEMORY if MEMORY.is_dir() else None))
        self.back = Path.cwd()
        self.top = self.home / "top"
        self.outside = self.home / "outside"
        self.service = self.top
        self.numbers = iter(range(1, 10_000))
        self.blobs: dict[str, set[bytes]] = {}
        self.changed = False
        self.conflicts = False
        self.written: set[str] = set()
        """What commands wrote, which is where it is interesting to edit."""

    @property
    def known(self) -> Files:
        return FILES[self.language]

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.made = self.start(*Draw(data).one(*self.known.starts))
        self.copy(self.made, self.top)
        self.outside.mkdir()
        (self.outside / "file").write_bytes(b"outside\n")
        self.service = self.top / self.prefix
        exclude = self.git_path("info/exclude")
        exclude.parent.mkdir(exist_ok=True)
        with exclude.open("a", encoding="utf-8") as rules:
            rules.write(IGNORED)
        git(self.top, "status")  # the copies are new files: let git note that they are the same
        self.kept = self.git_path("viscaffold/kept")
        self.lock = self.git_path("index.lock")
        os.chdir(self.service)

    def teardown(self) -> None:
        os.chdir(self.back)
        shutil.rmtree(self.home)

    def git_path(self, name: str) -> Path:
        return self.top / git(self.top, "rev-parse", "--git-path", name).rstrip("\n")

    # --- What there is ---

    def look(self) -> Snapshot:
        files, directories = contents(self.top)
        lines = git(self.top, "ls-files", "--stage", "-z").split("\0")[:-1]
        entries: dict[str, dict[str, tuple[str, str]]] = {}
        for line in lines:
            about, _, path = line.partition("\t")
            mode, oid, stage = about.split(" ")
            entries.setdefault(path, {})[stage] = (mode, oid)
        staged: set[bytes] = set()
        unsettled: set[bytes] = set()
        self.learn({oid for stages in entries.values() for _, oid in stages.values()})
        for stages in entries.values():
            for stage, (_, oid) in stages.items():
                (staged if stage == "0" else unsettled).update(self.blobs[oid])
        refs = git(self.top, "for-each-ref", "--format=%(HEAD) %(refname) %(objectname)")
        outside, kept = contents(self.outside)[0], contents(self.kept)[0]
        return Snapshot(files, directories, entries, refs, outside, kept, staged, unsettled)

    def learn(self, oids: set[str]) -> None:
        """Find out which tokens are in blobs."""
        asked = sorted(oids - self.blobs.keys())
        command = ["git", "cat-file", "--batch"]
        stdin = "".join(f"{oid}\n" for oid in asked).encode()
        answer = subprocess.run(command, cwd=self.top, input=stdin, capture_output=True, check=True)
        rest = answer.stdout
        for oid in asked:
            header, _, rest = rest.partition(b"\n")
            assert header.split()[1] == b"blob", header
            size = int(header.split()[2])
            self.blobs[oid] = tokens([rest[:size]])
            rest = rest[size + 1 :]

    def paths(self, kind: str = "file") -> list[str]:
        """Return the service's files, directories or links, but for the answers."""
        found = []
        for path, entry in walk(self.service):
            is_dir = entry.is_dir(follow_symlinks=False)
            name = "link" if entry.is_symlink() else "directory" if is_dir else "file"
            if name == kind and path != ANSWERS:
                found.append(path)
        return found

    def tracked(self) -> list[str]:
        listed = git(self.service, "ls-files", "-z").split("\0")[:-1]
        return [path for path in dict.fromkeys(listed) if path != ANSWERS]

    def unmerged(self) -> list[str]:
        listed = git(self.service, "ls-files", "--unmerged", "-z").split("\0")[:-1]
        return list(dict.fromkeys(line.partition("\t")[2] for line in listed))

    def a_file(self, draw: Draw) -> str:
        """Draw a file, rather one that commands write, too; the service is never without any."""
        found = self.paths()
        shared = [path for path in found if path in self.known.shared]
        written = [path for path in found if path in self.written]
        return draw.words(shared, written, found)

    # --- The user edits ---

    def token(self) -> bytes:
        return f"<mine-{next(self.numbers)}>".encode()

    def text(self, lines: int = 1) -> bytes:
        return b"".join(b"# " + self.token() + b"\n" for _ in range(lines))

    def free(self, path: str) -> bool:
        """Tell whether there is nothing at `path`, and directories above it could be made."""
        above = [self.service / parent for parent in list(PurePosixPath(path).parents)[:-1]]
        return not os.path.lexists(self.service / path) and not any(
            place.is_symlink() or (place.exists() and not place.is_dir()) for place in above
        )

    def put(self, path: str, content: bytes) -> None:
        note(f"$ write {path!r}: {content[:60]!r}")
        (self.service / path).parent.mkdir(parents=True, exist_ok=True)
        (self.service / path).write_bytes(content)

    def remove(self, path: str) -> None:
        note(f"$ rm -r {path!r}")
        place = self.service / path
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink()

    def link(self, path: str, target: str) -> None:
        note(f"$ ln -s {target!r} {path!r}")
        (self.service / path).symlink_to(target)

    @rule(data=st.data(), times=st.integers(1, 4))
    def edit(self, data: st.DataObject, times: int) -> None:
        self.do_edit(Draw(data), times)

    def do_edit(self, draw: Draw, times: int) -> None:
        for _ in range(times):
            if not self.paths():
                break
            draw.one(
                self.edit_lines,
                self.edit_lines,
                self.edit_lines,
                self.rewrite_a_file,
                self.change_what_a_file_is,
                self.add_files,
                self.add_files,
                self.move_a_file,
                self.change_a_directory,
                self.delete_files,
                self.edit_the_answers,
            )(draw)

    def edit_lines(self, draw: Draw) -> None:
        path = self.a_file(draw)
        content = (self.service / path).read_bytes()
        lines = content.splitlines(keepends=True)
        about = [at for at, line in enumerate(lines) if ABOUT_STAGES.search(line)]
        at = draw.one(*about) if about and draw.often() else draw.number(len(lines))
        gone = draw.one(0, 1, 3, 1000)
        mine = self.text(draw.one(1, 3, 0))
        if b"\r\n" in content:
            mine = mine.replace(b"\n", b"\r\n")
        self.put(path, b"".join([*lines[:at], mine, *lines[at + gone :]]))

    def edit_the_answers(self, draw: Draw) -> None:
        lines = (self.service / ANSWERS).read_bytes().splitlines(keepends=True)
        eol = b"\r\n" if draw.seldom() else b"\n"
        kept = [line.rstrip(b"\r\n") + eol for line in lines]
        kept.insert(draw.number(len(lines)), b"#" + eol)
        self.put(ANSWERS, b"".join(kept))

    def rewrite_a_file(self, draw: Draw) -> None:
        path = self.a_file(draw)
        content = (self.service / path).read_bytes()
        lf = content.replace(b"\r\n", b"\n")
        binary = b"\0\xff\n" + self.token() + bytes(range(256))
        cut = content.rstrip(b"\r\n") + b"\n# " + self.token()
        self.put(path, draw.one(self.text(3), binary, cut, lf.replace(b"\n", b"\r\n"), lf))

    def change_what_a_file_is(self, draw: Draw) -> None:
        path, token = self.a_file(draw), self.token().decode()
        place = self.service / path
        what = draw.one("executable", "private", "touched", "inside", "outside", "away", "folder")
        note(f"$ make {path!r} {what}")
        match what:
            case "executable" | "private":
                place.chmod(place.stat().st_mode ^ (0o111 if what == "executable" else 0o044))
                return
            case "touched":
                os.utime(place, (1, 1))
                return
        self.remove(path)
        match what:
            case "inside":
                self.put(str(PurePosixPath(path).with_name(token)), self.text())
                self.link(path, token)
            case "outside":
                (self.outside / token).write_bytes(b"outside, too\n")
                self.link(path, str(self.outside / token))
            case "away":
                self.link(path, f"../nowhere/{token}")
            case "folder":
                self.put(f"{path}/mine.txt", self.text())

    def move_a_file(self, draw: Draw) -> None:
        path = self.a_file(draw)
        parent, number = PurePosixPath(path).parent, next(self.numbers)
        into = draw.one(f"{path}.{number}", f"moved-{number}/{PurePosixPath(path).name}", *NAMES)
        target = str(parent / into) if into in NAMES else into
        way = draw.one("mv", "git mv", "cp", "swap")
        if way == "swap":
            other = self.a_file(draw)
            note(f"$ swap {path!r} {other!r}")
            first, second = (self.service / path).read_bytes(), (self.service / other).read_bytes()
            (self.service / path).write_bytes(second)
            (self.service / other).write_bytes(first)
        elif self.free(target):
            (self.service / target).parent.mkdir(parents=True, exist_ok=True)
            if way == "git mv" and try_git(self.service, "mv", "--", path, target):
                return
            note(f"$ {way} {path!r} {target!r}")
            shutil.copy2(self.service / path, self.service / target)
            if way != "cp":
                (self.service / path).unlink()

    def change_a_directory(self, draw: Draw) -> None:
        found = self.paths("directory")
        if not found:
            return
        path, number = draw.one(*found), next(self.numbers)
        place = self.service / path
        way = draw.one("mv", "git mv", "rm", "git rm", "link", "file")
        target = draw.one(f"{path}-{number}", f"moved-{number}", f"moved-{number}/in/here")
        match way:
            case "rm":
                self.remove(path)
            case "git rm":
                try_git(self.service, "rm", "-r", "--force", "--quiet", "--", path)
            case "file":
                self.remove(path)
                self.put(path, self.text())
            case "link":
                away = self.outside / f"moved-{number}"
                note(f"$ mv {path!r} {away}")
                shutil.move(place, away)
                self.link(path, str(away))
            case _:
                (self.service / target).parent.mkdir(parents=True, exist_ok=True)
                if way == "git mv" and try_git(self.service, "mv", "--", path, target):
                    return
                note(f"$ mv {path!r} {target!r}")
                place.rename(self.service / target)

    def add_files(self, draw: Draw) -> None:
        folders = [*self.paths("directory"), "."]
        beside = [str(PurePosixPath(draw.one(*folders), name)) for name in NAMES]
        gone = sorted(self.written - {*self.paths()})
        for _ in range(draw.one(1, 2)):
            path = draw.words(self.known.of_stages, beside, gone)
            if not self.free(path):
                continue
            if draw.seldom():
                self.link(path, "/nowhere/" + self.token().decode()) if "/" not in path else None
            else:
                self.put(path, draw.one(self.text(2), b"\0" + self.token()))
            if draw.seldom():
                note(f"$ ignore {path!r}")
                with self.git_path("info/exclude").open("a", encoding="utf-8") as rules:
                    rules.write(f"/{self.prefix}{path}\n")

    def delete_files(self, draw: Draw) -> None:
        for _ in range(draw.one(1, 2)):
            path = self.a_file(draw)
            if draw.often():
                self.remove(path)
            else:
                options = draw.one(["--force"], ["--cached", "--force"])
                try_git(self.service, "rm", "--quiet", *options, "--", path)

    # --- The user works with git ---

    @rule(data=st.data())
    def use_git(self, data: st.DataObject) -> None:
        draw = Draw(data)
        way = draw.one(
            "add all", "add", "intend", "unstage", "restore", "reset", "gc",
            "commit all", "commit staged", "commit",
        )  # fmt: skip
        found = self.paths() if way in ("add", "intend") else [ANSWERS, *self.tracked()]
        some = draw.some(found or ["."])
        commit = ["commit", "--quiet", "--message", "mine"]
        if way.endswith(" all"):
            try_git(self.service, "add", "--all")
        match way:
            case "add":
                try_git(self.service, "add", "--", *some)
            case "intend":
                try_git(self.service, "add", "--intent-to-add", "--", *some)
            case "unstage":
                try_git(self.service, "restore", "--staged", "--", *some)
            case "restore":
                try_git(self.service, "restore", "--", *some)
            case "reset":
                try_git(self.service, "reset", "--quiet")
            case "gc":
                try_git(self.service, "gc", "--quiet", "--prune=now")
            case "commit all" | "commit staged":
                try_git(self.service, *commit)
            case "commit":
                try_git(self.service, *commit, "--", *some)

    @precondition(lambda self: self.conflicts)
    @rule(data=st.data())
    def settle_conflicts(self, data: st.DataObject) -> None:
        draw = Draw(data)
        for path in self.unmerged():
            place = self.service / path
            regular = place.is_file() and not place.is_symlink()
            way = draw.one("edit", "ours in it", "--ours", "--theirs", "--merge", "add", "rm", "no")
            if way in ("edit", "ours in it") and regular:
                content = place.read_bytes()
                if way == "ours in it":
                    content = THEIRS.sub(b"", content)
                self.put(path, MARKERS.sub(b"", content))
            elif way.startswith("--"):
                try_git(self.service, "checkout", "--quiet", way, "--", path)
            if way == "rm":
                try_git(self.service, "rm", "--quiet", "--", path)
            elif way == "add" or (way != "no" and draw.often()):
                try_git(self.service, "add", "--all", "--", path)

    # --- The commands ---

    @rule(data=st.data())
    def change_stages(self, data: st.DataObject) -> None:
        """Add, remove or update, and sometimes take it back at once, which has to be exact."""
        draw = Draw(data)
        self.do_edit(draw, draw.number(3))
        self.get_ready(draw)
        command = self.a_change(draw)
        before = self.look()
        ran = self.rehearsed(draw, *command)
        self.conflicts = self.conflicts or ran.code == CONFLICTS
        ways = [["undo"], [command[0], "--abort"]] if ran.code == CONFLICTS else [["undo"]]
        self.changed = self.changed or (ran.code != REFUSED and self.look() != before)
        if ran.code != REFUSED and self.look() != before and draw.seldom():
            back = self.run(*draw.one(*ways), "--json")
            after = self.look()
            assert back.code == 0, back.err
            assert after.files == before.files
            assert after.entries == before.entries
            assert after.kept == before.kept

    def get_ready(self, draw: Draw) -> None:
        """Have changes staged, or not, so that the command is not refused all the time."""
        ready = draw.one("add", "commit", "commit", "no")
        if ready != "no" and not self.unmerged():
            try_git(self.service, "add", "--all")
            if ready == "commit":
                try_git(self.service, "commit", "--quiet", "--message", "mine")

    def a_change(self, draw: Draw) -> list[str]:
        status = viscaffold("status", "--json").json()
        there, version = status["stages"], status["template"]
        if version["version"] != version["newest"] and draw.often():
            return ["update", *draw.one([], ["--to", version["newest"]])]
        known = STAGES if version["version"] == version["newest"] else ONCE
        absent = [name for name in known if name not in there]
        match draw.one("add", "remove", "whatever"):
            case "add" if absent:
                return ["add-stage", *draw.some(absent)]
            case "remove" if there:
                return ["remove-stage", *draw.some(there), "--with-dependents", "--keep-data"]
        return [*draw.one(["add-stage"], ["remove-stage", "--keep-data"]), *draw.some(known)]

    @precondition(lambda self: self.changed)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        self.rehearsed(Draw(data), "undo")

    @precondition(lambda self: self.conflicts)
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        draw = Draw(data)
        command = draw.one("add-stage", "remove-stage", "update")
        self.rehearsed(draw, command, draw.one("--continue", "--abort"))

    @rule(data=st.data())
    def only_look(self, data: st.DataObject) -> None:
        match Draw(data).one("status", "check", "mistyped", "update", "undo", "abort", "continue"):
            case "status":
                status = self.run("status", "--json").json()
                assert sorted(status["conflicts"]) == sorted(self.unmerged())
            case "check":
                assert self.run("update", "--check", codes=(0, 10)).code in (0, 10)
            case "mistyped":
                assert self.run("add-stage", "apl", codes=(2,)).code == 2
            case "update" | "undo" as command:
                self.run(command, "--dry-run")
            case option:
                self.run("remove-stage", f"--{option}", "--dry-run")

    def rehearsed(self, draw: Draw, *command: str) -> Ran:
        """Run a command, sometimes after a dry run, which has to come to the same."""
        dry = self.run(*command, "--dry-run", "--json") if draw.often() else None
        where = draw.words(["."], [".", *self.paths("directory")])
        ran = self.run(*command, "--json", where=where)
        if dry is not None:
            assert dry.code == ran.code, (dry.err, ran.err)
            if ran.code == 0 and dry.json()["tree"] is not None:
                prefix = [f"--prefix={self.prefix}"] if self.prefix else []
                assert git(self.top, "write-tree", *prefix).strip() == dry.json()["tree"]
        return ran

    def run(
        self, *command: str, codes: tuple[int, ...] = (0, CONFLICTS, REFUSED), where: str = "."
    ) -> Ran:
        """Run a command and check all that must hold after any."""
        before = self.look()
        os.chdir(self.service / where)
        try:
            ran = viscaffold(*command)
        finally:
            os.chdir(self.service)
        note(f"$ viscaffold {' '.join(command)}  # exit {ran.code}, in {where}\n{ran.err}")
        name = next((word for word in ("undo", "--abort", "--continue") if word in command), "do")
        dry = "--dry-run" in command
        event(f"{command[0]} {name}{' (dry)' if dry else ''}: exit {ran.code}")
        after = self.look()

        assert ran.code in codes, ran.err
        assert not self.lock.exists()
        if dry or ran.code not in (0, CONFLICTS) or command in READING:
            assert after == before
            return ran
        assert after.refs == before.refs
        assert after.outside == before.outside
        assert after.apart_from(self.prefix) == before.apart_from(self.prefix)
        if before.unmerged and name == "do":  # not refused where there is nothing to do
            assert after == before
            return ran
        assert (ran.code == CONFLICTS) == bool(after.unmerged), ran.err
        self.check_tokens(name, before, after)
        self.check_files(name, before, after, ran.json())
        git(self.top, "fsck", "--connectivity-only", "--no-dangling")
        return ran

    def check_tokens(self, name: str, before: Snapshot, after: Snapshot) -> None:
        """Nothing is lost.

        What a conflict's entries hold, and the work tree does not, the user has decided against.
        """
        if name == "--abort":
            found = after.on_disk | after.staged | after.unsettled
            found |= tokens(content for _, _, content in after.kept.values())
            assert before.on_disk | before.staged <= found
            return
        assert before.on_disk <= after.on_disk
        assert before.staged <= after.staged | after.unsettled

    def check_files(self, name: str, before: Snapshot, after: Snapshot, told: Any) -> None:  # noqa: ANN401 - a document
        """Nothing is changed that is not git's, or without a word."""
        said = {self.prefix + entry["path"] for entry in [*told["files"], *told["conflicts"]]}
        paths = before.files.keys() | after.files.keys()
        changed = {path for path in paths if before.files.get(path) != after.files.get(path)}
        assert changed <= said if name != "--continue" else not changed
        self.written |= {path.removeprefix(self.prefix) for path in said} - {ANSWERS}
        back = name in ("undo", "--abort")
        for path, file in before.untracked.items():
            if not (back and path in said):
                assert after.untracked.get(path) == file, path
        for path in paths if name != "--abort" else ():
            old, new = before.files.get(path), after.files.get(path)
            if old and new and old[0] == new[0]:
                assert old[1] & 0o100 == new[1] & 0o100, path
        assert before.kept.items() <= after.kept.items()
        aside = {Path(entry["copy"]) for entry in told["kept_aside"]}
        assert aside == {self.kept / path for path in after.kept.keys() - before.kept.keys()}


class InAMonorepo(Machine):
    """The service is a directory of a repository that holds other things, too."""

    prefix = "services/orders/"

    @classmethod
    def build(cls, service: Path, top: Path) -> None:
        fill(service, top / cls.prefix)
        (top / "README.md").write_bytes(b"All our services\n")
        (top / "services/mine.ignored").write_bytes(b"ignored\n")
        begin(top)


class WithConvertedLines(Machine):
    """The work tree has CRLF where git has LF."""

    @classmethod
    def build(cls, service: Path, top: Path) -> None:
        fill(service, top)
        begin(top, settings=["core.autocrlf=true"])
        for path in git(top, "ls-files", "-z").split("\0")[:-1]:
            (top / path).unlink()
        git(top, "checkout", "--", ".")


class InALinkedWorktree(Machine):
    """The repository names objects by SHA-256, and the service is in a second work tree of it."""

    @classmethod
    def build(cls, service: Path, top: Path) -> None:
        fill(service, top)
        begin(top, "--object-format=sha256")

    @classmethod
    def copy(cls, made: Path, top: Path) -> None:
        main = top.with_name("main")
        shutil.copytree(made, main, symlinks=True)
        git(main, "worktree", "add", "--quiet", "-b", "second", str(top))


class InRust(Machine):
    """The service is in Rust; its lock is not the template's."""

    language = "rust"


def fill(service: Path, target: Path) -> None:
    shutil.copytree(service, target, symlinks=True, ignore=shutil.ignore_patterns(".git"))


def begin(top: Path, *options: str, settings: Sequence[str] = ()) -> None:
    """Make a repository of the files in `top`."""
    git(top, "init", "--quiet", *options)
    for setting in settings:
        git(top, "config", *setting.split("="))
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message", "Start")


MACHINES = [Machine, InAMonorepo, WithConvertedLines, InALinkedWorktree, InRust]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.__name__)
def test_no_command_loses_what_the_user_did(
    machine: type[Machine],
    pristine: Pristine,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "pristine", staticmethod(pristine), raising=False)
    monkeypatch.setattr(machine, "place", tmp_path_factory.mktemp("starts"), raising=False)
    checks = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
    share = -(-EXAMPLES // len(MACHINES))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=share, stateful_step_count=STEPS, suppress_health_check=checks
        ),
    )

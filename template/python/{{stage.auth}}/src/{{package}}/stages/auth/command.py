"""Manage the users who can log in."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from ... import config
from ...runtime.stdio import printed
from . import users_file
from .settings import Settings
from .store import opened, require_usable
from .users import User, UserError, Users, UsersError, check, check_password

FAILED, INTERRUPTED = 1, 130


def run(words: Sequence[str]) -> int:
    """Run the command; return the exit status. What fails has its reason on stderr."""
    asked = _parse(words)
    try:
        config.read(Settings)
        result, problems = _run(asked)
    except config.ConfigError as error:
        return _refuse("\n".join(f"setting {problem}" for problem in error.problems))
    except (UserError, UsersError) as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    is_printed = printed(result)
    if problems:
        return _refuse("\n".join(problems))
    return 0 if is_printed else FAILED


def _parse(words: Sequence[str]) -> argparse.Namespace:
    prog = f"python -m {__name__.partition('.')[0]} auth"
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="add a user, or change password and scopes of one")
    add.add_argument("name")
    add.add_argument("--scope", action="append", default=[], help="a scope; repeatable")
    remove = commands.add_parser("remove", help="remove a user")
    remove.add_argument("name")
    commands.add_parser("list", help="list the users and their scopes")
    into = commands.add_parser("import", help="add the users in a file: all of them, or none")
    into.add_argument("file", type=Path)
    out = commands.add_parser("export", help="write the users into a new file")
    out.add_argument("file", type=Path)
    return parser.parse_args(words)


def _run(asked: argparse.Namespace) -> tuple[str, list[str]]:
    """Do it; return what to print, and what is wrong with users that were left out."""
    source = None
    if asked.command == "add":
        check(asked.name, asked.scope)
    elif asked.command == "import":
        asked.users, source = users_file.read(asked.file), asked.file
    # Before it asks for a password, or makes anything.
    asyncio.run(require_usable(adds=asked.command in {"add", "import"}, source=source))
    if asked.command == "add":
        asked.password = _password()
        check_password(asked.password)
    return asyncio.run(_done(asked))


async def _done(asked: argparse.Namespace) -> tuple[str, list[str]]:
    async with opened() as store:
        if asked.command in {"list", "export"}:
            every, damaged = await store.every()
            return _export(asked.file, every) if "file" in asked else _list(every), damaged
        return await _changed(asked, Users(store)), []


async def _changed(asked: argparse.Namespace, users: Users) -> str:
    if asked.command == "add":
        await users.add(asked.name, asked.password, asked.scope)
        return f"added {asked.name}\n"
    if asked.command == "remove":
        await users.remove(asked.name)
        return f"removed {asked.name}\n"
    renamed = await users.add_new(asked.users, asked.file)
    called = f"; it is called {renamed} now" if renamed else ""
    return f"imported {len(asked.users)} from {asked.file}{called}\n"


def _list(users: dict[str, User]) -> str:
    return "".join(f"{' '.join((name, *users[name].scopes))}\n" for name in sorted(users))


def _export(path: Path, users: dict[str, User]) -> str:
    try:
        users_file.create(path, users)
    except FileExistsError:
        raise UserError(f"{path} is there already, and stays as it is") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    return f"exported {len(users)} to {path}\n"


def _password() -> str:
    """Ask twice on a terminal; otherwise read one line of standard input."""
    try:
        if not sys.stdin.isatty():
            # As bytes: some locales have text for bytes that are none.
            return sys.stdin.buffer.readline().decode().rstrip("\r\n")
        first, second = getpass.getpass("Password: "), getpass.getpass("Again: ")
        first.encode()
    except (EOFError, UnicodeError):
        raise UserError("that was no password: the input ended, or was no text") from None
    if first != second:
        raise UserError("the two passwords differ")
    return first


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return FAILED

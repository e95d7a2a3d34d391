"""Manage the users who can log in."""

import argparse
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from ... import config
from . import Settings
from .users import UserError, Users, UsersFileError, check

EXIT_FAILED = 1


def main(args: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 with the reason on stderr."""
    asked = _parse(args)
    try:
        done = _run(Users(Path(config.read(Settings).users_file)), asked)
    except config.ConfigError as error:
        return _failed(*(f"setting {problem}" for problem in error.problems))
    except (UserError, UsersFileError) as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(f"the users cannot be written: {error}")
    sys.stdout.write(done)
    return 0


def _failed(*lines: str) -> int:
    sys.stderr.writelines(f"{line}\n" for line in lines)
    return EXIT_FAILED


def _parse(args: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="add a user, or give one a new password and scopes")
    add.add_argument("name")
    add.add_argument("--scope", action="append", default=[], help="what it may do; repeatable")
    remove = commands.add_parser("remove", help="remove a user")
    remove.add_argument("name")
    commands.add_parser("list", help="list the users and their scopes")
    return parser.parse_args(args)


def _run(users: Users, asked: argparse.Namespace) -> str:
    if asked.command == "add":
        check(asked.name, asked.scope)  # before the question for the password
        users.add(asked.name, _password(), asked.scope)
        return f"added {asked.name}\n"
    if asked.command == "remove":
        users.remove(asked.name)
        return f"removed {asked.name}\n"
    return "".join(f"{' '.join((name, *(users.scopes(name) or ())))}\n" for name in users.names())


def _password() -> str:
    """Ask twice on a terminal; else take one line of standard input."""
    try:
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\r\n")
        first = getpass.getpass("Password: ")
        second = getpass.getpass("Again: ")
    except (EOFError, UnicodeDecodeError):
        raise UserError("that was no password: the input ended, or was no text") from None
    if first != second:
        raise UserError("the two were not the same")
    return first


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

"""Manage the users who can log in."""

import argparse
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from ... import config
from . import Settings
from .users import UserError, Users, UsersFileError, check


def main(args: Sequence[str] | None = None) -> None:
    """Run the command; exit with status 1 and the reason on stderr if it fails."""
    asked = _parse(args)
    try:
        done = _run(Users(Path(config.read(Settings).users_file)), asked)
    except config.ConfigError as error:
        sys.exit("\n".join(f"setting {problem}" for problem in error.problems))
    except (UserError, UsersFileError) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"the users cannot be written: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    sys.stdout.write(done)


def _parse(args: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="add a user, or change password and scopes of one")
    add.add_argument("name")
    add.add_argument("--scope", action="append", default=[], help="a scope; repeatable")
    remove = commands.add_parser("remove", help="remove a user")
    remove.add_argument("name")
    commands.add_parser("list", help="list the users and their scopes")
    return parser.parse_args(args)


def _run(users: Users, asked: argparse.Namespace) -> str:
    if asked.command == "add":
        check(asked.name, asked.scope)  # before asking for the password
        users.add(asked.name, _password(), asked.scope)
        return f"added {asked.name}\n"
    if asked.command == "remove":
        users.remove(asked.name)
        return f"removed {asked.name}\n"
    return "".join(f"{' '.join((name, *(users.scopes(name) or ())))}\n" for name in users.names())


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


if __name__ == "__main__":
    main()

"""Manage users: add NAME, remove NAME, list."""

import argparse
import getpass
import os
import sys
from pathlib import Path

from .users import DEFAULT_FILE, UserError, Users, UsersFileError

EXIT_FAILED = 1


def main() -> int:
    """Run the command; return 0, or 1 with the reason on stderr."""
    asked = _parse()
    users = Users(Path(os.environ.get("AUTH_USERS_FILE", DEFAULT_FILE)))
    try:
        done = _run(users, asked)
    except (UserError, UsersFileError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_FAILED
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return EXIT_FAILED
    sys.stdout.write(done)
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="add a user, or give one a new password and scopes")
    add.add_argument("name")
    add.add_argument("--scope", action="append", default=[], help="what it may do; repeatable")
    remove = commands.add_parser("remove", help="remove a user")
    remove.add_argument("name")
    commands.add_parser("list", help="list the users and their scopes")
    return parser.parse_args()


def _run(users: Users, asked: argparse.Namespace) -> str:
    if asked.command == "add":
        users.add(asked.name, _password(), tuple(asked.scope))
        return f"added {asked.name}\n"
    if asked.command == "remove":
        users.remove(asked.name)
        return f"removed {asked.name}\n"
    return "".join(f"{' '.join((name, *(users.scopes(name) or ())))}\n" for name in users.names())


def _password() -> str:
    """Ask twice on a terminal; else take one line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().removesuffix("\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise UserError("the two were not the same")
    return first


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

"""Migrate the schema of the database, say how far it has come, and move what is in it."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from ... import config
from ...runtime import EXIT_CONFIG
from ...runtime.database import migrating
from ...runtime.database.address import Address, NoDatabaseError, address, existing
from ...runtime.database.exporting import export
from ...runtime.database.failures import FAILURES, reason
from ...runtime.database.importing import import_
from ...runtime.database.migrations import NONE, MigrationError, Part, State
from ...runtime.database.schema import misfit
from ...runtime.database.tables import Refused
from ...runtime.stdio import printed
from .parts import known
from .settings import Settings

FAILED, USAGE, MISSING, NEWER, REFUSED, NO_DATABASE, INTERRUPTED = 1, 2, 3, 4, 5, 6, 130
MOVES = {
    "export": "write the tables of the stages, or of one, into files",
    "import": "read them from the files of an export",
}


def run(words: Sequence[str]) -> int:
    """Run the command; return the exit status. What fails has its reason on stderr."""
    parts = known()
    asked = _parse(words, parts)
    try:
        return asyncio.run(_run(config.read(Settings), parts, asked))
    except config.ConfigError as error:
        status = NO_DATABASE if isinstance(error, NoDatabaseError) else EXIT_CONFIG
        return _refuse("\n".join(f"setting {problem}" for problem in error.problems), status)
    except MigrationError as error:
        return _refuse(f"a migration has failed: {error}", FAILED)
    except Refused as error:
        return _refuse(f"nothing was {asked.command}ed: {error}", REFUSED)
    except FAILURES as error:
        return _refuse(f"the database cannot be used: {reason(error)}", FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


def _parse(words: Sequence[str], parts: list[Part]) -> argparse.Namespace:
    prog = f"python -m {__name__.partition('.')[0]} db"
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("upgrade", help="apply the migrations that the database lacks")
    back = commands.add_parser("downgrade", help="take back migrations, with the data in them")
    back.add_argument("stage", choices=[part.name for part in parts])
    back.add_argument("number", nargs="?", default=NONE, help="the last that stays (default: none)")
    commands.add_parser("status", help="tell which migrations the database has")
    for command, about in MOVES.items():
        move = commands.add_parser(command, help=about)
        move.add_argument("directory", type=Path)
        move.add_argument("stage", nargs="?", choices=[part.name for part in parts])
    asked = parser.parse_args(words)
    if asked.command == "downgrade":
        asked.part = next(part for part in parts if part.name == asked.stage)
        asked.number = asked.number.zfill(len(NONE))
        if asked.number not in (NONE, *asked.part.modules):
            back.error(f"{asked.stage} has no migration {asked.number}")
    return asked


async def _run(settings: Settings, parts: list[Part], asked: argparse.Namespace) -> int:
    makes = asked.command == "upgrade"
    where = address(settings.url) if makes else existing(settings.url)
    wait = settings.wait_seconds
    found = await migrating.states(where, parts, wait)
    if asked.command == "status":
        return _tell(found)
    if any(state.is_newer for state in found):
        return _refuse(misfit(found), NEWER)
    if asked.command == "upgrade":
        return await _print(migrating.upgraded(where, parts, wait))
    if asked.command == "downgrade":
        return await _print(migrating.taken_back(where, asked.part, asked.number, wait))
    return await _move(where, found, asked, wait)


async def _move(where: Address, found: list[State], asked: argparse.Namespace, wait: float) -> int:
    of_all = [state for state in found if state.part.modules]
    moved = [state for state in found if state.part.name == asked.stage] or of_all
    if empty := [state for state in moved if state.is_missing and state.number == NONE]:
        return _refuse(misfit(empty), MISSING)
    parts, place = [state.part for state in moved], asked.directory
    if asked.command == "import":
        done = await import_(where, parts, place, wait)
    else:
        done = await export(where, parts, place, wait, whole=not asked.stage)
    is_printed = printed("".join(f"{line}\n" for line in done) or "nothing to do\n")
    return 0 if is_printed else FAILED


def _tell(found: list[State]) -> int:
    is_printed = printed("".join(f"{state}\n" for state in found))
    if any(state.is_newer for state in found):
        return _refuse(misfit(found), NEWER)
    if missing := misfit(found):
        return _refuse(missing, MISSING)
    return 0 if is_printed else FAILED


async def _print(done: AsyncIterator[str]) -> int:
    are_printed = [printed(f"{line}\n") async for line in done]
    return 0 if all(are_printed or [printed("nothing to do\n")]) else FAILED


def _refuse(why: str, status: int) -> int:
    print(why, file=sys.stderr)
    return status

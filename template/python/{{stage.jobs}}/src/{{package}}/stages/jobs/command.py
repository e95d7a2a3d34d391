"""Look at the jobs of this service, run dead ones again, or drop them."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence

from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncConnection

from ... import config
from ...runtime import EXIT_CONFIG
from ...runtime.database.address import existing
from ...runtime.database.connected import connected
from ...runtime.database.failures import FAILURES, reason
from ...runtime.jobs import inspecting
from ...runtime.stdio import printed
from .. import database
from .settings import Settings

FAILED, MISSING, INTERRUPTED = 1, 3, 130
PACKAGE = __name__.partition(".")[0]


def run(words: Sequence[str]) -> int:
    """Run the command; return the exit status. What fails has its reason on stderr."""
    asked = _parse(words)
    try:
        config.read(Settings)
        status, lines = asyncio.run(_connected(config.read(database.Settings), asked))
    except config.ConfigError as error:
        return _refuse("\n".join(f"setting {problem}" for problem in error.problems), EXIT_CONFIG)
    except FAILURES as error:
        return _refuse(f"the database cannot be used: {reason(error)}", FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    return status if printed("".join(f"{line}\n" for line in lines)) else FAILED


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m {PACKAGE} jobs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="count them, and tell which ones run")
    dead = commands.add_parser("dead", help="list those that have failed for good")
    dead.add_argument("--json", action="store_true", help="as a JSON array")
    retry = commands.add_parser("retry", help="run dead ones again")
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?")
    which.add_argument("--all", action="store_true")
    drop = commands.add_parser("drop", help="delete a dead one")
    drop.add_argument("id")
    return parser.parse_args(words)


async def _connected(
    settings: database.Settings, asked: argparse.Namespace
) -> tuple[int, list[str]]:
    where, wait = existing(settings.url), settings.wait_seconds
    writes = asked.command in {"retry", "drop"}
    async with (
        connected(where, wait, limit=settings.query_seconds, writes=writes) as connection,
        connection.begin(),
    ):
        return await _run(connection, asked)


async def _run(connection: AsyncConnection, asked: argparse.Namespace) -> tuple[int, list[str]]:
    if not await connection.run_sync(lambda sync: inspect(sync).has_table("jobs")):
        why = f"the table of jobs is missing: python -m {PACKAGE} db upgrade"
        return _refuse(why, MISSING), []
    if asked.command == "status":
        return 0, await inspecting.status(connection)
    if asked.command == "dead":
        dead = await inspecting.dead(connection)
        if asked.json:
            return 0, [json.dumps([vars(job) for job in dead], separators=(",", ":"))]
        return 0, [*map(str, dead)] or ["no dead jobs"]
    act = inspecting.retry if asked.command == "retry" else inspecting.drop
    count = await act(connection, asked.id)
    if asked.id is not None and not count:
        return _refuse(f"no dead job {asked.id}", MISSING), []
    return 0, [f"{'retried' if asked.command == 'retry' else 'dropped'}: {count}"]


def _refuse(why: str, status: int) -> int:
    print(why, file=sys.stderr)
    return status

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
from ...runtime.database.address import address
from ...runtime.database.engine import connecting, writing
from ...runtime.database.failures import FAILURES, reason
from ...runtime.database.pauses import reached
from ...runtime.jobs import inspecting
from ..database import Settings

FAILED, MISSING, INTERRUPTED = 1, 3, 130
PACKAGE = __name__.partition(".")[0]


def run(words: Sequence[str]) -> int:
    """Run the command; return the exit status. What fails has its reason on stderr."""
    asked = _parse(words)
    try:
        return asyncio.run(_connected(config.read(Settings), asked))
    except config.ConfigError as error:
        return _refuse("\n".join(f"setting {problem}" for problem in error.problems), EXIT_CONFIG)
    except FAILURES as error:
        return _refuse(f"the database cannot be used: {reason(error)}", FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


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


async def _connected(settings: Settings, asked: argparse.Namespace) -> int:
    engine = connecting(
        address(settings.url), settings.wait_seconds, limit=float(settings.query_seconds)
    )
    try:
        connection = await reached(writing(engine).connect, settings.wait_seconds)
        try:
            async with connection.begin():
                return await _run(connection, asked)
        finally:
            await connection.close()
    finally:
        await engine.dispose()


async def _run(connection: AsyncConnection, asked: argparse.Namespace) -> int:
    if not await connection.run_sync(lambda sync: inspect(sync).has_table("jobs")):
        return _refuse(f"the table of jobs is missing: python -m {PACKAGE} db upgrade", MISSING)
    if asked.command == "status":
        for line in await inspecting.status(connection):
            print(line)
        return 0
    if asked.command == "dead":
        dead = await inspecting.dead(connection)
        if asked.json:
            print(json.dumps([vars(job) for job in dead], separators=(",", ":")))
        else:
            print("\n".join(map(str, dead)) or "no dead jobs")
        return 0
    act = inspecting.retry if asked.command == "retry" else inspecting.drop
    count = await act(connection, asked.id)
    if asked.id and not count:
        return _refuse(f"no dead job {asked.id}", MISSING)
    print(f"{'retried' if asked.command == 'retry' else 'dropped'}: {count}")
    return 0


def _refuse(why: str, status: int) -> int:
    print(why, file=sys.stderr)
    return status

"""Every statement of a worker; all times are the database's, in milliseconds.

What a worker says of a job holds only while it has the job: each statement names the worker and
the number of the attempt.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable, Integer, case, cast, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .columns import DAMAGED, DEAD, FREE, IS_OVER, KEY, LATEST, NOW, READY, RUNNING, jobs
from .job import Claimed, End, Outcome, as_json, checked_kind
from .statements import BEAT, CLAIM, DONE, ENQUEUE, MINE


async def enqueue(
    connection: AsyncConnection, kind: str, payload: object, delay: float, trace: str | None
) -> str:
    """Add a job in the transaction of a connection; return its id."""
    used = connection.sync_connection
    if used is not None and used.get_execution_options().get("is_read_only"):
        raise ValueError("jobs are enqueued with a connection of database.write()")
    made = str(uuid.uuid4())
    given = {
        "made": made,
        "of_kind": checked_kind(kind),
        "json": as_json(payload),
        "delay": round(delay * 1000),
        "traceparent": trace,
    }
    await connection.execute(ENQUEUE, given)
    return made


@dataclass(frozen=True)
class Noted:
    """What became of a job that did not run here."""

    id: str
    kind: str
    is_dead: bool
    reason: str


async def claim(
    connection: AsyncConnection, worker: str, kinds: Collection[str], most: int, lease: float
) -> tuple[list[Claimed], list[Noted]]:
    """Take up to `most` jobs that are due; those that another worker takes now are left to it.

    One whose row is damaged is dead instead.
    """
    given = {"me": worker, "kinds": [*kinds], "most": most, "lease": round(lease * 1000)}
    rows = [*await connection.execute(CLAIM, given)]
    return [
        Claimed(row.id, row.kind, row.payload, row.attempts, row.trace)
        for row in rows
        if row.state == RUNNING
    ], [Noted(row.id, row.kind, True, row.reason) for row in rows if row.state == DEAD]


async def _kept(
    connection: AsyncConnection,
    statement: Executable,
    worker: str,
    mine: Collection[Claimed],
    **given: object,
) -> set[str]:
    """Run a statement about jobs of a worker; return the ids of those that it still has."""
    if not mine:
        return set()
    pairs = [(each.id, each.attempts) for each in mine]
    rows = await connection.execute(statement, {"me": worker, "mine": pairs, **given})
    return set(rows.scalars())


async def beat(
    connection: AsyncConnection, worker: str, running: Collection[Claimed], lease: float
) -> set[str]:
    """Extend the leases of what runs; return the ids of the jobs that this worker still has."""
    return await _kept(connection, BEAT, worker, running, lease=round(lease * 1000))


async def settle(
    connection: AsyncConnection, worker: str, ended: Collection[tuple[Claimed, Outcome]]
) -> set[str]:
    """Write down how runs ended; return the ids of the jobs that this worker still had."""
    done = [claimed for claimed, outcome in ended if outcome.end is End.OK]
    kept = await _kept(connection, DONE, worker, done)
    for claimed, outcome in ended:
        if outcome.end is End.OK:
            continue
        values: dict[str, Any] = {**FREE, "state": READY}
        if outcome.end is End.BACK:
            values |= {"attempts": jobs.c.attempts - 1, "run_at": NOW}
        elif outcome.end is End.DEAD:
            values |= {"state": DEAD, "reason": outcome.reason}
        else:
            values |= {"run_at": NOW + round(outcome.pause * 1000), "reason": outcome.reason}
        settled = update(jobs).where(MINE).values(values).returning(jobs.c.id)
        kept |= await _kept(connection, settled, worker, [claimed])
    return kept


async def expire(connection: AsyncConnection, kinds: Collection[str], most: int) -> list[Noted]:
    """Take jobs from workers whose lease is over; those without an attempt left are dead."""
    over = (
        select(KEY.label("row"))
        .where(jobs.c.state == RUNNING, IS_OVER, jobs.c.kind.in_(kinds))
        .with_for_update(skip_locked=True)
        .cte("over")
    )
    words = literal("its worker did not come back (attempt ")
    attempt = words.concat(cast(jobs.c.attempts, Integer))
    freed = (
        update(jobs)
        .where(KEY.in_(select(over.c.row)))
        .values(
            **FREE,
            state=case((jobs.c.attempts >= most, DEAD), else_=READY),
            reason=attempt.concat(f" of {most})"),
        )
        .returning(jobs.c.id, jobs.c.kind, jobs.c.state, jobs.c.reason)
    )
    rows = await connection.execute(freed)
    return [Noted(row.id, row.kind, row.state == DEAD, row.reason) for row in rows]


async def bury(connection: AsyncConnection, kinds: Collection[str]) -> list[Noted]:
    """Note as dead what would never be due, because SQLite has no number for when."""
    buried = (
        update(jobs)
        .where(jobs.c.state == READY, jobs.c.run_at > LATEST, jobs.c.kind.in_(kinds))
        .values(state=DEAD, reason=f"{DAMAGED}run_at")
        .returning(jobs.c.id, jobs.c.kind, jobs.c.reason)
    )
    rows = await connection.execute(buried)
    return [Noted(row.id, row.kind, True, row.reason) for row in rows]


@dataclass(frozen=True)
class Survey:
    """What is in the table."""

    waiting: int
    """Ready and due, or left by a worker."""
    dead: int
    kinds: frozenset[str]
    """Those of what waits."""
    states: frozenset[str]
    """Those that no worker knows."""


async def survey(connection: AsyncConnection) -> Survey:
    """Count what waits and what is dead."""
    state = jobs.c.state
    is_ready = (state == READY) & (jobs.c.run_at <= NOW)
    is_left = (state == RUNNING) & IS_OVER
    # As ranges, which the index has: all between the known ones.
    is_unknown = (
        (state < DEAD)
        | ((state > DEAD) & (state < READY))
        | ((state > READY) & (state < RUNNING))
        | (state > RUNNING)
    )
    counted = (
        select(state, jobs.c.kind, func.count())
        .where((state == DEAD) | is_ready | is_left | is_unknown)
        .group_by(state, jobs.c.kind)
    )
    rows = [tuple(row) for row in await connection.execute(counted)]
    waits = (READY, RUNNING)
    return Survey(
        waiting=sum(count for state, _, count in rows if state in waits),
        dead=sum(count for state, _, count in rows if state == DEAD),
        kinds=frozenset(kind for state, kind, _ in rows if state in waits),
        states=frozenset(state for state, _, _ in rows) - {*waits, DEAD},
    )

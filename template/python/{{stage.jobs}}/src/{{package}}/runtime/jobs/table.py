"""The table of jobs, and every statement about it; all times are the database's, in milliseconds.

What a worker says of a job holds only while it has the job: each statement names the worker and
the number of the attempt.
"""

import json
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    MetaData,
    Table,
    Text,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from .job import Claimed, End, Outcome, checked_kind

READY, RUNNING, DEAD = "ready", "running", "dead"

jobs = Table(
    "jobs",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("kind", Text),
    Column("payload", Text),
    Column("state", Text),
    Column("attempts", Integer),
    Column("run_at", BigInteger),
    Column("lease_until", BigInteger),
    Column("worker", Text),
    Column("reason", Text),
    Column("trace", Text),
    Column("created_at", BigInteger),
)
FREE = {"worker": None, "lease_until": None}


class now(FunctionElement[int]):  # noqa: N801 - a function of SQL
    """Return the time; the clocks of services may differ, that of the database is one."""

    inherit_cache = True
    type = BigInteger()


@compiles(now, "sqlite")
def _now_sqlite(*_: object, **__: object) -> str:
    return "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"


@compiles(now, "postgresql")
def _now_postgresql(*_: object, **__: object) -> str:
    return "CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT)"


async def enqueue(
    connection: AsyncConnection, kind: str, payload: object, delay: float, trace: str | None
) -> str:
    """Add a job in the transaction of a connection; return its id."""
    used = connection.sync_connection
    if used is not None and used.get_execution_options().get("is_read_only"):
        raise ValueError("jobs are enqueued with a connection of database.write()")
    made = str(uuid.uuid4())
    values = {
        "id": made,
        "kind": checked_kind(kind),
        "payload": json.dumps(payload, allow_nan=False, separators=(",", ":")),
        "state": READY,
        "attempts": 0,
        "run_at": now() + round(delay * 1000),
        "trace": trace,
        "created_at": now(),
    }
    await connection.execute(insert(jobs).values(values))
    return made


async def claim(
    connection: AsyncConnection, worker: str, kinds: Collection[str], most: int, lease: float
) -> list[Claimed]:
    """Take up to `most` jobs that are due; those that another worker takes now are left to it."""
    due = (
        select(jobs.c.id)
        .where(jobs.c.state == READY, jobs.c.run_at <= now(), jobs.c.kind.in_(kinds))
        .order_by(jobs.c.run_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("due")  # evaluated once: PostgreSQL may repeat a subquery, which would take more
    )
    taken = (
        update(jobs)
        .where(jobs.c.id.in_(select(due.c.id)))
        .values(
            state=RUNNING,
            attempts=jobs.c.attempts + 1,
            worker=worker,
            lease_until=now() + round(lease * 1000),
        )
        .returning(jobs.c.id, jobs.c.kind, jobs.c.payload, jobs.c.attempts, jobs.c.trace)
    )
    return [Claimed(*row) for row in await connection.execute(taken)]


def _mine(worker: str, claimed: Iterable[Claimed]) -> ColumnElement[bool]:
    pairs = [(each.id, each.attempts) for each in claimed]
    return (
        (jobs.c.worker == worker)
        & (jobs.c.state == RUNNING)
        & tuple_(jobs.c.id, jobs.c.attempts).in_(pairs)
    )


async def _ids(connection: AsyncConnection, statement: Any) -> set[str]:
    return set((await connection.execute(statement.returning(jobs.c.id))).scalars())


async def beat(
    connection: AsyncConnection, worker: str, running: Collection[Claimed], lease: float
) -> set[str]:
    """Extend the leases of what runs; return the ids of the jobs that this worker still has."""
    extended = update(jobs).where(_mine(worker, running))
    until = now() + round(lease * 1000)
    return await _ids(connection, extended.values(lease_until=until)) if running else set()


async def settle(
    connection: AsyncConnection, worker: str, ended: Collection[tuple[Claimed, Outcome]]
) -> set[str]:
    """Write down how runs ended; return the ids of the jobs that this worker still had."""
    done = [claimed for claimed, outcome in ended if outcome.end is End.OK]
    kept = await _ids(connection, delete(jobs).where(_mine(worker, done))) if done else set()
    for claimed, outcome in ended:
        if outcome.end is End.OK:
            continue
        values: dict[str, Any] = {**FREE, "state": READY}
        if outcome.end is End.BACK:
            values |= {"attempts": jobs.c.attempts - 1, "run_at": now()}
        elif outcome.end is End.DEAD:
            values |= {"state": DEAD, "reason": outcome.reason}
        else:
            values |= {"run_at": now() + round(outcome.pause * 1000), "reason": outcome.reason}
        kept |= await _ids(connection, update(jobs).where(_mine(worker, [claimed])).values(values))
    return kept


@dataclass(frozen=True)
class Expired:
    """A job whose worker did not come back."""

    id: str
    kind: str
    is_dead: bool
    reason: str


async def expire(connection: AsyncConnection, kinds: Collection[str], most: int) -> list[Expired]:
    """Take jobs from workers whose lease is over; those without an attempt left are dead."""
    over = (
        select(jobs.c.id)
        .where(jobs.c.state == RUNNING, jobs.c.lease_until <= now(), jobs.c.kind.in_(kinds))
        .with_for_update(skip_locked=True)
        .cte("over")
    )
    reason = literal("its worker did not come back (attempt ").concat(jobs.c.attempts)
    freed = (
        update(jobs)
        .where(jobs.c.id.in_(select(over.c.id)))
        .values(
            **FREE,
            state=case((jobs.c.attempts >= most, DEAD), else_=READY),
            reason=reason.concat(f" of {most})"),
        )
        .returning(jobs.c.id, jobs.c.kind, jobs.c.state, jobs.c.reason)
    )
    rows = await connection.execute(freed)
    return [Expired(row.id, row.kind, row.state == DEAD, row.reason) for row in rows]


@dataclass(frozen=True)
class Survey:
    """What is in the table."""

    waiting: int
    """Ready, and due."""
    dead: int
    kinds: frozenset[str]
    """Those of what waits."""


async def survey(connection: AsyncConnection) -> Survey:
    """Count what waits and what is dead."""
    counted = (
        select(jobs.c.state, jobs.c.kind, func.count())
        .where((jobs.c.state == DEAD) | ((jobs.c.state == READY) & (jobs.c.run_at <= now())))
        .group_by(jobs.c.state, jobs.c.kind)
    )
    rows = [tuple(row) for row in await connection.execute(counted)]
    return Survey(
        waiting=sum(count for state, _, count in rows if state == READY),
        dead=sum(count for state, _, count in rows if state == DEAD),
        kinds=frozenset(kind for state, kind, _ in rows if state == READY),
    )

"""What a person asks of the table, and does to jobs that are dead."""

import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import Integer, cast, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from .columns import DEAD, FREE, NOW, READY, RUNNING, jobs

MOST_RUNNING = 100
ATTEMPTS = cast(jobs.c.attempts, Integer).label("attempts")
"""SQLite may keep anything in the column."""


@dataclass(frozen=True)
class Dead:
    """A job that has failed for good."""

    id: str
    kind: str
    attempts: int
    reason: str
    age: int
    """Seconds since it was enqueued."""

    def __str__(self) -> str:
        about = f"{self.attempts} attempts, {self.age} s old"
        return f"{self.id} {self.kind}, {about}: {_on_a_line(self.reason)}"


async def status(connection: AsyncConnection) -> list[str]:
    """Return lines that count the jobs by kind, and tell which ones wait and run."""
    return [line async for line in _lines(connection)] or ["no jobs"]


async def _lines(connection: AsyncConnection) -> AsyncIterator[str]:
    counted = select(jobs.c.kind, jobs.c.state, func.count()).group_by(jobs.c.kind, jobs.c.state)
    counts = {(kind, state): n for kind, state, n in await connection.execute(counted)}
    known = (READY, RUNNING, DEAD)
    for kind in sorted({kind for kind, _ in counts}):
        states = [f"{counts.get((kind, each), 0)} {each}" for each in known]
        states += [
            f'{count} in the unknown state "{_on_a_line(state)}"'
            for (of_kind, state), count in sorted(counts.items())
            if of_kind == kind and state not in known
        ]
        yield f"{_on_a_line(kind)}: {', '.join(states)}"
    oldest = (
        select(jobs.c.id, jobs.c.kind, (NOW - jobs.c.run_at).label("waited"))
        .where(jobs.c.state == READY, jobs.c.run_at <= NOW)
        .order_by(jobs.c.run_at)
        .limit(1)
    )
    for row in await connection.execute(oldest):
        yield f"waiting for {int(row.waited) // 1000} s: {row.kind} {row.id}"
    lease = (jobs.c.lease_until - NOW).label("left")
    running = (
        select(jobs.c.id, jobs.c.kind, jobs.c.worker, ATTEMPTS, lease)
        .where(jobs.c.state == RUNNING)
        .order_by(jobs.c.lease_until)
        .limit(MOST_RUNNING)
    )
    for row in await connection.execute(running):
        left = int(row.left or 0)
        which = f"lease {'' if left > 0 else 'over '}for {abs(left) // 1000} s"
        at = f"at {row.worker or ''}"
        yield f"running: {row.kind} {row.id}, attempt {row.attempts}, {at}, {which}"


async def dead(connection: AsyncConnection) -> list[Dead]:
    """Return the jobs that are dead, the oldest first."""
    age = ((NOW - jobs.c.created_at) // 1000).label("age")
    chosen = (
        select(jobs.c.id, jobs.c.kind, ATTEMPTS, jobs.c.reason, age)
        .where(jobs.c.state == DEAD)
        .order_by(jobs.c.created_at, jobs.c.id)
    )
    rows = await connection.execute(chosen)
    return [
        Dead(row.id or "", row.kind, row.attempts, row.reason or "", int(row.age)) for row in rows
    ]


async def retry(connection: AsyncConnection, job_id: str | None) -> int:
    """Let a dead job, or all of them, begin anew; return how many there were."""
    again = update(jobs).where(jobs.c.state == DEAD)
    if job_id is not None:
        again = again.where(jobs.c.id == job_id)
    done = await connection.execute(
        again.values(**FREE, state=READY, attempts=0, run_at=NOW, reason=None)
    )
    return done.rowcount


async def drop(connection: AsyncConnection, job_id: str) -> int:
    """Delete a dead job; return whether there was one, as a number."""
    chosen = (jobs.c.state == DEAD) & (jobs.c.id == job_id)
    return (await connection.execute(delete(jobs).where(chosen))).rowcount


def _on_a_line(text: str) -> str:
    """Return a text without what a terminal would act on."""
    return "".join(_escaped(char) if unicodedata.category(char) == "Cc" else char for char in text)


def _escaped(char: str) -> str:
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char, f"\\u{{{ord(char):x}}}")

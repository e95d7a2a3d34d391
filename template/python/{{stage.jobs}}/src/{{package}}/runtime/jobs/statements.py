"""Statements that run for every job: built once, for that is a good part of what a job costs.

Their parameters are given when they run.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    case,
    delete,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.types import TypeEngine

from .columns import DAMAGED, DEAD, READY, RUNNING, damage, jobs, key, now


def _given(name: str, type_: type[TypeEngine[Any]]) -> BindParameter[Any]:
    return bindparam(name, type_=type_)


ENQUEUE = insert(jobs).values(
    id=_given("made", Text),
    kind=_given("of_kind", Text),
    payload=_given("json", Text),
    state=READY,
    attempts=0,
    run_at=now() + _given("delay", BigInteger),
    trace=_given("traceparent", Text),
    created_at=now(),
)

_DUE = (
    select(key().label("row"))
    .where(
        jobs.c.state == READY,
        jobs.c.run_at <= now(),
        jobs.c.kind.in_(bindparam("kinds", expanding=True)),
    )
    .order_by(jobs.c.run_at)
    .limit(_given("most", Integer))
    .with_for_update(skip_locked=True)
    .cte("due")  # evaluated once: PostgreSQL may repeat a subquery, which would take more
)
_IS_SOUND = damage().is_(None)
CLAIM = (
    update(jobs)
    .where(key().in_(select(_DUE.c.row)))
    .values(
        state=case((_IS_SOUND, RUNNING), else_=DEAD),
        attempts=case((damage() == "attempts", 0), else_=jobs.c.attempts + 1),
        worker=case((_IS_SOUND, _given("me", Text))),
        lease_until=case((_IS_SOUND, now() + _given("lease", BigInteger))),
        reason=case((_IS_SOUND, jobs.c.reason), else_=literal(DAMAGED).concat(damage())),
    )
    .returning(jobs)
)

MINE: ColumnElement[bool] = (
    (jobs.c.worker == _given("me", Text))
    & (jobs.c.state == RUNNING)
    & tuple_(jobs.c.id, jobs.c.attempts).in_(bindparam("mine", expanding=True))
)
"""What a worker says of a job holds only while it has the job, in the attempt that it speaks of."""
BEAT = (
    update(jobs)
    .where(MINE)
    .values(lease_until=now() + _given("lease", BigInteger))
    .returning(jobs.c.id)
)
DONE = delete(jobs).where(MINE).returning(jobs.c.id)

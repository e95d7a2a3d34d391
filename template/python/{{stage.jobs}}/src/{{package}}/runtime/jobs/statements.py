"""Statements that run for every job: built once, for that is a good part of what a job costs.

Their parameters are given when they run.
"""

from sqlalchemy import (
    BigInteger,
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

from .columns import DAMAGE, DAMAGED, DEAD, KEY, NOW, READY, RUNNING, jobs

ENQUEUE = insert(jobs).values(
    id=bindparam("made", type_=Text),
    kind=bindparam("of_kind", type_=Text),
    payload=bindparam("json", type_=Text),
    state=READY,
    attempts=0,
    run_at=NOW + bindparam("delay", type_=BigInteger),
    trace=bindparam("traceparent", type_=Text),
    created_at=NOW,
)

_DUE = (
    select(KEY.label("row"))
    .where(
        jobs.c.state == READY,
        jobs.c.run_at <= NOW,
        jobs.c.kind.in_(bindparam("kinds", expanding=True)),
    )
    .order_by(jobs.c.run_at)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
    .cte("due")  # evaluated once: PostgreSQL may repeat a subquery, which would take more
)
_IS_SOUND = DAMAGE.is_(None)
CLAIM = (
    update(jobs)
    .where(KEY.in_(select(_DUE.c.row)))
    .values(
        state=case((_IS_SOUND, RUNNING), else_=DEAD),
        attempts=case((DAMAGE == "attempts", 0), else_=jobs.c.attempts + 1),
        worker=case((_IS_SOUND, bindparam("me", type_=Text))),
        lease_until=case((_IS_SOUND, NOW + bindparam("lease", type_=BigInteger))),
        reason=case((_IS_SOUND, jobs.c.reason), else_=literal(DAMAGED).concat(DAMAGE)),
    )
    .returning(jobs)
)

MINE: ColumnElement[bool] = (
    (jobs.c.worker == bindparam("me", type_=Text))
    & (jobs.c.state == RUNNING)
    & tuple_(jobs.c.id, jobs.c.attempts).in_(bindparam("mine", expanding=True))
)
"""What a worker says of a job holds only while it has the job, in the attempt that it speaks of."""
BEAT = (
    update(jobs)
    .where(MINE)
    .values(lease_until=NOW + bindparam("lease", type_=BigInteger))
    .returning(jobs.c.id)
)
DONE = delete(jobs).where(MINE).returning(jobs.c.id)

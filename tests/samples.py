"""How much of long tables a run plays: `scripts/full` each case, others some by chance."""

import os
import random
import zlib
from collections.abc import Sequence
from typing import TypeVar

FULL = bool(os.environ.get("FULL"))

TURN = None if FULL or not os.environ.get("TURN") else int(os.environ["TURN"])
"""Whose turn it is, which `scripts/test` takes from the commit; None where all are played."""

IN_TURNS = {
    "adopt/test_adopted_crates.py": 3,
    "adopt/test_container_only.py": 3,
    "adopt/test_deaths_of_crates.py": 3,
    "adopt/test_looking.py": 3,
    "adopt/test_shapes.py": 3,
    "commands/test_add_stage.py::test_any_order": 3,
    "commands/test_remove_stage.py": 3,
    "commands/test_update.py": 3,
    "conformance/": 5,
    "diagnose/test_containers.py": 3,
    "diagnose/test_rust_containers.py": 3,
    "engine/test_git_facts.py": 3,
    "engine/test_git_paths.py": 3,
    "engine/test_kills.py": 4,
    "engine/test_situations.py": 3,
    "faults/": 4,
    "languages/test_rust_lock.py": 3,
    "operations/test_gate.py": 3,
    "operations/test_nothing_lost.py": 4,
    "operations/test_taking_back.py": 3,
    "security/test_secrets_rust.py": 3,
    "service/test_container.py": 4,
    "service/test_container_health.py": 3,
    "service/test_kubernetes.py": 3,
    "service/test_services.py": 3,
    "service_rust/test_rust_checks.py": 4,
    "test_rust_services.py": 3,
    "testkit/test_check.py": 3,
    "testkit/test_check_rust.py": 3,
    "verify/test_drills.py": 4,
    "verify/test_mutations.py": 3,
}
"""Below which paths a run plays one test out of so many: what takes long, and has many cases."""

Case = TypeVar("Case")


def sample(cases: Sequence[Case], step: int) -> Sequence[Case]:
    """Return one case out of `step`, from any on; each has its turn within a few runs.

    Not for what is collected: all workers have to collect the same tests.
    """
    return cases if FULL else cases[random.randrange(step) :: step]


def is_its_turn(identity: str) -> bool:
    """Tell whether a test, by its id below `tests`, is one of this run; all workers agree on it."""
    steps = (step for path, step in IN_TURNS.items() if identity.startswith(path))
    return TURN is None or (zlib.crc32(identity.encode()) + TURN) % next(steps, 1) == 0

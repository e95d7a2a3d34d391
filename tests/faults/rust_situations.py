"""Odd situations of services in Rust that are healthy; `inject/faults.rs` has their code."""

import signal

from shared_situations import AROUND
from situation import Situation

SITUATIONS = [
    *AROUND,
    Situation("a start that computes", "computing", at_import=True, module="start"),
    Situation("a start that waits", "sleep 1", at_import=True, module="start"),
    Situation("an application that computes while it is built", "computing", at_import=True, module="configure"),
    Situation("a request that computes", "computing"),
    Situation("a request that computes in web::block", "computing in the pool"),
    Situation("a request that computes long in web::block", "long computing in the pool", serves=9.0,
              expected="runtime::hangs: 'GET /fault' has no answer after 4 s"),
    Situation("threads that compute", "computing threads"),
    Situation("a forked process that ends by exit(3)", "fork that exits 3"),
    Situation("a forked process that ends by _exit(7)", "fork that ends by _exit 7"),
    Situation("a forked process that waits", "fork that waits"),
    Situation("a start that forks", "fork that exits 3", at_import=True, module="start"),
    Situation("programs that end at once", "programs"),
    Situation("programs that fail", "programs that fail"),
    Situation("an orphan", "orphan"),
    Situation("tasks that are cancelled", "cancelled tasks"),
    Situation("a thread that ends", "thread that ends"),
    Situation("readers that come back", "both full for a while"),
    Situation("signals with handlers of its own", "own handlers", signals=(signal.SIGUSR1, signal.SIGUSR2) * 20),
    Situation("a timer of its own", "timer"),
    Situation("a request that waits for 3 s", "sleep"),
    Situation("a stage that closes slowly", "computing", at_import=True, module="stop"),
    Situation("a stage that waits while it closes", "sleep 1", at_import=True, module="stop"),
    Situation("a listening socket that is duplicated", "listener duplicated"),
    Situation("a panic that is caught on purpose", "caught panic", expected="no luck"),
    Situation("a thread that does not end", "thread that does not end"),
]  # fmt: skip

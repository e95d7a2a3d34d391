"""Scripts that ask for somebody again and again, in a loop whose test is a function, in vain."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found
from scaffolder.diagnose.causes.evidence import Evidence, inspected, quoted
from scaffolder.diagnose.causes.reaching.obstacles import obstacle
from scaffolder.diagnose.causes.reaching.peers import Peer, literal
from scaffolder.diagnose.evidence.facts import Process
from scaffolder.diagnose.programs import shell
from scaffolder.diagnose.programs.scripts import Script
from scaffolder.diagnose.programs.shell_loops import NAP, Loop, waits

from .script import is_shell, quote, where

OPTIONS = re.compile(r"\s-(?:h|-host=?)\s*([\w.-]+)(?:[^\n;|&]*?\s-(?:p|P|-port=?)\s*(\d+))?")
"""How clients of databases are told whom to ask."""


def asks_in_vain(case: Case, script: Script) -> Found | None:
    """Find a loop that a script is in at this moment, and that asks for a peer nobody can reach.

    One that works also sleeps in a loop, but not in one that ends with the first success; and
    whoever has come past such a loop sleeps elsewhere.
    """
    env = _known(case, script)
    for loop in waits(script.text):
        napping = _naps_in(case, script, loop, env)
        peer = _asked(shell.expand(loop.test, env)) if napping else None
        why = obstacle(case, peer) if peer else None
        if napping is None or peer is None or why is None or not why[3]:
            continue
        text, advice, shown, _ = why
        names = [name for name, value in case.config.env.items() if value == str(peer.port)]
        named = f" ({', '.join(names)})" if names and "port" in advice else ""
        asked = f"{peer.host}:{peer.port}" if peer.port else peer.host
        return Found(
            f"{where(script)} still waits for {asked}, after {napping.seconds} s, and has not come"
            f" to what follows (`{loop.line[:100]}`): {text}",
            f"{advice}{named}; give the wait a time limit and a message",
            (
                quote(case, script, loop.line),
                *shown,
                *(inspected(case, "Config.Env", f"{n}={peer.port}") for n in names[:1]),
                Evidence(
                    "live",
                    f"docker top {quoted(case)}",
                    "; ".join(p.command[:80] for p in (case.processes or ())[:3]),
                ),
            ),
        )
    return None


def _known(case: Case, script: Script) -> dict[str, str]:
    """Return the variables that a script knows, and its arguments by their numbers."""
    given = case.config.argv[1:]
    if script.path and script.path in given:
        given = given[given.index(script.path) + 1 :]
    numbered = {str(at): word for at, word in enumerate(given, 1)}
    return shell.assigned(script.text, {**case.config.env, **numbered})


def _naps_in(case: Case, script: Script, loop: Loop, env: dict[str, str]) -> Process | None:
    """Return the shell that runs a script, if it sleeps at this moment as it does in one loop."""
    naps = {_plain(shell.expand(nap, env)) for nap in loop.naps}
    every = NAP.findall(script.text)
    elsewhere = len(every) > len(loop.naps)
    others = {_plain(shell.expand(nap, env)) for nap in every if nap not in loop.naps}
    if elsewhere and (not others or naps & others):
        return None
    for process in filter(is_shell, case.processes or ()):
        asleep = (p.command for p in case.processes or () if p.parent == process.pid)
        is_it = not script.path or script.path in process.command
        if is_it and any(_plain(re.sub(r"^\S*/", "", command)) in naps for command in asleep):
            return process
    return None


def _plain(words: str) -> str:
    return " ".join(words.replace('"', "").split())


def _asked(test: str) -> Peer | None:
    """Return whom a test asks for, where that is known without a run."""
    plain = re.sub(r"[\"']", "", test)
    named = next(literal(plain), None)
    if named or not (match := OPTIONS.search(plain)):
        return named
    return Peer(match[1], int(match[2] or 0), "its source")

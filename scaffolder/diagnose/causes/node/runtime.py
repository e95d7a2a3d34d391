"""Node's heap, native modules, npm, and unhandled errors."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import ended, inspected, logged
from scaffolder.diagnose.causes.memory.usage import heap, killed_for_memory, size
from scaffolder.diagnose.causes.signatures import Row, Signature, always, table
from scaffolder.diagnose.programs.scripts import language


@cause(
    "node-heap",
    "Node's heap reached its limit",
    pattern="memory",
    reads=["logs", "inspect"],
    explains=["memory-exhausted"],
)
def node_heap(case: Case) -> Found | None:
    """Find a heap limit that is too small for the program, whatever the container's limit is."""
    match = case.said(
        r"[^\n]*(?:JavaScript heap out of memory|Reached heap limit"
        r"|Ineffective mark-compacts)[^\n]*"
    )
    if match is None:
        return None
    allowed, limit = heap(case), case.config.memory
    at = f" of {size(allowed)} (--max-old-space-size)" if allowed else ""
    return Found(
        f"the JavaScript heap reached its limit{at}: V8 aborted the process (exit code"
        f" {case.exit_code}); this is V8's limit, not the container's",
        "raise it to about three quarters of the container's memory:"
        f" NODE_OPTIONS=--max-old-space-size={int(limit * 0.75 / 2**20) if limit else 1024}; look"
        " for a leak",
        (logged(case, match), ended(case), inspected(case, "HostConfig.Memory", limit)),
        proven=not killed_for_memory(case),
    )


UNSETTLED = 13
"""Node's exit code for a top-level await that never settles (nodejs.org, Process)."""


@cause(
    "node-unsettled-await",
    "Node exited while a top-level await was still pending",
    pattern="process",
    reads=["inspect", "files", "logs"],
    page="ended-without-a-word",
)
def node_unsettled_await(case: Case) -> Found | None:
    """Find exit code 13: a promise that never settles, with nothing else to keep Node alive."""
    if case.exit_code != UNSETTLED or not any(language(i.name) == "node" for i in case.launched):
        return None
    says = case.said(r"[^\n]*unsettled top-level await at (?P<at>\S+)[^\n]*")
    script = next((i.script for i in case.launched if i.script), None)
    own = script.path if script and script.path else "its module"
    at = says["at"].removeprefix("file://") if says else own
    waits = script is not None and "await" in script.text
    return Found(
        f"Node exited with 13: a top-level await in {at} waits for a promise that nothing will"
        " settle, and nothing else keeps the process alive",
        "find what should settle it: a connection that was closed, an event that never comes; add"
        " a timeout that rejects",
        (ended(case), *((logged(case, says),) if says else ())),
        proven=says is not None or waits,
    )


@cause(
    "node-error",
    "an unhandled error ended Node",
    pattern="process",
    basis=Basis.QUOTED,
    explains=["said-why"],
)
def node_error(case: Case) -> Found | None:
    """Quote the error, and where it was thrown."""
    match = case.said(
        r"^(?:Uncaught )?(?P<e>(?:\w*Error|\w*Exception"
        r"|AssertionError)(?: \[\w+\])?: [^\n]+)\n(?:[^\n]*\n){0,3}?\s+at [^\n]+"
    )
    rejected = case.said(
        r"[^\n]*(?:unhandled promise rejection|UnhandledPromiseRejection"
        r"|triggerUncaughtException)[^\n]*"
    )
    if match is None and rejected is None:
        return None
    found = match or rejected
    words = match["e"] if match else case.line(rejected) if rejected else ""
    where = re.search(r"at (?:\S+ )?\(?((?:file://)?/(?!.*node_modules)[^\s)]+:\d+)", case.text)
    kept = case.seen.swallowed
    what = (
        "the program ends over an error, and tells nobody"
        if kept and words and words in kept.text
        else "an unhandled error ended Node"
    )
    return Found(
        f"{what}: {words[:250]}{f' at {where[1]}' if where else ''}",
        "handle it (await in try/catch), and log what failed",
        (logged(case, found) if found else ended(case), ended(case)),
    )


NO_SCRIPT = (
    r"missing script:?|ENOENT[^\n]*package\.json|Could not read package\.json"
    r'|Command "?\S+"? not found|no such script'
)


def _has_no_package(case: Case, _match: re.Match[str]) -> bool:
    return case.has("package.json") is None


SIGNATURES = table(__name__, (
    Signature(
        id="node-native", title="a native Node module was built for another Node or system",
        pattern="dependencies",
        rows=(
            Row(
                r"digital envelope routines::unsupported|ERR_OSSL_EVP_UNSUPPORTED",
                "the code needs an older OpenSSL (before Node 17)",
                "update the bundler (or NODE_OPTIONS=--openssl-legacy-provider)",
            ),
            Row(
                r"NODE_MODULE_VERSION|ERR_DLOPEN_FAILED|for another platform than the one"
                r'|Could not load the "sharp" module|Failed to load SWC'
                r"|Cannot find module @rollup/rollup-linux|linuxmusl",
                "a native Node module was built for another Node version or system: {line:.150}",
                "install node_modules in the image itself (npm ci in the same base image), and list"
                " node_modules in .dockerignore",
            ),
        ),
    ),
    Signature(
        id="node-package-script", title="npm cannot find the script to run",
        pattern="image", reads=("logs", "files"), explains=("file-missing",),
        shows=("package.json",),
        rows=(
            Row(
                NO_SCRIPT,
                "npm cannot run the command: there is no package.json in {config.workdir}:"
                " {line:.120}",
                "set WORKDIR to the directory of package.json, and COPY it",
                only=_has_no_package, proves=always,
            ),
            Row(
                NO_SCRIPT,
                "npm cannot run the command: package.json has no such script: {line:.120}",
                "add the script to package.json, or correct the name",
            ),
        ),
    ),
))  # fmt: skip

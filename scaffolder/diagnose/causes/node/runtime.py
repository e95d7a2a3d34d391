"""Node's heap, native modules, npm, and errors that nobody handled."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.causes.memory.usage import heap, killed_for_memory, size
from scaffolder.diagnose.evidence import Evidence, ended, inspected, logged, quoted
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.sources.files import resolved


@cause(
    "node-heap",
    "Node's heap reached its limit",
    pattern="memory",
    reads=["logs", "inspect"],
    page="pattern-memory",
    when=Phase.DIED,
    weight=88,
)
def node_heap(case: Case) -> Found | None:
    """Find a heap that is too small for the program, whatever the container may use."""
    match = case.said(
        r"[^\n]*(?:JavaScript heap out of memory|Reached heap limit"
        r"|Ineffective mark-compacts)[^\n]*"
    )
    if match is None:
        return None
    allowed, limit = heap(case), case.config.memory
    at = f" of {size(allowed)} (--max-old-space-size)" if allowed else ""
    return Found(
        f"the JavaScript heap reached its limit{at}: V8 ended the process (exit code"
        f" {case.exit_code}); it was not the container's limit",
        "raise it, to about three quarters of the container's memory:"
        f" NODE_OPTIONS=--max-old-space-size={int(limit * 0.75 / 2**20) if limit else 1024}; look"
        " for a leak",
        (logged(case, match), ended(case), inspected(case, "HostConfig.Memory", limit)),
        proven=not killed_for_memory(case),
    )


@cause(
    "node-package-script",
    "npm does not find package.json or the script",
    pattern="image",
    reads=["logs", "files"],
    page="check-program-file",
    when=Phase.DIED,
    weight=76,
)
def node_package_script(case: Case) -> Found | None:
    """Find `npm start` without a package.json, or without such a script."""
    match = case.said(
        r"[^\n]*(?:missing script:?|ENOENT[^\n]*package\.json|Could not read package\.json"
        r"|Command \"?\S+\"? not found|no such script)[^\n]*"
    )
    if match is None:
        return None
    path = f"{case.config.workdir.rstrip('/')}/package.json"
    there = resolved(case.files, path)
    lacks = (
        "package.json has no such script"
        if there
        else f"there is no package.json in {case.config.workdir}"
    )
    return Found(
        f"npm cannot run the command: {lacks}: {case.line(match)[:120]}",
        "add the script to package.json, or correct the name"
        if there
        else "set WORKDIR to where package.json is, and COPY it",
        (
            logged(case, match),
            Evidence(
                "files", f"docker cp {quoted(case)}:{path} -", "exists" if there else "no such file"
            ),
        ),
        proven=there is None,
    )


@cause(
    "node-native",
    "a native Node module was built for another Node or system",
    pattern="dependencies",
    reads=["logs"],
    page="pattern-dependencies",
    when=Phase.DIED,
    weight=79,
)
def node_native(case: Case) -> Found | None:
    """Find NODE_MODULE_VERSION, and binaries of other platforms (esbuild, sharp, swc)."""
    match = case.said(
        r"[^\n]*(?:NODE_MODULE_VERSION|ERR_DLOPEN_FAILED|for another platform than the one"
        r"|Could not load the \"sharp\" module|Failed to load SWC"
        "|digital envelope routines::unsupported|ERR_OSSL_EVP_UNSUPPORTED"
        r"|Cannot find module @rollup/rollup-linux|linuxmusl)[^\n]*"
    )
    if match is None:
        return None
    ssl = "digital envelope" in match[0] or "OSSL" in match[0]
    return Found(
        "the code needs an older OpenSSL (before Node 17)"
        if ssl
        else (
            "a native Node module was built for another Node version or system:"
            f" {case.line(match)[:150]}"
        ),
        "update the bundler (or NODE_OPTIONS=--openssl-legacy-provider)"
        if ssl
        else (
            "install node_modules in the image itself: npm ci in the same base image;"
            " node_modules in .dockerignore"
        ),
        (logged(case, match),),
    )


@cause(
    "node-error",
    "an error that nobody handled ended Node",
    pattern="process",
    reads=["logs"],
    page="check-status-and-logs",
    when=Phase.DIED,
    weight=44,
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
    return Found(
        "an error that nobody handled ended Node:"
        f" {words[:250]}{f' at {where[1]}' if where else ''}",
        "handle it (await in try/catch), and log what failed",
        (logged(case, found) if found else ended(case), ended(case)),
    )

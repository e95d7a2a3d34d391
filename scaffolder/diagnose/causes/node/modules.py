"""Node's modules and module systems."""

import errno
import re
from collections.abc import Iterator
from posixpath import dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, copied, logged, quoted, seen
from scaffolder.diagnose.causes.signatures import Row, Signature, table
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.evidence.trace import Call

LAST_PLACES = re.compile(
    r"/node_modules(?:/|$)|/\.node_(?:modules|libraries)(?:/|$)|/lib/node(?:/|$)"
)
"""Where Node looks for a package, the global places last."""
PACKAGE = re.compile(r"/node_modules/((?:@[^/]+/)?[^/.][^/]*)")
ENDING = re.compile(r"(?:/index)?\.(?:js|json|node)$")
"""What Node adds to the name of a module: the file, then the index of a directory."""
BUILT_IN = (
    "assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants",
    "crypto", "dgram", "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2",
    "https", "inspector", "module", "net", "os", "path", "perf_hooks", "process", "punycode",
    "querystring", "readline", "repl", "stream", "string_decoder", "sys", "timers", "tls", "tty",
    "url", "util", "v8", "vm", "wasi", "worker_threads", "zlib",
)  # fmt: skip
NAMED = re.compile(
    r"(?:\brequire\(|\bfrom |\bimport\(?)\s*['\"](?!node:)"
    rf"(?!(?:{'|'.join(BUILT_IN)})(?:/[^'\"]*)?['\"])(?P<n>(?:@[\w.-]+/)?\w[\w.-]*)"
)


@cause(
    "node-module-missing",
    "a module that Node loads is not in the image",
    pattern="dependencies",
    reads=["logs", "files"],
    explains=["file-missing", "last-call"],
)
def node_module_missing(case: Case) -> Found | None:
    """Find `Cannot find module`: a package, or one of the service's own files."""
    match = case.said(r"Cannot find (?:module|package) '(?P<n>[^']+)'[^\n]*")
    if match is None:
        return _unsaid(case)
    name = match["n"]
    if name.startswith(("/", ".")):
        there = resolved(case.files, name, case.config.workdir)
        return Found(
            f"Node tries to load {name}, which is not in the container: it was not copied or"
            f" built there (working directory: {case.config.workdir})",
            "COPY it (the build creates dist/), and check .dockerignore, WORKDIR and the path"
            " in CMD",
            (
                logged(case, match),
                Evidence(
                    "files",
                    f"docker cp {quoted(case)}:{name} -",
                    "no such file" if there is None else "exists",
                ),
            ),
            proven=there is None and name.startswith("/"),
        )
    folder = f"{case.config.workdir.rstrip('/')}/node_modules"
    modules, package = resolved(case.files, folder), resolved(case.files, f"{folder}/{name}")
    why = "there is no node_modules directory" if modules is None else "it is not in node_modules"
    return Found(
        f"the Node package {name} is not installed in the image: {why}",
        f"run npm ci in the image (with {name} in `dependencies`, not only devDependencies),"
        " and keep mounts off node_modules",
        (
            logged(case, match),
            Evidence(
                "files",
                f"docker cp {quoted(case)}:{folder} -",
                "no such directory" if modules is None else f"no {name}",
            ),
        ),
        proven=package is None,
    )


def _unsaid(case: Case) -> Found | None:
    """Find a program that looks for a package in each directory of modules, and ends silently."""
    call = case.seen.failed_call
    if call is None:
        return None
    if not LAST_PLACES.search(call.path):
        return _own(case, call)
    asked = [c for c in case.seen.trace.of(call.process) if c.error and "node_modules" in c.path]
    named = next((m[1] for c in reversed(asked) if (m := PACKAGE.search(c.path))), "")
    name = named or next(_absent(case), "")
    what = f"the Node package {name}" if name else "a Node package"
    return Found(
        f"{what} is not installed in the image: Node looks in every node_modules, and ends",
        f"run npm ci in the image{f' (with {name} in `dependencies`)' if name else ''}, and keep"
        " mounts off node_modules",
        tuple(seen(case, c) for c in (*asked[:1], call)),
    )


def _own(case: Case, call: Call) -> Found | None:
    """Find a file of the program's own that is asked for with each ending that Node adds."""
    stem = ENDING.sub("", call.path)
    asked = [c for c in case.seen.trace.of(call.process) if c.error == errno.ENOENT]
    tried = {c.path: c for c in asked if ENDING.sub("", c.path) == stem}
    if len(tried) < 2 or not any(path.endswith(".node") for path in tried):
        return None
    return Found(
        f"Node tries to load {stem}, which is not in the container, with no ending that it adds"
        f" (working directory: {case.config.workdir})",
        "COPY it (the build creates dist/), and check .dockerignore, WORKDIR and the name in"
        " require() or import, capitals included",
        (*(seen(case, c) for c in list(tried.values())[:3]), copied(case, stem, "no such file")),
    )


def _absent(case: Case) -> Iterator[str]:
    """Yield the packages that the program's scripts name, and no directory of modules has."""
    for item in case.launched:
        if item.script and item.script.language == "node" and item.script.path:
            above = [dirname(item.script.path)]
            while above[-1] not in ("/", ""):
                above.append(dirname(above[-1]))
            for match in NAMED.finditer(item.script.text):
                name = match["n"]
                if not any(resolved(case.files, f"{at}/node_modules/{name}") for at in above):
                    yield name


SIGNATURES = table(__name__, (
    Signature(
        id="node-module-system",
        title="the script uses a different module system than Node expects",
        pattern="image", page="pattern-dependencies", explains=("python-version",),
        rows=(Row(
            r"Cannot use import statement outside a module|ERR_REQUIRE_ESM"
            r"|(?:require|exports) is not defined in ES module|Unexpected token 'export'"
            r"|await is only valid in async|ERR_UNKNOWN_FILE_EXTENSION|__dirname is not defined",
            "the script is an ES module loaded as CommonJS, or the reverse:"
            " {line:.150}",
            'set "type": "module" in package.json (and copy package.json into the image), name the'
            " file .mjs or .cjs, or compile TypeScript first",
        ),),
    ),
))  # fmt: skip

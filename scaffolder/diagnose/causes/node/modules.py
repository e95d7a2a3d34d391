"""Node's modules and module systems."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, logged, quoted
from scaffolder.diagnose.causes.signatures import Row, Signature, table
from scaffolder.diagnose.evidence.files import resolved


@cause(
    "node-module-missing",
    "a module that Node loads is not in the image",
    pattern="dependencies",
    reads=["logs", "files"],
)
def node_module_missing(case: Case) -> Found | None:
    """Find `Cannot find module`: a package, or one of the service's own files."""
    match = case.said(r"Cannot find (?:module|package) '(?P<n>[^']+)'[^\n]*")
    if match is None:
        return None
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

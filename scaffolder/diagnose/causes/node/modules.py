"""Modules and module systems of Node."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, logged, quoted
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.sources.files import resolved


@cause(
    "node-module-missing",
    "a Node module, or the script itself, is not in the image",
    pattern="dependencies",
    reads=["logs", "files"],
    page="pattern-dependencies",
    when=Phase.DIED,
    weight=80,
)
def node_module_missing(case: Case) -> Found | None:
    """Find `Cannot find module`: a package, or a file of the service's own."""
    match = case.said(r"Cannot find (?:module|package) '(?P<n>[^']+)'[^\n]*")
    if match is None:
        return None
    name = match["n"]
    if name.startswith(("/", ".")):
        there = resolved(case.files, name, case.config.workdir)
        return Found(
            f"Node is to load {name}, which does not exist in the container: it was not copied or"
            f" not built there (working directory: {case.config.workdir})",
            "COPY it (dist/ is made by the build), and check .dockerignore, WORKDIR and the path"
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
    why = "there are no node_modules at all" if modules is None else "it is not in node_modules"
    return Found(
        f"the Node package {name} is not installed in the image: {why}",
        f"npm ci in the image (npm install {name}; in `dependencies`, not only devDependencies),"
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


@cause(
    "node-module-system",
    "the script is of another module system than Node takes it for",
    pattern="image",
    reads=["logs", "files"],
    page="pattern-dependencies",
    when=Phase.DIED,
    weight=78,
)
def node_module_system(case: Case) -> Found | None:
    """Find ES modules loaded as CommonJS, and the other way round."""
    match = case.said(
        r"[^\n]*(?:Cannot use import statement outside a module|ERR_REQUIRE_ESM"
        "|require is not defined in ES module|exports is not defined in ES module"
        r"|Unexpected token 'export'|await is only valid in async|ERR_UNKNOWN_FILE_EXTENSION[^\n]*"
        r"|__dirname is not defined)[^\n]*"
    )
    if match is None:
        return None
    return Found(
        "the script is an ES module and is loaded as CommonJS, or the other way round:"
        f" {case.line(match)[:150]}",
        'set "type": "module" in package.json (and copy package.json into the image), name the file'
        " .mjs or .cjs, or compile TypeScript first",
        (logged(case, match),),
    )

"""Files that a silent program names, where no copy may show what it asks for."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, copied, ended, quoted
from scaffolder.diagnose.causes.silence.readings import quiet, read_paths
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.evidence.phase import Phase

SETTINGS = re.compile(
    r"\.(?:toml|ya?ml|json|ini|conf|cfg|config|properties|xml|env|pem|key|crt|cer|lic|dat|sql)$"
)
"""Files that somebody has to provide: a program does not make them itself."""


@cause(
    "file-missing-silent",
    "a file that the program names does not exist in the container",
    pattern="environment",
    reads=["files", "inspect"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.HINT,
)
def file_missing_silent(case: Case) -> Found | None:
    """Find the only file of settings that a program names and that is not there.

    It may be optional: a watched copy tells more, and is believed instead.
    """
    if not quiet(case) or case.exit_code > 125 or case.seen.trace.processes:
        return None
    named = dict(read_paths(case))
    absent = [p for p in named if SETTINGS.search(p) and resolved(case.files, p) is None]
    if len(absent) != 1:
        return None
    path, by = absent[0], named[absent[0]]
    return Found(
        f"{by} names {path}, which does not exist in the container; it exits with {case.exit_code}"
        " before it prints anything",
        f"COPY it into the image, or mount it; --rerun tells whether {path} is what it ends over",
        (
            Evidence("files", f"docker cp {quoted(case)}:{by} - | strings | grep {path}", path),
            copied(case, path, "no such file"),
            ended(case),
        ),
    )

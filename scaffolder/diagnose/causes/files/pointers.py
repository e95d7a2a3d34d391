"""Files in whose place there is only a pointer of Git LFS."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended
from scaffolder.diagnose.evidence.files import SYSTEM, resolved
from scaffolder.diagnose.evidence.phase import Phase

POINTER = b"version https://git-lfs.github.com/spec/"
"""How a pointer begins (the specification of Git LFS)."""
LARGEST = 1024


@cause(
    "lfs-pointer",
    "a file that the program reads is a Git LFS pointer, not the file itself",
    pattern="image",
    reads=["rerun", "files"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    basis=Basis.NAMED,
    explains=[
        "config-malformed",
        "python-exception",
        "said-why",
        "ends-itself",
        "log-unwritten",
        "last-call",
    ],
)
def lfs_pointer(case: Case) -> Found | None:
    """Find a pointer among the files that were opened last, or that its command names."""
    named = [word for word in case.config.argv[1:] if word.startswith("/")]
    opened = [path for path in case.seen.opened if not SYSTEM.match(path)]
    for path in (*opened, *named):
        entry = resolved(case.files, path)
        if entry is None or entry.kind != "file" or entry.size > LARGEST:
            continue
        if (case.files.content(entry.path) or b"").startswith(POINTER):
            return Found(
                f"{path} is a Git LFS pointer of {entry.size} bytes, not the file itself",
                "run git lfs pull before docker build (in CI: check out with LFS), so that COPY"
                " takes the file",
                (content(case, entry.path, POINTER.decode() + "..."), ended(case)),
            )
    return None

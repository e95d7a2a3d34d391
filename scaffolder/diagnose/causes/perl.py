"""Modules of Perl that are not installed."""

import errno

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import logged, seen
from scaffolder.diagnose.evidence.alternatives import alike

ENDINGS = (".pm", ".pmc")


@cause(
    "perl-module-missing",
    "a module of Perl is not installed in the image",
    pattern="dependencies",
    reads=["logs", "rerun"],
    explains=["ruby-php", "said-why", "file-missing", "last-call"],
)
def perl_module_missing(case: Case) -> Found | None:
    """Find `Can't locate ... in @INC`, or the same search of a silent program."""
    match = case.said(r"[^\n]*Can't locate (?P<path>[\w/]+)\.pm in @INC[^\n]*")
    path = match["path"] if match else _sought(case)
    if not path:
        return None
    name = path.replace("/", "::")
    call = case.seen.failed_call
    shown = (*([logged(case, match)] if match else ()), *([seen(case, call)] if call else ()))
    return Found(
        f"the module {name} of Perl is not installed in the image",
        f"install it: apt-get install -y {package(name)} (as Debian calls it), or cpanm {name}",
        shown[:1],
    )


def package(name: str) -> str:
    """Return Debian's package of a module (Debian Perl Policy 4.2)."""
    return f"lib{name.replace('::', '-').lower()}-perl"


def _sought(case: Case) -> str:
    """Return the module that was sought in several directories: what their paths end with alike."""
    places = [call.path for call in case.seen.places if call.error == errno.ENOENT]
    return alike([path.rpartition(".")[0] for path in places if path.endswith(ENDINGS)])

"""Gems of Ruby that are not installed."""

import errno
import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import ended, seen
from scaffolder.diagnose.evidence.alternatives import alike
from scaffolder.diagnose.evidence.phase import Phase

ENDING = re.compile(r"\.(?:rb|so)$")
LIBRARY = re.compile(r"/(?:ruby|gems)/")
SEVERAL = 4
"""More places than a program looks for one of its own files in."""


@cause(
    "ruby-gem-missing",
    "a gem of Ruby is not installed in the image",
    pattern="dependencies",
    reads=["rerun"],
    page="check-files-and-dependencies",
    when=Phase.DIED,
    explains=["ruby-php", "said-why", "file-missing", "last-call", "ends-itself"],
)
def ruby_gem_missing(case: Case) -> Found | None:
    """Find what a silent program requires, in no directory of Ruby's libraries and gems."""
    call = case.seen.failed_call
    sought = [c.path for c in case.seen.places if c.error == errno.ENOENT]
    library = [path for path in sought if LIBRARY.search(path)]
    if call is None or len(library) < SEVERAL or not any(map(ENDING.search, library)):
        return None
    name = alike([ENDING.sub("", path) for path in sought])
    if not name:
        return None
    return Found(
        f"the program requires {name}, which is in none of the {len(sought)} places in which Ruby"
        " looks for libraries and gems: it is not installed in the image",
        f"install its gem in the image: gem install {name.partition('/')[0]}, or bundle install"
        " with the Gemfile copied before it; and start the program by bundle exec",
        (seen(case, call), ended(case)),
    )

"""Why the image of a service cannot be built: a registry that does not answer, or the service."""

import pytest

from scaffolder.languages import python
from scaffolder.verify.images import UNREACHABLE, failure
from scaffolder.verify.steps import says_full

CLASSIC = """Step 8/9 : RUN pip install -r requirements.txt
WARNING: Retrying after connection broken by 'ReadTimeoutError: Read timed out.'
Successfully installed starlette
Step 9/9 : HEALTHCHECK --interval=10s --timeout=5s CMD timeout 3 check
Step 10/10 : RUN timeout 10 orders --version
{said}
The command '/bin/sh -c timeout 10 orders --version' returned a non-zero code: 1
"""
BUILDKIT = """#8 [4/4] RUN timeout 10 orders --version
#8 0.412 WARNING: Read timed out.
------
 > [4/4] RUN timeout 10 orders --version:
{said}
------
ERROR: failed to solve: process "/bin/sh -c timeout 10 orders" did not complete: exit code: 1
"""


@pytest.mark.parametrize("build", [CLASSIC, BUILDKIT])
@pytest.mark.parametrize(
    ("said", "unreachable"),
    [
        ("orders: error while loading shared libraries", False),
        ("error: error sending request for url", True),
        ("dial tcp: lookup registry.invalid: no such host", True),
    ],
)
def test_only_what_failed_tells_whether_a_registry_answered(
    build: str, said: str, *, unreachable: bool
) -> None:
    reason = failure(build.format(said=said))

    assert bool(UNREACHABLE.search(reason) or python.is_unreachable(reason)) is unreachable


@pytest.mark.parametrize("build", [CLASSIC, BUILDKIT])
@pytest.mark.parametrize(
    ("said", "full"),
    [
        ("OSError: [Errno 28] No space left on device", True),
        ("write /var/lib/docker/tmp: no space left on device", True),
        ("no room", False),
    ],
)
def test_a_disk_that_is_full_is_told_from_a_build_that_fails(
    build: str, said: str, *, full: bool
) -> None:
    assert says_full(failure(build.format(said=said))) is full

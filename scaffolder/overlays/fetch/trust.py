"""What the user has agreed to: sources by their absolute place, and each version by its content.

A yes to a source holds for its later versions, but a version has one content: a tag that was moved,
or a directory that has changed, is said and asked about again.
"""

import fcntl
import json
from collections.abc import Sequence
from typing import Any, Protocol

from scaffolder import paths
from scaffolder.errors import RefusedError
from scaffolder.templates.layer import SHORT, Layer
from scaffolder.text import printable, quoted

INSECURE = ("http://", "git://")
LOCAL = ("file://", "/")


class TrustPolicy(Protocol):
    """Decides about templates of others that are used here for the first time.

    A terminal asks its user, a worker has a fixed answer. What was agreed to is remembered, and not
    asked again. Texts of others in `place` and `about` are printable.
    """

    def may_agree(self) -> bool:
        """Tell whether a yes is possible at all; if not, nothing is read and no server is asked."""
        ...

    def contact(self, place: str) -> bool:
        """Decide whether a server may be asked that is not known yet."""
        ...

    def agree(self, place: str, about: Sequence[str]) -> bool:
        """Decide whether to trust a template, in this version and later ones.

        `about` says what it holds, line by line.
        """
        ...

    def warn(self, text: str) -> None:
        """Warn about a template or its server. May be called repeatedly."""
        ...


class Decided:
    """The policy of a caller who is not there to be asked."""

    def __init__(self, *, answer: bool) -> None:
        """Answer everything with `answer`."""
        self.answer = answer

    def may_agree(self) -> bool:
        """Return the answer."""
        return self.answer

    def contact(self, place: str) -> bool:  # noqa: ARG002 - the same for all
        """Return the answer."""
        return self.answer

    def agree(self, place: str, about: Sequence[str]) -> bool:  # noqa: ARG002 - the same for all
        """Return the answer."""
        return self.answer

    def warn(self, text: str) -> None:
        """Drop it."""


NEVER = Decided(answer=False)
ALWAYS = Decided(answer=True)


def covers(layer: Layer) -> bool:
    """Tell whether the user has agreed to a source, and to nothing else in this version of it."""
    contents = _known().get(layer.source)
    if contents is None:
        return False
    same = contents.get(layer.version)
    return not same or any(content["digest"] == layer.digest for content in same)


def require_answer(layer: Layer, policy: TrustPolicy) -> None:
    """Raise RefusedError unless a recorded source is agreed to, or the policy may agree to it.

    So a service that somebody else made has nothing read or fetched before its source is agreed to.
    """
    if layer.source not in _known() and not policy.may_agree():
        raise _untrusted(layer.source)


def require_contact(place: str, policy: TrustPolicy) -> None:
    """Raise RefusedError if the policy does not let a server be asked for the first time."""
    if place.startswith(INSECURE):
        policy.warn(
            f"{printable(place)} is neither encrypted nor authenticated: anyone on the way can "
            "read the template, and change it. Use https:// or ssh."
        )
    known = place in _known() or place.startswith(LOCAL)
    if not known and not policy.contact(printable(place)):
        raise _untrusted(place)


def require(layer: Layer, about: Sequence[str], policy: TrustPolicy) -> None:
    """Raise RefusedError unless the layer is trusted already, or the policy agrees to `about`."""
    before = _known().get(layer.source, {}).get(layer.version, [])
    if not covers(layer):
        if not policy.agree(printable(layer.source), [*_moved(layer, before), *about]):
            raise _untrusted(layer.source)
    elif before and not any(content["commit"] == layer.commit for content in before):
        policy.warn(
            f"the tag {layer.version} of {layer.source} was moved to another commit, "
            "with the same content"
        )
    if {"digest": layer.digest, "commit": layer.commit} not in before:
        _remember(layer)


def _moved(layer: Layer, before: Sequence[dict[str, str]]) -> list[str]:
    """Return what is said of a version that had other content when it was agreed to."""
    if not before:
        return []
    old, new = before[-1]["digest"][:SHORT], layer.digest[:SHORT]
    what = (
        f"the tag {layer.version} of {layer.source} was moved"
        if layer.version
        else f"{printable(layer.source)} has changed"
    )
    return [f"! {what} since you trusted it: its content was {old}, and is {new} now"]


def _untrusted(place: str) -> RefusedError:
    return RefusedError(
        f"the template at {printable(place)} is not trusted yet, so it was not used",
        "read what it holds; then: the same command with --trust",
    )


def _known() -> dict[str, Any]:
    """Return place → version → the contents that were agreed to; older files have no versions."""
    file = paths.data() / "trusted.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        _check(found)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        shown = quoted(str(file))
        raise RefusedError(
            f"{printable(str(file))} cannot be read", f"rm {shown}, and trust sources again"
        ) from error
    known: dict[str, Any] = found
    return known


def _check(found: Any) -> None:  # noqa: ANN401 - whatever the file holds
    """Raise an error, of whatever kind, for what `_remember` cannot have written."""
    for versions in found.values():
        for contents in versions.values():
            for content in contents:
                _ = content["digest"], content["commit"]


def _remember(layer: Layer) -> None:
    file = paths.data() / "trusted.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = _known()
        versions = known.setdefault(layer.source, {})
        content = {"digest": layer.digest, "commit": layer.commit}
        versions.setdefault(layer.version, []).append(content)
        new = file.with_suffix(".new")
        new.write_text(json.dumps(known, indent=2, sort_keys=True), encoding="utf-8")
        new.replace(file)

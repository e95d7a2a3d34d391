"""Tags that are versions: `2.1`, `v2.1`, or of one of several things, `team-2.1`, `api/v2.1`."""

import re
from collections.abc import Iterable, Mapping

from packaging.version import Version

from scaffolder.errors import RefusedError

from .origin import Origin

SEPARATOR = re.compile(r"[/_-](?=v?\d)")


def parsed(tag: str) -> tuple[str, Version] | None:
    """Return prefix and version, as PEP 440 reads versions; None for other tags."""
    for start in [0, *(match.end() for match in SEPARATOR.finditer(tag))]:
        try:
            return tag[:start], Version(tag[start:])
        except ValueError:  # InvalidVersion, or a number of thousands of digits
            continue
    return None


def ordered(tags: Iterable[str]) -> list[str]:
    """Return those that are versions, oldest first, by their prefixes."""
    found = {tag: key for tag in tags if (key := parsed(tag))}
    return sorted(found, key=lambda tag: found[tag])


def is_older(version: str, than: str) -> bool:
    """Tell whether one version comes before another of the same prefix."""
    left, right = parsed(version), parsed(than)
    return bool(left and right and left[0] == right[0] and left[1] < right[1])


def meant(tags: Iterable[str], version: str, current: str) -> str:
    """Return the tag of a version that was typed, which may go without the prefix of `current`."""
    key = parsed(current)
    whole = f"{key[0]}{version}" if key else version
    return version if version in tags or whole not in tags else whole


def newest(tags: Mapping[str, str], origin: Origin, current: str = "") -> str:
    """Return the newest version; a pre-release only if there is no other, or `current` is one.

    It has the prefix of `current` or, without that, the one that is meant. Raise RefusedError if
    there is none at all.
    """
    now = parsed(current)
    prefix = now[0] if now else _prefix(tags, origin)
    found = [(tag, key[1]) for tag in tags if (key := parsed(tag)) and key[0] == prefix]
    if not found:
        raise no_version(origin)
    early = bool(now and now[1].is_prerelease)
    final = [(tag, version) for tag, version in found if early or not version.is_prerelease]
    return str(max(final or found, key=lambda pair: pair[1])[0])


def no_version(origin: Origin) -> RefusedError:
    """Build the error for a repository without any."""
    return RefusedError(
        f"{origin.place} has no tag that is a version",
        "git tag 1.0 && git push --tags, in the template",
    )


def _prefix(tags: Iterable[str], origin: Origin) -> str:
    """Return the prefix of the versions that are meant: the folder's, none, or the only one."""
    by_prefix: dict[str, str] = {key[0]: tag for tag in tags if (key := parsed(tag))}
    last = origin.folder.rpartition("/")[2]
    named = (f"{origin.folder}/", f"{last}/", f"{last}-", f"{last}_")
    for prefix in [*(named if origin.folder else []), ""]:
        if prefix in by_prefix:
            return prefix
    if len(by_prefix) > 1:
        raise RefusedError(
            f"{origin.place} has versions of several things: {', '.join(sorted(by_prefix))}",
            f"say which: {origin.place}@{by_prefix[min(by_prefix)]}",
        )
    return next(iter(by_prefix), "")

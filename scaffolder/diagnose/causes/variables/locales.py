"""Locales, time zones and clocks."""

import re
from dataclasses import replace
from posixpath import basename, dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import (
    Evidence,
    copied,
    inspected,
    logged,
    quoted,
    seen,
)
from scaffolder.diagnose.causes.signatures import Row, Signature, table
from scaffolder.diagnose.causes.silence.readings import quiet
from scaffolder.diagnose.evidence.alternatives import ZONES
from scaffolder.diagnose.evidence.files import resolved

from .characters import BEYOND, SAYS, is_utf_8

ASKED = r"setlocale\([^()\n]*[\"'](\w\w[\w.@-]*)[\"']"
"""The locale in a line of source that a traceback quotes."""


LOCALE = re.compile(r"[a-z]{2,3}(?:_[A-Z]{2})?(?:[.@][\w@-]+)?")


@cause(
    "locale-missing",
    "the configured locale is not in the image",
    pattern="environment",
    reads=["logs", "inspect"],
    explains=["file-missing", "java-framework", "said-why", "ends-itself"],
    cured_by=["locale"],
)
def locale_missing(case: Case) -> Found | None:
    """Find unsupported locales, and text that the plain C locale cannot represent."""
    match = case.said(SAYS)
    if match is None or (BEYOND.search(match[0]) and is_utf_8(case)):
        return _unsaid_locale(case)
    values = {
        k: v
        for k, v in case.config.env.items()
        if k == "LANG" or k.startswith("LC_") or k == "PYTHONIOENCODING"
    }
    words = ", ".join(f"{k}={v}" for k, v in values.items()) or "LANG is not set"
    if "unsupported locale" in match[0] and (asked := case.said(ASKED)):
        return _of_its_own(asked[1], logged(case, match))
    lacks = "is not in the image" if "ocale" in match[0] else "cannot represent the program's text"
    if BEYOND.search(match[0]):
        lacks = "has no characters beyond ASCII, and the program meets such"
    own = "PYTHONIOENCODING" in values and "UnicodeE" in match[0]  # it comes before the locale
    return Found(
        f"the locale ({words}) {lacks}: {case.line(match)[:200]}",
        "leave PYTHONIOENCODING out, or set it to utf-8"
        if own
        else "ENV LANG=C.UTF-8 LC_ALL=C.UTF-8, which every glibc image has, or install and generate"
        " the locale",
        (logged(case, match), inspected(case, "Config.Env", words)),
        proven=bool(values)
        and any(v.partition(".")[0] not in {"C", "POSIX"} for v in values.values())
        and "ocale" in match[0],
    )


def _unsaid_locale(case: Case) -> Found | None:
    """Find a locale that a silent program sought, before it ended without having done anything."""
    sought = case.seen.locales_sought
    names = {v for k, v in case.config.env.items() if k == "LANG" or k.startswith("LC_")}
    asked = next((name for name in sorted(names) if any(name in c.path for c in sought)), "")
    if not sought or not quiet(case):
        return None
    if not asked:
        name = basename(dirname(sought[0].path))
        own = _of_its_own(name, seen(case, sought[0])) if LOCALE.fullmatch(name) else None
        return own and replace(own, basis=Basis.INFERRED)
    return Found(
        f"the program looks for the locale {asked}, which is not in the image, and ends",
        "ENV LANG=C.UTF-8 LC_ALL=C.UTF-8, which every glibc image has, or generate the locale"
        " (apt-get install -y locales, localedef)",
        (seen(case, sought[-1]), inspected(case, "Config.Env", asked)),
        basis=Basis.HINT,
    )


def _of_its_own(name: str, shown: Evidence) -> Found:
    """Return the answer for a locale that the program itself names, whatever LANG says."""
    language, _, charset = name.partition(".")
    return Found(
        f"the program asks for the locale {name}, which is not in the image",
        f"generate it in the image (apt-get install -y locales && localedef -i {language} -f"
        f" {charset or 'UTF-8'} {name}), or have it ask for C.UTF-8, which every glibc image"
        " has",
        (shown,),
    )


OF_JAVA = re.compile(r"ZoneRules|java\.time")
"""Java has zones of its own, and needs none of the system's."""
NO_ZONES = "the image has no time zone data (tzdata)"
OTHER_NAME = (
    "the image has other zones, and none of this name, which is wrong, or a former one (US/Eastern"
    " for America/New_York: Debian keeps those in tzdata-legacy)"
)
NAME = re.compile(r"\b(?:zone|ID|key):?\s+['\"]?([A-Z][\w+-]*(?:/[\w+-]+)+)", re.IGNORECASE)


@cause(
    "timezone-missing",
    "the image has no time zone data",
    pattern="environment",
    reads=["logs", "files", "inspect"],
    explains=["file-missing", "last-call"],
    cured_by=["time-zone"],
)
def timezone_missing(case: Case) -> Found | None:
    """Find a time zone that is unknown because tzdata is not installed."""
    match = case.said(
        r"[^\n]*(?:unknown time ?zone|No time zone found|ZoneInfoNotFound|invalid time ?zone"
        r"|ZoneRulesException|tzdata|Unknown or invalid time zone|cannot load timezone)[^\n]*"
    )
    if match is None:
        return _unsaid(case)
    line, env = case.line(match), case.config.env
    is_java = bool(OF_JAVA.search(line))  # which has zones of its own, and their former names
    there = _has_zones(case) or is_java
    named = NAME.search(line)
    zone = named[1] if named else env.get("TZ", "")
    by = next((name for name, value in env.items() if zone and value == zone), "TZ")
    return Found(
        f"the time zone{' ' + zone if zone else ''} is unknown: "
        + ("its name is wrong" if is_java else OTHER_NAME if there else NO_ZONES),
        (
            "install tzdata in the runtime stage (apt-get install -y tzdata, apk add tzdata, or the"
            " language's own package)"
        )
        if not there
        else f"correct {by}",
        (
            logged(case, match),
            Evidence(
                "files",
                f"docker cp {quoted(case)}:/usr/share/zoneinfo -",
                "exists" if there else "no such directory",
            ),
        ),
        proven=not there,
    )


def _has_zones(case: Case) -> bool:
    names = (f"{ZONES}/{name}" for name in ("UTC", "Etc/UTC"))
    return any(resolved(case.files, name) for name in names)


def _unsaid(case: Case) -> Found | None:
    """Find a zone that a silent program sought in several places, and then gave up."""
    asked = case.seen.zone_sought
    if asked is None:
        return None
    if _has_zones(case):
        why = "the image has time zones, but none of this name"
        fix = (
            "correct the name, as in `ls /usr/share/zoneinfo`; old ones, such as US/Eastern, are in"
            " the package tzdata-legacy of Debian"
        )
    else:
        why = "the image has no time zone data (tzdata)"
        fix = "install tzdata in the runtime stage, or embed it (Go: import time/tzdata)"
    return Found(
        f"the program looks for the time zone {asked[0]} in every place for it, and finds none:"
        f" {why}",
        fix,
        (*(seen(case, call) for call in asked[1][:2]), copied(case, ZONES, "no such zone")),
    )


SIGNATURES = table(__name__, (
    Signature(
        id="clock-wrong", title="a clock is wrong", pattern="environment",
        rows=(Row(
            r"clock skew|RequestTimeTooSkewed|token used before issued|not yet valid"
            r"|iat in the future|time (?:skew|drift)|InvalidIssuedAt|ImmatureSignature"
            r"|system clock|faketime",
            "a clock is wrong: {line:.200}",
            "correct the host's clock (NTP), which containers share; unset FAKETIME if it is"
            " set",
        ),),
    ),
))  # fmt: skip

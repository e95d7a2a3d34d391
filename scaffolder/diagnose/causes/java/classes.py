"""Classes for another Java version, and missing jars."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import logged
from scaffolder.diagnose.causes.signatures import Row, Signature, always, table
from scaffolder.diagnose.evidence.files import resolved

OFFSET = 44
"""Class files of Java N have the version N + 44."""


@cause(
    "java-class-version",
    "the classes were compiled for a newer Java than the image has",
    pattern="image",
    page="pattern-dependencies",
)
def java_class_version(case: Case) -> Found | None:
    """Find UnsupportedClassVersionError."""
    match = case.said(
        r"UnsupportedClassVersionError[^\n]*?class file version (?P<a>\d+)\.\d+[^\n]*?(?:up to "
        r"(?P<b>\d+))[^\n]*"
    )
    if match is None:
        return None
    need, has = (int(match[name]) - OFFSET for name in "ab")
    return Found(
        f"the classes were compiled for Java {need}, and the image runs Java {has} (class file"
        f" versions {match['a']} and {match['b']})",
        f"use a runtime image with Java {need} or newer, or compile with --release {has}",
        (logged(case, match),),
    )


def _is_absent(case: Case, match: re.Match[str]) -> bool:
    return resolved(case.files, match["path"], case.config.workdir) is None


SIGNATURES = table(__name__, (
    Signature(
        id="java-jar", title="Java cannot find the program to run",
        pattern="image", reads=("logs", "files"), explains=("file-missing",),
        shows=("file", "command"),
        rows=(
            Row(
                r"Unable to access jarfile (?P<path>\S+)",
                "the jar {path} does not exist in the container (working directory:"
                " {config.workdir})",
                "COPY it (target/*.jar or build/libs/*.jar), and correct the path in CMD",
                proves=_is_absent,
            ),
            Row(
                r"(?P<what>no main manifest attribute, in \S+)",
                "the jar has no Main-Class in its manifest: {what}",
                "build the executable jar (spring-boot repackage, shadow, assembly), or use java"
                " -cp JAR CLASS",
                proves=always,
            ),
            Row(
                r"Could not find or load main class (?P<name>\S+)",
                "the main class {name} is not found on the class path",
                "correct the name and -cp; wildcards need quotes",
            ),
            Row(
                r"(?P<what>Invalid or corrupt jarfile \S+"
                r"|Error: An unexpected error occurred while trying to open file \S+)",
                "the jar is damaged: {what}",
                "build and copy it again",
            ),
        ),
    ),
))  # fmt: skip

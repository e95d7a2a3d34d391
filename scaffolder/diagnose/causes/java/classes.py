"""Classes for another Java, and jars that are not there."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, inspected, logged, quoted
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.sources.files import resolved

RELEASES = {45 + n: str(n) for n in range(1, 30)}


@cause(
    "java-class-version",
    "the classes were compiled for a newer Java than the image has",
    pattern="image",
    reads=["logs"],
    page="pattern-dependencies",
    when=Phase.DIED,
    weight=88,
)
def java_class_version(case: Case) -> Found | None:
    """Find UnsupportedClassVersionError."""
    match = case.said(
        r"UnsupportedClassVersionError[^\n]*?class file version (?P<a>\d+)\.\d+[^\n]*?(?:up to "
        r"(?P<b>\d+))[^\n]*"
    )
    if match is None:
        return None
    need, has = RELEASES.get(int(match["a"]), match["a"]), RELEASES.get(int(match["b"]), match["b"])
    return Found(
        (
            f"the classes were compiled for Java {int(match['a']) - 44}, and the image runs Java"
            f" {int(match['b']) - 44} (class file versions {match['a']} and {match['b']})"
        )
        if need and has
        else "the classes were compiled for a newer Java",
        f"use a runtime image with Java {int(match['a']) - 44} or newer, or compile with --release"
        f" {int(match['b']) - 44}",
        (logged(case, match),),
    )


@cause(
    "java-jar",
    "the jar or the main class cannot be found",
    pattern="image",
    reads=["logs", "files"],
    page="check-program-file",
    when=Phase.DIED,
    weight=84,
)
def java_jar(case: Case) -> Found | None:
    """Find a jar that is not there, damaged, or without a main class."""
    match = case.said(
        r"Unable to access jarfile (?P<j>\S+)|(?P<m>no main manifest attribute, in \S+)"
        r"|Could not find or load main class (?P<c>\S+)|(?P<d>Invalid or corrupt jarfile \S+"
        r"|Error: An unexpected error occurred while trying to open file \S+)"
    )
    if match is None:
        return None
    jar = match["j"]
    there = resolved(case.files, jar, case.config.workdir) if jar else None
    if jar:
        words, fix = (
            (
                f"the jar {jar} does not exist in the container (working directory:"
                f" {case.config.workdir})"
            ),
            "COPY it (target/*.jar or build/libs/*.jar), and correct the path in CMD",
        )
    elif match["m"]:
        words, fix = (
            f"the jar has no Main-Class in its manifest: {match['m']}",
            (
                "build the executable jar (spring-boot repackage, shadow, assembly), or use java"
                " -cp JAR CLASS"
            ),
        )
    elif match["c"]:
        words, fix = (
            f"the main class {match['c']} is not found on the class path",
            "correct the name and -cp; wildcards need quotes",
        )
    else:
        words, fix = f"the jar is damaged: {match['d']}", "build and copy it again"
    return Found(
        words,
        fix,
        (
            logged(case, match),
            *(
                (
                    Evidence(
                        "files",
                        f"docker cp {quoted(case)}:{jar} -",
                        "no such file" if there is None else there.kind,
                    ),
                )
                if jar
                else ()
            ),
            inspected(case, "Config.Cmd", list(case.config.argv)),
        ),
        proven=(bool(jar) and there is None) or bool(match["m"]),
    )

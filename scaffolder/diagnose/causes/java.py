"""The Java virtual machine: its heap, its classes, its versions, and what frameworks say."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import Evidence, ended, inspected, logged, quoted
from scaffolder.diagnose.phase import Phase
from scaffolder.diagnose.sources.files import resolved

from .memory import heap, size

RELEASES = {45 + n: str(n) for n in range(1, 30)}


@cause(
    "java-heap",
    "the Java heap, or another memory area, is exhausted",
    pattern="memory",
    reads=["logs", "inspect"],
    page="pattern-memory",
    when=Phase.DIED | Phase.FINISHED,
    weight=86,
)
def java_heap(case: Case) -> Found | None:
    """Find OutOfMemoryError, and heaps that the machine cannot reserve."""
    match = case.said(
        r"[^\n]*(?:java\.lang\.OutOfMemoryError: (?P<w>[^\n]+)|Could not reserve enough space"
        "|There is insufficient memory for the Java Runtime"
        r"|Terminating due to java\.lang\.OutOfMemoryError)[^\n]*"
    )
    if match is None or (match["w"] and "native thread" in match["w"]):
        return None
    allowed, limit = heap(case), case.config.memory
    at = (
        f" of {size(allowed)} (-Xmx)"
        if allowed
        else " (by default a quarter of the container's memory)"
    )
    return Found(
        f"the Java heap{at} is exhausted: {case.line(match)[:160]}; this is the JVM's limit, not"
        f" the container's ({size(limit) if limit else 'none'})",
        "raise -Xmx, or -XX:MaxRAMPercentage=75, and --memory along with it; look for a leak with"
        " a heap dump",
        (logged(case, match), inspected(case, "HostConfig.Memory", limit), ended(case)),
        proven=bool(match["w"]) and bool(allowed),
    )


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
        proven=True,
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


@cause(
    "java-options",
    "the virtual machine does not take its options",
    pattern="environment",
    reads=["logs", "inspect"],
    page="pattern-environment",
    when=Phase.DIED,
    weight=82,
)
def java_options(case: Case) -> Found | None:
    """Find options that this Java does not know, and sizes that it cannot read."""
    match = case.said(
        r"[^\n]*(?:Unrecognized (?:VM )?option|Invalid (?:maximum|initial) heap size"
        "|Could not create the Java Virtual Machine|Initial heap size set to a larger value"
        r"|Invalid thread stack size|Conflicting collector|Unsupported VM option|JAVA_HOME)[^\n]*"
    )
    if match is None:
        return None
    first = case.said(
        r"^(?P<l>[^\n]*(?:Unrecognized|Invalid|larger value|Conflicting|JAVA_HOME)[^\n]*)"
    )
    line = first["l"] if first else case.line(match)
    names = [
        k
        for k in ("JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
        if k in case.config.env
    ]
    return Found(
        f"the Java virtual machine does not accept its options: {line.strip()[:200]}",
        "correct or remove the option, in the command or in JAVA_TOOL_OPTIONS",
        (
            logged(case, line),
            inspected(
                case,
                "Config.Env",
                ", ".join(f"{n}={case.config.env[n]}" for n in names)
                or "none of JAVA_OPTS, JAVA_TOOL_OPTIONS",
            ),
        ),
        proven=True,
    )


@cause(
    "java-class-missing",
    "a class is missing at run time",
    pattern="dependencies",
    reads=["logs"],
    page="pattern-dependencies",
    when=Phase.DIED,
    weight=74,
)
def java_class_missing(case: Case) -> Found | None:
    """Find NoClassDefFoundError and its relatives."""
    match = case.said(
        "(?:NoClassDefFoundError|ClassNotFoundException|NoSuchMethodError"
        r"|AbstractMethodError): (?P<c>[^\n]+)"
    )
    if match is None:
        return None
    return Found(
        f"a Java class or method is missing at run time: {match['c'].strip()[:150]}",
        "put its jar on the class path, and one version of each library (mvn dependency:tree)",
        (logged(case, match),),
    )


@cause(
    "java-framework",
    "the framework says why the application does not start",
    pattern="process",
    reads=["logs"],
    page="check-status-and-logs",
    when=Phase.DIED,
    weight=58,
)
def java_framework(case: Case) -> Found | None:
    """Quote Spring's own analysis, or the exception of the main thread."""
    match = case.said(
        r"APPLICATION FAILED TO START\s*\n\*+\s*\n+Description:\s*\n+(?P<d>[^\n]+(?:\n[^\n]+)?)"
    )
    other = case.said(r"Exception in thread \"\S+\" (?P<d>[^\n]+)")
    found = match or other
    if found is None:
        return None
    return Found(
        f"the application does not start: {' '.join(found['d'].split())[:250]}",
        "correct what it names; the exceptions above it say where",
        (logged(case, found["d"]), ended(case)),
        weight=None if match else 44,
    )

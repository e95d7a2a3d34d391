"""What classes and frameworks of the application say at its start."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import ended, logged
from scaffolder.diagnose.phase import Phase


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

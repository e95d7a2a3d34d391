"""What the application's classes and frameworks report at startup."""

from scaffolder.diagnose.causes.catalogue import Basis
from scaffolder.diagnose.causes.signatures import Row, Signature, table

SIGNATURES = table(__name__, (
    Signature(
        id="java-class-missing", title="a class is missing at run time",
        pattern="dependencies",
        rows=(Row(
            r"(?:NoClassDefFoundError|ClassNotFoundException|NoSuchMethodError"
            r"|AbstractMethodError): (?P<name>[^\n]+)",
            "a Java class or method is missing at run time: {name:.150}",
            "put its jar on the class path, and one version of each library (mvn dependency:tree)",
        ),),
    ),
    Signature(
        id="java-framework", title="the framework says why the application does not start",
        pattern="process", shows=("exit code",),
        basis=Basis.HINT, explains=("said-why",),
        rows=(
            Row(
                r"APPLICATION FAILED TO START\s*\n\*+\s*\n+Description:\s*\n+"
                r"(?P<why>[^\n]+(?:\n[^\n]+)?)",
                "the application does not start: {why:.250}",
                "correct what it names; the exceptions above it say where",
            ),
            Row(
                r"Exception in thread \"\S+\" (?P<why>[^\n]+)",
                "the application does not start: {why:.250}",
                "correct what it names; the exceptions above it say where",
                basis=Basis.QUOTED,
            ),
        ),
    ),
))  # fmt: skip

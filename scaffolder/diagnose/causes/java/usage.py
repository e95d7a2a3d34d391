"""Java programs that need an argument, get none, and end without a word."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, ended, inspected, quoted
from scaffolder.diagnose.causes.silence.readings import says_nothing
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.java_command import started
from scaffolder.diagnose.programs.usage import USAGE_CODES, commands, required

from .literals import literals

RECIPE = "\x01"
"""Where a value comes in a text that is put together (StringConcatFactory)."""


@cause(
    "java-argument-missing",
    "a Java program is started without an argument that it needs",
    pattern="process",
    reads=["files", "inspect", "logs"],
    page="ended-without-a-word",
    when=Phase.DIED,
    basis=Basis.INFERRED,
    explains=["ends-itself", "last-call"],
)
def java_argument_missing(case: Case) -> Found | None:
    """Find the usage in its classes, if nothing stands behind its main class in the command."""
    first = case.launched[0] if case.launched else None
    java = started(first.argv, case.config.env) if first else None
    if java is None or java.arguments or case.exit_code not in USAGE_CODES:
        return None
    if not says_nothing(case):
        return None
    for path, texts in literals(case, java):
        lines = [line for text in texts for line in text.replace(RECIPE, "...").splitlines()]
        usage = required(lines)
        if not usage:
            continue
        known = commands(lines)
        listed = f" ({', '.join(known)})" if known else ""
        ending = case.seen.ending
        how = f", with {ending.how} at {ending.place}" if ending and ending.place else ""
        which = f", such as {known[0]}" if known else ""
        return Found(
            f"it is started without arguments, and ends without a word{how}; its usage, in"
            f" {path}, is: `{usage[:200]}`{listed}",
            f"pass what it requires{which}, in CMD or after the image in docker run",
            (
                Evidence("files", f"docker cp {quoted(case)}:{path} .  # strings of it", usage),
                inspected(case, "Config.Cmd", list(case.config.command)),
                ended(case),
            ),
        )
    return None

"""Options that the virtual machine does not accept."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import inspected, logged


@cause(
    "java-options",
    "the virtual machine does not accept its options",
    pattern="environment",
    reads=["logs", "inspect"],
)
def java_options(case: Case) -> Found | None:
    """Find options that this Java does not know, and sizes that it cannot parse."""
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
    given = [*case.config.argv, *(case.config.env[n] for n in names)]
    option = re.search(r"'?-?(?:XX:)?[+-]?(?P<o>[A-Z]\w{4,})[^\s]*'?$|(?P<x>-X\w+)", line.strip())
    named = (option["o"] or option["x"]) if option else ""
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
        proven=bool(named) and any(named in text for text in given),
    )

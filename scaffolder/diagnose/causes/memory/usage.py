"""How much memory is allowed, and the evidence of the OOM killer."""

import re

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.evidence import Evidence, happened, inspected, live
from scaffolder.diagnose.evidence.kernel_log import kills_in

MIB = 1024 * 1024


KILLED = 137


HEAP = re.compile(r"(?:-Xmx|-XX:MaxHeapSize=|--max[-_]old[-_]space[-_]size[= ])(\d+)([kKmMgG]?)")
FIRST_HEAP = re.compile(r"(?:-Xms|-XX:InitialHeapSize=)(\d+)([kKmMgG]?)")


def size(number: int) -> str:
    """Return a number of bytes in MiB, or in KiB if it is a small one."""
    return f"{number / MIB:.0f} MiB" if number >= MIB else f"{number / 1024:.0f} KiB"


def heap(case: Case) -> int:
    """Return the heap that the command or the environment allows, in bytes; 0 if none is set."""
    return _option(case, HEAP)


def first_heap(case: Case) -> int:
    """Return the heap with which they have a JVM begin, in bytes; 0 if they do not say."""
    return _option(case, FIRST_HEAP)


def _option(case: Case, pattern: re.Pattern[str]) -> int:
    variables = (
        case.config.env.get(k, "")
        for k in (
            "JAVA_OPTS",
            "JAVA_TOOL_OPTIONS",
            "_JAVA_OPTIONS",
            "NODE_OPTIONS",
            "JDK_JAVA_OPTIONS",
            "CATALINA_OPTS",
        )
    )
    texts = [
        *case.config.argv,
        *variables,
        *(s.script.text for s in case.launched if s.script and s.script.language == "sh"),
    ]
    match = pattern.search(" ".join(texts))
    if not match:
        return 0
    unit = match[2].lower() or ("m" if "space" in match[0] else "")
    return int(match[1]) * {"": 1, "k": 1024, "m": MIB, "g": 1024 * MIB}[unit]


def killed_for_memory(case: Case) -> list[Evidence]:
    """Return the evidence that the OOM killer killed something in the container."""
    found = []
    if case.state.oom_killed:
        found.append(inspected(case, "State.OOMKilled", "true"))
    if any(event.action == "oom" for event in case.events):
        found.append(happened(case, "oom"))
    if case.usage.oom_kills:
        found.append(
            live(case, "cat /sys/fs/cgroup/memory.events", f"oom_kill {case.usage.oom_kills}")
        )
    kills = kills_in(case.kernel, case.identity_number)
    if kills:
        found.append(Evidence("kernel", "dmesg | grep oom-kill", kills[-1].text[-160:]))
    return found

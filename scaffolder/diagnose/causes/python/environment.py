"""The Python that runs, and where it looks for modules."""

import re
from posixpath import dirname, join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.evidence.files import follow, resolved
from scaffolder.diagnose.programs.scripts import language


def python(case: Case) -> str:
    """Return the path of the Python that runs, links followed; empty if none is found."""
    for item in case.launched:
        if language(item.name) == "python" and item.program and not item.program.problem:
            way, _ = follow(case.files, item.program.path)
            return way[-1].path if way else ""
        if (
            item.program
            and item.program.interpreter
            and not item.program.interpreter.problem
            and "python" in item.program.interpreter.path
        ):
            return item.program.interpreter.path
    return ""


def places(case: Case) -> list[str]:
    """Return the directories in which Python looks for modules, as far as they are known."""
    found = [case.config.workdir, *filter(None, case.config.env.get("PYTHONPATH", "").split(":"))]
    found += [
        dirname(item.script.path) for item in case.launched if item.script and item.script.path
    ]
    real = python(case)
    version = re.search(r"(\d\.\d+)$", real) or re.search(r"python(\d\.\d+)", case.text)
    links = [
        item.program.path
        for item in case.launched
        if item.program and language(item.name) == "python"
    ]
    number = version[1] if version else ""
    for path in dict.fromkeys([real, *links]):
        prefix = dirname(dirname(path)) if path else ""
        if prefix and number:
            found += [
                f"{prefix}/lib/python{number}/site-packages",
                f"{prefix}/lib/python{number}/dist-packages",
                f"{prefix}/lib/python{number}",
            ]
    if number:
        found += [
            "/usr/lib/python3/dist-packages",
            f"/usr/local/lib/python{number}/site-packages",
            f"/usr/local/lib/python{number}/dist-packages",
        ]
    return list(dict.fromkeys(found))


def module_at(case: Case, name: str) -> str:
    """Return where a module is, among the places of this Python; empty if nowhere."""
    path = name.replace(".", "/")
    for place in places(case):
        for file in (f"{path}.py", path):
            if resolved(case.files, join(place, file)):
                return join(place, file)
    return ""


ELSEWHERE = (
    "/opt/venv",
    "/venv",
    "/app/.venv",
    "/app/venv",
    "/.venv",
    "/usr/local",
    "/usr",
    "/root/.local",
    "/home/app/.local",
    "/install",
)


def installed_elsewhere(case: Case, name: str) -> str:
    """Return where another Python of the image, or another user's, has a module."""
    known = places(case)
    for prefix in ELSEWHERE:
        for minor in range(8, 15):
            folder = f"{prefix}/lib/python3.{minor}/site-packages"
            if (
                folder not in known
                and case.files.entry(f"{prefix}/lib")
                and resolved(case.files, f"{folder}/{name.partition('.')[0]}")
            ):
                return folder
    return ""

"""Files of cron (crontab(5)): the jobs in them, and the variables that these get."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SETTING = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*$")
JOB = re.compile(r"\s*(?:@\w+|\d\S*(?:\s+\S+){4}|\*\S*(?:\s+\S+){4})\s+(\S.*)")
INPUT = re.compile(r"(?<!\\)%.*")
"""What follows a percent sign is no part of the command, but its input."""


@dataclass(frozen=True)
class Job:
    """A job of cron, and what the file that has it sets for it."""

    path: str
    line: str
    command: str
    env: Mapping[str, str]


def jobs(path: str, text: str) -> Iterator[Job]:
    """Yield the jobs of a file: where it is tells whether they name a user."""
    env: dict[str, str] = {}
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        if match := JOB.match(line):
            words = match[1]
            if not path.startswith("/var/spool/"):
                words = (*words.split(None, 1), "")[1]
            yield Job(path, line.strip(), INPUT.sub("", words).strip(), dict(env))
        elif match := SETTING.match(line):
            env[match[1]] = match[2].strip("\"'")

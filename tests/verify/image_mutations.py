"""What works on this machine and not in the image: the same in every language but for names."""

import re

from mutation import Edit, Mutation, append, replace, write

LAST = "USER 1000:1000\n"


def last(line: str) -> Edit:
    """Add a line to the end of the Dockerfile."""
    return append("Dockerfile", f"\n{line}\n")


def as_root(line: str) -> Edit:
    """Add a line before the image's user is an ordinary one."""
    return replace("Dockerfile", LAST, f"{line}\n{LAST}")


def faults(command: str, installed: str) -> list[Mutation]:
    """Return the faults of an image whose entrypoint is `command`, below `installed`."""
    shell = 'ENTRYPOINT ["sh", "-c", "{}"]'.format
    return [
        Mutation("line of the Dockerfile that is none", "image", (last("RUNN true"),)),
        Mutation("command of the Dockerfile that fails", "image", (as_root("RUN false"),)),
        Mutation("sources that .dockerignore leaves out", "image",
                 (append(".dockerignore", "src\n"),)),
        Mutation("program that the image's user may not read", "container start",
                 (as_root(f"RUN chmod -R go= {installed}"),)),
        Mutation("entrypoint that is not there", "container start",
                 (last('ENTRYPOINT ["no-such-program"]'),)),
        Mutation("entrypoint that ends with 0", "container start", (last(shell("exit 0")),)),
        Mutation("other port by a variable of the image", "container start",
                 (last("ENV PORT=9000"),)),
        Mutation("loopback address by a variable of the image", "container start",
                 (last("ENV HOST=127.0.0.1"),)),
        Mutation("log that goes nowhere", "container first-line",
                 (last(shell(f"exec {command} >/dev/null 2>&1")),)),
        Mutation("health check that always fails", "container healthy",
                 (last('HEALTHCHECK CMD ["false"]'),)),
        Mutation("no health check", "container healthy", (last("HEALTHCHECK NONE"),)),
        Mutation("health check that lies", "container frozen",
                 (last('HEALTHCHECK CMD ["true"]'),)),
        Mutation("shell that swallows SIGTERM", "container stop",
                 (last(shell(f"{command}; true")),)),
    ]  # fmt: skip


def named(name: str) -> str:
    """Return a name as a file can have it."""
    return re.sub(r"\W+", "-", name)


HEALTHY: dict[str, Edit] = {
    "label of the image": last('LABEL team="orders"'),
    "variable of the image": last("ENV LOG_LEVEL=DEBUG"),
    "health check that is asked more often": replace("Dockerfile", "interval=10s", "interval=5s"),
    "another port that is exposed": last("EXPOSE 9090"),
    "directory more in the image": as_root("RUN mkdir /app/cache && chown 1000:1000 /app/cache"),
    "comment in .dockerignore": append(".dockerignore", "# nothing else\n"),
    "argument of the build": last("ARG COMMIT=none"),
    "another user": replace("Dockerfile", "1000:1000", "4711:4711"),
}

AROUND: dict[str, Edit] = {
    "new page": write("docs/rates.md", "# Rates\n"),
    "new file of data": write("rates.csv", "EUR;1\n"),
    "file with a space and an umlaut": write("docs/größe der Welt.md", "# Größe\n"),
    "binary file": lambda root: (root / "logo.bin").write_bytes(bytes(range(256)) * 64),
    "empty file": write("docs/empty", ""),
    "executable script": write("scripts/hello", "#!/bin/sh\necho hello\n"),
    "symbolic link within": lambda root: (root / "LIESMICH.md").symlink_to("README.md"),
    "symbolic link to nowhere": lambda root: (root / "docs/gone").symlink_to("nowhere"),
    "line endings of Windows": write("docs/windows.txt", "one\r\ntwo\r\n"),
    "README rewritten": write("README.md", "# Ours\n"),
    "compose with another limit": replace("compose.yaml", "mem_limit: 512m", "mem_limit: 300m"),
    "settings for a laptop": append(".env.example", "\n# PORT=9999\n"),
    "more that git ignores": append(".gitignore", "*.swp\n"),
    "attributes of git": write(".gitattributes", "*.csv text\n"),
    "settings of an editor": write(".editorconfig", "root = true\n"),
}
"""Healthy changes of what no language reads."""

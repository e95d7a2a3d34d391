"""Malformed commands: empty, in one word, a variable, a flag."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import copied, inspected, refused
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.launched import BUILTINS

from .refusal import NEVER, is_missing
from .search import find_elsewhere


@cause(
    "no-command",
    "the image has neither CMD nor ENTRYPOINT",
    pattern="image",
    reads=["inspect"],
    when=NEVER | Phase.CREATED,
)
def no_command(case: Case) -> Found | None:
    """Find an image that does not say what to run."""
    if case.config.argv:
        return None
    return Found(
        "the image has neither CMD nor ENTRYPOINT, so there is nothing to run",
        'name the program in the Dockerfile, such as CMD ["/app/server"], or on the command line',
        (inspected(case, "Config.Cmd", "null"), inspected(case, "Config.Entrypoint", "null")),
        (f"docker run {case.config.image or case.target} /path/to/program",),
        proven=True,
    )


@cause(
    "shell-missing",
    "the shell form needs /bin/sh, but the image has none",
    pattern="image",
    reads=["inspect", "files"],
    page="check-shell",
    when=NEVER,
    explains=["dangling-link"],
)
def shell_missing(case: Case) -> Found | None:
    """Find a CMD in the shell form in an image from scratch, or a distroless one."""
    shell = case.config.argv[0] if case.config.argv else ""
    if not is_missing(case) or basename(shell) not in {"sh", "bash", "ash"}:
        return None
    others = {
        path
        for name in ("sh", basename(shell))
        for path in find_elsewhere(case, name)
        if case.has(path)
    }
    if others - {shell}:
        return None  # there is one: it is the path, or PATH, that is wrong
    return Found(
        f"the command is run by {shell}, but the image has no shell: a CMD or ENTRYPOINT in the"
        " shell form needs one, and scratch and distroless images have none",
        'use the exec form: CMD ["/app/server", "--flag"], or a base image with a shell',
        (
            refused(case),
            copied(case, shell, "no such file"),
            inspected(case, "Config.Cmd", list(case.config.command)),
        ),
        proven=True,
    )


@cause(
    "command-in-one-word",
    "the whole command was given as one word",
    pattern="image",
    reads=["inspect", "files"],
    when=NEVER,
)
def command_in_one_word(case: Case) -> Found | None:
    """Find `CMD ["python app.py"]`, which names a program with a space in it."""
    if not is_missing(case) or " " not in case.config.argv[0].strip():
        return None
    words = case.config.argv[0].split()
    form = ", ".join(f'"{word}"' for word in words)
    known = not case.finder.find(tuple(words)).problem
    return Found(
        f"the command is one word with spaces in it: the runtime looks for {case.config.argv[0]!r}"
        f" instead of {words[0]!r} with its arguments",
        f"write each word as a separate string: [{form}]",
        (refused(case), inspected(case, "Config.Entrypoint", list(case.config.argv))),
        proven=known,
    )


@cause(
    "variable-as-program",
    "the exec form does not expand the variable that names the program",
    pattern="environment",
    reads=["inspect"],
    when=NEVER,
)
def variable_as_program(case: Case) -> Found | None:
    """Find `CMD ["$APP"]`."""
    if not is_missing(case) or not re.search(r"\$\{?\w", case.config.argv[0]):
        return None
    name = case.config.argv[0]
    return Found(
        f"the exec form does not expand variables: the runtime looks for a program literally"
        f" called {name}",
        f'let a shell expand it: CMD ["sh", "-c", "exec {name}"]',
        (refused(case), inspected(case, "Config.Cmd", list(case.config.argv))),
        proven=True,
    )


@cause(
    "flag-as-program",
    "the given command is not a program",
    pattern="image",
    reads=["inspect", "files"],
    when=NEVER,
)
def flag_as_program(case: Case) -> Found | None:
    """Find arguments that took the place of CMD where there is no ENTRYPOINT."""
    word = case.config.argv[0] if case.config.argv else ""
    builtin = word in BUILTINS - {"test", "[", "true", "false", "echo", "printf", "kill", "pwd"}
    if not is_missing(case) or not (word.startswith("-") or builtin):
        return None
    image = case.image
    usual = f"; the image's own command is {list(image.command)}" if image and image.command else ""
    what = "a shell builtin" if builtin else "a flag"
    return Found(
        f"{word!r} is {what}, not a program: arguments after the image in `docker run` replace"
        f" CMD{usual}",
        'run it in a shell: sh -c "..."'
        if builtin
        else "put the program into ENTRYPOINT, or repeat it before its flags",
        (refused(case), inspected(case, "Config.Cmd", list(case.config.command))),
        proven=True,
    )

"""Commands that are written wrongly: nothing, one word, a variable, a flag."""

import re
from posixpath import basename

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.catalogue import Found, cause
from scaffolder.diagnose.evidence import copied, inspected
from scaffolder.diagnose.launched import BUILTINS
from scaffolder.diagnose.phase import Phase

from .refusal import NEVER, is_missing, refused


@cause(
    "no-command",
    "the image has neither CMD nor ENTRYPOINT",
    pattern="image",
    reads=["inspect"],
    page="check-program-file",
    when=NEVER | Phase.CREATED,
    weight=90,
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
    "the shell form needs /bin/sh, and the image has none",
    pattern="image",
    reads=["inspect", "files"],
    page="check-shell",
    when=NEVER,
    weight=86,
)
def shell_missing(case: Case) -> Found | None:
    """Find a CMD in the shell form in an image from scratch, or a distroless one."""
    if not is_missing(case) or basename(case.config.argv[0]) not in {"sh", "bash", "ash"}:
        return None
    shell = case.config.argv[0]
    return Found(
        f"the command is run by {shell}, and the image has no shell: a CMD or ENTRYPOINT in the"
        " shell form needs one, which images from scratch and distroless ones do not have",
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
    "a whole command was given as one word",
    pattern="image",
    reads=["inspect", "files"],
    page="check-program-file",
    when=NEVER,
    weight=85,
)
def command_in_one_word(case: Case) -> Found | None:
    """Find `CMD ["python app.py"]`, for which a program of that name is sought."""
    if not is_missing(case) or " " not in case.config.argv[0].strip():
        return None
    words = case.config.argv[0].split()
    form = ", ".join(f'"{word}"' for word in words)
    known = not case.finder.find(tuple(words)).problem
    return Found(
        f"the command is one word with spaces in it: a program called {case.config.argv[0]!r} is"
        f" sought instead of {words[0]!r} with its arguments",
        f"write each word by itself: [{form}]",
        (refused(case), inspected(case, "Config.Entrypoint", list(case.config.argv))),
        proven=known,
    )


@cause(
    "variable-as-program",
    "the exec form does not expand the variable that names the program",
    pattern="environment",
    reads=["inspect"],
    page="pattern-environment",
    when=NEVER,
    weight=85,
)
def variable_as_program(case: Case) -> Found | None:
    """Find `CMD ["$APP"]`."""
    if not is_missing(case) or not re.search(r"\$\{?\w", case.config.argv[0]):
        return None
    name = case.config.argv[0]
    return Found(
        f"the exec form does not expand variables: a program that is literally called {name} is"
        " sought",
        f'let a shell expand it: CMD ["sh", "-c", "exec {name}"]',
        (refused(case), inspected(case, "Config.Cmd", list(case.config.argv))),
        proven=True,
    )


@cause(
    "flag-as-program",
    "the command is a flag or a shell's builtin, no program",
    pattern="image",
    reads=["inspect", "files"],
    page="check-program-file",
    when=NEVER,
    weight=85,
)
def flag_as_program(case: Case) -> Found | None:
    """Find arguments that took the place of CMD where there is no ENTRYPOINT."""
    word = case.config.argv[0] if case.config.argv else ""
    builtin = word in BUILTINS - {"test", "[", "true", "false", "echo", "printf", "kill", "pwd"}
    if not is_missing(case) or not (word.startswith("-") or builtin):
        return None
    image = case.image
    usual = f"; the image's own command is {list(image.command)}" if image and image.command else ""
    what = "a shell's builtin" if builtin else "a flag"
    return Found(
        f"{word!r} is {what}, no program: what is given to `docker run` after the image replaces"
        f" CMD{usual}",
        'run it by a shell: sh -c "..."'
        if builtin
        else "put the program into ENTRYPOINT, or repeat it before its flags",
        (refused(case), inspected(case, "Config.Cmd", list(case.config.command))),
        proven=True,
    )

"""Which words of a command are the program's own arguments, and not those of what runs it."""

from collections.abc import Mapping
from posixpath import basename

from .java_command import started
from .launched import unwrap
from .scripts import behind, language


def begin(argv: tuple[str, ...], env: Mapping[str, str]) -> int:
    """Return where the program's own arguments begin: behind wrappers, a runtime, and its file.

    An entrypoint that is a script mostly runs the words behind it.
    """
    if not argv:
        return 0
    at = len(argv) - len(unwrap(argv))
    is_script = basename(argv[at]).endswith(".sh") and not language(argv[at])
    if is_script and argv[at + 1 :] and language(argv[at + 1]):
        at += 1
    run = argv[at:]
    if language(run[0]) == "java":
        java = started(run, env)
        return len(argv) - (len(java.arguments) if java else 0)
    return at + behind(run)

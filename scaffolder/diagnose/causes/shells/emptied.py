"""Files that a script empties itself, as it redirects to them what it reads from them."""

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Basis, Found, cause
from scaffolder.diagnose.causes.evidence import content, ended
from scaffolder.diagnose.evidence.files import resolved
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.diagnose.programs.pipelines import emptied

from .script import quote, scripts, where


@cause(
    "script-empties-input",
    "a script redirects a command's output to the file that the command reads",
    pattern="process",
    reads=["files"],
    page="check-shell",
    when=Phase.ENDED,
    basis=Basis.NAMED,
    explains=["config-malformed", "errexit", "last-call", "reads-last", "said-why", "ends-itself"],
)
def script_empties_input(case: Case) -> Found | None:
    """Find `jq . FILE > FILE` in a script, where that file is empty."""
    for script in scripts(case):
        for path, line in emptied(script.text, case.config.env):
            entry = resolved(case.files, path, case.config.workdir)
            if entry is None or entry.kind != "file" or entry.size:
                continue
            return Found(
                f"{where(script)} empties {entry.path} itself, at `{line[:200]}`: the shell"
                " truncates the file of a redirection before the command reads it, which reads"
                " nothing then, and what needs the file fails",
                f"write to another file, and rename it ({entry.path}.new && mv {entry.path}.new"
                f" {entry.path}), or use sponge",
                (quote(case, script, line), content(case, entry.path, "0 bytes"), ended(case)),
            )
    return None

"""Where a file is sought: in several places, or in the home of another user."""

from collections.abc import Sequence
from posixpath import basename, join

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found
from scaffolder.diagnose.causes.evidence import copied, seen
from scaffolder.diagnose.evidence import stand_ins
from scaffolder.diagnose.evidence.files import is_below, resolved, text

MOST = 4


def in_several_places(case: Case, sought: Sequence[str]) -> Found:
    """Answer for what a program seeks in several places, of which any would do."""
    names = {basename(path).lstrip(".") for path in sought}
    name = names.pop() if len(names) == 1 else min(names, key=len).partition(".")[0]
    mount = f"-v ./{basename(sought[0])}:{sought[0]}:ro"
    about, fix = "", f"COPY it into the image to one of them, or mount it: {mount}"
    there = _from_here(case, sought)
    whole = join(case.config.workdir, there)
    if there:
        is_perl = any(item.script and item.script.language == "perl" for item in case.launched)
        why = ": `do` and `require` of Perl search @INC, which has no `.` since 5.26"
        about = f", although {whole} exists{why if is_perl else ''}"
        fix = f"name it with its directory: ./{there}, or {whole}"
    return Found(
        f"the program looks for {name} in {len(sought)} places, and it exists in none of them:"
        f" {', '.join(sought[:MOST])}{about}",
        fix,
        (
            *(seen(case, call) for call in case.seen.places[:MOST]),
            *([copied(case, whole, "exists")] if there else []),
            copied(case, sought[0], "no such file"),
        ),
    )


def _from_here(case: Case, sought: Sequence[str]) -> str:
    """Return a path below the working directory that was sought below others; empty if none is."""
    parts = sought[0].split("/")
    names = ("/".join(parts[at:]) for at in range(2, len(parts)))
    same = (name for name in names if all(path.endswith(f"/{name}") for path in sought))
    return next((n for n in same if resolved(case.files, n, case.config.workdir)), "")


def looked_for_then(case: Case) -> str:
    """Tell what else a program looked for, beside what it needs; empty if nothing.

    That is what came after it, or before it where a copy that gets it ends all the same.
    """
    call, last, trace = case.seen.failed_call, case.seen.failed_last, case.seen.trace
    if call is None or last is None:
        return ""
    is_last = call == case.seen.instead == last
    others = stand_ins.beside(stand_ins.before(trace, last), last) if is_last else ()
    later = others or stand_ins.then(trace, call, last)
    names = list(dict.fromkeys(other.path for other in later))[:MOST]
    exist = "does not exist" if len(names) == 1 else "do not exist"
    when = "before that, it looks" if is_last else "it then looks"
    return f"; {when} for {', then for '.join(names)}, which {exist}" if names else ""


def other_home(case: Case, path: str) -> tuple[str, str]:
    """Return the home that a missing path is in, and where another home has the same file."""
    users = [row.split(":") for row in (text(case.files, "/etc/passwd") or "").splitlines()]
    homes = [row[5].rstrip("/") for row in users if len(row) > 5]
    own = (case.config.env.get("HOME", ""), case.identity.home)
    home = next((h for h in own if h and is_below(path, h)), "")
    hidden = path.startswith("/.") and not home  # a user without a home has /
    if not home and not hidden:
        return "", ""
    rest = path.removeprefix(home)
    others = (other for other in dict.fromkeys(("/root", *homes)) if other not in ("", home))
    found = next(
        (f"{other}{rest}" for other in others if resolved(case.files, f"{other}{rest}")), ""
    )
    return home or "/", found

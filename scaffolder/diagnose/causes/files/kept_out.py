"""Files that are in the directory of the build, and not in the image."""

from posixpath import dirname

from scaffolder.diagnose.case import Case
from scaffolder.diagnose.causes.catalogue import Found, cause
from scaffolder.diagnose.causes.evidence import Evidence, copied
from scaffolder.diagnose.causes.variables.files import missing
from scaffolder.diagnose.evidence.build import Build
from scaffolder.diagnose.evidence.phase import Phase
from scaffolder.text import quoted


@cause(
    "kept-out-of-image",
    "the build keeps a file out of the image that the program needs",
    pattern="image",
    reads=["logs", "files"],
    page="check-files-and-dependencies",
    when=Phase.ENDED,
    explains=["file-missing", "last-call"],
    cured_by=["file"],
)
def kept_out_of_image(case: Case) -> Found | None:
    """Find a missing file in the directory of the build, and the line that keeps it out."""
    build = case.image.built_from if case.image else None
    missed = missing(case) if build else None
    file = build.sought(missed.path) if build and missed else ""
    if build is None or missed is None or not file:
        return None
    why = _ignored(build, file) or _not_copied(build, file, missed.path)
    if why is None:
        return None
    text, fix, shown = why
    return Found(
        f"the program needs {missed.path}, and the build does not take {file}: {text}",
        f"{fix}; then build the image again",
        (missed.shown, copied(case, missed.path, "no such file"), shown),
        proven=missed.is_sure,
    )


def _ignored(build: Build, file: str) -> tuple[str, str, Evidence] | None:
    found = build.ignored_by(file)
    if found is None:
        return None
    number, pattern = found
    place = f"{build.directory}/.dockerignore"
    return (
        f"line {number} of .dockerignore leaves it out ({pattern})",
        f"add a last line !{file} to .dockerignore",
        Evidence("files", f"grep -n . {quoted(place)}", f"{number}:{pattern}"),
    )


def _not_copied(build: Build, file: str, path: str) -> tuple[str, str, Evidence] | None:
    if not build.last or any(stage.takes(file) for stage in build.last):
        return None
    earlier = next((stage for stage in build.stages if stage.takes(file)), None)
    taken = ", ".join(source for stage in build.last for source in stage.sources) or "nothing"
    place = f"{build.directory}/Dockerfile"
    shown = Evidence("files", f"grep -nE 'FROM|COPY|ADD' {quoted(place)}", f"last: {taken}")
    if earlier:
        stage = earlier.name or str(build.stages.index(earlier))
        text = f"only the stage {stage} copies it, and the last stage does not take it from there"
    else:
        text = "no COPY of the Dockerfile takes it"
    return text, f"add to the last stage: COPY {quoted(file)} {quoted(dirname(path))}/", shown

"""`viscaffold explain`: what a file, a stage, a setting, an exit status or a line of a log is."""

from collections.abc import Sequence
from pathlib import Path

import click

from scaffolder import console
from scaffolder.errors import ExitCode
from scaffolder.explain import ask
from scaffolder.explain.answer import Explanation, Fact, Kind
from scaffolder.text import printable

from .completion import language_option

TITLES = {
    Kind.PATH: "file",
    Kind.STAGE: "stage",
    Kind.SETTING: "setting",
    Kind.STATUS: "exit status",
    Kind.LOG_LINE: "line of the log",
}
SHOWN = 12
"""How many values of a fact a person is shown; `--json` has them all."""


@click.command(short_help="Explain a file, stage, setting, exit status or log line.")
@click.argument("words", nargs=-1, required=True, metavar="PATH|STAGE|SETTING|EXIT-CODE|LOG-LINE")
@click.option("--lines", is_flag=True, help="Of a file: who wrote each line.")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]),
              help="Explain it as this alone, if it can be several.")  # fmt: skip
@language_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
def explain(
    words: Sequence[str], *, lines: bool, kind: str | None, language: str, as_json: bool
) -> int:
    """Explain what belongs to the service you are in, or to a new one where there is none.

    Of a file, whose it is and which stage wrote which lines; of a setting, what it does and what
    sets it; of an exit status or a line of the log, what it means and what to do. Nothing is
    changed, and no server asked.
    """
    found = ask.explain(
        Path.cwd(),
        " ".join(words),
        kind=Kind(kind) if kind else None,
        lines=lines,
        language=language,
    )
    if as_json:
        console.data({"explanations": [one.document() for one in found]})
    else:
        for one in found:
            _say(one)
    return ExitCode.DONE


def _say(found: Explanation) -> None:
    about = f" ({TITLES[found.kind]}): {printable(found.says)}"
    console.out(console.bold(printable(found.name)), about)
    for fact in found.facts:
        _say_fact(fact)
    width = max((len(line.author) for line in found.lines), default=0)
    for line in found.lines:
        author = console.Styled(printable(line.author.ljust(width)), dim=True)
        console.out("  ", author, f"  {line.number:>4}  {printable(line.text)}")


def _say_fact(fact: Fact) -> None:
    values = [printable(value) for value in fact.values]
    if len(values) == 1:
        console.out(f"  {fact.label}: {values[0]}")
        return
    console.out(f"  {fact.label}:")
    for value in values[:SHOWN]:
        console.out(f"    {value}")
    if len(values) > SHOWN:
        console.out(f"    and {len(values) - SHOWN} more (--json lists them)")

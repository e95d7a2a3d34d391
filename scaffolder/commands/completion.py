"""`viscaffold completion`: a script that completes commands, options and stages."""

from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from scaffolder import console, operations
from scaffolder.errors import ScaffoldError
from scaffolder.languages.all import DEFAULT, LANGUAGES
from scaffolder.operations import presets
from scaffolder.templates import catalogue, template
from scaffolder.templates.catalogue import Catalogue

SHELLS = ("bash", "zsh", "fish")


@click.command(short_help="Print a completion script.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    bash: eval "$(viscaffold completion bash)"      in ~/.bashrc
    zsh:  eval "$(viscaffold completion zsh)"       in ~/.zshrc
    fish: viscaffold completion fish | source       in ~/.config/fish/config.fish
    """  # noqa: D301 - click's mark for lines that stay as they are
    maker = get_completion_class(shell)
    if maker is None:  # pragma: no cover - click knows the three
        raise click.UsageError(f"no completion for {shell}")
    root = ctx.find_root().command
    console.out(maker(root, {}, "viscaffold", "_VISCAFFOLD_COMPLETE").source())


def complete_stage(ctx: click.Context, _param: click.Parameter, start: str) -> list[CompletionItem]:
    """Complete the name of a stage, with its summary."""
    stages = _known(ctx.params.get("language")).stages.values()
    return [CompletionItem(s.name, help=s.summary) for s in stages if s.name.startswith(start)]


def _known(language: str | None) -> Catalogue:
    """Return the stages for a new service in a language, or for the service that one is in."""
    if language is None:
        with suppress(ScaffoldError):  # the command itself says what is wrong
            return operations.stages(Path.cwd()).catalogue
    return catalogue.load(template.builtin().root, language or DEFAULT)


def complete_language(
    _ctx: click.Context, _param: click.Parameter, start: str
) -> list[CompletionItem]:
    """Complete the name of a language."""
    return [CompletionItem(name) for name in LANGUAGES if name.startswith(start)]


def complete_preset(
    _ctx: click.Context, _param: click.Parameter, start: str
) -> list[CompletionItem]:
    """Complete the name of a preset, or a path."""
    names = [CompletionItem(name) for name in presets.named() if name.startswith(start)]
    return names or [CompletionItem(start, type="file")]


language_option = click.option(
    "--language", default="", metavar="LANGUAGE", shell_complete=complete_language,
    help=f"Language of the service: {' or '.join(LANGUAGES)} (default: {DEFAULT}).",
)  # fmt: skip

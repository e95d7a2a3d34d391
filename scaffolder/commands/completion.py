"""`viscaffold completion`: a script that completes commands, options and stages."""

import click
from click.shell_completion import CompletionItem, get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command(short_help="Print a completion script.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    r"""Print the completion script for SHELL.

    \b
    bash: eval "$(viscaffold completion bash)"      in ~/.bashrc
    zsh:  eval "$(viscaffold completion zsh)"       in ~/.zshrc
    fish: viscaffold completion fish | source       in ~/.config/fish/config.fish
    """
    maker = get_completion_class(shell)
    if maker is None:  # pragma: no cover - click knows the three
        raise click.UsageError(f"no completion for {shell}")
    root = ctx.find_root().command
    click.echo(maker(root, {}, "viscaffold", "_VISCAFFOLD_COMPLETE").source())


def complete_stage(
    _ctx: click.Context, _param: click.Parameter, start: str
) -> list[CompletionItem]:
    """Complete the name of a stage, with its summary."""
    from scaffolder import catalogue, source

    stages = catalogue.load(source.builtin().root).stages.values()
    return [CompletionItem(s.name, help=s.summary) for s in stages if s.name.startswith(start)]

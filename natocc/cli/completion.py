"""``natocc completion``: what a shell needs to complete natocc's commands."""

from __future__ import annotations

import click


def complete_recipes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Natocc's own recipes, and recipe files in this folder."""
    from pathlib import Path

    from natocc.recipe.text import own_recipes

    files = [path.name for pattern in ("*.yaml", "*.yml") for path in sorted(Path().glob(pattern))]
    return [name for name in [*own_recipes(), *files] if name.startswith(incomplete)]


def complete_faces(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of face sources."""
    from natocc.faces import SOURCES

    return [name for name in SOURCES if name.startswith(incomplete)]


def complete_occluders(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of occluder sources."""
    from natocc.occluders import SOURCES

    return [name for name in SOURCES if name.startswith(incomplete)]


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what SHELL (bash, zsh, fish) needs to complete commands, options, and names of recipes and sources.

    \b
    natocc completion bash > ~/.local/share/bash-completion/completions/natocc
    natocc completion zsh > "${fpath[1]}/_natocc"
    natocc completion fish > ~/.config/fish/completions/natocc.fish
    """
    from click.shell_completion import get_completion_class

    from natocc.cli import main

    complete = get_completion_class(shell)
    assert complete is not None
    click.echo(complete(main, {}, "natocc", "_NATOCC_COMPLETE").source())

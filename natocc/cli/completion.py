"""What a shell is offered for the values of options; click completes commands and options by itself."""

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

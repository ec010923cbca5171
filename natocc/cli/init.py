"""``natocc init``: a first recipe."""

from __future__ import annotations

from pathlib import Path

import click

from natocc.cli.options import LocalPath, data_options
from natocc.core.text import plain


@click.command()
@click.argument("recipe", type=LocalPath(dir_okay=False), default=Path("recipe.yaml"))
@data_options
def init(recipe: Path, data: Path, cache: Path) -> None:
    """Write a commented recipe for the data below the data root, to RECIPE [recipe.yaml].

    It uses the faces with the best masks and has a set for every kind of occluder there; other sources are listed in comments.
    An existing file is not replaced.

    \b
    natocc init --data /datasets
    natocc init mine.yaml && natocc build mine.yaml --dry-run
    """
    import os
    import re

    from natocc.core.errors import UsageError
    from natocc.io.atomic import open_aside, with_remedy
    from natocc.recipe.model import validate_recipe
    from natocc.recipe.starter import first_recipe
    from natocc.recipe.text import parse_recipe

    if os.path.lexists(recipe):
        raise UsageError(f"{recipe} exists and is not replaced; name another file")
    name = re.sub(r"[^A-Za-z0-9._-]+|^[^A-Za-z0-9]+", "-", recipe.stem).strip("-._") or "recipe"
    text = first_recipe(data, cache, name)
    validate_recipe(parse_recipe(text, str(recipe)), str(recipe))
    with with_remedy("name another file"), open_aside(recipe) as file:
        file.write(text.encode("utf-8"))
    click.echo(plain(str(recipe)))

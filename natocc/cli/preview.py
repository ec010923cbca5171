"""``natocc preview``: what would come of one photograph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from natocc.cli.options import data_options, recipe_options
from natocc.plain_text import plain


@click.command()
@click.argument("image", required=False, type=click.Path(path_type=Path))
@recipe_options
@data_options
@click.option("--count", type=click.IntRange(1, 64), default=8, show_default=True, help="Samples to show.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("preview.png"), show_default=True)
def preview(
    image: Path | None,
    data: Path,
    cache: Path,
    count: int,
    out: Path,
    occluders: str | None,
    method: str | None,
    **flags: Any,
) -> None:
    """Show what would come of one photograph: the aligned face and its mask, then samples, each beside its mask.

    Visible face is tinted green, occluded face red. Without IMAGE a portrait of the demo serves; without --occluders and
    --method the demo's occluders do.

    \b
    natocc preview photo.jpg
    natocc preview photo.jpg --occluders coco --data /datasets --count 12 -o sheet.png
    """
    from natocc.errors import RunError
    from natocc.images import encode_png
    from natocc.showing import photograph_recipe, show

    recipe, face = photograph_recipe(image, occluders, method, **flags)
    shown = show(recipe, face, data, cache, count)
    for line in shown.rejected:
        click.echo(plain(f"natocc: {line}"), err=True)
    try:
        out.write_bytes(encode_png(shown.sheet))
    except OSError as error:
        raise RunError(f"cannot write {out}: {error.strerror}") from None
    click.echo(plain(str(out)))

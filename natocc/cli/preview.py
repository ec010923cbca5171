"""``natocc preview``: samples of one photograph on one sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from natocc.cli.completion import complete_recipes
from natocc.cli.options import LocalPath, data_options, recipe_options
from natocc.core.text import plain


@click.command()
@click.argument("image", required=False, type=LocalPath())
@click.option(
    "--recipe", metavar="RECIPE", shell_complete=complete_recipes, help="Sets and alignment of a recipe, a file or natocc's own."
)
@recipe_options
@data_options
@click.option("--count", type=click.IntRange(1, 64), default=8, show_default=True, help="Samples to show.")
@click.option(
    "--vary",
    metavar="PATH=A,B,...",
    help="Compare settings: one row per value, the same sample in each column: --vary colour.transfer=none,reinhard,sot.",
)
@click.option("--show-plan", is_flag=True, help="Print every sample's plan and measures as JSON.")
@click.option("-o", "--out", type=LocalPath(dir_okay=False), default=Path("preview.png"), show_default=True)
def preview(
    image: Path | None,
    recipe: str | None,
    data: Path,
    cache: Path,
    count: int,
    vary: str | None,
    show_plan: bool,
    out: Path,
    edits: tuple[str, ...],
    **flags: Any,
) -> None:
    """Show samples of one photograph: the photograph, the aligned face and its mask, then samples, each above its masks.

    Visible face is tinted green, occluded face red; captions name the occluders and how much they cover. Only IMAGE is looked
    at, nothing beside it. Without --recipe, --occluders and --method the demo's recipe serves; without IMAGE the first face of
    the recipe. --set edits every set where its path begins inside one.

    \b
    natocc preview photo.jpg
    natocc preview photo.jpg --recipe mine.yaml
    natocc preview photo.jpg --occluders coco --data /datasets --count 8 --seed 3 -o sheet.png
    natocc preview photo.jpg --occluders hands --set colour.transfer=sot --show-plan
    natocc preview photo.jpg --occluders hands --vary colour.transfer=none,reinhard,sot --count 5
    """
    import json

    from natocc.core.errors import UsageError
    from natocc.io.atomic import write_named
    from natocc.io.images import encode_png
    from natocc.io.workspace import Workspace
    from natocc.pipeline.preview import check_free, open_photograph, show
    from natocc.recipe.flags import recipe_of_flags

    if image is not None and flags["source_root"] is not None:
        raise UsageError("--source-root is for datasets; the photograph is named by IMAGE")
    one_set = recipe is None and bool(flags["occluders"] or flags["method"])
    chosen, source = (None, "portraits") if one_set else (recipe or "demo", None)
    check_free(out, image, Path(recipe) if recipe else None)
    photograph = None if image is None else open_photograph(image)
    shown = show(
        photograph,
        lambda further: recipe_of_flags(chosen, source, edits=(*edits, *further), **flags),
        Workspace(data, cache),
        count,
        vary,
    )
    for line in shown.rejected():
        click.echo(plain(f"natocc: {line}"), err=True)
    write_named(out, encode_png(shown.sheet))
    click.echo(plain(str(out)), err=show_plan)
    if show_plan:
        from natocc.dataset.records import record_to_json

        samples = [{"setting": setting or None, **record_to_json(record)} for setting, record in shown.records()]
        click.echo(json.dumps(samples, indent=2))

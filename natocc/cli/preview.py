"""``natocc preview``: samples of one photograph on one sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from natocc.cli.options import data_options, recipe_options
from natocc.core.text import plain


@click.command()
@click.argument("image", required=False, type=click.Path(path_type=Path))
@recipe_options
@data_options
@click.option("--count", type=click.IntRange(1, 64), default=8, show_default=True, help="Samples to show.")
@click.option(
    "--vary",
    metavar="PATH=A,B,...",
    help="Compare settings: one row per value, the same sample in each column: --vary colour.transfer=none,reinhard,sot.",
)
@click.option("--show-plan", is_flag=True, help="Print every sample's plan and measures as JSON.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("preview.png"), show_default=True)
def preview(
    image: Path | None,
    data: Path,
    cache: Path,
    count: int,
    show_plan: bool,
    out: Path,
    **flags: Any,
) -> None:
    """Show samples of one photograph: the photograph, the aligned face and its mask, then samples, each above its masks.

    Visible face is tinted green, occluded face red; captions name the occluders and how much they cover. Without IMAGE a
    portrait of the demo is used; without --occluders and --method the demo's occluders. --set edits every set where its path
    begins inside one.

    \b
    natocc preview photo.jpg
    natocc preview photo.jpg --occluders coco --data /datasets --count 8 --seed 3 -o sheet.png
    natocc preview photo.jpg --occluders hands --set colour.transfer=sot --show-plan
    natocc preview photo.jpg --occluders hands --vary colour.transfer=none,reinhard,sot --count 5
    """
    import json

    from natocc.core.errors import RunError
    from natocc.io.images import encode_png
    from natocc.io.workspace import Workspace
    from natocc.pipeline.preview import photograph_of, show

    shown = show(photograph_of(image, **flags), Workspace(data, cache), count)
    for line in shown.rejected():
        click.echo(plain(f"natocc: {line}"), err=True)
    try:
        out.write_bytes(encode_png(shown.sheet))
    except OSError as error:
        raise RunError(f"cannot write {out}: {error.strerror}") from None
    click.echo(plain(str(out)), err=show_plan)
    if show_plan:
        from natocc.dataset.records import record_to_json

        samples = [{"setting": setting or None, **record_to_json(record)} for setting, record in shown.records()]
        click.echo(json.dumps(samples, indent=2))

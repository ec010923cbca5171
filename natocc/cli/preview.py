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
    import json

    from natocc.cli.options import recipe_of_flags
    from natocc.errors import BadDataError, RunError
    from natocc.faces.landmarks import check_models
    from natocc.images import encode_png
    from natocc.pipeline import Pipeline, SampleSpec
    from natocc.report.contact_sheet import Tile, contact_sheet
    from natocc.report.overlay import overlay

    source, face, root = ("portraits", "astronaut", flags.pop("source_root", None)) if image is None else _folder_of(image, flags)
    if occluders or method:
        recipe = recipe_of_flags(None, source, occluders, method, source_root=root, **flags)
    else:
        faces = {"source": source} | ({"root": root} if root is not None else {})
        edits = (f"faces={json.dumps(faces)}", *flags.pop("edits"))
        recipe = recipe_of_flags("demo", None, None, None, source_root=None, edits=edits, **flags)
    check_models(recipe.faces.align.points)
    pipeline = Pipeline(recipe, data, cache)
    tiles = []
    for index in range(count):
        set_index = index % len(recipe.sets)
        sample = pipeline.make_sample(SampleSpec(index, set_index, face, index // len(recipe.sets)))
        if sample.face is None and sample.record.rejection is not None:
            raise BadDataError(sample.record.rejection.reason, sample.record.rejection.detail)
        if index == 0 and sample.face is not None:
            tiles += [Tile(sample.face.image, "aligned"), Tile(overlay(sample.face.image, sample.face.face_mask), "face mask")]
        if sample.composite is not None:
            caption = f"{', '.join(sample.record.categories)}  {sample.composite.occlusion_ratio:.0%}"
            tiles += [
                Tile(sample.composite.image, caption),
                Tile(overlay(sample.composite.image, sample.composite.modal, sample.composite.amodal), sample.record.set_name),
            ]
        elif sample.record.rejection is not None:
            click.echo(plain(f"natocc: sample {index} rejected: {sample.record.rejection.detail}"), err=True)
    try:
        out.write_bytes(encode_png(contact_sheet(tiles, columns=6)))
    except OSError as error:
        raise RunError(f"cannot write {out}: {error.strerror}") from None
    click.echo(plain(str(out)))


def _folder_of(image: Path, flags: dict[str, Any]) -> tuple[str, str, str]:
    """A photograph as the one face that is read of its folder: source, face id and root."""
    from natocc.errors import UsageError

    if flags.pop("source_root", None) is not None:
        raise UsageError("--source-root is for datasets; the photograph is named by IMAGE")
    if not image.is_file():
        raise UsageError(f"no photograph {image}")
    return "folder", image.name, str(image.absolute().parent)

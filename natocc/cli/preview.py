"""``natocc preview``: what would come of one photograph."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from natocc.cli.options import data_options, recipe_options
from natocc.plain_text import plain

if TYPE_CHECKING:
    from natocc.pipeline import Pipeline
    from natocc.recipe import Recipe
    from natocc.report.preview_sheet import Made


@click.command()
@click.argument("image", required=False, type=click.Path(path_type=Path))
@recipe_options
@data_options
@click.option("--count", type=click.IntRange(1, 64), default=8, show_default=True, help="Samples to show.")
@click.option(
    "--vary",
    metavar="PATH=A,B,...",
    help="Compare settings: a row a value, in each column the same sample: --vary colour.transfer=none,reinhard,sot.",
)
@click.option("--show-plan", is_flag=True, help="Print every sample's plan and measures as JSON.")
@click.option(
    "--show/--no-show",
    default=None,
    help="Show the sheet in the terminal. [default: on a terminal that is known to show pictures: kitty, iTerm2 and their like]",
)
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("preview.png"), show_default=True)
def preview(
    image: Path | None,
    data: Path,
    cache: Path,
    count: int,
    vary: str | None,
    show_plan: bool,
    show: bool | None,
    out: Path,
    **flags: Any,
) -> None:
    """Show what would come of one photograph: it, the aligned face and its mask, then samples, each above its masks.

    Visible face is tinted green, occluded face red; captions say what covers how much. Without IMAGE a portrait of the demo
    serves; without --occluders and --method the demo's occluders do. --set edits every set where its path begins inside one.

    \b
    natocc preview photo.jpg
    natocc preview photo.jpg --occluders coco --data /datasets --count 8 --seed 3 -o sheet.png
    natocc preview photo.jpg --occluders hands --set colour.transfer=sot --show-plan
    natocc preview photo.jpg --occluders hands --vary colour.transfer=none,reinhard,sot --count 5
    """
    import json

    from natocc.errors import RunError
    from natocc.images import encode_png
    from natocc.report.preview_sheet import comparison_sheet, preview_sheet

    shower = _shower(show)
    source, face, root = ("portraits", "astronaut", flags.pop("source_root", None)) if image is None else _folder_of(image, flags)
    edits = flags.pop("edits")
    rows: list[tuple[str, Sequence[Made]]] = []
    pipeline: Pipeline | None = None
    for edit in _values(vary):
        recipe = _recipe(source, root, edits=(*edits, *([edit] if edit else [])), **flags)
        pipeline, made = _samples(recipe, data, cache, face, count, pipeline)
        rows.append((edit, made))
    assert pipeline is not None
    if vary is None:
        sheet = preview_sheet(pipeline.faces.read(face).image, pipeline.aligned(face), rows[0][1])
    else:
        sheet = comparison_sheet(rows)
    content = encode_png(sheet)
    try:
        out.write_bytes(content)
    except OSError as error:
        raise RunError(f"cannot write {out}: {error.strerror}") from None
    if shower is not None:
        click.echo(shower(content), nl=False)
    click.echo(plain(str(out)), err=show_plan)
    if show_plan:
        from natocc.shards.records import record_to_json

        told = [{"setting": edit or None, **record_to_json(each.record)} for edit, made in rows for each in made]
        click.echo(json.dumps(told, indent=2))


def _recipe(source: str, root: str | None, occluders: str | None, method: str | None, **flags: Any) -> Recipe:
    """The recipe of one photograph: one set where occluders or a method are named, else the demo's."""
    import json

    from natocc.cli.options import recipe_of_flags

    if occluders or method:
        return recipe_of_flags(None, source, occluders, method, source_root=root, **flags)
    faces = {"source": source} | ({"root": root} if root is not None else {})
    edits = (f"faces={json.dumps(faces)}", *flags.pop("edits"))
    return recipe_of_flags("demo", None, None, None, source_root=None, edits=edits, **flags)


def _samples(
    recipe: Recipe, data: Path, cache: Path, face: str, count: int, like: Pipeline | None
) -> tuple[Pipeline, list[Made]]:
    """The samples of a recipe: of each set in turn. A face that cannot serve is an error here."""
    from natocc.errors import BadDataError
    from natocc.faces.landmarks import check_models
    from natocc.pipeline import Pipeline, SampleSpec
    from natocc.report.preview_sheet import Made

    check_models(recipe.faces.align.points)
    pipeline = Pipeline(recipe, data, cache, like=like)
    made = []
    for index in range(count):
        variant, set_index = divmod(index, len(recipe.sets))
        sample = pipeline.make_sample(SampleSpec(index, set_index, face, variant))
        rejection = sample.record.rejection
        if sample.face is None and rejection is not None:
            raise BadDataError(rejection.reason, rejection.detail)
        if rejection is not None:
            click.echo(plain(f"natocc: sample {index} rejected: {rejection.detail}"), err=True)
        made.append(Made(sample.record, sample.composite))
    return pipeline, made


def _values(vary: str | None) -> list[str]:
    """The edits that ``--vary`` means, one a value; one empty edit without it."""
    from natocc.errors import UsageError
    from natocc.recipe import parse_recipe

    if vary is None:
        return [""]
    path, _, text = vary.partition("=")
    values = parse_recipe(f"values: [{text}]", f"--vary {vary!r}")["values"] if path and text else []
    if not isinstance(values, list) or not values or len(values) > 16:
        raise UsageError(f"--vary {vary!r}: expected PATH=A,B,... with at most 16 values, such as colour.transfer=none,sot")
    return [f"{path}={_yaml(value)}" for value in values]


def _yaml(value: object) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value)


def _shower(show: bool | None) -> Any:
    """What makes a picture an escape sequence of this terminal; None where it is not to be shown."""
    import functools
    import os
    import shutil
    import sys

    from natocc.cli.terminal_pictures import inline_picture, protocol_of
    from natocc.errors import UsageError

    protocol = protocol_of(os.environ)
    if show is False or (show is None and (protocol is None or not sys.stdout.isatty())):
        return None
    if protocol is None:
        raise UsageError("--show: this terminal is not known to show pictures (kitty, ghostty, iTerm2, WezTerm and mintty are)")
    return functools.partial(inline_picture, protocol=protocol, columns=min(shutil.get_terminal_size().columns, 160))


def _folder_of(image: Path, flags: dict[str, Any]) -> tuple[str, str, str]:
    """A photograph as the one face that is read of its folder: source, face id and root."""
    from natocc.errors import UsageError

    if flags.pop("source_root", None) is not None:
        raise UsageError("--source-root is for datasets; the photograph is named by IMAGE")
    if not image.is_file():
        raise UsageError(f"no photograph {image}")
    return "folder", image.name, str(image.absolute().parent)

"""``natocc export``: a dataset as another tool reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from natocc.cli.options import LocalPath
from natocc.core.text import plain

if TYPE_CHECKING:
    from natocc.dataset.splits import Splits


@click.command()
@click.argument("dataset", type=LocalPath())
@click.option(
    "--to",
    "name",
    required=True,
    metavar="NAME",
    help="celebamask, coco, hf, lapa, mmseg, torch, voc, webdataset, yolo-pose, yolo-seg, or a plug-in's.",
)
@click.option("-o", "--out", type=LocalPath(), help="Folder of the export. [default: DATASET-NAME beside it]")
@click.option("--split", metavar="NAMES", help="Splits that are wanted, such as train,val. [default: all]")
@click.option("--split-shares", "shares", metavar="SHARES", help="Divide a dataset without splits: train=0.9,val=0.1.")
@click.option("--set", "edits", multiple=True, metavar="PATH=VALUE", help="An option of the format: --set labels=parts.")
@click.option("--copy", is_flag=True, help="Copy pictures and masks; by default they are hard links where the disk has those.")
@click.option("--json", "as_json", is_flag=True, help="Print the totals as JSON.")
def export(
    dataset: Path,
    name: str,
    out: Path | None,
    split: str | None,
    shares: str | None,
    edits: tuple[str, ...],
    copy: bool,
    as_json: bool,
) -> None:
    """Write DATASET for another tool: pictures, masks, and the files by which that tool knows them.

    The folder is new or empty, or holds an earlier export of the same dataset to the same format, which is replaced; files
    there that are not natocc's stay. It appears when it is whole. Rejected samples are left out. A dataset without splits is
    exported as train, unless --split-shares divides it, by person; occluders are not divided then, as they are by a recipe
    with splits.

    --set labels=masks (default), amodal, parts, kinds or regions chooses the label maps, where a dataset has them.

    \b
    natocc export out/demo --to mmseg
    natocc export out/coco --to hf --set style=parquet -o coco-hf --split train,val
    natocc export out/coco --to coco --set segmentation=polygons --copy
    """
    import json
    import os

    from natocc.cli.progress import progress_bar
    from natocc.exports.export import choose_format, write_export
    from natocc.exports.reader import SourceDataset
    from natocc.recipe.edit import edit_recipe

    raw = {"to": name}
    edit_recipe(raw, edits)
    options = choose_format({**raw, "to": name})
    splits = tuple(part.strip() for part in split.split(",")) if split is not None else None
    source = SourceDataset.open(dataset, splits, _shares(shares) if shares else None)
    out = Path(os.path.abspath(out or f"{os.path.abspath(dataset)}-{name}"))  # noqa: PTH100
    with progress_bar() as progress:
        exported = write_export(options, source, out, not copy, progress)
    if as_json:
        click.echo(json.dumps({"dataset": str(dataset), "target": str(out), "to": name, **exported.to_json()}))
        return
    if not source.has_splits and source.shares is None:
        click.echo(plain(f"{dataset} has no splits: all of it is {next(iter(source.counts))!r}"), err=True)
    samples = ", ".join(f"{split} {count}" for split, count in exported.samples.items())
    files = ", ".join(f"{count} {how}" for how, count in sorted(exported.files.items()))
    for folder in exported.left_out:
        click.echo(plain(f"{folder}/ is left out: {name} has no place for it"), err=True)
    click.echo(plain(f"{out}: {len(source)} samples as {name} ({samples}) in {exported.seconds:.1f} s; files: {files}"))


def _shares(text: str) -> Splits:
    """``train=0.9,val=0.1`` as shares; a split that is not named has none."""
    from pydantic import ValidationError

    from natocc.core.errors import UsageError
    from natocc.dataset.splits import Splits
    from natocc.plugins.faults import faults

    try:
        shares = {name.strip(): float(share) for name, _, share in (part.partition("=") for part in text.split(","))}
        return Splits(**{"train": 0.0, "val": 0.0, "test": 0.0, **shares})
    except ValidationError as error:
        why = faults(error)[0]
    except ValueError:
        why = "not numbers"
    raise UsageError(f"--split-shares {text!r}: expected shares that add up to 1, such as train=0.9,val=0.1: {why}")

"""``natocc evaluate``: how good predicted faces are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from natocc.cli.options import LocalPath, data_options
from natocc.cli.pictures import pictures_flags, pictures_of_flags
from natocc.core.text import plain

if TYPE_CHECKING:
    from natocc.evaluation.pictures import Pictures
    from natocc.evaluation.predictions import Predictions


@click.command()
@click.argument("predictions", required=False, type=LocalPath())
@click.option("--truth", required=True, type=LocalPath(), metavar="DIR", help="Labelled pictures; see above for the layouts.")
@click.option("--model", type=LocalPath(), help="A network (ONNX) instead of predictions, as natocc train writes it.")
@pictures_flags
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the intervals' resampling.")
@click.option("--sheet", type=LocalPath(dir_okay=False), help="Write the worst pictures to this file (PNG).")
@click.option("--worst", type=click.IntRange(1, 200), default=24, show_default=True, help="Pictures on that sheet.")
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print measures, groups and every picture as JSON.")
def evaluate(
    predictions: Path | None,
    truth: Path,
    model: Path | None,
    seed: int,
    sheet: Path | None,
    worst: int,
    data: Path,
    cache: Path,
    as_json: bool,
    **flags: str | None,
) -> None:
    """Compare PREDICTIONS, a folder of label maps, with the truth: where is visible face?

    The truth is a folder of pictures and label maps of equal stems (RealOcc, RealOcc-Wild, COFW's masks, MMSegmentation's
    folders, most others), CelebAMask-HQ as it is published, or a dataset of natocc's. Label maps hold 0 background, 1 face,
    2 occluder and 255 not known, or 0 and one other value; --classes says what other values mean. Predictions have the names
    and sizes of the label maps, and hold 0 and 1, or 0 and 255. An index.csv beside the truth, with the columns name, part,
    occluders (separated by ;) and occluder_on_face, adds groups.

    mIoU is that of background and face over all pixels, as the paper has it; leak is the share of the occluders' pixels that are
    called face. Numbers are percent; behind each stands half of its 95 % interval, by a bootstrap over pictures.

    \b
    natocc evaluate predictions --truth RealOcc
    natocc evaluate --model net.onnx --truth RealOcc --sheet worst.png
    natocc evaluate predictions --truth LaPa/test --classes lapa --json
    """
    import json

    from natocc.cli.progress import progress_bar
    from natocc.core.errors import UsageError
    from natocc.evaluation.evaluate import evaluate as compare
    from natocc.evaluation.tables import evaluation_table
    from natocc.evaluation.truth import pictures_options
    from natocc.io.workspace import Workspace

    if (predictions is None) == (model is None):
        raise UsageError("expected either a folder of predictions or --model")
    pictures = pictures_options(pictures_of_flags(truth, flags), "--truth").open(Workspace(data, cache))
    predicted = _predictions(predictions, model, pictures)
    with progress_bar() as progress:
        result = compare(pictures, predicted, progress, seed)
    if sheet is not None:
        from natocc.evaluation.worst_sheet import worst_sheet
        from natocc.io.atomic import write_named
        from natocc.io.images import encode_png

        write_named(sheet, encode_png(worst_sheet(result, pictures, predicted, worst)), "name another file with --sheet")
    if as_json:
        click.echo(json.dumps({"truth": str(truth), **predicted.described(), **result.to_json()}))
    else:
        click.echo(plain_lines(evaluation_table(result)))


def plain_lines(text: str) -> str:
    """Text of several lines, each fit to be printed."""
    return "\n".join(map(plain, text.split("\n")))


def _predictions(folder: Path | None, model: Path | None, pictures: Pictures) -> Predictions:
    from natocc.evaluation.predictions import NetworkPredictions, PredictionFolder
    from natocc.io.segmenter import Segmenter

    if model is not None:
        return NetworkPredictions(Segmenter.open(model))
    return PredictionFolder.open(Path(str(folder)), pictures.names)

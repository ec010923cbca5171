"""The worst pictures on one sheet, so that one sees what they have in common."""

from __future__ import annotations

import numpy as np

from natocc.core.errors import BadDataError
from natocc.core.samples import IGNORE, Image, Mask
from natocc.evaluation.classes import FACE
from natocc.evaluation.evaluate import Evaluation
from natocc.evaluation.measures import measure
from natocc.evaluation.pictures import Pictures
from natocc.evaluation.predictions import Predictions
from natocc.evaluation.tables import percent
from natocc.report.contact_sheet import Tile, contact_sheet, fitted, shrunk_mask

_TILE = 256
_COLUMNS = 6
_STRENGTH = 0.55
_COLOURS = {"right": (40, 220, 90), "false": (235, 50, 60), "missed": (60, 110, 255), "unknown": (128, 128, 128)}


def worst_sheet(evaluation: Evaluation, pictures: Pictures, predictions: Predictions, number: int = 24) -> Image:
    """Pictures with the least face IoU, the least first.

    Parameters
    ----------
    evaluation : Evaluation
        Of these pictures and predictions.
    pictures, predictions
        As for :func:`natocc.evaluation.evaluate.evaluate`.
    number : int
        Pictures to show at most.

    Returns
    -------
    sheet : (H, W, 3) uint8
        Face that was found is tinted green, what was taken for face red, face that was missed blue, what nobody knows grey.
    """
    scores = measure(evaluation.counts)
    tiles = []
    for index in evaluation.worst(number):
        name = evaluation.names[index]
        truth, face = pictures.labels(name), predictions.face(pictures, name)
        leak = percent(float(scores["leak"][index]))
        caption = f"{percent(float(scores['face_iou'][index]))} leak {leak} {name} {', '.join(evaluation.abouts[index].kinds)}"
        tiles.append(Tile(_tinted(_picture(pictures, name, truth), truth, face), caption))
    return contact_sheet(tiles, min(_COLUMNS, len(tiles)), _TILE)


def _picture(pictures: Pictures, name: str, truth: Mask) -> Image:
    """The picture, or grey where there is none."""
    try:
        return fitted(pictures.image(name), _TILE)
    except BadDataError:
        return fitted(np.full((*truth.shape, 3), 90, np.uint8), _TILE)


def _tinted(image: Image, truth: Mask, face: Mask) -> Image:
    truth, face = (shrunk_mask(mask, image.shape) for mask in (truth, face))
    shown = image.copy()
    regions = {
        "right": (truth == FACE) & (face == 1),
        "false": (truth != FACE) & (truth != IGNORE) & (face == 1),
        "missed": (truth == FACE) & (face != 1),
        "unknown": truth == IGNORE,
    }
    for name, region in regions.items():
        mixed = image[region] * (1 - _STRENGTH) + np.array(_COLOURS[name]) * _STRENGTH
        shown[region] = np.rint(mixed).astype(np.uint8)
    return shown

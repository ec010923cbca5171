"""Many small pictures on one sheet, with captions."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from natocc.images import encode_jpeg, read_labels, read_rgb
from natocc.report.overlay import overlay
from natocc.samples import Image
from natocc.shards.disk import write_aside
from natocc.shards.layout import Layout
from natocc.shards.records import read_shard, whole_shards

_BACKGROUND = 32
_INK = (225, 225, 225)
_GAP = 4
_CAPTION_HEIGHT = 18
_FONT_SIZE = 12


@dataclasses.dataclass(frozen=True, eq=False)
class Tile:
    """A picture, (H, W, 3) uint8, and a few words below it."""

    image: Image
    caption: str = ""


def contact_sheet(tiles: Sequence[Tile], columns: int, tile: int = 256) -> Image:
    """Lay tiles out row by row.

    Parameters
    ----------
    tiles : sequence of Tile
        Any sizes; each is fitted into a square, its aspect kept.
    columns : int
        Tiles in a row.
    tile : int
        Side of the square, px.

    Returns
    -------
    sheet : (H, W, 3) uint8
        Dark grey where there is nothing.
    """
    rows = -(-len(tiles) // columns)
    step = np.array([tile + _CAPTION_HEIGHT + _GAP, tile + _GAP])
    height, width = step * (max(rows, 1), columns) + _GAP
    sheet = np.full((height, width, 3), _BACKGROUND, np.uint8)
    for index, each in enumerate(tiles):
        top, left = step * divmod(index, columns) + _GAP
        picture = _fitted(each.image, tile)
        down, across = (tile - picture.shape[0]) // 2, (tile - picture.shape[1]) // 2
        sheet[top + down : top + down + picture.shape[0], left + across : left + across + picture.shape[1]] = picture
    drawn = PillowImage.fromarray(sheet)
    pen, font = ImageDraw.Draw(drawn), ImageFont.load_default(_FONT_SIZE)
    for index, each in enumerate(tiles):
        top, left = step * divmod(index, columns) + _GAP
        text = each.caption.encode("ascii", "replace").decode()
        while text and pen.textlength(text, font=font) > tile:
            text = text[:-1]
        pen.text((int(left), int(top) + tile + 2), text, fill=_INK, font=font)
    return np.asarray(drawn, dtype=np.uint8)


def dataset_contact_sheet(layout: Layout, count: int = 24) -> None:
    """Write ``contact_sheet.jpg``: samples of a dataset, evenly taken, each beside its mask.

    Parameters
    ----------
    layout : Layout
        Its shards are whole; read one after another, so that memory does not grow with the dataset.
    count : int
        Samples to show at most.

    Raises
    ------
    BadDataError, UsageError
        If a file of the dataset cannot be read.
    RunError
        If the disk refuses.
    """
    shards = whole_shards(layout)
    wanted = -(-count // max(1, len(shards)))
    tiles: list[Tile] = []
    for shard in shards[:: max(1, len(shards) // count)]:
        record = read_shard(layout, shard)
        paths = record.paths()
        made = [sample for sample in record.samples if sample.rejection is None]
        for at in np.unique(np.linspace(0, len(made) - 1, min(wanted, len(made))).astype(int)):
            sample = made[int(at)]
            image, _ = read_rgb(layout.root / paths[sample.index]["images"])
            modal = read_labels(layout.root / paths[sample.index]["masks"])
            ratio = sample.measures["occlusion_ratio"]
            tiles.append(Tile(image, f"{sample.index} {sample.set_name}: {', '.join(sample.categories)}"))
            tiles.append(Tile(overlay(image, modal), f"{ratio:.0%} of the face occluded"))
    write_aside(layout.contact_sheet, encode_jpeg(contact_sheet(tiles[: 2 * count], columns=8, tile=192), 88))


def _fitted(image: Image, tile: int) -> Image:
    scale = tile / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), dtype=np.uint8)

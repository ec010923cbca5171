"""Many small pictures on one sheet, with captions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from natocc.core.samples import Cutout, Image, Mask, Matte
from natocc.core.text import plain
from natocc.dataset.layout import Layout
from natocc.dataset.records import read_few, whole_shards
from natocc.io.images import MOST_PIXELS, encode_jpeg, read_labels, read_rgb
from natocc.io.paths import unlinked
from natocc.report.overlay import overlay

_LIGHT, _DARK, _SQUARE = 150, 110, 16

_BACKGROUND = 32
_INK = (225, 225, 225)
_GAP = 4
_CAPTION_HEIGHT = 18
_FONT_SIZE = 12
_TITLE_HEIGHT, _TITLE_SIZE = 30, 16
_TILE = 192  # px, on the sheet of a dataset
_DRAWN = ("masks", "amodal")


@dataclasses.dataclass(frozen=True, eq=False)
class Tile:
    """A picture, (H, W, 3) uint8, and a few words below it."""

    image: Image
    caption: str = ""


def contact_sheet(tiles: Sequence[Tile], columns: int, side: int = 256) -> Image:
    """Lay tiles out row by row.

    Parameters
    ----------
    tiles : sequence of Tile
        Any sizes; each is fitted into a square, its aspect kept.
    columns : int
        Tiles in a row.
    side : int
        Of the square, px.

    Returns
    -------
    sheet : (H, W, 3) uint8
        Dark grey where there is nothing.
    """
    rows = -(-len(tiles) // columns)
    step = np.array([side + _CAPTION_HEIGHT + _GAP, side + _GAP])
    height, width = step * (max(rows, 1), columns) + _GAP
    sheet = np.full((height, width, 3), _BACKGROUND, np.uint8)
    for index, tile in enumerate(tiles):
        top, left = step * divmod(index, columns) + _GAP
        picture = fitted(tile.image, side)
        down, across = (side - picture.shape[0]) // 2, (side - picture.shape[1]) // 2
        sheet[top + down : top + down + picture.shape[0], left + across : left + across + picture.shape[1]] = picture
    drawn = PillowImage.fromarray(sheet)
    pen, font = ImageDraw.Draw(drawn), ImageFont.load_default(_FONT_SIZE)
    for index, tile in enumerate(tiles):
        top, left = step * divmod(index, columns) + _GAP
        text = plain(tile.caption).encode("ascii", "replace").decode()  # Pillow cannot measure two lines
        while text and pen.textlength(text, font=font) > side:
            text = text[:-1]
        pen.text((int(left), int(top) + side + 2), text, fill=_INK, font=font)
    return np.asarray(drawn, dtype=np.uint8)


def titled_sheet(sections: Sequence[tuple[str, Sequence[Tile]]], columns: int, side: int = 256) -> Image:
    """Contact sheets one below the other, each below its title; those without tiles are left out.

    Parameters
    ----------
    sections : sequence of (str, sequence of Tile)
        Titles, and what is below each.
    columns, side
        As in :func:`contact_sheet`.

    Returns
    -------
    sheet : (H, W, 3) uint8
    """
    sheets = []
    for title, tiles in sections:
        if tiles:
            sheet = contact_sheet(tiles, columns, side)
            sheets += [_title(title, sheet.shape[1]), sheet]
    return np.vstack(sheets)


def _title(text: str, width: int) -> Image:
    bar = PillowImage.fromarray(np.full((_TITLE_HEIGHT, width, 3), _BACKGROUND, np.uint8))
    shown = plain(text).encode("ascii", "replace").decode()
    ImageDraw.Draw(bar).text((_GAP, 2 * _GAP), shown, fill=_INK, font=ImageFont.load_default(_TITLE_SIZE))
    return np.asarray(bar, dtype=np.uint8)


def sheet_of(layout: Layout, count: int = 24) -> bytes:
    """``contact_sheet.jpg`` of a dataset: samples of a dataset, evenly taken, each beside its mask.

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
    """
    tiles = [tile for shard, most in _shares(whole_shards(layout), count) for tile in _shard_tiles(layout, shard, most)]
    return encode_jpeg(contact_sheet(tiles, columns=8, side=_TILE), 88)


def files_of_contact_sheet(layout: Layout, count: int = 24) -> Iterator[str]:
    """The files that :func:`sheet_of` reads, relative to the dataset."""
    for shard, most in _shares(whole_shards(layout), count):
        samples, paths = read_few(layout, shard, most)
        for sample in samples:
            yield from (path for folder, path in paths[sample.index].items() if folder in ("images", *_DRAWN))


def _shares(shards: Sequence[int], count: int) -> list[tuple[int, int]]:
    """Shards to take samples from, evenly chosen, and how many of each one, `count` in all."""
    chosen = np.unique(np.linspace(0, len(shards) - 1, min(count, len(shards))).round().astype(int))
    ends = np.linspace(0, count, len(chosen) + 1).round().astype(int)
    return [(shards[int(index)], int(most)) for index, most in zip(chosen, np.diff(ends), strict=True)]


def _shard_tiles(layout: Layout, shard: int, most: int) -> Iterator[Tile]:
    """Two tiles for each of at most `most` samples of a shard, evenly taken: the picture, and the face on it."""
    samples, paths = read_few(layout, shard, most)
    for sample in samples:
        files = {folder: unlinked(layout.root, path) for folder, path in paths[sample.index].items()}
        image = fitted(read_rgb(files["images"], MOST_PIXELS)[0], _TILE)
        # Shrunk before the face is drawn on it: a line of one pixel would not survive being shrunk.
        masks = {name: shrunk_mask(read_labels(files[name], MOST_PIXELS), image.shape[:2]) for name in _DRAWN if name in files}
        face = masks.get("masks", np.zeros(image.shape[:2], np.uint8))
        yield Tile(image, " ".join([str(sample.index), sample.set_name, *sample.categories]))
        yield Tile(overlay(image, face, masks.get("amodal")), f"{sample.measures['occlusion_ratio']:.0%} of the face occluded")


def shrunk_mask(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """A mask at the height and width of `shape`, its values as they are."""
    return np.asarray(cv2.resize(mask, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.uint8)


def fitted(image: Image, tile: int) -> Image:
    """A picture as large as fits into a square of side `tile`."""
    scale = tile / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), dtype=np.uint8)


def cutout_tile(cutout: Cutout) -> Tile:
    """A cutout over grey squares, and its category and size."""
    height, width = cutout.matte.shape
    return matte_tile(cutout.foreground, cutout.matte, f"{cutout.category} {width}x{height}")


def matte_tile(foreground: Image, matte: Matte, caption: str) -> Tile:
    """Colours through their matte, over grey squares, which show holes, rims and soft edges."""
    height, width = matte.shape
    rows, columns = np.mgrid[:height, :width] // _SQUARE
    squares = np.where((rows + columns) % 2 == 0, _LIGHT, _DARK)[..., None]
    alpha = matte[..., None] / 255
    return Tile(np.rint(foreground * alpha + squares * (1 - alpha)).astype(np.uint8), caption)

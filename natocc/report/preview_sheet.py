"""What is made of one photograph, on one sheet: samples above what their masks say, or settings one below the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from natocc.core.samples import AlignedFace, Image, MadeSample, Mask
from natocc.report.contact_sheet import Tile, contact_sheet, fitted, shrunk_mask
from natocc.report.overlay import overlay

_COLUMNS = 5
_TILE = 256
_EMPTY = Tile(np.full((8, 8, 3), 32, np.uint8))
_PARTS = ("eyes", "nose", "mouth")


def preview_sheet(original: Image, face: AlignedFace, samples: Sequence[MadeSample]) -> Image:
    """The photograph, the aligned face and its mask, then every sample above its masks.

    Parameters
    ----------
    original : (H, W, 3) uint8
        The whole photograph.
    face : AlignedFace
        What was cut from it.
    samples : sequence of MadeSample
        With their records.

    Returns
    -------
    sheet : (H, W, 3) uint8
        Visible face tinted green, occluded face red.
    """
    mask = Tile(_overlay(face.image, face.face_mask), "face: green visible, red occluded")
    pairs = [(Tile(original, "photograph"), _EMPTY), (Tile(face.image, "aligned"), mask), *map(_pair, samples)]
    return contact_sheet(_stacked(pairs, min(_COLUMNS, len(pairs))), min(_COLUMNS, len(pairs)), _TILE)


def comparison_sheet(rows: Sequence[tuple[str, Sequence[MadeSample]]]) -> Image:
    """Settings compared: a row a setting, in each column the same sample.

    Parameters
    ----------
    rows : sequence of (str, sequence of MadeSample)
        What is set, such as ``colour.transfer=sot``, and the samples that are made with it.

    Returns
    -------
    sheet : (H, W, 3) uint8
        Each row's captions say the setting.
    """
    columns = max(len(samples) for _, samples in rows)
    tiles = []
    for name, samples in rows:
        row = [_pair(sample)[0] for sample in samples]
        row = [
            dataclasses.replace(tile, caption=f"{name}  {tile.caption}" if column == 0 else tile.caption)
            for column, tile in enumerate(row)
        ]
        tiles += [*row, *[_EMPTY] * (columns - len(row))]
    return contact_sheet(tiles, columns, _TILE)


def _pair(sample: MadeSample) -> tuple[Tile, Tile]:
    """A sample's picture, and its masks on it."""
    record, composite = sample.record, sample.composite
    if composite is None:
        return Tile(_EMPTY.image, f"rejected: {record.rejection.reason if record.rejection else ''}"), _EMPTY
    parts = [f"{part} {record.measures[f'{part}_occluded']:.0%}" for part in _PARTS if f"{part}_occluded" in record.measures]
    return (
        Tile(composite.image, f"{', '.join(record.categories) or 'nothing on it'}  {composite.occlusion_ratio:.0%}"),
        Tile(_overlay(composite.image, composite.modal, composite.amodal), f"{record.set_name}: {'  '.join(parts)}"),
    )


def _overlay(image: Image, modal: Mask, amodal: Mask | None = None) -> Image:
    """Masks on a picture of the size that is shown: a line of one pixel would not survive being shrunk."""
    small = fitted(image, _TILE)
    whole = None if amodal is None else shrunk_mask(amodal, small.shape)
    return overlay(small, shrunk_mask(modal, small.shape), whole)


def _stacked(pairs: Sequence[tuple[Tile, Tile]], columns: int) -> list[Tile]:
    """Tiles row by row, so that the second of each pair comes below the first."""
    tiles: list[Tile] = []
    for start in range(0, len(pairs), columns):
        group = list(pairs[start : start + columns])
        group += [(_EMPTY, _EMPTY)] * (columns - len(group))
        tiles += [above for above, _ in group] + [below for _, below in group]
    return tiles

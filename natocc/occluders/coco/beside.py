"""The other objects of a photograph, as far as they are annotated: what may lie before an object."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from natocc.core.errors import BadDataError
from natocc.core.samples import Mask
from natocc.occluders.coco.index import read_annotation
from natocc.occluders.coco.instances import AnnotationEntry
from natocc.occluders.coco.scalars import flag
from natocc.occluders.coco.segmentations import decode

_CONTAINED = 0.5  # share of an object within another's outline from which that one holds it, wears it or lies below it
_MOST_PIXELS = 64_000_000  # of masks that are kept for one photograph


class Beside:
    """Masks of all annotated objects of a photograph, decoded when they are first asked for.

    Parameters
    ----------
    file : Path
        The COCO file.
    entries : tuple of AnnotationEntry
        All of the photograph, of whatever category.
    shape : (int, int)
        Height and width of the photograph.
    """

    def __init__(self, file: Path, entries: tuple[AnnotationEntry, ...], shape: tuple[int, int]) -> None:
        self._file, self._entries, self._shape = file, entries, shape
        self._masks: dict[str, tuple[slice, slice, Mask]] | None = None

    def others(self, number: str, mask: Mask) -> Mask:
        """1 on other objects, without those that hold the object itself; crowds and broken annotations are left out.

        Parameters
        ----------
        number : str
            Of the object's annotation.
        mask : (H, W) uint8
            1 on the object.
        """
        union, area = np.zeros_like(mask), np.count_nonzero(mask)
        if self._masks is None:
            self._masks = self._decoded()
        for other, (rows, columns, part) in self._masks.items():
            if other != number and np.count_nonzero(part & mask[rows, columns]) <= _CONTAINED * area:
                union[rows, columns] |= part
        return union

    def _decoded(self) -> dict[str, tuple[slice, slice, Mask]]:
        """Each mask within its box."""
        masks: dict[str, tuple[slice, slice, Mask]] = {}
        left = _MOST_PIXELS
        for entry in self._entries:
            try:
                annotation = read_annotation(self._file, entry)
                if not isinstance(annotation, dict) or flag(annotation.get("iscrowd")) is not False:
                    continue
                mask = decode(annotation.get("segmentation"), *self._shape)
            except BadDataError:
                continue
            x, y, width, height = cv2.boundingRect(mask)
            left -= width * height
            if left < 0:
                break
            rows, columns = slice(y, y + height), slice(x, x + width)
            masks[entry.number] = (rows, columns, mask[rows, columns].copy())
        return masks

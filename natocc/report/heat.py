"""Where faces are covered: a mean over samples, in the frame of the face's box."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import Mask, SampleRecord
from natocc.io.images import encode_png
from natocc.report.thumbnails import OCCLUDED, VISIBLE

_SIDE = 96
_REACH = 0.09  # of a landmark, in widths of the face
_RAMP = np.array([(13, 8, 70), (104, 18, 142), (178, 42, 110), (233, 92, 58), (252, 165, 40), (246, 232, 112)], np.float64)
"""Dark to light, so that it reads without distinguishing hues."""

Grid = npt.NDArray[np.float64]


class HeatMap:
    """Counts, cell by cell, how often there is a face and how often it is covered.

    From masks where a sample's face is known as it was before it was covered, and from landmarks, of which the manifest says
    whether they are hidden, where no sample's is.
    """

    def __init__(self) -> None:
        self.face, self.covered = np.zeros((_SIDE, _SIDE)), np.zeros((_SIDE, _SIDE))
        self.masks = self.landmarks = 0
        self._points, self._hidden = np.zeros((68, 2)), np.zeros(68)
        self._aspect = 0.0
        self._boxes = 0

    def add_record(self, sample: SampleRecord) -> None:
        """Count a sample's landmarks; those of five points say too little."""
        box = _box(sample)
        if box is None:
            return
        self._aspect += box[3] / box[2]
        self._boxes += 1
        if len(sample.landmarks) == 68:
            points = np.array(sample.landmarks, np.float64)
            self._points += (points[:, :2] - box[:2]) / box[2:]
            self._hidden += points[:, 2]
            self.landmarks += 1

    def add_labels(self, sample: SampleRecord, labels: Mask) -> None:
        """Count a sample's pixels; `labels` are its thumbnail's, with the occluded face apart from the visible one."""
        box = _box(sample)
        if box is None:
            return
        scale = np.tile([labels.shape[1] / sample.measures["width"], labels.shape[0] / sample.measures["height"]], 2)
        left, top, width, height = box * scale
        to_box = np.array([[_SIDE / width, 0, -left * _SIDE / width], [0, _SIDE / height, -top * _SIDE / height]])
        placed = cv2.warpAffine(labels, to_box, (_SIDE, _SIDE), flags=cv2.INTER_NEAREST)
        self.face += (placed == VISIBLE) | (placed == OCCLUDED)
        self.covered += placed == OCCLUDED
        self.masks += 1

    @property
    def basis(self) -> str:
        """``masks``, ``landmarks``, or nothing where neither is known."""
        return "masks" if self.masks else "landmarks" if self.landmarks else ""

    @property
    def aspect(self) -> float:
        """Mean height of a face's box over its width."""
        return self._aspect / self._boxes if self._boxes else 1.0

    @property
    def most(self) -> float:
        """The largest share, at which the colours end."""
        share, known = self._shares()
        return float(share[known > 0.2].max(initial=0.0))

    def points(self) -> list[tuple[float, float, float]]:
        """The mean landmarks: x and y in widths and heights of the face's box, and how often each is hidden."""
        if not self.landmarks:
            return []
        mean, hidden = self._points / self.landmarks, self._hidden / self.landmarks
        return [(round(x, 4), round(y, 4), round(share, 4)) for (x, y), share in zip(mean.tolist(), hidden.tolist(), strict=True)]

    def picture(self) -> str:
        """The map as a ``data:`` URL of a PNG, transparent where there is hardly ever a face."""
        share, known = self._shares()
        position = np.clip(share / max(self.most, 1e-9), 0, 1) * (len(_RAMP) - 1)
        lower = np.minimum(position.astype(int), len(_RAMP) - 2)
        part = (position - lower)[..., None]
        colours = _RAMP[lower] * (1 - part) + _RAMP[lower + 1] * part
        alpha = np.clip(known * 1.6, 0, 1)[..., None] * 255
        rgba = np.rint(np.concatenate([colours, alpha], axis=2)).astype(np.uint8)
        return "data:image/png;base64," + base64.b64encode(encode_png(rgba)).decode("ascii")

    def _shares(self) -> tuple[Grid, Grid]:
        """How often a cell is covered where it is face, and how sure it is that it is face, both in [0, 1]."""
        if self.masks:
            return self.covered / np.maximum(self.face, 1), self.face / self.masks
        if not self.landmarks:
            return np.zeros((_SIDE, _SIDE)), np.zeros((_SIDE, _SIDE))
        rows, columns = (np.mgrid[:_SIDE, :_SIDE] + 0.5) / _SIDE
        points, hidden = self._points / self.landmarks, self._hidden / self.landmarks
        squared = (columns[..., None] - points[:, 0]) ** 2 + (rows[..., None] - points[:, 1]) ** 2
        weights = np.exp(-squared / (2 * _REACH**2))
        outline = cv2.convexHull(np.rint(points * _SIDE).astype(np.int32))
        inside = cv2.fillConvexPoly(np.zeros((_SIDE, _SIDE)), outline, 1.0)  # nothing is known beyond the landmarks
        known = np.asarray(cv2.GaussianBlur(inside, (0, 0), 1.5), dtype=np.float64)
        return (weights @ hidden) / np.maximum(weights.sum(axis=2), 1e-9), known


def ramp_stops() -> list[str]:
    """The colours of the map from no cover to the most, as CSS."""
    return [f"rgb({red:.0f} {green:.0f} {blue:.0f})" for red, green, blue in _RAMP]


def _box(sample: SampleRecord) -> npt.NDArray[np.float64] | None:
    """Left, top, width and height of a sample's face; None where the record does not say."""
    names = ("face_left", "face_top", "face_width", "face_height")
    if any(name not in sample.measures for name in names):
        return None
    box = np.array([sample.measures[name] for name in names], np.float64)
    return box if box[2] > 0 and box[3] > 0 else None

"""Landmarks from files instead of a detector: a folder of ``.pts`` files, or one CSV file.

``NAME.pts`` beside or apart from ``NAME.jpg``, in the same subfolders: x and y of 68 points (300-W's order) or 5 (dlib's order),
with or without the header ``version: 1 n_points: 68 {`` and the closing ``}``. A CSV file has a header; its first column is a
face's id or file name, and then come x and y of each point in turn, or columns named ``x_0 ... x_67, y_0 ... y_67`` among any
others, as OpenFace writes them.

Coordinates are those of the upright picture, that is with its EXIF orientation applied. 300-W's files, the ones with a header,
were written by MATLAB and count pixels from 1 [1]_; all others are taken to count from 0.

A face without landmarks in the files is rejected: no detector searches for it.

.. [1] C. Sagonas et al., "300 Faces in-the-Wild Challenge", ICCV Workshops 2013.
"""

from __future__ import annotations

import abc
import csv
import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.samples import Points
from natocc.faces.landmarks.keypoints import eye_centres_xy
from natocc.io.files import is_dir, is_file, open_text
from natocc.io.folders import Links, list_folder
from natocc.io.images import read_bytes
from natocc.io.paths import SUFFIXES, without_suffix

_LAYOUT = "a folder of .pts files, or a .csv file with a header and x, y of 68 or 5 points in each line"
FARTHEST = 100_000.0
"""Largest coordinate, px: no picture is so large, and what lies farther overflows the fixed point of those who draw it."""
_LINE_OF_EYES = 0.35  # how far from one line four corners of eyes may lie; eyes, nose and mouth lie at 0.5 and more
_NAMED = re.compile(r"([xy])_?([0-9]+)")


class LandmarkFiles(abc.ABC):
    """Landmarks by face."""

    path: Path

    def knows(self, face_id: str) -> bool:
        """Whether there are landmarks of a face, good or bad."""
        return self._name(face_id) is not None

    def find(self, face_id: str) -> Points:
        """Landmarks of a face.

        Returns
        -------
        landmarks_xy : (68, 2) or (5, 2) float32
            In pixels of the upright picture, pixel centres at integers from 0; may lie outside it.

        Raises
        ------
        BadDataError
            ``no-face`` if there are none, ``bad-annotation`` if they are not what :func:`check_landmarks` expects.
        """
        name = self._name(face_id)
        if name is None:
            raise BadDataError(Reason.NO_FACE, f"no landmarks of {face_id!r} in {self.path}")
        return self._read(name)

    @abc.abstractmethod
    def _has(self, name: str) -> bool:
        """Whether there is an entry of exactly this name."""

    @abc.abstractmethod
    def _read(self, name: str) -> Points:
        """Landmarks of the entry."""

    def _name(self, face_id: str) -> str | None:
        """The entry that means a face: its id, or its id with the suffix of a picture more or less."""
        candidates = (face_id, without_suffix(face_id), *(face_id + suffix for suffix in SUFFIXES))
        return next((name for name in candidates if self._has(name)), None)


def open_landmarks(path: Path, first_pixel: int | None, links: Links = "follow") -> LandmarkFiles:
    """Landmark files, listed, or read if they are one table.

    Parameters
    ----------
    path : Path
        A folder of ``.pts`` files, or a CSV file.
    first_pixel : 0 or 1, optional
        Coordinate of the centre of the first pixel; by default 1 in a ``.pts`` file with a header, else 0.

    links : str
        Whether links that lead out of the folder are followed.

    Raises
    ------
    UsageError
        If it is neither, or a table is not understood.
    """
    if is_dir(path):
        files = {name[: -len(".pts")]: name for name in list_folder(path, (".pts",), links).names}
        if not files:
            raise UsageError(f"no .pts file below {path}; expected {_LAYOUT}")
        return PtsFolder(path, files, first_pixel)
    if not is_file(path):
        raise UsageError(f"no landmarks at {path}; expected {_LAYOUT}")
    return _read_table(path, first_pixel or 0)


@dataclasses.dataclass(frozen=True)
class PtsFolder(LandmarkFiles):
    """``.pts`` files: `files` are relative to `path`, by their names without suffix."""

    path: Path
    files: dict[str, str]
    first_pixel: int | None

    def _has(self, name: str) -> bool:
        return name in self.files

    def _read(self, name: str) -> Points:
        path = self.path / self.files[name]
        try:
            text = read_bytes(path).decode("ascii", errors="replace")
        except BadDataError as error:
            raise BadDataError(Reason.BAD_ANNOTATION, error.detail) from None
        head, brace, body = text.partition("{")
        first_pixel = self.first_pixel if self.first_pixel is not None else int(bool(brace))
        if brace:
            body, closing, _ = body.partition("}")
            if not closing:
                raise BadDataError(Reason.BAD_ANNOTATION, f"{path}: cut short (no closing brace)")
        try:
            numbers = np.array((body if brace else head).split(), dtype=np.float64)
        except ValueError as error:
            raise BadDataError(Reason.BAD_ANNOTATION, f"{path}: {error}") from None
        return check_landmarks(numbers - first_pixel, str(path))


@dataclasses.dataclass(frozen=True, eq=False)
class LandmarkTable(LandmarkFiles):
    """A CSV file in memory: one row of `numbers` (x0, y0, x1, ...) an entry of `rows`."""

    path: Path
    rows: dict[str, int]
    numbers: npt.NDArray[np.float64]
    first_pixel: int

    def _has(self, name: str) -> bool:
        return name in self.rows

    def _read(self, name: str) -> Points:
        return check_landmarks(self.numbers[self.rows[name]] - self.first_pixel, f"{self.path}: {name!r}")


def check_landmarks(numbers: npt.NDArray[np.float64], name: str) -> Points:
    """Landmarks, if they can be some.

    Parameters
    ----------
    numbers : (2 N,) float64
        x0, y0, x1, y1, ... in pixels.
    name : str
        For the message.

    Returns
    -------
    landmarks_xy : (68, 2) or (5, 2) float32

    Raises
    ------
    BadDataError
        ``bad-annotation`` if there are neither 68 nor 5 points, a coordinate is not finite or beyond :data:`FARTHEST`, or 5
        points are not in dlib's order.
    """
    if len(numbers) not in (136, 10):
        raise BadDataError(Reason.BAD_ANNOTATION, f"{name}: expected 68 or 5 points, found {len(numbers) / 2:g}")
    if not (np.abs(numbers) <= FARTHEST).all():  # NaN fails it, too
        raise BadDataError(Reason.BAD_ANNOTATION, f"{name}: a coordinate is missing, not finite, or beyond {FARTHEST:.0f} px")
    points = numbers.reshape(-1, 2)
    if len(points) == 5 and not _in_order(points):
        raise BadDataError(
            Reason.BAD_ANNOTATION,
            f"{name}: 5 points are expected in dlib's order: outer and inner corner of the eye on the right of the picture, "
            "outer and inner corner of the eye on the left, base of the nose; these are in another order, or others",
        )
    return points.astype(np.float32)


def _in_order(points: npt.NDArray[np.float64]) -> bool:
    """Whether 5 points can be dlib's: the first four on the line of the eyes, the nose below it.

    Most published sets of 5 points are eye, eye, nose and corners of the mouth; taken for dlib's they would turn every crop.
    """
    left, right = eye_centres_xy(points.astype(np.float32))
    corners = points[:4] - points[:4].mean(axis=0)
    along, across = np.linalg.svd(corners, compute_uv=False)
    eye_to_eye, eye_to_nose = right - left, points[4] - (left + right) / 2
    below = float(eye_to_eye[0] * eye_to_nose[1] - eye_to_eye[1] * eye_to_nose[0])
    return bool(across <= _LINE_OF_EYES * along and below >= 0)


def _read_table(path: Path, first_pixel: int) -> LandmarkTable:
    rows: dict[str, int] = {}
    numbers: list[npt.NDArray[np.float64]] = []
    try:
        with open_text(path) as file:
            reader = csv.reader(file, skipinitialspace=True)
            columns = _columns(next(reader, []), path)
            for cells in reader:
                if not cells or not any(cells):
                    continue
                name = cells[0].strip()
                if name in rows:
                    raise UsageError(f"{path}, line {reader.line_num}: a second row of {name!r}")
                rows[name] = len(numbers)
                numbers.append(np.array([_number(cells, column) for column in columns]))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: expected {_LAYOUT}: {error}") from None
    return LandmarkTable(path, rows, np.array(numbers).reshape(len(numbers), len(columns)), first_pixel)


def _columns(header: Sequence[str], path: Path) -> list[int]:
    """Columns of x0, y0, x1, y1, ... in a table."""
    named = {
        (match[1], int(match[2])): column
        for column, cell in enumerate(header)
        if (match := _NAMED.fullmatch(cell.strip())) and column
    }
    if named:
        order = sorted({number for _, number in named})
        missing = [f"{axis}_{number}" for number in order for axis in "xy" if (axis, number) not in named]
        if missing:
            raise UsageError(f"{path}: the header has no column {missing[0]}")
        columns = [named[axis, number] for number in order for axis in "xy"]
    else:
        columns = list(range(1, len(header)))
        numbers = [_number(header, column) for column in columns]
        # Columns may be called 0, 1, 2, ...; other numbers are those of a first face, which would be lost.
        if columns and not np.isnan(numbers).any() and numbers[:3] not in ([0, 1, 2], [1, 2, 3]):
            raise UsageError(f"{path}: the first line holds numbers; expected a header")
    if len(columns) not in (136, 10):
        raise UsageError(f"{path}: expected columns of 68 or 5 points, found {len(columns)} columns; expected {_LAYOUT}")
    return columns


def _number(cells: Sequence[str], column: int) -> float:
    """A cell as a number; NaN where there is none, so that the face is rejected and not the table."""
    try:
        return float(cells[column])
    except (ValueError, IndexError):
        return float("nan")

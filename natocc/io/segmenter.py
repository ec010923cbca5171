"""A network that finds the visible face, read from ONNX and run by OpenCV: no other package is needed.

The contract: one input, 1 x 3 x S x S, RGB, float32 in [0, 1], a picture fitted into a square by :func:`fit_square`; one output,
1 x 1 x S x S, the logit of "visible face". The file says so itself, in the metadata key :data:`CONTRACT`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError, RunError, UsageError
from natocc.core.plans import Json
from natocc.core.samples import Image, Mask
from natocc.io.images import read_bytes, sha256
from natocc.io.onnx_metadata import onnx_metadata
from natocc.io.paths import locate

CONTRACT = "natocc.segmenter"
"""Metadata key of an ONNX file."""

_FORMAT = 1
_LARGEST = 4096


@dataclasses.dataclass(frozen=True)
class Fit:
    """Where a picture lies in its square.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the picture.
    inner : (int, int)
        Those that it has in the square, whose top left corner is its own.
    side : int
        Of the square.
    """

    shape: tuple[int, int]
    inner: tuple[int, int]
    side: int

    @classmethod
    def into(cls, shape: tuple[int, ...], side: int) -> Fit:
        """The largest size of the same aspect that fits."""
        longest = max(shape[0], shape[1])
        height, width = (max(1, round(length * side / longest)) for length in shape[:2])
        return cls((shape[0], shape[1]), (height, width), side)


def fit_square(plane: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    """A picture, or a plane of numbers, as a network sees it.

    Parameters
    ----------
    plane : (H, W) or (H, W, 3)
        uint8 or float32.
    side : int
        Of the square, px.

    Returns
    -------
    square : (side, side) or (side, side, 3)
        The same type; as large as fits, its aspect kept, in the top left corner; the rest repeats its last row or column.
    """
    fit = Fit.into(plane.shape, side)
    height, width = fit.inner
    if fit.inner != fit.shape:
        smaller = height < plane.shape[0] or width < plane.shape[1]
        plane = cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    if (height, width) != (side, side):
        plane = cv2.copyMakeBorder(plane, 0, side - height, 0, side - width, cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(plane)


def unfit_square(square: npt.NDArray[np.float32], shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """A plane of numbers in the size of the picture that was fitted: (S, S) to (H, W)."""
    fit = Fit.into(shape, square.shape[0])
    inner = np.ascontiguousarray(square[: fit.inner[0], : fit.inner[1]])
    if fit.inner == fit.shape:
        return inner
    height, width = fit.shape
    return np.asarray(cv2.resize(inner, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def contract(side: int, about: dict[str, Json]) -> dict[str, str]:
    """Metadata of an ONNX file that keeps the contract; `about` is what else is to be known of the network."""
    content = {"format": _FORMAT, "side": side, "input": "1x3xSxS RGB float32 0..1", "output": "1x1xSxS logit", **about}
    return {CONTRACT: json.dumps(content, sort_keys=True)}


@dataclasses.dataclass
class Segmenter:
    """A network on disk; may be pickled, so that workers read it themselves. Threads that share one take turns.

    Parameters
    ----------
    path : Path
        Of the ONNX file.
    side : int
        Of the square that it takes, px.
    sha256 : str
        Of the file.
    about : dict
        What its metadata say.
    """

    path: Path
    side: int
    sha256: str
    about: dict[str, Json]

    @classmethod
    def open(cls, path: Path) -> Segmenter:
        """Read a file's contract and try the network once.

        Raises
        ------
        UsageError
            If it is no ONNX file, says nothing of natocc's contract, or does not keep it.
        """
        try:
            data = read_bytes(path)
        except BadDataError as error:
            raise UsageError(error.detail) from None
        try:
            metadata = onnx_metadata(data)
        except ValueError as error:
            raise UsageError(f"{path} is no ONNX file: {error}") from None
        side, about = _side(metadata, path)
        segmenter = cls(path, side, sha256(data), about)
        try:
            segmenter.logits(np.zeros((side, side, 3), np.uint8))
        except RunError as error:
            raise UsageError(*error.lines) from None
        return segmenter

    @classmethod
    def at(cls, location: str, data: Path, key: str) -> Segmenter:
        """As :meth:`open`, of the file that a recipe names under `key`, which messages begin with; `data` is the data root."""
        try:
            return cls.open(locate(location, data))
        except UsageError as error:
            first, *more = error.lines
            raise UsageError(f"{key}: {first}", *more) from None

    def logits(self, square: Image) -> npt.NDArray[np.float32]:
        """What the network says of a picture that was fitted: (S, S, 3) uint8 to (S, S).

        Raises
        ------
        RunError
            If OpenCV cannot run it, or what comes out is of another shape or not finite.
        """
        blob = np.ascontiguousarray(square.transpose(2, 0, 1)[None].astype(np.float32) / 255)
        try:
            with self._lock:
                self._network.setInput(blob)
                output = np.array(self._network.forward(), dtype=np.float32)
        except cv2.error as error:
            raise RunError(f"{self.path}: OpenCV cannot run this network: {' '.join(str(error).split())}") from None
        if output.shape != (1, 1, self.side, self.side):
            expected = f"1 x 1 x {self.side} x {self.side}"
            raise RunError(f"{self.path}: expected an output of {expected}, found {' x '.join(map(str, output.shape))}")
        if not np.isfinite(output).all():
            raise RunError(f"{self.path}: the network's output is not finite")
        return np.asarray(output[0, 0])

    def probability(self, image: Image) -> npt.NDArray[np.float32]:
        """Probability of "visible face", (H, W) in [0, 1], of a picture (H, W, 3) of any size; raises as :meth:`logits`."""
        logits = unfit_square(self.logits(fit_square(image, self.side)), image.shape)
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))), dtype=np.float32)

    def face(self, image: Image) -> Mask:
        """(H, W): 1 where visible face is at least as probable as anything else; raises as :meth:`logits`."""
        logits = unfit_square(self.logits(fit_square(image, self.side)), image.shape)
        return (logits >= 0).astype(np.uint8)

    @functools.cached_property
    def _network(self) -> Any:
        """OpenCV's, read when it is first needed in this process."""
        try:
            data = read_bytes(self.path)
        except BadDataError as error:
            raise RunError(error.detail) from None
        if sha256(data) != self.sha256:
            raise RunError(f"{self.path} was changed while it was in use; run the command again")
        try:
            return cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
        except cv2.error as error:
            raise RunError(f"{self.path}: OpenCV cannot read this network: {' '.join(str(error).split())}") from None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()  # OpenCV's network keeps its input and output

    def __reduce__(self) -> tuple[type[Segmenter], tuple[Path, int, str, dict[str, Json]]]:
        return Segmenter, (self.path, self.side, self.sha256, self.about)


def _side(metadata: dict[str, str], path: Path) -> tuple[int, dict[str, Json]]:
    """Side and description, by the metadata."""
    if CONTRACT not in metadata:
        found = ", ".join(repr(key) for key in metadata) or "none"
        raise UsageError(f"{path} is a network of another contract: expected the metadata {CONTRACT!r}, found {found}")
    try:
        about = json.loads(metadata[CONTRACT])
        if about["format"] != _FORMAT:
            raise UsageError(f"{path} has the contract's format {about['format']!r}; this natocc reads {_FORMAT}")
        side = about["side"]
        if type(side) is not int or not 1 <= side <= _LARGEST:
            raise ValueError(f"side {side!r}")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(f"{path}: its metadata {CONTRACT!r} is damaged: {error}") from None
    return side, about

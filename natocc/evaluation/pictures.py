"""Labelled pictures: what an evaluation takes for true and a network is trained on, whatever layout they lie in."""

from __future__ import annotations

import abc
import csv
import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError, UsageError
from natocc.core.samples import Image, Mask
from natocc.evaluation.classes import BACKGROUND, FACE, OCCLUDER
from natocc.io.files import exists
from natocc.io.images import read_bytes
from natocc.io.paths import without_suffix

INDEX = "index.csv"


@dataclasses.dataclass(frozen=True)
class About:
    """What is said of a picture.

    Parameters
    ----------
    coverage : float, optional
        Share of the face that is covered.
    kinds : tuple of str
        Of its occluders.
    part : str, optional
        Of the dataset, such as where the picture comes from.
    """

    coverage: float | None = None
    kinds: tuple[str, ...] = ()
    part: str | None = None


class Pictures(abc.ABC):
    """Pictures and label maps by name; may be pickled, so that workers read them."""

    @property
    @abc.abstractmethod
    def names(self) -> tuple[str, ...]:
        """Of all pictures; at least one."""

    @property
    @abc.abstractmethod
    def has_occluders(self) -> bool:
        """Whether the labels tell occluders from background."""

    @abc.abstractmethod
    def labels(self, name: str) -> Mask:
        """(H, W) uint8: 0 background, 1 visible face, 2 occluder, 255 not known.

        Raises
        ------
        BadDataError
            If the file cannot be read or has values without a class.
        """

    @abc.abstractmethod
    def image(self, name: str) -> Image:
        """(H, W, 3) uint8 sRGB, the size of the labels.

        Raises
        ------
        BadDataError
            If the file cannot be read, or there is none.
        """

    def about(self, name: str) -> About:
        """What is said of a picture."""
        del name
        return About()

    @property
    def has_mattes(self) -> bool:
        """Whether :meth:`face_share` knows more than the labels."""
        return False

    def visible_face(self, name: str) -> Mask:
        """(H, W) uint8: as :meth:`labels`, but occluders are background; all that a training needs, with fewer files to read."""
        labels = self.labels(name)
        return np.where(labels == OCCLUDER, BACKGROUND, labels).astype(np.uint8)

    def face_share(self, name: str) -> npt.NDArray[np.float32]:
        """(H, W): how much of each pixel is visible face, in [0, 1]; 0 and 1 alone where there are no mattes."""
        return np.asarray(self.visible_face(name) == FACE, dtype=np.float32)


def read_index(path: Path) -> dict[str, About]:
    """``index.csv``: what is said of pictures, by name without suffix; nothing where there is no such file.

    Columns: ``name``, and where known ``part``, ``occluders`` (separated by ``;``) and ``occluder_on_face`` (share of the face
    that is covered, or empty).

    Raises
    ------
    UsageError
        If it is no such table; the message names the line.
    """
    if not exists(path):
        return {}
    try:
        rows = list(csv.DictReader(read_bytes(path).decode("utf-8-sig").splitlines(), strict=True))
    except (BadDataError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is no table: {error}") from None
    entries = {}
    for line, row in enumerate(rows, start=2):
        if not row.get("name"):
            raise UsageError(f"{path}, line {line}: expected a name in the column 'name'")
        kinds = (row.get("occluders") or "").split(";")
        about = About(_coverage(row, f"{path}, line {line}"), tuple(filter(None, map(str.strip, kinds))), row.get("part") or None)
        entries[without_suffix(row["name"])] = about
    return entries


def _coverage(row: Mapping[str, str | None], place: str) -> float | None:
    text = row.get("occluder_on_face")
    if not text:
        return None
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise UsageError(f"{place}: occluder_on_face must be a share from 0 to 1, found {text!r}")
    return share

"""Small pictures of samples and what each pixel is, many to a sheet."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from natocc.core.errors import BadDataError
from natocc.core.samples import IGNORE, Image, Mask
from natocc.io.images import MOST_PIXELS, encode_jpeg, encode_png, read_labels, read_plane, read_rgb
from natocc.io.paths import unlinked

VISIBLE, OCCLUDED, OCCLUDER, IGNORED = 1, 2, 3, 4
"""What a pixel is: face that is visible, face that is not, an occluder off the face, to be ignored; 0 is the rest."""

COLUMNS, ROWS = 8, 8
"""Thumbnails on a sheet."""

_QUALITY = 72


@dataclasses.dataclass(frozen=True, eq=False)
class Original:
    """What a sample was made from, made again: it lies in no file of the dataset unless the recipe asks.

    Parameters
    ----------
    source : (H, W, 3) uint8
        The face before it was covered.
    amodal, covered : (H, W) uint8
        1 on the whole face, and 1 where any occluder lies.
    """

    source: Image
    amodal: Mask
    covered: Mask


@dataclasses.dataclass(frozen=True, eq=False)
class Thumbnail:
    """A sample, small.

    Parameters
    ----------
    picture : (h, w, 3) uint8
        At most a square's side.
    labels : (h, w) uint8
        :data:`VISIBLE`, :data:`OCCLUDED`, :data:`OCCLUDER`, :data:`IGNORED` or 0.
    source : (h, w, 3) uint8, optional
        The face before it was covered.
    has_face, has_occluded, has_occluder : bool
        What `labels` can tell: which masks there are.
    """

    picture: Image
    labels: Mask
    source: Image | None
    has_face: bool
    has_occluded: bool
    has_occluder: bool


def thumbnail(root: Path, files: Mapping[str, str], side: int, original: Original | None = None) -> Thumbnail | None:
    """A sample's thumbnail, from its files.

    Parameters
    ----------
    root : Path
        The dataset's folder.
    files : mapping of str to str
        Folder to path below `root`.
    side : int
        Of the square that it fits in, px.
    original : Original, optional
        Where the sample was made again; else the masks of the dataset serve as far as they go.

    Returns
    -------
    thumbnail : Thumbnail or None
        None where a file cannot be read: a report counts it, ``natocc verify`` judges.
    """
    try:
        image = read_rgb(unlinked(root, files["images"]), MOST_PIXELS)[0]
        modal = read_labels(unlinked(root, files["masks"]), MOST_PIXELS) if "masks" in files else None
        amodal = read_labels(unlinked(root, files["amodal"]), MOST_PIXELS) if "amodal" in files else None
        covered = _covered(root, files)
        source = read_rgb(unlinked(root, files["clean"]), MOST_PIXELS)[0] if "clean" in files else None
    except (BadDataError, KeyError):
        return None
    if original is not None:
        source, amodal, covered = original.source, original.amodal, original.covered
    planes = [plane for plane in (modal, amodal, covered) if plane is not None]
    if any(plane.shape != image.shape[:2] for plane in planes):
        return None
    labels = np.zeros(image.shape[:2], np.uint8)
    if covered is not None:
        labels[covered > 0] = OCCLUDER
    if amodal is not None:
        labels[amodal == 1] = OCCLUDED if modal is not None else VISIBLE
    if modal is not None:
        labels[modal == 1] = VISIBLE
        labels[modal == IGNORE] = IGNORED
    scale = side / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.uint8)
    return Thumbnail(
        _shrunk(image, size),
        small,
        None if source is None else _shrunk(source, size),
        has_face=modal is not None or amodal is not None,
        has_occluded=amodal is not None and modal is not None,
        has_occluder=covered is not None or (amodal is not None and modal is not None),
    )


def sheet(thumbnails: Sequence[Thumbnail], side: int) -> dict[str, str]:
    """Up to ``COLUMNS * ROWS`` thumbnails in base64: ``picture`` (JPEG), ``labels`` (PNG), ``source`` (JPEG, or nothing)."""
    rows = -(-len(thumbnails) // COLUMNS)
    picture = np.full((rows * side, COLUMNS * side, 3), 128, np.uint8)
    labels, source = np.zeros(picture.shape[:2], np.uint8), picture.copy()
    for cell, small in enumerate(thumbnails):
        top, left = side * (cell // COLUMNS), side * (cell % COLUMNS)
        height, width = small.labels.shape
        place = np.s_[top : top + height, left : left + width]
        picture[place], labels[place] = small.picture, small.labels
        if small.source is not None:
            source[place] = small.source
    sources = any(small.source is not None for small in thumbnails)
    return {
        "picture": _base64(encode_jpeg(picture, _QUALITY)),
        "labels": _base64(encode_png(labels)),
        "source": _base64(encode_jpeg(source, _QUALITY)) if sources else "",
    }


def side_for(count: int) -> int:
    """Side of a thumbnail, px: the more there are, the smaller, so that the page stays of a size that a browser opens."""
    return 256 if count <= 200 else 192 if count <= 1000 else 128 if count <= 4000 else 96


def _covered(root: Path, files: Mapping[str, str]) -> Mask | None:
    """Where occluders lie, from the masks that say so."""
    if "occluders" in files:
        return (read_labels(unlinked(root, files["occluders"]), MOST_PIXELS) > 0).astype(np.uint8)
    if "mattes" in files:
        matte = read_plane(unlinked(root, files["mattes"]), MOST_PIXELS)
        return (matte > np.iinfo(matte.dtype).max // 2).astype(np.uint8)
    return None


def _shrunk(image: Image, size: tuple[int, int]) -> Image:
    smaller = size[0] < image.shape[1]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC), dtype=np.uint8)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")

"""The one door for image bytes: what is read and checked, pictures as 8-bit sRGB, masks as they were meant."""

from __future__ import annotations

import errno
import hashlib
import stat
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from natocc.core.errors import BadDataError, Reason, RunError
from natocc.core.samples import Image, Mask
from natocc.io import codecs
from natocc.io.codecs import DECODER_ERRORS, MAX_PIXELS, PICTURE_FORMATS, Plane, encode_jpeg, encode_png

__all__ = [
    "MAX_PIXELS",
    "PICTURE_FORMATS",
    "decode_rgb",
    "decode_rgba",
    "encode_jpeg",
    "encode_png",
    "list_values",
    "read_bytes",
    "read_labels",
    "read_mask",
    "read_plane",
    "read_reduced",
    "read_rgb",
    "read_rgba",
    "sha256",
]

MAX_BYTES = 512 * 1024 * 1024
_OF_THE_MACHINE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def read_bytes(path: Path, shown: str | None = None) -> bytes:
    """Bytes of a regular file.

    Parameters
    ----------
    path : Path
        The file.
    shown : str, optional
        How messages name it; `path` unless given.

    Returns
    -------
    data : bytes
        All of it.

    Raises
    ------
    BadDataError
        If it is missing, not a regular file (a folder, a FIFO), empty, unreadable or larger than 512 MiB.
    RunError
        If it is the machine that fails, not the file: too many open files, no memory.
    """
    shown = shown or str(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadDataError(Reason.NOT_A_FILE, f"{shown} is not a regular file")
        if status.st_size > MAX_BYTES:
            raise BadDataError(Reason.TOO_MANY_PIXELS, f"{shown} has {status.st_size} bytes, more than {MAX_BYTES}")
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadDataError(Reason.MISSING_FILE, f"no file {shown}") from None
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            raise RunError(f"cannot read {shown}: {error.strerror}") from None
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{shown}: {error}") from None
    if not data:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{shown} is empty (0 bytes)")
    return data


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def read_rgb(path: Path, max_pixels: int = MAX_PIXELS) -> tuple[Image, str]:
    """A picture as 8-bit sRGB, and the sha256 of its file.

    Parameters
    ----------
    path : Path
        JPEG, PNG, WebP, BMP or TIFF, recognised by content, not by suffix.
    max_pixels : int
        Larger pictures are refused by their header, before anything is decoded.

    Returns
    -------
    image : (H, W, 3) uint8
        sRGB. The EXIF orientation is applied. An ICC profile is converted to sRGB, unless it changes no colour by more than a
        level. Grey is repeated, 16-bit grey loses its low byte, CMYK is converted, transparency is laid over white.
    digest : str
        sha256 of the file.

    Raises
    ------
    BadDataError
        If the file cannot be read or decoded in full, is animated, has an unsupported format or mode, or is too large.
    """
    data = read_bytes(path)
    return decode_rgb(data, str(path), max_pixels), sha256(data)


def read_reduced(path: Path, wanted_side: int | None, max_pixels: int = MAX_PIXELS) -> tuple[Image, str, tuple[int, int]]:
    """A picture that need not be as large as it is: a JPEG is decoded to a half, a quarter or an eighth in a share of the time.

    Parameters
    ----------
    path : Path
        As for :func:`read_rgb`.
    wanted_side : int, optional
        The longer side is not reduced below it, px; without it nothing is.
    max_pixels : int
        As for :func:`read_rgb`.

    Returns
    -------
    image : (h, w, 3) uint8
        As from :func:`read_rgb`; reduced only if both sides are multiples, so that a pixel is a square of the file's pixels.
    digest : str
        sha256 of the file.
    shape : (int, int)
        Height and width before; whole multiples of those of `image`.

    Raises
    ------
    BadDataError
        As :func:`read_rgb`.
    """
    data, name = read_bytes(path), str(path)
    picture = codecs.open_picture(data, name, max_pixels)
    times = codecs.reduction(picture, wanted_side)
    image = _decode(picture, data, name, times)
    return image, sha256(data), (times * image.shape[0], times * image.shape[1])


def decode_rgb(data: bytes, name: str, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode picture bytes to (H, W, 3) uint8 sRGB; see :func:`read_rgb`. `name` is for messages."""
    return _decode(codecs.open_picture(data, name, max_pixels), data, name)


def _decode(picture: PillowImage.Image, data: bytes, name: str, times: int = 1) -> Image:
    try:
        return codecs.pixels(picture, data, name, times)
    except DECODER_ERRORS as error:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: {error}") from None


def decode_rgba(data: bytes, name: str) -> Image:
    """Decode RGBA bytes that natocc wrote to (H, W, 4) uint8, colour under transparent pixels kept."""
    picture = codecs.open_picture(data, name, MAX_PIXELS)
    if picture.mode != "RGBA":
        raise BadDataError(Reason.UNSUPPORTED_IMAGE, f"{name}: expected RGBA, found {picture.mode}")
    try:
        return np.asarray(picture, dtype=np.uint8)
    except DECODER_ERRORS as error:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: {error}") from None


def read_rgba(path: Path, max_pixels: int = MAX_PIXELS) -> tuple[Image, Mask, str]:
    """A picture with transparency: its colours, its coverage, and the sha256 of its file.

    Parameters
    ----------
    path : Path
        As for :func:`read_rgb`; RGBA, grey and alpha, or a palette with transparency.
    max_pixels : int
        As for :func:`read_rgb`.

    Returns
    -------
    colours : (H, W, 3) uint8
        sRGB, straight; under transparent pixels whatever the file has there.
    alpha : (H, W) uint8
        Coverage, 0-255.
    digest : str
        sha256 of the file.

    Raises
    ------
    BadDataError
        As :func:`read_rgb`; ``no-mask`` if the picture has no transparency.
    """
    data, name = read_bytes(path), str(path)
    picture = codecs.open_picture(data, name, max_pixels)
    if picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info:
        raise BadDataError(Reason.NO_MASK, f"{name}: expected a picture with an alpha channel, found {picture.mode}")
    try:
        return *codecs.layers(picture, name), sha256(data)
    except DECODER_ERRORS as error:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: {error}") from None


def read_labels(path: Path, max_pixels: int = MAX_PIXELS) -> Mask:
    """A label map with the values that its owner gave it.

    Parameters
    ----------
    path : Path
        Single-channel picture, palette picture (its indices are the labels), 1-bit (0 and 1), 16-bit with values up to 255, or
        RGB with equal channels.
    max_pixels : int
        As for :func:`read_rgb`.

    Returns
    -------
    labels : (H, W) uint8
        Raw values. The EXIF orientation is applied, as it is to pictures.

    Raises
    ------
    BadDataError
        As :func:`read_rgb`; ``bad-mask`` if the channels differ, a value exceeds 255, or the file is a JPEG, which does not keep
        values.
    """
    labels, format_name = _read_plane(path, max_pixels)
    if format_name == "JPEG":
        raise BadDataError(Reason.BAD_MASK, f"{path}: a JPEG does not keep label values; expected PNG or another lossless format")
    if labels.dtype != np.uint8 and labels.max(initial=0) > 255:
        raise BadDataError(Reason.BAD_MASK, f"{path}: expected values from 0 to 255, found {list_values(np.unique(labels))}")
    return labels.astype(np.uint8)


def read_mask(path: Path, max_pixels: int = MAX_PIXELS) -> Mask:
    """A two-valued mask, whatever its two values are.

    Parameters
    ----------
    path : Path
        As for :func:`read_labels`; 0/1, 0/255, 0/225 or any other 0/v, 8 or 16 bit; in a JPEG (by content), values on both sides
        of 128.
    max_pixels : int
        As for :func:`read_rgb`.

    Returns
    -------
    mask : (H, W) uint8
        0 and 1; may be empty or full.

    Raises
    ------
    BadDataError
        ``bad-mask`` naming the values found, if there are more than one besides 0.
    """
    labels, format_name = _read_plane(path, max_pixels)
    most = labels.max(initial=0)
    mask: Mask = ((labels == most) & (most > 0)).view(np.uint8)
    if np.count_nonzero(mask) == np.count_nonzero(labels):
        return mask
    if format_name == "JPEG" and most > 128:
        return (labels >= 128).astype(np.uint8)
    values = np.flatnonzero(np.bincount(labels.ravel()))
    raise BadDataError(Reason.BAD_MASK, f"{path}: expected 0 and one other value, found {list_values(values)}")


def read_plane(path: Path, max_pixels: int = MAX_PIXELS) -> Plane:
    """Values of a single-channel picture as they are, (H, W) of 8 or 16 bit; raises as :func:`read_labels` does."""
    return _read_plane(path, max_pixels)[0]


def list_values(values: Iterable[int]) -> str:
    """The first dozen values, for a message.

    Examples
    --------
    >>> list_values([0, 3, 255])
    '0, 3, 255'
    """
    shown = [str(value) for value in values]
    return ", ".join(shown[:12]) + (" ..." if len(shown) > 12 else "")


def _read_plane(path: Path, max_pixels: int) -> tuple[Plane, str | None]:
    """(H, W) values of a single-channel picture, or one whose channels are equal, and the name of its format."""
    data, name = read_bytes(path), str(path)
    picture = codecs.open_picture(data, name, max_pixels)
    try:
        return codecs.plane(picture, name), "JPEG" if picture.format == "MPO" else picture.format
    except DECODER_ERRORS as error:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: {error}") from None

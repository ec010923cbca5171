"""The one door for image bytes: what is read and checked, pictures as 8-bit sRGB, masks as they were meant."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from natocc.core.errors import BadDataError, Reason, RunError
from natocc.core.samples import Image, Mask
from natocc.io import codecs
from natocc.io.codecs import encode_jpeg, encode_png
from natocc.io.files import NotAFileError, open_file, read_whole
from natocc.io.headers import MAX_PIXELS, MOST_PIXELS, PICTURE_FORMATS, decoding, open_picture
from natocc.io.mask_values import Channel, Colour, MaskFile, Plane, label_values, labels_by_colour, list_values, two_valued

__all__ = [
    "MAX_PIXELS",
    "MOST_PIXELS",
    "PICTURE_FORMATS",
    "Channel",
    "Colour",
    "decode_rgb",
    "decode_rgba",
    "encode_jpeg",
    "encode_png",
    "list_values",
    "read_bytes",
    "read_colours",
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
_OF_THE_NAME = (errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EINVAL)


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
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_BYTES:
                raise BadDataError(Reason.TOO_MANY_PIXELS, f"{shown} has {size} bytes, more than {MAX_BYTES}")
            data = read_whole(file, size + 1)
        if len(data) > size:  # a log, or one of the system's files that seem empty and have no end
            raise BadDataError(Reason.UNREADABLE_IMAGE, f"{shown} has more than the {size} bytes that it seems to have")
    except NotAFileError as error:
        raise BadDataError(Reason.NOT_A_FILE, f"{shown} is {error}") from None
    except FileNotFoundError:
        raise BadDataError(Reason.MISSING_FILE, f"no file {shown}") from None
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            raise RunError(f"cannot read {shown}: {error.strerror}") from None
        is_name = isinstance(error, ValueError) or error.errno in _OF_THE_NAME
        raise BadDataError(Reason.UNREADABLE_IMAGE if is_name else Reason.CANNOT_READ, f"{shown}: {error}") from None
    if not data:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{shown} is empty (0 bytes)")
    return data


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file; raises OSError if it cannot be read."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_rgb(path: Path, max_pixels: int = MAX_PIXELS) -> tuple[Image, str]:
    """A picture as 8-bit sRGB, and the sha256 of its file.

    Parameters
    ----------
    path : Path
        JPEG, PNG, WebP, BMP, TIFF or AVIF, and HEIC where pillow-heif is installed; told by content, not by suffix.
    max_pixels : int
        Larger pictures are refused by their header, before anything is decoded.

    Returns
    -------
    image : (H, W, 3) uint8
        sRGB. The EXIF orientation is applied. An ICC profile, and the colour space that a PNG, AVIF or HEIC states by numbers,
        is converted to sRGB, unless it changes no colour by more than a level. Grey is repeated, 16-bit grey loses its low byte,
        CMYK is converted, transparency is laid over white.
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
    data = read_bytes(path)
    picture = open_picture(data, str(path), max_pixels)
    times = codecs.reduction(picture, wanted_side)
    image = codecs.pixels(picture, times)
    return image, sha256(data), (times * image.shape[0], times * image.shape[1])


def decode_rgb(data: bytes, name: str, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode picture bytes to (H, W, 3) uint8 sRGB; see :func:`read_rgb`. `name` is for messages."""
    return codecs.pixels(open_picture(data, name, max_pixels))


def decode_rgba(data: bytes, name: str) -> Image:
    """Decode RGBA bytes that natocc wrote to (H, W, 4) uint8, colour under transparent pixels kept."""
    picture = open_picture(data, name, MOST_PIXELS)
    if picture.pillow.mode != "RGBA":
        raise BadDataError(Reason.UNSUPPORTED_IMAGE, f"{name}: expected RGBA, found {picture.pillow.mode}")
    with decoding(name):
        return np.asarray(picture.load(), dtype=np.uint8)


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
    data = read_bytes(path)
    return *codecs.layers(open_picture(data, str(path), max_pixels)), sha256(data)


def read_labels(path: Path, max_pixels: int = MAX_PIXELS, channel: Channel = "auto") -> Mask:
    """A label map with the values that its owner gave it.

    Parameters
    ----------
    path : Path
        Single-channel picture, palette picture (its indices are the labels), 1-bit (0 and 1), 16-bit with values up to 255, or
        RGB with equal channels.
    max_pixels : int
        As for :func:`read_rgb`.
    channel : str
        ``grey``: the values; ``alpha``: the transparency; ``auto``: the one that varies, the values where both do.

    Returns
    -------
    labels : (H, W) uint8
        Raw values. The EXIF orientation is applied, as it is to pictures.

    Raises
    ------
    BadDataError
        As :func:`read_rgb`; ``bad-mask`` if the channels differ, a value exceeds 255, or the file is lossy (a JPEG), which does
        not keep values.
    """
    file = _read_mask_file(path, max_pixels)
    if file.lossy:
        raise file.refused("a JPEG does not keep label values, nor does another lossy format; expected PNG, say")
    labels = label_values(file, channel)
    if labels.dtype != np.uint8 and labels.max(initial=0) > 255:
        raise file.refused(f"expected values from 0 to 255, found {list_values(np.unique(labels))}")
    return labels.astype(np.uint8)


def read_mask(path: Path, max_pixels: int = MAX_PIXELS, channel: Channel = "auto") -> Mask:
    """A two-valued mask, whatever its two values are, and whichever of its channels has them.

    Parameters
    ----------
    path : Path
        As for :func:`read_labels`; 0/1, 0/255, 0/225 or any other 0/v, 8 or 16 bit; black and one colour; a shape in the alpha
        channel; any of them with soft edges, which are cut at 128 of 255.
    max_pixels : int
        As for :func:`read_rgb`.
    channel : str
        As for :func:`read_labels`; with ``auto`` both may vary where they agree.

    Returns
    -------
    mask : (H, W) uint8
        0 and 1; may be empty or full.

    Raises
    ------
    BadDataError
        ``bad-mask`` naming what was found, if it is something else.
    """
    return two_valued(_read_mask_file(path, max_pixels), channel)


def read_colours(path: Path, table: Mapping[Colour, int], max_pixels: int = MAX_PIXELS) -> Mask:
    """Labels of a mask that has a colour for each class.

    Parameters
    ----------
    path : Path
        Any picture.
    table : mapping of (int, int, int) to int
        Red, green and blue to label.
    max_pixels : int
        As for :func:`read_rgb`.

    Returns
    -------
    labels : (H, W) uint8
        See :func:`natocc.io.mask_values.labels_by_colour`.

    Raises
    ------
    BadDataError
        ``bad-mask`` naming the colours found that `table` does not know.
    """
    return labels_by_colour(_read_mask_file(path, max_pixels), table)


def read_plane(path: Path, max_pixels: int = MAX_PIXELS) -> Plane:
    """Values of a single-channel picture as they are, (H, W) of 8 or 16 bit; raises as :func:`read_labels` does."""
    return label_values(_read_mask_file(path, max_pixels))


def _read_mask_file(path: Path, max_pixels: int) -> MaskFile:
    picture = open_picture(read_bytes(path), str(path), max_pixels)
    return MaskFile(str(path), *codecs.values(picture), picture.lossy)

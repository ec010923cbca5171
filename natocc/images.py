"""The one door for image bytes: limits before decoding, one conversion to 8-bit sRGB, masks as they were meant, encoding."""

from __future__ import annotations

import errno
import hashlib
import io
import stat
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage
from PIL import ImageCms, ImageOps, UnidentifiedImageError

from natocc.errors import BadDataError, Reason, RunError
from natocc.samples import Image, Mask

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
MAX_PIXELS = 64_000_000
_OF_THE_MACHINE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)

MAX_BYTES = 512 * 1024 * 1024

_MOST_SCANNED = 100 * MAX_PIXELS
"""Pixels times scans of a progressive JPEG; ten scans are usual, and a scan of nothing but repetition takes 50 bytes."""
_TILE_WIDTH, _TILE_LENGTH = 322, 323  # TIFF tags

# What Pillow raises on damaged files, beyond OSError and its own UnidentifiedImageError (an OSError).
_DECODER_ERRORS = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)


def read_bytes(path: Path) -> bytes:
    """Bytes of a regular file.

    Parameters
    ----------
    path : Path
        The file.

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
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadDataError(Reason.NOT_A_FILE, f"{path} is not a regular file")
        if status.st_size > MAX_BYTES:
            raise BadDataError(Reason.TOO_MANY_PIXELS, f"{path} has {status.st_size} bytes, more than {MAX_BYTES}")
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadDataError(Reason.MISSING_FILE, f"no file {path}") from None
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            raise RunError(f"cannot read {path}: {error.strerror}") from None
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{path}: {error}") from None
    if not data:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{path} is empty (0 bytes)")
    return data


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def read_rgb(path: Path, max_pixels: int = MAX_PIXELS) -> tuple[Image, str]:
    """A picture as 8-bit sRGB, and the sha256 of its file.

    Parameters
    ----------
    path : Path
        JPEG, PNG, WebP, BMP or TIFF, told by content, not by suffix.
    max_pixels : int
        Larger pictures are refused by their header, before anything is decoded.

    Returns
    -------
    image : (H, W, 3) uint8
        sRGB. The EXIF orientation is applied. An ICC profile is converted to sRGB. Grey is repeated, 16-bit grey loses its
        low byte, CMYK is converted, transparency is laid over white.
    digest : str
        sha256 of the file.

    Raises
    ------
    BadDataError
        If the file cannot be read or decoded in full, is animated, has an unsupported format or mode, or is too large.
    """
    data = read_bytes(path)
    return decode_rgb(data, str(path), max_pixels), sha256(data)


def decode_rgb(data: bytes, name: str, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode picture bytes to (H, W, 3) uint8 sRGB; see :func:`read_rgb`. `name` is for messages."""
    picture = _open(data, name, max_pixels)
    try:
        upright = ImageOps.exif_transpose(picture)
        return np.asarray(_to_srgb(upright, name), dtype=np.uint8)
    except _DECODER_ERRORS as error:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: {error}") from None


def decode_rgba(data: bytes, name: str) -> Image:
    """Decode RGBA bytes that natocc wrote to (H, W, 4) uint8, colour under transparent pixels kept."""
    picture = _open(data, name, MAX_PIXELS)
    if picture.mode != "RGBA":
        raise BadDataError(Reason.UNSUPPORTED_IMAGE, f"{name}: expected RGBA, found {picture.mode}")
    try:
        return np.asarray(picture, dtype=np.uint8)
    except _DECODER_ERRORS as error:
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
    picture = _open(data, name, max_pixels)
    if picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info:
        raise BadDataError(Reason.NO_MASK, f"{name}: expected a picture with an alpha channel, found {picture.mode}")
    try:
        planes = np.asarray(ImageOps.exif_transpose(picture).convert("RGBA"), dtype=np.uint8)
        opaque = PillowImage.fromarray(np.ascontiguousarray(planes[..., :3]))
        if profile := picture.info.get("icc_profile"):
            opaque.info["icc_profile"] = profile
        return np.asarray(_to_srgb(opaque, name), dtype=np.uint8), planes[..., 3].copy(), sha256(data)
    except _DECODER_ERRORS as error:
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
    if labels.max(initial=0) > 255:
        raise BadDataError(Reason.BAD_MASK, f"{path}: expected values from 0 to 255, found {list_values(np.unique(labels))}")
    return labels.astype(np.uint8)


def read_mask(path: Path, max_pixels: int = MAX_PIXELS) -> Mask:
    """A two-valued mask, whatever its two values are.

    Parameters
    ----------
    path : Path
        As for :func:`read_labels`; 0/1, 0/255, 0/225 or any other 0/v, 8 or 16 bit; in a JPEG (told by content), values on both
        sides of 128.
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
    values = np.flatnonzero(np.bincount(labels.ravel()))
    if np.count_nonzero(values) <= 1:
        return (labels > 0).astype(np.uint8)
    if format_name == "JPEG" and values.max() > 128:
        return (labels >= 128).astype(np.uint8)
    raise BadDataError(Reason.BAD_MASK, f"{path}: expected 0 and one other value, found {list_values(values)}")


def read_plane(path: Path, max_pixels: int = MAX_PIXELS) -> npt.NDArray[np.uint8 | np.uint16]:
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


def _read_plane(path: Path, max_pixels: int) -> tuple[npt.NDArray[np.uint8 | np.uint16], str | None]:
    """(H, W) values of a single-channel picture, or one whose channels are equal, and the name of its format."""
    name = str(path)
    picture = _open(read_bytes(path), name, max_pixels)
    format_name = "JPEG" if picture.format == "MPO" else picture.format
    try:
        picture = ImageOps.exif_transpose(picture)
        if picture.mode in ("L", "P", "1"):
            return np.asarray(picture).astype(np.uint8), format_name
        if picture.mode.startswith("I;16"):
            return np.asarray(picture).astype(np.uint16), format_name
        if picture.mode in ("RGB", "RGBA", "LA"):
            planes = np.asarray(picture)
            colours = planes[..., : 1 if picture.mode == "LA" else 3]
            if any((colours[..., 0] != colours[..., plane]).any() for plane in range(1, colours.shape[2])):
                raise BadDataError(Reason.BAD_MASK, f"{name}: expected a grey mask, found colours in {picture.mode}")
            return np.ascontiguousarray(colours[..., 0]), format_name
    except _DECODER_ERRORS as error:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: {error}") from None
    raise BadDataError(Reason.UNSUPPORTED_IMAGE, f"{name}: a mask of mode {picture.mode} is not understood")


def encode_jpeg(image: Image, quality: int) -> bytes:
    """JPEG bytes (4:2:0 below quality 90, else 4:4:4) of an (H, W, 3) uint8 sRGB image; no metadata."""
    return _encode(image, "JPEG", quality=quality, subsampling=2 if quality < 90 else 0)


def encode_png(array: Image | Mask | npt.NDArray[np.uint16]) -> bytes:
    """PNG bytes of an (H, W), (H, W, 3) or (H, W, 4) uint8 or an (H, W) uint16 array; no metadata, no palette."""
    return _encode(array, "PNG", compress_level=4)


def _encode(array: Image | Mask | npt.NDArray[np.uint16], format_name: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    PillowImage.fromarray(array).save(buffer, format_name, **options)
    return buffer.getvalue()


def _open(data: bytes, name: str, max_pixels: int) -> PillowImage.Image:
    """Picture with its header read and found acceptable, its pixels not yet decoded."""
    try:
        picture = PillowImage.open(io.BytesIO(data), formats=FORMATS)
    except (PillowImage.DecompressionBombError, PillowImage.DecompressionBombWarning) as error:
        raise BadDataError(Reason.TOO_MANY_PIXELS, f"{name}: {error}") from None
    except UnidentifiedImageError:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: not a {'/'.join(FORMATS)} picture, or damaged") from None
    except _DECODER_ERRORS as error:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: {error}") from None
    if picture.format == "PNG" and b"IEND" not in data:  # Pillow is content once it has the last row
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: cut short (no IEND chunk)")
    try:
        # A TIFF is decoded tile by tile, and its tiles may claim to be larger than the picture.
        width, height = max((picture.size, _tile_size(picture)), key=lambda size: size[0] * size[1])
    except _DECODER_ERRORS as error:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: {error}") from None
    if width * height > max_pixels:
        raise BadDataError(Reason.TOO_MANY_PIXELS, f"{name}: {width} x {height} pixels, the limit is {max_pixels}")
    if picture.format in ("JPEG", "MPO") and (scans := data.count(b"\xff\xda")) * width * height > _MOST_SCANNED:
        raise BadDataError(Reason.TOO_MANY_PIXELS, f"{name}: {scans} scans of {width} x {height} pixels")
    # Whether there are more frames, not how many: counting the pages of a TIFF can take forever.
    if picture.format != "MPO" and getattr(picture, "is_animated", False):
        raise BadDataError(Reason.UNSUPPORTED_IMAGE, f"{name}: animated or multi-page")
    return picture


def _tile_size(picture: PillowImage.Image) -> tuple[int, int]:
    """Width and height of the tiles of a TIFF; nothing of other pictures."""
    tags = getattr(picture, "tag_v2", {}) if picture.format == "TIFF" else {}
    return int(tags.get(_TILE_WIDTH, 0)), int(tags.get(_TILE_LENGTH, 0))


def _to_srgb(picture: PillowImage.Image, name: str) -> PillowImage.Image:
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I;16"):
        high_bytes = (np.asarray(picture).astype(np.uint16) >> 8).astype(np.uint8)
        return PillowImage.fromarray(high_bytes).convert("RGB")
    if picture.mode in ("I", "F"):
        raise BadDataError(Reason.UNSUPPORTED_IMAGE, f"{name}: mode {picture.mode} has no stated range")
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        white = PillowImage.new("RGBA", rgba.size, "white")
        picture = PillowImage.alpha_composite(white, rgba).convert("RGB")
    if profile and picture.mode in ("RGB", "L", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError):
            pass  # a damaged profile says nothing about the pixels: they are taken for sRGB
    return picture.convert("RGB")

"""Bytes to arrays and back, each format by the fastest library for it; used through :mod:`natocc.io.images`.

PNGs are not decoded by OpenCV, though it takes a tenth less: it takes memory for whatever length a chunk claims, up to 2 GB.
"""

from __future__ import annotations

import functools
import io
import struct
import zlib
from typing import Any, TypeAlias, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import ExifTags, ImageCms, UnidentifiedImageError
from PIL import Image as PillowImage

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import Image, Mask

Plane: TypeAlias = npt.NDArray[np.uint8 | np.uint16]
Pixels = TypeVar("Pixels", bound=npt.NDArray[Any])

PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
MAX_PIXELS = 64_000_000

# What Pillow raises on damaged files, beyond OSError and its own UnidentifiedImageError (an OSError).
DECODER_ERRORS = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)

_MOST_SCANNED = 100 * MAX_PIXELS
"""Pixels times scans of a progressive JPEG; ten scans are usual, and a scan of nothing but repetition takes 50 bytes."""
_TILE_WIDTH, _TILE_LENGTH = 322, 323  # TIFF tags
_JPEG = ("JPEG", "MPO")
_REDUCTIONS = (8, 4, 2)  # libjpeg has more, but with these a pixel is a whole number of the file's
_PNG = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP),
)  # a quarter of the time of zlib's level 4 on masks, and no larger: rows of a mask are like those above them


def open_picture(data: bytes, name: str, max_pixels: int) -> PillowImage.Image:
    """Picture with its header read and found acceptable, its pixels not yet decoded; `name` is for messages.

    Raises
    ------
    BadDataError
        If the header is damaged, claims too much, or is of an animation.
    """
    try:
        picture = PillowImage.open(io.BytesIO(data), formats=PICTURE_FORMATS)
    except (PillowImage.DecompressionBombError, PillowImage.DecompressionBombWarning) as error:
        raise BadDataError(Reason.TOO_MANY_PIXELS, f"{name}: {error}") from None
    except UnidentifiedImageError:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: not a {'/'.join(PICTURE_FORMATS)} picture, or damaged") from None
    except DECODER_ERRORS as error:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: {error}") from None
    if picture.format == "PNG" and b"IEND" not in data:  # Pillow is content once it has the last row
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: cut short (no IEND chunk)")
    try:
        # A TIFF is decoded tile by tile, and its tiles may claim to be larger than the picture.
        width, height = max((picture.size, _tile_size(picture)), key=lambda size: size[0] * size[1])
    except DECODER_ERRORS as error:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: {error}") from None
    if width * height > max_pixels:
        raise BadDataError(Reason.TOO_MANY_PIXELS, f"{name}: {width} x {height} pixels, the limit is {max_pixels}")
    if picture.format in _JPEG and (scans := data.count(b"\xff\xda")) * width * height > _MOST_SCANNED:
        raise BadDataError(Reason.TOO_MANY_PIXELS, f"{name}: {scans} scans of {width} x {height} pixels")
    # Whether there are more frames, not how many: counting the pages of a TIFF can take forever.
    if picture.format != "MPO" and getattr(picture, "is_animated", False):
        raise BadDataError(Reason.UNSUPPORTED_IMAGE, f"{name}: animated or multi-page")
    return picture


def reduction(picture: PillowImage.Image, wanted_side: int | None) -> int:
    """How many times smaller a picture can be decoded, its longer side not below `wanted_side`: 1, 2, 4 or 8.

    1 without `wanted_side`, for what is not a JPEG, and where the sides are not multiples: labels must fit to the pixel.
    """
    if wanted_side is None or picture.format not in _JPEG:
        return 1
    width, height = picture.size
    fits = (times for times in _REDUCTIONS if max(width, height) >= times * wanted_side and not (width % times or height % times))
    return next(fits, 1)


def pixels(picture: PillowImage.Image, data: bytes, name: str, times: int = 1) -> Image:
    """Decode to (H, W, 3) uint8 sRGB, upright.

    Parameters
    ----------
    picture : PIL.Image.Image
        From :func:`open_picture`.
    data : bytes
        What it was opened from.
    name : str
        For messages.
    times : int
        How many times smaller, from :func:`reduction`.

    Raises
    ------
    BadDataError
        If a mode has no stated range.
    Exception
        One of :data:`DECODER_ERRORS` if the pixels are damaged.
    """
    size = (picture.width // times, picture.height // times)
    image = _plain_jpeg(picture, data, size)
    if image is None:
        if times > 1:
            picture.draft(None, size)
        picture.load()
        image = np.asarray(_to_srgb(picture, name), dtype=np.uint8)
    return upright(image, picture)


def layers(picture: PillowImage.Image, name: str) -> tuple[Image, Mask]:
    """Decode a picture with transparency to its colours as 8-bit sRGB, not premultiplied, and its alpha, both upright.

    Raises
    ------
    Exception
        One of :data:`DECODER_ERRORS` if the pixels are damaged.
    """
    picture.load()
    planes = np.asarray(picture.convert("RGBA"), dtype=np.uint8)
    opaque = PillowImage.fromarray(np.ascontiguousarray(planes[..., :3]))
    if profile := picture.info.get("icc_profile"):
        opaque.info["icc_profile"] = profile
    colours = np.asarray(_to_srgb(opaque, name), dtype=np.uint8)
    return upright(colours, picture), upright(planes[..., 3], picture)


def plane(picture: PillowImage.Image, name: str) -> Plane:
    """Values of a picture of one channel, or of equal ones, upright; palette indices are values.

    Raises
    ------
    BadDataError
        If the channels differ, or the mode is none of a mask.
    Exception
        One of :data:`DECODER_ERRORS` if the pixels are damaged.
    """
    if picture.mode in ("L", "P", "1"):
        values: Plane = np.asarray(picture).astype(np.uint8, copy=False)
    elif picture.mode.startswith("I;16"):
        values = np.asarray(picture).astype(np.uint16)
    elif picture.mode in ("RGB", "RGBA", "LA"):
        first, *others = picture.split()[: 1 if picture.mode == "LA" else 3]
        content = first.tobytes()
        if any(other.tobytes() != content for other in others):
            raise BadDataError(Reason.BAD_MASK, f"{name}: expected a grey mask, found colours in {picture.mode}")
        values = np.frombuffer(content, np.uint8).reshape(first.height, first.width)
    else:
        raise BadDataError(Reason.UNSUPPORTED_IMAGE, f"{name}: a mask of mode {picture.mode} is not understood")
    return upright(values, picture)


def upright(array: Pixels, picture: PillowImage.Image) -> Pixels:
    """The pixels of a picture as its EXIF orientation wants them shown; the array itself where it wants nothing."""
    orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
    turned: npt.NDArray[Any] = array.swapaxes(0, 1) if orientation in (5, 6, 7, 8) else array
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    return cast(Pixels, np.ascontiguousarray(turned))


def encode_jpeg(image: Image, quality: int) -> bytes:
    """JPEG bytes (4:2:0 below quality 90, else 4:4:4) of an (H, W, 3) uint8 sRGB image; no metadata."""
    # Not by simplejpeg: below quality 96 its transform is the fast one, whose files are larger and 2 dB worse.
    buffer = io.BytesIO()
    PillowImage.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling=2 if quality < 90 else 0)
    return buffer.getvalue()


def encode_png(array: Image | Mask | npt.NDArray[np.uint16]) -> bytes:
    """PNG bytes of an (H, W), (H, W, 3) or (H, W, 4) uint8 or an (H, W) uint16 array; no metadata, no palette."""
    if array.ndim == 3:
        array = np.asarray(cv2.cvtColor(array, cv2.COLOR_RGB2BGR if array.shape[2] == 3 else cv2.COLOR_RGBA2BGRA), np.uint8)
    return cv2.imencode(".png", array, _PNG)[1].tobytes()


def _plain_jpeg(picture: PillowImage.Image, data: bytes, size: tuple[int, int]) -> Image | None:
    """Pixels of a JPEG of no other colours than sRGB, a third of Pillow's time; none where Pillow is to decide.

    They are the same as Pillow's, bit for bit. Where the decoder has anything to complain of, it is Pillow that says whether the
    file is too damaged to serve.
    """
    if picture.format not in _JPEG or picture.mode not in ("RGB", "L") or _other_profile(picture):
        return None
    width, height = size
    # In memory of our own, which is too small for a file whose second header claims more than the one that was checked.
    image = np.empty((height, width, 3), np.uint8)
    try:
        decoded = simplejpeg.decode_jpeg(
            data, "RGB", fastdct=False, fastupsample=False, min_height=height, min_width=width, buffer=image
        )
    except ValueError:
        return None
    if decoded.shape != image.shape:
        return None
    image.setflags(write=False)  # like Pillow's: faces are kept and used again
    return image


def _tile_size(picture: PillowImage.Image) -> tuple[int, int]:
    """Width and height of the tiles of a TIFF; nothing of other pictures."""
    tags = getattr(picture, "tag_v2", {}) if picture.format == "TIFF" else {}
    return int(tags.get(_TILE_WIDTH, 0)), int(tags.get(_TILE_LENGTH, 0))


def _to_srgb(picture: PillowImage.Image, name: str) -> PillowImage.Image:
    profile = _other_profile(picture)
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
        converted = _by_profile(picture, profile)
        if converted is not None:
            return converted
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _other_profile(picture: PillowImage.Image) -> bytes | None:
    """The ICC profile of a picture, unless it says that its colours are those of sRGB, which is what most of them say."""
    profile: bytes | None = picture.info.get("icc_profile")
    return None if profile and picture.mode == "RGB" and _is_srgb(profile) else profile


@functools.lru_cache(maxsize=4)
def _is_srgb(profile: bytes) -> bool:
    """Whether a profile leaves every colour of a lattice where it is, give or take the level that its rounding is worth."""
    levels = np.arange(0, 256, 15)
    lattice = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(len(levels), -1, 3)
    converted = _by_profile(PillowImage.fromarray(lattice.astype(np.uint8)), profile)
    return converted is not None and bool(np.abs(np.asarray(converted) - lattice).max() <= 1)


def _by_profile(picture: PillowImage.Image, profile: bytes) -> PillowImage.Image | None:
    """A picture's colours in sRGB; none if the profile is damaged: it says nothing then, and they are taken for sRGB."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return None

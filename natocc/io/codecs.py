"""Bytes to arrays and back, each format by the fastest library for it; used through :mod:`natocc.io.images`.

PNGs are not decoded by OpenCV, though it takes a tenth less: it takes memory for whatever length a chunk claims, up to 2 GB.
"""

from __future__ import annotations

import io
from typing import Any, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image as PillowImage

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import Image, Mask
from natocc.io import colours, metadata
from natocc.io.headers import Picture, decoding
from natocc.io.mask_values import Plane

Pixels = TypeVar("Pixels", bound=npt.NDArray[Any])

_REDUCTIONS = (8, 4, 2)  # libjpeg has more, but with these a pixel is a whole number of the file's
_PNG = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP),
)  # a quarter of the time of zlib's level 4 on masks, and no larger: rows of a mask are like those above them


def reduction(picture: Picture, wanted_side: int | None) -> int:
    """How many times smaller a picture can be decoded, its longer side not below `wanted_side`: 1, 2, 4 or 8.

    1 without `wanted_side`, for what is not a JPEG, and where the sides are not multiples: labels must fit to the pixel.
    """
    if wanted_side is None or picture.pillow.format != "JPEG":
        return 1
    width, height = picture.pillow.size
    fits = (times for times in _REDUCTIONS if max(width, height) >= times * wanted_side and not (width % times or height % times))
    return next(fits, 1)


def pixels(picture: Picture, times: int = 1) -> Image:
    """Decode to (H, W, 3) uint8 sRGB, upright.

    Parameters
    ----------
    picture : Picture
        From :func:`open_picture`.
    times : int
        How many times smaller, from :func:`reduction`.

    Raises
    ------
    BadDataError
        If the pixels are damaged, a mode has no stated range, or the colours are not understood.
    """
    with decoding(picture.name):
        size = (picture.pillow.width // times, picture.pillow.height // times)
        image = _plain_jpeg(picture, size)
        if image is None:
            if times > 1:
                picture.pillow.draft(None, size)
            space = _space(picture)
            image = np.asarray(colours.to_srgb(picture.load(), space, picture.name), dtype=np.uint8)
        return _upright(image, picture)


def layers(picture: Picture) -> tuple[Image, Mask]:
    """Decode a picture with transparency to its colours as 8-bit sRGB and its alpha, both upright.

    Raises
    ------
    BadDataError
        As :func:`pixels`; ``no-mask`` if the picture has no transparency.
    """
    with decoding(picture.name):
        space = _space(picture)
        planes = _planes(picture.load())
        if planes is None:
            raise BadDataError(
                Reason.NO_MASK, f"{picture.name}: expected a picture with an alpha channel, found {picture.pillow.mode}"
            )
        opaque = PillowImage.fromarray(np.ascontiguousarray(planes[..., :3]))
        if profile := picture.pillow.info.get("icc_profile"):
            opaque.info["icc_profile"] = profile
        image = np.asarray(colours.to_srgb(opaque, space, picture.name), dtype=np.uint8)
        return _upright(image, picture), _upright(planes[..., 3], picture)


def values(picture: Picture) -> tuple[Plane, Image | None, Mask | None]:
    """What the pixels of a mask say, upright.

    Returns
    -------
    plane : (H, W) or (H, W, 3)
        Grey values as they are stored, indices of a palette, or colours where they differ.
    palette : (n, 3) uint8, optional
        Colours of the indices.
    alpha : (H, W) uint8, optional
        Where there is any transparency.

    Raises
    ------
    BadDataError
        If the mode is none of a mask, or the pixels are damaged.
    """
    with decoding(picture.name):
        pillow, palette, rgba = picture.load(), None, None
        if pillow.mode in ("L", "P", "1"):
            plane: Plane = np.asarray(pillow).astype(np.uint8, copy=False)
            if pillow.mode == "P":
                palette = np.array(pillow.getpalette("RGB") or (), np.uint8).reshape(-1, 3)
            if "transparency" in pillow.info:
                rgba = _planes(pillow)
        elif pillow.mode.startswith("I;16"):
            plane = np.asarray(pillow).astype(np.uint16)
        elif pillow.mode == "I":
            wide = np.asarray(pillow)
            if wide.min(initial=0) < 0 or wide.max(initial=0) > np.iinfo(np.uint16).max:
                raise BadDataError(Reason.BAD_MASK, f"{picture.name}: expected values from 0 to 65535, found {wide.max()}")
            plane = wide.astype(np.uint16)
        elif pillow.mode in ("RGB", "RGBA", "LA", "PA"):
            rgba = _planes(pillow)
            plane = np.asarray(pillow) if rgba is None else rgba[..., :3]
            first, *others = cv2.split(plane)
            if all(cv2.norm(first, other, cv2.NORM_INF) == 0 for other in others):  # a quarter of the time of NumPy's
                plane = np.asarray(first, dtype=np.uint8)
        else:
            raise BadDataError(Reason.UNSUPPORTED_IMAGE, f"{picture.name}: a mask of mode {pillow.mode} is not understood")
        alpha = None if rgba is None else _upright(rgba[..., 3], picture)
        return _upright(plane, picture), palette, alpha


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


def _plain_jpeg(picture: Picture, size: tuple[int, int]) -> Image | None:
    """Pixels of a JPEG of no other colours than sRGB, a third of Pillow's time; none where Pillow is to decide.

    They are the same as Pillow's, bit for bit. Where the decoder has anything to complain of, it is Pillow that says whether the
    file is too damaged to serve.
    """
    pillow = picture.pillow
    if pillow.format != "JPEG" or pillow.mode not in ("RGB", "L") or colours.other_profile(pillow):
        return None
    width, height = size
    # In memory of our own, which is too small for a file whose second header claims more than the one that was checked.
    image = np.empty((height, width, 3), np.uint8)
    try:
        decoded = simplejpeg.decode_jpeg(
            picture.data, "RGB", fastdct=False, fastupsample=False, min_height=height, min_width=width, buffer=image
        )
    except ValueError:
        return None
    if decoded.shape != image.shape:
        return None
    image.setflags(write=False)  # like Pillow's: faces are kept and used again
    return image


def _planes(pillow: PillowImage.Image) -> Image | None:
    """(H, W, 4): colours and alpha of a picture with transparency."""
    if pillow.mode not in ("RGBA", "LA", "PA") and "transparency" not in pillow.info:
        return None
    return np.asarray(pillow.convert("RGBA"), dtype=np.uint8)


def _upright(array: Pixels, picture: Picture) -> Pixels:
    """The pixels of a picture as its EXIF orientation wants them shown; the array itself where it wants nothing."""
    orientation = picture.orientation
    turned: npt.NDArray[Any] = array.swapaxes(0, 1) if orientation in (5, 6, 7, 8) else array
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    return cast(Pixels, np.ascontiguousarray(turned))


def _space(picture: Picture) -> colours.Space | None:
    """The colour space that a picture states, if that is no ICC profile.

    Raises
    ------
    BadDataError
        ``unsupported-image`` if it cannot be converted to sRGB.
    """
    name, info = picture.name, picture.pillow.info
    if picture.pillow.format == "PNG":
        chunks = metadata.png_chunks(picture.data, (b"cICP", b"iCCP", b"sRGB", b"cHRM", b"gAMA"))
        if len(cicp := chunks.get(b"cICP", b"")) == 4:
            space = colours.coded_space(cicp[0], cicp[1], name)
            if cicp[2:] != b"\0\1":
                found = "limited range" if cicp[2] == 0 else f"matrix {cicp[2]}"
                raise BadDataError(
                    Reason.UNSUPPORTED_IMAGE, f"{name}: its colours are coded in {found} (cICP); convert it to full-range sRGB"
                )
            return space
        if b"iCCP" in chunks or b"sRGB" in chunks:
            return None
        return colours.png_space(chunks.get(b"cHRM", b""), chunks.get(b"gAMA", b""))
    if info.get("icc_profile"):
        return None
    if picture.pillow.format == "HEIF" and (stated := info.get("nclx_profile")):
        return colours.coded_space(int(stated["color_primaries"]), int(stated["transfer_characteristics"]), name)
    if picture.pillow.format == "AVIF" and (coded := metadata.nclx(picture.data)):
        return colours.coded_space(*coded, name)
    return None

"""Colours of pictures as 8-bit sRGB, whatever colour space they are stored in."""

from __future__ import annotations

import dataclasses
import functools
import io
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage
from PIL import ImageCms

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import Image

Chromaticities: TypeAlias = tuple[float, float, float, float, float, float, float, float]
"""x and y of white, red, green and blue."""

_SRGB: Chromaticities = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
_PRIMARIES: dict[int, Chromaticities] = {
    1: _SRGB,
    2: _SRGB,  # not stated
    4: (0.31, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (0.3127, 0.329, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06),
    6: (0.3127, 0.329, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    7: (0.3127, 0.329, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    9: (0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    12: (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
}
"""Primaries by the numbers of ITU-T H.273, such as 9: BT.2020, 11: DCI-P3, 12: Display P3."""
_GAMMAS: dict[int, float | None] = {1: None, 2: None, 4: 2.2, 5: 2.8, 6: None, 8: 1.0, 13: None, 14: None, 15: None}
"""Transfers by the numbers of H.273 to their exponent; none for sRGB and for those of video, whose levels are shown as sRGB's."""
_HDR = {16: "PQ transfer (HDR)", 18: "HLG transfer (HDR)"}

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_ROWS = 256  # of a picture that are converted at once: floats take twelve times the memory
_STEPS = 65_535


@dataclasses.dataclass(frozen=True)
class Space:
    """A colour space that is no ICC profile.

    Parameters
    ----------
    primaries : tuple of float
        x and y of white, red, green and blue.
    gamma : float, optional
        Exponent from levels to light; the curve of sRGB unless given.
    """

    primaries: Chromaticities
    gamma: float | None = None


def coded_space(primaries: int, transfer: int, name: str) -> Space:
    """The colour space that a picture names by the numbers of ITU-T H.273 (cICP in PNG, nclx in AVIF and HEIC).

    Raises
    ------
    BadDataError
        ``unsupported-image`` if it is high dynamic range, or not known.
    """
    if transfer in _GAMMAS and primaries in _PRIMARIES:
        return Space(_PRIMARIES[primaries], _GAMMAS[transfer])
    what = _HDR.get(transfer, f"colour primaries {primaries} with transfer {transfer} (ITU-T H.273)")
    raise BadDataError(Reason.UNSUPPORTED_IMAGE, f"{name}: its colours are coded as {what}; convert it to SDR sRGB")


def png_space(chrm: bytes, gama: bytes) -> Space | None:
    """The colour space that a PNG's cHRM and gAMA describe; sRGB's where one is missing or makes no sense."""
    points = np.frombuffer(chrm[:32].ljust(32, b"\0"), ">u4") / 100_000
    primaries: Chromaticities = _SRGB
    if (points[1::2] > 0).all() and (points <= 1).all() and abs(np.linalg.det(_xyz(points[2:]))) > 0.01:
        primaries = tuple(points.tolist())
    exponent = int.from_bytes(gama[:4], "big") / 100_000
    # 1 / 2.2 is what everybody writes who means sRGB.
    gamma = 1 / exponent if 0.3 < exponent < 1.1 and abs(exponent - 1 / 2.2) > 0.01 else None
    return None if primaries == _SRGB and gamma is None else Space(primaries, gamma)


def to_srgb(picture: PillowImage.Image, space: Space | None, name: str) -> PillowImage.Image:
    """A picture of mode RGB in sRGB; transparency is laid over white.

    Parameters
    ----------
    picture : PIL.Image.Image
        Loaded.
    space : Space, optional
        Its colour space; by default that of its ICC profile, else sRGB.
    name : str
        For the message.

    Raises
    ------
    BadDataError
        If a mode has no stated range.
    """
    profile = None if space else other_profile(picture)
    if picture.mode.startswith("I;16"):
        high_bytes = (np.asarray(picture).astype(np.uint16) >> 8).astype(np.uint8)
        picture, profile = PillowImage.fromarray(high_bytes), None
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
    picture = picture if picture.mode == "RGB" else picture.convert("RGB")
    if space is None or _changes_nothing(space):
        return picture
    return PillowImage.fromarray(_converted(np.asarray(picture, dtype=np.uint8), space))


def other_profile(picture: PillowImage.Image) -> bytes | None:
    """The ICC profile of a picture, unless it says that its colours are those of sRGB, which is what most of them say."""
    profile = picture.info.get("icc_profile")
    if not isinstance(profile, bytes) or (picture.mode == "RGB" and _is_srgb(profile)):
        return None
    return profile


@functools.lru_cache(maxsize=4)
def _is_srgb(profile: bytes) -> bool:
    """Whether a profile leaves every colour of a lattice where it is, give or take the level that its rounding is worth."""
    converted = _by_profile(PillowImage.fromarray(_lattice()), profile)
    return converted is not None and _near(np.asarray(converted), _lattice())


@functools.lru_cache(maxsize=16)
def _changes_nothing(space: Space) -> bool:
    return _near(_converted(_lattice(), space), _lattice())


def _lattice() -> Image:
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(len(levels), -1, 3)


def _near(one: Image, other: Image) -> bool:
    return bool(np.abs(one.astype(int) - other).max() <= 1)


def _by_profile(picture: PillowImage.Image, profile: bytes) -> PillowImage.Image | None:
    """A picture's colours in sRGB; none if the profile is damaged: it says nothing then, and they are taken for sRGB."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return None


def _converted(image: Image, space: Space) -> Image:
    """Levels to light, between the primaries (white stays white), and light to levels of sRGB; colours outside are clipped."""
    levels = np.arange(256) / 255
    light = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    light = (light if space.gamma is None else levels**space.gamma).astype(np.float32)
    steps = np.arange(_STEPS + 1) / _STEPS
    curve = np.where(steps <= 0.0031308, 12.92 * steps, 1.055 * steps ** (1 / 2.4) - 0.055)
    coded = np.rint(255 * curve).astype(np.uint8)
    matrix = (np.linalg.inv(_to_d65(_SRGB)) @ _to_d65(space.primaries)).T.astype(np.float32)
    converted = np.empty_like(image)
    for top in range(0, len(image), _ROWS):
        linear = light[image[top : top + _ROWS]] @ matrix
        converted[top : top + _ROWS] = coded[np.rint(linear.clip(0, 1) * _STEPS).astype(np.uint16)]
    return converted


def _to_d65(primaries: Chromaticities) -> npt.NDArray[np.float64]:
    """Matrix from linear light to XYZ under the white of sRGB."""
    white, target = _xyz(primaries[:2])[:, 0], _xyz(_SRGB[:2])[:, 0]
    columns = _xyz(primaries[2:])
    own = columns * np.linalg.solve(columns, white)
    adapted: npt.NDArray[np.float64] = np.linalg.inv(_BRADFORD) @ np.diag(_BRADFORD @ target / (_BRADFORD @ white)) @ _BRADFORD
    return np.asarray(adapted @ own)


def _xyz(points: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """XYZ of chromaticities, a column each, of luminance 1."""
    x, y = np.asarray(points, dtype=np.float64).reshape(-1, 2).T
    return np.stack([x / y, np.ones_like(x), (1 - x - y) / y])

"""Colours come out as sRGB, whatever space a file states by numbers; what cannot be converted is refused by name."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageCms

from natocc.core.errors import BadDataError, Reason
from natocc.io.images import decode_rgb, read_rgba
from natocc.io.mask_values import MaskFile, two_valued

LEVELS = np.array([0, 1, 8, 40, 90, 128, 200, 254, 255])
COLOURS = np.stack(np.meshgrid(LEVELS, LEVELS, LEVELS), axis=-1).reshape(27, 27, 3).astype(np.uint8)
D65 = (0.3127, 0.329)
P3 = (0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
BT2020 = (0.708, 0.292, 0.17, 0.797, 0.131, 0.046)
SRGB = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06)


def _matrix(primaries: tuple[float, ...], white: tuple[float, float] = D65) -> np.ndarray:
    """RGB to XYZ, as colour science defines it."""
    xyz = np.array([[x / y, 1, (1 - x - y) / y] for x, y in (primaries[:2], primaries[2:4], primaries[4:])]).T
    return xyz * np.linalg.solve(xyz, [white[0] / white[1], 1, (1 - sum(white)) / white[1]])


def _light(levels: np.ndarray) -> np.ndarray:
    share = levels / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def _levels(light: np.ndarray, gamma: float | None) -> np.ndarray:
    light = light.clip(0, 1)
    coded = (
        np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) if gamma is None else light ** (1 / gamma)
    )
    return np.rint(255 * coded).astype(np.uint8)


def _in(primaries: tuple[float, ...], gamma: float | None = None) -> np.ndarray:
    """The colours as another space has them."""
    return _levels(_light(COLOURS) @ (np.linalg.inv(_matrix(primaries)) @ _matrix(SRGB)).T, gamma)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(array: np.ndarray, *chunks: bytes, **options: object) -> bytes:
    buffer = io.BytesIO()
    PillowImage.fromarray(array).save(buffer, "PNG", **options)  # type: ignore[arg-type]
    whole = buffer.getvalue()
    return whole[:33] + b"".join(chunks) + whole[33:]


def _cicp(*numbers: int) -> bytes:
    return _chunk(b"cICP", bytes(numbers))


def _gama(exponent: float) -> bytes:
    return _chunk(b"gAMA", struct.pack(">I", round(exponent * 100_000)))


def _chrm(*points: float) -> bytes:
    return _chunk(b"cHRM", struct.pack(">8I", *(round(point * 100_000) for point in points)))


def _error(found: np.ndarray, wanted: np.ndarray) -> int:
    return int(np.abs(found.astype(int) - wanted).max())


@pytest.mark.parametrize("transfer", [1, 2, 6, 13, 14, 15])
def test_srgb_and_video_levels_are_as_they_are(transfer: int) -> None:
    """Frames of videos say BT.709, and their levels are what is shown."""
    assert (decode_rgb(_png(COLOURS, _cicp(1, transfer, 0, 1)), "x") == COLOURS).all()


@pytest.mark.parametrize(("number", "primaries"), [(12, P3), (9, BT2020)])
def test_wide_colours_are_converted(number: int, primaries: tuple[float, ...]) -> None:
    stored = _in(primaries)
    assert _error(stored, COLOURS) > 20
    found = decode_rgb(_png(stored, _cicp(number, 13, 0, 1)), "x").astype(int)
    assert np.abs(found - COLOURS).mean() < 1  # rounding in dark saturated colours is stretched
    assert np.abs(found - COLOURS)[(COLOURS > 30).all(axis=2)].max() <= 4


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.6])
def test_gama_and_chrm_are_converted(gamma: float) -> None:
    bright = (COLOURS > 60).all(axis=2)
    found = decode_rgb(_png(_in(SRGB, gamma), _gama(1 / gamma)), "x")
    assert _error(found[bright], COLOURS[bright]) <= 2
    found = decode_rgb(_png(_in(P3, gamma), _chrm(*D65, *P3), _gama(1 / gamma)), "x")
    assert _error(found[bright], COLOURS[bright]) <= 4


@pytest.mark.parametrize(
    "chunks",
    [
        (_gama(1 / 2.2),),
        (_gama(0.45455), _chrm(*D65, *SRGB)),
        (_gama(0),),
        (_gama(0.00001),),
        (_gama(42_000),),
        (_chrm(*[0.0] * 8),),
        (_chrm(*D65, *[0.3] * 6),),
        (_chrm(*[9_000.0] * 8),),
        (_chunk(b"cICP", b""),),
        (_chunk(b"cICP", b"\1"),),
        (_gama(1), _chunk(b"sRGB", b"\0")),
        (_gama(1), _cicp(1, 13, 0, 1)),
    ],
)
def test_what_says_srgb_or_nothing_changes_nothing(chunks: tuple[bytes, ...]) -> None:
    assert (decode_rgb(_png(COLOURS, *chunks), "x") == COLOURS).all()


def test_cicp_comes_before_a_profile() -> None:
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = swapped.replace(b"rXYZ", b"....").replace(b"bXYZ", b"rXYZ").replace(b"....", b"bXYZ")
    assert (decode_rgb(_png(COLOURS, _cicp(1, 13, 0, 1), icc_profile=swapped), "x") == COLOURS).all()
    assert (decode_rgb(_png(COLOURS, _gama(1), icc_profile=b"garbage"), "x") == COLOURS).all()


@pytest.mark.parametrize(
    ("numbers", "what"),
    [
        ((9, 16, 0, 1), r"PQ transfer \(HDR\); convert it to SDR sRGB"),
        ((1, 16, 0, 1), "PQ transfer"),
        ((9, 18, 0, 1), r"HLG transfer \(HDR\)"),
        ((1, 13, 0, 0), "limited range"),
        ((1, 13, 9, 1), "matrix 9"),
        ((200, 13, 0, 1), "colour primaries 200 with transfer 13"),
        ((1, 17, 0, 1), "transfer 17"),
    ],
)
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_what_cannot_be_converted_is_named(numbers: tuple[int, ...], what: str, depth: type, tmp_path: Path) -> None:
    array = COLOURS if depth is np.uint8 else (COLOURS[..., 0].astype(np.uint16) * 257)
    with pytest.raises(BadDataError, match=what) as caught:
        decode_rgb(_png(array, _cicp(*numbers)), "x")
    assert caught.value.reason == Reason.UNSUPPORTED_IMAGE
    if depth is np.uint8:
        (tmp_path / "c.png").write_bytes(_png(np.dstack([COLOURS, COLOURS[..., :1]]), _cicp(*numbers)))
        with pytest.raises(BadDataError, match=what):
            read_rgba(tmp_path / "c.png")


def test_grey_alpha_and_cutouts_are_converted_too(tmp_path: Path) -> None:
    stored = _in(P3)
    rgba = np.dstack([stored, np.full(stored.shape[:2], 255, np.uint8)])
    opaque = decode_rgb(_png(stored, _cicp(12, 13, 0, 1)), "x")
    assert (decode_rgb(_png(rgba, _cicp(12, 13, 0, 1)), "x") == opaque).all()
    (tmp_path / "c.png").write_bytes(_png(rgba, _cicp(12, 13, 0, 1)))
    assert (read_rgba(tmp_path / "c.png")[0] == opaque).all()
    grey = COLOURS[..., 0].copy()
    assert (decode_rgb(_png(grey, _cicp(12, 13, 0, 1)), "x") == grey[..., None]).all()
    linear = _levels(_light(grey), 1.0)
    assert _error(decode_rgb(_png(linear, _gama(1)), "x")[grey > 60], grey[grey > 60][:, None]) <= 2


@pytest.mark.parametrize(("numbers", "refused"), [((1, 13), None), ((9, 16), "PQ"), ((9, 18), "HLG"), ((2, 2), None)])
def test_an_avif_states_its_colours_by_the_same_numbers(numbers: tuple[int, int], refused: str | None) -> None:
    buffer = io.BytesIO()
    PillowImage.fromarray(COLOURS).save(buffer, "AVIF", quality=100)
    whole = buffer.getvalue()
    at = whole.index(b"colrnclx") + 8
    data = whole[:at] + struct.pack(">HH", *numbers) + whole[at + 4 :]
    if refused:
        with pytest.raises(BadDataError, match=refused):
            decode_rgb(data, "x")
    else:
        assert (decode_rgb(data, "x") == decode_rgb(whole, "x")).all()


def test_a_mask_has_no_colours_to_convert() -> None:
    plane = np.zeros((8, 8), np.uint8)
    plane[2:5] = 255
    assert (two_valued(MaskFile("m", plane)) == plane // 255).all()

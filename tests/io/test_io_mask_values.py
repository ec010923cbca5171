"""Masks as tools write them: the channel that means something counts, soft edges are cut at half, colours are classes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from natocc.core.errors import BadDataError, Reason
from natocc.io.images import read_colours, read_labels, read_mask

SIDE = 96
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
DISTANCE = np.hypot(ROWS - 50, COLUMNS - 44)
FACE = (DISTANCE < 30).astype(np.uint8)
WHITE = FACE * np.uint8(255)
RED, BLUE = (250, 50, 83), (20, 40, 200)


def _soft(width: float, top: int = 255) -> np.ndarray:
    """The disc with an edge so many pixels wide."""
    return np.rint(top * ((30 - DISTANCE) / width + 0.5).clip(0, 1)).astype(np.uint8)


def _coloured(*labels_and_colours: tuple[np.ndarray, tuple[int, int, int]]) -> np.ndarray:
    colours = np.zeros((SIDE, SIDE, 3), np.uint8)
    for where, colour in labels_and_colours:
        colours[where > 0] = colour
    return colours


def _save(path: Path, array: np.ndarray, mode: str | None = None, **options: object) -> Path:
    picture = PillowImage.fromarray(array, mode) if mode in ("LA",) else PillowImage.fromarray(array)
    (picture.convert(mode) if mode and mode != "LA" else picture).save(path, **options)  # type: ignore[arg-type]
    return path


def _rejected(read: Callable[[], object]) -> str:
    with pytest.raises(BadDataError) as caught:
        read()
    assert caught.value.reason == Reason.BAD_MASK
    return caught.value.detail


def _rgba(colours: np.ndarray | int, alpha: np.ndarray) -> np.ndarray:
    if isinstance(colours, int):
        colours = np.full((SIDE, SIDE), colours, np.uint8)
    return np.dstack([colours] * 3 + [alpha]) if colours.ndim == 2 else np.dstack([colours, alpha])


SHAPES_IN_ALPHA = {
    "white everywhere": _rgba(255, WHITE),
    "black everywhere": _rgba(0, WHITE),
    "black beneath, white above": _rgba(WHITE, WHITE),
    "premultiplied": _rgba(_soft(4), _soft(4)),
    "white with a soft edge": _rgba(255, _soft(4)),
    "one colour": _rgba(np.full((SIDE, SIDE, 3), RED, np.uint8), WHITE),
    "one colour above, anything beneath": _rgba(np.where(FACE[..., None] > 0, RED, ROWS[..., None]).astype(np.uint8), WHITE),
    "two opaque values": _rgba(255, np.where(FACE > 0, 254, 0).astype(np.uint8)),
    "faint": _rgba(255, FACE * np.uint8(100)),
}


@pytest.mark.parametrize("suffix", ["png", "webp", "tiff"])
@pytest.mark.parametrize("form", SHAPES_IN_ALPHA)
def test_a_shape_in_the_alpha_channel(tmp_path: Path, form: str, suffix: str) -> None:
    options = {"lossless": True, "exact": True} if suffix == "webp" else {}
    path = _save(tmp_path / f"m.{suffix}", SHAPES_IN_ALPHA[form], **options)
    assert (read_mask(path)[abs(DISTANCE - 30) > 0.1] == FACE[abs(DISTANCE - 30) > 0.1]).all()  # where a soft edge is at half
    if "soft" not in form and form != "premultiplied":
        assert (read_labels(path) > 0).any()


def test_a_shape_in_the_alpha_of_grey_and_of_a_palette(tmp_path: Path) -> None:
    grey = PillowImage.merge("LA", [PillowImage.fromarray(np.full_like(WHITE, 255)), PillowImage.fromarray(WHITE)])
    grey.save(tmp_path / "la.png")
    assert (read_mask(tmp_path / "la.png") == FACE).all()
    for colours in ([255] * 6, [0] * 6, [9, 200, 9, 9, 200, 9]):
        for opaque in (0, 1):
            palette = PillowImage.fromarray(FACE if opaque else 1 - FACE)
            palette = palette.convert("P")
            palette.putpalette(colours)
            palette.save(tmp_path / "p.png", transparency=bytes([255, 0] if opaque == 0 else [0, 255]))
            assert (read_mask(tmp_path / "p.png") == FACE).all()
    stored = np.where(FACE > 0, 200, 7).astype(np.uint8)
    PillowImage.fromarray(stored).save(tmp_path / "l.png", transparency=7)
    assert (read_mask(tmp_path / "l.png") == FACE).all()


@pytest.mark.parametrize("alpha", [255, 254, 1, 0])
@pytest.mark.parametrize("values", [WHITE, FACE, FACE * np.uint8(7)])
def test_an_alpha_channel_of_one_value_says_nothing(tmp_path: Path, alpha: int, values: np.ndarray) -> None:
    path = _save(tmp_path / "m.png", _rgba(values, np.full((SIDE, SIDE), alpha, np.uint8)))
    assert (read_mask(path) == FACE).all()
    assert (read_labels(path) == values).all()


def test_where_both_channels_vary_the_key_decides(tmp_path: Path) -> None:
    other = (DISTANCE < 10).astype(np.uint8)
    path = _save(tmp_path / "m.png", _rgba(WHITE, (1 - other) * np.uint8(255)))
    detail = _rejected(lambda: read_mask(path))
    assert "colours" in detail
    assert "alpha" in detail
    assert "mask_channel: alpha, or grey" in detail
    assert (read_mask(path, channel="grey") == FACE).all()
    assert (read_mask(path, channel="alpha") == 1 - other).all()
    photograph = np.dstack([COLUMNS, ROWS, COLUMNS + ROWS]).astype(np.uint8)
    cutout = _save(tmp_path / "c.png", _rgba(photograph, WHITE))
    assert "mask_channel" in _rejected(lambda: read_mask(cutout))
    assert (read_mask(cutout, channel="alpha") == FACE).all()
    assert "no alpha channel" in _rejected(lambda: read_mask(_save(tmp_path / "l.png", WHITE), channel="alpha"))


def _through_jpeg(array: np.ndarray, quality: int, tmp_path: Path) -> np.ndarray:
    return np.asarray(PillowImage.open(_save(tmp_path / "through.jpg", array, quality=quality)))


@pytest.mark.parametrize("top", [255, 250, 225])
@pytest.mark.parametrize("width", [2, 4, 9, 16])
@pytest.mark.parametrize("kind", ["png", "tiff", "webp", "bmp", "jpg", "avif", "16 bit", "RGB", "through JPEG", "half covered"])
def test_soft_masks_are_cut_at_half(tmp_path: Path, kind: str, width: int, top: int) -> None:
    soft = _soft(width, top)
    wanted = soft >= 128
    if kind == "16 bit":
        path = _save(tmp_path / "m.png", soft.astype(np.uint16) * 257)
    elif kind == "RGB":
        path = _save(tmp_path / "m.png", soft, "RGB")
    elif kind == "through JPEG":
        path = _save(tmp_path / "m.png", _through_jpeg(soft, 80, tmp_path))
    elif kind == "half covered":
        levels = np.rint(soft / top * 4).astype(int)
        soft = (levels * top // 4).astype(np.uint8)
        wanted = soft >= 128
        path = _save(tmp_path / "m.png", soft)
    else:
        path = _save(tmp_path / f"m.{kind}", soft, **({"lossless": True} if kind == "webp" else {}))
    lossy = kind in ("jpg", "avif", "through JPEG")
    assert np.count_nonzero(read_mask(path) != wanted) <= (0.02 * FACE.size if lossy else 0)


def test_a_wide_blur_is_cut_at_half(tmp_path: Path) -> None:
    blurred = cv2.GaussianBlur(WHITE, (0, 0), 8)
    assert (read_mask(_save(tmp_path / "m.png", blurred)) == (blurred >= 128)).all()


@pytest.mark.parametrize("values", [(0, 254, 255), (0, 128, 255), (0, 64, 191, 255), (0, 1, 128, 254, 255)])
def test_a_few_values_at_the_edge_are_an_edge(tmp_path: Path, values: tuple[int, ...]) -> None:
    labels = np.where(FACE > 0, values[-1], values[0]).astype(np.uint8)
    for step, value in enumerate(values[1:-1]):
        labels[np.floor(30 - DISTANCE) == step - 1] = value
    assert (read_mask(_save(tmp_path / "m.png", labels)) == (labels >= 128)).all()


LABEL_MAPS = {
    "skin and hair": FACE + (DISTANCE < 40),
    "nineteen classes": np.minimum(DISTANCE / 3, 18),
    "classes and ignored": np.where(DISTANCE > 45, 255, np.minimum(DISTANCE / 3, 18)),
    "one class and ignored": np.where(DISTANCE > 40, 255, FACE),
    "a trimap": np.where(DISTANCE < 20, 255, np.where(DISTANCE < 30, 128, 0)),
    "spread classes": np.where(DISTANCE < 20, 170, np.where(DISTANCE < 30, 85, 255 * (DISTANCE > 45))),
    "a photograph": (3 * COLUMNS + 2 * ROWS) % 256,
    "small values": FACE * 3 + (DISTANCE < 10),
}


@pytest.mark.parametrize("form", LABEL_MAPS)
def test_labels_are_no_soft_mask(tmp_path: Path, form: str) -> None:
    labels = LABEL_MAPS[form].astype(np.uint8)
    path = _save(tmp_path / "m.png", labels)
    assert "expected 0 and one other value, found 0, " in _rejected(lambda: read_mask(path))
    assert (read_labels(path) == labels).all()


def test_a_photograph_is_no_mask_even_as_a_jpeg(tmp_path: Path) -> None:
    _rejected(lambda: read_mask(_save(tmp_path / "m.jpg", LABEL_MAPS["a photograph"].astype(np.uint8))))
    _rejected(lambda: read_mask(_save(tmp_path / "c.jpg", np.dstack([3 * COLUMNS % 256, 2 * ROWS, ROWS]).astype(np.uint8))))


@given(
    low=st.just(0),
    high=st.integers(1, 65_535),
    mode=st.sampled_from(["png", "tiff"]),
    where=st.sampled_from([FACE, 1 - FACE, np.zeros_like(FACE), np.ones_like(FACE)]),
)
@settings(max_examples=40)
def test_two_values_are_two_values(
    tmp_path_factory: pytest.TempPathFactory, low: int, high: int, mode: str, where: np.ndarray
) -> None:
    path = tmp_path_factory.mktemp("m") / f"m.{mode}"
    _save(path, np.where(where > 0, high, low).astype(np.uint8 if high < 256 else np.uint16))
    assert (read_mask(path) == where).all()


@pytest.mark.parametrize("shown", [[0, 0, 0, 255, 255, 255], [255, 255, 255, 0, 0, 0], [0, 0, 0, *RED], [*RED, 0, 0, 0]])
def test_a_palette_of_two_is_what_it_shows(tmp_path: Path, shown: list[int]) -> None:
    """Programs order palettes as they like: white can be index 0."""
    lit = 1 if sum(shown[3:]) else 0
    picture = PillowImage.fromarray(FACE if lit else 1 - FACE).convert("P")
    picture.putpalette(shown)
    picture.save(tmp_path / "m.png")
    assert (read_mask(tmp_path / "m.png") == FACE).all()


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
@pytest.mark.parametrize("colour", [RED, BLUE, (255, 0, 0), (0, 128, 0), (1, 1, 255)])
@pytest.mark.parametrize("width", [0, 3])
def test_black_and_one_colour(tmp_path: Path, colour: tuple[int, int, int], width: int, suffix: str) -> None:
    share = _soft(width)[..., None] / 255 if width else FACE[..., None]
    colours = np.rint(share * np.array(colour)).astype(np.uint8)
    path = _save(tmp_path / f"m.{suffix}", colours, **({"quality": 90} if suffix != "png" else {}))
    differing = np.count_nonzero(read_mask(path) != FACE)
    assert differing <= (0.03 * FACE.size if suffix != "png" else 0 if not width else 30)


def test_more_colours_are_named(tmp_path: Path) -> None:
    path = _save(tmp_path / "m.png", _coloured((DISTANCE < 40, BLUE), (FACE, RED)))
    detail = _rejected(lambda: read_mask(path))
    assert "#1428c8" in detail
    assert "#fa3253" in detail
    two = _save(tmp_path / "two.png", np.where(FACE[..., None] > 0, RED, BLUE).astype(np.uint8))
    assert "#1428c8" in _rejected(lambda: read_mask(two))
    assert "#1428c8" in _rejected(lambda: read_labels(path))


TABLE = {(0, 0, 0): 0, RED: 1, BLUE: 2}
LABELS = np.where(FACE > 0, 1, 2 * (DISTANCE < 40)).astype(np.uint8)
COLOURED = np.array(list(TABLE), np.uint8)[LABELS]


@pytest.mark.parametrize("form", ["RGB", "RGBA", "palette", "transparent background", "WebP", "TIFF", "BMP"])
def test_colours_are_classes(tmp_path: Path, form: str) -> None:
    path = tmp_path / {"WebP": "m.webp", "TIFF": "m.tiff", "BMP": "m.bmp"}.get(form, "m.png")
    if form == "palette":
        PillowImage.fromarray(COLOURED).quantize(8, dither=PillowImage.Dither.NONE).save(path)
    elif form == "transparent background":
        white = np.where(LABELS[..., None] > 0, COLOURED, 255).astype(np.uint8)
        _save(path, _rgba(white, (LABELS > 0) * np.uint8(255)))
    else:
        _save(path, COLOURED, "RGBA" if form == "RGBA" else None, **({"lossless": True} if form == "WebP" else {}))
    assert (read_colours(path, TABLE) == LABELS).all()


@pytest.mark.parametrize("suffix", ["png", "jpg", "avif"])
def test_soft_and_lossy_colours_go_to_the_nearest(tmp_path: Path, suffix: str) -> None:
    soft = COLOURED if suffix != "png" else cv2.GaussianBlur(COLOURED, (3, 3), 0.6)
    found = read_colours(_save(tmp_path / f"m.{suffix}", soft, **({"quality": 92} if suffix != "png" else {})), TABLE)
    assert (found != LABELS).mean() < 0.03


def test_grey_is_a_colour(tmp_path: Path) -> None:
    path = _save(tmp_path / "m.png", WHITE)
    assert (read_colours(path, {(0, 0, 0): 0, (255, 255, 255): 1}) == FACE).all()


def test_unknown_colours_are_named(tmp_path: Path) -> None:
    path = _save(tmp_path / "m.png", COLOURED)
    detail = _rejected(lambda: read_colours(path, {(0, 0, 0): 0, RED: 1}))
    assert "no class has the colours #1428c8" in detail
    assert "known: #000000, #fa3253" in detail
    _rejected(lambda: read_colours(path, {(1, 2, 3): 0}))


@given(st.binary(min_size=16 * 12, max_size=16 * 12), st.sampled_from(["L", "P", "RGB", "RGBA", "LA", "1", "I;16"]))
@settings(max_examples=60)
def test_whatever_the_values_a_mask_or_a_reason(tmp_path_factory: pytest.TempPathFactory, data: bytes, mode: str) -> None:
    path = tmp_path_factory.mktemp("m") / "m.png"
    channels = {"RGB": 3, "RGBA": 4, "LA": 2, "I;16": 2}.get(mode, 1)
    width = 192 // channels // 2 if mode != "1" else 16
    size = (width, 2) if mode != "1" else (16, 12)
    PillowImage.frombytes(mode, size, data[: 192 if mode != "1" else 24]).save(path)
    for read in (read_mask, read_labels, lambda path: read_colours(path, TABLE)):
        try:
            found = read(path)
            assert found.dtype == np.uint8
            assert found.shape == size[::-1]
        except BadDataError as error:
            assert error.reason == Reason.BAD_MASK

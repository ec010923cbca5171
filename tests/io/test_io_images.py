"""The image door: what cannot serve is rejected with a reason, what can comes out as it was meant."""

from __future__ import annotations

import contextlib
import os
import resource
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as PillowImage
from PIL import ImageCms

from natocc.core.errors import BadDataError, Reason, RunError
from natocc.io.images import decode_rgb, decode_rgba, encode_jpeg, encode_png, read_bytes, read_labels, read_mask, read_rgb

SMOOTH = 2 * np.dstack([*np.meshgrid(np.arange(40), np.arange(30)), np.full((30, 40), 99)]).astype(np.uint8)


def _save(path: Path, array: np.ndarray, mode: str | None = None, **options: object) -> Path:
    picture = PillowImage.fromarray(array)
    (picture.convert(mode) if mode else picture).save(path, **options)  # type: ignore[arg-type]
    return path


def _rejected(path: Path) -> Reason:
    with pytest.raises(BadDataError) as caught:
        read_rgb(path)
    return caught.value.reason


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([3, 4]))))
def test_png_is_lossless(array: np.ndarray) -> None:
    decoded = decode_rgb(encode_png(array), "x") if array.shape[2] == 3 else decode_rgba(encode_png(array), "x")
    assert (decoded == array).all()


@given(arrays(np.uint8, (5, 7), elements=st.integers(0, 255)))
def test_a_mask_is_one_channel_of_a_byte(tmp_path_factory: pytest.TempPathFactory, labels: np.ndarray) -> None:
    path = tmp_path_factory.mktemp("m") / "m.png"
    path.write_bytes(encode_png(labels))
    with PillowImage.open(path) as picture:
        assert picture.mode == "L"
    assert (read_labels(path) == labels).all()


def test_jpeg_is_near() -> None:
    assert np.abs(decode_rgb(encode_jpeg(SMOOTH, 95), "x").astype(int) - SMOOTH).max() <= 6


def test_f1_no_picture(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "fifo.jpg")
    assert _rejected(tmp_path / "missing.jpg") == Reason.MISSING_FILE
    assert _rejected(tmp_path / "empty.jpg") == Reason.UNREADABLE_IMAGE
    assert _rejected(tmp_path / "text.jpg") == Reason.UNREADABLE_IMAGE
    assert _rejected(tmp_path / "folder.jpg") == Reason.NOT_A_FILE
    assert _rejected(tmp_path / "fifo.jpg") == Reason.NOT_A_FILE


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tiff"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_f2_cut_short(tmp_path: Path, suffix: str, share: float) -> None:
    data = _save(tmp_path / f"whole.{suffix}", SMOOTH).read_bytes()
    (tmp_path / f"cut.{suffix}").write_bytes(data[: int(share * len(data))])
    assert _rejected(tmp_path / f"cut.{suffix}") == Reason.UNREADABLE_IMAGE


@pytest.mark.parametrize("side", [20_000, 50_000])
def test_f3_a_header_that_claims_too_much(tmp_path: Path, side: int) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))
    assert _rejected(tmp_path / "bomb.png") == Reason.TOO_MANY_PIXELS


def test_f3_animated(tmp_path: Path) -> None:
    frames = [PillowImage.fromarray(np.roll(SMOOTH, 9 * k, axis=1)) for k in range(3)]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "a.tiff", save_all=True, append_images=frames[1:])
    assert _rejected(tmp_path / "a.webp") == Reason.UNSUPPORTED_IMAGE
    assert _rejected(tmp_path / "a.tiff") == Reason.UNSUPPORTED_IMAGE


@pytest.mark.parametrize("orientation", range(1, 9))
def test_f4_exif_orientation_is_applied_to_pictures_and_masks(tmp_path: Path, orientation: int) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    path = _save(tmp_path / "p.png", SMOOTH, exif=exif)
    mask = _save(tmp_path / "m.png", SMOOTH[..., 0], exif=exif)
    picture, labels = read_rgb(path)[0], read_labels(mask)
    assert picture.shape[:2] == ((30, 40) if orientation <= 4 else (40, 30))
    assert (picture[..., 0] == labels).all()
    upright = {
        1: SMOOTH,
        2: SMOOTH[:, ::-1],
        3: SMOOTH[::-1, ::-1],
        4: SMOOTH[::-1],
        6: np.rot90(SMOOTH, -1),
        8: np.rot90(SMOOTH),
    }
    if orientation in upright:
        assert (picture == upright[orientation]).all()


def test_f5_modes(tmp_path: Path) -> None:
    grey = SMOOTH[..., 0]
    assert (read_rgb(_save(tmp_path / "l.png", grey))[0] == grey[..., None]).all()
    assert (read_rgb(_save(tmp_path / "16.png", grey.astype(np.uint16) * 257))[0] == grey[..., None]).all()
    rgba = np.dstack([SMOOTH, np.full((30, 40), 255, np.uint8)])
    assert (read_rgb(_save(tmp_path / "rgba.png", rgba))[0] == SMOOTH).all()
    rgba[..., 3] = 0
    assert (read_rgb(_save(tmp_path / "clear.png", rgba))[0] == 255).all()
    few_colours = SMOOTH // 64 * np.uint8(64)
    PillowImage.fromarray(few_colours).quantize(64).save(tmp_path / "p.png")
    assert (read_rgb(tmp_path / "p.png")[0] == few_colours).all()
    cmyk = read_rgb(_save(tmp_path / "cmyk.jpg", SMOOTH, "CMYK", quality=98))[0]
    assert np.abs(cmyk.astype(int) - SMOOTH).max() < 12
    _save(tmp_path / "float.tiff", grey.astype(np.float32))
    assert _rejected(tmp_path / "float.tiff") == Reason.UNSUPPORTED_IMAGE


def test_f5_an_icc_profile_is_converted(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.abs(read_rgb(_save(tmp_path / "s.png", SMOOTH, icc_profile=srgb))[0].astype(int) - SMOOTH).max() <= 1
    assert (read_rgb(_save(tmp_path / "broken.png", SMOOTH, icc_profile=b"garbage" * 30))[0] == SMOOTH).all()


@pytest.mark.parametrize("value", [1, 38, 225, 255])
def test_f6_two_values_are_a_mask(tmp_path: Path, value: int) -> None:
    mask = (SMOOTH[..., 0] > 40).astype(np.uint8)
    assert (read_mask(_save(tmp_path / "l.png", mask * np.uint8(value))) == mask).all()
    assert (read_mask(_save(tmp_path / "rgb.png", np.repeat((mask * np.uint8(value))[..., None], 3, axis=2))) == mask).all()


def test_f6_palette_indices_are_the_labels(tmp_path: Path) -> None:
    labels = (SMOOTH[..., 0] // 30).astype(np.uint8)
    picture = PillowImage.fromarray(labels).convert("P")
    picture.putdata(labels.ravel())
    picture.putpalette([7, 7, 7, 200, 0, 0, 0, 200, 0] + [0] * 759)
    picture.save(tmp_path / "p.png")
    assert (read_labels(tmp_path / "p.png") == labels).all()


def test_f6_a_soft_jpeg_is_cut_at_half(tmp_path: Path) -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[16:48, 16:48] = 255
    assert (read_mask(_save(tmp_path / "m.jpg", mask, quality=80)) == mask // 255).mean() > 0.99


def test_f6_more_values_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"found 0, 2, 4"):
        read_mask(_save(tmp_path / "m.png", SMOOTH[..., 0]))
    with pytest.raises(BadDataError, match="colours"):
        read_labels(_save(tmp_path / "c.png", SMOOTH))


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    whole = encode_png(SMOOTH)
    for attempt in (data, b"\x89PNG\r\n\x1a\n" + data, whole[:60] + data + whole[60 + len(data) :], b"\xff\xd8\xff" + data):
        with contextlib.suppress(BadDataError):
            decode_rgb(attempt, "x")


def test_everything_in_the_real_data_can_be_read(real_data: Path) -> None:
    paths = sorted(path for path in real_data.rglob("*") if path.suffix in (".jpg", ".png"))[::12]
    assert len(paths) > 100
    for path in paths:
        image, _ = read_rgb(path)
        assert image.dtype == np.uint8


def test_f27_too_many_open_files_are_no_fault_of_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode_png(np.zeros((4, 4, 3), np.uint8)))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(RunError, match="Too many open files"):
            read_bytes(path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

"""Pictures that are cut, that claim too much, or that come in another form (faults F2, F3, F5, F9)."""

from __future__ import annotations

import contextlib
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import PIL
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage
from PIL import ImageCms

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.io.folders import list_folder
from natocc.io.images import decode_rgb, read_rgb
from natocc.occluders.library.extraction import library_key

ROWS, COLUMNS = np.mgrid[:48, :64]
PHOTO = np.dstack([4 * COLUMNS, 5 * ROWS, 2 * (ROWS + COLUMNS)]).astype(np.uint8)


def _saved(format_name: str, mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    PillowImage.fromarray(PHOTO).convert(mode).save(buffer, format_name, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


FORMS: dict[str, bytes] = {
    "JPEG": _saved("JPEG"),
    "progressive JPEG": _saved("JPEG", progressive=True),
    "CMYK JPEG": _saved("JPEG", "CMYK"),
    "PNG": _saved("PNG"),
    "palette PNG": _saved("PNG", "P"),
    "WebP": _saved("WEBP"),
    "lossless WebP": _saved("WEBP", lossless=True),
    "BMP": _saved("BMP"),
    "palette BMP": _saved("BMP", "P"),
    "TIFF": _saved("TIFF"),
    **{f"TIFF {name}": _saved("TIFF", compression=name) for name in ("tiff_lzw", "tiff_deflate", "packbits", "jpeg")},
    "fax TIFF": _saved("TIFF", "1", compression="group4"),
}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25)
@given(share=st.sampled_from([0.2, 0.5, 0.9]) | st.floats(0, 1, exclude_max=True))
def test_f2_a_picture_cut_anywhere_is_rejected_or_whole(form: str, share: float) -> None:
    """F2: never a part of a picture with the rest grey; what may lack is what follows the pixels."""
    whole = FORMS[form]
    try:
        found = decode_rgb(whole[: int(share * len(whole))], "x")
    except BadDataError as error:
        assert error.reason in (Reason.UNREADABLE_IMAGE, Reason.UNSUPPORTED_IMAGE)
        return
    assert share > 0.9
    assert (found == decode_rgb(whole, "x")).all()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(side: int, *chunks: bytes, pixels: bytes | None = None) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    data = zlib.compress(bytes(side * (side + 1)) if pixels is None else pixels)
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _tiff(*changed: tuple[int, int, int]) -> bytes:
    """A grey TIFF of 100 x 100 px in one deflated strip, with tags (number, type, value) of one's own."""
    data = zlib.compress(bytes(10_000))
    tags = {256: (4, 100), 257: (4, 100), 258: (3, 8), 259: (3, 8), 262: (3, 1), 277: (3, 1)}
    tags |= {273: (4, 8), 278: (4, 100), 279: (4, len(data))} | {number: (kind, value) for number, kind, value in changed}
    if 322 in tags:
        tags = {number: tag for number, tag in tags.items() if number not in (273, 278, 279)}
        tags |= {324: (4, 8), 325: (4, len(data))}
    entries = b"".join(struct.pack("<HHII", number, kind, 1, value) for number, (kind, value) in sorted(tags.items()))
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + bytes(4)


def _webp(side: int) -> bytes:
    body = b"\x2f" + struct.pack("<I", side - 1 | (side - 1) << 14) + bytes(11)
    return b"RIFF" + struct.pack("<I", 12 + len(body)) + b"WEBPVP8L" + struct.pack("<I", len(body)) + body


def _frames(format_name: str, count: int) -> bytes:
    frames = [PillowImage.fromarray(np.roll(PHOTO, k, axis=1)) for k in range(count)]
    buffer = io.BytesIO()
    frames[0].save(buffer, format_name, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def _chain_of_pages(count: int, to: int | None) -> bytes:
    """A TIFF of many pages that all show the same strip; the last leads on to page `to`."""
    data, entries = bytes(100), bytearray()
    at = [8 + len(data) + 126 * page for page in range(count)]
    tags = {256: 10, 257: 10, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 10, 279: 100, 305: 0}
    for page in range(count):
        entries += struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", number, 4, 1, tags[number]) for number in tags)
        last = 0 if to is None else at[to]
        entries += struct.pack("<I", at[page + 1] if page + 1 < count else last)
    return b"II*\0" + struct.pack("<I", at[0]) + data + bytes(entries)


def _progressive(side: int, scans: int) -> bytes:
    """A progressive JPEG of one colour, its last scan repeated."""
    buffer = io.BytesIO()
    PillowImage.new("RGB", (side, side), (120, 90, 60)).save(buffer, "JPEG", progressive=True)
    whole = buffer.getvalue()
    return whole[:-2] + whole[whole.rfind(b"\xff\xda") : -2] * scans + whole[-2:]


MEGABYTES_OF_NOTHING = zlib.compress(bytes(250_000_000), 1)
BOMBS: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "PNG of 50 000 x 50 000": (lambda: _png(50_000, pixels=b""), "too-many-pixels"),
    "PNG of 20 000 x 20 000": (lambda: _png(20_000, pixels=b""), "too-many-pixels"),
    "PNG of 9 000 x 9 000, within Pillow's own limit": (lambda: _png(9_000, pixels=b""), "too-many-pixels"),
    "PNG whose pixels go on and on": (lambda: _png(10, _chunk(b"IDAT", MEGABYTES_OF_NOTHING), pixels=b""), None),
    "iCCP": (lambda: _png(10, _chunk(b"iCCP", b"icc\0\0" + MEGABYTES_OF_NOTHING)), "unreadable-image"),
    "zTXt": (lambda: _png(10, _chunk(b"zTXt", b"key\0\0" + MEGABYTES_OF_NOTHING)), "unreadable-image"),
    "iTXt": (lambda: _png(10, _chunk(b"iTXt", b"key\0\1\0en\0k\0" + MEGABYTES_OF_NOTHING)), "unreadable-image"),
    "many zTXt": (lambda: _png(10, *[_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(900_000)))] * 200), "unreadable-image"),
    "JPEG of 65 500 x 65 500": (
        lambda: FORMS["JPEG"].replace(b"\x08" + struct.pack(">HH", 48, 64), b"\x08" + struct.pack(">HH", 65_500, 65_500)),
        "too-many-pixels",
    ),
    "JPEG of 100 000 scans": (lambda: _progressive(2_000, 100_000), "too-many-pixels"),
    "BMP of 30 000 x 30 000": (
        lambda: FORMS["BMP"].replace(struct.pack("<II", 64, 48), struct.pack("<II", 30_000, 30_000)),
        "too-many-pixels",
    ),
    "WebP of 16 383 x 16 383": (lambda: _webp(16_383), "too-many-pixels"),
    "TIFF of 60 000 x 60 000": (lambda: _tiff((256, 4, 60_000), (257, 4, 60_000)), "too-many-pixels"),
    "TIFF with a tile of 60 000 x 30 000": (lambda: _tiff((322, 4, 60_000), (323, 4, 30_000)), "too-many-pixels"),
    "TIFF with a strip of 2 000 000 000 rows": (lambda: _tiff((278, 4, 2_000_000_000)), None),
    "TIFF of 20 000 pages": (lambda: _chain_of_pages(20_000, None), "unsupported-image"),
    "TIFF whose last page leads to its first": (lambda: _chain_of_pages(3, 0), "unsupported-image"),
    "PNG of 300 frames": (lambda: _frames("PNG", 300), "unsupported-image"),
    "WebP of 60 frames": (lambda: _frames("WEBP", 60), "unsupported-image"),
    "GIF of 60 frames": (lambda: _frames("GIF", 60), "unreadable-image"),
}
READ_ALL = """
import json, pathlib, resource, sys, time
from natocc.core.errors import BadDataError
from natocc.io.images import read_labels, read_mask, read_rgb, read_rgba
def memory():
    return int(pathlib.Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, told = peak(), {}
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    begin, reasons = time.monotonic(), []
    for read in (read_rgb, read_mask, read_labels, read_rgba):
        try:
            read(path)
            reasons.append(None)
        except BadDataError as error:
            reasons.append(error.reason)
    told[path.name] = reasons, time.monotonic() - begin, peak() - before
print(json.dumps(told))
"""


def test_f3_bombs_take_neither_memory_nor_time(tmp_path: Path) -> None:
    """F3: what claims or unpacks to gigabytes is rejected by its header, or read within the memory of its own pixels."""
    for number, (make, _) in enumerate(BOMBS.values()):
        (tmp_path / f"{number:02d}").write_bytes(make())
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "ignore", "-c", READ_ALL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    for number, (name, (_, reason)) in enumerate(BOMBS.items()):
        reasons, seconds, megabytes = told[f"{number:02d}"]
        assert reason is None or reasons[0] == reason, (name, reasons)
        assert seconds < 20, (name, seconds)
        assert megabytes < 120, (name, megabytes)  # a bomb that goes off takes 250 MB or more


def test_f3_a_second_page_of_nothing(tmp_path: Path) -> None:
    """F3: a TIFF whose first page leads to a page without a size; found by fuzzing, it ended in a TypeError."""
    whole = _tiff()
    (tmp_path / "x.tiff").write_bytes(whole[:-4] + struct.pack("<I", len(whole)) + bytes(6))
    with pytest.raises(BadDataError) as caught:
        read_rgb(tmp_path / "x.tiff")
    assert caught.value.reason == Reason.UNSUPPORTED_IMAGE


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY = PHOTO[..., 0]

OLD_PILLOW = pytest.mark.skipif(
    int(PIL.__version__.partition(".")[0]) < 12, reason="Pillow 11 does not read the YCbCr TIFF that it writes"
)


def _encoded(array: np.ndarray, format_name: str, mode: str | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture = PillowImage.fromarray(array)
    (picture.convert(mode) if mode else picture).save(buffer, format_name, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "expected", "tolerance"),
    [
        pytest.param(_encoded(GREY, "PNG"), GREY, 0, id="grey"),
        pytest.param(_encoded(GREY, "PNG", "LA"), GREY, 0, id="grey and alpha"),
        pytest.param(_encoded(PHOTO, "PNG", "RGBA"), PHOTO, 0, id="RGBA"),
        pytest.param(_encoded((GREY > 99).astype(np.uint8) * np.uint8(255), "PNG", "1"), (GREY > 99) * 255, 0, id="1 bit"),
        pytest.param(_encoded(GREY.astype(np.uint16) * 257, "PNG"), GREY, 0, id="16 bit PNG"),
        pytest.param(_encoded(GREY.astype(np.uint16) * 257, "TIFF"), GREY, 0, id="16 bit TIFF"),
        pytest.param(_encoded(PHOTO, "JPEG", "CMYK", quality=100, subsampling=0), PHOTO, 12, id="CMYK"),
        pytest.param(_encoded(PHOTO, "TIFF", "CMYK"), PHOTO, 2, id="CMYK TIFF"),
        pytest.param(_encoded(PHOTO, "JPEG", quality=100, subsampling=0), PHOTO, 4, id="JPEG"),
        pytest.param(_encoded(PHOTO, "TIFF", "YCbCr"), PHOTO, 4, id="YCbCr TIFF", marks=OLD_PILLOW),
        pytest.param(_encoded(PHOTO, "PNG", icc_profile=SRGB), PHOTO, 1, id="sRGB profile"),
        pytest.param(_encoded(PHOTO // 64 * 64, "PNG", "P"), None, 0, id="palette"),
        pytest.param(_encoded(GREY.astype(np.float32), "TIFF"), None, 0, id="float TIFF"),
        pytest.param(_encoded(GREY.astype(np.int32), "TIFF"), None, 0, id="32 bit TIFF"),
        pytest.param(_encoded(PHOTO, "TIFF", "LAB"), None, 0, id="Lab TIFF"),
    ],
)
def test_f5_every_mode_is_converted_or_rejected(content: bytes, expected: np.ndarray | None, tolerance: int) -> None:
    """F5: channels are never swapped, levels never garbled. A palette's colours are whatever Pillow chose: 8 bits of RGB."""
    try:
        found = decode_rgb(content, "x")
    except BadDataError as error:
        assert expected is None
        assert error.reason == Reason.UNSUPPORTED_IMAGE
        return
    wanted = np.asarray(PillowImage.open(io.BytesIO(content)).convert("RGB")) if expected is None else expected
    wanted = wanted[..., None] if wanted.ndim == 2 else wanted
    assert np.abs(found.astype(int) - wanted).max() <= tolerance


def test_f5_another_profile_changes_the_numbers_not_the_colours(tmp_path: Path) -> None:
    """F5: a profile whose red and blue primaries have changed places says that red is blue."""
    swapped = SRGB.replace(b"rXYZ", b"....").replace(b"bXYZ", b"rXYZ").replace(b"....", b"bXYZ")
    PillowImage.fromarray(PHOTO[..., ::-1].copy()).save(tmp_path / "swapped.png", icc_profile=swapped)
    assert np.abs(read_rgb(tmp_path / "swapped.png")[0].astype(int) - PHOTO).max() <= 2


def test_f5_a_picture_of_two_views_is_its_first(tmp_path: Path) -> None:
    """F5: an MPO, as phones write it, is a JPEG with more after it."""
    frames = [PillowImage.fromarray(PHOTO), PillowImage.fromarray(PHOTO[::-1].copy())]
    frames[0].save(tmp_path / "p.jpg", "MPO", save_all=True, append_images=frames[1:], quality=95)
    assert np.abs(read_rgb(tmp_path / "p.jpg")[0].astype(int) - PHOTO).mean() < 4


@pytest.fixture
def readable_folder() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own is its user's alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextlib.contextmanager
def _as_somebody_else() -> Iterator[None]:
    """Root may read everything, so the fault is made as nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_f9_what_may_not_be_read(readable_folder: Path) -> None:
    """F9: a file without permission is rejected; a folder without is refused, whoever lists it."""
    folder = readable_folder / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(FORMS["JPEG"])
    (folder / "a.jpg").chmod(0)
    with _as_somebody_else():
        with pytest.raises(BadDataError) as caught:
            read_rgb(folder / "a.jpg")
        assert caught.value.reason == Reason.CANNOT_READ
    folder.chmod(0)
    try:
        with _as_somebody_else():
            with pytest.raises(UsageError, match="cannot list"):
                list_folder(folder, (".jpg",))
            with pytest.raises(UsageError, match=r"cannot list .*photos"):
                library_key("{}", [], [folder])
    finally:
        folder.chmod(0o755)

"""What files say beside their pixels: EXIF's own orientation and nothing else turns them, damage and warnings stop nothing."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage
from PIL import PngImagePlugin

from natocc.core.errors import BadDataError, Reason
from natocc.io.images import decode_rgb, read_labels, read_rgb
from natocc.io.metadata import count_scans, orientation

ROWS, COLUMNS = np.mgrid[:48, :64]
PHOTO = np.dstack([4 * COLUMNS, 5 * ROWS, 2 * (ROWS + COLUMNS)]).astype(np.uint8)
FORMATS = ("PNG", "WEBP", "TIFF", "JPEG", "AVIF")
LOSSLESS = {
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "JPEG": {"quality": 100, "subsampling": 0},
    "AVIF": {"quality": 100},
}
XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


def _saved(format_name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    PillowImage.fromarray(PHOTO).save(buffer, format_name, **{**LOSSLESS[format_name], **options})  # type: ignore[arg-type]
    return buffer.getvalue()


def _exif(value: object = 6, kind: str = "H", code: int = 3, order: str = ">") -> bytes:
    """An EXIF block of one entry: the orientation."""
    entry = struct.pack(f"{order}HHI", 0x0112, code, 1) + struct.pack(order + kind, value).ljust(4, b"\0")
    mark = b"MM\0*" if order == ">" else b"II*\0"
    return b"Exif\0\0" + mark + struct.pack(f"{order}IH", 8, 1) + entry + bytes(4)


def _near(found: np.ndarray, wanted: np.ndarray) -> bool:
    return found.shape == wanted.shape and np.abs(found.astype(int) - wanted).mean() < 4


def _chunked(data: bytes, *chunks: bytes, late: bool = False) -> bytes:
    """A PNG with more chunks: after its header, or before its end."""
    at = len(data) - 12 if late else 33
    return data[:at] + b"".join(chunks) + data[at:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("order", ["<", ">"])
def test_exifs_own_tag_turns(format_name: str, order: str) -> None:
    wanted = np.rot90(PHOTO, -1)
    if format_name == "TIFF":  # its own tags are EXIF's
        assert _near(decode_rgb(_saved("TIFF", tiffinfo={0x0112: 6}), "x"), wanted)
        return
    for kind, code in (("H", 3), ("I", 4), ("B", 1)):
        assert orientation(_exif(6, kind, code, order)) == 6
    assert _near(decode_rgb(_saved(format_name, exif=_exif(order=order)), "x"), wanted)


@pytest.mark.parametrize("format_name", FORMATS)
def test_xmp_does_not(format_name: str, tmp_path: Path) -> None:
    if format_name == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", XMP)
        data = _saved("PNG", pnginfo=text)
    elif format_name == "TIFF":
        data = _saved("TIFF", tiffinfo={700: XMP.encode()})
    else:
        data = _saved(format_name, xmp=XMP.encode())
    assert b"tiff:Orientation" in data
    assert _near(decode_rgb(data, "x"), PHOTO)
    if format_name in ("PNG", "TIFF"):
        (tmp_path / "m").write_bytes(data)
        with pytest.raises(BadDataError, match="colours"):
            read_labels(tmp_path / "m")


@pytest.mark.parametrize("keyword", ["Raw profile type exif", "Raw profile type APP1", "exif", "Orientation", "eXIf"])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt"])
def test_no_text_of_a_png_does(keyword: str, late: bool, kind: str) -> None:
    block = _exif()
    raw = f"\nexif\n{len(block):8}\n{block.hex()}\n".encode()
    for text in (raw, block, b"6"):
        if kind == "iTXt":
            body = keyword.encode() + b"\0\0\0\0\0" + text
        else:
            body = keyword.encode() + b"\0" + (b"\0" + zlib.compress(text) if kind == "zTXt" else text)
        assert (decode_rgb(_chunked(_saved("PNG"), _chunk(kind.encode(), body), late=late), "x") == PHOTO).all()


@pytest.mark.parametrize("keyword", ["transparency", "icc_profile", "gamma", "srgb", "dpi", "chromaticity"])
def test_a_text_is_not_taken_for_what_pillow_calls_so(keyword: str) -> None:
    for late in (False, True):
        data = _chunked(_saved("PNG"), _chunk(b"tEXt", keyword.encode() + b"\x001"), late=late)
        assert (decode_rgb(data, "x") == PHOTO).all()


DAMAGED_EXIF = {
    "no TIFF": b"Exif\0\0not a TIFF header at all",
    "empty": b"Exif\0\0",
    "head alone": b"Exif\0\0MM\0*",
    "cut in its entry": _exif()[:20],
    "an offset beyond its end": b"Exif\0\0MM\0*\x7f\xff\xff\xff",
    "more entries than bytes": b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(30),
    "orientation 0": _exif(0),
    "orientation 9": _exif(9),
    "orientation 65535": _exif(65_535),
    "orientation as a text": _exif(b"6\0", "2s", 2),
    "a value that lies nowhere": b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x010F, 2, 4_000_000, 9_999) + bytes(4),
    "a folder of it that lies nowhere": b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x8769, 4, 1, 99_999) + bytes(4),
    "noise": b"Exif\0\0II*\0" + bytes(range(8, 200)),
}


def _with_exif(format_name: str, block: bytes) -> bytes:
    """A picture with this block, whatever it holds."""
    if format_name == "PNG":
        return _chunked(_saved("PNG"), _chunk(b"eXIf", block[6:]))
    if format_name == "JPEG":
        data = _saved("JPEG")
        return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]
    if format_name == "WEBP":  # as long as the block that it stands in for
        whole = _saved("WEBP", exif=b"E" * len(block))
        return whole.replace(b"E" * len(block), block)
    text = struct.pack("<HHII", 0x010E, 2, 1000, 26)
    whole = _saved("AVIF", exif=b"II*\0\x08\0\0\0\x01\0" + text + bytes(4) + b"E" * 999 + b"\0")
    at = whole.index(b"II*\0\x08\0\0\0")
    return whole[:at] + block[6:] + whole[at + len(block) - 6 :]


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "AVIF"])
@pytest.mark.parametrize("damage", DAMAGED_EXIF)
def test_damaged_exif_is_no_exif(format_name: str, damage: str) -> None:
    """And nothing is said of it: every warning is an error in these tests."""
    assert _near(decode_rgb(_with_exif(format_name, DAMAGED_EXIF[damage]), "x"), PHOTO)


@pytest.mark.parametrize("tag", [0x8769, 0x8825, 0xA005])
def test_damaged_exif_in_a_tiff(tag: int) -> None:
    data = _saved("TIFF")
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    entries = data[at + 2 : at + 2 + 12 * count] + struct.pack("<HHII", tag, 4, 1, 99_999_999)
    whole = data[:4] + struct.pack("<I", len(data)) + data[8:] + struct.pack("<H", count + 1) + entries + bytes(4)
    assert (decode_rgb(whole, "x") == PHOTO).all()


@given(st.binary(max_size=200), st.sampled_from([b"", b"Exif\0\0", b"MM\0*", b"Exif\0\0II*\0\x08\0\0\0"]))
def test_whatever_the_bytes_an_orientation_is_one(data: bytes, head: bytes) -> None:
    assert 1 <= orientation(head + data) <= 8


def test_warnings_are_kept_back_in_threads_and_put_back(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(_with_exif("JPEG", DAMAGED_EXIF["a value that lies nowhere"]))
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: read_rgb(tmp_path / "x.jpg"), range(64)))
        assert list(warnings.filters) == before
    assert not shown


def _progressive() -> bytes:
    return _saved("JPEG", progressive=True)


@pytest.mark.parametrize("behind", [b"\xff\xda" * 5000, b"\0\0\0\x18ftypmp42" + b"\xff\xda\0\x0c" * 5000, _progressive() * 20])
def test_scans_are_counted_to_the_end_of_the_picture(behind: bytes) -> None:
    """A motion photo's video, a second picture, anything."""
    for data in (_saved("JPEG"), _progressive()):
        alone = count_scans(data, 1000)
        assert alone == data.count(b"\xff\xda")
        assert count_scans(data + behind, 1000) == alone
        assert (decode_rgb(data + behind, "x", 64_000_000) == decode_rgb(data, "x")).all()


def test_a_thumbnail_has_scans_of_its_own() -> None:
    thumbnail = _progressive()[:30_000]
    data = _saved("JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 8) + b"Exif\0\0" + thumbnail
    assert count_scans(data[:2] + segment + data[2:], 1000) == count_scans(data, 1000) == 1


@pytest.mark.parametrize("between", [b"", b"\xff\xfe\0\4ab", b"\xff\xff\xff", b"\xff\xd0", b"\xff\x01", b"garbage"])
def test_scans_that_count_are_not_hidden(between: bytes) -> None:
    """F3: filler, comments and garbage before a scan do not hide it from the guard, as they do not from the decoder."""
    whole = _progressive()
    scan = whole[whole.rfind(b"\xff\xda") : -2]
    data = whole[:-2] + (between + scan) * 500 + whole[-2:]
    assert count_scans(data, 10_000) >= 500
    assert count_scans(data, 100) == 101


def test_more_pictures_in_a_file_are_not_looked_at() -> None:
    """An MPO whose index is damaged is its first picture all the same."""
    buffer = io.BytesIO()
    frames = [PillowImage.fromarray(PHOTO), PillowImage.fromarray(PHOTO[::-1].copy())]
    frames[0].save(buffer, "MPO", save_all=True, append_images=frames[1:], quality=95)
    whole = buffer.getvalue()
    at = whole.index(b"MPF\0")
    for damage in (bytes(8), b"\xff" * 30, b"II*\0\xff\xff\xff\x7f", whole[at + 4 : at + 8] + b"\x08\0\0\0\xff\xff"):
        data = whole[: at + 4] + damage + whole[at + 4 + len(damage) :]
        assert _near(decode_rgb(data, "x"), PHOTO)


@pytest.mark.parametrize("format_name", ["AVIF", "PNG", "WEBP"])
def test_animations_are_refused(format_name: str) -> None:
    buffer = io.BytesIO()
    frames = [PillowImage.fromarray(np.roll(PHOTO, 9 * k, axis=1)) for k in range(3)]
    frames[0].save(buffer, format_name, save_all=True, append_images=frames[1:])
    with pytest.raises(BadDataError, match="animated") as caught:
        decode_rgb(buffer.getvalue(), "x")
    assert caught.value.reason == Reason.UNSUPPORTED_IMAGE


@pytest.mark.parametrize("counts", [b"\0\0\0\0\0\0\0\0", b"\xff\xff\xff\xff\0\0\0\0"])
def test_a_png_that_is_no_animation_though_it_says_so(counts: bytes) -> None:
    assert (decode_rgb(_chunked(_saved("PNG"), _chunk(b"acTL", counts)), "x") == PHOTO).all()


def test_a_palette_with_transparency_is_read_in_silence() -> None:
    picture = PillowImage.fromarray(PHOTO).quantize(16)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=bytes(range(0, 256, 16)))
    assert decode_rgb(buffer.getvalue(), "x").shape == PHOTO.shape


@pytest.mark.parametrize("format_name", FORMATS)
def test_too_many_pixels_names_the_key_and_warns_of_nothing(format_name: str) -> None:
    with pytest.raises(
        BadDataError, match=r"64 x 48 pixels, the limit is 3000; reduce the picture, or raise max_pixels"
    ) as caught:
        decode_rgb(_saved(format_name), "x", 3000)
    assert caught.value.reason == Reason.TOO_MANY_PIXELS
    assert _near(decode_rgb(_saved(format_name), "x", 3072), PHOTO)


def test_a_limit_above_pillows_own() -> None:
    """Pillow warns from 89 million pixels on, and refuses from 179 million: here the key decides."""
    buffer = io.BytesIO()
    PillowImage.new("1", (14_000, 13_000)).save(buffer, "PNG")
    with pytest.raises(BadDataError, match="max_pixels"):
        decode_rgb(buffer.getvalue(), "x")
    assert decode_rgb(buffer.getvalue(), "x", 200_000_000).shape == (13_000, 14_000, 3)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits", "jpeg", "group4"])
def test_what_libtiff_says_stays_off_the_terminal(compression: str, capfd: pytest.CaptureFixture[str]) -> None:
    buffer = io.BytesIO()
    picture = PillowImage.fromarray(PHOTO)
    (picture.convert("1") if compression == "group4" else picture).save(buffer, "TIFF", compression=compression)
    whole = buffer.getvalue()
    for at in range(8, len(whole), max(1, len(whole) // 60)):
        damaged = bytearray(whole)
        damaged[at : at + 3] = b"\x93\xa7\x11"
        with contextlib.suppress(BadDataError):
            decode_rgb(bytes(damaged), "x", 1_000_000)
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"

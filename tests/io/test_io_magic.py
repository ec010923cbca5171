"""What is no picture is called what it is, whatever its name says."""

from __future__ import annotations

import gzip
import io
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.io.folders import list_folder
from natocc.io.images import decode_rgb, read_mask, read_rgb
from natocc.io.magic import describe, describe_file, picture_format
from natocc.io.paths import SUFFIXES, without_suffix
from natocc.occluders.coco.instances import read_instances

PHOTO = np.dstack([*np.meshgrid(np.arange(0, 128, 2), np.arange(0, 96, 2)), np.full((48, 64), 99)]).astype(np.uint8)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d" * 32 + b"\nsize 48211\n"


def _saved(format_name: str, mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    PillowImage.fromarray(PHOTO).convert(mode).save(buffer, format_name, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a.jpg", b"x")
    return buffer.getvalue()


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        file.addfile(tarfile.TarInfo("a.jpg"))
    return buffer.getvalue()


def _array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, PHOTO)
    return buffer.getvalue()


def _box(brand: bytes, *others: bytes) -> bytes:
    body = brand + bytes(4) + b"".join(others)
    return (len(body) + 8).to_bytes(4, "big") + b"ftyp" + body + b"\0\0\0\x08mdat" + bytes(100)


NO_PICTURES = {
    "Git LFS pointer: run git lfs pull": POINTER,
    "git-annex pointer: run git annex get": b"/annex/objects/SHA256E-s48211--4d7a2146.jpg\n",
    "git-annex": b"../../.git/annex/objects/8J/9x/SHA256E-s1--4d/SHA256E-s1--4d.jpg",
    "HTML page": b"<!DOCTYPE html>\n<html><head><title>404</title>",
    "HTML": b"\xef\xbb\xbf  \r\n<HTML lang=en>",
    "HTML page,": "<!-- saved --><html>".encode("utf-16"),
    "XML": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg">',
    "JSON, which begins": b'{"message": "API rate limit exceeded"}',
    "a text, which begins 'Access denied'": b"Access denied\n",
    "a text, which begins 'Zugriff": "Zugriff verweigert für ä".encode()[:-1],
    "a text, which begins 'BM": b"BM is how this text begins",
    "data URL": b"data:image/png;base64,iVBORw0KGgo=",
    "GIF": _saved("GIF", "P"),
    "PDF": _saved("PDF"),
    "PSD": b"8BPS\0\1" + bytes(30),
    "ZIP": _zip(),
    "gzip": gzip.compress(_saved("PNG")),
    "tar": _tar(),
    "NumPy": _array(),
    "icon": _saved("ICO"),
    "JPEG 2000": _saved("JPEG2000"),
    "DDS": _saved("DDS"),
    "Netpbm": _saved("PPM"),
    "JPEG XL": b"\xff\x0a" + bytes(30),
    "MP4 video": _box(b"isom", b"iso2", b"mp41"),
    "MP4": _box(b"mp42", b"isom"),
    "QuickTime": _box(b"qt  "),
    "QuickTime video": b"\0\0\0\x08wide\0\0\1\0mdat" + bytes(50),
    "raw photograph": _box(b"crx ", b"isom"),
    "Matroska": b"\x1a\x45\xdf\xa3" + bytes(20),
    "AVI": b"RIFF\0\0\0\0AVI LIST",
    "zeros": bytes(5000),
    "AppleDouble": b"\0\5\x16\7\0\2\0\0Mac OS X        ",
}


@pytest.mark.parametrize("what", NO_PICTURES)
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_what_is_no_picture_is_called_what_it_is(tmp_path: Path, what: str, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(NO_PICTURES[what])
    for read in (read_rgb, read_mask):
        with pytest.raises(BadDataError) as caught:
            read(path)
        assert caught.value.reason == Reason.UNREADABLE_IMAGE
        assert what in caught.value.detail
        assert str(path) in caught.value.detail


@pytest.mark.parametrize(
    "what", [what for what in NO_PICTURES if what not in ("JSON, which begins", "PSD") and "a text" not in what]
)
def test_a_json_file_that_is_none_is_called_so_too(tmp_path: Path, what: str) -> None:
    path = tmp_path / "instances.json"
    path.write_bytes(NO_PICTURES[what])
    with pytest.raises(UsageError, match="not a readable JSON file") as caught:
        read_instances(path)
    assert what in str(caught.value)


def test_json_that_is_damaged_is_json(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"images": [')
    (tmp_path / "b.json").write_bytes(_saved("PNG"))
    assert describe_file(tmp_path / "a.json") is None
    assert describe_file(tmp_path / "missing.json") is None
    assert describe_file(tmp_path / "b.json") == "a PNG picture"
    with pytest.raises(UsageError, match=r"not a readable JSON file: .*(end|Expecting|expecting)"):
        read_instances(tmp_path / "a.json")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "AVIF"])
def test_pictures_are_told_by_content(tmp_path: Path, format_name: str, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(_saved(format_name))
    assert picture_format(path.read_bytes()) == format_name
    assert np.abs(read_rgb(path)[0].astype(int) - PHOTO).mean() < 6
    assert list(list_folder(tmp_path, SUFFIXES).names) == [path.name]
    assert without_suffix(path.name.upper()) == "A"


def test_brands_of_containers() -> None:
    assert picture_format(_box(b"mif1", b"avif")) == "AVIF"
    assert picture_format(_box(b"mif1", b"heic")) == "HEIF"
    assert picture_format(_box(b"heix", b"mif1")) == "HEIF"
    assert picture_format(_box(b"mp42", b"isom")) is None
    for brand in (b"avis", b"msf1", b"hevc"):
        with pytest.raises(BadDataError, match=r"animated|HEIC"):
            decode_rgb(_box(brand, b"avif" if brand == b"avis" else b"heic"), "x")


def test_heic_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    for name, named in (("a.jpg", r"a\.jpg: HEIC named \.jpg"), ("a.HEIC", r"a\.HEIC: HEIC"), ("a", "a: HEIC")):
        with pytest.raises(BadDataError, match=rf"{named}; to read it: pip install 'natocc\[heic\]'") as caught:
            decode_rgb(_box(b"heic", b"mif1"), name)
        assert caught.value.reason == Reason.UNSUPPORTED_IMAGE


def test_heic_is_read_where_its_extra_is_installed() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    registered = set(PillowImage.OPEN)
    exif = PillowImage.Exif()
    exif[0x0112] = 6

    def encoded(*frames: np.ndarray, **options: object) -> bytes:
        buffer = io.BytesIO()
        file = pillow_heif.HeifFile()
        for frame in frames:
            file.add_frombytes("RGB", frame.shape[1::-1], frame.tobytes())
        file.save(buffer, quality=95, **options)
        return buffer.getvalue()

    assert np.abs(decode_rgb(encoded(PHOTO), "a.jpg").astype(int) - PHOTO).mean() < 4
    assert np.abs(decode_rgb(encoded(PHOTO, PHOTO[::-1].copy()), "a.jpg").astype(int) - PHOTO).mean() < 4
    turned = decode_rgb(encoded(PHOTO, exif=exif.tobytes()), "a.heic").astype(int)
    assert np.abs(turned - np.rot90(PHOTO, -1)).mean() < 4
    for data in (encoded(PHOTO)[:300], encoded(PHOTO)[:-40]):
        with pytest.raises(BadDataError):
            decode_rgb(data, "a.heic")
    assert set(PillowImage.OPEN) == registered  # nothing is changed for the rest of the process


@given(st.binary(max_size=400))
def test_whatever_the_bytes(data: bytes) -> None:
    what = describe(data)
    assert what is None or what.isprintable() or "'" in what
    picture_format(data)

"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

from pathlib import Path

from natocc.io.files import open_file

_FORMATS: tuple[tuple[str, int, bytes], ...] = (
    ("JPEG", 0, b"\xff\xd8\xff"),
    ("PNG", 0, b"\x89PNG\r\n\x1a\n"),
    ("WEBP", 8, b"WEBP"),
    ("BMP", 0, b"BM"),
    *(("TIFF", 0, magic) for magic in (b"II*\0", b"MM\0*", b"II\0*", b"MM*\0", b"II+\0", b"MM\0+")),
)
"""Pictures that natocc reads: name of the format, place and bytes."""

_OTHERS: tuple[tuple[str, int, bytes], ...] = (
    ("a Git LFS pointer: run git lfs pull", 0, b"version https://git-lfs"),
    ("a Git LFS pointer: run git lfs pull", 0, b"version https://hawser"),
    ("a git-annex pointer: run git annex get", 0, b"/annex/objects/"),
    ("a GIF: convert it to PNG", 0, b"GIF8"),
    ("a PDF document", 0, b"%PDF-"),
    ("a PostScript document", 0, b"%!PS"),
    ("a Photoshop document (PSD): export it as PNG", 0, b"8BPS"),
    ("a GIMP document (XCF): export it as PNG", 0, b"gimp xcf"),
    ("JPEG XL: convert it to PNG or JPEG", 0, b"\xff\x0a"),
    ("JPEG XL: convert it to PNG or JPEG", 0, b"\0\0\0\x0cJXL "),
    ("JPEG 2000: convert it to PNG or JPEG", 0, b"\0\0\0\x0cjP  "),
    ("JPEG 2000: convert it to PNG or JPEG", 0, b"\xff\x4f\xff\x51"),
    ("JPEG XR: convert it to PNG or JPEG", 0, b"II\xbc"),
    ("a raw photograph: convert it to PNG or JPEG", 0, b"FUJIFILMCCD-RAW"),
    ("a raw photograph: convert it to PNG or JPEG", 0, b"IIRO"),
    ("OpenEXR: convert it to 8-bit sRGB", 0, b"\x76\x2f\x31\x01"),
    ("a Radiance HDR picture: convert it to 8-bit sRGB", 0, b"#?RADIANCE"),
    ("a DDS texture: convert it to PNG", 0, b"DDS "),
    ("an icon: convert it to PNG", 0, b"\0\0\1\0"),
    ("an icon: convert it to PNG", 0, b"icns"),
    *(("a Netpbm picture: convert it to PNG", 0, b"P%d\n" % kind) for kind in range(1, 8)),
    ("an AVI video", 8, b"AVI "),
    ("a WAV recording", 8, b"WAVE"),
    ("a Matroska or WebM video", 0, b"\x1a\x45\xdf\xa3"),
    ("an MPEG video", 0, b"\0\0\1\xba"),
    ("a Flash video", 0, b"FLV\1"),
    ("an MP3 recording", 0, b"ID3"),
    ("a ZIP archive: unpack it", 0, b"PK\3\4"),
    ("a gzip archive: unpack it", 0, b"\x1f\x8b"),
    ("a bzip2 archive: unpack it", 0, b"BZh"),
    ("an XZ archive: unpack it", 0, b"\xfd7zXZ\0"),
    ("a Zstandard archive: unpack it", 0, b"\x28\xb5\x2f\xfd"),
    ("a 7-Zip archive: unpack it", 0, b"7z\xbc\xaf\x27\x1c"),
    ("a RAR archive: unpack it", 0, b"Rar!"),
    ("a tar archive: unpack it", 257, b"ustar"),
    ("a NumPy array", 0, b"\x93NUMPY"),
    ("an HDF5 file", 0, b"\x89HDF"),
    ("a MATLAB file", 0, b"MATLAB"),
    ("a Parquet file", 0, b"PAR1"),
    ("a SQLite database", 0, b"SQLite format 3"),
    ("what macOS keeps beside a file (AppleDouble)", 0, b"\0\5\x16\7"),
)  # fmt: skip
_HTML = "an HTML page, as servers send it in place of a file"
_MARKUP = (
    ("<!doctype html", _HTML),
    ("<head", _HTML),
    ("<svg", "an SVG drawing: convert it to PNG"),
    ("<?xml", "an XML text"),
    ("data:", "a data URL: decode it"),
)
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1")
_SEQUENCES = (b"avis", b"hevc", b"hevx", b"hevm", b"hevs", b"msf1")
_CONTAINERS = {b"qt  ": "a QuickTime video", b"crx ": "a raw photograph: convert it to PNG or JPEG", b"M4A ": "a recording"}
_SHOWN = 40  # characters of a text


def picture_format(data: bytes) -> str | None:
    """Name of the format of a picture: JPEG, PNG, WEBP, BMP, TIFF, AVIF or HEIF; none of anything else.

    Examples
    --------
    >>> picture_format(b"BM......")
    'BMP'
    """
    brands = _brands(data)
    if b"avif" in brands or b"avis" in brands[:1]:
        return "AVIF"
    if brands[:1] and brands[0] in _HEIF:
        return "HEIF"
    return next((name for name, at, magic in _FORMATS if data.startswith(magic, at)), None)


def is_sequence(data: bytes) -> bool:
    """Whether an AVIF or HEIF file is first of all a sequence of pictures."""
    return any(brand in _SEQUENCES for brand in _brands(data)[:1])


def describe(data: bytes) -> str | None:
    """What a file is that is no picture which natocc reads, and what to do about it; none where that is not known.

    Parameters
    ----------
    data : bytes
        All of it, or its first kilobyte.

    Examples
    --------
    >>> describe(b"version https://git-lfs.github.com/spec/v1")
    'a Git LFS pointer: run git lfs pull'
    """
    head = data[:1024]
    if picture_format(data) not in (None, "BMP"):  # two letters, with which texts begin, too
        return None
    if brands := _brands(data):
        return _CONTAINERS.get(brands[0], "an MP4 video")
    if head and not head.strip(b"\0"):
        return "nothing but zeros, as an interrupted download or copy leaves it"
    return next((what for what, at, magic in _OTHERS if head.startswith(magic, at)), None) or _markup(head) or _text(head)


def describe_file(path: Path) -> str | None:
    """What a file is that should have been a text, such as JSON, by its first kilobyte; none where it is one, or not readable.

    For messages: a Git LFS pointer or a web page is no text that somebody wrote wrongly.
    """
    try:
        with open_file(path) as file:
            head = file.read(1024)
    except OSError:
        return None
    known = f"a {name} picture" if (name := picture_format(head)) else describe(head)
    return None if known is not None and known == _text(head) else known


def _brands(data: bytes) -> list[bytes]:
    """Brands of a file in ISO's container, the major one first; none of another file."""
    if data[4:8] != b"ftyp":
        return [b"qt  "] if data[4:8] in (b"moov", b"mdat", b"wide", b"free") else []
    end = min(int.from_bytes(data[:4], "big"), 256)
    return [data[8:12], *(data[at : at + 4] for at in range(16, end, 4))]


def _decoded(head: bytes) -> str | None:
    """The text that a file begins with; none if it is no text."""
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = head.decode(encoding, "replace").rstrip("\ufffd").strip()  # the last character may be cut
    plain = "\ufffd" not in text and all(character.isprintable() or character.isspace() for character in text)
    return text if text and plain else None


def _markup(head: bytes) -> str | None:
    text = (_decoded(head) or "").lower()
    if text.startswith("<") and "<html" in text:
        return _HTML
    if text.startswith(".") and ".git/annex/objects/" in text:  # a link that was checked out as a file
        return "a git-annex pointer: run git annex get"
    return next((what for start, what in _MARKUP if text.startswith(start)), None)


def _text(head: bytes) -> str | None:
    if (text := _decoded(head)) is None:
        return None
    return f"{'JSON' if text[0] in '{[' else 'a text'}, which begins {' '.join(text.split())[:_SHOWN]!r}"

"""Pictures opened: told by their bytes, their headers checked before anything is decoded, no warning on the terminal."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import logging
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import cast

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL import Image as PillowImage

from natocc.core.errors import BadDataError, Reason
from natocc.io import magic, metadata

MAX_PIXELS = 64_000_000
MOST_PIXELS = 1_000_000_000
"""The largest limit that may be set, and the one for what natocc wrote itself."""

# What Pillow raises on damaged files, beyond OSError and its own UnidentifiedImageError (an OSError).
_DECODER_ERRORS = (
    OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip

_MOST_SCANNED = 100 * MAX_PIXELS
"""Pixels times scans of a progressive JPEG; ten scans are usual, and a scan of nothing but repetition takes 50 bytes."""
_TILE_WIDTH, _TILE_LENGTH = 322, 323  # TIFF tags
_LOSSY = ("JPEG", "AVIF", "HEIF")


class _Avif(AvifImagePlugin.AvifImageFile):
    """An AVIF whose EXIF is damaged is opened as if it had none; its own turn (irot, imir) is kept."""

    def _open(self) -> None:
        try:
            super()._open()
        except _DECODER_ERRORS:
            assert self.fp is not None
            self.fp.seek(0)
            self.fp = io.BytesIO(self.fp.read().replace(b"Exif", b"skip"))  # an item of a type that nobody asks for
            super()._open()


class _Tiff(TiffImagePlugin.TiffImageFile):
    """Pillow turns a TIFF as it loads it, by XMP too, and stumbles over damaged EXIF: here it comes as it is stored."""

    def load_end(self) -> None:
        self._size = self._tile_size


_DECODERS: Mapping[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,  # and not Pillow's MPO: further pictures in a file are not looked at
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": _Tiff,
    "AVIF": _Avif,
}
"""Asked directly, not by ``PIL.Image.open``: its limit on pixels is the whole process's, and it warns from 89 million on."""
PICTURE_FORMATS = tuple(_DECODERS)


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """A picture with its header read and found acceptable, its pixels not yet decoded.

    Parameters
    ----------
    pillow : PIL.ImageFile.ImageFile
        Opened.
    data : bytes
        What it was opened from.
    name : str
        For messages.
    orientation : int
        As EXIF's own tag has it, 1 to 8.
    """

    pillow: ImageFile.ImageFile
    data: bytes
    name: str
    orientation: int

    @property
    def lossy(self) -> bool:
        """Whether the values of its pixels are only near to what its owner saved."""
        return self.pillow.format in _LOSSY or (self.pillow.format == "WEBP" and b"VP8 " in self.data[12:4096])

    def load(self) -> PillowImage.Image:
        """Its pixels, decoded."""
        with _without_stderr() if isinstance(self.pillow, _Tiff) else contextlib.nullcontext():
            self.pillow.load()
        for key in [key for key, value in self.pillow.info.items() if isinstance(value, str)]:
            del self.pillow.info[key]  # a text chunk of a PNG can be called "transparency" or "icc_profile"
        return self.pillow


class _Quiet:
    """While any thread decodes, what Pillow warns of is kept from the terminal: the pixels decide, or the error does.

    The filters of the process are changed once, by the first thread, and put back by the last: catch_warnings of each thread's
    own would put back each other's.
    """

    def __init__(self) -> None:
        self._lock, self._inside, self._filters = threading.Lock(), 0, warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.|pillow_heif")
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._filters.__exit__(None, None, None)


_QUIET = _Quiet()
logging.getLogger("PIL").addHandler(logging.NullHandler())  # what it logs goes to those who listen, not to the terminal
_STDERR = threading.Lock()


@contextlib.contextmanager
def _without_stderr() -> Iterator[None]:
    """Nothing is written to the terminal meanwhile: libtiff says there what is wrong, and Pillow says it, too."""
    with _STDERR, contextlib.ExitStack() as undo:
        with contextlib.suppress(OSError):  # there is no stderr
            kept = os.dup(2)
            undo.callback(os.close, kept)
            undo.callback(os.dup2, kept, 2)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            undo.callback(os.close, nowhere)
            os.dup2(nowhere, 2)
        yield


@contextlib.contextmanager
def decoding(name: str) -> Iterator[None]:
    """Whatever goes wrong in a decoder is the fault of the file `name`: ``unreadable-image``; its warnings are not shown."""
    try:
        with _QUIET:
            yield
    except PillowImage.DecompressionBombError as error:
        raise BadDataError(Reason.TOO_MANY_PIXELS, f"{name}: {error}") from None
    except _DECODER_ERRORS as error:
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: {' '.join(str(error).split())}") from None


def open_picture(data: bytes, name: str, max_pixels: int) -> Picture:
    """A picture whose header is acceptable; `name` is for messages.

    Raises
    ------
    BadDataError
        If the header is damaged, claims too much, or is of an animation, or of something that is no picture.
    """
    format_name = magic.picture_format(data)
    decoder = _heif_decoder(name) if format_name == "HEIF" else _DECODERS.get(format_name or "")
    formats = "/".join(PICTURE_FORMATS)
    if decoder is None:
        what = magic.describe(data) or f"not a {formats} picture, or damaged"
        raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: {what}")
    if magic.is_sequence(data):
        raise BadDataError(Reason.UNSUPPORTED_IMAGE, f"{name}: animated, a sequence of pictures")
    with decoding(name):
        try:
            pillow = decoder(io.BytesIO(data))
        except _DECODER_ERRORS as error:
            what = magic.describe(data) or f"not a {formats} picture, or damaged ({error})"
            raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: {what}") from None
        if pillow.format == "PNG" and b"IEND" not in data:  # Pillow is content once it has the last row
            raise BadDataError(Reason.UNREADABLE_IMAGE, f"{name}: cut short (no IEND chunk)")
        # A TIFF is decoded tile by tile, and its tiles may claim to be larger than the picture.
        width, height = max((pillow.size, _tile_size(pillow)), key=lambda size: size[0] * size[1])
        if width * height > max_pixels:
            raise BadDataError(
                Reason.TOO_MANY_PIXELS,
                f"{name}: {width} x {height} pixels, the limit is {max_pixels}; reduce the picture, or raise max_pixels",
            )
        most_scans = _MOST_SCANNED // max(width * height, 1)
        # Bytes that could begin a scan are counted first, in a hundredth of the time of a walk from marker to marker.
        many = pillow.format == "JPEG" and data.count(metadata.SCAN) > most_scans
        if many and metadata.count_scans(data, most_scans) > most_scans:
            raise BadDataError(Reason.TOO_MANY_PIXELS, f"{name}: more than {most_scans} scans of {width} x {height} pixels")
        # Whether there are more frames, not how many: counting the pages of a TIFF can take forever.
        if pillow.format != "HEIF" and getattr(pillow, "is_animated", False):
            raise BadDataError(Reason.UNSUPPORTED_IMAGE, f"{name}: animated or multi-page")
        return Picture(pillow, data, name, _orientation(pillow, data))


def _orientation(pillow: ImageFile.ImageFile, data: bytes) -> int:
    """By EXIF's own tag alone: what XMP or a text says has turned pictures and not their masks."""
    if isinstance(pillow, _Tiff):
        value = pillow.tag_v2.get(ExifTags.Base.Orientation)
        return value if isinstance(value, int) and 1 <= value <= 8 else 1
    if pillow.format == "PNG":  # where a text can be called "exif"
        return metadata.orientation(metadata.png_chunks(data, (b"eXIf",)).get(b"eXIf", b""))
    return metadata.orientation(pillow.info.get("exif") or b"")


def _tile_size(pillow: ImageFile.ImageFile) -> tuple[int, int]:
    """Width and height of the tiles of a TIFF; nothing of other pictures."""
    tags = pillow.tag_v2 if isinstance(pillow, _Tiff) else {}
    return int(tags.get(_TILE_WIDTH, 0)), int(tags.get(_TILE_LENGTH, 0))


def _heif_decoder(name: str) -> type[ImageFile.ImageFile]:
    """That of an optional library, asked for when such a file turns up."""
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        suffix = PurePath(name).suffix
        named = f" named {suffix}" if suffix and suffix.lower() not in (".heic", ".heif") else ""
        raise BadDataError(Reason.UNSUPPORTED_IMAGE, f"{name}: HEIC{named}; to read it: pip install 'natocc[heic]'") from None
    return cast("type[ImageFile.ImageFile]", HeifImageFile)

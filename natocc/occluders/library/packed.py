"""The pixels of a cutout as a library keeps them: unpacked in a fifth of the time that a PNG takes, and about as small."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np

from natocc.core.samples import Image, Matte
from natocc.io import metadata
from natocc.io.images import encode_png

_CODEC = "zstd"
_CHUNK = b"naTO"  # by the cases of its letters one that is nobody else's, and that may be left out
_END = 12  # bytes of the last chunk of a PNG
_SHOWN = 48  # px


def pack(foreground: Image, matte: Matte) -> bytes:
    """(h, w, 3) and (h, w) uint8 as a small PNG that shows them to people, with their pixels in a chunk of its own.

    That holds one zstd frame of four planes: red minus green, green, blue minus green, coverage. Colours are much alike in all
    three, so that their differences take a fifth less than they do themselves.
    """
    import pyarrow

    red, green, blue = cv2.split(foreground)
    frame: bytes = pyarrow.compress(np.stack([red - green, green, blue - green, matte]), _CODEC, asbytes=True)
    shown = encode_png(reduced(np.dstack([foreground, matte]), _SHOWN))
    own = struct.pack(">I", len(frame)) + _CHUNK + frame + struct.pack(">I", zlib.crc32(_CHUNK + frame))
    return shown[:-_END] + own + shown[-_END:]


def unpack(packed: bytes, width: int, height: int) -> tuple[Image, Matte]:
    """Foreground and matte, bit for bit; raises KeyError or OSError if `packed` does not hold that many pixels."""
    import pyarrow

    frame = pyarrow.decompress(metadata.png_chunks(packed, (_CHUNK,))[_CHUNK], 4 * height * width, _CODEC)
    red, green, blue, matte = np.frombuffer(frame, np.uint8).reshape(4, height, width)
    return np.asarray(cv2.merge((red + green, green, blue + green)), dtype=np.uint8), matte


def reduced(rgba: Image, longest: int) -> Image:
    """A picture whose longer side is `longest` px or less."""
    height, width = rgba.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return rgba
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgba, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

"""The floor: with the same codecs, read a face and its mask, write a picture and a mask."""

from __future__ import annotations

import time
from pathlib import Path

from natocc.core.samples import Image, Mask
from natocc.io.images import encode_jpeg, encode_png, read_labels, read_rgb

_QUALITY = 95


class Floor:
    """Measures it, on the files of one sample after another.

    Parameters
    ----------
    out : Path
        Where to write.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        out.mkdir(parents=True, exist_ok=True)

    def measure(self, face: Path, mask: Path, image: Image, modal: Mask) -> float:
        """CPU seconds.

        Parameters
        ----------
        face, mask : Path
            What the sample was made from.
        image, modal : (H, W, 3) uint8 and (H, W) uint8
            What was made.
        """
        begin = time.process_time()
        read_rgb(face)
        read_labels(mask)
        (self._out / "image.jpg").write_bytes(encode_jpeg(image, _QUALITY))
        (self._out / "mask.png").write_bytes(encode_png(modal))
        return time.process_time() - begin

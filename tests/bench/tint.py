"""How well objects take on a picture's tint: against themselves in the same known tint. Prints a table of README.md.

python tests/bench/tint.py        (the data: NATOCC_TEST_DATA, else ../shared/data; about two minutes)
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from measure_natural import material
from measure_tint.tints import TINTS

from natocc.compose.appearance import Photo
from natocc.compose.colour_spaces import to_lab
from natocc.compose.light_colour import shift_to_light
from natocc.core.samples import MATTE_THRESHOLD, AlignedFace, Mask, Origin
from natocc.io.images import read_rgb

FACES = 48
STRENGTH = 0.15  # the middle of the default range
SKIN = (1, 2)
FACE = range(1, 13)


def main() -> None:
    """Print the table."""
    cv2.setNumThreads(1)
    data = Path(os.environ.get("NATOCC_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
    objects = [occluder.cutout for occluder in material.objects(data, FACES)]
    photos = list(faces(data / "celebamask512", FACES))
    print(f"{len(photos)} pairs: mean CIELAB distance of an object to itself in the same tint, and of a and b alone")
    print("| tint | left as it is | shifted | 90 % | a and b alone | ms |\n|---|---|---|---|---|---|")
    for name, tint in TINTS.items():
        before, after, hue, seconds = [], [], [], []
        for face, cutout in zip(photos, objects, strict=True):
            photo = Photo(dataclasses.replace(face, image=tint(face.image)), SKIN)
            start = time.perf_counter()
            shifted = shift_to_light(cutout.foreground, cutout.matte, photo, STRENGTH)
            seconds.append(time.perf_counter() - start)
            inside = cutout.matte >= MATTE_THRESHOLD
            truth, plain, now = (to_lab(picture)[inside] for picture in (tint(cutout.foreground), cutout.foreground, shifted))
            before.append(np.linalg.norm(plain - truth, axis=1).mean())
            after.append(np.linalg.norm(now - truth, axis=1).mean())
            hue.append(np.linalg.norm((now - truth)[:, 1:], axis=1).mean())
        print(f"| {name} | {np.mean(before):.1f} | {np.mean(after):.1f} | {np.quantile(after, 0.9):.1f} |", end="")
        print(f" {np.mean(hue):.1f} | {1000 * np.median(seconds):.1f} |", flush=True)


def faces(root: Path, count: int) -> Iterator[AlignedFace]:
    """Faces that nothing covers, evenly taken from the list."""
    names = [line for line in (root / "clean.txt").read_text().split() if line.isdigit()]
    for name in names[:: len(names) // count][:count]:
        image, parts = read_rgb(next((root / "images").glob(f"{name}.*")))[0], _labels(root / "labels" / f"{name}.png")
        mask = np.isin(parts, list(FACE)).astype(np.uint8)
        yield AlignedFace(image, mask, parts, None, Origin("face", name, "", None), np.eye(2, 3), None, False)


def _labels(path: Path) -> Mask:
    labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return np.asarray(labels if labels.ndim == 2 else labels[..., 0], np.uint8)


if __name__ == "__main__":
    main()

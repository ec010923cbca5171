"""How natural composites are: colours, fringes, labels, coverage, wrists, seams. Prints the tables of README.md.

python tests/bench/natural.py        (the data: NATOCC_TEST_DATA, else ../shared/data; about 15 minutes)
python tests/bench/natural.py --only real        (the rows against photographs of real occluders alone)
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import cv2
import numpy as np
from measure_natural import against_real, fringe, material, placing, seams, transport, ways

from natocc.compose.appearance import Photo
from natocc.compose.blend import alpha_over
from natocc.compose.warp import warp_cutout
from natocc.core.errors import BadDataError
from natocc.core.samples import Cutout, Origin
from natocc.core.seeds import generator
from natocc.occluders.cutting.matting import estimate_foreground

SIDE = 512
PAIRS = 33
SAMPLES = 500
OBJECTS = 66  # of each kind, for the seams


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=["real"], help="Only the rows against photographs of real occluders.")
    parser.add_argument("--cache", type=Path, help="Keep the cutouts there, which take minutes to make.")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    data = Path(os.environ.get("NATOCC_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
    with tempfile.TemporaryDirectory() as temporary:
        cache = options.cache or Path(temporary)
        if options.only is None:
            _by_themselves(data, cache)
        against_real.print_rows(data, cache)


def _by_themselves(data: Path, cache: Path) -> None:
    faces = material.photos(data, cache, SIDE)
    hands, objects = material.hands(data, OBJECTS), material.objects(data, OBJECTS)
    _colours(faces, hands)
    _fringes()
    _placement(faces, hands, objects)
    _seams(data, faces, [*hands, *objects])


def _colours(faces: list[Photo], hands: list[material.Occluder]) -> None:
    pairs = [(hand.cutout, photo) for hand, photo in zip(hands[:PAIRS], faces, strict=False)]
    measured = list(transport.measure(pairs))
    print(f"\n{len(measured)} hands on {SIDE} px faces, colours against the skin's (sliced Wasserstein distance, CIELAB)")
    print("| transfer | distance, mean | worst | gradients kept, mean | worst | ms |\n|---|---|---|---|---|---|")
    for index, each in enumerate(measured[0]):
        rows = [pair[index] for pair in measured]
        distance, kept = np.array([row.distance for row in rows]), np.array([row.correlation for row in rows])
        took = 1000 * float(np.median([row.seconds for row in rows]))
        print(
            f"| {each.transfer} | {distance.mean():.2f} | {distance.max():.2f} | {kept.mean():.3f} | {kept.min():.3f} |", end=""
        )
        print(f" {took:.0f} |")


def _fringes() -> None:
    print("\ncutouts whose true foreground is known, over a second background, against the truth along the edge (levels)")
    print("| shape | placement | mean | 99 % |\n|---|---|---|---|")
    for error in fringe.measure(_cut_and_laid):
        print(f"| {error.shape} | {error.placement} | {error.mean:.2f} | {error.percentile_99:.1f} |")


def _cut_and_laid(picture: material.Image, matte: material.Mask, behind: material.Image, affine: fringe.Float) -> material.Image:
    cutout = Cutout(estimate_foreground(picture, matte), matte, "shape", Origin("rendered", "shape", "", None))
    layer = warp_cutout(cutout, affine, matte.shape)
    assert layer is not None
    composite = behind.copy()
    alpha = layer.matte.astype(np.float32) / 255
    composite[layer.window] = alpha_over(behind[layer.window], layer.foreground, alpha)
    return composite


def _placement(faces: list[Photo], hands: list[material.Occluder], objects: list[material.Occluder]) -> None:
    small = [Photo(photo.face) for photo in faces]
    for name, occluders in (("hands", hands), ("objects", objects)):
        found = placing.coverage(small, occluders, SAMPLES)
        print(
            f"\n{name}, asked for {placing.RANGE[0]}-{placing.RANGE[1]} of the face, uniform: {found.made} of {SAMPLES} made,",
            end=" ",
        )
        print(f"{found.outside} outside, largest error {found.error:.4f}, Kolmogorov-Smirnov p {found.p:.2f};", end=" ")
        print(f"{found.wrong_labels} label pixels that the matte contradicts")
    print(
        f"hands whose cut wrist shows on or next to the face: the paper's rule {placing.cuts(small, hands, False):.0%},", end=" "
    )
    print(f"reach {placing.cuts(small, hands, True):.0%}")


def _seams(data: Path, faces: list[Photo], occluders: list[material.Occluder]) -> None:
    print("\nboundaries told from edges elsewhere on the picture by a classifier of local statistics, held-out AUC")
    print("| | AUC | strips |\n|---|---|---|")
    for way in ways.WAYS:
        strips = []
        for index, occluder in enumerate(occluders):
            try:
                image, matte = ways.composite(way, faces[index % len(faces)], occluder, index)
            except BadDataError:
                continue
            strips.append(seams.strips(matte, image, generator(index, "seam")))
        _row(way, strips)
    untouched = material.untouched(data, 2 * OBJECTS)
    _row(
        "objects where they really were", [seams.strips(m, image, generator(i, "seam")) for i, (image, m) in enumerate(untouched)]
    )


def _row(name: str, strips: list[seams.Points]) -> None:
    used = [each for each in strips if len(each)]
    labels = np.concatenate([np.repeat([1, 0], len(each) // 2) for each in used])
    groups = np.concatenate([np.full(len(each), index) for index, each in enumerate(used)])
    print(f"| {name} | {seams.auc(np.concatenate(used), labels, groups):.3f} | {len(labels)} |", flush=True)


if __name__ == "__main__":
    main()

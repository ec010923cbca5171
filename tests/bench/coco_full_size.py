"""COCO at the size of train2017: 860 000 annotations of 118 000 pictures, made from real ones; seconds and memory of each start.

    python tests/bench/coco_full_size.py [--annotations 860000] [--json FILE]

The first start reads the annotations once and keeps an index. The later ones open it; the last one opens a library of as many
cutouts, as every build does once they are extracted. The data: NATOCC_TEST_DATA, else ../shared/data.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PICTURES_A_THOUSAND = 137  # annotations, as in train2017: 118 287 pictures of 860 001 annotations

START = """
import json, pathlib, sys, time
begin = time.perf_counter()
from natocc.occluders.coco.source import CocoOccluders
data, cache, what = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
options = CocoOccluders(categories=("all",))
imported = time.perf_counter()
if what == "library":
    import numpy
    from natocc.occluders.library.library import Library
    opened = Library(cache / "library")
    drawn = [opened.draw(numpy.random.default_rng(seed)) for seed in range(100)]
    count = len(opened)
else:
    pictures = options.pictures(options.files(data), cache)
    count = sum(len(rows) for file in pictures.files for rows in file.groups)
    found = next(iter(pictures[len(pictures) // 2].objects()), None)
done = time.perf_counter()
peak = int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
print(json.dumps({"seconds": done - imported, "seconds_with_imports": done - begin, "peak_mb": peak, "objects": count}))
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annotations", type=int, default=860_000)
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    parser.add_argument("--keep", type=Path, help="folder for the generated file; a temporary one unless told")
    told = parser.parse_args()
    source = Path(os.environ.get("NATOCC_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data") / "coco"
    with tempfile.TemporaryDirectory() as temporary:
        base = told.keep or Path(temporary)
        path = base / "coco" / "annotations" / "instances_train2017.json"
        if not path.exists():
            write_instances(source, path, told.annotations)
        write_library(base / "cache" / "library", told.annotations)
        starts = {"first": "index", "later": "index", "library": "library"}
        figures = {name: _start(base, base / "cache", what) for name, what in starts.items()}
        megabytes = path.stat().st_size / 1e6
    print(f"{told.annotations} annotations, {megabytes:.0f} MB")
    print(f"{'start':10} {'objects':>9} {'seconds':>8} {'with imports':>13} {'peak MB':>8}")
    for name, each in figures.items():
        row = f"{each['seconds']:8.2f} {each['seconds_with_imports']:13.2f} {each['peak_mb']:8.0f}"
        print(f"{name:10} {each['objects']:9.0f} {row}")
    if told.json:
        found = {"annotations": told.annotations, "file_mb": round(megabytes), "starts": figures}
        told.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def write_instances(source: Path, path: Path, count: int) -> None:
    """An ``instances`` file of `count` annotations: the real ones again and again, their corners moved by up to a pixel."""
    real = [json.loads(file.read_text(encoding="utf-8")) for file in sorted((source / "annotations").glob("instances_*.json"))]
    pictures = {image["id"]: image for each in real for image in each["images"]}
    annotations = [annotation for each in real for annotation in each["annotations"]]
    names = [file.relative_to(source) for file in sorted(source.glob("*2017/*.jpg"))]
    folder = path.parents[1] / path.stem.removeprefix("instances_")
    for place in (path.parent, folder):
        place.mkdir(parents=True)
    for name in names:
        (folder / name.name).symlink_to(source / name)
    chance = random.Random(1)
    with path.open("w", encoding="ascii") as file:
        heads = {key: real[0][key] for key in ("licenses", "categories")}
        file.write(json.dumps(heads)[:-1] + ', "images": [')
        many = max(1, count * PICTURES_A_THOUSAND // 1000)
        originals = list(pictures.values())
        entries = (json.dumps({**originals[number % len(originals)], "id": number + 1}) for number in range(many))
        file.write(",\n".join(entries) + '], "annotations": [')
        for number in range(count):
            annotation = {**annotations[number % len(annotations)], "id": number + 1}
            annotation["segmentation"] = _moved(annotation["segmentation"], chance)
            annotation["image_id"] = 1 + (number * 7919) % many
            file.write((",\n" if number else "") + json.dumps(annotation))
        file.write("]}\n")


def write_library(path: Path, count: int) -> None:
    """The index of a library of `count` cutouts, seven a picture, without their files."""
    from natocc.io.sealed_json import seal
    from natocc.occluders.library.extraction import write_index

    if path.exists():
        return
    path.mkdir(parents=True)
    rows = [
        {"item": f"instances_train2017/{number:07d}", "file": f"{number // 224:05d}/{number % 224:06d}.png", "category": "cup"}
        | {"dataset": "coco", "sha256": f"{number // 7:064x}", "licence": "http://creativecommons.org/licenses/by/2.0/"}
        | {"points_to": None, "width": 100, "height": 100}
        for number in range(count)
    ]
    write_index(path / "index.arrow", rows)
    summary = {"version": 4, "name": "x", "cutouts": count, "categories": {"cup": count}, "refused": {}, "examples": {}}
    (path / "summary.json").write_text(json.dumps(seal(summary)), encoding="ascii")


def _moved(segmentation: Any, chance: random.Random) -> Any:
    if isinstance(segmentation, dict):  # run lengths, of a crowd
        return segmentation
    return [[round(max(0.0, at + chance.uniform(-1, 1)), 2) for at in polygon] for polygon in segmentation]


def _start(data: Path, cache: Path, what: str) -> dict[str, float]:
    command = [sys.executable, "-c", START, str(data), str(cache), what]
    figures: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return figures


if __name__ == "__main__":
    main()

"""What a sample costs over what reading and writing its files costs: CPU time of one core, both measured in turns.

python tests/bench/speed.py [--samples N] [--sides 1024 512 256] [--json FILE]   (data: NATOCC_TEST_DATA, else ../shared/data)

Then the training loop: natocc.Occlude on pictures in memory, held against what the same sets' samples cost without files (cutout,
plan, render), and beside it what other packages do, where they are installed; natocc needs none of them.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from measure_speed import training_loop
from measure_speed.floor import Floor
from measure_speed.stages import STAGES, Stopwatch

from natocc.dataset.layout import Layout
from natocc.executors.sample_worker import make_sample
from natocc.io.images import encode_jpeg, encode_png, read_labels, read_plane, read_rgb
from natocc.io.workspace import Workspace
from natocc.pipeline.sample import Pipeline
from natocc.recipe.model import validate_recipe
from natocc.workers.pool import WORKER_ENVIRONMENT

PAPER: Mapping[str, Any] = {"light": {"shading": 0}, "optics": {"edge": False, "sharpness": 0, "grain": 0}}
PLAIN, OBJECTS, HANDS = (1.6, 2.5, 3.5), (2.2, 3.0, 4.0), (2.8, 4.5, 7.0)
SETS: Mapping[str, tuple[tuple[float, float, float], Mapping[str, Any]]] = {
    "objects, paper": (PLAIN, {"occluders": {"source": "coco"}, "colour": {"shift": 0}, **PAPER}),
    "objects": (OBJECTS, {"occluders": {"source": "coco"}}),
    "hands SOT, paper": (HANDS, {"occluders": {"source": "hands"}, "colour": {"transfer": "sot", "shift": 0}, **PAPER}),
    "hands SOT": (HANDS, {"occluders": {"source": "hands"}, "colour": {"transfer": "sot"}}),
    "hands": (HANDS, {"occluders": {"source": "hands"}}),
    "RandOcc": (PLAIN, {"method": "randocc", "occluders": {"source": "shapes"}}),
}
"""Name to the bars at 1024, 512 and 256 px, and the set of a recipe."""
WARM = 2
MEMORY = ("cutout", "plan", "render")
"""Stages of a sample that need no file of the sample."""
LOOP_SIDES, LOOP_BAR = (512, 256), 1.5


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=40, help="samples a row")
    parser.add_argument("--sides", type=int, nargs="+", default=[1024, 512, 256], metavar="PX")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS), metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    told = parser.parse_args()
    if not os.environ.keys() >= WORKER_ENVIRONMENT.keys():  # as in a build's workers: read when a process starts
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **WORKER_ENVIRONMENT})
    data = Path(os.environ.get("NATOCC_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
    cv2.setNumThreads(1)
    rows: list[dict[str, Any]] = []
    loops: list[dict[str, Any]] = []
    print(f"CPU ms a sample, median of {told.samples}; ratio: median of each sample over its floor")
    print(
        f"{'px':>5} {'set':18} {'floor':>6} {'sample':>7} {'ratio':>6} {'bar':>5}   " + " ".join(f"{name:>8}" for name in STAGES)
    )
    with tempfile.TemporaryDirectory() as scratch:
        for side in told.sides:
            faces = _faces(data, Path(scratch) / f"faces-{side}", side)
            for name in told.sets:
                row = {"side": side, "set": name, **_measured(faces, data, Path(scratch), SETS[name][1], told.samples)}
                row["bar"] = SETS[name][0][0 if side >= 1024 else 1 if side >= 512 else 2]
                rows.append(row)
                stages = " ".join(f"{row['stages'][stage]:8.1f}" for stage in STAGES)
                told_row = f"{side:5} {name:18} {row['floor']:6.1f} {row['sample']:7.1f} {row['ratio']:6.2f} {row['bar']:5.1f}"
                print(f"{told_row}   {stages}", flush=True)
        print(f"\nimages in memory, CPU ms each and images a second on one core; ratio to {', '.join(MEMORY)} of a sample")
        for side in (side for side in LOOP_SIDES if side in told.sides):
            loops += _looped(data, Path(scratch), side, [row for row in rows if row["side"] == side], told.samples)
    if told.json:
        told.json.write_text(json.dumps({"samples": rows, "training_loop": loops}, indent=1) + "\n")


def _looped(data: Path, scratch: Path, side: int, rows: Sequence[Mapping[str, Any]], calls: int) -> Iterator[dict[str, Any]]:
    """The training loop at one side: natocc with each set, then the others with the cutouts of the last one."""
    root = scratch / f"faces-{side}"
    faces = [(read_rgb(path)[0], read_labels(root / "masks" / f"{path.stem}.png")) for path in sorted(root.glob("images/*"))]
    for row in rows:
        pipeline = _pipeline(root, data, scratch, SETS[row["set"]][1])
        ms = training_loop.cpu_ms(training_loop.occlude(pipeline, faces), calls)
        ratio = ms / row["in_memory"]
        print(f"{side:5} Occlude, {row['set']:28} {ms:7.2f} {1000 / ms:7.0f}/s {ratio:6.2f} {LOOP_BAR:5.1f}", flush=True)
        yield {"side": side, "what": f"Occlude, {row['set']}", "ms": ms, "ratio": ratio}
    for name, work in training_loop.others(pipeline, faces):
        if isinstance(work, str):
            print(f"{side:5} {name:37} left out: {' '.join(work.split())[:60]}")
        else:
            ms = training_loop.cpu_ms(work, calls)
            print(f"{side:5} {name:37} {ms:7.2f} {1000 / ms:7.0f}/s", flush=True)
            yield {"side": side, "what": name, "ms": ms}


def _measured(faces: Path, data: Path, scratch: Path, a_set: Mapping[str, Any], samples: int) -> dict[str, Any]:
    """Floor and sample in turns, each sample another face."""
    pipeline = _pipeline(faces, data, scratch, a_set)
    schedule, floor, least, stages = pipeline.schedule(samples + WARM), Floor(scratch / "floor"), [], []
    with tempfile.TemporaryDirectory(dir=scratch) as out, Stopwatch(pipeline) as watch:
        layout = Layout(Path(out), samples + WARM)
        for spec in (schedule[index] for index in range(samples + WARM)):
            spent = watch.lap(functools.partial(make_sample, pipeline, layout, spec))
            written = {path.parent.name: path for path in Path(out).rglob(f"{spec.index:09d}.*")}
            if spec.index >= WARM and "images" in written:  # a rejected one wrote nothing
                face, mask = faces / "images" / f"{spec.face}.jpg", faces / "masks" / f"{spec.face}.png"
                image, modal = read_rgb(written["images"])[0], read_labels(written["masks"])
                least.append(floor.measure(face, mask, image, modal))
                stages.append(spent)
    whole = [sum(each.values()) for each in stages]
    return {
        "samples": len(whole),
        "floor": 1000 * statistics.median(least),
        "sample": 1000 * statistics.median(whole),
        "mean": 1000 * statistics.fmean(whole),
        "ratio": statistics.median(sample / bare for sample, bare in zip(whole, least, strict=True)),
        "in_memory": 1000 * statistics.median(sum(each[stage] for stage in MEMORY) for each in stages),
        "stages": {stage: 1000 * statistics.median(each[stage] for each in stages) for stage in STAGES},
    }


def _pipeline(faces: Path, data: Path, scratch: Path, a_set: Mapping[str, Any]) -> Pipeline:
    raw = {
        "name": "speed",
        "faces": {"source": "labelled", "root": str(faces), "classes": {0: "background", 1: "face"}, "align": {"method": "none"}},
        "sets": [{"name": "set", "method": "natocc", "samples_per_face": 1, **a_set}],
    }
    return Pipeline(validate_recipe(raw, "speed"), Workspace(data, scratch / "cache"))


def _faces(data: Path, root: Path, side: int) -> Path:
    """Photographs of that side, a mask to each: as large datasets of aligned faces are published."""
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    for image, labels in _pairs(data / "maskedfaceseg"):
        picture = cv2.resize(read_rgb(image)[0], (side, side), interpolation=cv2.INTER_AREA)
        mask = cv2.resize((read_plane(labels) > 0).astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
        (root / "images" / f"{image.stem}.jpg").write_bytes(encode_jpeg(np.asarray(picture, dtype=np.uint8), 95))
        (root / "masks" / f"{image.stem}.png").write_bytes(encode_png(np.asarray(mask, dtype=np.uint8)))
    return root


def _pairs(root: Path) -> Iterator[tuple[Path, Path]]:
    labels = {path.stem: path for path in root.rglob("*.png")}
    for image in sorted(root.rglob("*.jpg")):
        if image.stem in labels:
            yield image, labels[image.stem]


if __name__ == "__main__":
    main()

"""Each switch of a composite off and on: a sheet of the demo's pictures, for natocc/README.md, and one of hands on real faces.

python tests/bench/gallery.py        (writes assets/gallery.jpg and out/gallery/; hands: NATOCC_TEST_DATA, else ../shared/data)
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from natocc.compose.appearance import Photo
from natocc.compose.render import render
from natocc.core.plans import Look, OccluderPlan, Plan, Shadow
from natocc.core.samples import Cutout, Image
from natocc.faces.alignment.align import align_face
from natocc.faces.classes import SKIN_PARTS, values_of
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.io.images import encode_jpeg, encode_png
from natocc.recipe.load import load_recipe
from natocc.recipe.model import Recipe, validate_recipe
from natocc.report.contact_sheet import Tile, contact_sheet

OWN = Path(__file__).parents[2]
PLAIN = Look()


def main() -> None:
    """Write the sheets."""
    out = OWN / "out" / "gallery"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as cache:
        demo = load_recipe("demo", ["faces.align.size=384"])
        tiles = _rows(demo, Path(cache), Path(cache), {"grace_hopper": "cat", "astronaut": "cup"}, _object_switches)
        sheet = contact_sheet(tiles, columns=4, side=320)
        (OWN / "assets" / "gallery.jpg").write_bytes(encode_jpeg(sheet, 85))
        (out / "objects.png").write_bytes(encode_png(sheet))
        data = Path(os.environ.get("NATOCC_TEST_DATA") or OWN.parent / "shared" / "data")
        if data.is_dir():
            raw = {
                "name": "hands",
                "faces": {"source": "celebamask"},
                "sets": [{"name": "hands", "occluders": {"source": "hands"}}],
            }
            recipe = validate_recipe(raw, "hands")
            faces = dict.fromkeys(recipe.faces.open(data, Path(cache)).ids(), "hand")
            for index, tile in enumerate(_rows(recipe, data, Path(cache), faces, _hand_switches)):
                (out / f"hand-{index:03d}.png").write_bytes(encode_png(tile.image))
            sheet = contact_sheet(_rows(recipe, data, Path(cache), faces, _hand_switches), columns=7, side=256)
            (out / "hands.png").write_bytes(encode_png(sheet))
    print(f"assets/gallery.jpg, {out.relative_to(OWN)}")


def _rows(recipe: Recipe, data: Path, cache: Path, faces: Mapping[str, str], switches: Any) -> list[Tile]:
    """The tiles of each face with a first cutout of a category."""
    from natocc.compose.draw import draw_plan
    from natocc.core.seeds import generator

    source, finder = recipe.faces.open(data, cache), LandmarkFinder(68)
    library = recipe.sets[0].occluders.open(data, cache)
    rules = recipe.sets[0].model_copy(update={"placement": recipe.sets[0].placement.model_copy(update={"reach": True})})
    tiles = []
    for face_id, category in faces.items():
        photo = Photo(align_face(source.read(face_id), recipe.faces.align, finder), values_of(source.classes, SKIN_PARTS))

        def draw(rng: np.random.Generator, category: str = category) -> tuple[dict[str, Any], Cutout]:
            while True:
                cutout = library.cutout(library.draw(rng))
                if cutout.category == category:
                    return {}, cutout

        plan, cutouts = draw_plan(generator(3, "gallery", face_id), photo, draw, rules)
        tiles += switches(photo, cutouts[0], plan)
    return tiles


def _object_switches(photo: Photo, cutout: Cutout, plan: Plan) -> list[Tile]:
    occluder = dataclasses.replace(plan.occluders[0], look=PLAIN, softness=None, blend="alpha", opacity=1.0)
    natural = plan.occluders[0].look
    shadow = Shadow(8.0, 10.0, 7.0, 0.4, 0.5, 8.0)
    return [
        _tile(photo, cutout, occluder, "all off"),
        _tile(photo, cutout, occluder, "white point and exposure (0.8)", shift=0.8),
        _tile(photo, cutout, occluder, "the face's shading (1)", shading=1.0),
        _tile(photo, cutout, occluder, "its shadow on the face", shadow=shadow),
        _tile(photo, cutout, occluder, "the photo's sharpness", sharpness=1.0),
        _tile(photo, cutout, occluder, "the photo's grain", grain=1.0, grain_seed=1),
        _tile(photo, cutout, dataclasses.replace(occluder, softness=photo.softness), "edge as soft as the photo's"),
        _tile(photo, cutout, dataclasses.replace(occluder, blend="pyramid"), "pyramid blending"),
        _tile(photo, cutout, dataclasses.replace(occluder, blend="poisson"), "Poisson blending"),
        _tile(photo, cutout, dataclasses.replace(occluder, opacity=0.55), "see-through (0.55)"),
        _tile(photo, cutout, occluder, "JPEG history (35)", jpeg=35),
        _tile(photo, cutout, dataclasses.replace(occluder, look=natural, softness=photo.softness), "as natocc draws it"),
    ]


def _hand_switches(photo: Photo, cutout: Cutout, plan: Plan) -> list[Tile]:
    occluder = dataclasses.replace(plan.occluders[0], look=PLAIN, softness=None)
    drawn = plan.occluders[0].look
    sot = dataclasses.replace(drawn, transfer="sot", tone=None)
    return [
        _tile(photo, cutout, occluder, "all off"),
        *(_tile(photo, cutout, occluder, name, transfer=name) for name in ("reinhard", "histogram", "sot")),
        _tile(photo, cutout, dataclasses.replace(occluder, look=sot), "sot, light and lens"),
        _tile(photo, cutout, dataclasses.replace(occluder, look=drawn), "skin, light and lens"),
        _tile(photo, cutout, dataclasses.replace(occluder, look=drawn, softness=photo.softness), "and soft edge"),
    ]


def _tile(photo: Photo, cutout: Cutout, occluder: OccluderPlan, caption: str, **look: Any) -> Tile:
    changed = dataclasses.replace(occluder, look=dataclasses.replace(occluder.look, **look))
    image: Image = render(photo, [cutout], Plan((changed,), 1)).image
    return Tile(image, caption)


if __name__ == "__main__":
    main()

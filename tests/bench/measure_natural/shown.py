"""Pictures of faces with something before them, all in one form: photographs of real occluders, and what recipes make.

All are 512 px and have been through the same JPEG, so that neither tells one kind from the other.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from measure_natural import material, ways
from natocc.compose.appearance import Photo
from natocc.core.errors import BadDataError
from natocc.core.samples import IGNORE, MATTE_THRESHOLD, Image, Mask
from natocc.faces.classes import SKIN_PARTS, values_of
from natocc.io.images import read_labels, read_rgb
from natocc.io.workspace import Workspace
from natocc.pipeline.sample import Pipeline
from natocc.recipe.model import validate_recipe

SIDE, QUALITY = 512, 92
KINDS: Mapping[str, str] = {"hands": "hands", "held": "things", "objects": "things"}
"""Of the sets of the recommended recipe; a thing may have a hand on it."""
OBJECTS: Mapping[str, str] = {"hand": "hands", "object": "things"}
"""Of the occluders of :mod:`measure_natural.material`."""
HANDS = {"hand", "arm", "sleeve"}
WORN = {"hat", "sunglasses", "face mask", "helmet"}
FACES: Mapping[str, Mapping[str, Any]] = {
    "celeba": {
        "source": "labelled",
        "root": "celebamask512",
        "masks": "labels",
        "classes": "celebamask19",
        "include": "celebamask512/clean.txt",
        "align": {"method": "none", "size": SIDE},
    },
    "helen": {"source": "folder", "root": "helen", "landmarks": "helen", "align": {"size": SIDE}},
}
"""Where our faces come from: the data sets that the real ones come from."""
SHARES = (("celeba", 2 / 3), ("helen", 1 / 3))
CLEAN = {"name": "clean", "method": "none"}


@dataclasses.dataclass(frozen=True, eq=False)
class Shown:
    """A face with something before it.

    Parameters
    ----------
    kind : str
        ``hands`` or ``things``.
    picture : str
        Of the photograph of the face: nothing else has the same.
    image : (512, 512, 3) uint8
    face, occluder : (512, 512) uint8
        1 where the face is visible, 1 where the occluder lies, 255 where that is not known.
    """

    kind: str
    picture: str
    image: Image
    face: Mask
    occluder: Mask


def real(data: Path) -> Iterator[Shown]:
    """Photographs in which hands or things really are before faces; those with anything worn are left out."""
    root = data / "real-occlusion"
    for row in _index(data):
        names = set(row["occluders"].split(";"))
        if names & WORN:
            continue
        image, _ = read_rgb(next((root / "images").glob(f"{row['name']}.*")))
        labels = read_labels(root / "labels" / f"{row['name']}.png")
        occluder = (labels == 2).astype(np.uint8)
        kind = "hands" if names <= HANDS else "things"
        unknown = labels == IGNORE
        face = (labels == 1).astype(np.uint8)
        face[unknown] = occluder[unknown] = IGNORE
        yield Shown(kind, f"real/{row['name']}", compressed(image), face, occluder)


def made(sets: list[dict[str, Any]], data: Path, cache: Path, count: int) -> Iterator[Shown]:
    """What sets of a recipe make: `count` pictures of each set, of nobody who is among the real ones."""
    known = _known(data)
    for name, part in SHARES:
        share = round(part * count)
        recipe = validate_recipe({"name": "measured", "seed": 3, "faces": FACES[name], "sets": sets}, "the sets measured")
        pipeline = Pipeline(recipe, Workspace(data, cache), look=False)
        left = dict.fromkeys((each["name"] for each in sets), share)
        schedule = pipeline.schedule(8 * share * len(sets))
        for index in range(len(schedule)):
            spec = schedule[index]
            of = recipe.sets[spec.set_index].name
            if not left[of] or spec.face.removesuffix(".jpg") in known:
                continue
            sample = pipeline.make_sample(spec)
            if sample.composite is None:
                continue
            left[of] -= 1
            composite = sample.composite
            yield Shown(KINDS[of], f"{name}/{spec.face}", compressed(composite.image), composite.modal, composite.occluded)


def _known(data: Path) -> set[str]:
    return {row["name"].split("_", 1)[1] for row in _index(data)}


def _index(data: Path) -> list[dict[str, str]]:
    with (data / "real-occlusion" / "index.csv").open() as file:
        return list(csv.DictReader(file))


def laid(names: Sequence[str], data: Path, cache: Path, count: int) -> dict[str, list[Shown]]:
    """The same faces, `count` hands and `count` things on them, in each of some ways of :mod:`measure_natural.ways`."""
    occluders = [*material.hands(data, count, "hands11k"), *material.objects(data, count)]
    photos = [photo for name, share in SHARES for photo in _photos(name, data, cache, round(share * count))]
    found: dict[str, list[Shown]] = {name: [] for name in names}
    for index, occluder in enumerate(occluders):
        kind, (picture, photo) = OBJECTS[occluder.kind], photos[index % len(photos)]
        for name in names:
            with contextlib.suppress(BadDataError):
                image, matte = ways.composite(name, photo, occluder, index)
                covered = (matte >= MATTE_THRESHOLD).astype(np.uint8)
                found[name].append(Shown(kind, picture, compressed(image), photo.face.face_mask & (1 - covered), covered))
    return found


def _photos(name: str, data: Path, cache: Path, count: int) -> Iterator[tuple[str, Photo]]:
    pipeline = Pipeline(
        validate_recipe({"name": "faces", "faces": FACES[name], "sets": [CLEAN]}, "the faces"), Workspace(data, cache)
    )
    known = _known(data)
    skin = values_of(pipeline.faces.classes, SKIN_PARTS)
    ids = (face_id for face_id in pipeline.faces.ids() if face_id.removesuffix(".jpg") not in known)
    for face_id in itertools.islice(ids, count):
        with contextlib.suppress(BadDataError):
            yield f"{name}/{face_id}", Photo(pipeline.aligned(face_id), skin)


def recommended() -> list[dict[str, Any]]:
    """The sets of the recommended recipe as it is now that lay hands and things."""
    written = yaml.safe_load((Path(__file__).parents[3] / "pipelines" / "natocc.yaml").read_text())
    return _with_hands([each for each in written["sets"] if each["name"] in KINDS])


def before() -> list[dict[str, Any]]:
    """The same sets as they were before composites were first measured against photographs."""
    return _with_hands(yaml.safe_load((Path(__file__).parent / "before.yaml").read_text()))


def _with_hands(sets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same number of pictures of each set, and hands of many people."""
    for each in sets:
        each["samples_per_face"] = 1
        for hands in (each["occluders"], each.get("held_by", {})):
            if hands.get("source") == "hands":
                hands["root"] = "hands11k"
    return sets


def compressed(image: Image) -> Image:
    """The picture after JPEG."""
    told, encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert told
    return np.ascontiguousarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1])

"""Faces and objects to measure on: real ones, as natocc cuts them out and as they come, with a mask and no more."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from natocc.compose.appearance import Photo
from natocc.core.errors import BadDataError
from natocc.core.samples import Cutout, Image, Mask, Origin
from natocc.core.seeds import generator
from natocc.faces.alignment.align import align_face
from natocc.faces.classes import SKIN_PARTS, values_of
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.faces.sources.celebamask import CelebAMaskFaces
from natocc.io.images import read_mask, read_rgb
from natocc.occluders.coco.categories import CATEGORIES
from natocc.occluders.coco.segmentations import decode
from natocc.occluders.cutting.cutouts import CutoutRules, check_mask, check_sharpness, cut_out
from natocc.occluders.cutting.trim import trim
from natocc.occluders.hands.pointing import finger_direction

HANDS, OBJECTS = CutoutRules(border_share=0.5, choke=2), CutoutRules(choke=1, min_sharpness=20)
"""The rules of natocc's own sources."""

_ROOM = 8  # px
_HIGH = 480  # px


@dataclasses.dataclass(frozen=True)
class Occluder:
    """An object cut out by natocc, and the same as its owner drew it: the picture, and a mask that is yes or no."""

    kind: str
    cutout: Cutout
    plain: Cutout


def photos(data: Path, cache: Path, size: int) -> list[Photo]:
    """All faces of the CelebAMask-HQ layout, aligned."""
    options = CelebAMaskFaces.model_validate({"source": "celebamask", "align": {"method": "ffhq", "size": size}})
    source, finder = options.open(data, cache), LandmarkFinder(68)
    skin = values_of(source.classes, SKIN_PARTS)
    return [Photo(align_face(source.read(face_id), options.align, finder), skin) for face_id in source.ids()]


def hands(data: Path, count: int, root: str = "hands") -> list[Occluder]:
    """Hands, evenly taken from all, at most :data:`_HIGH` px high: the full transport takes seconds on more."""
    paths = sorted((data / root / "images").iterdir())
    found = []
    for path in paths[:: max(1, len(paths) // count)][:count]:
        image, mask = read_rgb(path)[0], read_mask(next((data / root / "masks").glob(f"{path.stem}.*")))
        if (height := image.shape[0]) > _HIGH:
            size = (round(image.shape[1] * _HIGH / height), _HIGH)
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            mask = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
        found.append(_occluder(image, mask, "hand", HANDS))
    return found


def objects(data: Path, count: int) -> list[Occluder]:
    """COCO's objects, drawn at random from those that natocc takes."""
    return [_occluder(image, mask, "object", OBJECTS) for image, mask in _annotated(data, count)]


def untouched(data: Path, count: int) -> list[tuple[Image, Mask]]:
    """COCO's objects where they really were: photographs, and masks of 0 and 255."""
    return [(image, (255 * mask).astype(np.uint8)) for image, mask in _annotated(data, count)]


def _annotated(data: Path, count: int) -> Iterator[tuple[Image, Mask]]:
    instances = json.loads((data / "coco" / "annotations" / "instances_val2017.json").read_text())
    names = {item["id"]: item["name"] for item in instances["categories"]}
    pictures = {item["id"]: item for item in instances["images"]}
    left = count
    for index in generator(5, "objects").permutation(len(instances["annotations"])):
        item = instances["annotations"][index]
        if item["iscrowd"] or names[item["category_id"]] not in CATEGORIES or not left:
            continue
        image = read_rgb(data / "coco" / "val2017" / pictures[item["image_id"]]["file_name"])[0]
        try:
            mask = check_mask(decode(item["segmentation"], *image.shape[:2]), OBJECTS)
            check_sharpness(image, mask, OBJECTS)
            _occluder(image, mask, "object", OBJECTS)
        except BadDataError:
            continue
        left -= 1
        yield image, mask


def drawing(cutout: Cutout) -> Callable[[np.random.Generator], tuple[Mapping[str, Any], Cutout]]:
    """What :func:`natocc.compose.draw.draw_plan` draws from: always this one."""
    return lambda rng: ({}, cutout)


def _occluder(image: Image, mask: Mask, kind: str, rules: CutoutRules) -> Occluder:
    mask = trim(image, check_mask(mask, rules))
    origin, points_to = Origin(kind, "measured", "", None), finger_direction(mask) if kind == "hand" else None
    left, top, width, height = cv2.boundingRect(mask)
    box = (slice(max(top - _ROOM, 0), top + height + _ROOM), slice(max(left - _ROOM, 0), left + width + _ROOM))
    plain = Cutout(image[box].copy(), 255 * mask[box], kind, origin, points_to)
    return Occluder(kind, cut_out(image, mask, kind, origin, points_to, rules.choke), plain)

"""What a training loop pays for a picture in memory: natocc's transform, and what other packages offer, on the same pictures."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import cv2
import numpy as np

import natocc
from natocc.core.samples import Image, Mask, Matte
from natocc.pipeline.sample import Pipeline
from natocc.recipe.model import OccludedSet

_WARM = 3
_PASTED = 16
_SEED = 1

Face: TypeAlias = tuple[Image, Mask]
Pasted: TypeAlias = tuple[Image, Matte]
Work: TypeAlias = Callable[[int], object]
"""Changes the picture of that number; after the last one come the first ones again."""


def occlude(pipeline: Pipeline, faces: Sequence[Face]) -> Work:
    """natocc's own, with the set and the occluders of a pipeline."""
    (source,), (a_set,) = pipeline.occluders.values(), pipeline.recipe.sets
    assert isinstance(a_set, OccludedSet)
    transform = natocc.Occlude(source, p=1, seed=_SEED, rules=a_set)
    return lambda number: transform(*faces[number % len(faces)])


def others(pipeline: Pipeline, faces: Sequence[Face]) -> Iterator[tuple[str, Work | str]]:
    """Names of other transforms, and the work of each, or why it is left out."""
    pasted = list(_pasted(pipeline, faces[0][0].shape[0]))
    makers: Mapping[str, Callable[[Sequence[Face], Sequence[Pasted]], Work]] = {
        "a plain paste, NumPy": _plain_paste,
        "CoarseDropout, albumentations": _coarse_dropout,
        "OverlayElements, albumentations": _overlay_elements,
        "SimpleCopyPaste, torchvision": _simple_copy_paste,
    }
    for name, make in makers.items():
        try:
            work = make(faces, pasted)
            work(0)
        except Exception as error:  # not installed, of another version, or damaged
            yield name, f"{type(error).__name__}: {error}"
        else:
            yield name, work


def cpu_ms(work: Work, calls: int) -> float:
    """CPU milliseconds of a call, the median."""
    spent = []
    for number in range(calls + _WARM):
        begin = time.process_time()
        work(number)
        spent.append(time.process_time() - begin)
    return 1000 * statistics.median(spent[_WARM:])


def _pasted(pipeline: Pipeline, side: int) -> Iterator[Pasted]:
    """Some of the set's cutouts, half as long as a picture of that side: others do not place what they paste."""
    (source,) = pipeline.occluders.values()
    rng = np.random.default_rng(_SEED)
    for _ in range(_PASTED):
        cutout = source.cutout(source.draw(rng))
        scale = side / 2 / max(cutout.matte.shape)
        size = tuple(max(1, round(scale * length)) for length in cutout.matte.shape[::-1])
        yield (
            np.asarray(cv2.resize(cutout.foreground, size, interpolation=cv2.INTER_AREA), np.uint8),
            np.asarray(cv2.resize(cutout.matte, size, interpolation=cv2.INTER_AREA), np.uint8),
        )


def _plain_paste(faces: Sequence[Face], pasted: Sequence[Pasted]) -> Work:
    """Straight alpha on copies, anywhere: the least that any of them does."""
    rng = np.random.default_rng(_SEED)

    def work(number: int) -> tuple[Image, Mask]:
        image, mask = (array.copy() for array in faces[number % len(faces)])
        foreground, matte = pasted[number % len(pasted)]
        top, left = (int(rng.integers(whole - part + 1)) for whole, part in zip(mask.shape, matte.shape, strict=True))
        box = slice(top, top + matte.shape[0]), slice(left, left + matte.shape[1])
        alpha = matte[..., None].astype(np.float32) / 255
        image[box] = np.rint(foreground * alpha + image[box] * (1 - alpha)).astype(np.uint8)
        mask[box][matte >= 128] = 0
        return image, mask

    return work


def _coarse_dropout(faces: Sequence[Face], pasted: Sequence[Pasted]) -> Work:
    import albumentations

    transform = albumentations.CoarseDropout(
        num_holes_range=(1, 1), hole_height_range=(0.3, 0.5), hole_width_range=(0.3, 0.5), fill_mask=0, p=1
    )
    return lambda number: transform(image=faces[number % len(faces)][0], mask=faces[number % len(faces)][1])


def _overlay_elements(faces: Sequence[Face], pasted: Sequence[Pasted]) -> Work:
    import albumentations

    transform = albumentations.OverlayElements(p=1)

    def work(number: int) -> Any:
        image, mask = faces[number % len(faces)]
        foreground, matte = pasted[number % len(pasted)]
        overlay = {"image": foreground, "mask": (matte >= 128).astype(np.uint8), "mask_id": 2}
        return transform(image=image, mask=mask, overlay_metadata=[overlay])

    return work


def _simple_copy_paste(faces: Sequence[Face], pasted: Sequence[Pasted]) -> Work:
    """Of two pictures at a time, each of which gives its face to the other; only nightly versions of torchvision have it."""
    import torch
    from torchvision.prototype.transforms import SimpleCopyPaste
    from torchvision.tv_tensors import BoundingBoxes, Image, Mask

    transform = SimpleCopyPaste()
    images, targets = [], []
    for image, mask in faces:
        left, top, width, height = cv2.boundingRect(mask)
        box = torch.tensor([[left, top, left + width, top + height]])
        boxes = BoundingBoxes(box, format="XYXY", canvas_size=mask.shape)
        images.append(Image(torch.from_numpy(image).permute(2, 0, 1)))
        targets.append({"boxes": boxes, "masks": Mask(torch.from_numpy(mask)[None]), "labels": torch.ones(1, dtype=torch.int64)})

    def work(number: int) -> Any:
        pair = [number % len(faces), (number + 1) % len(faces)]
        return transform([images[each] for each in pair], [targets[each] for each in pair])

    return work

"""From a composite to the files of a sample, and what the values in them mean."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.finish import finished
from natocc.core.errors import UsageError
from natocc.core.plans import Finish
from natocc.core.samples import IGNORE, AlignedFace, Composite, Image, Mask
from natocc.io.images import encode_jpeg, encode_png
from natocc.pipeline.kinds import NOTHING
from natocc.recipe.model import ImageFormat, Output

_FACE = {"0": "background", "1": "face", str(IGNORE): "ignore"}
OVER_FACE, ELSEWHERE = 2, 3
"""Values in ``regions/`` of occluders that lie over the face, and of those that do not; what is face there is 1."""
_REGIONS = {"0": "background", "1": "face", str(OVER_FACE): "occluder over face", str(ELSEWHERE): "occluder elsewhere"}


def occluder_class(classes: Mapping[int, str]) -> int:
    """The value that occluders have in part maps: the one after the source's own.

    Raises
    ------
    UsageError
        If the source uses all values.
    """
    value = max(classes) + 1
    if value >= IGNORE:
        raise UsageError(f"the face source has classes up to {max(classes)}: none below {IGNORE} is left for occluders")
    return value


def label_maps(output: Output, classes: Mapping[int, str], kinds: Sequence[str] = ()) -> dict[str, Mapping[str, str]]:
    """What the values in each folder of masks mean, for ``dataset.json``; `kinds` of occluders have the values from 1 on."""
    most = 2**output.matte_bits - 1
    maps: dict[str, Mapping[str, str]] = {
        "masks": _FACE,
        "amodal": _FACE,
        "occluders": {"0": "none", "n": "the n-th occluder of the plan, the one in front where they overlap"},
        "regions": _REGIONS | {str(IGNORE): "ignore"},
        "mattes": {"0": "no occluder", str(most): "occluder alone", "between": "share of the pixel that occluders cover"},
    }
    if "parts" in output.masks:
        own = {str(value): name for value, name in sorted(classes.items())}
        maps["parts"] = own | {str(occluder_class(classes)): "occluder", str(IGNORE): "ignore"}
    if "kinds" in output.masks:
        maps["kinds"] = {str(value): name for value, name in enumerate([NOTHING, *kinds])} | {str(IGNORE): "ignore"}
    return {MASKS[choice][0]: maps[MASKS[choice][0]] for choice in output.masks}


def encode(
    face: AlignedFace,
    composite: Composite,
    classes: Mapping[int, str],
    output: Output,
    finish: Finish | None = None,
    kinds: Sequence[int] = (),
) -> dict[str, tuple[str, bytes]]:
    """The files of a sample.

    Parameters
    ----------
    face : AlignedFace
        Before it was covered.
    composite : Composite
        After.
    classes : mapping of int to str
        Names of the values of the face's part map.
    output : Output
        Which files, how encoded.
    finish : Finish, optional
        What was done to the whole picture: the clean one is treated alike.
    kinds : sequence of int
        Value of each occluder's kind; asked for where `output` wants them.

    Returns
    -------
    files : dict of str to (str, bytes)
        Folder to suffix and content.
    """
    pictures = {"images": composite.image}
    if output.clean:
        pictures["clean"] = finished(face.image, finish or Finish())
    files = {folder: _encoded(image, output.image) for folder, image in pictures.items()}
    sample = _Sample(face, composite, classes, output, kinds)
    for choice in output.masks:
        folder, make = MASKS[choice]
        files[folder] = (".png", encode_png(make(sample)))
    return files


def _encoded(image: Image, how: ImageFormat) -> tuple[str, bytes]:
    return f".{how.format}", encode_jpeg(image, how.quality) if how.format == "jpg" else encode_png(image)


Plane = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


@dataclasses.dataclass(frozen=True, eq=False)
class _Sample:
    """All that a mask may be made of; see :func:`encode`."""

    face: AlignedFace
    composite: Composite
    classes: Mapping[int, str]
    output: Output
    kinds: Sequence[int]


def _modal(sample: _Sample) -> Plane:
    return sample.composite.modal


def _amodal(sample: _Sample) -> Plane:
    if sample.face.unlabelled is None:
        return sample.composite.amodal
    return sample.composite.amodal | (sample.face.unlabelled * np.uint8(IGNORE))


def _instances(sample: _Sample) -> Mask:
    ids = np.zeros_like(sample.composite.modal)
    for number, mask in enumerate(sample.composite.occluders, start=1):
        np.maximum(ids, mask * np.uint8(number), out=ids)  # the one in front has the larger number
    return ids


def _kinds(sample: _Sample) -> Plane:
    if len(sample.kinds) != len(sample.composite.occluders):
        raise ValueError(f"expected {len(sample.composite.occluders)} kinds as there are occluders, found {len(sample.kinds)}")
    table = np.array([0, *sample.kinds], np.uint8)
    kinds: Mask = table[_instances(sample)]
    np.copyto(kinds, np.uint8(IGNORE), where=sample.composite.ignored.view(np.bool_))
    return kinds


def _matte(sample: _Sample) -> Plane:
    """Coverage by all occluders together: one minus what each leaves of the pixel [1]_.

    .. [1] T. Porter, T. Duff, "Compositing Digital Images", SIGGRAPH 1984.
    """
    composite, bits = sample.composite, sample.output.matte_bits
    deep = bits == 16
    if len(composite.mattes) == 1:
        (matte,) = composite.mattes
        return matte.astype(np.uint16) * np.uint16(257) if deep else matte
    levels: Plane = np.zeros(composite.modal.shape, np.uint16 if deep else np.uint8)
    if not composite.mattes:
        return levels
    left, top, width, height = cv2.boundingRect(functools.reduce(np.maximum, composite.mattes))
    box = slice(top, top + height), slice(left, left + width)
    share = np.ones((height, width), np.float64)
    for matte in composite.mattes:
        share *= 1 - matte[box] / 255
    levels[box] = np.rint((1 - share) * (2**bits - 1))
    return levels


def _parts(sample: _Sample) -> Plane:
    face, composite = sample.face, sample.composite
    parts: Mask = (face.face_mask if face.parts is None else face.parts).copy()
    for value, mask in ((occluder_class(sample.classes), composite.occluded), (IGNORE, composite.ignored)):
        np.copyto(parts, np.uint8(value), where=mask.view(np.bool_))  # a mask is 0 and 1
    return parts


def _regions(sample: _Sample) -> Plane:
    """Where nobody knows whether an occluder lies over a face, the source labels nothing: ignored, too."""
    composite, unlabelled = sample.composite, sample.face.unlabelled
    covered = composite.occluded
    regions: Mask = (composite.modal == 1) + covered * np.where(composite.amodal > 0, np.uint8(OVER_FACE), np.uint8(ELSEWHERE))
    unknown = composite.ignored if unlabelled is None else composite.ignored | unlabelled
    np.copyto(regions, np.uint8(IGNORE), where=unknown.view(np.bool_))
    return regions


MASKS: Mapping[str, tuple[str, Callable[[_Sample], Plane]]] = {
    "face": ("masks", _modal),
    "amodal": ("amodal", _amodal),
    "occluder": ("occluders", _instances),
    "matte": ("mattes", _matte),
    "parts": ("parts", _parts),
    "kinds": ("kinds", _kinds),
    "regions": ("regions", _regions),
}
"""A recipe's ``output.masks`` to the folder and to what makes the mask."""

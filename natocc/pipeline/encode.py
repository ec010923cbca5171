"""From a composite to the files of a sample, and what the values in them mean."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.errors import UsageError
from natocc.core.samples import IGNORE, AlignedFace, Composite, Mask, occluded
from natocc.io.images import encode_jpeg, encode_png
from natocc.recipe.model import Output

_FACE = {"0": "background", "1": "face", str(IGNORE): "ignore"}


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


def label_maps(output: Output, classes: Mapping[int, str]) -> dict[str, Mapping[str, str]]:
    """What the values in each folder of masks mean, for ``dataset.json``."""
    most = 2**output.matte_bits - 1
    maps: dict[str, Mapping[str, str]] = {
        "masks": _FACE,
        "amodal": _FACE,
        "occluders": {"0": "none", "n": "the n-th occluder of the plan, the one in front where they overlap"},
        "mattes": {"0": "no occluder", str(most): "occluder alone", "between": "share of the pixel that occluders cover"},
    }
    if "parts" in output.masks:
        own = {str(value): name for value, name in sorted(classes.items())}
        maps["parts"] = own | {str(occluder_class(classes)): "occluder", str(IGNORE): "ignore"}
    return {MASKS[choice][0]: maps[MASKS[choice][0]] for choice in output.masks}


def encode(face: AlignedFace, composite: Composite, classes: Mapping[int, str], output: Output) -> dict[str, tuple[str, bytes]]:
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

    Returns
    -------
    files : dict of str to (str, bytes)
        Folder to suffix and content.
    """
    image, suffix = composite.image, output.image.format
    files = {"images": (f".{suffix}", encode_jpeg(image, output.image.quality) if suffix == "jpg" else encode_png(image))}
    for choice in output.masks:
        folder, make = MASKS[choice]
        files[folder] = (".png", encode_png(make(face, composite, classes, output)))
    return files


Plane = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


def _modal(face: AlignedFace, composite: Composite, classes: Mapping[int, str], output: Output) -> Plane:
    return composite.modal


def _amodal(face: AlignedFace, composite: Composite, classes: Mapping[int, str], output: Output) -> Plane:
    if face.unlabelled is None:
        return composite.amodal
    return composite.amodal | (face.unlabelled * np.uint8(IGNORE))


def _instances(face: AlignedFace, composite: Composite, classes: Mapping[int, str], output: Output) -> Plane:
    ids = np.zeros_like(composite.modal)
    for number, mask in enumerate(composite.occluders, start=1):
        np.maximum(ids, mask * np.uint8(number), out=ids)  # the one in front has the larger number
    return ids


def _matte(face: AlignedFace, composite: Composite, classes: Mapping[int, str], output: Output) -> Plane:
    """Coverage by all occluders together: one minus what each leaves of the pixel [1]_.

    .. [1] T. Porter, T. Duff, "Compositing Digital Images", SIGGRAPH 1984.
    """
    deep = output.matte_bits == 16
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
    levels[box] = np.rint((1 - share) * (2**output.matte_bits - 1))
    return levels


def _parts(face: AlignedFace, composite: Composite, classes: Mapping[int, str], output: Output) -> Plane:
    parts: Mask = (face.face_mask if face.parts is None else face.parts).copy()
    for value, mask in ((occluder_class(classes), occluded(composite)), (IGNORE, composite.ignored)):
        np.copyto(parts, np.uint8(value), where=mask.view(np.bool_))  # a mask is 0 and 1
    return parts


MASKS: Mapping[str, tuple[str, Callable[[AlignedFace, Composite, Mapping[int, str], Output], Plane]]] = {
    "face": ("masks", _modal),
    "amodal": ("amodal", _amodal),
    "occluder": ("occluders", _instances),
    "matte": ("mattes", _matte),
    "parts": ("parts", _parts),
}
"""A recipe's ``output.masks`` to the folder and to what makes the mask."""

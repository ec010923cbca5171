"""From a photograph to faces with masks, for programs: what :func:`natocc.occlude` needs."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from natocc.core.errors import BadDataError, Reason, RecipeError
from natocc.core.samples import AlignedFace, FaceSample, Image, Origin
from natocc.faces.alignment.align import AlignOptions, align_face
from natocc.faces.landmarks.detector import LandmarkFinder, check_models
from natocc.io.images import read_rgb
from natocc.io.workspace import data_root
from natocc.plugins.faults import faults


def find_faces(image: Image | str | Path, *, points: Literal[5, 68] = 68, least_side: int = 60) -> list[FaceSample]:
    """Every face of a photograph, from left to right, with its landmarks.

    :func:`align` makes of each what :func:`natocc.occlude` needs: its mask.

    Parameters
    ----------
    image : (H, W, 3) uint8, str or Path
        A photograph, sRGB, or its file.
    points : 68 or 5
        Number of landmarks; a mask can be estimated from 68.
    least_side : int
        Smaller faces are left out, px.

    Returns
    -------
    faces : list of FaceSample
        Without masks; each knows the landmarks of the others. Empty where no face is found.

    Raises
    ------
    ValueError
        If an array is no picture.
    BadDataError
        If the file cannot be read.
    RunError
        If the models are missing.

    Examples
    --------
    >>> from natocc.io.paths import package_folder
    >>> (face,) = find_faces(package_folder("skimage") / "data" / "astronaut.png")
    >>> face.landmarks_xy.shape
    (68, 2)
    >>> align(face, method="none").face_mask.shape == face.image.shape[:2]
    True
    """
    if isinstance(image, str | Path):
        picture, digest = read_rgb(Path(image))
        name = Path(image).name
    else:
        FaceSample(image, None, None, None, Origin("array", "array", ""))  # refuses what is no picture
        picture, digest, name = image, "", "photograph"
    try:
        found = _finder(points, None).find_all(picture, least_side)
    except BadDataError as error:
        if error.reason is Reason.NO_FACE:
            return []
        raise
    return [
        FaceSample(
            image=picture,
            face_mask=None,
            parts=None,
            landmarks_xy=landmarks,
            origin=Origin("photograph", f"{name}#{number}", digest),
            detector=detector,
            others_xy=tuple(other for other, _ in found if other is not landmarks),
        )
        for number, (landmarks, detector) in enumerate(found, start=1)
    ]


def align(face: FaceSample, **keys: Any) -> AlignedFace:
    """A face in its crop, with its mask, or one that is estimated, as a build makes it.

    Picture, ``face_mask`` and ``landmarks_xy`` of what it returns are what :func:`natocc.occlude` takes.

    Parameters
    ----------
    face : FaceSample
        From :func:`find_faces`, or one of your own.
    **keys
        As in a recipe's ``faces.align``, such as ``size=256``; ``method="none"`` leaves the picture as it is.

    Raises
    ------
    RecipeError
        If a key is unknown.
    BadDataError
        As a build rejects a face: ``no-face`` if it has no landmarks and none are found, ``no-mask``, ``empty-mask``, ...
    RunError
        If models are needed and missing.
    """
    try:
        options = AlignOptions.model_validate(keys)
    except ValidationError as error:
        raise RecipeError(*(f"align: {line}" for line in faults(error))) from None
    return align_face(face, options, _finder(options.points, options.yunet_file(data_root())))


@functools.lru_cache(maxsize=2)
def _finder(points: Literal[5, 68], yunet: Path | None) -> LandmarkFinder:
    """Kept: checking and loading its models takes longer than a photograph; threads may share it."""
    check_models(points, yunet)
    return LandmarkFinder(points, yunet=yunet)

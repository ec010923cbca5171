"""Alignment: picture, masks and landmarks brought together to a square crop by a similarity transform."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Affine
from natocc.core.samples import IGNORE, AlignedFace, FaceSample, Image, Mask, Points
from natocc.faces.alignment.cover import find_cover
from natocc.faces.alignment.crop import ffhq_matrix, scaling, warp_labels, warp_picture
from natocc.faces.alignment.estimated_outline import estimate_face_outline
from natocc.faces.alignment.landmark_outline import fill_polygon
from natocc.faces.alignment.network_mask import find_mask
from natocc.faces.landmarks.detector import LandmarkFinder, check_models
from natocc.faces.landmarks.keypoints import inter_ocular
from natocc.io.paths import locate
from natocc.io.segmenter import Segmenter
from natocc.plugins.options import FileLocation, Options

DEFAULT_SIZE = 512

_COVERED = 0.1
"""Share of an estimated face whose cover leaves nothing of its confidence."""

Float: TypeAlias = npt.NDArray[np.float64]


class AlignOptions(Options):
    """How faces are aligned."""

    method: Literal["ffhq", "none"] = "ffhq"
    """``ffhq``: FFHQ's construction from eyes and mouth. ``none``: pictures are aligned already and kept as they are."""
    size: int | None = Field(None, ge=64, le=4096)
    """Side of the square crop, px; 512 by default. With ``method: none``: the longer side that pictures are scaled to; by default
    they are not scaled."""
    points: Literal[5, 68] = 68
    """Which of dlib's shape predictors finds the landmarks."""
    landmarks: bool = False
    """Whether landmarks are found, for the manifest, even where neither the alignment nor an estimated mask needs them. A face
    without landmarks is then not rejected."""
    yunet: FileLocation | None = None
    """Location of the ONNX file of YuNet, a detector that finds faces behind masks, hands and sunglasses. It is tried where
    dlib's HOG finds no face, before dlib's CNN; dlib's landmarks are then found where it says."""

    def yunet_file(self, data: Path) -> Path | None:
        """The file of YuNet, where there is one; `data` is the data root."""
        return None if self.yunet is None else locate(self.yunet, data)

    def check_models(self, data: Path) -> None:
        """See :func:`natocc.faces.landmarks.detector.check_models`."""
        check_models(self.points, self.yunet_file(data))

    def finder(self, data: Path, cache: Path | None = None) -> LandmarkFinder:
        """What finds landmarks; `cache` is where they are kept."""
        return LandmarkFinder(self.points, cache, self.yunet_file(data))

    @property
    def wanted_side(self) -> int | None:
        """Longer side, px, of a picture that shows all that the crop will; none where that depends on what is in it."""
        return None if self.method != "none" or self.landmarks else self.size


def align_face(
    sample: FaceSample, options: AlignOptions, finder: LandmarkFinder, segmenter: Segmenter | None = None
) -> AlignedFace:
    """Bring a face to its crop.

    Parameters
    ----------
    sample : FaceSample
        Its own landmarks are used where it has some.
    options : AlignOptions
        How.
    finder : LandmarkFinder
        Asked where landmarks are needed: to align, or to make a mask.
    segmenter : Segmenter, optional
        Finds the mask of a face that has none; without it an outline is estimated.

    Returns
    -------
    face : AlignedFace
        Picture interpolated by bicubic convolution, after area averaging where it shrinks; outside the source it is mirrored and
        blurred the more the farther out. Masks by nearest neighbour; outside the source there is no face. Where the mask is made
        here, other faces that are known, and what is found to cover an estimated one, are unlabelled: nobody says whether they
        are to count.

    Raises
    ------
    BadDataError
        ``no-face``, ``degenerate-landmarks``, or ``empty-mask`` if no face pixel lies in the crop, or the network finds none.
    """
    landmarks, detector, others = sample.landmarks_xy, sample.detector, sample.others_xy
    needed = options.method == "ffhq" or sample.face_mask is None
    if landmarks is None and (needed or options.landmarks):
        try:
            landmarks, detector, others = finder.find(sample.image, sample.face_mask)
        except BadDataError:
            if needed:
                raise
    height, width = sample.image.shape[:2]
    if options.method == "ffhq" and landmarks is not None:
        size = options.size or DEFAULT_SIZE
        matrix, shape = ffhq_matrix(landmarks, size), (size, size)
    else:
        scale = options.size / max(height, width) if options.size else 1.0
        shape = (max(1, round(height * scale)), max(1, round(width * scale)))
        matrix = scaling(shape[1] / width, shape[0] / height)
    confidence = None
    parts = None if sample.parts is None else warp_labels(sample.parts, matrix, shape)
    unlabelled = None if parts is None else (parts == IGNORE).view(np.uint8)
    if sample.face_mask is not None:
        face_mask = warp_labels(sample.face_mask, matrix, shape)
    elif landmarks is not None and segmenter is not None:
        found = find_mask(sample.image, landmarks, others, matrix, shape, segmenter)
        face_mask, unlabelled, confidence = found.face, found.unlabelled, found.confidence
    elif landmarks is not None and len(landmarks) == 68:
        outline, confidence = estimate_face_outline(sample.image, landmarks)
        seen = warp_labels(np.ones((height, width), np.uint8), matrix, shape)
        amodal = _filled([outline], matrix, seen)
        cover, share = find_cover(sample.image, landmarks, outline, matrix, shape)
        face_mask, unlabelled = amodal & ~cover, amodal & cover
        unlabelled |= _filled([_outline_of_other(sample.image, other) for other in others], matrix, seen)
        confidence = round(confidence * max(0.0, 1 - share / _COVERED), 4)
    else:
        raise BadDataError(
            Reason.NO_MASK,
            "a photograph without a mask needs 68 landmarks to estimate one: align.points: 68, or a network: mask.model",
        )
    if not face_mask.any():
        raise BadDataError(Reason.EMPTY_MASK, "no pixel of the face mask lies in the crop")
    moved = None if landmarks is None else (landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    return AlignedFace(
        image=warp_picture(sample.image, matrix, shape),
        face_mask=face_mask,
        parts=parts,
        landmarks_xy=moved,
        origin=sample.origin,
        matrix=matrix,
        inter_ocular=None if moved is None else inter_ocular(moved),
        mask_estimated=sample.face_mask is None,
        mask_confidence=confidence,
        detector=detector,
        unlabelled=None if unlabelled is None or not (unlabelled & ~face_mask).any() else unlabelled & ~face_mask,
    )


def _outline_of_other(image: Image, landmarks_xy: Points) -> Float:
    """Outline (N, 2) of a face that is not the one wanted, px of the picture; roughly where nothing better can be told."""
    try:
        return estimate_face_outline(image, landmarks_xy)[0]
    except BadDataError:
        return np.asarray(cv2.convexHull(landmarks_xy)[:, 0], dtype=np.float64)


def _filled(outlines_xy: Sequence[Float], matrix: Affine, seen: Mask) -> Mask:
    """1 inside any of the outlines, given in px of the picture, where the crop shows the picture; else 0."""
    mask = np.zeros_like(seen)
    for outline_xy in outlines_xy:
        fill_polygon(mask, (outline_xy @ matrix[:, :2].T + matrix[:, 2]).clip(-50_000, 50_000), 1)
    return mask & seen

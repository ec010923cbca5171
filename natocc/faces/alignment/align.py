"""Alignment: picture, masks and landmarks brought together to a square crop by a similarity transform."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from pydantic import Field

from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Affine
from natocc.core.samples import IGNORE, AlignedFace, FaceSample, Image, Mask, Points
from natocc.faces.alignment.border import Border
from natocc.faces.alignment.cover import find_cover
from natocc.faces.alignment.crop import ffhq_matrix, labels_outside, lies_within, scaling, seen_in_crop, warp_labels, warp_picture
from natocc.faces.alignment.estimated_outline import estimate_face_outline
from natocc.faces.alignment.landmark_outline import fill_polygon
from natocc.faces.alignment.network_mask import find_mask
from natocc.faces.alignment.other_faces import other_faces
from natocc.faces.landmarks.detector import LandmarkFinder, check_models
from natocc.faces.landmarks.keypoints import inter_ocular
from natocc.io.paths import locate
from natocc.io.segmenter import Segmenter
from natocc.plugins.options import FileLocation, Options

DEFAULT_SIZE = 512

_COVERED = 0.1
"""Share of an estimated face whose cover leaves nothing of its confidence."""


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
    border: Border = "blur"
    """What a crop shows outside the photograph. ``blur``: the colours of its edge, smeared outwards: no second face can be seen.
    ``reflect``: as FFHQ has it, mirrored, and blurred the more the farther out; of a tight portrait that may be half a face.
    ``constant``: black. ``reject``: a crop that leaves the photograph is refused (``outside-photograph``). Where what is mirrored
    or smeared is face, the label is 255, else background."""
    max_outside: float = Field(0.5, ge=0, le=1)
    """Share of the crop's area that may lie outside the photograph; crops of which more does are refused
    (``outside-photograph``)."""
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
        Picture interpolated by bicubic convolution, after area averaging where it shrinks; outside the source as
        `options.border` says. Masks by nearest neighbour; outside the source there is no face. Unlabelled are other faces that
        are known where the source does not name what is there, what is found to cover an estimated face, and what outside the
        source takes its colours from any of these or from the face: nobody says whether they are to count.

    Raises
    ------
    BadDataError
        ``no-face``, ``degenerate-landmarks``; ``outside-photograph`` if more of the crop lies there than `options` allow;
        ``empty-mask`` if no face pixel lies in the crop, or the network finds none.
    """
    landmarks, detector, others = sample.landmarks_xy, sample.detector, sample.others_xy
    needed = options.method == "ffhq" or sample.face_mask is None
    if landmarks is None and (needed or options.landmarks):
        try:
            landmarks, detector, others = finder.find(sample.image, sample.face_mask)
        except BadDataError:
            if needed:
                raise
    matrix, shape = _crop(sample.image, options, landmarks)
    within = lies_within(sample.image.shape[:2], matrix, shape)
    seen = seen_in_crop(sample.image.shape[:2], matrix, shape)
    if not within:
        _check_outside(seen, options)
    confidence = None
    parts = None if sample.parts is None else warp_labels(sample.parts, matrix, shape)
    unlabelled = np.zeros(shape, np.uint8) if parts is None else (parts == IGNORE).view(np.uint8)
    if sample.face_mask is not None:
        face_mask = warp_labels(sample.face_mask, matrix, shape)
        # What the source names, such as hair, is no other face.
        if others:
            unlabelled |= other_faces(sample.image, others, matrix, seen if parts is None else seen & (parts == 0))
    elif landmarks is not None and segmenter is not None:
        found = find_mask(sample.image, landmarks, others, matrix, shape, segmenter)
        face_mask, unlabelled, confidence = found.face, found.unlabelled, found.confidence
    elif landmarks is not None and len(landmarks) == 68:
        outline, confidence = estimate_face_outline(sample.image, landmarks)
        amodal = np.zeros(shape, np.uint8)
        fill_polygon(amodal, (outline @ matrix[:, :2].T + matrix[:, 2]).clip(-50_000, 50_000), 1)
        amodal &= seen
        cover, share = find_cover(sample.image, landmarks, outline, matrix, shape)
        face_mask, unlabelled = amodal & ~cover, amodal & cover
        unlabelled |= other_faces(sample.image, others, matrix, seen)
        confidence = round(confidence * max(0.0, 1 - share / _COVERED), 4)
    else:
        raise BadDataError(
            Reason.NO_MASK,
            "a photograph without a mask needs 68 landmarks to estimate one: align.points: 68, or a network: mask.model",
        )
    if not cv2.hasNonZero(face_mask):
        raise BadDataError(Reason.EMPTY_MASK, "no pixel of the face mask lies in the crop")
    if not within:
        unlabelled |= labels_outside(face_mask | unlabelled, sample.image.shape[:2], matrix, options.border)
    unlabelled = unlabelled & ~face_mask if cv2.hasNonZero(unlabelled) else unlabelled
    some_unlabelled = cv2.hasNonZero(unlabelled)
    if parts is not None and some_unlabelled:
        parts = np.where((unlabelled > 0) & (parts == 0), np.uint8(IGNORE), parts)
    moved = None if landmarks is None else (landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    return AlignedFace(
        image=warp_picture(sample.image, matrix, shape, options.border),
        face_mask=face_mask,
        parts=parts,
        landmarks_xy=moved,
        origin=sample.origin,
        matrix=matrix,
        inter_ocular=None if moved is None else inter_ocular(moved),
        mask_estimated=sample.face_mask is None,
        mask_confidence=confidence,
        detector=detector,
        unlabelled=unlabelled if some_unlabelled else None,
    )


def _crop(image: Image, options: AlignOptions, landmarks_xy: Points | None) -> tuple[Affine, tuple[int, int]]:
    """Matrix from photograph pixels to crop pixels, and the crop's height and width."""
    height, width = image.shape[:2]
    if options.method == "ffhq" and landmarks_xy is not None:
        size = options.size or DEFAULT_SIZE
        return ffhq_matrix(landmarks_xy, size), (size, size)
    scale = options.size / max(height, width) if options.size else 1.0
    shape = (max(1, round(height * scale)), max(1, round(width * scale)))
    return scaling(shape[1] / width, shape[0] / height), shape


def _check_outside(seen: Mask, options: AlignOptions) -> None:
    outside = np.count_nonzero(seen == 0) / seen.size
    most, key = (0.0, "border=reject") if options.border == "reject" else (options.max_outside, "max_outside")
    if outside > most:
        raise BadDataError(
            Reason.OUTSIDE_PHOTOGRAPH,
            f"{outside:.1%} of the crop lies outside the photograph; faces.align.{key} allows {most:.0%}",
        )

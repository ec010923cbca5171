"""What is counted in one picture; measures come from sums of these over pictures, as the paper's come from a whole test set."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import IGNORE, Mask
from natocc.evaluation.classes import FACE, OCCLUDER

Counts: TypeAlias = npt.NDArray[np.int64]

FIELDS = (
    "face_in_both",
    "face_in_prediction",
    "face_in_truth",
    "face_in_neither",
    "occluder",
    "occluder_called_face",
    "boundary_in_both",
    "boundary_in_either",
)
"""Columns of counts: pixels that are face in both, in the prediction only, in the truth only, in neither; pixels of occluders,
and those of them that the prediction calls face; and intersection and union of the two faces' boundaries."""

BOUNDARY = 0.02
"""Width of the boundary over the diagonal of the picture, as Cheng et al. have it."""


def count_pixels(truth: Mask, prediction: Mask) -> Counts:
    """Counts of one picture.

    Parameters
    ----------
    truth : (H, W) uint8
        0 background, 1 face, 2 occluder, 255 not known: such pixels count nowhere.
    prediction : (H, W) uint8
        1 on the face, 0 elsewhere.

    Returns
    -------
    counts : (8,) int64
        As :data:`FIELDS` name them.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"truth and prediction must have one shape, got {truth.shape} and {prediction.shape}")
    known, face, predicted = truth != IGNORE, truth == FACE, prediction == 1
    occluder = truth == OCCLUDER
    both = np.count_nonzero(face & predicted)
    only_predicted = np.count_nonzero(predicted & known) - both
    only_true = np.count_nonzero(face) - both
    neither = np.count_nonzero(known) - both - only_predicted - only_true
    leaked = np.count_nonzero(occluder & predicted)
    # Where nobody knows, the prediction is taken for true: its edges there are no edges of the truth that it missed.
    edges = [boundary(np.where(known, mask, predicted).astype(np.uint8)).view(np.bool_) for mask in (face, predicted)]
    shared = np.count_nonzero(edges[0] & edges[1] & known)
    either = np.count_nonzero((edges[0] | edges[1]) & known)
    return np.array(
        [both, only_predicted, only_true, neither, np.count_nonzero(occluder), leaked, shared, either], dtype=np.int64
    )


def boundary(mask: Mask, width: int | None = None) -> Mask:
    """Pixels of a mask that lie near its edge [1]_.

    Parameters
    ----------
    mask : (H, W) uint8
        0 and 1.
    width : int, optional
        Chessboard distance, px, up to which a pixel outside is near; 2 % of the diagonal unless given, at least 1. Beyond the
        picture everything is outside.

    Returns
    -------
    near : (H, W) uint8
        1 on those pixels.

    References
    ----------
    .. [1] B. Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation", CVPR 2021.
    """
    if width is None:
        width = boundary_width(mask.shape)
    side = 2 * width + 1
    # A square is eroded row by row and column by column, so that a wide boundary costs no more than a narrow one.
    inner = cv2.erode(mask, np.ones((1, side), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    inner = cv2.erode(inner, np.ones((side, 1), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(mask - inner, dtype=np.uint8)


def boundary_width(shape: tuple[int, ...]) -> int:
    """Width of the boundary in a picture of this height and width, px.

    Examples
    --------
    >>> boundary_width((512, 512)), boundary_width((16, 16))
    (14, 1)
    """
    return max(1, round(BOUNDARY * float(np.hypot(shape[0], shape[1]))))

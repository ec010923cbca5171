"""The mask of a face found by a network: the pieces of visible face that are this face's, and how far they are to be trusted."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Affine
from natocc.core.samples import Image, Mask, Points
from natocc.faces.alignment.crop import ffhq_matrix, warp_labels, warp_picture
from natocc.faces.alignment.landmark_outline import fill_polygon
from natocc.io.segmenter import Segmenter
from natocc.plugins.options import FileLocation, Options

_Ellipse = tuple[float, float, float, float]

FACE: _Ellipse = (0.5, 0.55, 0.28, 0.38)
"""Centre and half axes of a face with its ears in FFHQ's crop, in sides of it: half of 800 faces of CelebAMask-HQ fill this."""
_CORE: _Ellipse = (0.5, 0.6, 0.18, 0.2)
"""The same from eyes to mouth."""
_IN_FACE = 0.5
"""Share of a piece of visible face that must lie where this face is; other pieces are somebody else's."""
_LEAST = 0.1
"""Share of the core that must be found."""


class NetworkMaskOptions(Options):
    """A network that finds the masks of photographs that have none."""

    model: FileLocation
    """Location of an ONNX file as ``natocc train`` writes it."""


@dataclasses.dataclass(frozen=True, eq=False)
class NetworkMask:
    """What a network found, in crop pixels.

    Parameters
    ----------
    face : (H, W) uint8
        1 where this face is visible.
    unlabelled : (H, W) uint8
        1 where there is other face, or may be; does not overlap `face`.
    confidence : float
        How sure the network is of `face`: mean of 2p - 1 over it, for its probability p; in [0, 1].
    """

    face: Mask
    unlabelled: Mask
    confidence: float


def find_mask(
    image: Image, landmarks_xy: Points, others_xy: Sequence[Points], matrix: Affine, shape: tuple[int, int], segmenter: Segmenter
) -> NetworkMask:
    """Mask of a face that a network finds in FFHQ's crop, which is framed as CelebAMask-HQ is, whatever the alignment.

    Parameters
    ----------
    image : (H, W, 3) uint8
        The photograph, sRGB.
    landmarks_xy : (68, 2) or (5, 2) float32
        Of the face, in pixels.
    others_xy : sequence of (68, 2) or (5, 2) float32
        Of other faces.
    matrix : (2, 3) float64
        Photograph pixels to pixels of the crop in which the mask is wanted.
    shape : (int, int)
        Of that crop.
    segmenter : Segmenter
        The network.

    Raises
    ------
    BadDataError
        ``degenerate-landmarks``; ``empty-mask`` if less than a tenth of the face from its eyes to its mouth is found.
    RunError
        As :meth:`natocc.io.segmenter.Segmenter.logits`.
    """
    side = segmenter.side
    to_seen = ffhq_matrix(landmarks_xy, side)
    seen = segmenter.logits(warp_picture(image, to_seen, (side, side)))
    onwards = _chained(matrix, _inverse(to_seen))
    logits = np.asarray(
        cv2.warpAffine(seen, onwards, shape[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.float32
    )
    picture = warp_labels(np.ones(image.shape[:2], np.uint8), matrix, shape)
    found = warp_labels(np.ones_like(seen, np.uint8), onwards, shape) & picture & (logits >= 0).view(np.uint8)

    here, core = (face_ellipse(landmarks_xy, ellipse, matrix, shape) for ellipse in (FACE, _CORE))
    others = np.zeros(shape, np.uint8)
    for other_xy in others_xy:
        others |= face_ellipse(other_xy, FACE, matrix, shape)
    face = _pieces(found & ~(others & ~here), here)
    wanted = core & picture
    share = np.count_nonzero(face & wanted) / (np.count_nonzero(wanted) or 1)
    if share < _LEAST:
        raise BadDataError(Reason.EMPTY_MASK, f"the network finds {share:.0%} of the face from its eyes to its mouth")
    certainty = float(np.tanh(logits[face > 0].clip(0) / 2).mean())  # 2p - 1, from the logit of p
    return NetworkMask(face, (found | others & picture) & ~face, round(certainty, 4))


def _pieces(found: Mask, here: Mask) -> Mask:
    """The connected pieces of which at least half lies in `here`."""
    _, numbers = cv2.connectedComponents(found, connectivity=4)
    whole, inside = np.bincount(numbers.ravel()), np.bincount(numbers.ravel(), weights=here.ravel())
    kept = inside >= _IN_FACE * whole
    kept[0] = False
    return np.asarray(kept[numbers], dtype=np.uint8)


def face_ellipse(landmarks_xy: Points, ellipse: _Ellipse, matrix: Affine, shape: tuple[int, int]) -> Mask:
    """Where a face is by its landmarks, in crop pixels; empty where they are no face's."""
    mask = np.zeros(shape, np.uint8)
    try:
        unit = ffhq_matrix(landmarks_xy, 1)
    except BadDataError:
        return mask
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    across, down, width, height = ellipse
    # FFHQ's crop of one pixel has its centre at 0.
    corners = np.stack([across - 0.5 + width * np.cos(angles), down - 0.5 + height * np.sin(angles)], axis=1)
    outline = _moved(corners, _chained(matrix, _inverse(unit)))
    fill_polygon(mask, outline.clip(-50_000, 50_000), 1)
    return mask


def _moved(points_xy: npt.NDArray[np.float64], matrix: Affine) -> npt.NDArray[np.float64]:
    return points_xy @ matrix[:, :2].T + matrix[:, 2]


def _inverse(matrix: Affine) -> Affine:
    return np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64)


def _chained(last: Affine, first: Affine) -> Affine:
    """`first`, then `last`, as one."""
    return np.column_stack([last[:, :2] @ first[:, :2], last[:, :2] @ first[:, 2] + last[:, 2]])

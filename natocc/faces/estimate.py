"""Face masks of photographs alone: an outline from the landmarks, refined on the picture."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.errors import BadDataError, Reason
from natocc.faces.crop import ffhq_matrix, warp_picture
from natocc.faces.keypoints import inter_ocular
from natocc.faces.regions import face_region
from natocc.samples import Image, Mask, Points

WORKING_SIDE = 192
"""Side, px, of FFHQ's crop in which masks are refined: the face is about 110 px wide there, and a mask takes 30 ms."""
# In inter-ocular distances: how far inside and outside the outline the picture may overrule it, by jaw and cheek, where the
# landmarks know better than colours do (neck and ears are skin as well), and above the brows, where hair hangs as it likes.
_JAW, _FOREHEAD = (0.08, 0.07), (0.55, 0.14)
_SMOOTH = 0.06  # inter-ocular distances: what is finer is noise
_RIM = 4  # px of the crop
_VISIBLE = 6.0  # CIELAB units: plainly two colours
_LEAST_SHARE = 0.4  # of the outline's area: less is no face but a failure, and the outline stands in


def estimate_face_mask(image: Image, landmarks_xy: Points) -> tuple[Mask, float]:
    """Face mask of a photograph: jaw and forehead by the landmarks, refined by colour (GrabCut [1]_).

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    landmarks_xy : (68, 2) float32
        In pixels.

    Returns
    -------
    mask : (H, W) uint8
        1 on the face without ears, in one piece without holes; hair over the forehead is not face.
    confidence : float
        In [0, 1]: share of the mask's edge along which the colours inside and outside differ visibly. Elsewhere nothing in the
        picture says that the face ends there.

    Raises
    ------
    BadDataError
        ``degenerate-landmarks`` if they are no face's; ``empty-mask`` if the face lies outside the picture.

    References
    ----------
    .. [1] C. Rother, V. Kolmogorov, A. Blake, "GrabCut: Interactive Foreground Extraction using Iterated Graph Cuts",
       SIGGRAPH 2004.
    """
    to_crop = ffhq_matrix(landmarks_xy, WORKING_SIDE)
    crop = warp_picture(image, to_crop, (WORKING_SIDE, WORKING_SIDE))
    points = (landmarks_xy @ to_crop[:, :2].T + to_crop[:, 2]).astype(np.float32)
    outline = face_region(points, (WORKING_SIDE, WORKING_SIDE))
    refined = _refined(crop, points, outline)
    size = (image.shape[1], image.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    soft = cv2.warpAffine(refined * np.uint8(255), to_crop, size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    mask = (np.asarray(soft) >= 128).astype(np.uint8)
    if not mask.any():
        raise BadDataError(Reason.EMPTY_MASK, "the face that the landmarks describe lies outside the picture")
    return mask, round(_seen_share(crop, refined), 4)


def _refined(crop: Image, points: Points, outline: Mask) -> Mask:
    """The outline, moved to where the colours change."""
    unit = inter_ocular(points)
    inside = cv2.distanceTransform(outline, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) / unit
    outside = cv2.distanceTransform(1 - outline, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) / unit
    forehead = _above_the_brows(points, outline.shape) > 0.05 * unit
    state = np.where(outline > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    state[inside > np.where(forehead, _FOREHEAD[0], _JAW[0])] = cv2.GC_FGD
    state[outside > np.where(forehead, _FOREHEAD[1], _JAW[1])] = cv2.GC_BGD
    features = np.rint(cv2.convexHull(points[17:])).astype(
        np.int32
    )  # brows, eyes, nose and mouth are face, whatever their colour
    cv2.fillConvexPoly(state, features, cv2.GC_FGD)
    if not {cv2.GC_FGD, cv2.GC_BGD} <= set(np.unique(state).tolist()):
        return outline  # nothing is sure: the face is larger or smaller than any face
    # GrabCut starts from clusters drawn by OpenCV's own generator, one a thread: the same seed, the same mask.
    cv2.setRNGSeed(0)
    lab, models, whole = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB), np.zeros((2, 1, 65)), (0, 0, 0, 0)
    cv2.grabCut(lab, state, whole, models[0], models[1], 1, cv2.GC_INIT_WITH_MASK)
    found = _one_piece(((state == cv2.GC_FGD) | (state == cv2.GC_PR_FGD)).astype(np.uint8), unit)
    return found if np.count_nonzero(found) >= _LEAST_SHARE * np.count_nonzero(outline) else outline


def _seen_share(crop: Image, mask: Mask) -> float:
    """Share of the mask's edge along which the mean colours within :data:`_RIM` px of it differ by more than :data:`_VISIBLE`."""
    lab = np.asarray(cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), dtype=np.float32)
    disc = np.ones((3, 3), np.uint8)
    inner = (mask - cv2.erode(mask, disc, iterations=_RIM)).astype(np.uint8)
    outer = (cv2.dilate(mask, disc, iterations=_RIM) - mask).astype(np.uint8)
    edge = mask > cv2.erode(mask, disc)
    difference = np.linalg.norm(_local_mean(lab, inner)[edge] - _local_mean(lab, outer)[edge], axis=1)
    return float(np.mean(difference > _VISIBLE)) if difference.size else 0.0


def _local_mean(lab: npt.NDArray[np.float32], where: Mask) -> npt.NDArray[np.float32]:
    """(H, W, 3): mean colour of the pixels `where`, in a window around each pixel."""
    window, weight = (2 * _RIM + 1, 2 * _RIM + 1), where.astype(np.float32)
    share = np.maximum(cv2.blur(weight, window), 1e-6)
    return np.asarray(cv2.blur(lab * weight[..., None], window) / share[..., None], dtype=np.float32)


def _above_the_brows(points: Points, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """(H, W): how far each pixel lies above the brows, px, along the line from the tip of the nose."""
    brows = points[17:27].mean(axis=0).astype(np.float64)
    up = brows - points[30]
    up /= max(float(np.hypot(*up)), 1e-6)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    above: npt.NDArray[np.float64] = (columns - brows[0]) * up[0] + (rows - brows[1]) * up[1]
    return above


def _one_piece(mask: Mask, unit: float) -> Mask:
    """The largest piece of a mask, without holes, strands and teeth."""
    reach = max(1, round(_SMOOTH * unit))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc)
    outlines, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    piece = np.zeros_like(mask)
    if outlines:
        cv2.drawContours(piece, [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    soft = cv2.GaussianBlur(piece.astype(np.float32), (0, 0), max(0.5, _SMOOTH * unit))
    return (soft > 0.5).astype(np.uint8)

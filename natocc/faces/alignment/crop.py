"""The crop: FFHQ's similarity transform, and pictures and masks brought there."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Affine
from natocc.core.samples import Image, Mask, Points
from natocc.faces.alignment.border import Border, Pixels, fill_outside, nearest_shown
from natocc.faces.landmarks.keypoints import eye_centres_xy, mouth_centre_xy

_LEAST_SINE = 0.1  # of the angle between the line through the eyes and the one to the mouth: 6°, no face is so flat

_Places = npt.NDArray[np.float64]


def ffhq_matrix(landmarks_xy: Points, size: int) -> Affine:
    """Similarity transform from a photograph to FFHQ's crop [1]_.

    Parameters
    ----------
    landmarks_xy : (68, 2) or (5, 2) float32
        In source pixels.
    size : int
        Side of the crop, px.

    Returns
    -------
    matrix : (2, 3) float64
        Source pixels to crop pixels, pixel centres at integers.

    Raises
    ------
    BadDataError
        ``degenerate-landmarks`` if eyes and mouth coincide, lie on one line or are mirrored.

    References
    ----------
    .. [1] T. Karras, S. Laine, T. Aila, "A Style-Based Generator Architecture for Generative Adversarial Networks", CVPR 2019,
       appendix C, after T. Karras et al., "Progressive Growing of GANs", ICLR 2018.
    """
    left, right = eye_centres_xy(landmarks_xy)
    eyes, eye_to_eye = (left + right) / 2, right - left
    eye_to_mouth = mouth_centre_xy(landmarks_xy) - eyes
    between, below = float(np.hypot(*eye_to_eye)), float(np.hypot(*eye_to_mouth))
    if min(between, below) < 1:
        raise BadDataError(Reason.DEGENERATE_LANDMARKS, "eyes and mouth lie less than a pixel apart and give no direction")
    turn = float(eye_to_eye[0] * eye_to_mouth[1] - eye_to_eye[1] * eye_to_mouth[0])
    if turn < _LEAST_SINE * between * below:
        raise BadDataError(Reason.DEGENERATE_LANDMARKS, "the mouth does not lie below the line through the eyes")
    across = eye_to_eye - np.array([-eye_to_mouth[1], eye_to_mouth[0]])
    cosine, sine = across / np.hypot(*across)
    scale = size / (2 * max(2.0 * between, 1.8 * below))
    linear = scale * np.array([[cosine, sine], [-sine, cosine]])
    shift = np.full(2, (size - 1) / 2) - linear @ (eyes + 0.1 * eye_to_mouth)
    return np.column_stack([linear, shift])


def warp_labels(labels: Mask, matrix: Affine, shape: tuple[int, int]) -> Mask:
    """A mask or label map in crop pixels: nearest neighbour, 0 outside the source."""
    if shape == labels.shape and np.array_equal(matrix, np.eye(2, 3)):
        return labels
    x, y = _source_pixels(matrix, *np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float64))
    inside = (x >= 0) & (x < labels.shape[1]) & (y >= 0) & (y < labels.shape[0])
    warped = np.zeros(shape, np.uint8)
    warped[inside] = labels[y[inside], x[inside]]
    return warped


def seen_in_crop(source: tuple[int, int], matrix: Affine, shape: tuple[int, int]) -> Mask:
    """1 where a crop shows a photograph of `source` (height, width) pixels, 0 outside it."""
    if lies_within(source, matrix, shape):
        return np.ones(shape, np.uint8)
    return warp_labels(np.ones(source, np.uint8), matrix, shape)


def lies_within(source: tuple[int, int], matrix: Affine, shape: tuple[int, int]) -> bool:
    """Whether a crop shows nothing but a photograph of `source` (height, width) pixels."""
    bottom, right = shape[0] - 1.0, shape[1] - 1.0
    x, y = _source_pixels(matrix, np.array([0, 0, bottom, bottom]), np.array([0, right, 0, right]))  # all corners, so all
    return bool(min(x.min(), y.min()) >= 0 and x.max() < source[1] and y.max() < source[0])


def labels_outside(labels: Mask, source: tuple[int, int], matrix: Affine, border: Border) -> Mask:
    """What the colours outside a photograph are of.

    Parameters
    ----------
    labels : (H, W) uint8
        In crop pixels.
    source : (int, int)
        Height and width of the photograph.
    matrix : (2, 3) float64
        Photograph pixels to crop pixels.
    border : str
        Of the crop: with ``reflect`` a pixel outside has the label of the one that it mirrors, with ``blur`` that of the nearest
        one on the photograph's edge, else 0.

    Returns
    -------
    outside : (H, W) uint8
        0 inside the photograph, and where a colour comes from outside the crop.
    """
    outside = np.zeros_like(labels)
    if border not in ("reflect", "blur"):
        return outside
    x, y = _source_pixels(matrix, *np.mgrid[0 : labels.shape[0], 0 : labels.shape[1]].astype(np.float64))
    where = (x < 0) | (x >= source[1]) | (y < 0) | (y >= source[0])
    # The nearest crop pixel, up to half a diagonal away, must not lie outside again.
    margin = 0.75 / float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    shown_x, shown_y = (
        nearest_shown(at, length, border).clip(min(margin, (length - 1) / 2), max(length - 1 - margin, (length - 1) / 2))
        for at, length in ((x[where], source[1]), (y[where], source[0]))
    )
    columns = np.rint(matrix[0, 0] * shown_x + matrix[0, 1] * shown_y + matrix[0, 2]).astype(np.int64)
    rows = np.rint(matrix[1, 0] * shown_x + matrix[1, 1] * shown_y + matrix[1, 2]).astype(np.int64)
    known = (columns >= 0) & (columns < labels.shape[1]) & (rows >= 0) & (rows < labels.shape[0])
    outside[where] = np.where(known, labels[rows * known, columns * known], 0)
    return outside


def warp_picture(image: Image, matrix: Affine, shape: tuple[int, int], border: Border = "reflect") -> Image:
    """A picture in crop pixels.

    Interpolated by bicubic convolution, after area averaging where it shrinks; outside the source as
    :func:`natocc.faces.alignment.border.fill_outside` says. What is inside does not depend on `border`.
    """
    if shape == image.shape[:2] and np.array_equal(matrix, np.eye(2, 3)):
        return image
    source, to_crop = _reduced(image, matrix)
    # BORDER_REFLECT_101 would be FFHQ's, but with it OpenCV never returns from a picture one pixel wide.
    mirrored = cv2.warpAffine(source, to_crop, shape[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    warped, source_shape = np.asarray(mirrored, dtype=np.uint8), image.shape[:2]
    if lies_within(source_shape, matrix, shape):
        return warped
    return fill_outside(warped, seen_in_crop(source_shape, matrix, shape), border)


def _source_pixels(matrix: Affine, rows: _Places, columns: _Places) -> tuple[Pixels, Pixels]:
    """x and y of the source pixel nearest to each of some crop pixels; outside the source, too."""
    # The warp's own nearest neighbour rounds down on some paths; looking positions up is exact everywhere.
    inverse = np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64)
    x = np.floor(inverse[0, 0] * columns + inverse[0, 1] * rows + inverse[0, 2] + 0.5).astype(np.int64)
    y = np.floor(inverse[1, 0] * columns + inverse[1, 1] * rows + inverse[1, 2] + 0.5).astype(np.int64)
    return x, y


def scaling(across: float, down: float) -> Affine:
    """Matrix that scales a picture, its borders onto the new borders, pixel centres at integers."""
    return np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2]], dtype=np.float64)


def _reduced(image: Image, matrix: Affine) -> tuple[Image, Affine]:
    """The picture shrunk by area averaging to about its final scale, and the matrix from there: interpolation alone aliases."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale >= 1:
        return image, matrix
    height, width = image.shape[:2]
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    to_source = scaling(width / small[0], height / small[1])
    combined = np.vstack([matrix, [0, 0, 1]]) @ np.vstack([to_source, [0, 0, 1]])
    return np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), dtype=np.uint8), combined[:2]

"""The crop: FFHQ's similarity transform, and pictures and masks brought there."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Affine
from natocc.core.samples import Image, Mask, Points
from natocc.faces.landmarks.keypoints import eye_centres_xy, mouth_centre_xy

_LEAST_SINE = 0.1  # of the angle between the line through the eyes and the one to the mouth: 6°, no face is so flat
_BLUR_SHARE = 0.05  # of the crop's side: how blurred what was mirrored becomes
_BLUR_WITHIN = 0.04  # of the crop's side: how far outside the source it takes to become so
_BLUR_AT = 128  # px of the longer side at which the blur is computed: nothing finer is left, and 4096 px would take 50 s


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
    # The warp's own nearest neighbour rounds down on some paths; looking positions up is exact everywhere.
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float64)
    inverse = np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64)
    x = np.floor(inverse[0, 0] * columns + inverse[0, 1] * rows + inverse[0, 2] + 0.5).astype(np.int64)
    y = np.floor(inverse[1, 0] * columns + inverse[1, 1] * rows + inverse[1, 2] + 0.5).astype(np.int64)
    inside = (x >= 0) & (x < labels.shape[1]) & (y >= 0) & (y < labels.shape[0])
    warped = np.zeros(shape, np.uint8)
    warped[inside] = labels[y[inside], x[inside]]
    return warped


def warp_picture(image: Image, matrix: Affine, shape: tuple[int, int]) -> Image:
    """A picture in crop pixels.

    Interpolated by bicubic convolution, after area averaging where it shrinks; outside the source it is mirrored and blurred the
    more the farther out.
    """
    if shape == image.shape[:2] and np.array_equal(matrix, np.eye(2, 3)):
        return image
    size = (shape[1], shape[0])
    source, to_crop = _reduced(image, matrix)
    # BORDER_REFLECT_101 would be FFHQ's, but with it OpenCV never returns from a picture one pixel wide.
    interpolated = cv2.warpAffine(source, to_crop, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    warped = np.asarray(interpolated, dtype=np.uint8)
    covered = cv2.warpAffine(np.full(source.shape[:2], 255, np.uint8), to_crop, size, flags=cv2.INTER_NEAREST)
    if covered.all():
        return warped
    side = max(shape)
    distance = cv2.distanceTransform((covered == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    share = np.clip(distance / (_BLUR_WITHIN * side), 0, 1)[..., None]
    mixed: Image = np.rint(warped + share * (_blurred(warped).astype(np.float32) - warped)).astype(np.uint8)
    return mixed


def _blurred(image: Image) -> Image:
    """The picture blurred by a Gaussian whose standard deviation is a twentieth of its longer side."""
    height, width = image.shape[:2]
    scale = min(1.0, _BLUR_AT / max(height, width))
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(reduced, (0, 0), _BLUR_SHARE * max(small))
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


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

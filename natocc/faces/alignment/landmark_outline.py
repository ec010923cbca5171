"""Face outlines from landmarks alone."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import Mask, Points

FOREHEAD = 0.65
"""Height of the forehead above the bridge of the nose, over the distance from there to the chin."""

_ON_FOREHEAD = 47  # corners: 4° apart


def outline_of(landmarks_xy: Points) -> npt.NDArray[np.float64]:
    """Outline of a face that follows the jaw, and half an ellipse over the forehead.

    The ellipse rises from the ends of the jaw along the line from the chin to the bridge of the nose, so that it leans with a
    head that is turned.

    Parameters
    ----------
    landmarks_xy : (68, 2) float32
        In pixels.

    Returns
    -------
    outline_xy : (N, 2) float64
        In pixels: the 17 points of the jaw, then back over the forehead.

    Raises
    ------
    ValueError
        If there are not 68 points.
    """
    points = np.asarray(landmarks_xy, dtype=np.float64)
    if points.shape != (68, 2):
        raise ValueError(f"landmarks_xy must be (68, 2), got {points.shape}")
    jaw, bridge = points[:17], points[27]
    middle, across = (jaw[0] + jaw[16]) / 2, (jaw[16] - jaw[0]) / 2
    up = bridge + FOREHEAD * (bridge - jaw[8]) - middle
    angles = np.linspace(0, np.pi, _ON_FOREHEAD + 2)[1:-1, None]
    return np.concatenate([jaw, middle + np.cos(angles) * across + np.sin(angles) * up])


def face_region(landmarks_xy: Points, shape: tuple[int, int]) -> Mask:
    """Face mask within :func:`outline_of`.

    Parameters
    ----------
    landmarks_xy : (68, 2) float32
        In pixels.
    shape : (int, int)
        Height and width of the picture.

    Returns
    -------
    mask : (H, W) uint8
        1 on the face without ears, 0 elsewhere; empty if the face lies outside the picture.

    Raises
    ------
    ValueError
        If there are not 68 points.
    """
    mask = np.zeros(shape, np.uint8)
    fill_polygon(mask, outline_of(landmarks_xy).clip(-50_000, 50_000), 1)
    return mask


def landmark_hull(landmarks_xy: Points, shape: tuple[int, int]) -> Mask:
    """Mask of the convex hull of landmarks: the face up to its brows.

    Parameters
    ----------
    landmarks_xy : (N, 2) float32
        In pixels.
    shape : (int, int)
        Height and width of the picture.

    Returns
    -------
    mask : (H, W) uint8
        1 within the hull, 0 elsewhere.
    """
    mask = np.zeros(shape, np.uint8)
    hull = np.asarray(cv2.convexHull(np.asarray(landmarks_xy, dtype=np.float32)))[:, 0]
    fill_polygon(mask, hull.clip(-50_000, 50_000), 1)
    return mask


FRACTION_BITS = 6


def fill_polygon(labels: Mask, corners_xy: npt.NDArray[np.floating], value: int) -> None:
    """Paint a polygon into a label map, in place.

    Parameters
    ----------
    labels : (H, W) uint8
        The map; pixels whose centre lies inside the polygon, or within about half a pixel of its edge, become `value`.
    corners_xy : (N, 2) float
        In pixels, pixel centres at integers; may lie outside the map, within ±100 000 px.
    value : int
        In [0, 255].
    """
    fixed_point = np.rint(np.asarray(corners_xy, dtype=np.float64) * 2**FRACTION_BITS).astype(np.int32)
    cv2.fillPoly(labels, [fixed_point], value, cv2.LINE_8, FRACTION_BITS)

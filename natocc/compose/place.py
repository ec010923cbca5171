"""Where an occluder lies on a face."""

from __future__ import annotations

import math
from typing import Annotated

import cv2
import numpy as np
from pydantic import AfterValidator, Field

from natocc.options import Options
from natocc.plans import Placement
from natocc.samples import MATTE_THRESHOLD, Cutout, Mask


def _ordered(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] > limits[1]:
        raise ValueError(f"a range is [least, most], found {list(limits)}")
    return limits


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
PositiveRange = Annotated[tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]], AfterValidator(_ordered)]
UnitRange = Annotated[tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]], AfterValidator(_ordered)]


class PlacementRule(Options):
    """How occluders are laid on faces; the defaults are the ranges of the paper's code.

    Parameters
    ----------
    area : (float, float)
        Area of the occluder's box over the area of the face's box.
    scale : (float, float)
        A further factor on both sides.
    rotate, shear : (float, float)
        Degrees, clockwise.
    flip : float
        Probability of mirroring.
    occlusion : (float, float)
        Occlusion ratios that are accepted; the paper leaves them to chance, which makes samples with nothing covered and
        samples with no face left.
    max_enlargement : float
        A cutout that would be enlarged more than this is not used: it would look blurred. So its side in its own picture is at
        least the side needed over this.
    attempts : int
        Draws (cutout and placement) before the sample is rejected.
    """

    area: PositiveRange = (0.5, 1.0)
    scale: PositiveRange = (0.8, 1.2)
    rotate: Range = (-15.0, 15.0)
    shear: Annotated[Range, Field(description="degrees")] = (-8.0, 8.0)
    flip: float = Field(0.5, ge=0, le=1)
    occlusion: UnitRange = (0.02, 0.8)
    max_enlargement: float = Field(4.0, gt=0)
    attempts: int = Field(30, ge=1, le=1000)


def place(rng: np.random.Generator, face_mask: Mask, cutout: Cutout, rule: PlacementRule) -> Placement:
    """Draw a placement by the paper's rule.

    Parameters
    ----------
    rng : numpy.random.Generator
        Drawn from a fixed number of times, whatever comes out.
    face_mask : (H, W) uint8
        1 on the face, not empty.
    cutout : Cutout
        A hand (with `points_to_xy`) is turned so that its fingers point to the centre of the face's box.
    rule : PlacementRule
        The ranges.

    Returns
    -------
    placement : Placement
        The cutout's box is centred on a point drawn uniformly over the face's box.

    References
    ----------
    .. [1] K. T. R. Voo, L. Jiang, C. C. Loy, "Delving into High-Quality Synthetic Face Occlusion Segmentation Datasets",
       CVPR Workshops 2022, section 3.
    """
    face_left, face_top, face_width, face_height = cv2.boundingRect(face_mask)
    left, top, width, height = cv2.boundingRect((cutout.matte >= MATTE_THRESHOLD).astype(np.uint8))
    flip = bool(rng.random() < rule.flip)
    scale = math.sqrt(rng.uniform(*rule.area) * face_width * face_height / (width * height)) * rng.uniform(*rule.scale)
    angle = math.radians(rng.uniform(*rule.rotate))
    shear = math.tan(math.radians(rng.uniform(*rule.shear)))
    centre = np.array([face_left + face_width * rng.random(), face_top + face_height * rng.random()])
    if cutout.points_to_xy is not None:
        towards = np.array([face_left + face_width / 2, face_top + face_height / 2]) - centre
        points_x, points_y = cutout.points_to_xy
        angle += math.atan2(towards[1], towards[0]) - math.atan2(points_y, -points_x if flip else points_x)
    cosine, sine = math.cos(angle), math.sin(angle)
    linear = scale * np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[1.0, shear], [0.0, 1.0]])
    if flip:
        linear = linear @ np.diag([-1.0, 1.0])
    shift = centre - linear @ np.array([left + (width - 1) / 2, top + (height - 1) / 2])
    # Rounded, so that the last bit of another machine's sine does not make another plan.
    values = [round(float(value), 6) for value in (*linear[0], shift[0], *linear[1], shift[1])]
    return Placement((values[0], values[1], values[2], values[3], values[4], values[5]), flip)


def enlargement(placement: Placement) -> float:
    """By how much a cutout's sides grow, as the root of the factor on its area."""
    return math.sqrt(abs(float(np.linalg.det(placement.affine[:, :2]))))

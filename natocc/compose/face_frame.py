"""A face as things are laid on it: which way is down, how many pixels a centimetre has, where mouth, ears and brows are."""

from __future__ import annotations

import dataclasses
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from natocc.core.samples import AlignedFace

Vector: TypeAlias = npt.NDArray[np.float64]
Side: TypeAlias = Literal[0, 1]
"""0 is the left of the picture, 1 its right."""

_PUPILS = 6.3  # cm between the pupils of an adult: mean of 6.2 (women) and 6.4 (men), N. A. Dodgson, SPIE 5291, 2004
_EYES_TO_MOUTH = 6.8  # cm from between the pupils to the mouth: 1.08 times that, upper quartile over frontal faces of HELEN
_TO_EAR = 1.2  # cm from the ends of the jaw's line outwards to the ears
_FACE = 14.0  # cm: breadth of a face between its cheekbones

# Where the parts lie in the box of an upright face, as shares of its sides: for faces without 68 landmarks.
_LIPS, _CHIN = (0.5, 0.77), (0.5, 0.92)
_CHEEK, _EAR, _JAW, _TEMPLE, _BROW = (0.22, 0.64), (0.0, 0.48), (0.14, 0.8), (0.06, 0.36), (0.28, 0.32)  # on the left


@dataclasses.dataclass(frozen=True, eq=False)
class FaceFrame:
    """What is measured on a face.

    Parameters
    ----------
    cm : float
        Pixels in a centimetre at the face.
    down : (2,) float64
        Unit vector from the eyes to the mouth.
    lips, chin : (2,) float64
        Points, px.
    cheek, ear, jaw, temple, brow : (2, 2) float64
        Points on the left and on the right of the picture, px. The jaw's lie halfway between ear and chin.
    shown : (float, float)
        How much of the left and of the right half of the face is seen; they add up to 1.
    """

    cm: float
    down: Vector
    lips: Vector
    chin: Vector
    cheek: Vector
    ear: Vector
    jaw: Vector
    temple: Vector
    brow: Vector
    shown: tuple[float, float] = (0.5, 0.5)

    def outward(self, side: Side) -> Vector:
        """Unit vector from the middle of the face to a side."""
        right = np.array([self.down[1], -self.down[0]])
        return right if side else -right

    def away(self, side: Side, degrees: float) -> Vector:
        """Unit vector that many degrees away from straight down, towards a side."""
        turn = np.radians(degrees)
        return np.asarray(np.cos(turn) * self.down + np.sin(turn) * self.outward(side))

    def draw_side(self, rng: np.random.Generator, left_share: float = 0.5) -> Side:
        """A side; of a turned face mostly the one that is seen, of a frontal one the left with that probability."""
        left, right = left_share * self.shown[0] ** 2, (1 - left_share) * self.shown[1] ** 2
        return 0 if rng.random() * (left + right) < left else 1


def face_frame(face: AlignedFace) -> FaceFrame:
    """Measure a face.

    Parameters
    ----------
    face : AlignedFace
        With 68 landmarks, a centimetre comes from the distance between the eyes (6.3 cm) and from that from them to the mouth
        (6.8 cm), whichever is less foreshortened. With 5, from the eyes alone. Without landmarks, from the box of the face mask,
        which is taken to be 14 cm wide and upright.

    Returns
    -------
    frame : FaceFrame
    """
    left, top, width, height = face.box
    points = None if face.landmarks_xy is None else face.landmarks_xy.astype(np.float64)
    if points is None or len(points) != 68:
        cm = face.inter_ocular / _PUPILS if face.inter_ocular else width / _FACE
        corner, size = np.array([left, top]), np.array([width, height])
        lips, chin = (corner + size * share for share in (_LIPS, _CHIN))
        sides = [corner + size * [share, (1 - share[0], share[1])] for share in (_CHEEK, _EAR, _JAW, _TEMPLE, _BROW)]
        return FaceFrame(cm, np.array([0.0, 1.0]), lips, chin, *sides)

    def mean(*indices: int) -> Vector:
        return np.asarray(points[list(indices)].mean(axis=0))

    eyes = [mean(*range(36, 42)), mean(*range(42, 48))]
    middle_of_eyes, lips = (eyes[0] + eyes[1]) / 2, mean(*range(60, 68))
    down = mean(48, 54) - middle_of_eyes
    length = float(np.hypot(*down))
    down = down / length if length > 0 else np.array([0.0, 1.0])
    cm = max(float(np.hypot(*(eyes[1] - eyes[0]))) / _PUPILS, length / _EYES_TO_MOUTH, 1e-3)
    to_ear = _TO_EAR * cm * np.array([down[1], -down[0]])
    seen = [float(np.hypot(*(points[side] - points[30]))) for side in (2, 14)]
    both = max(seen[0] + seen[1], 1e-6)
    return FaceFrame(
        cm=cm,
        down=down,
        lips=lips,
        chin=0.7 * mean(7, 8, 9) + 0.3 * lips,
        cheek=np.stack([mean(2, 31, 41), mean(14, 35, 46)]),
        ear=np.stack([mean(0, 1) - to_ear, mean(15, 16) + to_ear]),
        jaw=np.stack([mean(4, 5), mean(11, 12)]),
        temple=np.stack([mean(0, 17), mean(16, 26)]),
        brow=np.stack([mean(18, 19, 20), mean(23, 24, 25)]),
        shown=(seen[0] / both, seen[1] / both),
    )

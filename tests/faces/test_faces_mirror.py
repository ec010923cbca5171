from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from natocc.core.samples import AlignedFace, Origin
from natocc.faces.alignment.mirror import mirrored
from natocc.faces.classes import PARTS

CLASSES = dict(enumerate(PARTS))


def _face(parts: np.ndarray, points: np.ndarray | None = None) -> AlignedFace:
    image = np.random.Generator(np.random.PCG64(1)).integers(0, 256, (*parts.shape, 3), dtype=np.uint8)
    mask = np.ones_like(parts)
    mask[:, 0] = 0
    matrix = np.array([[0.5, 0.1, 3.0], [-0.1, 0.5, 4.0]])
    return AlignedFace(image, mask, parts, points, Origin("test", "1", "0" * 64), matrix, None, False)


@given(arrays(np.uint8, (6, 7), elements=st.integers(0, 18)), arrays(np.float32, (68, 2), elements=st.floats(-5, 50, width=32)))
def test_mirrored_twice_is_the_face(parts: np.ndarray, points: np.ndarray) -> None:
    face = _face(parts, points)
    again = mirrored(mirrored(face, CLASSES), CLASSES)
    assert (again.image == face.image).all()
    assert again.parts is not None
    assert (again.parts == parts).all()
    assert again.landmarks_xy is not None
    assert np.allclose(again.landmarks_xy, points, atol=1e-4)
    assert np.allclose(again.matrix, face.matrix)


def test_left_and_right_change_places_and_lips_do_not() -> None:
    parts = np.zeros((2, 4), np.uint8)
    parts[0] = [PARTS.index(name) for name in ("l_eye", "r_brow", "u_lip", "l_lip")]
    out = mirrored(_face(parts), CLASSES).parts
    assert out is not None
    assert [PARTS[value] for value in out[0]] == ["l_lip", "u_lip", "l_brow", "r_eye"]


def test_the_matrix_takes_source_pixels_to_the_mirrored_crop() -> None:
    face = _face(np.zeros((6, 7), np.uint8))
    x, y = face.matrix @ (2.0, 3.0, 1.0)
    assert np.allclose(mirrored(face, CLASSES).matrix @ (2.0, 3.0, 1.0), (6 - x, y))


def test_the_jaw_still_starts_on_the_left() -> None:
    points = np.stack([np.linspace(0, 40, 68), np.zeros(68)], axis=1).astype(np.float32)
    points[0], points[16] = (1, 5), (39, 5)
    out = mirrored(_face(np.zeros((50, 41), np.uint8), points), CLASSES).landmarks_xy
    assert out is not None
    assert np.allclose(out[[0, 16]], [(1, 5), (39, 5)])

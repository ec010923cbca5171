from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from natocc.compose.blend import BLENDS, alpha_over, poisson_over

SHAPE = (9, 11)
images = arrays(np.uint8, (*SHAPE, 3))
alphas = arrays(np.float32, SHAPE, elements=st.floats(0, 1, width=32))


@given(images, images, alphas)
def test_over_lies_between_its_inputs(background: np.ndarray, foreground: np.ndarray, alpha: np.ndarray) -> None:
    out = alpha_over(background, foreground, alpha)
    assert (np.minimum(background, foreground) <= out).all()
    assert (out <= np.maximum(background, foreground)).all()


@given(images, images)
def test_over_at_its_ends(background: np.ndarray, foreground: np.ndarray) -> None:
    assert (alpha_over(background, foreground, np.zeros(SHAPE, np.float32)) == background).all()
    assert (alpha_over(background, foreground, np.ones(SHAPE, np.float32)) == foreground).all()


@pytest.mark.parametrize("blend", sorted(BLENDS))
@given(background=images, foreground=images, alpha=alphas, hole=arrays(np.bool_, SHAPE))
def test_every_blend_keeps_the_background_where_alpha_is_0(
    blend: str, background: np.ndarray, foreground: np.ndarray, alpha: np.ndarray, hole: np.ndarray
) -> None:
    alpha[hole] = 0
    before = background.copy()
    out = BLENDS[blend](background, foreground, alpha)
    assert (out[alpha == 0] == background[alpha == 0]).all()
    assert (background == before).all()


@pytest.mark.parametrize("bad", [np.nan, -0.1, 1.1])
def test_over_refuses_what_is_no_coverage(bad: float) -> None:
    picture = np.zeros((2, 2, 3), np.uint8)
    with pytest.raises(ValueError, match="alpha must lie"):
        alpha_over(picture, picture, np.full((2, 2), bad, np.float32))


def test_over_refuses_other_shapes() -> None:
    picture = np.zeros((2, 2, 3), np.uint8)
    with pytest.raises(ValueError, match="shapes differ"):
        alpha_over(picture, picture[:1], np.zeros((2, 2), np.float32))


@pytest.mark.parametrize("corner", [(slice(0, 12), slice(0, 9)), (slice(8, 20), slice(15, 24)), (slice(0, 20), slice(0, 24))])
def test_poisson_at_the_border_joins_without_a_seam(corner: tuple[slice, slice]) -> None:
    """A foreground that is the background in another exposure vanishes: its gradients are the background's."""
    rows, columns = np.mgrid[0:20, 0:24]
    background = np.stack([60 + 3 * columns, 40 + 4 * rows, 90 + columns + rows], axis=-1).astype(np.uint8)
    foreground = background + np.uint8(25)
    alpha = np.zeros((20, 24), np.float32)
    alpha[corner] = 1
    out = poisson_over(background, foreground, alpha)
    if alpha.min() == 0:
        assert np.abs(out.astype(int) - background).mean() < 4


def test_poisson_of_one_pixel_is_over() -> None:
    background, foreground = np.zeros((5, 5, 3), np.uint8), np.full((5, 5, 3), 200, np.uint8)
    alpha = np.zeros((5, 5), np.float32)
    alpha[2, 2] = 1
    assert (poisson_over(background, foreground, alpha) == alpha_over(background, foreground, alpha)).all()

"""Shortcuts that everything else stands on: quantiles without NumPy's, and pictures that are halved."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from natocc.compose.quantiles import medians, quantile
from natocc.compose.reduced import reduced

values = arrays(np.float32, st.integers(1, 40), elements=st.floats(-100, 100, width=32))


@given(values, st.floats(0, 1))
def test_quantiles_are_those_of_numpy(values: np.ndarray, share: float) -> None:
    assert quantile(values, share) == pytest.approx(float(np.quantile(values.astype(np.float64), share)), abs=1e-3)


def test_nothing_has_no_quantile() -> None:
    assert np.isnan(quantile(np.empty(0), 0.5))


@given(values)
def test_medians_are_values_in_the_middle(values: np.ndarray) -> None:
    both = medians(np.stack([values, -values], axis=1))
    assert both[0] == np.sort(values)[len(values) // 2]
    assert both[1] == np.sort(-values)[len(values) // 2]


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 40), st.integers(1, 40))
def test_a_reduced_picture_has_the_size_and_the_colours(height: int, width: int, rows: int, columns: int) -> None:
    flat = np.full((height, width, 3), (10, 130, 250), np.uint8)
    small = reduced(flat, (columns, rows))
    assert small.shape == (rows, columns, 3)
    assert (small == (10, 130, 250)).all()


def test_what_is_reduced_stays_where_it_is() -> None:
    ramp = np.repeat(np.arange(240, dtype=np.uint8)[None], 97, axis=0)
    small = reduced(ramp, (31, 13))
    expected = (np.arange(31) + 0.5) * 240 / 31 - 0.5
    assert np.abs(small - expected).max() <= 1.5


@given(st.integers(0, 1000))
def test_means_are_kept(seed: int) -> None:
    picture = np.random.Generator(np.random.PCG64(seed)).integers(0, 256, (64, 96), dtype=np.uint8)
    assert float(reduced(picture, (12, 8)).mean()) == pytest.approx(float(picture.mean()), abs=1)

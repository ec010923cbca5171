from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_masks

from natocc.core.errors import BadDataError, Reason
from natocc.occluders.coco.segmentations import decode

masks = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 1))
)


@given(masks)
def test_run_lengths_are_read_as_pycocotools_writes_them(mask: np.ndarray) -> None:
    height, width = mask.shape
    compressed = coco_masks.encode(np.asfortranarray(mask))["counts"].decode()
    column_major = mask.ravel(order="F")
    starts = np.flatnonzero(np.diff(np.concatenate([[0], column_major, [2]])))
    counts = np.diff(np.concatenate([[0], starts])).tolist()
    for form in (compressed, counts):
        assert (decode({"size": [height, width], "counts": form}, height, width) == mask).all()


def test_a_polygon_is_what_it_encloses() -> None:
    mask = decode([[2, 3, 12, 3, 12, 9, 2, 9]], 20, 30)
    wanted = np.zeros((20, 30), np.uint8)
    wanted[3:9, 2:12] = 1
    assert (mask == wanted).mean() > 0.97
    assert set(np.unique(mask)) == {0, 1}


@pytest.mark.parametrize(
    "segmentation",
    [
        None, [], {}, "text", 7, [[]], [[1, 2, 3, 4]], [[1, 2, 3, 4, 5]], [[1, 2, 3, 4, 5, 6, 7]],
        [[1, 2, float("nan"), 4, 5, 6]], [[1, 2, float("inf"), 4, 5, 6]], [[1, 2, 2e8, 4, 5, 6]], [[1, 2, 10**400, 4, 5, 6]],
        [["1", 2, 3, 4, 5, 6]], [[True, 2, 3, 4, 5, 6]], [1, 2, 3, 4], [[[[[[1, 2, 3, 4, 5, 6]]]]]],
        {"size": [20, 30]}, {"counts": "52203"}, {"size": [20, 31], "counts": [620]}, {"size": [20, 30], "counts": [599]},
        {"size": [20, 30], "counts": [601]}, {"size": [20, 30], "counts": [700, -100]},
        {"size": [20, 30], "counts": [1.5, 598.5]},
        {"size": [20, 30], "counts": "\x00"}, {"size": [20, 30], "counts": "o" * 50}, {"size": [20, 30], "counts": b"52203"},
        {"size": [20, 30], "counts": "ü"}, {"size": None, "counts": None},
    ],
)  # fmt: skip
def test_f11_f12_what_would_harm_the_c_code_never_reaches_it(segmentation: Any) -> None:
    with pytest.raises(BadDataError) as caught:
        decode(segmentation, 20, 30)
    assert caught.value.reason == Reason.BAD_ANNOTATION


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-50, 700) | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.sampled_from(["size", "counts", "x"]), inner, max_size=3),
    max_leaves=20,
)


@given(json_values | st.lists(st.lists(st.floats() | st.integers(), max_size=12), max_size=3))
def test_anything_is_a_mask_or_a_rejection(segmentation: Any) -> None:
    try:
        mask = decode(segmentation, 20, 30)
    except BadDataError:
        return
    assert mask.shape == (20, 30)
    assert set(np.unique(mask)) <= {0, 1}

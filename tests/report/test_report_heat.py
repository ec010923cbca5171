"""Where faces are covered, counted from masks and from landmarks."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image as PillowImage

from natocc.core.plans import Plan
from natocc.core.samples import Landmark, SampleRecord
from natocc.report.heat import HeatMap
from natocc.report.thumbnails import OCCLUDED, VISIBLE

BOX = {"width": 200, "height": 200, "face_left": 20, "face_top": 40, "face_width": 100, "face_height": 120}


def _sample(landmarks: tuple[Landmark, ...] = (), **measures: float) -> SampleRecord:
    return SampleRecord(0, "a", "natocc", "f", 0, "f", plan=Plan((), 1), measures=BOX | measures, landmarks=landmarks)


def _pixels(heat: HeatMap) -> np.ndarray:
    data = base64.b64decode(heat.picture().removeprefix("data:image/png;base64,"))
    return np.asarray(PillowImage.open(io.BytesIO(data)))


def test_a_map_of_masks_is_the_share_of_faces_that_are_covered() -> None:
    heat = HeatMap()
    for covered in (True, False):  # the left half, in one of two samples; thumbnails of half the size
        labels = np.zeros((100, 100), np.uint8)
        labels[20:80, 10:60] = VISIBLE
        labels[20:80, 10:35] = OCCLUDED if covered else VISIBLE
        heat.add_record(_sample())
        heat.add_labels(_sample(), labels)
    assert (heat.basis, heat.masks, heat.aspect) == ("masks", 2, 1.2)
    assert heat.most == 0.5
    share = heat.covered / np.maximum(heat.face, 1)
    assert (share[:, :46] == 0.5).all()
    assert (share[:, 50:] == 0).all()
    pixels = _pixels(heat)
    assert (pixels[:, 10] == pixels[5, 10]).all()
    assert (pixels[5, 10] != pixels[5, 90]).any()


def test_a_map_of_landmarks_is_where_they_are_hidden() -> None:
    points = [(20 + 100 * x, 40 + 120 * y, x < 0.5) for y in np.linspace(0.1, 0.9, 4) for x in np.linspace(0.1, 0.9, 17)]
    heat = HeatMap()
    heat.add_record(_sample(tuple((float(x), float(y), bool(hidden)) for x, y, hidden in points)))
    assert heat.basis == "landmarks"
    assert heat.points()[0] == (0.1, 0.1, 1.0)
    pixels = _pixels(heat)
    assert pixels[48, 12, :3].sum() > pixels[48, 84, :3].sum()  # more is lighter
    assert pixels[0, 0, 3] == 0  # nothing is known beyond the landmarks


@pytest.mark.parametrize("sample", [_sample(face_width=0), _sample(landmarks=((1.0, 1.0, False),) * 5)])
def test_what_says_too_little_is_not_counted(sample: SampleRecord) -> None:
    heat = HeatMap()
    heat.add_record(sample)
    assert heat.basis == ""
    assert heat.most == 0
    assert not heat.points()

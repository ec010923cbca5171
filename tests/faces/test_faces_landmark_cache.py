"""Landmarks are looked for once: the answer to the same pixels is kept, whatever else is built of them."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from natocc.core.errors import BadDataError, Reason
from natocc.faces.landmarks.cache import FoundFace
from natocc.faces.landmarks.detector import LandmarkFinder

FACE = np.ascontiguousarray(data.astronaut()[:256, 96:352])
PLAIN = np.full((30, 30, 3), 90, np.uint8)
MASK = np.zeros(FACE.shape[:2], np.uint8)
MASK[40:190, 80:180] = 1


class Blind(LandmarkFinder):
    """A finder that may not look."""

    def _find(self, image: np.ndarray, wanted: object) -> FoundFace:
        pytest.fail("looked again")


def _kept(cache: Path) -> list[Path]:
    return sorted(path for path in (cache / "landmarks").rglob("*") if path.is_file())


@pytest.mark.parametrize("mask", [None, MASK])
def test_an_answer_is_kept_to_the_bit(tmp_path: Path, mask: np.ndarray | None) -> None:
    landmarks, detector, _ = LandmarkFinder().find(FACE, mask)
    first, _, _ = LandmarkFinder(68, tmp_path).find(FACE, mask)
    again, kept_detector, _ = Blind(68, tmp_path).find(FACE, mask)
    assert first.dtype == again.dtype == landmarks.dtype
    assert np.array_equal(landmarks, first)
    assert np.array_equal(landmarks, again)
    assert kept_detector == detector


def test_a_worker_has_the_same_cache(tmp_path: Path) -> None:
    assert pickle.loads(pickle.dumps(LandmarkFinder(5, tmp_path))).cache == tmp_path


def test_that_there_is_no_face_is_kept_too(tmp_path: Path) -> None:
    for finder in (LandmarkFinder(68, tmp_path), Blind(68, tmp_path)):
        with pytest.raises(BadDataError) as caught:
            finder.find(PLAIN)
        assert caught.value.reason is Reason.NO_FACE
        assert "30 x 30" in caught.value.detail


def test_other_pixels_other_masks_and_other_models_are_other_answers(tmp_path: Path) -> None:
    changed = FACE.copy()
    changed[0, 0, 0] ^= 1
    for number, (points, image, mask) in enumerate([(68, FACE, None), (68, changed, None), (68, FACE, MASK), (5, FACE, None)]):
        LandmarkFinder(points, tmp_path).find(image, mask)  # type: ignore[arg-type]
        assert len(_kept(tmp_path)) == number + 1


@pytest.mark.parametrize(
    "damage", [b"", b"[]", b"{", b'{"landmarks": [[1, 2]], "detector": "hog"}', b'{"reason": "none"}', b"\xff"]
)
def test_a_damaged_entry_is_made_again_with_one_line(tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    landmarks, _, _ = LandmarkFinder(68, tmp_path).find(FACE)
    (path,) = _kept(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(damage)
    assert np.array_equal(LandmarkFinder(68, tmp_path).find(FACE)[0], landmarks)
    assert path.read_bytes() == whole
    assert len(caplog.messages) == 1


def test_a_cache_that_cannot_be_written_is_no_fault_of_the_face(tmp_path: Path) -> None:
    (tmp_path / "landmarks").write_text("in the way")
    assert LandmarkFinder(68, tmp_path).find(FACE)[1] == "hog"


def test_many_may_look_at_once(tmp_path: Path) -> None:
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(LandmarkFinder(68, tmp_path).find(FACE)[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(_kept(tmp_path)) == 1
    assert all(np.array_equal(found[0], each) for each in found)

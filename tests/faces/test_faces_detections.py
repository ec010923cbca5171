"""Every face of a photograph as a face of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from natocc.core.errors import BadDataError, Reason
from natocc.faces.alignment.align import AlignOptions, align_face
from natocc.faces.landmarks import detections
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.faces.landmarks.keypoints import eye_centres_xy
from natocc.faces.sources.folder import FolderFaces
from natocc.io.images import encode_jpeg, read_rgb
from natocc.io.paths import package_folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two faces side by side, one face, none, and a file that is no picture; in folders by person."""
    face, _ = read_rgb(package_folder("skimage") / "data" / "astronaut.png")
    face = face[:300, 80:380]
    (tmp_path / "photos" / "eileen").mkdir(parents=True)
    for name, picture in {
        "eileen/two.jpg": np.hstack([face, face[:, ::-1]]),
        "eileen/one.jpg": face,
        "wall.jpg": face * 0 + 90,
    }.items():
        (tmp_path / "photos" / name).write_bytes(encode_jpeg(np.ascontiguousarray(picture), 92))
    (tmp_path / "photos" / "text.jpg").write_text("no picture")
    return tmp_path


def _options(**others: Any) -> FolderFaces:
    return FolderFaces.model_validate({"source": "folder", "faces": "all", **others})


def test_every_face_has_an_id_and_what_has_none_is_not_lost(photos: Path) -> None:
    source = _options().open(photos, photos / "cache", 2)
    assert source.ids() == ("eileen/one.jpg#1", "eileen/two.jpg#1", "eileen/two.jpg#2", "text.jpg", "wall.jpg")
    left, right = source.read("eileen/two.jpg#1"), source.read("eileen/two.jpg#2")
    assert left.landmarks_xy is not None
    assert right.landmarks_xy is not None
    assert left.detector == "hog"
    assert np.mean(eye_centres_xy(left.landmarks_xy)[0]) < np.mean(eye_centres_xy(right.landmarks_xy)[0]) - 100
    for name, reason in {"text.jpg": Reason.UNREADABLE_IMAGE, "wall.jpg": Reason.NO_FACE}.items():
        with pytest.raises(BadDataError) as caught:
            source.read(name)
        assert caught.value.reason == reason


def test_faces_of_one_photograph_or_folder_stay_together(photos: Path) -> None:
    by_picture = _options().open(photos, photos / "cache")
    assert by_picture.identity("eileen/two.jpg#1") == by_picture.identity("eileen/two.jpg#2") == "eileen/two.jpg"
    by_folder = _options(identities="folder").open(photos, photos / "cache")
    assert by_folder.identity("eileen/two.jpg#1") == by_folder.identity("eileen/one.jpg#1") == "eileen"


def test_they_are_looked_for_once_unless_a_file_changes(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    read = detections.read_rgb

    def spy(path: Path, *others: Any) -> Any:
        looked.append(path.name)
        return read(path, *others)

    monkeypatch.setattr(detections, "read_rgb", spy)
    ids = [_options().open(photos, photos / "cache").ids() for _ in range(2)]
    assert ids[0] == ids[1]
    assert len(looked) == 4
    (photos / "photos" / "wall.jpg").unlink()
    assert _options().open(photos, photos / "cache").ids() == ids[0][:-1]
    assert len(looked) == 7


@pytest.mark.parametrize(
    "damage",
    [
        b"", b"{", b"[]", b"{}", b"\xff", b'{"wall.jpg": {"faces": []}}', b'{"wall.jpg": {"reason": "none", "detail": ""}}',
        b'{"eileen/one.jpg": {"faces": [{"landmarks": [[1, 2]], "detector": "hog"}]}}',
    ],
)  # fmt: skip
def test_a_damaged_entry_is_made_again_with_one_line(photos: Path, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    ids = _options().open(photos, photos / "cache").ids()
    (path,) = (photos / "cache" / "detections").rglob("*.json")
    whole = path.read_bytes()
    path.write_bytes(damage)
    assert _options().open(photos, photos / "cache").ids() == ids
    assert path.read_bytes() == whole
    (line,) = caplog.messages
    assert str(path) in line
    assert line.endswith("it is made again")


def test_small_faces_can_be_left_out(photos: Path) -> None:
    source = _options(least_side=250).open(photos, photos / "cache")
    assert source.ids() == ("eileen/one.jpg", "eileen/two.jpg", "text.jpg", "wall.jpg")


def test_a_false_face_is_not_one_of_all() -> None:
    image, _ = read_rgb(package_folder("skimage") / "data" / "astronaut.png")
    assert len(LandmarkFinder(68).find_all(image)) == 1


def test_other_faces_of_a_photograph_are_labelled_neither_face_nor_background(photos: Path) -> None:
    """Whether they are wanted or not, the label must not call them background."""
    source = _options(align={"method": "none"}).open(photos, photos / "cache")
    both = [face_id for face_id in source.ids() if face_id.startswith("eileen/two.jpg")]
    assert len(both) == 2
    finder = LandmarkFinder(68)
    one, other = (align_face(source.read(face_id), AlignOptions(method="none"), finder) for face_id in both)
    assert one.unlabelled is not None
    assert other.unlabelled is not None
    assert (one.unlabelled & other.face_mask).sum() > 0.9 * other.face_mask.sum()
    assert (other.unlabelled & one.face_mask).sum() > 0.9 * one.face_mask.sum()
    largest = FolderFaces(source="folder").open(photos, photos / "cache").read("eileen/two.jpg")
    assert align_face(largest, AlignOptions(method="none"), finder).unlabelled is not None
    alone = FolderFaces(source="folder").open(photos, photos / "cache").read("eileen/one.jpg")
    assert align_face(alone, AlignOptions(method="none"), finder).unlabelled is None

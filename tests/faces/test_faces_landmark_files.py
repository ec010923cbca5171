"""Landmarks from .pts files and tables."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as PillowImage

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.faces.alignment.align import align_face
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.faces.landmarks.files import LandmarkFiles, check_landmarks, open_landmarks
from natocc.faces.landmarks.keypoints import eye_centres_xy
from natocc.faces.sources.base import FaceSource
from natocc.faces.sources.celebamask import CelebAMaskFaces
from natocc.faces.sources.folder import FolderFaces
from natocc.faces.sources.labelled import LabelledFaces
from natocc.faces.sources.portraits import PortraitsFaces
from natocc.io.images import encode_jpeg, encode_png

PICTURE = encode_jpeg(np.full((40, 32, 3), 120, np.uint8), 90)
MANY = np.arange(136, dtype=np.float64).reshape(68, 2) / 4
DLIB_FIVE = np.array([[40, 20], [32, 20], [10, 20], [18, 20], [25, 30]], np.float64)
COORDINATES = arrays(np.float64, (68, 2), elements=st.floats(-1000, 5000, width=32))


def _pts(points: np.ndarray, header: bool) -> str:
    body = "\n".join(f"{x!r} {y!r}" for x, y in points.tolist())
    return f"version: 1\nn_points:  {len(points)}\n{{\n{body}\n}}\n" if header else body + "\n"


def _table(rows: dict[str, np.ndarray], form: str) -> str:
    count = len(next(iter(rows.values())))
    header = {
        "numbers": ",".join(["", *map(str, range(2 * count))]),
        "words": ",".join(["NAME_ID", *(f"P{n}{axis}" for n in range(1, count + 1) for axis in "XY")]),
        "openface": ", ".join(
            ["face", "confidence", *(f"x_{n}" for n in range(count)), *(f"y_{n}" for n in range(count)), "X_0", "eye_lmk_x_0"]
        ),
        "pairs": ",".join(["id", *(f"{axis}{n}" for n in range(1, count + 1) for axis in "xy")]),
    }[form]
    lines = [header]
    for name, points in rows.items():
        cells = [f"{number!r}" for number in points.ravel().tolist()]
        if form == "openface":
            cells = ["0.9", *(f"{x!r}" for x in points[:, 0].tolist()), *(f"{y!r}" for y in points[:, 1].tolist()), "7", "8"]
        lines.append(", ".join([f'"{name}"', *cells]))
    return "\n".join(lines) + "\n"


def _find(tmp_path: Path, content: str, suffix: str, face_id: str = "a", first_pixel: int | None = None) -> np.ndarray:
    path = tmp_path / f"points.{suffix}"
    if suffix == "pts":
        path = tmp_path / "points"
        path.mkdir(exist_ok=True)
        (path / "a.pts").write_text(content)
    else:
        path.write_text(content)
    return open_landmarks(path, first_pixel).find(face_id)


@given(COORDINATES, st.booleans(), st.sampled_from([None, 0, 1]))
def test_pts_files(tmp_path_factory: pytest.TempPathFactory, points: np.ndarray, header: bool, first: int | None) -> None:
    found = _find(tmp_path_factory.mktemp("p"), _pts(points, header), "pts", first_pixel=first)
    assert found.dtype == np.float32
    counted_from = first if first is not None else int(header)
    assert np.allclose(found, points - counted_from, atol=1e-3)


@given(COORDINATES, st.sampled_from(["numbers", "words", "openface", "pairs"]), st.sampled_from([None, 0, 1]))
def test_tables(tmp_path_factory: pytest.TempPathFactory, points: np.ndarray, form: str, first: int | None) -> None:
    text = _table({"b.jpg": points + 1, "a.jpg": points}, form)
    found = _find(tmp_path_factory.mktemp("p"), text, "csv", first_pixel=first)
    assert np.allclose(found, points - (first or 0), atol=1e-3)


@pytest.mark.parametrize("name", ["a", "a.jpg", "a.png"])
@pytest.mark.parametrize("face_id", ["a", "a.jpg"])
def test_a_face_and_its_entry_may_differ_in_a_suffix(tmp_path: Path, name: str, face_id: str) -> None:
    files = tmp_path / "t.csv"
    files.write_text(_table({"sub/" + name: MANY, "other": MANY}, "words"))
    known = open_landmarks(files, None).knows("sub/" + face_id)
    assert known == (name in ("a", face_id) or face_id == "a")
    assert not open_landmarks(files, None).knows("a")


def _bad(points: np.ndarray) -> BadDataError:
    with pytest.raises(BadDataError) as caught:
        check_landmarks(points.ravel(), "a.pts")
    return caught.value


@pytest.mark.parametrize("count", [0, 1, 4, 6, 67, 69, 106])
def test_f19_another_number_of_points(tmp_path: Path, count: int) -> None:
    assert f"expected 68 or 5 points, found {count}" in _bad(np.zeros((count, 2))).detail
    with pytest.raises(BadDataError, match=r"expected 68 or 5 points|is empty") as caught:
        _find(tmp_path, _pts(np.zeros((count, 2)), False).strip(), "pts")
    assert caught.value.reason == Reason.BAD_ANNOTATION
    with pytest.raises(UsageError, match="expected columns of 68 or 5 points"):
        _find(tmp_path, _table({"a": np.zeros((count, 2))}, "words"), "csv")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e9, -2e5])
def test_f19_coordinates_that_are_none(tmp_path: Path, value: float) -> None:
    points = MANY.copy()
    points[30, 1] = value
    assert "missing, not finite, or beyond" in _bad(points).detail
    text = _table({"a": points, "b": MANY}, "words")
    for content, suffix in ((_pts(points, True), "pts"), (text, "csv")):
        with pytest.raises(BadDataError) as caught:
            _find(tmp_path, content, suffix)
        assert caught.value.reason == Reason.BAD_ANNOTATION
    assert len(_find(tmp_path, text, "csv", "b")) == 68


def test_five_points_in_dlibs_order_and_in_no_other() -> None:
    assert (check_landmarks(DLIB_FIVE.ravel(), "a") == DLIB_FIVE).all()
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    assert len(check_landmarks((DLIB_FIVE @ turn).ravel(), "a")) == 5
    eyes_nose_mouth = np.array([[14, 20], [36, 20], [25, 30], [17, 40], [33, 40]], np.float64)
    left_first = DLIB_FIVE[[2, 3, 0, 1, 4]]
    for other in (eyes_nose_mouth, eyes_nose_mouth @ turn, left_first):
        assert "dlib's order" in _bad(other).detail


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("version: 1\nn_points: 68\n{\n1 2\n3", "no closing brace"),
        ("one two", "could not convert"),
        ("1,2\n3,4", "could not convert"),
        ("1 2 3", r"found 1\.5"),
        ("\0\xff", "could not convert"),
    ],
)
def test_damaged_pts_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadDataError, match=message) as caught:
        _find(tmp_path, text, "pts")
    assert caught.value.reason == Reason.BAD_ANNOTATION


ROW = ",".join(["a", *["1.5"] * 136])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "found 0 columns"),
        (b"id\n", "found 0 columns"),
        (f"{ROW}\n{ROW}\n".encode(), "the first line holds numbers; expected a header"),
        (b"id," + b",".join(b"x_%d" % n for n in range(68)) + b"\n", "the header has no column y_0"),
        (_table({"a": MANY}, "words").encode() + f"{ROW}\n".encode(), "line 3: a second row of 'a'"),
        (_table({"a": MANY}, "words").encode("utf-16"), "expected a folder of .pts files"),
        (_table({"a": MANY}, "words").encode() + b'b,"' + b"1" * 200_000, "field larger than field limit"),
    ],
)
def test_damaged_tables_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(UsageError, match=message):
        open_landmarks(tmp_path / "t.csv", None)


def test_a_damaged_row_is_one_rejected_face(tmp_path: Path) -> None:
    text = _table({"a": MANY, "b": MANY}, "words") + "short,1,2\n\nwords," + "x," * 136 + "\n"
    assert len(_find(tmp_path, text, "csv", "b")) == 68
    for name in ("short", "words"):
        with pytest.raises(BadDataError, match="missing") as caught:
            _find(tmp_path, text, "csv", name)
        assert caught.value.reason == Reason.BAD_ANNOTATION


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(PICTURE)
    for landmarks in ("gone", "photos", "gone.csv"):
        with pytest.raises(UsageError, match=r"expected a folder of \.pts files, or a \.csv file"):
            FolderFaces(source="folder", landmarks=landmarks).open(tmp_path, tmp_path)
    (tmp_path / "t.csv").write_text(_table({"b": MANY}, "words"))
    with pytest.raises(UsageError, match=r"landmarks of none of the 1 faces, such as 'a\.jpg'"):
        FolderFaces(source="folder", landmarks="t.csv").open(tmp_path, tmp_path)


def test_links_and_fifos(tmp_path: Path) -> None:
    import os

    points = tmp_path / "points"
    points.mkdir()
    (tmp_path / "secret.pts").write_text(_pts(MANY, False))
    (points / "a.pts").symlink_to(tmp_path / "secret.pts")
    os.mkfifo(points / "b.pts")
    files = open_landmarks(points, None)
    for name, reason in (("a", Reason.LEAVES_ROOT), ("b", Reason.BAD_ANNOTATION)):
        with pytest.raises(BadDataError) as caught:
            files.find(name)
        assert caught.value.reason == reason


def _sources(data: Path) -> dict[str, FaceSource]:
    """Every source, with the landmarks of its face 1, and another face without."""
    mask = encode_png(np.ones((40, 32), np.uint8))
    places = {
        "photos": ["{}.jpg"],
        "faces": ["images/{}.jpg", "masks/{}.png"],
        "CelebAMask-HQ": ["CelebA-HQ-img/{}.jpg", "CelebAMask-HQ-mask-anno/0/0000{}_skin.png"],
    }
    for root, templates in places.items():
        for template in templates:
            for number in (1, 2):
                path = data / root / template.format(number)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(mask if path.suffix == ".png" else PICTURE)
    (data / "points").mkdir()
    (data / "points" / "1.pts").write_text(_pts(MANY + 1, True))
    given: Any = {"landmarks": "points"}
    return {
        "1.jpg": FolderFaces(source="folder", **given).open(data, data),
        "1": LabelledFaces(source="labelled", **given).open(data, data),
        "1 ": CelebAMaskFaces(source="celebamask", **given).open(data, data),
    }


def test_every_source_takes_landmarks(tmp_path: Path) -> None:
    for face_id, source in _sources(tmp_path).items():
        copy = pickle.loads(pickle.dumps(source))
        face = copy.read(face_id.strip())
        assert face.landmarks_xy is not None
        assert np.allclose(face.landmarks_xy, MANY)
        assert face.detector == "given"
        assert len(source.ids()) == 2
        assert dict(source.classes)[0] == "background"
        assert source.identity(face_id.strip()) == face_id.strip()
        assert source.split(face_id.strip()) is None
        with pytest.raises(BadDataError, match="no landmarks of '2") as caught:
            source.read(face_id.strip().replace("1", "2"))
        assert caught.value.reason == Reason.NO_FACE


def test_the_portraits_take_landmarks(tmp_path: Path) -> None:
    (tmp_path / "astronaut.pts").write_text(_pts(MANY, False))
    face = PortraitsFaces(source="portraits", landmarks=str(tmp_path)).open(tmp_path, tmp_path).read("astronaut")
    assert face.detector == "given"


def test_landmarks_are_those_of_the_upright_picture(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    upright = np.zeros((60, 40, 3), np.uint8)
    upright[50, 10] = 255
    exif = PillowImage.Exif()
    exif[0x0112] = 6  # stored lying on its side
    PillowImage.fromarray(np.rot90(upright)).save(photos / "a.png", exif=exif)
    (photos / "a.pts").write_text(_pts(np.full((68, 2), [10, 50]), False))
    face = FolderFaces(source="folder", landmarks="photos").open(tmp_path, tmp_path).read("a.png")
    assert face.landmarks_xy is not None
    x, y = face.landmarks_xy[0].astype(int)
    assert face.image.shape == (60, 40, 3)
    assert (face.image[y, x] == 255).all()


def test_helen(real_data: Path) -> None:
    """Hand-placed points align their photographs without a detector."""
    options = FolderFaces.model_validate({"source": "folder", "root": "helen", "landmarks": "helen", "align": {"size": 256}})
    source = options.open(real_data, real_data)
    assert len(source.ids()) == 70
    for face_id in source.ids()[::14]:
        face = align_face(source.read(face_id), options.align, LandmarkFinder(68))
        assert face.landmarks_xy is not None
        assert face.detector == "given"
        assert 0.1 < face.face_mask.mean() < 0.6
        left, right = eye_centres_xy(face.landmarks_xy)
        assert 60 < right[0] - left[0] < 90
        assert abs(right[1] - left[1]) < 12


def test_youtube_faces(real_data: Path) -> None:
    """A table with columns 0 ... 135; the pictures are PNG in files named .jpg."""
    options = FolderFaces(source="folder", root="youtube-faces/images", landmarks="youtube-faces/keypoints68.csv")
    source = options.open(real_data, real_data)
    assert len(source.ids()) == 80
    inside = 0
    for face_id in source.ids()[::8]:
        face = source.read(face_id)
        assert face.landmarks_xy is not None
        assert face.landmarks_xy.shape == (68, 2)
        inside += bool((face.landmarks_xy >= 0).all() and (face.landmarks_xy < face.image.shape[1::-1]).all())
    assert inside >= 9
    files: LandmarkFiles = open_landmarks(real_data / "youtube-faces" / "keypoints68.csv", None)
    assert files.knows("Yang_Jianli_11")

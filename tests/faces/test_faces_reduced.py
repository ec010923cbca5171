"""Pictures that are decoded no larger than their crop: the same faces, but for what averaging and rounding differ by."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import AlignedFace
from natocc.faces.alignment.align import AlignOptions, align_face
from natocc.faces.classes import PARTS
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.faces.sources.base import FaceOptions
from natocc.faces.sources.celebamask import CelebAMask, CelebAMaskFaces
from natocc.faces.sources.labelled import Labelled, LabelledFaces
from natocc.io.images import encode_jpeg, encode_png

SIDE = 512
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
NOISE = np.random.default_rng(3).integers(0, 40, (SIDE, SIDE, 3))
PHOTO = (np.dstack([COLUMNS, ROWS, (ROWS + COLUMNS) // 2]) * 0.4 + NOISE).astype(np.uint8)
NONE = LandmarkFinder()


def _labels(side: int) -> np.ndarray:
    """Skin with hair across it, edges at odd angles."""
    rows, columns = (np.mgrid[:side, :side] + 0.5) / side
    labels = np.where(np.hypot(rows - 0.5, 0.9 * columns - 0.4) < 0.37, PARTS.index("skin"), 0)
    labels[rows < 0.31 + 0.2 * columns] = PARTS.index("hair")
    return labels.astype(np.uint8)


def _celebamask(root: Path, mask_side: int, align: AlignOptions) -> CelebAMask:
    folders = root / "CelebAMask-HQ" / "CelebA-HQ-img", root / "CelebAMask-HQ" / "CelebAMask-HQ-mask-anno" / "0"
    for folder in folders:
        folder.mkdir(parents=True)
    (folders[0] / "7.jpg").write_bytes(encode_jpeg(PHOTO, 95))
    for part in ("skin", "hair"):
        mask = (_labels(mask_side) == PARTS.index(part)) * np.uint8(255)
        (folders[1] / f"00007_{part}.png").write_bytes(encode_png(np.repeat(mask[..., None], 3, axis=2)))
    source = CelebAMaskFaces(source="celebamask", align=align).open(root, root)
    assert isinstance(source, CelebAMask)
    return source


def _labelled(root: Path, mask_side: int, align: AlignOptions) -> Labelled:
    for folder in ("images", "masks"):
        (root / "faces" / folder).mkdir(parents=True)
    (root / "faces" / "images" / "7.jpg").write_bytes(encode_jpeg(PHOTO, 95))
    (root / "faces" / "masks" / "7.png").write_bytes(encode_png(_labels(mask_side)))
    source = LabelledFaces(source="labelled", classes=dict(enumerate(PARTS)), align=align).open(root, root)
    assert isinstance(source, Labelled)
    return source


def _both_ways(root: Path, kind: str, mask_side: int, align: AlignOptions) -> tuple[AlignedFace, AlignedFace]:
    """A face decoded reduced, and one decoded in full."""
    if kind == "celebamask":
        celebamask = _celebamask(root, mask_side, align)
        sources = celebamask, dataclasses.replace(celebamask, wanted_side=None)
    else:
        labelled = _labelled(root, mask_side, align)
        in_full = labelled.options.model_copy(update={"align": AlignOptions()})
        sources = labelled, dataclasses.replace(labelled, options=in_full)
    assert sources[1].read("7").image.shape == PHOTO.shape
    reduced, full = (align_face(source.read("7"), align, NONE) for source in sources)
    return reduced, full


@pytest.mark.parametrize("kind", ["celebamask", "labelled"])
@pytest.mark.parametrize("mask_side", [128, 256, 512])
@pytest.mark.parametrize("size", [512, 256, 128, 64, 400, 201, 100])
def test_a_face_decoded_reduced_is_the_same_face(tmp_path: Path, kind: str, mask_side: int, size: int) -> None:
    reduced, full = _both_ways(tmp_path, kind, mask_side, AlignOptions(method="none", size=size))
    assert reduced.image.shape == full.image.shape == (size, size, 3)
    assert np.abs(reduced.image.astype(int) - full.image).mean() < 2.5
    assert reduced.parts is not None
    assert full.parts is not None
    decoded = next(SIDE // times for times in (8, 4, 2, 1) if SIDE // times >= size)
    if decoded == size or mask_side <= decoded:
        assert (reduced.parts == full.parts).all()
        assert (reduced.face_mask == full.face_mask).all()
    # Where a label is shrunk twice, it is still that of a neighbour.
    square = np.ones((3, 3), np.uint8)
    inner = cv2.erode(full.parts, square) == cv2.dilate(full.parts, square)
    assert (reduced.parts == full.parts)[inner].all()


def test_pictures_are_decoded_no_larger_than_they_need_be(tmp_path: Path) -> None:
    for number, (size, side) in enumerate(((None, 512), (600, 512), (512, 512), (257, 512), (256, 256), (129, 256), (64, 64))):
        source = _celebamask(tmp_path / str(number), 256, AlignOptions(method="none", size=size))
        assert source.read("7").image.shape[0] == side


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"align": {"method": "ffhq", "size": 64}}, id="where the face lies is not known yet"),
        pytest.param({"align": {"method": "none", "size": 64, "landmarks": True}}, id="landmarks are found in the whole picture"),
        pytest.param({"align": {"method": "none", "size": 64}, "landmarks": "x.csv"}, id="landmarks are in its pixels"),
    ],
)
def test_pictures_that_are_needed_whole_are_not_reduced(options: dict[str, object]) -> None:
    for kind in (CelebAMaskFaces, LabelledFaces):
        chosen: FaceOptions = kind.model_validate({"source": kind.model_fields["source"].annotation.__args__[0], **options})  # type: ignore[union-attr]
        assert chosen.wanted_side is None


@pytest.mark.parametrize("size", [512, 64])
def test_a_thumbnail_of_a_mask_is_one_whatever_the_crop(tmp_path: Path, size: int) -> None:
    source = _celebamask(tmp_path, 60, AlignOptions(method="none", size=size))
    with pytest.raises(BadDataError) as caught:
        source.read("7")
    assert caught.value.reason == Reason.SIZE_MISMATCH


def test_masks_of_several_sizes_are_one_map(tmp_path: Path) -> None:
    source = _celebamask(tmp_path, 512, AlignOptions(method="none"))
    expected = source.read("7").parts
    folder = tmp_path / "CelebAMask-HQ" / "CelebAMask-HQ-mask-anno" / "0"
    small = np.zeros((128, 128), np.uint8)
    small[60:80, 50:70] = 255
    for part in ("nose", "cloth"):
        (folder / f"00007_{part}.png").write_bytes(encode_png(small))
        assert expected is not None
        enlarged = np.kron(small > 0, np.ones((4, 4), np.uint8)) * np.uint8(PARTS.index(part))
        expected = np.maximum(expected, enlarged)
    assert (source.read("7").parts == expected).all()

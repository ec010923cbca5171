"""The limit on pixels is a key of every source that reads pictures, and its message names the key."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.faces import SOURCES as FACES
from natocc.faces.sources.base import FaceOptions
from natocc.faces.sources.celebamask import CelebAMaskFaces
from natocc.faces.sources.folder import FolderFaces
from natocc.io.images import MAX_PIXELS, encode_png
from natocc.occluders import SOURCES as OCCLUDERS
from natocc.occluders.hands.source import HandsOccluders
from natocc.occluders.shapes.textures import PictureTextures

PICTURE = np.random.default_rng(1).integers(0, 255, (120, 100, 3), np.uint8)
PIXELS = 12_000


def _put(root: Path, **files: np.ndarray) -> Path:
    for name, array in files.items():
        path = root / f"{name.replace('__', '/')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_png(array))
    return root


def test_every_source_of_pictures_has_the_key() -> None:
    assert FaceOptions.model_fields["max_pixels"].default == MAX_PIXELS
    for table, without in ((FACES, ()), (OCCLUDERS, ("shapes", "hair", "veils"))):
        for name in table.own:
            if name not in without:
                assert table[name].model_fields["max_pixels"].default == MAX_PIXELS


@pytest.mark.parametrize("faces", ["largest", "all"])
def test_photographs(tmp_path: Path, faces: str) -> None:
    _put(tmp_path / "photos", a=PICTURE)
    options = FolderFaces(source="folder", faces=faces, max_pixels=PIXELS - 1)  # type: ignore[arg-type]
    source = options.open(tmp_path, tmp_path / "cache")
    with pytest.raises(BadDataError, match="raise max_pixels") as caught:
        source.read(source.ids()[0])
    assert caught.value.reason == Reason.TOO_MANY_PIXELS
    source = options.model_copy(update={"max_pixels": PIXELS}).open(tmp_path, tmp_path / "cache")
    try:
        source.read(source.ids()[0])
    except BadDataError as error:
        assert error.reason == Reason.NO_FACE


def test_celebamask(tmp_path: Path) -> None:
    root = tmp_path / "CelebAMask-HQ"
    _put(root / "CelebA-HQ-img", **{"0": PICTURE})
    _put(root / "CelebAMask-HQ-mask-anno" / "0", **{"00000_skin": np.full((120, 100), 255, np.uint8)})
    for limit in (PIXELS - 1, PIXELS):
        source = CelebAMaskFaces(source="celebamask", max_pixels=limit).open(tmp_path, tmp_path / "cache")
        if limit == PIXELS:
            assert source.read("0").image.shape == PICTURE.shape
            continue
        with pytest.raises(BadDataError, match="raise max_pixels"):
            source.read("0")


def test_hands_and_textures(tmp_path: Path) -> None:
    mask = np.zeros((120, 100), np.uint8)
    mask[20:100, 20:80] = 255
    _put(tmp_path / "hands", images__a=PICTURE, masks__a=mask)
    with pytest.raises(UsageError, match="raise max_pixels"):
        HandsOccluders(max_pixels=PIXELS - 1).open(tmp_path, tmp_path / "cache")
    assert len(HandsOccluders(max_pixels=PIXELS).open(tmp_path, tmp_path / "cache")) == 1
    _put(tmp_path / "dtd", a=PICTURE)
    reference = {"texture": "a.png", "across": 0, "down": 0}
    with pytest.raises(BadDataError, match="raise max_pixels"):
        PictureTextures(max_pixels=PIXELS - 1).open(tmp_path).texture(reference, 9, 9)
    textures = PictureTextures(max_pixels=PIXELS).open(tmp_path)
    assert textures.subset(lambda _: True).texture(reference, 9, 9)[0].shape == (9, 9, 3)

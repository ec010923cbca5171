"""Cutouts that somebody has already made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.io.images import encode_jpeg, encode_png, read_rgba
from natocc.occluders.cutout_files import CutoutsOccluders


def _rgba(alpha: np.ndarray) -> np.ndarray:
    """Red where it is covered, black where it is not."""
    rgba = np.zeros((*alpha.shape, 4), np.uint8)
    rgba[alpha > 0, 0] = 200
    rgba[..., 3] = alpha
    return rgba


@pytest.fixture
def disc() -> np.ndarray:
    rows, columns = np.mgrid[:120, :100]
    return np.clip(255 * (46 - np.hypot(rows - 60, columns - 50)), 0, 255).astype(np.uint8)


def test_what_serves_and_what_does_not(tmp_path: Path, disc: np.ndarray) -> None:
    root = tmp_path / "cutouts"
    (root / "balls").mkdir(parents=True)
    (root / "balls" / "a.png").write_bytes(encode_png(_rgba(disc)))
    PillowImage.fromarray(_rgba(disc)).save(root / "mask.webp", lossless=True, exact=True)
    (root / "photo.jpg").write_bytes(encode_jpeg(_rgba(disc)[..., :3].copy(), 90))
    (root / "opaque.png").write_bytes(encode_png(_rgba(np.full_like(disc, 255))))
    (root / "clear.png").write_bytes(encode_png(_rgba(np.zeros_like(disc))))
    (root / "cut.png").write_bytes(encode_png(_rgba(disc))[:200])
    library = CutoutsOccluders().open(tmp_path, tmp_path / "cache")
    assert library.categories == {"balls": 1, "mask": 1}
    assert library.refused == {Reason.NO_MASK: 2, Reason.EMPTY_MASK: 1, Reason.UNREADABLE_IMAGE: 1}
    cutout = library.cutout({"id": "balls/a.png"})
    assert cutout.matte[4:-4, 4:-4].max() == 255
    assert not cutout.matte[:4].any()
    assert (cutout.foreground[..., 0] > 180).all()  # nothing of the black around it is left


def test_an_alpha_channel_keeps_its_values_and_the_colours_theirs(tmp_path: Path) -> None:
    rgba = np.random.Generator(np.random.PCG64(1)).integers(0, 256, (30, 20, 4), dtype=np.uint8)
    (tmp_path / "a.png").write_bytes(encode_png(rgba))
    colours, alpha, _ = read_rgba(tmp_path / "a.png")
    assert (colours == rgba[..., :3]).all()
    assert (alpha == rgba[..., 3]).all()
    palette = PillowImage.fromarray(np.arange(4, dtype=np.uint8).reshape(2, 2), "P")
    palette.putpalette([0, 0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
    palette.save(tmp_path / "p.png", transparency=2)
    colours, alpha, _ = read_rgba(tmp_path / "p.png")
    assert alpha.ravel().tolist() == [255, 255, 0, 255]
    assert colours[0, 1].tolist() == [10, 20, 30]
    (tmp_path / "rgb.png").write_bytes(encode_png(rgba[..., :3].copy()))
    with pytest.raises(BadDataError) as caught:
        read_rgba(tmp_path / "rgb.png")
    assert caught.value.reason == Reason.NO_MASK


def test_no_folder_and_nothing_in_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="alpha channel"):
        CutoutsOccluders().open(tmp_path, tmp_path)
    (tmp_path / "cutouts").mkdir()
    with pytest.raises(UsageError, match="no picture"):
        CutoutsOccluders().open(tmp_path, tmp_path)


def test_real_masks(real_data: Path, tmp_path: Path) -> None:
    library = CutoutsOccluders(root="mask-templates").open(real_data, tmp_path)
    assert len(library) == len(list((real_data / "mask-templates").glob("*.png")))

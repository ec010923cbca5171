"""Cutouts that somebody has already made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.io.images import encode_jpeg, encode_png, read_rgba
from natocc.occluders.cutout_files import CutoutsOccluders
from natocc.occluders.cutting.cutouts import is_premultiplied, straightened


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
    palette = PillowImage.frombytes("P", (2, 2), bytes(range(4)))
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


def _object(colour: tuple[int, int, int], alpha: np.ndarray, premultiplied: bool) -> np.ndarray:
    rows, columns = np.mgrid[: alpha.shape[0], : alpha.shape[1]]
    colours = np.clip(np.array(colour) + ((rows + columns) % 9 - 4)[..., None], 0, 255)
    if premultiplied:
        colours = colours * alpha[..., None].astype(float) / 255
    return np.dstack([np.rint(colours).astype(np.uint8), alpha])


@pytest.mark.parametrize("suffix", ["png", "webp", "tiff"])
@pytest.mark.parametrize("colour", [(200, 60, 40), (250, 250, 250), (90, 120, 60), (60, 60, 60)])
def test_premultiplied_colours_are_noticed_and_undone(
    tmp_path: Path, colour: tuple[int, int, int], suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Else the edge of every such cutout is dark."""
    rows, columns = np.mgrid[:120, :100]
    soft = np.clip(255 * (46 - np.hypot(rows - 60, columns - 50)) / 6, 0, 255).astype(np.uint8)
    exact = {"lossless": True, "exact": True} if suffix == "webp" else {}
    (tmp_path / "cutouts").mkdir()
    for premultiplied in (True, False):
        rgba = _object(colour, soft, premultiplied)
        rgba[soft == 0] = 0
        PillowImage.fromarray(rgba).save(tmp_path / "cutouts" / f"{premultiplied}.{suffix}", **exact)
    library = CutoutsOccluders().open(tmp_path, tmp_path / "cache")
    stored, straight = (library.cutout({"id": f"{name}.{suffix}"}) for name in (True, False))
    assert (stored.matte == straight.matte).all()
    edge = (straight.matte > 100) & (straight.matte < 255)
    assert np.abs(stored.foreground[edge].astype(int) - straight.foreground[edge]).max() <= 8
    for cutout in (stored, straight):
        assert np.abs(cutout.foreground[edge].mean(axis=0) - colour).max() < 6
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert "1 of 2 cutouts were premultiplied" in told[0]


@pytest.mark.parametrize("colour", [(0, 0, 0), (3, 2, 5), (20, 20, 20), (60, 20, 30), (200, 60, 40)])
@pytest.mark.parametrize("edge", [0.5, 1, 6, 20])
def test_straight_colours_stay(colour: tuple[int, int, int], edge: float) -> None:
    """Dark ones, hard edges, tinted glass."""
    rows, columns = np.mgrid[:120, :100]
    soft = np.clip(255 * (46 - np.hypot(rows - 60, columns - 50)) / edge, 0, 255).astype(np.uint8)
    for alpha in (soft, np.minimum(soft, 200)):
        rgba = _object(colour, alpha, premultiplied=False)
        rgba[alpha == 0] = 0
        if is_premultiplied(rgba[..., :3], alpha):
            assert np.abs(straightened(rgba[..., :3], alpha).astype(int) - rgba[..., :3])[alpha > 0].max() <= 5


def test_a_limit_on_pixels(tmp_path: Path, disc: np.ndarray) -> None:
    (tmp_path / "cutouts").mkdir()
    (tmp_path / "cutouts" / "a.png").write_bytes(encode_png(_rgba(disc)))
    with pytest.raises(UsageError, match=r"(?s)too-many-pixels.*max_pixels"):
        CutoutsOccluders(max_pixels=11_999).open(tmp_path, tmp_path / "cache")
    assert len(CutoutsOccluders(max_pixels=12_000).open(tmp_path, tmp_path / "cache")) == 1

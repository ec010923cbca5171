"""Pictures to train on: drawn by number alone, turned together with their targets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from drawn_faces import draw_cutouts, draw_faces, recipe
from hypothesis import given
from hypothesis import strategies as st

from natocc.builder.run import Run
from natocc.cli import main
from natocc.core.errors import UsageError
from natocc.core.seeds import generator
from natocc.evaluation.datasets import open_dataset_pictures
from natocc.evaluation.folders import open_folders
from natocc.io.segmenter import fit_square, unfit_square
from natocc.io.workspace import Workspace
from natocc.recipe.load import load_recipe
from natocc.training.augmentation import augmented
from natocc.training.data import Drawn, Source, check_targets
from natocc.training.documents import own_benchmarks, read_benchmark, read_options
from natocc.training.options import NO_AUGMENTATION, Augmentation, Benchmark, Training

PLAIN = Training(side=32, augment=NO_AUGMENTATION)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with drawn faces, cutouts, and a dataset of both."""
    root = tmp_path_factory.mktemp("data")
    draw_faces(root / "faces", 6)
    draw_cutouts(root / "cutouts", 3)
    made = load_recipe(str(recipe(root / "recipe.yaml", "discs", "faces", "cutouts")))
    Run(made, Workspace(root, root / "cache"), root / "dataset").build(False, lambda *_: None)
    return root


def test_a_number_means_one_picture(data: Path) -> None:
    sources = [Source(open_folders(data / "faces"), 1), Source(open_dataset_pictures(data / "dataset"), 3)]
    options = Training(side=64)
    whole, part = Drawn(sources, options, 5, 0, 20), Drawn(sources, options, 5, 12, 20)
    assert (len(whole), len(part)) == (20, 8)
    for number in range(12, 20):
        for one, other in zip(whole.arrays(number), part.arrays(number), strict=True):
            assert np.array_equal(one, other)
    assert not np.array_equal(whole.arrays(0)[0], Drawn(sources, options, 6, 0, 20).arrays(0)[0])


def test_visible_face_is_the_labels_without_occluders(data: Path) -> None:
    for pictures in (open_folders(data / "faces"), open_dataset_pictures(data / "dataset")):
        for name in pictures.names:
            labels = pictures.labels(name)
            assert np.array_equal(pictures.visible_face(name), np.where(labels == 2, 0, labels))


def test_weights_are_shares(data: Path) -> None:
    """The faces' own masks have no occluder; of the others every one is covered, so that the share of face tells them apart."""
    clean, covered = open_folders(data / "faces"), open_dataset_pictures(data / "dataset")
    drawn = Drawn([Source(clean, 1), Source(covered, 3)], PLAIN, 0, 0, 400)
    whole = [fit_square((clean.labels(name) == 1).astype(np.float32), 32) for name in clean.names]
    clean_ones = sum(any(np.abs(drawn.arrays(n)[1] - (face >= 0.5)).sum() < 3 for face in whole) for n in range(400))
    assert clean_ones == pytest.approx(100, abs=30)


def test_mattes_are_soft_targets_and_labels_are_their_threshold(data: Path) -> None:
    pictures = open_dataset_pictures(data / "dataset")
    assert pictures.has_mattes
    soft = 0
    for name in pictures.names:
        share, labels = pictures.face_share(name), pictures.labels(name)
        assert ((share >= 0.5) == (labels == 1)).mean() > 0.995  # a matte of exactly half aside
        soft += np.count_nonzero((share > 0.1) & (share < 0.9))
    assert soft > 100
    drawn = Drawn([Source(pictures, 1)], PLAIN.model_copy(update={"targets": "matte"}), 0, 0, 4)
    target = drawn.arrays(0)[1]
    assert ((target > 0.05) & (target < 0.95)).any()
    assert set(np.unique(Drawn([Source(pictures, 1)], PLAIN, 0, 0, 4).arrays(0)[1])) == {0, 1}


def test_a_dataset_is_a_truth_whose_own_masks_are_perfect(data: Path) -> None:
    """Predictions lie in shards, the truth's names have none; coverage, kinds and sets are the manifest's."""
    root = data / "dataset"
    done = CliRunner().invoke(main, ["evaluate", str(root / "masks"), "--truth", str(root), "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    measured = {name: value["value"] for name, value in report["measures"].items()}
    assert measured.pop("leak") == 0
    assert set(measured.values()) == {1}
    assert set(report["groups"]) == {"coverage", "occluder", "part"}
    assert report["groups"]["part"]["discs"]["pictures"] == report["pictures"] == len(open_dataset_pictures(root).names)


def test_mattes_that_are_not_there_are_asked_for(data: Path) -> None:
    source = Source(open_folders(data / "faces"), 1)
    check_targets([source], PLAIN)
    with pytest.raises(UsageError, match=r"output\.masks=\[face,amodal,matte\]"):
        check_targets([source], PLAIN.model_copy(update={"targets": "matte"}))


@given(st.integers(0, 50))
def test_without_augmentation_nothing_changes(seed: int) -> None:
    rng = generator(seed)
    image = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    target, known = rng.random((2, 32, 32), dtype=np.float32)
    for before, after in zip((image, target, known), augmented(image, target, known, NO_AUGMENTATION, rng), strict=True):
        assert np.array_equal(before, after)


@given(st.integers(0, 50))
def test_picture_and_target_are_turned_together(seed: int) -> None:
    """A picture that is its own target stays so."""
    target = fit_square(generator(seed).random((4, 4), dtype=np.float32), 48)
    image = np.repeat(np.rint(target * 255).astype(np.uint8)[..., None], 3, axis=2)
    colours = {"brightness": 0, "contrast": 0, "saturation": 0, "grey": 0, "blur": 0, "noise": 0}
    turned, moved, known = augmented(image, target, np.ones_like(target), Augmentation(**colours), generator(seed, "x"))
    assert np.abs(turned[..., 0] / 255 - moved).max() < 0.02
    assert (known == 1).all()


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([16, 32]))
def test_a_square_is_undone(height: int, width: int, side: int) -> None:
    plane = np.full((height, width), 0.25, np.float32)
    square = fit_square(plane, side)
    assert square.shape == (side, side)
    assert np.allclose(square, 0.25)
    back = unfit_square(square, plane.shape)
    assert back.shape == plane.shape
    assert np.allclose(back, 0.25)


def test_own_benchmarks_are_no_recipes_and_validate() -> None:
    from natocc.recipe.text import own_recipes

    assert list(own_benchmarks()) == ["small", "smoke", "table2"]
    assert not set(own_benchmarks()) & set(own_recipes())
    for name in own_benchmarks():
        benchmark = read_benchmark(name)
        assert benchmark.name == name
        for entry in benchmark.sets:
            for source in benchmark.pictures(entry.name):
                if source.recipe is not None:
                    load_recipe(source.recipe, source.edits)
    assert [len(read_benchmark("table2").pictures(entry.name)) for entry in read_benchmark("table2").sets] == [1, 2, 2, 2, 2]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ("training.step=5", "did you mean 'steps'"),
        ("sets.1.extends=none", "is no earlier set"),
        ("sets.1.name=clean", "is there twice"),
        ("training.augment.flip=2", "expected at most 1"),
        ("truths=[]", "truths"),
        ("truths.0.folder=x", "expected one place where pictures lie, found 2"),
        ("training.side=100", "multiple of 32"),
        ("sets.0.pictures.0.count=3", "edits and count are a recipe's"),
        ("sets.0.pictures.0.faces.source=none", "source"),
    ],
)
def test_a_wrong_benchmark_is_one_line(edit: str, expected: str) -> None:
    with pytest.raises(UsageError) as error:
        read_benchmark("smoke", [edit])
    assert any(expected in line for line in error.value.lines), error.value.lines


def test_a_benchmark_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'smoke'"):
        read_benchmark("smok")
    (tmp_path / "a.yaml").write_text("name: [")
    with pytest.raises(UsageError, match=r"a\.yaml"):
        read_options(Benchmark, tmp_path / "a.yaml", "x")

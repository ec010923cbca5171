"""What a dataset was made from: its inputs count, and nothing that only has the name of one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from natocc.faces.sources.base import FaceOptions
from natocc.io.images import encode_jpeg, encode_png
from natocc.io.workspace import Workspace
from natocc.pipeline.fingerprint import changed_inputs, inputs_of
from natocc.pipeline.sample import Pipeline
from natocc.recipe.load import load_recipe

ROWS, COLUMNS = np.mgrid[:96, :80]
FACE = np.dstack([2 * COLUMNS + 40, 2 * ROWS, COLUMNS + ROWS]).astype(np.uint8)
MASK = ((ROWS - 48) ** 2 + (COLUMNS - 40) ** 2 < 34**2).astype(np.uint8)
RECIPE = """\
name: x
faces: {source: labelled, align: {method: none}}
sets:
  - {name: a, method: randocc, occluders: {source: shapes, textures: {source: noise}}}
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data root with faces, and a recipe beside it."""
    root = tmp_path / "data"
    for folder, content in (("images", encode_jpeg(FACE, 90)), ("masks", encode_png(MASK))):
        path = root / "faces" / folder / f"a{'.jpg' if folder == 'images' else '.png'}"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    (tmp_path / "x.yaml").write_text(RECIPE)
    return root


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        ("images/more.jpg", False),
        ("annotations/more.jpg", False),
        ("faces/more.jpg", True),
        ("faces/images/more.PNG", True),
        ("faces/labelmap.txt", True),
        ("faces/nohup.out", False),
        ("faces/images/notes.txt", False),
        ("faces/Thumbs.db", False),
        ("log", False),
    ],
)
def test_a_file_counts_only_where_the_recipe_reads_it(data: Path, tmp_path: Path, name: str, is_read: bool) -> None:
    """The key ``images`` of a labelled source is a folder below its root, not one below the data root."""
    recipe, workspace = load_recipe(str(tmp_path / "x.yaml")), Workspace(data, tmp_path / "cache")
    pipeline = Pipeline(recipe, workspace)
    before = inputs_of(pipeline)
    (data / name).parent.mkdir(exist_ok=True)
    (data / name).write_text("not of this dataset")
    changed = changed_inputs(before, pipeline)
    assert bool(changed) == is_read
    assert all("inputs.faces.files" in line for line in changed)


def test_what_a_plug_in_says_nothing_of_is_all_read() -> None:
    assert FaceOptions.reads == ("",)

"""What a dataset was made from: its inputs count, and nothing that only has the name of one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from natocc.cli import main
from natocc.io.images import encode_jpeg, encode_png

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
    ("folder", "code"),
    [("images", 0), ("annotations", 0), ("faces", 2), ("faces/images", 2)],
)
def test_a_file_blocks_resume_only_where_the_recipe_reads(data: Path, tmp_path: Path, folder: str, code: int) -> None:
    """The key ``images`` of a labelled source is a folder below its root, not one below the data root."""
    command = ["build", str(tmp_path / "x.yaml"), "--data", str(data), "-o", str(tmp_path / "out"), "-j", "1"]
    first = CliRunner().invoke(main, command)
    assert first.exit_code == 0, first.output
    (data / folder).mkdir(exist_ok=True)
    (data / folder / "more.txt").write_text("of another dataset")
    again = CliRunner().invoke(main, command)
    assert again.exit_code == code, again.output
    assert ("inputs.faces.files" in again.output) == (code == 2)

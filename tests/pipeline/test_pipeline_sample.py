"""One sample and its face, whoever asks for it."""

from __future__ import annotations

import concurrent.futures
import sys
from pathlib import Path

import numpy as np
import pytest

from natocc.faces.sources.labelled import Labelled
from natocc.io.images import encode_png
from natocc.io.workspace import Workspace
from natocc.pipeline import sample
from natocc.pipeline.sample import Pipeline
from natocc.recipe.model import Recipe, validate_recipe

ROWS, COLUMNS = np.mgrid[:80, :72]
DISC = ((ROWS - 40) ** 2 + (COLUMNS - 36) ** 2 < 28**2).astype(np.uint8)


def _recipe(root: Path) -> Recipe:
    """Twelve faces with masks below `root`, covered by shapes."""
    for folder, picture in (("images", np.dstack([DISC * 90 + 60] * 3)), ("masks", DISC)):
        (root / "faces" / folder).mkdir(parents=True)
        for number in range(12):
            (root / "faces" / folder / f"{number}.png").write_bytes(encode_png(picture))
    return validate_recipe(
        {
            "name": "threads",
            "faces": {"source": "labelled", "align": {"method": "none"}},
            "sets": [{"name": "a", "method": "randocc", "occluders": {"source": "shapes", "textures": {"source": "flat"}}}],
        },
        "test",
    )


def test_threads_share_the_faces_that_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A face that one thread has just aligned may be dropped by another before it is used."""
    pipeline = Pipeline(_recipe(tmp_path), Workspace(tmp_path, tmp_path / "cache"))
    monkeypatch.setattr(sample, "_FACES_KEPT", 1)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            faces = list(threads.map(pipeline.aligned, pipeline.faces.ids() * 40))
    finally:
        sys.setswitchinterval(interval)
    assert [face.origin.item for face in faces] == list(pipeline.faces.ids()) * 40


def test_a_worker_does_not_look_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever started it has looked at the masks, and for pictures under several names; every process would do it again."""
    looked: list[str] = []
    monkeypatch.setattr(Labelled, "check", lambda self: looked.append("masks"))
    monkeypatch.setattr(sample, "once_per_photograph", lambda faces, *_: looked.append("pictures") or faces)
    recipe, workspace = _recipe(tmp_path), Workspace(tmp_path, tmp_path / "cache")
    faces = Pipeline(recipe, workspace, look=False).faces.ids()
    assert not looked
    assert Pipeline(recipe, workspace).faces.ids() == faces
    assert looked == ["pictures", "masks"]

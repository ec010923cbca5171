"""F17, F18, F30: a second build goes on, adds, or says why not; the result is that of one run that nothing interrupted."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from runs import files

from natocc.builder.run import Run, Totals
from natocc.core.errors import Interrupted, UsageError
from natocc.dataset.layout import Layout
from natocc.dataset.write.lock import locked
from natocc.io.workspace import Workspace
from natocc.recipe.load import load_recipe
from natocc.recipe.model import Recipe

SMALL = ("faces.align={method: none, size: 64}", "output.shard_size=8", "sets=[{name: randocc, method: randocc}]")
TEXTURES = "textures: {source: textures, root: 'package:skimage/data', include: [brick.png]}"
SHAPES = f"sets.0.occluders={{source: shapes, side: 64, {TEXTURES}}}"


def _recipe(*edits: str) -> Recipe:
    return load_recipe("demo", [*SMALL, SHAPES, *edits])


def _build(
    out: Path, count: int | None = 30, recipe: Recipe | None = None, overwrite: bool = False, stop_at: int = 10**9
) -> Totals:
    """A build by threads, which start at once; interrupted when `stop_at` samples are made."""

    def progress(doing: str, done: int, total: int | None) -> None:
        if doing == "making" and done >= stop_at:
            raise KeyboardInterrupt

    run = Run(recipe or _recipe(), Workspace(Path("data"), out.parent / "cache"), out, count=count, backend="threading")
    return run.build(overwrite, progress)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "out"
    _build(out)
    return out


@pytest.mark.parametrize("stop_at", [1, 8, 17, 30])
def test_the_point_of_resume_does_not_matter(whole: Path, tmp_path: Path, stop_at: int) -> None:
    out = tmp_path / "out"
    with pytest.raises(Interrupted, match=r"of 30 samples are kept in .*; run the same command again"):
        _build(out, stop_at=stop_at)
    assert json.loads((out / "dataset.json").read_text())["status"] == "building"
    totals = _build(out)
    assert stop_at <= totals.kept <= 30
    assert totals.made == 30
    assert files(out) == files(whole)


def test_what_is_kept_is_not_made_again(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(Interrupted):
        _build(out, stop_at=17)
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/0000[01]/*")}
    assert len(before) == 32
    _build(out)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_complete_dataset_is_left_alone(whole: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in whole.rglob("*")}
    totals = _build(whole)
    assert (totals.made, totals.kept) == (30, 30)
    assert {path: path.stat().st_mtime_ns for path in whole.rglob("*")} == before


@pytest.mark.parametrize("few", [8, 29])
def test_a_larger_count_extends(whole: Path, tmp_path: Path, few: int) -> None:
    out = tmp_path / "out"
    _build(out, count=few)
    assert _build(out).kept == few // 8 * 8
    assert files(out) == files(whole)


def test_a_smaller_count_is_refused(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds 30 samples, more than the 29 asked for"):
        _build(whole, count=29)
    out = tmp_path / "out"
    with pytest.raises(Interrupted):
        _build(out, stop_at=17)
    with pytest.raises(UsageError, match="holds 16 samples, more than the 12 asked for"):
        _build(out, count=12)
    before = files(out)
    _build(out, count=20)  # what is there is less than that
    assert before.items() & files(out).items()
    _build(out)
    assert files(out) == files(whole)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ("seed=2", "recipe.seed: 1 -> 2"),
        ("output.shard_size=4", "recipe.output.shard_size: 8 -> 4"),
        ("sets.0.samples_per_face=2", "recipe.sets.0.samples_per_face: 1.0 -> 2.0"),
        ("output.masks=[face, amodal]", r'recipe.output.masks: \["face"\] -> \["face", "amodal"\]'),
    ],
)
def test_f17_another_recipe_is_refused(whole: Path, edit: str, told: str) -> None:
    before = files(whole)
    with pytest.raises(UsageError, match=f"(?s)differs from the one asked for.*  {told}\n.*--overwrite") as caught:
        _build(whole, recipe=_recipe(edit))
    assert str(caught.value).count("\n") == 2
    assert files(whole) == before


def test_what_changes_no_sample_does_not_matter(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(Interrupted):
        _build(out, stop_at=9)
    _build(out, recipe=_recipe("output.max_rejected=0.7"))
    assert json.loads((out / "dataset.json").read_text())["recipe"]["output"]["max_rejected"] == 0.7
    differ = {name for name, _ in files(out).items() ^ files(whole).items()}
    assert differ == {"dataset.json", "manifest.parquet", "README.md"}  # they quote the recipe


def test_f17_another_version_is_refused(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    text = (out / "dataset.json").read_text()
    found = json.loads(text)["versions"]["numpy"]
    (out / "dataset.json").write_text(text.replace(f'"numpy": "{found}"', '"numpy": "1.0"'))
    with pytest.raises(UsageError, match=f'versions.numpy: "1.0" -> "{found}"'):
        _build(out)


def test_f17_other_inputs_are_refused(tmp_path: Path) -> None:
    import skimage.data
    from PIL import Image as PillowImage

    root = tmp_path / "photos"
    root.mkdir()
    for name in ("a.png", "b.png"):
        PillowImage.fromarray(skimage.data.astronaut()[:256, 100:356]).save(root / name)
    recipe, whole = _recipe(f"faces={{source: folder, root: '{root}', align: {{size: 64}}}}"), (root / "b.png").read_bytes()
    _build(tmp_path / "out", 1, recipe)
    assert _build(tmp_path / "out", 1, recipe).kept == 1
    changes: list[Callable[[], object]] = [
        lambda: (root / "b.png").write_bytes(whole + b"more"),
        lambda: (root / "b.png").unlink(),
        lambda: [(root / name).write_bytes(whole) for name in ("b.png", "c.png")],
    ]
    for change in changes:
        change()
        with pytest.raises(UsageError, match=r"inputs\.faces\.files\.(count|sha256): "):
            _build(tmp_path / "out", 1, recipe)
    (root / "c.png").unlink()
    assert _build(tmp_path / "out", 1, recipe).kept == 1
    (root / "c.png").write_bytes(whole)
    assert _build(tmp_path / "out", 3, recipe, overwrite=True).made == 3


def test_overwriting_starts_anew(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(Interrupted):
        _build(out, recipe=_recipe("seed=3"), stop_at=20)
    (out / "notes.txt").write_text("mine")
    assert _build(out, overwrite=True).kept == 0
    assert (out / "notes.txt").read_text() == "mine"
    (out / "notes.txt").unlink()
    assert files(out) == files(whole)


def test_f30_a_second_run_is_refused_at_once(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with locked(out):
        for overwrite in (False, True):
            with pytest.raises(UsageError, match=r"another run is writing to .*out"):
                _build(out, overwrite=overwrite)
        assert [path.name for path in out.iterdir()] == [".lock"]
    assert not (out / ".lock").exists()


def test_f30_a_stale_lock_is_none(whole: Path, tmp_path: Path) -> None:
    """A process that held the lock was killed: its file is there, the lock is not."""
    out = tmp_path / "out"
    out.mkdir()
    code = f"""if True:
        import os, signal
        from pathlib import Path
        from natocc.dataset.write.lock import locked
        with locked(Path({str(out)!r})):
            os.kill(os.getpid(), signal.SIGKILL)"""
    subprocess.run([sys.executable, "-c", code], check=False)
    assert (out / ".lock").exists()
    _build(out)
    assert files(out) == files(whole)


def test_a_lock_file_that_its_owner_deletes_is_not_locked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner goes between our opening the file and our locking it: the lock must be on the file that is there then."""
    flock = fcntl.flock
    path = tmp_path / ".lock"
    path.touch()

    def late(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        path.unlink()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with locked(tmp_path):
        assert path.exists()
        with pytest.raises(UsageError, match="another run"), locked(tmp_path):
            pass


def test_where_there_are_no_locks_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked(tmp_path):
        pass
    assert "make sure yourself that no other run writes there" in caplog.text


def test_half_a_commit_of_more_samples_is_taken_back(whole: Path, tmp_path: Path) -> None:
    """A run of many was killed while it moved a late shard; a run of fewer must not leave its pieces about."""
    out = tmp_path / "out"
    with pytest.raises(Interrupted):
        _build(out, count=400, stop_at=1)
    layout = Layout(out, 8)
    stray = layout.file("images", 397, ".jpg")
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    (out / ".manifest.parquet.01234567.part").write_bytes(b"x")
    (out / "shards").mkdir()
    (out / "shards" / ".00000.json.01234567.part").write_bytes(b"x")
    _build(out)
    assert files(out) == files(whole)

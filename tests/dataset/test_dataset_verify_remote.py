"""``natocc verify URL`` finds on a server what it finds in a folder."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from natocc.builder.run import Run
from natocc.cli import main
from natocc.core.errors import UsageError
from natocc.dataset.findings import Depth
from natocc.dataset.verify.dataset import verify_folder
from natocc.dataset.verify.remote import verify_remote
from natocc.io.storage import Storage
from natocc.io.workspace import Workspace
from natocc.recipe.load import load_recipe

fsspec = pytest.importorskip("fsspec")

URL = "memory://verified/set"


def _quiet(doing: str, done: int, total: int | None) -> None:
    pass


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("whole")
    textures = "textures: {source: textures, root: 'package:skimage/data', include: [brick.png]}"
    sets = "sets=[{name: randocc, method: randocc}]"
    shapes = f"sets.0.occluders={{source: shapes, side: 64, {textures}}}"
    recipe = load_recipe("demo", ["faces.align={method: none, size: 64}", "output.shard_size=4", sets, shapes])
    Run(recipe, Workspace(base / "data", base / "cache"), base / "out", count=10, backend="threading").build(False, _quiet)
    return base / "out"


@pytest.fixture
def dataset(whole: Path, tmp_path: Path) -> Path:
    """A folder; :func:`_put` brings it to the server."""
    return Path(shutil.copytree(whole, tmp_path / "out"))


@pytest.fixture(autouse=True)
def server() -> Iterator[None]:
    """What is in memory goes with the test."""
    yield
    store = fsspec.filesystem("memory")
    if store.exists("/verified"):
        store.rm("/verified", recursive=True)


def _put(root: Path) -> Storage:
    storage = Storage(URL)
    storage.put_all({path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()})
    return storage


def _damage(root: Path) -> set[str]:
    """One of every kind that a folder and a server know alike; returns the paths."""
    images = sorted((root / "images/00000").iterdir())
    images[0].unlink()
    images[1].write_bytes(images[1].read_bytes()[:-1])
    images[2].write_bytes(bytes([images[2].read_bytes()[0] ^ 1]) + images[2].read_bytes()[1:])
    (root / "shards/00002.json").unlink()
    table = (root / "manifest.parquet").read_bytes()
    (root / "manifest.parquet").write_bytes(table[: len(table) // 2])
    strange = {"masks/00001/notes.txt", "masks/more", "masks/00007", "shards/.00001.json.part", ".manifest.parquet.part"}
    for path in strange:
        (root / path).write_text("mine")
    return {*strange, "shards/00002.json", "manifest.parquet", *(path.relative_to(root).as_posix() for path in images[:3])}


@pytest.mark.parametrize("depth", list(Depth))
@pytest.mark.parametrize("jobs", [1, 3])
def test_a_server_is_told_the_same_of_as_a_folder(depth: Depth, jobs: int, dataset: Path) -> None:
    sound = verify_remote(_put(dataset), depth, jobs, _quiet)
    assert sound == verify_folder(dataset, depth, jobs, _quiet)
    assert (sound.samples, sound.findings) == (10, ())
    damaged = _damage(dataset)
    fsspec.filesystem("memory").rm("/verified", recursive=True)
    found, expected = verify_remote(_put(dataset), depth, jobs, _quiet), verify_folder(dataset, depth, jobs, _quiet)
    unseen = damaged - {each.path for each in expected.findings}
    assert len(unseen) == (1 if depth == Depth.FAST else 0)  # one whose size is as before
    assert list(map(str, found.findings)) == [each.replace(str(dataset), URL) for each in map(str, expected.findings)]
    assert dataclasses.replace(found, findings=()) == dataclasses.replace(expected, findings=())


def test_a_dataset_that_is_being_built(dataset: Path) -> None:
    (dataset / "shards/00001.json").unlink()
    (dataset / "manifest.parquet").unlink()
    said = json.loads((dataset / "dataset.json").read_bytes())
    (dataset / "dataset.json").write_text(json.dumps({**said, "status": "building"}))
    found = verify_remote(_put(dataset), Depth.HASH, 2, _quiet)
    assert (found.status, found.shards, found.findings) == ("building", 2, ())


@pytest.mark.parametrize("content", [None, "{"])
def test_what_is_no_dataset_is_said_of_the_url(content: str | None, tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text(content or "")
    Storage(URL).put(tmp_path / "dataset.json", "notes.txt" if content is None else "dataset.json")
    with pytest.raises(UsageError) as told:
        verify_remote(Storage(URL), Depth.HASH, 1, _quiet)
    assert str(told.value).startswith(URL)
    assert "natocc-verify" not in str(told.value)


def test_the_command(dataset: Path) -> None:
    _put(dataset)
    done = CliRunner().invoke(main, ["verify", URL, "-j", "2"])
    assert (done.exit_code, done.stdout) == (0, "")
    assert f"{URL}: 10 samples" in done.stderr
    path = sorted(dataset.glob("masks/*/*"))[0]
    path.write_bytes(b"")
    Storage(URL).put(path, name := path.relative_to(dataset).as_posix())
    done = CliRunner().invoke(main, ["verify", URL, "--json"])
    assert done.exit_code == 4
    told = json.loads(done.stdout)
    assert (told["dataset"], [each["path"] for each in told["damage"]]) == (URL, [name])
    done = CliRunner().invoke(main, ["verify", URL, "--repair"])
    assert done.exit_code == 2
    assert f"copy {URL} here" in done.stderr


def test_replay_says_to_copy_it_first() -> None:
    done = CliRunner().invoke(main, ["replay", "s3://me:secret@bucket/set", "--index", "1"])
    assert done.exit_code == 2
    assert "copy s3://***@bucket/set here first" in done.stderr

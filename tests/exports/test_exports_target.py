"""Where an export goes, what of the dataset goes there, and what is refused before anything is written."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from runs import little_room

from exports.reading_back import invoke
from natocc.core.errors import UsageError
from natocc.dataset.description import write_dataset
from natocc.exports.export import choose_format, write_export
from natocc.exports.format import ExportOptions
from natocc.exports.own_files import LIST
from natocc.exports.reader import SourceDataset
from natocc.exports.target import MARKER
from natocc.exports.writer import ExportWriter
from natocc.io.images import sha256


def _files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def _quiet(doing: str, done: int, total: int | None) -> None:
    del doing, done, total


def test_files_are_links_unless_told_otherwise(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    sample = next(dataset.samples())
    for flags, same in (((), True), (("--copy",), False)):
        root = exported("mmseg", *flags)
        assert (root / f"img_dir/{sample.split}/{sample.stem}.jpg").samefile(sample.files["images"]) is same


def test_without_links_files_are_copied(dataset: SourceDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    done = write_export(choose_format({"to": "mmseg"}), dataset, tmp_path / "out", True, _quiet)
    assert dict(done.files) == {"copied": 2 * len(dataset), "written": 1}


def test_an_earlier_export_of_the_same_is_replaced(dataset: SourceDataset, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()  # an empty folder will do
    invoke("export", dataset.root, "--to", "mmseg", "-o", target, "--split", "test")
    fewer = _files(target)
    said = invoke("export", dataset.root, "--to", "mmseg", "-o", target)
    assert f"{len(dataset)} samples as mmseg (train 6, test 6)" in said.stdout
    assert len(_files(target)) > len(fewer)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def _tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_what_natocc_did_not_write_stays(dataset: SourceDataset, tmp_path: Path) -> None:
    target, fresh = tmp_path / "out", tmp_path / "fresh"
    invoke("export", dataset.root, "--to", "yolo-seg", "-o", target, "--copy")
    mine = {
        "labels/train.cache": b"a trainer's",
        "labels/train/000000999.txt": b"named as natocc names files",
        "runs/train/weights/best.pt": b"hours of work",
    }
    for name, content in mine.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(content)
    (target / "runs" / "empty").mkdir()
    (target / "latest").symlink_to("runs/train")
    invoke("export", dataset.root, "--to", "yolo-seg", "-o", target, "--split", "train", "--copy")
    assert (target / "runs" / "empty").is_dir()
    assert (target / "latest").is_symlink()
    (target / "latest").unlink()
    invoke("export", dataset.root, "--to", "yolo-seg", "-o", fresh, "--split", "train", "--copy")
    assert _tree(target) == _tree(fresh) | mine
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh", "out"]


def test_what_was_changed_since_is_no_longer_natoccs(dataset: SourceDataset, tmp_path: Path) -> None:
    target = tmp_path / "out"
    invoke("export", dataset.root, "--to", "mmseg", "-o", target, "--copy")
    picture = next((target / "img_dir" / "test").iterdir())
    picture.write_bytes(b"retouched")
    invoke("export", dataset.root, "--to", "mmseg", "-o", target, "--copy", "--split", "train")
    assert [path.name for path in (target / "img_dir" / "test").iterdir()] == [picture.name]
    assert picture.read_bytes() == b"retouched"


@pytest.mark.parametrize(
    ("name", "message"), [("dataset.py", "was changed since natocc wrote it"), ("img_dir/test", "is not natocc's")]
)
def test_only_what_stands_in_the_way_is_named(dataset: SourceDataset, tmp_path: Path, name: str, message: str) -> None:
    target = tmp_path / "out"
    invoke("export", dataset.root, "--to", "mmseg", "-o", target, "--split", "train")
    (target / "notes.txt").write_text("mine")
    (target / name).write_text("mine")
    before = _tree(target)
    said = invoke("export", dataset.root, "--to", "mmseg", "-o", target, code=2)
    assert f"{target / name} {message}" in said.stderr
    assert "notes.txt" not in said.stderr
    assert _tree(target) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("step", [0, 1, 2, 3, 9, *range(17, 29)])  # the last ones: no step is left
def test_an_exchange_that_was_interrupted_is_made_up_for(
    dataset: SourceDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    target = tmp_path / "out"
    invoke("export", dataset.root, "--to", "mmseg", "-o", target, "--split", "train")
    mine = [target / "notes.txt", target / "img_dir" / "train" / "labels.cache"]
    for path in mine:
        path.write_text("mine")
    left = [step]

    def fails(change: Callable[..., object]) -> Callable[..., object]:
        def changed(path: Path, *arguments: object, **more: object) -> object:
            if target.parent / ".out.part" not in path.parents:
                left[0] -= 1
                if left[0] < 0:
                    raise KeyboardInterrupt
            return change(path, *arguments, **more)

        return changed

    for name in ("rename", "unlink", "rmdir"):
        monkeypatch.setattr(Path, name, fails(getattr(Path, name)))
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # as after a kill
    with contextlib.suppress(KeyboardInterrupt):
        write_export(choose_format({"to": "mmseg"}), dataset, target, True, _quiet)
    monkeypatch.undo()
    invoke("export", dataset.root, "--to", "mmseg", "-o", target)
    assert [path.read_text() for path in mine] == ["mine", "mine"]
    assert len(list((target / "img_dir").rglob("*.jpg"))) == len(dataset)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_list_is_what_sha256sum_reads(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    for name in ("mmseg", "webdataset"):
        root = exported(name)
        listed = dict(reversed(line.split("  ")) for line in (root / LIST).read_text().splitlines())
        assert listed == {name: sha256(content) for name, content in _tree(root).items() if name not in (LIST, MARKER)}


def test_targets_that_are_not_free(dataset: SourceDataset, undivided: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").touch()
    (tmp_path / "link").symlink_to(foreign)
    (tmp_path / "file").touch()
    other = tmp_path / "other"
    invoke("export", undivided, "--to", "mmseg", "-o", other)
    for target, message in (
        (foreign, "holds 'thesis.tex'"),
        (tmp_path / "link", "not a folder"),
        (tmp_path / "file", "not a folder"),
        (dataset.root, "lie in each other"),
        (dataset.root / "images", "lie in each other"),
        (dataset.root.parent, "lie in each other"),
        (other, "an export of 'whole' to 'mmseg', not of 'small' to 'mmseg'"),
    ):
        said = invoke("export", dataset.root, "--to", "mmseg", "-o", target, code=2)
        assert message in said.stderr
        assert len(said.stderr.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "foreign", "link", "other"]


def test_what_an_interrupted_export_left_is_taken_over(
    dataset: SourceDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options, target, part = choose_format({"to": "mmseg"}), tmp_path / "out", tmp_path / ".out.part"
    take = ExportWriter.take

    def fail(self: ExportWriter, source: Path, name: str, sha256: str | None = None) -> None:
        take(self, source, name, sha256)
        if sum(self.counts.values()) == 7:
            raise KeyboardInterrupt

    monkeypatch.setattr(ExportWriter, "take", fail)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # as after a kill
    with pytest.raises(KeyboardInterrupt):
        write_export(options, dataset, target, True, _quiet)
    assert not target.exists()
    assert json.loads((part / MARKER).read_text())["status"] == "writing"
    monkeypatch.undo()
    (part / "img_dir" / "train" / "000000999.jpg").touch()
    write_export(options, dataset, target, True, _quiet)
    assert json.loads((target / MARKER).read_text())["status"] == "complete"
    assert not (target / "img_dir" / "train" / "000000999.jpg").exists()
    assert not part.exists()


def test_an_error_leaves_nothing_and_the_earlier_export_whole(dataset: SourceDataset, tmp_path: Path) -> None:
    root = tmp_path / "small"
    shutil.copytree(dataset.root, root)
    target = tmp_path / "out"
    invoke("export", root, "--to", "mmseg", "-o", target)
    before = _files(target)
    sample = list(dataset.samples())[-1]
    (root / sample.files["masks"].relative_to(dataset.root)).unlink()
    said = invoke("export", root, "--to", "mmseg", "-o", target, code=2)
    assert "no file" in said.stderr
    assert "natocc verify --repair" in said.stderr
    assert _files(target) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "small"]


def test_splits_by_name_and_by_share(dataset: SourceDataset, undivided: Path, tmp_path: Path) -> None:
    assert list(dataset.counts) == ["train", "test"]
    assert list(SourceDataset.open(undivided).counts) == ["train"]
    said = invoke("export", undivided, "--to", "mmseg", "-o", tmp_path / "whole")
    assert "no splits: all of it is 'train'" in said.stderr
    invoke("export", undivided, "--to", "mmseg", "-o", tmp_path / "parts", "--split-shares", "train=0.5, val=0.5")
    people: dict[str, set[str]] = {}
    for path in (tmp_path / "parts" / "img_dir").rglob("*.png"):
        row = next(sample.row for sample in SourceDataset.open(undivided).samples() if sample.stem == path.stem)
        people.setdefault(path.parent.name, set()).add(str(row["identity"]))
    assert sum(map(len, people.values())) == len(set().union(*people.values()))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--to", "mmsegs"), "no such format (did you mean 'mmseg'?)"),
        (("--to", "mmseg", "--set", "label=parts"), "did you mean 'labels'"),
        (("--to", "mmseg", "--set", "labels=part"), "labels"),
        (("--to", "mmseg", "--split", "val"), "no split 'val'; it has train (6), test (6)"),
        (("--to", "mmseg", "--split", ""), "no split ''"),
        (("--to", "mmseg", "--split-shares", "train=1"), "has splits of its own"),
        (("--to", "mmseg", "--split-shares", "train=0.5"), "add up to 1"),
        (("--to", "mmseg", "--split-shares", "train"), "add up to 1"),
        (("--to", "mmseg", "--split-shares", "dev=1"), "unknown key 'dev'"),
    ],
)
def test_what_cannot_be_is_one_line(dataset: SourceDataset, tmp_path: Path, flags: tuple[str, ...], message: str) -> None:
    said = invoke("export", dataset.root, *flags, "-o", tmp_path / "out", code=2)
    assert message in said.stderr
    assert len(said.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_masks_that_are_not_there_are_named(undivided: Path, tmp_path: Path) -> None:
    for name in ("mmseg", "hf", "webdataset", "torch", "yolo-seg"):
        said = invoke("export", undivided, "--to", name, "--set", "labels=parts", "-o", tmp_path / "out", code=2)
        assert "has no 'parts': it has masks; output.masks" in said.stderr
    said = invoke("export", undivided, "--to", "coco", "--set", "labels=parts", "-o", tmp_path / "out", code=2)
    assert "labels: 'parts' is not one of masks, amodal" in said.stderr  # of things, not of values
    assert not list(tmp_path.iterdir())


def test_no_dataset_unfinished_or_damaged(dataset: SourceDataset, tmp_path: Path) -> None:
    root = tmp_path / "small"
    for message, damage in (
        ("no folder", lambda: None),
        ("unfinished", lambda: _edit(root / "dataset.json", '"status": "complete"', '"status": "building"')),
        ("dataset.json: expected", lambda: _edit(root / "dataset.json", '"seed": 1', '"seed": 2')),
        ("cannot be read as a manifest", lambda: (root / "manifest.parquet").unlink()),
        ("cannot be read as a manifest", lambda: (root / "manifest.parquet").write_bytes(b"PAR1")),
    ):
        if message != "no folder":
            shutil.copytree(dataset.root, root, dirs_exist_ok=True)
        damage()
        with pytest.raises(UsageError, match=message):
            SourceDataset.open(root)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("split", "../../../away"),
        ("images_path", "../../secret.jpg"),
        ("masks_path", "images/00000/000000000.jpg"),
    ],
)
def test_nothing_in_a_manifest_leads_out(dataset: SourceDataset, tmp_path: Path, column: str, value: str) -> None:
    root = tmp_path / "small"
    shutil.copytree(dataset.root, root)
    table = pyarrow.parquet.read_table(root / "manifest.parquet")
    changed = pyarrow.array([value, *table[column].to_pylist()[1:]])
    table = table.set_column(table.schema.get_field_index(column), column, changed)
    pyarrow.parquet.write_table(table, root / "manifest.parquet", write_page_checksum=True)
    said = invoke("export", root, "--to", "mmseg", "-o", tmp_path / "out", code=2)
    assert "is damaged" in said.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_a_link_in_the_dataset_is_not_followed(dataset: SourceDataset, tmp_path: Path) -> None:
    root, secret = tmp_path / "small", tmp_path / "secret"
    shutil.copytree(dataset.root, root)
    secret.write_text("secret")
    first = next(SourceDataset.open(root).samples()).files["images"]
    first.unlink()
    first.symlink_to(secret)
    for name in ("mmseg", "webdataset"):
        said = invoke("export", root, "--to", name, "-o", tmp_path / "out", code=2)
        assert "is not a regular file" in said.stderr


def test_a_card_that_is_a_link_is_not_copied(dataset: SourceDataset, tmp_path: Path) -> None:
    root, secret = tmp_path / "small", tmp_path / "secret"
    shutil.copytree(dataset.root, root)
    secret.write_text("secret")
    (root / "README.md").unlink()
    (root / "README.md").symlink_to(secret)
    assert "is not a regular file" in invoke("export", root, "--to", "hf", "-o", tmp_path / "out", code=2).stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"output": {"image": {"format": '/../x" + evil() + "'}}},
        {"name": "x\nevil()"},
        {"name": "{{ evil }}"},
    ],
)
def test_no_name_of_a_hostile_dataset_gets_into_scripts_and_tars(dataset: SourceDataset, tmp_path: Path, change: Any) -> None:
    """Suffix and name are held to what a recipe allows when ``dataset.json`` is read, whatever its seal says."""
    root, recipe = tmp_path / "hostile", dict(dataset.description.recipe)
    shutil.copytree(dataset.root, root)
    for key, value in change.items():
        recipe[key] = {**recipe[key], **value} if isinstance(value, dict) else value
    digest = sha256(json.dumps(recipe, sort_keys=True).encode())
    write_dataset(root, dataclasses.replace(dataset.description, recipe=recipe, recipe_sha256=digest))
    (root / "manifest.parquet").unlink()  # its copy would do
    with pytest.raises(UsageError, match=r"dataset\.json is damaged: expected recipe to be a recipe with"):
        SourceDataset.open(root)


def test_the_folder_that_one_is_in_is_not_replaced(
    dataset: SourceDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "the folder that you are in" in invoke("export", dataset.root, "--to", "mmseg", "-o", ".", code=2).stderr
    shutil.copytree(dataset.root, tmp_path / "small")
    monkeypatch.chdir(tmp_path / "small")
    assert str(tmp_path / "small-mmseg") in invoke("export", ".", "--to", "mmseg").stdout


def test_every_format_knows_its_name() -> None:
    from natocc.exports import FORMATS

    for name in FORMATS:
        options = choose_format({"to": name})
        assert isinstance(options, ExportOptions)
        assert options.to == name


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


FORMATS = (
    ("mmseg", "--copy"), ("hf",), ("hf", "--set", "style=parquet"), ("webdataset",), ("coco",), ("yolo-seg",), ("yolo-pose",),
    ("voc",), ("celebamask",), ("lapa",), ("torch",),
)  # fmt: skip


@pytest.mark.parametrize("how", FORMATS, ids=" ".join)
def test_a_disk_that_is_full_names_the_file_that_does_not_fit(
    dataset: SourceDataset, tmp_path: Path, how: tuple[str, ...]
) -> None:
    """Whatever library writes it, while others are open; nothing of the export is left."""
    for size in (50, 500):
        with little_room(size):
            done = invoke("export", dataset.root, "--to", *how, "-o", tmp_path / "out", code=1)
        assert re.match(rf"natocc: cannot write {tmp_path}/\.out\.part/\S+: File too large", done.stderr.splitlines()[-1])
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["images", "images/00000"])
def test_a_folder_that_is_a_link_is_not_exported(dataset: SourceDataset, tmp_path: Path, folder: str) -> None:
    root = Path(shutil.copytree(dataset.root, tmp_path / "copy"))
    (root / folder).rename(tmp_path / "elsewhere")
    (root / folder).symlink_to(tmp_path / "elsewhere")
    for name in ("mmseg", "hf", "torch"):
        done = invoke("export", root, "--to", name, "-o", tmp_path / "out", code=2)
        assert f"{root / folder} is a link to {tmp_path / 'elsewhere'}, not followed" in done.stderr
        assert not (tmp_path / "out").exists()

"""F29: damage made for real on a small demo, found by verify, mended by repair to the same bytes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from natocc.builder.repair import Repair
from natocc.builder.run import Run
from natocc.core.errors import UsageError
from natocc.dataset.findings import Depth, Kind, Verified
from natocc.dataset.layout import Layout
from natocc.dataset.manifest import write_manifest
from natocc.dataset.records import read_shard
from natocc.dataset.verify.dataset import verify_folder
from natocc.io.atomic import encode_json
from natocc.io.images import encode_png, read_labels, sha256
from natocc.io.sealed_json import is_sealed, seal
from natocc.io.workspace import Workspace
from natocc.recipe.load import load_recipe

EDITS = ("faces.align.size=64", "output.shard_size=4", "output.masks=[face,amodal,occluder,matte,parts]")


def _silent(doing: str, done: int, total: int | None) -> None:
    pass


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """Twelve small samples in three shards, with every kind of mask."""
    root = tmp_path_factory.mktemp("verify") / "built"
    Run(load_recipe("demo", EDITS), Workspace(Path("data"), cache), root, count=12).build(overwrite=False, progress=_silent)
    return root


@pytest.fixture
def dataset(built: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(built, tmp_path / "out"))


def _look(root: Path, depth: Depth = Depth.HASH) -> Verified:
    return verify_folder(root, depth, 1, _silent)


def _mend(root: Path, cache: Path) -> dict[str, str]:
    mending = Repair(root, _look(root).findings, Workspace(Path("data"), cache), _silent)
    mending.run()
    return mending.left


def _content(root: Path) -> dict[str, object]:
    """Every file; of records all but what tells how long it took."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        if path.is_file():
            name, data = path.relative_to(root).as_posix(), path.read_bytes()
            found[name] = data
            if name.startswith("shards/"):
                found[name] = {key: value for key, value in json.loads(data).items() if key not in ("seconds", "sha256")}
    return found


def _flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    path.write_bytes(data)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _swap(root: Path) -> None:
    one, other = root / "masks/00000/000000000.png", root / "masks/00001/000000004.png"
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def _edit_manifest(root: Path) -> None:
    """As somebody would: read, change a cell, write."""
    table = pyarrow.parquet.read_table(root / "manifest.parquet")
    at = table.schema.get_field_index("occlusion_ratio")
    ratios = table.column(at).to_pylist()
    ratios[5] = 0.5
    pyarrow.parquet.write_table(table.set_column(at, table.schema.field(at), pyarrow.array(ratios)), root / "manifest.parquet")


def _edit_text(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


MASK, IMAGE, RECORD = "masks/00001/000000006.png", "images/00002/000000011.jpg", "shards/00001.json"
EVIL = "holiday\n\x1b[31m<script>.png"

DAMAGES: dict[str, tuple[Callable[[Path], object], dict[str, str]]] = {
    "nothing": (lambda root: None, {}),
    "bit flip": (lambda root: _flip(root / IMAGE, 4001), {IMAGE: "expected sha256 "}),
    "cut": (lambda root: _cut(root / MASK), {MASK: " bytes, found "}),
    "empty": (lambda root: (root / MASK).write_bytes(b""), {MASK: "found 0 bytes"}),
    "missing": (lambda root: (root / MASK).unlink(), {MASK: "found no file"}),
    "missing folder": (
        lambda root: shutil.rmtree(root / "parts/00001"),
        {f"parts/00001/00000000{n}.png": "found no file" for n in (4, 5, 6, 7)},
    ),
    "a link in its place": (
        lambda root: ((root / MASK).rename(root / ".moved.png"), (root / MASK).symlink_to(root / ".moved.png")),
        {MASK: "a regular file"},
    ),
    "swapped masks": (_swap, {"masks/00000/000000000.png": "expected", "masks/00001/000000004.png": "expected"}),
    "extra sample": (
        lambda root: shutil.copy(root / IMAGE, root / "images/00002/000000012.jpg"),
        {"images/00002/000000012.jpg": "expected no such file"},
    ),
    "extra shard": (
        lambda root: shutil.copytree(root / "masks/00000", root / "masks/00003"),
        {f"masks/00003/00000000{n}.png": "expected no such file" for n in range(4)},
    ),
    "extra record": (
        lambda root: shutil.copy(root / "shards/00000.json", root / "shards/00007.json"),
        {"shards/00007.json": "expected 3 shards"},
    ),
    "half-written sample": (
        lambda root: (root / "masks/00001/.000000006.png.01234567.part").write_bytes(b"x"),
        {"masks/00001/.000000006.png.01234567.part": "no such file"},
    ),
    "half-written record": (
        lambda root: (root / "shards/.00001.json.01234567.part").write_text("{"),
        {"shards/.00001.json.01234567.part": "another file"},
    ),
    "edited manifest": (_edit_manifest, {"manifest.parquet": "as its record says, found 0.5"}),
    "missing manifest": (lambda root: (root / "manifest.parquet").unlink(), {"manifest.parquet": "found none"}),
    "cut manifest": (lambda root: _cut(root / "manifest.parquet"), {"manifest.parquet": "rows that can be read"}),
    "empty manifest": (lambda root: (root / "manifest.parquet").write_bytes(b""), {"manifest.parquet": "rows that can be read"}),
    "missing record": (lambda root: (root / RECORD).unlink(), {RECORD: "expected the record of shard 1, found none"}),
    "cut record": (lambda root: _cut(root / RECORD), {RECORD: "expected what natocc wrote"}),
    "edited record": (
        lambda root: _edit_text(root / RECORD, '"face": "astronaut"', '"face": "asronautt"'),
        {RECORD: "expected what natocc wrote"},
    ),
    "edited recipe": (
        lambda root: _edit_text(root / "dataset.json", '"seed": 1', '"seed": 2'),
        {"dataset.json": "recipe_sha256"},
    ),
    "edited labels": (lambda root: _edit_text(root / "dataset.json", '"1": "face"', '"1": "fase"'), {"dataset.json": "last key"}),
    "edited count": (
        lambda root: _edit_text(root / "dataset.json", '"samples": 12', '"samples": 11'),
        {"dataset.json": "last key"},
    ),
    "missing dataset.json": (lambda root: (root / "dataset.json").unlink(), {"dataset.json": "found none"}),
    "cut dataset.json": (lambda root: _cut(root / "dataset.json"), {"dataset.json": "is damaged: not JSON"}),
    "edited card": (lambda root: _edit_text(root / "README.md", "none stated", "CC0"), {"README.md": "expected sha256"}),
    "missing card": (lambda root: (root / "README.md").unlink(), {"README.md": "found no file"}),
    "a link as card": (
        lambda root: ((root / "README.md").unlink(), (root / "README.md").symlink_to("dataset.json")),
        {"README.md": "something else than a file"},
    ),
    "another contact sheet": (
        lambda root: shutil.copy(root / IMAGE, root / "contact_sheet.jpg"),
        {"contact_sheet.jpg": "expected sha256"},
    ),
    "missing contact sheet": (lambda root: (root / "contact_sheet.jpg").unlink(), {"contact_sheet.jpg": "found no file"}),
    "an empty shard": (lambda root: (root / "images/00099").mkdir(), {"images/00099": "no such file"}),
    "staging left": (lambda root: (root / ".staging/00000/pieces").mkdir(parents=True), {".staging": "no staging area"}),
    "several": (
        lambda root: (
            _flip(root / IMAGE, 77),
            (root / MASK).unlink(),
            (root / "shards/00000.json").unlink(),
            _edit_manifest(root),
        ),
        {IMAGE: "sha256", MASK: "no file", "shards/00000.json": "none", "manifest.parquet": "sample 5"},
    ),
}


def _check_told(verified: Verified, told: dict[str, str]) -> None:
    """One line a damage, each of them expected."""
    lines = {finding.path: str(finding) for finding in verified.findings}
    assert set(lines) == set(told)
    assert len(lines) == len(verified.findings)
    assert all(words in lines[path] for path, words in told.items()), lines


@pytest.mark.parametrize("name", DAMAGES)
def test_f29_every_damage_is_told_and_mended_to_the_same_bytes(built: Path, dataset: Path, cache: Path, name: str) -> None:
    damage, told = DAMAGES[name]
    damage(dataset)
    _check_told(_look(dataset), told)
    assert _mend(dataset, cache) == {}
    assert _look(dataset, Depth.DEEP).findings == ()
    (dataset / ".moved.png").unlink(missing_ok=True)
    assert _content(dataset) == _content(built)


@pytest.mark.parametrize(
    "name", ["cut", "missing", "extra sample", "missing record", "missing manifest", "missing card", "staging left"]
)
def test_fast_sees_sizes_and_counts(dataset: Path, name: str) -> None:
    assert _look(dataset, Depth.FAST).findings == ()
    damage, told = DAMAGES[name]
    damage(dataset)
    _check_told(_look(dataset, Depth.FAST), told)


@settings(max_examples=40)
@given(st.data())
def test_f29_any_bit_of_any_file_is_found(built: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(_vouched_for(built)))
    bit = data.draw(st.integers(0, 8 * path.stat().st_size - 1))
    _flip(path, bit)
    try:
        assert path.relative_to(built).as_posix() in {finding.path for finding in _look(built).findings}
    finally:
        _flip(path, bit)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_f29_any_bit_of_any_file_is_restored(built: Path, dataset: Path, cache: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(_vouched_for(dataset)))
    _flip(path, data.draw(st.integers(0, 8 * path.stat().st_size - 1)))
    assert _mend(dataset, cache) == {}
    assert _content(dataset) == _content(built)


def _vouched_for(root: Path) -> list[Path]:
    """Files that verify answers for, so shuffled that each kind is drawn often."""
    kinds = (root.glob(kind) for kind in ("images/*/*", "masks/*/*", "mattes/*/*", "parts/*/*", "shards/*"))
    few = [path for kind in kinds for path in sorted(kind)[:3]]
    return [*few, *[root / name for name in ("manifest.parquet", "dataset.json", "README.md", "contact_sheet.jpg")] * 3]


def _reseal(root: Path, path: str, content: bytes, **measures: float) -> None:
    """Change a file, and its record, manifest and seals with it: only what the files say can tell."""
    layout = Layout(root, 4)
    folder, shard, name = path.split("/")
    (root / path).write_bytes(content)
    record = json.loads(layout.record(int(shard)).read_text())
    record["files"][path] = len(content)
    sample = next(each for each in record["samples"] if each["index"] == int(name.partition(".")[0]))
    sample["files"][folder] = sha256(content)
    sample["measures"] |= measures
    layout.record(int(shard)).write_bytes(encode_json(seal(record)))
    write_manifest(layout)


def _damage_mask(root: Path, path: str, change: Callable[[np.ndarray], None], **measures: float) -> None:
    mask = read_labels(root / path)
    change(mask)
    _reseal(root, path, encode_png(mask), **measures)


def _set(value: int, at: int) -> Callable[[np.ndarray], None]:
    def change(mask: np.ndarray) -> None:
        mask[tuple(np.argwhere(mask == at)[0])] = value

    return change


DEEP: dict[str, tuple[str, Callable[[np.ndarray], None], str]] = {
    "undeclared label": (MASK, _set(7, 0), "values 0, 1, 255 only, found 7"),
    "undeclared part": ("parts/00001/000000006.png", _set(99, 0), "found 99"),
    "occluder out of nowhere": ("occluders/00001/000000006.png", _set(2, 0), "values 0, 1 only, found 2"),
    "a hole in the face": (MASK, _set(0, 1), "visible face wherever no occluder is"),
    "visible beyond the face": (MASK, _set(1, 0), "visible pixels"),
    "a smaller face": ("amodal/00001/000000006.png", _set(0, 1), "face pixels"),
    "an occluder without a matte": ("mattes/00001/000000006.png", _set(3, 255), "a matte of at least half"),
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_computes_the_promises_again(dataset: Path, cache: Path, name: str) -> None:
    path, change, told = DEEP[name]
    _damage_mask(dataset, path, change)
    assert _look(dataset).findings == ()
    findings = _look(dataset, Depth.DEEP).findings
    assert any(told in str(finding) for finding in findings), [str(finding) for finding in findings]
    assert {finding.kind for finding in findings} == {Kind.CONTENT}
    assert {finding.index for finding in findings} == {6}
    mending = Repair(dataset, findings, Workspace(Path("data"), cache), _silent)
    mending.run()
    assert all("it was made so" in why for why in mending.left.values())
    assert set(mending.left) == {finding.path for finding in findings}


def test_deep_checks_sizes_and_ratio(dataset: Path) -> None:
    _reseal(dataset, MASK, encode_png(np.zeros((32, 64), np.uint8)), occlusion_ratio=0.123)
    lines = [str(finding) for finding in _look(dataset, Depth.DEEP).findings]
    assert any("64 x 64 px, as its record says, found shape (32, 64)" in line for line in lines)
    _reseal(dataset, MASK, encode_png(np.zeros((64, 64), np.uint8)))
    lines = [str(finding) for finding in _look(dataset, Depth.DEEP).findings]
    assert any("an occlusion ratio of 0.123, found 1.0" in line for line in lines)


def test_an_unfinished_dataset_is_no_damage(dataset: Path) -> None:
    content = json.loads((dataset / "dataset.json").read_text())
    content["status"] = "building"
    (dataset / "dataset.json").write_text(json.dumps(content))
    (dataset / "shards/00001.json").unlink()
    (dataset / "manifest.parquet").unlink()
    (dataset / ".staging").mkdir()
    verified = _look(dataset)
    assert (verified.status, verified.shards, verified.samples, verified.findings) == ("building", 2, 8, ())
    _flip(dataset / IMAGE, 9)
    assert [finding.path for finding in _look(dataset).findings] == [IMAGE]


def test_strangers_files_are_listed_and_left(dataset: Path, cache: Path) -> None:
    """Also what looks like a shard and is none: of other digits, with a digit too many, a link."""
    elsewhere = dataset.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "000000000.jpg").write_text("mine")
    (dataset / "images/00099").symlink_to(elsewhere)
    named = ["images/mine/a.jpg", "images/000001/000000004.jpg", "images/\u0660\u0660\u0660\u0660\u0661/000000004.jpg"]
    named += ["joblib.py", f"masks/00001/{EVIL}", "masks/00001/0000000004.png", "masks/notes.txt", "shards/000001.json"]
    named += ["shards/notes.txt", "exported/a.jpg"]
    for path in named:
        (dataset / path).parent.mkdir(exist_ok=True)
        (dataset / path).write_text("mine")
    paths = sorted({"images/00099", "exported", *named} - {"exported/a.jpg"})
    findings = _look(dataset).findings
    assert sorted({finding.path for finding in findings}) == paths
    assert all(str(finding).isprintable() for finding in findings)
    (dataset / "shards/00001.json").unlink()  # even where the shard is to be made again
    left = _mend(dataset, cache)
    assert sorted(left) == sorted([*paths, "shards/00001.json"])
    assert all((dataset / path).read_text() == "mine" for path in named)
    assert (elsewhere / "000000000.jpg").read_text() == "mine"


def test_what_people_lay_beside_a_dataset_is_no_damage(dataset: Path) -> None:
    """Hidden names, a report, and what file managers leave."""
    for path in (
        ".git/config",
        ".gitattributes",
        ".lock",
        "report.html",
        "Thumbs.db",
        "images/.DS_Store",
        "masks/00001/.DS_Store",
    ):
        (dataset / path).parent.mkdir(exist_ok=True)
        (dataset / path).write_text("mine")
    assert _look(dataset).findings == ()
    assert _look(dataset, Depth.DEEP).findings == ()


def test_shards_that_are_claimed_are_not_told_one_by_one(dataset: Path) -> None:
    content = json.loads((dataset / "dataset.json").read_text())
    (dataset / "dataset.json").write_text(json.dumps(seal(content | {"samples": 3_999_999}), indent=2) + "\n")
    findings = [finding for finding in _look(dataset, Depth.FAST).findings if finding.kind == Kind.RECORD]
    assert len(findings) == 1001
    assert "expected the records of 998997 more shards" in str(findings[-1])
    for claim in ({"samples": 10**12}, {"samples": 2**70}):
        (dataset / "dataset.json").write_text(json.dumps(seal(content | claim), indent=2) + "\n")
        assert "dataset.json" in {finding.path for finding in _look(dataset, Depth.FAST).findings}


def test_inputs_that_changed_are_said_and_nothing_is_replaced(dataset: Path, cache: Path) -> None:
    """The record of sample 6 says another plan, as if another version had made it."""
    path = Layout(dataset, 4).record(1)
    record = json.loads(path.read_text())
    sample = next(each for each in record["samples"] if each["index"] == 6)
    sample["plan"]["occluders"][0]["placement"]["matrix"][2] += 3
    path.write_bytes(encode_json(seal(record)))
    write_manifest(Layout(dataset, 4))
    (dataset / "images/00001/000000006.jpg").unlink()
    _flip(dataset / IMAGE, 12)
    left = _mend(dataset, cache)
    assert list(left) == ["images/00001/000000006.jpg"]
    assert "made again it has sha256" in left["images/00001/000000006.jpg"]
    assert [finding.path for finding in _look(dataset).findings] == ["images/00001/000000006.jpg"]


def test_a_lost_shard_that_comes_out_otherwise_is_not_committed(dataset: Path, cache: Path) -> None:
    layout = Layout(dataset, 4)
    before = {path: path.read_bytes() for path in dataset.glob("*/00001/*")}
    record = json.loads(layout.record(1).read_text())
    record["samples"][2]["files"]["masks"] = "0" * 64
    layout.record(1).write_bytes(encode_json(seal(record)))
    write_manifest(layout)
    layout.record(1).unlink()
    left = _mend(dataset, cache)
    assert "samples 6 are not as the manifest says" in left["shards/00001.json"]
    assert {path: path.read_bytes() for path in dataset.glob("*/00001/*")} == before
    assert not layout.staging.exists()


def test_a_recipe_that_is_lost_makes_nothing(dataset: Path, cache: Path) -> None:
    _edit_text(dataset / "dataset.json", '"seed": 1', '"seed": 2')
    (dataset / "manifest.parquet").unlink()
    (dataset / MASK).unlink()
    left = _mend(dataset, cache)
    assert set(left) == {MASK, "dataset.json"}
    assert "recipe" in left[MASK]
    assert {finding.path for finding in _look(dataset).findings} >= {MASK, "dataset.json"}


@pytest.mark.parametrize("name", ["dataset.json", "manifest.parquet"])
def test_a_folder_that_says_nothing_is_refused(dataset: Path, name: str) -> None:
    (dataset / "dataset.json").write_text("{")
    (dataset / "manifest.parquet").unlink()
    with pytest.raises(UsageError, match=r"dataset\.json"):
        _look(dataset)
    with pytest.raises(UsageError, match="no folder"):
        _look(dataset / "nowhere")


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", range(6))
def test_a_repair_that_is_killed_can_be_started_again(
    built: Path, dataset: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """At every rename: what is there is whole, and a second repair finishes."""
    _flip(dataset / IMAGE, 4001)
    (dataset / "shards/00001.json").unlink()
    (dataset / "manifest.parquet").unlink()
    steps = 0

    def counted(action: Callable[..., object]) -> Callable[..., object]:
        def act(*arguments: object) -> object:
            nonlocal steps
            if steps == 4 * step:
                raise Killed
            steps += 1
            return action(*arguments)

        return act

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", counted(Path.rename))
        patch.setattr(Path, "replace", counted(Path.replace))
        try:
            _mend(dataset, cache)
        except Killed:
            assert [path for path in dataset.glob("images/*/*") if path.suffix not in (".jpg", ".part")] == []
    _mend(dataset, cache)
    _mend(dataset, cache)
    assert _look(dataset).findings == ()
    assert _content(dataset) == _content(built)


def test_the_record_is_sealed(built: Path) -> None:
    line = (built / "shards/00000.json").read_bytes()
    value = json.loads(line)
    assert read_shard(Layout(built, 4), 0).to_bytes() == line
    assert list(value)[-1] == "sha256"
    assert seal(value) == value
    assert line == encode_json(value)
    assert is_sealed(line)
    assert not any(is_sealed(changed) for changed in (b"", b"{}\n", line[:-1], line + b"\n", b" " + line, line[:-80] + b"}\n"))

"""Whoever reads by records sees whole shards only, whenever the writer is killed; nobody else's file is ever deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natocc.errors import Reason, RunError, UsageError
from natocc.images import sha256
from natocc.plans import Finish, Look, OccluderPlan, Placement, Plan, Shadow
from natocc.samples import Origin, Rejection, SampleRecord
from natocc.shards import disk, writer
from natocc.shards.dataset import read_dataset, write_dataset
from natocc.shards.layout import Layout
from natocc.shards.manifest import read_manifest, write_manifest
from natocc.shards.prepare import clean_staging, prepare
from natocc.shards.records import read_shards, record_from_json, record_to_json, whole_shards
from natocc.shards.writer import commit_shard, stage_files

numbers = st.floats(allow_nan=False, allow_infinity=False)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
origins = st.builds(Origin, names, names, names, st.none() | names)
placements = st.builds(Placement, st.tuples(*[numbers] * 6), st.booleans())
references = st.dictionaries(names, names | numbers | st.lists(numbers, max_size=3), max_size=3)
shadows = st.none() | st.builds(Shadow, numbers, numbers, numbers, numbers)
looks = st.builds(Look, names, *[numbers] * 4, st.integers(0, 9), st.none() | st.integers(1, 100), shadows)
occluders = st.lists(st.builds(OccluderPlan, references, placements, looks, names, numbers), max_size=2)
finishes = st.builds(Finish, st.booleans(), numbers, numbers, numbers, st.none() | st.integers(1, 100))
plans = st.builds(Plan, occluders.map(tuple), st.integers(0, 9), st.none() | numbers, finishes)
rejections = st.builds(Rejection, st.sampled_from(Reason), names, names)


@st.composite
def records(draw: st.DrawFn) -> SampleRecord:
    occluders = draw(st.lists(st.tuples(origins, names), max_size=2))
    plan = draw(st.none() | plans)
    return SampleRecord(
        index=draw(st.integers(0, 10**9)),
        set_name=draw(names),
        method=draw(names),
        face=draw(names),
        variant=draw(st.integers(0, 99)),
        identity=draw(names),
        split=draw(st.none() | names),
        face_origin=draw(st.none() | origins),
        occluder_origins=tuple(origin for origin, _ in occluders),
        categories=tuple(category for _, category in occluders),
        plan=plan,
        measures={} if plan is None else {"occlusion_ratio": draw(numbers), "width": draw(st.integers(1, 4096))},
        detector=draw(st.none() | names),
        landmarks=tuple(draw(st.lists(st.tuples(numbers, numbers, st.booleans()), max_size=3))),
        rejection=draw(rejections) if plan is None else None,
    )


@given(records())
def test_a_record_survives_json(record: SampleRecord) -> None:
    assert record_from_json(json.loads(json.dumps(record_to_json(record)))) == record


def _record(layout: Layout, index: int, piece: str = "p") -> SampleRecord:
    """A staged sample; every third is rejected."""
    if index % 3 == 2:
        rejection = Rejection(Reason.NO_FACE, "face", "none")
        return SampleRecord(index, "s", "natocc", "f", index, "f", rejection=rejection)
    content = {"images": (".jpg", b"image %d" % index), "masks": (".png", b"mask %d" % index)}
    files = stage_files(layout, piece, index, content)
    measures = {"occlusion_ratio": 0.25, "width": 8, "height": 8, "mask_estimated": 0}
    return SampleRecord(index, "s", "natocc", "f", index, "f", plan=Plan((), 1), measures=measures, files=files)


def _build(root: Path, order: list[int], pieces: int = 1) -> Layout:
    layout = Layout(root, 4)
    prepare(root, overwrite=False)
    write_dataset(layout, {"status": "building"})
    for shard in (0, 1):
        indices = [index for index in order if index // 4 == shard]
        commit_shard(layout, shard, [_record(layout, index, f"p{index % pieces}") for index in indices], 1.0)
    write_manifest(layout)
    clean_staging(layout)
    return layout


def _files(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): sha256(path.read_bytes()) for path in root.rglob("*") if path.is_file()}


@given(st.permutations(range(8)), st.integers(1, 4))
def test_the_order_and_the_pieces_do_not_matter(tmp_path_factory: pytest.TempPathFactory, order: list[int], pieces: int) -> None:
    base = tmp_path_factory.mktemp("d")
    _build(base / "a", list(range(8)))
    _build(base / "b", order, pieces)
    assert _files(base / "a") == _files(base / "b")


def test_the_manifest_is_the_records(tmp_path: Path) -> None:
    layout = _build(tmp_path / "d", list(range(8)))
    rows = read_manifest(tmp_path / "d")
    assert [row["index"] for row in rows] == list(range(8))
    assert [row["status"] for row in rows] == ["made", "made", "rejected"] * 2 + ["made", "made"]
    assert {row["reason"] for row in rows} == {None, "no-face"}
    for row in rows:
        if row["status"] == "made":
            for folder in ("images", "masks"):
                assert sha256((tmp_path / "d" / row[f"{folder}_path"]).read_bytes()) == row[f"{folder}_sha256"]
            assert Plan.from_json(json.loads(row["plan"])) == Plan((), 1)
    assert [record.made for record in read_shards(layout)] == [3, 3]


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", range(40))
def test_f28_killed_between_any_two_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    layout = Layout(tmp_path / "d", 4)
    prepare(layout.root, overwrite=False)
    write_dataset(layout, {"status": "building"})
    samples = [_record(layout, index) for index in range(4)]
    steps = 0
    rename, flush = Path.rename, disk.flush

    def counted(action: object) -> object:
        def act(*arguments: object) -> object:
            nonlocal steps
            if steps == step:
                raise Killed
            steps += 1
            return action(*arguments)  # type: ignore[operator]

        return act

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", counted(rename))
        patch.setattr(writer, "flush", counted(flush))
        try:
            commit_shard(layout, 0, samples, 1.0)
        except Killed:
            assert whole_shards(layout) == []
        else:
            assert steps <= step
    clean_staging(layout)
    commit_shard(layout, 0, [_record(layout, index) for index in range(4)], 1.0)
    clean_staging(layout)
    _build(tmp_path / "reference", list(range(8)))
    done = {name: digest for name, digest in _files(layout.root).items() if "00000/" in name}
    assert done == {name: digest for name, digest in _files(tmp_path / "reference").items() if "00000/" in name}
    assert whole_shards(layout) == [0]


def test_records_must_match_what_is_staged(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "d", 4)
    prepare(layout.root, overwrite=False)
    samples = [_record(layout, index) for index in range(4)]
    with pytest.raises(RunError, match="expected 4 staged files"):
        commit_shard(layout, 0, samples[1:], 1.0)


def test_f18_a_folder_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs.txt").write_text("x")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match=r"theirs\.txt"):
            prepare(tmp_path, overwrite)
    with pytest.raises(UsageError, match="not a folder"):
        prepare(tmp_path / "theirs.txt" / "below", overwrite=False)


def test_overwriting_deletes_only_what_is_ours(tmp_path: Path) -> None:
    layout = _build(tmp_path / "d", list(range(8)))
    (layout.root / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="--overwrite"):
        prepare(layout.root, overwrite=False)
    prepare(layout.root, overwrite=True)
    assert set(_files(layout.root)) == {"notes.txt", "dataset.json"}
    assert read_dataset(layout.root)["status"] == "building"
    stranger = layout.root / "images" / "00000" / "holiday.jpg"
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"sun")
    with pytest.raises(UsageError, match=r"holiday\.jpg"):
        prepare(layout.root, overwrite=True)
    assert stranger.read_bytes() == b"sun"


def test_a_disk_that_refuses_is_one_line(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "d", 4)
    prepare(layout.root, overwrite=False)
    layout.staging.write_text("in the way")
    with pytest.raises(RunError, match=r"cannot write .*staging"):
        stage_files(layout, "p", 0, {"images": (".jpg", b"x")})


DAMAGED = ["", "{}", "[]", '{"natocc": 1}', '{"natocc": "0", "format": 99}', '{"natocc": "0", "format": NaN}']


@pytest.mark.parametrize("text", DAMAGED)
def test_a_dataset_file_that_is_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(UsageError, match=r"dataset\.json"):
        read_dataset(tmp_path)

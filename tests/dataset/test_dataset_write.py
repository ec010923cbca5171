"""Whoever reads by records sees whole shards only, whenever the writer is killed; nobody else's file is ever deleted."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fuzz_inputs
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natocc.core.errors import Reason, RunError, UsageError
from natocc.core.plans import Finish, Look, OccluderPlan, Placement, Plan, Shadow
from natocc.core.samples import Origin, Rejection, SampleRecord
from natocc.dataset.description import DatasetDescription, read_dataset, write_dataset
from natocc.dataset.layout import Layout
from natocc.dataset.manifest import read_manifest, rows_of, schema, write_manifest, write_rows
from natocc.dataset.records import MadeShard, ShardRecord, read_shards, record_from_json, record_to_json, whole_shards
from natocc.dataset.write import commit as writer
from natocc.dataset.write import growing_manifest as growing
from natocc.dataset.write import staged_records
from natocc.dataset.write.commit import commit_shard, take_back
from natocc.dataset.write.folder import clean_staging, prepare
from natocc.dataset.write.staging import stage_sample, sweep_staging
from natocc.io.images import sha256

MEASURES = fuzz_inputs.measures(8, 8)
DESCRIPTION = DatasetDescription({"name": "x", "output": {"shard_size": 4}}, "", {}, {}, {})

numbers = st.floats(-1e6, 1e6)
lengths, shares = st.floats(0, 1e5), st.floats(0, 1)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
origins = st.builds(Origin, names, names, names, st.none() | names)
placements = st.builds(Placement, st.tuples(*[numbers] * 6), st.booleans())
references = st.dictionaries(names, names | numbers | st.lists(numbers, max_size=3), max_size=3)
shadows = st.none() | st.builds(Shadow, numbers, numbers, lengths, shares)
looks = st.builds(Look, names, *[shares] * 4, st.integers(0, 9), st.none() | st.integers(1, 100), shadows)
occluders = st.lists(st.builds(OccluderPlan, references, placements, looks, names, shares), max_size=2)
finishes = st.builds(Finish, st.booleans(), st.floats(0, 1000), numbers, lengths, st.none() | st.integers(1, 100))
plans = st.builds(Plan, occluders.map(tuple), st.integers(0, 9), st.none() | shares, finishes)
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
        measures={} if plan is None else {"occlusion_ratio": draw(shares), "width": draw(st.integers(1, 4096))},
        detector=draw(st.none() | names),
        landmarks=tuple(draw(st.lists(st.tuples(numbers, numbers, st.booleans()), max_size=3))),
        rejection=draw(rejections) if plan is None else None,
    )


@given(records())
def test_a_record_survives_json(record: SampleRecord) -> None:
    assert record_from_json(json.loads(json.dumps(record_to_json(record)))) == record


def _stage(layout: Layout, index: int) -> None:
    """Stage a sample; every third is rejected."""
    if index % 3 == 2:
        rejection = Rejection(Reason.NO_FACE, "face", "none")
        stage_sample(layout, SampleRecord(index, "s", "natocc", "f", index, "f", rejection=rejection), {})
        return
    content = {"images": (".jpg", b"image %d" % index), "masks": (".png", b"mask %d" % index)}
    record = SampleRecord(index, "s", "natocc", "f", index, "f", plan=Plan((), 1), measures=MEASURES)
    stage_sample(layout, record, content)


def _begin(root: Path) -> Layout:
    layout = Layout(root, 4)
    prepare(root, overwrite=False)
    write_dataset(root, DESCRIPTION)
    return layout


def _build(root: Path, order: Sequence[int] = range(8)) -> Layout:
    layout = _begin(root)
    for index in order:
        _stage(layout, index)
    for shard in (0, 1):
        commit_shard(layout, range(4 * shard, 4 * shard + 4))
    write_manifest(layout)
    clean_staging(layout)
    return layout


def _files(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): sha256(path.read_bytes()) for path in root.rglob("*") if path.is_file()}


@given(st.permutations(range(8)), st.sets(st.integers(0, 7)))
def test_neither_order_nor_doing_it_twice_matters(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], again: set[int]
) -> None:
    base = tmp_path_factory.mktemp("d")
    _build(base / "a")
    _build(base / "b", [*order, *again])
    assert _files(base / "a") == _files(base / "b")


def test_the_manifest_is_the_records(tmp_path: Path) -> None:
    layout = _build(tmp_path / "d")
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


@settings(max_examples=20)
@given(st.permutations(range(4)), st.integers(0, 4), st.integers(0, 3000))
def test_a_manifest_that_grows_is_the_one_written_at_once(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], before: int, kept: int
) -> None:
    """Whatever the order of shards, which of them exist already, and how many rows are kept in memory."""
    layout = _begin(tmp_path_factory.mktemp("d") / "d")
    for index in range(16):
        _stage(layout, index)

    def commit(shard: int) -> MadeShard:
        return commit_shard(layout, range(4 * shard, 4 * shard + 4))

    whole = [commit(shard).shard for shard in order[:before]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growing, "_KEPT", kept)
        with growing.growing_manifest(layout, range(4), whole) as manifest:
            for shard in order[before:]:
                manifest.tell(commit(shard))
    grown = layout.manifest.read_bytes()
    write_manifest(layout)
    assert grown == layout.manifest.read_bytes()
    assert [row["index"] for row in read_manifest(layout.root)] == list(range(16))


def test_a_manifest_that_grows_leaves_out_a_shard_that_is_to_be_longer(tmp_path: Path) -> None:
    """Shard 1 of a dataset of six samples, which becomes one of twelve: until it is made again its record does not count."""
    layout = _begin(tmp_path / "d")
    for index in (0, 1, 2, 3, 4, 5, 8, 9, 10, 11):
        _stage(layout, index)
    whole = [commit_shard(layout, range(4)).shard]
    commit_shard(layout, range(4, 6))
    with growing.growing_manifest(layout, range(3), whole) as manifest:
        manifest.tell(commit_shard(layout, range(8, 12)))
        for index in range(4, 8):
            _stage(layout, index)
        manifest.tell(commit_shard(layout, range(4, 8)))
    assert [row["index"] for row in read_manifest(layout.root)] == list(range(12))


@given(st.lists(records(), min_size=1, max_size=4))
def test_rows_written_by_way_of_json_are_the_rows(samples: list[SampleRecord]) -> None:
    record = ShardRecord(0, tuple(dataclasses.replace(sample, files={}) for sample in samples), {})
    written = io.BytesIO()
    write_rows([record], DESCRIPTION, written)
    table = pyarrow.parquet.read_table(written)
    assert table.equals(pyarrow.Table.from_pylist(rows_of(record), schema=schema()))


@given(plans)
def test_a_plan_is_as_plain_as_asdict_makes_it(plan: Plan) -> None:
    assert plan.to_json() == dataclasses.asdict(plan)


def test_what_is_staged_must_be_what_is_committed(tmp_path: Path) -> None:
    """Gaps, samples too many, files gone or changed: refused before anything is moved."""
    layout = _begin(tmp_path / "d")
    for index in range(3):
        _stage(layout, index)
    with pytest.raises(RunError, match="expected samples 0 to 3, found 3; first missing or unexpected: 3"):
        commit_shard(layout, range(4))
    _stage(layout, 3)
    with pytest.raises(RunError, match="expected samples 0 to 2, found 4; first missing or unexpected: 3"):
        commit_shard(layout, range(3))
    for wrong in (range(1, 4), range(0, 4, 2), range(5)):
        with pytest.raises(ValueError, match="is no shard"):
            commit_shard(layout, wrong)
    mask = layout.staging / "00000" / "masks" / "000000001.png"
    mask.write_bytes(b"mask 2")
    with pytest.raises(RunError, match=r"000000001\.png is not the file that was made"):
        commit_shard(layout, range(4))
    mask.unlink()
    with pytest.raises(RunError, match="sample 1 is staged without its file in masks"):
        commit_shard(layout, range(4))
    assert not (layout.root / "images").exists()
    assert whole_shards(layout) == []
    _stage(layout, 1)
    assert commit_shard(layout, range(4)).made == 3


def test_a_sweep_keeps_what_is_whole(tmp_path: Path) -> None:
    layout = _begin(tmp_path / "d")
    for index in range(4):
        _stage(layout, index)
    place = layout.staging / "00000"
    (place / "images" / "000000000.jpg").write_bytes(b"")  # as after a power cut
    (place / "masks" / "000000007.png").write_bytes(b"its record was never written")
    log = place / staged_records.NAME
    log.write_bytes(log.read_bytes()[:-20])  # the last one, cut short
    (layout.staging / "begun").mkdir()
    assert sweep_staging(layout, 4) == {1, 2}
    assert sweep_staging(layout, 4, read=False) == {1, 2}
    left = {path.relative_to(layout.staging).as_posix() for path in layout.staging.rglob("*") if path.is_file()}
    assert left == {f"00000/{name}" for name in ("images/000000001.jpg", "masks/000000001.png", log.name)}
    assert staged_records.recorded(place) == {1, 2}
    assert sweep_staging(layout, 2) == {1}


def test_records_are_whole_lines_and_the_last_one_counts(tmp_path: Path) -> None:
    layout = _begin(tmp_path / "d")
    place = layout.staging / "00000"
    for index in (0, 1, 1):
        _stage(layout, index)
    log = place / staged_records.NAME
    whole = log.read_bytes()
    for length in range(0, len(whole), 41):
        log.write_bytes(whole[:length])  # a kill, or a full disk
        _stage(layout, 3)
        assert staged_records.recorded(place) >= {3}
        assert staged_records.read_records(place).keys() == staged_records.recorded(place)
    log.write_bytes(whole.replace(b'"variant": 1', b'"variant": 2'))
    assert staged_records.recorded(place) == {0}
    log.unlink()
    (tmp_path / "elsewhere").write_bytes(b"theirs")
    log.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="cannot write"):
        _stage(layout, 0)
    assert (tmp_path / "elsewhere").read_bytes() == b"theirs"


def test_records_are_read_while_others_are_added(tmp_path: Path) -> None:
    line = staged_records.record_line(SampleRecord(0, "s", "natocc", "f", 0, "f", plan=Plan((), 1), measures=MEASURES))
    with ThreadPoolExecutor(2) as workers:
        added = [workers.submit(staged_records.append_record, tmp_path, line) for _ in range(2000)]
        while not all(each.done() for each in added):
            assert staged_records.recorded(tmp_path) <= {0}
        for each in added:
            each.result()
    assert (tmp_path / staged_records.NAME).stat().st_size == 2000 * (len(line) + 1)


def test_a_commit_that_was_cut_short_is_taken_back_and_nothing_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = _begin(tmp_path / "d")
    for index in range(4):
        _stage(layout, index)

    def full(*_: object) -> None:
        raise RunError("disk full")

    with monkeypatch.context() as patch, pytest.raises(RunError, match="disk full"):
        patch.setattr(writer, "write_aside", full)
        commit_shard(layout, range(4))
    assert layout.shard_folder("images", 0).exists()
    take_back(layout)
    assert not layout.shard_folder("images", 0).exists()
    assert sweep_staging(layout, 4) == {0, 1, 2, 3}
    assert commit_shard(layout, range(4)).made == 3


def test_f18_a_folder_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs.txt").write_text("x")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match=r"theirs\.txt"):
            prepare(tmp_path, overwrite)
    with pytest.raises(UsageError, match="not a folder"):
        prepare(tmp_path / "theirs.txt" / "below", overwrite=False)


def test_overwriting_deletes_only_what_is_ours(tmp_path: Path) -> None:
    layout = _build(tmp_path / "d")
    (layout.root / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="--overwrite"):
        prepare(layout.root, overwrite=False)
    prepare(layout.root, overwrite=True)
    assert set(_files(layout.root)) == {"notes.txt", "dataset.json"}
    assert read_dataset(layout.root).status == "building"
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
        _stage(layout, 0)


DAMAGED = ["", "{}", "[]", '{"natocc": 1}', '{"natocc": "0", "format": 99}', '{"natocc": "0", "format": NaN}']


@pytest.mark.parametrize("text", DAMAGED)
def test_a_dataset_file_that_is_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(UsageError, match=r"dataset\.json"):
        read_dataset(tmp_path)

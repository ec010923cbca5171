"""Parts of a dataset, made by themselves and joined: the bytes of one run, or one line that says why not."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import Runs, files, staged, until

from natocc.builder.merge import Merged, merge
from natocc.builder.part import build_part
from natocc.builder.repair import Repair
from natocc.builder.run import Run, Totals
from natocc.core.errors import Interrupted, UsageError
from natocc.dataset.findings import Depth, Verified
from natocc.dataset.shard_ranges import parse_ranges, show_ranges
from natocc.dataset.verify.dataset import verify_folder
from natocc.dataset.write.lock import BusyError, locked, shared
from natocc.io.workspace import Workspace
from natocc.recipe.load import load_recipe
from natocc.recipe.model import Recipe

COUNT, SIZE = 20, 8


def _recipe(*edits: str) -> Recipe:
    textures = "textures: {source: textures, root: 'package:skimage/data', include: [brick.png]}"
    shapes = f"sets.0.occluders={{source: shapes, side: 64, {textures}}}"
    sets = "sets=[{name: randocc, method: randocc}]"
    return load_recipe("demo", ["faces.align={method: none, size: 64}", f"output.shard_size={SIZE}", sets, shapes, *edits])


def _silent(doing: str, done: int, total: int | None) -> None:
    pass


def _run(out: Path, *edits: str, count: int = COUNT) -> Run:
    return Run(_recipe(*edits), Workspace(out.parent / "data", out.parent / "cache", 2), out, count=count)


def _part(out: Path, shards: str, *edits: str, overwrite: bool = False, count: int = COUNT) -> Totals:
    return build_part(_run(out, *edits, count=count), parse_ranges(shards), overwrite, _silent)


def _quick(out: Path, *edits: str, count: int = COUNT) -> None:
    """A whole dataset, by threads, which start at once."""
    dataclasses.replace(_run(out, *edits, count=count), backend="threading").build(False, _silent)


def _merge(out: Path, *parts: Path, move: bool = False) -> Merged:
    return merge(out, parts, move, 2, _silent)


def _verify(root: Path) -> Verified:
    return verify_folder(root, Depth.HASH, 1, _silent)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("whole")
    _quick(base / "out")
    return base / "out"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    base = tmp_path_factory.mktemp("parts")
    assert _part(base / "first", "1").made == 8
    assert _part(base / "second", "0,2").made == 12
    return base / "first", base / "second"


@pytest.fixture
def parts(made: Sequence[Path], tmp_path: Path) -> Sequence[Path]:
    return [Path(shutil.copytree(part, tmp_path / part.name)) for part in made]


@given(st.sets(st.integers(0, 300)))
def test_ranges_survive_text(numbers: set[int]) -> None:
    assert set(parse_ranges(show_ranges(numbers))) == numbers if numbers else show_ranges(numbers) == ""


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "1,,2", "3-1", "0-99999999", "1.5", "٣"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="shards"):
        parse_ranges(text)


def test_parts_joined_are_the_dataset_of_one_run(whole: Path, made: Sequence[Path], tmp_path: Path) -> None:
    before = [files(part) for part in made]
    assert _merge(tmp_path / "out", *made).made == COUNT
    assert files(tmp_path / "out") == files(whole)
    assert [files(part) for part in made] == before
    assert next(made[0].glob("images/*/*")).stat().st_nlink >= 2  # no second copy on the disk
    again = _merge(tmp_path / "out", *made)
    assert (again.kept, files(tmp_path / "out")) == (3, files(whole))


def test_a_part_says_what_it_holds_and_is_sound(made: Sequence[Path]) -> None:
    told = json.loads((made[1] / "dataset.json").read_text())
    assert (told["status"], told["samples"], told["shards"]) == ("part", COUNT, "0,2")
    verified = _verify(made[1])
    assert (verified.status, verified.shards, verified.samples, verified.findings) == ("part", 2, 12, ())
    assert {path.name for path in made[1].iterdir()} == {"dataset.json", "images", "masks", "shards"}


def test_a_shard_that_a_part_has_lost_is_damage(parts: Sequence[Path]) -> None:
    (parts[1] / "shards" / "00002.json").unlink()
    assert "shards/00002.json" in {finding.path for finding in _verify(parts[1]).findings}


def test_a_part_is_repaired(made: Sequence[Path], parts: Sequence[Path], tmp_path: Path) -> None:
    part = parts[1]
    (part / "shards" / "00002.json").unlink()
    next(part.glob("masks/00000/*")).write_bytes(b"")
    Repair(part, _verify(part).findings, Workspace(tmp_path / "data", tmp_path / "cache"), _silent).run()
    assert files(part) == files(made[1])


def test_a_part_whose_description_was_edited_is_damage(parts: Sequence[Path], tmp_path: Path) -> None:
    path = parts[1] / "dataset.json"
    path.write_text(path.read_text().replace('"shards": "0,2"', '"shards": "0-2"'))
    assert "dataset.json" in {finding.path for finding in _verify(parts[1]).findings}
    with pytest.raises(UsageError, match=r"second: dataset.json: expected the file that natocc wrote"):
        _merge(tmp_path / "out", *parts)


def test_moving_leaves_nothing_behind(whole: Path, parts: Sequence[Path], tmp_path: Path) -> None:
    (parts[0] / "notes.txt").write_text("mine")
    _merge(tmp_path / "out", *parts, move=True)
    assert files(tmp_path / "out") == files(whole)
    assert [path.name for path in parts[0].iterdir()] == ["notes.txt"]
    assert not parts[1].exists()
    assert _merge(tmp_path / "out", *parts, move=True).kept == 3


def test_where_links_are_impossible_files_are_copied(
    whole: Path, parts: Sequence[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    _merge(tmp_path / "out", *parts)
    assert files(tmp_path / "out") == files(whole)
    assert next(parts[0].glob("images/*/*")).stat().st_nlink == 1


@pytest.mark.parametrize("move", [False, True])
@pytest.mark.parametrize("stop_at", [0, 8, 16, 20])
def test_a_merge_that_was_stopped_goes_on(whole: Path, parts: Sequence[Path], tmp_path: Path, stop_at: int, move: bool) -> None:
    def stop(doing: str, done: int, total: int | None) -> None:
        if done >= stop_at:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"of 20 samples are kept in .*; run the same command again"):
        merge(tmp_path / "out", parts, move, 1, stop)
    assert _verify(tmp_path / "out").findings == ()
    assert _merge(tmp_path / "out", *parts, move=move).kept == min(3, -(-stop_at // SIZE))
    assert files(tmp_path / "out") == files(whole)


def test_missing_shards_are_named_before_anything_is_written(made: Sequence[Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"shards 0,2 of 0-2 are in no part: .* natocc build demo -n 20 --shards 0,2 -o "):
        _merge(tmp_path / "out", made[0])
    assert not (tmp_path / "out").exists()
    with pytest.raises(UsageError, match="nothing to merge into"):
        _merge(tmp_path / "out")


def test_parts_of_other_datasets_are_refused(made: Sequence[Path], tmp_path: Path) -> None:
    _quick(tmp_path / "other", "seed=2")
    with pytest.raises(UsageError, match=r"(?s)other is no part of the same dataset as .*first:\n  recipe.seed: 1 -> 2"):
        _merge(tmp_path / "out", made[0], tmp_path / "other")
    _quick(tmp_path / "longer", count=24)
    with pytest.raises(UsageError, match=r"of a dataset of 20 samples, .* of one of 24"):
        _merge(tmp_path / "out", tmp_path / "longer", *made)
    with pytest.raises(UsageError, match="holds shards of a dataset of 24 samples, this is one of 20"):
        _part(tmp_path / "longer", "0")
    assert not (tmp_path / "out").exists()


def test_a_shard_twice_must_be_the_same(whole: Path, parts: Sequence[Path], tmp_path: Path) -> None:
    twin = Path(shutil.copytree(parts[0], tmp_path / "twin"))
    _merge(tmp_path / "out", *parts, twin)
    assert files(tmp_path / "out") == files(whole)
    (twin / "shards" / "00001.json").write_bytes((twin / "shards" / "00001.json").read_bytes() + b" ")
    with pytest.raises(UsageError, match=r"shard 1 of .*twin is not that of .*first: name only one"):
        _merge(tmp_path / "other", *parts, twin)


def test_a_damaged_file_is_named_and_never_joined(whole: Path, parts: Sequence[Path], tmp_path: Path) -> None:
    damaged = next(parts[0].glob("images/*/*"))
    content = damaged.read_bytes()
    for harm in (lambda: damaged.write_bytes(content[:-1] + b"x"), damaged.unlink):
        harm()
        with pytest.raises(
            UsageError, match=rf"first: images/00001/{damaged.name}: expected .*, found .*verify .*first --repair"
        ):
            _merge(tmp_path / "out", *parts)
    assert _verify(tmp_path / "out").findings == ()
    damaged.write_bytes(content)
    _merge(tmp_path / "out", *parts)
    assert files(tmp_path / "out") == files(whole)


def _changed(path: Path) -> None:
    """Another last byte, in a file of its own."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize("unfinished", [False, True])
def test_nothing_is_taken_from_a_part_whose_copy_is_damaged(
    whole: Path, parts: Sequence[Path], tmp_path: Path, unfinished: bool
) -> None:
    """What lies at the target is mended from the part before that goes, and keeps the part where it cannot be."""
    out = tmp_path / "out"
    if unfinished:
        shutil.copytree(parts[0], out)
    else:
        _merge(out, *parts)
    _changed(next(out.glob("images/00001/*")))
    _merge(out, *parts, move=True)
    assert files(out) == files(whole)
    assert not parts[0].exists()


def test_a_merge_without_sound_copies_deletes_none(parts: Sequence[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    _merge(out, *parts)
    for root in (out, parts[0]):
        _changed(next(root.glob("images/00001/*")))
    before = [files(root) for root in (out, *parts)]
    with pytest.raises(UsageError, match=r"(?s)out: images/00001/.* --repair\n.*first: images/00001/.* --repair"):
        _merge(out, parts[0], move=True)
    assert [files(root) for root in (out, *parts)] == before


def test_a_shard_that_was_lost_from_a_merge_is_brought_again(whole: Path, made: Sequence[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    _merge(out, *made)
    next(out.glob("masks/00000/*")).unlink()
    with pytest.raises(UsageError, match=r"out: masks/00000/.*: expected .* bytes, found no file; repair it"):
        _merge(out)
    _merge(out, *made)
    assert files(out) == files(whole)


def test_a_part_that_is_the_target_by_another_name_keeps_its_shards(whole: Path, parts: Sequence[Path], tmp_path: Path) -> None:
    out, link = tmp_path / "out", tmp_path / "link"
    _merge(out, *parts)
    link.symlink_to(out)
    _merge(out, link, move=True)
    assert files(out) == files(whole)
    twin = tmp_path / "twin"
    twin.symlink_to(parts[0])
    _merge(tmp_path / "again", *parts, twin, move=True)
    assert files(tmp_path / "again") == files(whole)


def test_files_of_the_user_in_a_part_stay(parts: Sequence[Path], tmp_path: Path) -> None:
    for name in ("README.md", "images/00001/000000015.jpg.txt", "images/notes.txt"):
        (parts[0] / name).write_text("mine")
    _merge(tmp_path / "out", *parts, move=True)
    assert {str(path.relative_to(parts[0])) for path in parts[0].rglob("*") if path.is_file()} == {
        "README.md",
        "images/00001/000000015.jpg.txt",
        "images/notes.txt",
    }


@pytest.mark.parametrize("folder", ["images", "images/00001", "shards", ".staging"])
def test_a_part_or_target_whose_folders_are_links_is_refused(parts: Sequence[Path], tmp_path: Path, folder: str) -> None:
    """Nothing is taken out of the folder that a link leads to."""
    elsewhere = tmp_path / "elsewhere"
    if (parts[0] / folder).exists():
        (parts[0] / folder).rename(elsewhere)
    else:
        elsewhere.mkdir()
        (elsewhere / "thesis.tex").write_text("mine")
    (parts[0] / folder).symlink_to(elsewhere)
    before = [files(root) for root in (elsewhere, *parts)]
    for command in ((tmp_path / "out", *parts), (parts[0], parts[1])):
        with pytest.raises(UsageError, match=r"is a link to .*elsewhere"):
            _merge(*command, move=True)
    assert [files(root) for root in (elsewhere, *parts)] == before


def test_shards_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no shard 3-4: 20 samples make 3 shards of 8, 0 to 2"):
        _part(tmp_path / "out", "2-4")
    assert not (tmp_path / "out").exists()


def test_what_does_not_go_together_is_refused(runs: Runs) -> None:
    command = ("build", runs.recipe(4), "-o", runs.base / "out")
    assert "expected --backend dask or ray, found loky" in runs.run(*command, "--address", "host:1", expect=2)
    assert "another --backend than threading" in runs.run(*command, "--shards", 0, "--backend", "threading", expect=2)
    assert "expected shards such as 7 or 0-9,20, found 'x'" in runs.run(*command, "--shards", "x", expect=2)
    assert not (runs.base / "out").exists()


def test_a_part_that_was_stopped_goes_on_and_a_build_finishes_it(whole: Path, tmp_path: Path) -> None:
    def stop(doing: str, done: int, total: int | None) -> None:
        if doing == "making" and done >= 8:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(Interrupted, match=r"\d+ of the 12 samples of shards 1-2 are kept in .*; run the same command again"):
        build_part(_run(out), (1, 2), False, stop)
    assert _verify(out).findings == ()
    left = {path.name for path in (out / ".staging").glob("*")}
    assert left <= {"locks", "00001", "00002"}
    assert _part(out, "1-2").made == 12
    assert _part(out, "1-2").kept == 12
    _run(out).build(False, _silent)
    assert files(out) == files(whole)


def test_overwriting_a_part_needs_the_folder_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _quick(out, "seed=2")
    with shared(out):
        with pytest.raises(BusyError, match="another run is writing"):
            _part(out, "0", overwrite=True)
        with shared(out), pytest.raises(BusyError), locked(out):
            pass
    assert not (out / ".lock").exists()
    assert _part(out, "2", overwrite=True).made == 4
    assert _verify(out).shards == 1


@pytest.mark.slow
def test_jobs_that_share_a_folder(runs: Runs) -> None:
    recipe, out, alone = runs.recipe(40), runs.base / "out", runs.base / "alone"
    started = [runs.start("build", recipe, "-o", out, "--shards", shards, "-j", 1) for shards in ("0-1", "1-2", "2-4")]
    for process in started:
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told
    assert not (out / ".staging").exists()
    assert "40 samples, 5 shards" in runs.run("merge", out)
    runs.run("build", recipe, "-o", alone, "--backend", "threading")
    assert files(out) == files(alone)


@pytest.mark.slow
def test_a_part_whose_process_was_killed_goes_on_with_its_samples(runs: Runs) -> None:
    recipe, out = runs.recipe(30, shard_size=30), runs.base / "out"
    process = runs.start("build", recipe, "-o", out, "--shards", "0", "-j", 1, NATOCC_TEST_SLOW=0.1)
    until(lambda: len(staged(out, ".staging/worker-*/.staging/00000")) > 8)
    process.kill()
    process.communicate(timeout=30)
    told = runs.run("build", recipe, "-o", out, "--shards", "0", "-j", 1, "--json")
    assert 8 < json.loads(told[told.index("{") :].splitlines()[0])["kept"] < 30
    assert {path.name for path in out.iterdir()} == {"dataset.json", "images", "masks", "shards"}


@pytest.mark.slow
def test_a_sample_that_crashes_its_worker_is_left_out_of_a_part_as_of_a_build(runs: Runs) -> None:
    recipe, alone = runs.recipe(16, wrong={3: "segfault"}), runs.base / "alone"
    runs.run("build", recipe, "-o", alone, "-j", 1)
    for shard in (0, 1):
        runs.run("build", recipe, "-o", runs.base / f"part-{shard}", "--shards", shard, "-j", 1)
    assert "rejected: 1 worker-died" in runs.run("merge", runs.base / "out", runs.base / "part-0", runs.base / "part-1")
    assert files(runs.base / "out") == files(alone)

"""Extraction that is interrupted, done twice at once, or of objects that a network enlarges."""

from __future__ import annotations

import dataclasses
import os
import pickle
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from natocc.core.errors import BadDataError, Reason, RunError, UsageError
from natocc.core.samples import Cutout, Origin
from natocc.core.seeds import generator
from natocc.io.images import decode_rgba, encode_jpeg, sha256
from natocc.occluders.coco.source import CocoOccluders
from natocc.occluders.cutting.upscale import Upscaler
from natocc.occluders.library.extraction import library_key, open_library
from natocc.occluders.library.library import INDEX, SUMMARY, Library
from natocc.occluders.library.packed import pack, unpack


class Made:
    """A picture of one object, which counts how often it is cut up."""

    cut: list[int]

    def __init__(self, number: int, cut: list[int], breaks: bool = False) -> None:
        self.number, self.cut, self.breaks = number, cut, breaks

    def objects(self):  # type: ignore[no-untyped-def]
        if self.breaks:
            raise KeyboardInterrupt
        self.cut.append(self.number)
        if self.number % 5 == 4:
            yield BadDataError(Reason.CROWD, f"{self.number}")
        else:
            matte = np.full((6 + self.number % 3, 8), 255, np.uint8)
            yield Cutout(
                np.full((*matte.shape, 3), self.number, np.uint8), matte, "box", Origin("d", f"{self.number:03d}", "0" * 64)
            )


def _bytes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_what_was_cut_out_before_an_interruption_is_kept(tmp_path: Path) -> None:
    cut: list[int] = []
    whole = open_library(tmp_path / "a", "key", "n", lambda: [Made(number, []) for number in range(80)], 1)
    with pytest.raises(KeyboardInterrupt):
        open_library(tmp_path / "b", "key", "n", lambda: [Made(number, cut, number == 70) for number in range(80)], 1)
    assert not (tmp_path / "b" / "key").exists()
    library = open_library(tmp_path / "b", "key", "n", lambda: [Made(number, cut) for number in range(80)], 1)
    assert [cut.count(number) for number in (0, 63, 64, 79)] == [1, 1, 2, 1]
    assert _bytes(library.path) == _bytes(whole.path)
    assert library.refused == {Reason.CROWD: 16}


def test_two_at_once_make_one_library(tmp_path: Path) -> None:
    cut: list[int] = []
    with ThreadPoolExecutor(3) as pool:
        libraries = list(pool.map(lambda _: open_library(tmp_path, "key", "n", lambda: [Made(1, cut)], 1), range(3)))
    assert cut == [1]
    assert {len(library) for library in libraries} == {1}


def _field(number: int, value: bytes | int | str) -> bytes:
    """A field of a protocol buffer."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    more = value >> 7
    return bytes([value & 127 | (128 if more else 0)]) + (_varint(more) if more else b"")


def _network(path: Path, scale: int) -> Path:
    """An ONNX model that repeats every pixel `scale` times across and down."""

    def tensor(name: str) -> bytes:
        shape = b"".join(_field(1, _field(2, axis) if axis in "hw" else _field(1, int(axis))) for axis in ("1", "3", "h", "w"))
        return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, shape)))

    def text(name: str, value: str) -> bytes:
        return _field(5, _field(1, name) + _field(4, value) + _field(20, 3))

    scales = _field(1, 4) + _field(2, 1) + _field(8, "scales") + _field(9, struct.pack("<4f", 1, 1, scale, scale))
    node = b"".join(_field(1, name) for name in ("x", "", "scales")) + _field(2, "y") + _field(4, "Resize")
    node += text("mode", "nearest") + text("coordinate_transformation_mode", "asymmetric") + text("nearest_mode", "floor")
    graph = _field(1, node) + _field(2, "g") + _field(5, scales) + _field(11, tensor("x")) + _field(12, tensor("y"))
    path.write_bytes(_field(1, 8) + _field(7, graph) + _field(8, _field(2, 13)))
    return path


def test_a_network_enlarges_the_object_and_its_mask(tmp_path: Path) -> None:
    image = np.random.Generator(np.random.PCG64(2)).integers(0, 256, (90, 80, 3), dtype=np.uint8)
    mask = np.zeros((90, 80), np.uint8)
    mask[30:50, 30:60] = 1
    upscaler = Upscaler(_network(tmp_path / "x3.onnx", 3), 3, 64)
    upscaler.check()
    assert upscaler.wanted(mask)
    larger, larger_mask = upscaler.enlarge(image, mask)
    assert larger.shape[:2] == larger_mask.shape == (3 * 68, 3 * 74)
    assert (larger == cv2.resize(image[6:74, 6:80], None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)).all()
    assert larger_mask.sum() == pytest.approx(9 * mask.sum(), rel=0.03)


def test_objects_of_coco_are_enlarged(tmp_path: Path) -> None:
    import json

    root = tmp_path / "coco"
    (root / "annotations").mkdir(parents=True)
    (root / "v").mkdir()
    rows, columns = np.mgrid[:120, :120]
    disc = ((rows - 60) ** 2 + (columns - 60) ** 2 < 30**2)[..., None]
    (root / "v" / "1.jpg").write_bytes(encode_jpeg(np.where(disc, [200, 40, 30], [30, 60, 90]).astype(np.uint8), 95))
    around = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    polygon = np.stack([60 + 30 * np.cos(around), 60 + 30 * np.sin(around)], axis=1).ravel().tolist()
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "segmentation": [polygon]}
    content = {"images": [{"id": 1, "file_name": "1.jpg", "width": 120, "height": 120}], "annotations": [annotation]}
    (root / "annotations" / "instances_v.json").write_text(json.dumps({**content, "categories": [{"id": 1, "name": "cup"}]}))
    _network(tmp_path / "x4.onnx", 4)
    as_it_is = CocoOccluders().open(tmp_path, tmp_path / "cache").cutout({"id": "instances_v/1"})
    options = CocoOccluders.model_validate({"upscale": {"model": "x4.onnx", "scale": 4}})
    enlarged = options.open(tmp_path, tmp_path / "cache").cutout({"id": "instances_v/1"})
    assert enlarged.matte.shape[0] > 3.5 * as_it_is.matte.shape[0]
    assert (enlarged.foreground[enlarged.matte > 250][:, 0] > 150).all()


def test_a_model_that_is_none_is_refused_before_anything_is_cut(tmp_path: Path) -> None:
    (tmp_path / "damaged.onnx").write_bytes(b"no network")
    with pytest.raises(UsageError, match="no file"):
        Upscaler(tmp_path / "gone.onnx", 4, 64).check()
    with pytest.raises(UsageError, match="no network"):
        Upscaler(tmp_path / "damaged.onnx", 4, 64).check()
    with pytest.raises(UsageError, match=r"scale\?"):
        Upscaler(_network(tmp_path / "x3.onnx", 3), 4, 64).check()


@pytest.mark.parametrize("name", [SUMMARY, INDEX])
@pytest.mark.parametrize("damage", ["cut", "empty", "lost", "another's"])
def test_a_damaged_library_is_made_again_with_one_line(
    tmp_path: Path, name: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    cut: list[int] = []
    library = open_library(tmp_path, "key", "n", lambda: [Made(number, cut) for number in range(40)], 1)
    file = library.path / name
    whole = file.read_bytes()
    if damage == "another's":
        other = open_library(tmp_path, "other", "n", lambda: [Made(number, []) for number in range(3)], 1)
        file.write_bytes((other.path / name).read_bytes())
    else:
        file.write_bytes(whole[: len(whole) // 2 if damage == "cut" else 0])
        if damage == "lost":
            file.unlink()
        with pytest.raises(UsageError, match=r"is damaged .*; start again"):  # as a worker meets it, which cannot extract
            Library(library.path).draw(generator(1))
    again = open_library(tmp_path, "key", "n", lambda: [Made(number, cut) for number in range(40)], 1)
    assert file.read_bytes() == whole
    assert list(again.items()) == list(library.items())
    assert {again.get(item).origin.item for item in again.items()} == {*library.items()}
    with pytest.raises(BadDataError, match="no cutout 'none' in"):
        again.get("none")
    assert cut == [*range(40), *range(40)]
    (line,) = caplog.messages
    assert str(library.path) in line
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize("damage", ["lost", "empty", "another's", "a bit"])
def test_a_damaged_cutout_stops_the_run_and_the_next_one_extracts_again(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    library = open_library(tmp_path, "key", "n", lambda: [Made(number, []) for number in range(10)], 1)
    before = _bytes(library.path)
    file, other = library.path / "00000" / "000003.png", library.path / "00000" / "000004.png"
    data = file.read_bytes()
    file.write_bytes({"empty": b"", "another's": other.read_bytes()}.get(damage, data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]))
    if damage == "lost":
        file.unlink()
    with pytest.raises(RunError, match=r"is damaged .*000003.png.*; start again"):
        for item in library.items():
            library.get(item)
    again = open_library(tmp_path, "key", "n", lambda: [Made(number, []) for number in range(10)], 1)
    assert _bytes(again.path) == before
    assert sum(1 for item in again.items() if again.get(item)) == 8
    (line,) = caplog.messages
    assert f"{library.path} is damaged" in line


def test_a_library_that_cannot_be_read_at_the_moment_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = open_library(tmp_path, "key", "n", lambda: [Made(0, [])], 1)
    before = _bytes(library.path)

    def refused(*_: object) -> bytes:
        raise BadDataError(Reason.CANNOT_READ, "00000/000000.png: permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("natocc.occluders.library.library.read_bytes", refused)
        with pytest.raises(RunError, match=r"cannot be read .*permission denied"):
            library.get("000")
    assert _bytes(library.path) == before
    assert library.get("000").category == "box"


def test_a_picture_without_permission_is_not_left_out_for_good(tmp_path: Path) -> None:
    class Locked(Made):
        def objects(self):  # type: ignore[no-untyped-def]
            yield BadDataError(Reason.CANNOT_READ, "photo.jpg: permission denied")

    cut: list[int] = []
    pictures = [*(Made(number, cut) for number in range(32)), Locked(32, cut)]
    with pytest.raises(RunError, match=r"photo.jpg: permission denied: .* run again"):
        open_library(tmp_path, "key", "n", lambda: pictures, 1)
    assert len(open_library(tmp_path, "key", "n", lambda: [*pictures[:32], Made(32, cut)], 1)) == 27
    assert cut == [*range(32), 32], "what was cut out before is kept"


def test_what_a_power_cut_left_of_a_chunk_is_made_again(tmp_path: Path) -> None:
    (tmp_path / ".key.part").mkdir()
    (tmp_path / ".key.part" / "00000.json").write_bytes(b"")
    assert len(open_library(tmp_path, "key", "n", lambda: [Made(0, [])], 1)) == 1


def test_the_key_knows_what_files_hold_and_the_times_of_pictures(tmp_path: Path) -> None:
    outlines, photos = tmp_path / "instances.json", tmp_path / "photos"
    (photos / "below").mkdir(parents=True)
    picture = photos / "below" / "1.png"
    picture.write_bytes(b"first")
    outlines.write_bytes(b"110, 75")
    status = outlines.stat()
    keys = [library_key("{}", [outlines], [photos])]
    os.utime(outlines, ns=(1, 1))
    assert library_key("{}", [outlines], [photos]) == keys[0], "written again with equal content, it is the same"
    outlines.write_bytes(b"110, 57")
    os.utime(outlines, ns=(status.st_atime_ns, status.st_mtime_ns))
    keys.append(library_key("{}", [outlines], [photos]))
    os.utime(picture, ns=(1, 1))
    keys.append(library_key("{}", [outlines], [photos]))
    (photos / "below" / "2.png").write_bytes(b"late")
    keys.append(library_key("{}", [outlines], [photos]))
    assert len(set(keys)) == 4


def test_a_cutout_is_kept_bit_for_bit_in_a_picture_that_people_can_look_at() -> None:
    for height, width in ((1, 1), (70, 3), (40, 130)):
        rgba = np.random.default_rng(1).integers(0, 256, (height, width, 4), np.uint8)
        packed = pack(rgba[..., :3].copy(), rgba[..., 3].copy())
        assert np.array_equal(np.dstack(unpack(packed, width, height)), rgba)
        assert max(decode_rgba(packed, "a cutout").shape[:2]) == min(max(height, width), 48)
        with pytest.raises(OSError, match=r"too small"):
            unpack(packed, width, height - 1)


def test_the_pixels_of_a_cutout_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    library = open_library(tmp_path, "key", "n", lambda: [Made(0, [])], 1)
    whole, known, changed = library.get("000"), library.cutout({"id": "000"}), library.cutout({"id": "000"})
    assert np.array_equal(dataclasses.replace(changed, category="other").matte, whole.matte)
    carried = pickle.loads(pickle.dumps(library.cutout({"id": "000"})))
    next(library.path.glob("0*/*.png")).unlink()
    assert known.box == Cutout(whole.foreground, whole.matte, "box", whole.origin).box
    assert (known.category, known.origin) == (whole.category, whole.origin)
    with pytest.raises(RunError, match=r"is damaged"):
        known.foreground  # noqa: B018
    assert np.array_equal(carried.foreground, whole.foreground)
    assert carried.box == whole.box
    assert not hasattr(known, "mate")

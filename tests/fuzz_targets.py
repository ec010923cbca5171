"""What is fuzzed: every reader of what others wrote. A target may raise what natocc raises on purpose, and nothing else."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path

import fuzz_inputs
import numpy as np

from natocc.core.errors import BadDataError, NatoccError, UsageError
from natocc.core.plans import Plan
from natocc.dataset.description import read_dataset, write_dataset
from natocc.dataset.findings import Depth
from natocc.dataset.layout import FOLDERS, Layout
from natocc.dataset.manifest import read_manifest, write_manifest
from natocc.dataset.open import open_dataset
from natocc.dataset.records import read_shard
from natocc.dataset.verify.dataset import verify_folder
from natocc.exports.reader import SourceDataset
from natocc.faces.landmarks.files import open_landmarks
from natocc.faces.sources.celeba import MAPPING, read_celeba
from natocc.io.atomic import encode_json
from natocc.io.images import decode_rgb, encode_jpeg, read_labels, read_mask, read_rgba, sha256
from natocc.io.sealed_json import seal
from natocc.occluders.coco.segmentations import decode
from natocc.occluders.coco.source import CocoOccluders
from natocc.occluders.cutting.cutouts import CutoutRules
from natocc.recipe.edit import edit_recipe
from natocc.recipe.load import load_recipe
from natocc.recipe.model import Recipe, validate_recipe
from natocc.recipe.text import parse_recipe
from natocc.report.card import card_of
from natocc.report.html import count_samples, write_report

Read = Callable[[bytes], None]

_JSON = (
    b"NaN", b"-Infinity", b"1e999", b"-1", b"0", b"1e9", b"2147483648", b"9223372036854775808", b"1" + b"0" * 400,
    b"1" + b"0" * 5000, b'"\\ud800"', b'"\\u0000"', b'"../../x"', b'"/etc/passwd"', b"null", b"true", b"[]", b"{}", b'""',
    b"[" * 3000, b'{"a":' * 3000, b'"id":1,', b"\xff", b"1.5", b'"' + b"x" * 5000 + b'"', b"0.1e-400", b"-0",
)  # fmt: skip
_YAML = (
    b"&a", b"*a", b"<<: *a", b"!!python/object/apply:os.system [ls]", b"!!binary x", b"!!set {a}", b"!!int x", b"? ", b"\x00",
    b"{", b"[" * 3000, b".nan", b".inf", b"-1", b"0x" + b"f" * 5000, b"1:" * 3000 + b"1", b'"\\ud800"', b"2020-13-45", b"1e999",
    b"\xff", b"\xef\xbb\xbf", b"---\n", b"...\n", b"%YAML 9.9\n", b"\t", b"~", b"''", b"yes", b"9" * 5000, b": ", b"\n- ", b"\r",
    b"asset:../x", b"package:os/../x", b"package:.x", b"~nobody/x", b"\\0", b"sets: []", b"null", b"[a, b]", b"|", b">-\n  x",
)  # fmt: skip
_BYTES = (
    b"\x00" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\x00\x00\x00", b"\xff\xff",
    b"\x00\x01", b"\x7f\xff", b"IHDR", b"IDAT", b"IEND", b"acTL\x00\x00\x00\x02", b"iCCP", b"\xff\xda", b"\xff\xd9",
    b"\xff\xc2", b"II*\x00", b"MM\x00*", b"VP8X", b"ANIM", b"PAR1", b"1e999", b"nan", b"-1",
)  # fmt: skip
_WORDS = (b"{", b"}", b"nan", b"inf", b"1e999", b"1e300", b"-1", b",", b'"', b"x_0", b"y_9999999", b"\x00", b"\xff", b"9" * 400)


@dataclasses.dataclass(frozen=True)
class Target:
    """A reader under test.

    Parameters
    ----------
    name : str
        For the report.
    seeds : tuple of bytes
        Valid input.
    words : tuple of bytes
        Pieces that are likely to hurt it.
    share : float
        Of the cases of a whole run.
    prepare : callable
        Given an empty folder, makes the function that reads one input.
    """

    name: str
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...]
    share: float
    prepare: Callable[[Path], Read]


def _pictures(folder: Path) -> Read:
    def read(data: bytes) -> None:
        image = None
        with contextlib.suppress(NatoccError):
            image = decode_rgb(data, "x", 4_000_000)
        if image is not None:
            assert image.ndim == 3 and image.dtype == np.uint8
        path = folder / "x.png"
        path.write_bytes(data)
        for door in (read_mask, read_labels, read_rgba):
            with contextlib.suppress(NatoccError):
                door(path, 4_000_000)

    return read


def _segmentations(folder: Path) -> Read:
    def read(data: bytes) -> None:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return
        with contextlib.suppress(BadDataError):
            mask = decode(value, fuzz_inputs.HEIGHT, fuzz_inputs.WIDTH)
            assert mask.shape == (fuzz_inputs.HEIGHT, fuzz_inputs.WIDTH)
            assert mask.max() <= 1

    return read


def _coco(folder: Path) -> Read:
    pictures, path = folder / "v", folder / "instances_v.json"
    pictures.mkdir()
    (pictures / "1.jpg").write_bytes(encode_jpeg(fuzz_inputs.PHOTO, 90))
    options = CocoOccluders(categories=("all",), rules=CutoutRules(min_side=4, min_area=16, border_share=1))

    def read(data: bytes) -> None:
        path.write_bytes(data)
        for picture in options.pictures([(path, pictures)])[:3]:
            for found, _ in zip(picture.objects(), range(6), strict=False):
                json.dumps(found.detail if isinstance(found, BadDataError) else found.category).encode()

    return read


def _recipes(folder: Path) -> Read:
    path = folder / "recipe.yaml"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        recipe = load_recipe(str(path))
        again = Recipe.model_validate_json(json.dumps(recipe.resolved()))
        assert again.sha256() == recipe.sha256()

    return read


def _edits(folder: Path) -> Read:
    recipe = parse_recipe(fuzz_inputs.recipes()[-1].decode(), "x")

    def read(data: bytes) -> None:
        raw = copy.deepcopy(recipe)
        edit_recipe(raw, data.decode(errors="surrogateescape").split("\x1f"))
        validate_recipe(raw, "x").sha256()

    return read


def _records(folder: Path) -> Read:
    layout = Layout(folder, 4)
    layout.records.mkdir()
    write_dataset(folder, fuzz_inputs.DESCRIPTION)

    def read(data: bytes) -> None:
        layout.record(0).write_bytes(data)
        with contextlib.suppress(UsageError):
            read_shard(layout, 0)
        layout.record(0).write_bytes(_sealed_again(data))  # else the seal alone would refuse nearly everything
        record = read_shard(layout, 0)
        assert sum(len(paths) for paths in record.paths().values()) == len(record.files)
        write_manifest(layout)  # what was read can be told again
        read_manifest(folder)

    return read


def _sealed_again(data: bytes) -> bytes:
    with contextlib.suppress(ValueError, RecursionError, OverflowError):
        value = json.loads(data)
        if isinstance(value, dict):
            if "recipe" in value:
                value["recipe_sha256"] = sha256(json.dumps(value["recipe"], sort_keys=True).encode())
            return encode_json(seal(value), indent=2 if "recipe" in value else None)
    return data


def _manifests(folder: Path) -> Read:
    def read(data: bytes) -> None:
        Layout(folder, 1).manifest.write_bytes(data)
        read_manifest(folder)

    return read


def _descriptions(folder: Path) -> Read:
    def read(data: bytes) -> None:
        Layout(folder, 1).dataset.write_bytes(data)
        read_dataset(folder)

    return read


def _datasets(name: str, folder: Path) -> Read:
    """All that reads a dataset, one of whose files was damaged: as it is, and sealed again, as by somebody who knows how."""
    root = fuzz_inputs.dataset(folder / "dataset").root
    whole = (root / name).read_bytes()
    readers: list[Callable[[Path], object]] = [
        *(lambda root, depth=depth: verify_folder(root, depth, 1, lambda doing, done, total: None) for depth in Depth),
        count_samples,
        lambda root: write_report(root, out=folder / "report.html"),
        _exported,
        lambda root: card_of(Layout(root, 1), open_dataset(root).description),
        _planned,
    ]

    def read(data: bytes) -> None:
        for content in (data, _sealed_again(data)):
            (root / name).write_bytes(content)
            for reader in readers:
                with contextlib.suppress(NatoccError):
                    reader(root)
        (root / name).write_bytes(whole)

    return read


def _planned(root: Path) -> None:
    """What a replay takes from a manifest."""
    plan = read_manifest(root, 0, 0)[0]["plan"]
    with contextlib.suppress(ValueError, TypeError, RecursionError):  # which a replay tells
        Plan.from_json(json.loads(plan))


def _exported(root: Path) -> None:
    """What exports take from a dataset."""
    dataset = SourceDataset.open(root)
    for sample in dataset.samples():
        assert sample.split and set(sample.files) <= set(FOLDERS)
    for folder in dataset.folders:
        with contextlib.suppress(NatoccError):
            dataset.flip_pairs(folder)
    assert dataset.most_landmarks >= 0 and dataset.categories() is not None and dataset.image_suffix in (".jpg", ".png")


def _landmarks(folder: Path) -> Read:
    (folder / "pts").mkdir()

    def read(data: bytes) -> None:
        (folder / "a.csv").write_bytes(data)
        (folder / "pts" / "a.pts").write_bytes(data)
        (folder / MAPPING).write_bytes(data)
        for open_and_find in (
            lambda: open_landmarks(folder / "a.csv", None).find("a"),
            lambda: open_landmarks(folder / "pts", None).find("a"),
            lambda: read_celeba(folder),
        ):
            with contextlib.suppress(NatoccError):
                open_and_find()

    return read


_EDITS = (
    b"sets.0.colour.transfer=sot", b"output.shard_size=100", b"seed=3\x1ffaces.align.size=256", b"sets.0.placement.area=[0.1, 2]",
    b"output.image={format: png}", b"sets.0.transparency={probability: 0.5}\x1fname=x", b"splits={train: 0.8, val: 0.2}",
)  # fmt: skip
_POINTS = b" ".join(b"%d.5 %d" % (3 * number, 7 * number % 90) for number in range(68))
_PTS = b"version: 1\nn_points: 68\n{\n" + _POINTS + b"\n}\n"
_CSV = b"name," + b",".join(b"x_%d,y_%d" % (number, number) for number in range(68)) + b"\na," + _POINTS.replace(b" ", b",")
_CELEBA = b"idx orig_idx orig_file\n0 119613 119614.jpg\n1 99094 099095.jpg\n"


def targets(folder: Path) -> tuple[Target, ...]:
    """All of them; `folder` is empty and keeps a dataset to take valid files from."""
    layout = fuzz_inputs.dataset(folder / "dataset")
    return (
        Target("pictures", fuzz_inputs.pictures(), _BYTES, 0.28, _pictures),
        Target("segmentations", fuzz_inputs.segmentations(), _JSON, 0.24, _segmentations),
        Target("coco files", fuzz_inputs.coco_files(), _JSON, 0.12, _coco),
        Target("recipes", fuzz_inputs.recipes(), _YAML, 0.06, _recipes),
        Target("edits", _EDITS, _YAML, 0.06, _edits),
        Target("shard records", (layout.record(0).read_bytes(),), _JSON, 0.10, _records),
        Target("manifests", (layout.manifest.read_bytes(),), _BYTES, 0.06, _manifests),
        Target("dataset.json", (layout.dataset.read_bytes(),), _JSON, 0.02, _descriptions),
        *(
            Target(f"datasets by {path.name}", (path.read_bytes(),), words, 0.005, functools.partial(_datasets, name))
            for name, words in (("dataset.json", _JSON), ("shards/00000.json", _JSON), ("manifest.parquet", _BYTES))
            for path in [layout.root / name]
        ),
        Target("landmarks and lists", (_PTS, _CSV, _CELEBA), _WORDS, 0.06, _landmarks),
    )

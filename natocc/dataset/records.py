"""Sample and shard records as JSON. Where a shard's record exists, the shard is whole."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from natocc.core.errors import Reason, UsageError
from natocc.core.plans import Json, Plan, as_plain
from natocc.core.rejections import examples_of
from natocc.core.samples import Origin, Rejection, SampleRecord
from natocc.core.versions import __version__
from natocc.dataset.inputs_read import inputs_of
from natocc.dataset.layout import RECORD_NAME, Layout
from natocc.dataset.measures import check_measures, checked_measure
from natocc.io.atomic import disk_errors, read_json
from natocc.io.images import read_bytes
from natocc.io.sealed_json import is_sealed, sealed_line


@dataclasses.dataclass(frozen=True)
class ShardRecord:
    """What a whole shard holds.

    Parameters
    ----------
    shard : int
        Its number.
    samples : tuple of SampleRecord
        By ascending index, without gaps, rejected ones too; at least one.
    files : mapping of str to int
        Path relative to the dataset, such as ``images/00000/000000000.jpg``, to size in bytes; the sha256 is in the samples.
    version : str
        Of the natocc that made it.
    """

    shard: int
    samples: tuple[SampleRecord, ...]
    files: Mapping[str, int]
    version: str = __version__

    @property
    def made(self) -> int:
        """How many of the samples were not rejected."""
        return sum(sample.rejection is None for sample in self.samples)

    @property
    def rejected(self) -> dict[str, int]:
        """How many samples were rejected, by name of the reason."""
        reasons = (str(sample.rejection.reason) for sample in self.samples if sample.rejection is not None)
        return dict(sorted(collections.Counter(reasons).items()))

    def paths(self) -> dict[int, dict[str, str]]:
        """Index of a sample to its files: folder to path relative to the dataset."""
        paths: dict[int, dict[str, str]] = collections.defaultdict(dict)
        for path in self.files:
            folder, _, name = path.split("/")
            paths[int(name.partition(".")[0])][folder] = path
        return dict(paths)

    def to_bytes(self) -> bytes:
        """The record as JSON on one line; see :func:`record_to_json` for what it refuses.

        Its last key, ``sha256``, is that of all before it: a record vouches for every file of its shard, so it must show when it
        is damaged itself.
        """
        content: dict[str, Json] = {
            "natocc": self.version,
            "shard": self.shard,
            "first": self.samples[0].index,
            "last": self.samples[-1].index,
            "made": self.made,
            "rejected": self.rejected,
            "files": dict(sorted(self.files.items())),
            "samples": [record_to_json(sample) for sample in self.samples],
        }
        return sealed_line(content)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ShardRecord:
        """Inverse of :meth:`to_bytes`, of what its JSON says."""
        samples = tuple(record_from_json(item) for item in value["samples"])
        return cls(value["shard"], samples, value["files"], value["natocc"])


@dataclasses.dataclass(frozen=True)
class MadeShard:
    """A shard that is committed.

    Parameters
    ----------
    shard : int
        Its number.
    made : int
        How many of its samples were made.
    rejected, examples : mapping of str
        How many were rejected, by reason, and an example of each reason.
    inputs : tuple of (int, int)
        What it was made of, see :func:`natocc.dataset.inputs_read.inputs_of`.
    rows : bytes
        Its rows of the manifest, see :func:`natocc.dataset.manifest.rows_as_lines`; empty where nobody made them.
    """

    shard: int
    made: int
    rejected: Mapping[str, int]
    examples: Mapping[str, str] = dataclasses.field(default_factory=dict)
    inputs: tuple[tuple[int, int], ...] = dataclasses.field(default=(), repr=False, compare=False)
    rows: bytes = dataclasses.field(default=b"", repr=False, compare=False)

    @classmethod
    def of(cls, record: ShardRecord) -> MadeShard:
        """The same of a record, without rows."""
        return cls(record.shard, record.made, record.rejected, examples_of(record.samples), inputs_of(record.samples))


def read_shard(layout: Layout, shard: int) -> ShardRecord:
    """Record of a whole shard.

    Raises
    ------
    UsageError
        If there is none, or it is damaged: cut short, edited, or another shard's.
    """
    path = layout.record(shard)
    shown = layout.show(path)
    value = read_json(path, shown)
    with _damage(shown):
        record = ShardRecord.from_json(value)
        _check_kinds(record)
        as_written = is_sealed(read_bytes(path)) and record.shard == shard
    if not as_written:
        raise UsageError(f"{shown} is damaged: it is not what natocc wrote for shard {shard}")
    return record


def read_few(layout: Layout, shard: int, most: int) -> tuple[list[SampleRecord], dict[int, dict[str, str]]]:
    """At most `most` of the samples of a whole shard that were made, evenly chosen, in a quarter of the time of all.

    Returns
    -------
    samples : list of SampleRecord
        By ascending index.
    paths : dict of int to dict of str to str
        As :meth:`ShardRecord.paths`.

    Raises
    ------
    UsageError
        If there is no record, or none that can be understood; whether it is what natocc wrote is not looked at.
    """
    shown = layout.show(layout.record(shard))
    value = read_json(layout.record(shard), shown)
    with _damage(shown):
        made = [item for item in value["samples"] if item["rejection"] is None]
        chosen = np.unique(np.linspace(0, len(made) - 1, min(most, len(made))).round().astype(int))
        samples = [record_from_json(made[int(index)]) for index in chosen]
        for sample in samples:
            _check_sample(sample)
        return samples, ShardRecord(shard, tuple(samples), value["files"]).paths()


@contextlib.contextmanager
def _damage(shown: str) -> Iterator[None]:
    """What is wrong with a record's JSON, as one line."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise UsageError(f"{shown} is damaged: not a shard record ({type(error).__name__}: {error})") from None


def whole_shards(layout: Layout) -> list[int]:
    """Numbers of the shards that are whole, ascending.

    Raises
    ------
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    with disk_errors(layout.records):
        if not layout.records.is_dir():
            return []
        names = (RECORD_NAME.fullmatch(path.name) for path in layout.records.iterdir())
        return sorted(int(name[1]) for name in names if name)


def read_shards(layout: Layout) -> Iterator[ShardRecord]:
    """Records of all whole shards by ascending number, one in memory at a time; see :func:`read_shard`."""
    for shard in whole_shards(layout):
        yield read_shard(layout, shard)


def record_to_json(record: SampleRecord) -> dict[str, Any]:
    """A sample record as plain dictionaries, lists and numbers.

    Raises
    ------
    ValueError
        If a measure is not one of :data:`natocc.dataset.measures.MEASURES` or not of its kind, or there are not as many
        categories as occluders.
    """
    return {
        "index": record.index,
        "set": record.set_name,
        "method": record.method,
        "face": record.face,
        "variant": record.variant,
        "identity": record.identity,
        "split": record.split,
        "rejection": as_plain(record.rejection) if record.rejection else None,
        "face_origin": as_plain(record.face_origin) if record.face_origin else None,
        "face_labels_sha256": record.face_labels_sha256,
        "occluders": [
            {**as_plain(origin), "category": category}
            for origin, category in zip(record.occluder_origins, record.categories, strict=True)
        ],
        "plan": record.plan.to_json() if record.plan else None,
        "measures": {name: checked_measure(name, value) for name, value in record.measures.items()},
        "detector": record.detector,
        "landmarks": [list(landmark) for landmark in record.landmarks],
        "files": dict(record.files),
    }


def record_from_json(value: Mapping[str, Any]) -> SampleRecord:
    """Inverse of :func:`record_to_json`, also after a round trip through JSON text."""
    rejection = value["rejection"]
    occluders = [dict(occluder) for occluder in value["occluders"]]
    categories = tuple(occluder.pop("category") for occluder in occluders)
    return SampleRecord(
        index=value["index"],
        set_name=value["set"],
        method=value["method"],
        face=value["face"],
        variant=value["variant"],
        identity=value["identity"],
        split=value["split"],
        face_origin=Origin(**value["face_origin"]) if value["face_origin"] else None,
        face_labels_sha256=value["face_labels_sha256"],
        occluder_origins=tuple(Origin(**occluder) for occluder in occluders),
        categories=categories,
        plan=Plan.from_json(value["plan"]) if value["plan"] else None,
        measures=value["measures"],
        detector=value["detector"],
        landmarks=tuple((x, y, hidden) for x, y, hidden in value["landmarks"]),
        files=value["files"],
        rejection=Rejection(**{**rejection, "reason": Reason(rejection["reason"])}) if rejection else None,
    )


def _check_kinds(record: ShardRecord) -> None:
    """Refuse a record whose values are not of their kinds, or whose files are not those of its samples.

    Raises
    ------
    TypeError, ValueError, KeyError
        For the first that is not.
    """
    files = {index: sorted(paths) for index, paths in record.paths().items()}
    if files != {sample.index: sorted(sample.files) for sample in record.samples if sample.files}:
        raise ValueError("other files than those of the samples")
    if not record.samples:
        raise ValueError("it has no sample")
    _check_texts([record.version])
    _check_numbers([record.shard, *record.files.values()])
    for sample in record.samples:
        _check_sample(sample)


def _check_sample(sample: SampleRecord) -> None:
    """The same of one sample; one that was made has a plan, a picture and measures."""
    origins = [*sample.occluder_origins, *([sample.face_origin] if sample.face_origin else [])]
    texts: list[object] = [sample.set_name, sample.method, sample.face, sample.identity]
    texts += [*sample.categories, *sample.files.values()]
    texts += [text for origin in origins for text in (origin.dataset, origin.item, origin.sha256)]
    named = (sample.split, sample.detector, sample.face_labels_sha256, *(origin.licence for origin in origins))
    texts += [text for text in named if text is not None]
    texts += [sample.rejection.stage, sample.rejection.detail] if sample.rejection else []
    _check_texts(texts)
    measures = (int(checked_measure(name, value)) for name, value in sample.measures.items())
    _check_numbers([sample.index, sample.variant, *measures])
    for x, y, hidden in sample.landmarks:
        if type(hidden) is not bool or not all(type(number) is float and math.isfinite(number) for number in (x, y)):
            raise TypeError(f"expected x, y and whether it is hidden, found {(x, y, hidden)!r}")
    if sample.rejection is None:
        check_measures(sample.measures)
        if sample.plan is None or "images" not in sample.files:
            raise ValueError(f"sample {sample.index} has no {'plan' if sample.plan is None else 'picture'}")


def _check_texts(texts: Iterable[object]) -> None:
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"expected a text, found {text!r}")
        text.encode()


def _check_numbers(numbers: Iterable[object]) -> None:
    for number in numbers:
        if type(number) is not int or not 0 <= number < 2**63:
            raise TypeError(f"expected a whole number, found {number!r}")

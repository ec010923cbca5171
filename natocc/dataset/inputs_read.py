"""What samples were made of: one face or picture is the same wherever it was read, or the dataset holds two under one name."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Iterator

from natocc.core.samples import SampleRecord

_MOST_SHOWN = 3


@dataclasses.dataclass
class InputsRead:
    """What was read so far, by shards in any order; some hundred bytes for each face and picture, however many samples there are.

    Parameters
    ----------
    known : dict of int to int
        Digest of an input's name to digest of what was read.
    changed : dict of int to int
        Digest of the name of each input that was not the same everywhere to the shard that showed it.
    """

    known: dict[int, int] = dataclasses.field(default_factory=dict)
    changed: dict[int, int] = dataclasses.field(default_factory=dict)

    def add(self, shard: int, inputs: Iterable[tuple[int, int]]) -> None:
        """Compare what a shard was made of, see :func:`inputs_of`, with what is known."""
        for name, content in inputs:
            if self.known.setdefault(name, content) != content:
                self.changed.setdefault(name, shard)

    def lines(self, samples_of: Callable[[int], Iterable[SampleRecord]]) -> list[str]:
        """What is not the same everywhere, a line each of the first few; none where all is.

        Parameters
        ----------
        samples_of : callable
            Gives the samples of a shard.
        """
        shown = sorted(self.changed.items(), key=lambda item: item[1])[:_MOST_SHOWN]
        lines = []
        for key, shard in shown:
            name = next(name for name, _ in _named(samples_of(shard)) if _short(name) == key)
            lines.append(f"  {name}: in shard {shard} it is not what it was in another sample")
        more = len(self.changed) - len(shown)
        return [*lines, *([f"  and {more} more"] if more else [])]


def inputs_of(samples: Iterable[SampleRecord]) -> tuple[tuple[int, int], ...]:
    """Digests of the name and of the content of all that samples were made of: faces' pictures and labels, occluders' pictures.

    What was read twice and differs is there twice.
    """
    return tuple(sorted({(_short(name), _short(content)) for name, content in _named(samples)}))


def _named(samples: Iterable[SampleRecord]) -> Iterator[tuple[str, str]]:
    """Names and sha256 of what samples were made of; drawn things have none."""
    for sample in samples:
        if sample.face_origin is not None:
            yield f"the picture of face {sample.face!r}", sample.face_origin.sha256
        if sample.face_labels_sha256 is not None:
            yield f"the mask or the landmarks of face {sample.face!r}", sample.face_labels_sha256
        for origin in sample.occluder_origins:
            if origin.sha256:
                yield f"the picture of occluder {origin.item!r} of {origin.dataset}", origin.sha256


def _short(text: str) -> int:
    """64 bits of the digest of a text."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "backslashreplace")).digest()[:8])

"""What a listing left out or took note of: counted by kind, with an example of each. Nothing is left out in silence."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from natocc.core.plans import Json

OTHER_SUFFIX = "files not read:"
"""Is followed by their suffix."""
OF_THE_SYSTEM = "hidden files and folders, and those of the system"
OF_NATOCC = "datasets, exports and caches of natocc"
FOLLOWED_LINKS = "links followed"
OUTER_LINKS = "links that lead out of the folder, not followed"
BROKEN_LINKS = "links that lead nowhere"
TEXT_LINKS = "links that are text files, as git leaves them without core.symlinks, not followed"
LOOPS = "links to a folder that they lie in"
NOT_OF_THE_LAYOUT = "pictures that are not part of the layout"
NO_MASK = "pictures without a mask"
NO_PICTURE = "masks without a picture"
COVERED = "faces left out, since something covers them"
NO_PICTURES = "annotation files whose pictures are not there"
NO_SIZE = "cutouts of no known physical size, laid by their area; placement.sizes can give it"
TWICE = "pictures under several names, byte for byte the same"
TWICE_IN_SPLITS = "pictures that the owner put in several splits, under several names"

_MOST_SUFFIXES = 4


@dataclasses.dataclass
class Notes:
    """Counts and examples by kind.

    Parameters
    ----------
    counts : dict of str to int
        How many of each kind.
    examples : dict of str to str
        The first by name of each kind.
    """

    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    examples: dict[str, str] = dataclasses.field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.counts)

    def add(self, kind: str, example: str, count: int = 1) -> None:
        """Count one more, or several more, of a kind."""
        self.counts[kind] = self.counts.get(kind, 0) + count
        self.examples[kind] = min(self.examples.get(kind, example), example)

    def add_all(self, kind: str, names: Iterable[str]) -> None:
        """Count each of `names` as of a kind."""
        for name in names:
            self.add(kind, name)

    def merge(self, other: Notes, prefix: str = "") -> None:
        """Add those of another listing; its names come after `prefix`."""
        for kind, count in other.counts.items():
            self.add(kind, prefix + other.examples[kind], count)

    def without(self, *kinds: str) -> Notes:
        """Those of other kinds."""
        counts = {kind: count for kind, count in self.counts.items() if kind not in kinds}
        return Notes(counts, {kind: self.examples[kind] for kind in counts})

    def to_json(self) -> dict[str, Json]:
        """Kind to count and example, as plain JSON."""
        return {
            kind: {"count": self.counts[kind], "example": self.examples[kind].encode("utf-8", "backslashreplace").decode()}
            for kind in sorted(self.counts)
        }

    def lines(self) -> Iterator[str]:
        """A line for a person on each kind; all suffixes are one."""
        suffixes = sorted((kind for kind in self.counts if kind.startswith(OTHER_SUFFIX)), key=lambda kind: -self.counts[kind])
        for kind, count in sorted(self.counts.items()):
            if kind == OF_THE_SYSTEM:  # their names would only be noise
                yield f"{kind}: {count} left out"
            elif kind not in suffixes:
                yield f"{kind}: {count}, such as {self.examples[kind]}"
        if suffixes:
            shown = [f"{self.counts[kind]} {kind.removeprefix(OTHER_SUFFIX).strip()}" for kind in suffixes[:_MOST_SUFFIXES]]
            more = ["others"] if len(suffixes) > _MOST_SUFFIXES else []
            yield f"{OTHER_SUFFIX} {', '.join([*shown, *more])}, such as {self.examples[suffixes[0]]}"

"""What layouts of others have no place for is said in a README beside them."""

from __future__ import annotations

from natocc.core.text import plain
from natocc.exports.reader import SourceDataset


def readme(dataset: SourceDataset, labels: str, said: str) -> str:
    """A few lines of Markdown: what this is, what `said` says, and which classes change places in a mirror."""
    name = plain(dataset.name).replace("`", "'")
    flips = flip_sentence(dataset, labels)
    return f"# {name}\n\nFaces under synthetic occlusion, written by natocc.\n\n{said}\n" + (f"\n{flips}\n" if flips else "")


def flip_sentence(dataset: SourceDataset, labels: str) -> str:
    """Which classes change places where a picture is mirrored; empty where none does."""
    classes = dataset.classes(labels)
    pairs = [plain(f"{classes[left]} and {classes[right]}") for left, right in dataset.flip_pairs(labels)]
    return f"Whoever mirrors pictures exchanges, too: {', '.join(pairs)}." if pairs else ""

"""``README.md`` of a dataset, its card: what it is, how it was made, of what, under which licences, how to read it."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from natocc.core.text import plain
from natocc.dataset.description import DatasetDescription, read_dataset
from natocc.dataset.layout import Layout
from natocc.dataset.manifest import Row, stream_manifest
from natocc.io.atomic import write_aside

_COLUMNS = (
    "set",
    "method",
    "identity",
    "split",
    "status",
    "reason",
    "face_dataset",
    "face_licence",
    "occluders",
    "occlusion_ratio",
    "width",
    "height",
)
_MOST_CATEGORIES = 100
_MOST_LICENCES = 200
_URL = re.compile(r"https?://[A-Za-z0-9./_~%?=&:#+,;@!-]+")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~$&])")
_FOLDERS = {
    "images": "the pictures",
    "masks": "the face that is visible",
    "amodal": "the face before it was covered",
    "occluders": "which occluder",
    "mattes": "how much of each pixel occluders cover",
    "parts": "the face source's own classes, the occluder as one more",
}
_LOADING = """## How to load it

    import numpy
    import pyarrow.parquet
    from PIL import Image

    rows = pyarrow.parquet.read_table("manifest.parquet").to_pylist()
    row = next(row for row in rows if row["status"] == "made")
    image, mask = (numpy.asarray(Image.open(row[folder + "_path"])) for folder in ("images", "masks"))

    from natocc.torch import OccludedFaces  # pip install natocc[torch]
    image, mask = OccludedFaces(".")[0]     # (3, H, W) uint8, (H, W) int64

`natocc export . --to mmseg` writes it for MMSegmentation; `hf`, `webdataset`, `coco` and `yolo-seg` for other tools.
`natocc verify .` tells whether it is still what was written.
"""
_CITATION = """## Citation

    @inproceedings{voo2022delving,
      title     = {Delving into High-Quality Synthetic Face Occlusion Segmentation Datasets},
      author    = {Voo, Kenny T. R. and Jiang, Liming and Loy, Chen Change},
      booktitle = {CVPR Workshops},
      year      = {2022}
    }

Cite the owners of the faces and occluders above, too.
"""


@dataclasses.dataclass
class _Set:
    method: str = ""
    made: int = 0
    rejected: int = 0
    ratio: float = 0.0
    least: float = 1.0
    most: float = 0.0

    def row(self, name: str) -> tuple[object, ...]:
        shares = (self.ratio / self.made, self.least, self.most) if self.made else ()
        shown = [f"{share:.1%}" for share in shares] or [""] * 3
        return (escaped(name), escaped(self.method), self.made, self.rejected, *shown)


class _Seen:
    """Totals over the manifest; memory grows with people, categories and licences only."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.sets: dict[str, _Set] = defaultdict(_Set)
        self.splits: Counter[str] = Counter()
        self.people: dict[str, set[int]] = defaultdict(set)
        self.reasons: Counter[str] = Counter()
        self.categories: Counter[str] = Counter()
        self.sizes: Counter[tuple[int, int]] = Counter()
        self.origins: Counter[tuple[str, str, str]] = Counter()
        for row in rows:
            self._add(row)

    def _add(self, row: Row) -> None:
        each = self.sets[row["set"]]
        each.method = row["method"]
        if row["status"] != "made":
            each.rejected += 1
            self.reasons[row["reason"]] += 1
            return
        ratio = float(row["occlusion_ratio"])
        each.made += 1
        each.ratio += ratio
        each.least, each.most = min(each.least, ratio), max(each.most, ratio)
        split = row["split"] or ""
        self.splits[split] += 1
        self.people[split].add(hash(row["identity"]))
        self.sizes[row["width"], row["height"]] += 1
        self.origins["face", row["face_dataset"] or "unknown", row["face_licence"] or ""] += 1
        for occluder in row["occluders"] or ():
            self.categories[occluder["category"]] += 1
            self.origins["occluder", occluder["dataset"], occluder["licence"] or ""] += 1


def write_card(layout: Layout) -> None:
    """Write ``README.md`` from ``dataset.json`` and the manifest; it depends on the samples and the recipe alone.

    Raises
    ------
    UsageError
        If either is damaged.
    RunError
        If the disk refuses.
    """
    description = read_dataset(layout.root)
    text = card(description, stream_manifest(layout.root, _COLUMNS))
    write_aside(layout.root / "README.md", text.encode("utf-8"))


def card(description: DatasetDescription, rows: Iterable[Row]) -> str:
    """The card as Markdown, without HTML; whatever the data say is escaped.

    Parameters
    ----------
    description : DatasetDescription
        ``dataset.json``.
    rows : iterable of Row
        The manifest's, with the columns that the card needs.
    """
    seen = _Seen(rows)
    made = sum(seen.splits.values())
    size = ", ".join(f"{width} x {height}" for (width, height), _ in seen.sizes.most_common(3))
    more = ", ..." if len(seen.sizes) > 3 else ""
    what = f"{made} samples of {len(set().union(*seen.people.values()))} identities" + (f", {size}{more} px" if size else "")
    return "\n".join(
        [
            f"# {escaped(description.name)}\n",
            f"Faces under synthetic occlusion, with exact masks, made by natocc {escaped(description.natocc)}: {what}.\n",
            *(["![Samples beside their masks](contact_sheet.jpg)\n"] if made else []),
            *_counts(seen, description.recipe),
            *_values(description.labels),
            *_method(description),
            *_origins(seen),
            _LOADING,
            _CITATION,
        ]
    )


def _counts(seen: _Seen, recipe: Mapping[str, Any]) -> list[str]:
    sets = [each.row(name) for name, each in sorted(seen.sets.items())]
    titles = ("set", "method", "samples", "rejected", "face occluded, mean", "least", "most")
    parts = ["## What is in it\n", _table(titles, sets)]
    if set(seen.splits) - {""}:
        rows = [(escaped(split), seen.splits[split], len(seen.people[split])) for split in sorted(seen.splits)]
        parts.append(_table(("split", "samples", "identities"), rows))
        if (recipe["splits"] or {}).get("faces") == "hash":
            parts.append("No identity and no occluder's picture lies in two splits.\n")
    if seen.categories:
        named = [f"{escaped(name)} {count}" for name, count in _ranked(seen.categories)[:_MOST_CATEGORIES]]
        more = len(seen.categories) - len(named)
        parts.append("Occluders: " + ", ".join(named) + (f" and {more} more categories" if more else "") + ".\n")
    if seen.reasons:
        reasons = ", ".join(f"{escaped(reason)} {count}" for reason, count in _ranked(seen.reasons))
        parts.append(f"Rejected, with the reason in the manifest: {reasons}.\n")
    return parts


def _values(labels: Mapping[str, Mapping[str, str]]) -> list[str]:
    rows = [("`images/`", _FOLDERS["images"], "")]
    for folder, values in labels.items():
        named = ", ".join(f"{escaped(value)} {escaped(name)}" for value, name in values.items())
        rows.append((f"`{folder}/`", _FOLDERS.get(folder, ""), named))
    manifest = "`manifest.parquet` has a row a sample: origins, licences, split, measures, landmarks, the plan it was made by.\n"
    return ["## Files and label values\n", _table(("folder", "holds", "values"), rows), manifest]


def _method(description: DatasetDescription) -> list[str]:
    text = yaml.safe_dump(description.recipe, sort_keys=False, default_flow_style=None, width=110)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    versions = ", ".join(f"{escaped(name)} {escaped(version)}" for name, version in description.versions.items())
    return [
        "## How it was made\n",
        "Occluders were cut out of their pictures, or drawn at random, then placed, recoloured and blended over the faces; each\n"
        f"mask follows from the matte that blended. The same recipe, inputs and versions give the same bytes: {versions}.\n",
        f"The resolved recipe, sha256 {escaped(description.recipe_sha256)}:\n",
        f"{fence}yaml\n{text}{fence}\n",
    ]


def _origins(seen: _Seen) -> list[str]:
    ranked = sorted(seen.origins.items(), key=lambda item: (item[0][:2], -item[1], item[0][2]))
    rows = [
        (kind, escaped(dataset), escaped(licence) if licence else "none stated", count)
        for (kind, dataset, licence), count in ranked[:_MOST_LICENCES]
    ]
    more = [f"And {len(ranked) - len(rows)} more; the manifest has all.\n"] if len(ranked) > len(rows) else []
    told = "The pictures are their owners'; natocc adds no rights. The licences of all its inputs say how a sample may be used.\n"
    return ["## Origins and licences\n", told, _table(("input", "dataset", "licence", "uses"), rows), *more]


def _table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def escaped(text: object) -> str:
    """`text` as Markdown that shows it as it is, on one line: no markup, no HTML, no cell of a table ends early.

    Examples
    --------
    >>> print(escaped("a|b <img src=x> *c*"))
    a\\|b \\<img src=x\\> \\*c\\*
    >>> print(escaped("https://creativecommons.org/licenses/by/4.0/"))
    <https://creativecommons.org/licenses/by/4.0/>
    """
    shown = plain(str(text))
    return f"<{shown}>" if _URL.fullmatch(shown) else _SPECIAL.sub(r"\\\1", shown)

"""``README.md`` of a dataset, its card: what it is, how it was made, of what, under which licences, how to read it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import yaml

from natocc.core.text import plain
from natocc.dataset.description import DatasetDescription
from natocc.dataset.layout import Layout
from natocc.dataset.manifest import Row, stream_manifest
from natocc.faces.classes import flip_pairs
from natocc.report.tally import COLUMNS, SetTally, Tally

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
    "kinds": "what kind of occluder",
    "regions": "visible face, and what covers it",
    "clean": "the pictures without occluders",
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


def card_of(layout: Layout, description: DatasetDescription) -> bytes:
    """``README.md`` of a dataset, from what ``dataset.json`` says, or will, and the manifest: from samples and recipe alone.

    Raises
    ------
    UsageError
        If the manifest is damaged.
    """
    return card(description, stream_manifest(layout.root, COLUMNS)).encode("utf-8")


def card(description: DatasetDescription, rows: Iterable[Row]) -> str:
    """The card as Markdown, without HTML; whatever the data say is escaped.

    Parameters
    ----------
    description : DatasetDescription
        ``dataset.json``.
    rows : iterable of Row
        The manifest's, with the columns that the card needs.
    """
    tally = Tally(rows)
    size = ", ".join(f"{width} x {height}" for (width, height), _ in tally.sizes.most_common(3))
    more = ", ..." if len(tally.sizes) > 3 else ""
    what = f"{tally.made} samples of {tally.identities} identities" + (f", {size}{more} px" if size else "")
    return "\n".join(
        [
            f"# {escaped(description.name)}\n",
            f"Faces under synthetic occlusion, with exact masks, made by natocc {escaped(description.natocc)}: {what}.\n",
            *(["![Samples beside their masks](contact_sheet.jpg)\n"] if tally.made else []),
            *_counts(tally, description),
            *_values(description),
            *_method(description),
            *_origins(tally),
            _LOADING,
            _CITATION,
        ]
    )


def _counts(tally: Tally, description: DatasetDescription) -> list[str]:
    sets = [_set_row(name, of_set) for name, of_set in sorted(tally.sets.items())]
    titles = ("set", "method", "samples", "rejected", "face occluded, mean", "least", "most")
    parts = ["## What is in it\n", _table(titles, sets)]
    if tally.splits:
        rows = [(escaped(split), count, len(tally.people[split])) for split, count in sorted(tally.splits.items())]
        parts.append(_table(("split", "samples", "identities"), rows))
        if description.split_by == "hash":
            parts.append("No identity and no occluder's picture lies in two splits.\n")
    if tally.category_uses:
        named = [f"{escaped(name)} {count}" for name, count in _ranked(tally.category_uses)[:_MOST_CATEGORIES]]
        more = len(tally.category_uses) - len(named)
        parts.append("Occluders: " + ", ".join(named) + (f" and {more} more categories" if more else "") + ".\n")
    if tally.reasons:
        reasons = ", ".join(f"{escaped(reason)} {count}" for reason, count in _ranked(tally.reasons))
        parts.append(f"Rejected, with the reason in the manifest: {reasons}.\n")
    return parts


def _set_row(name: str, of_set: SetTally) -> tuple[object, ...]:
    shares = (of_set.mean_ratio, of_set.least, of_set.most) if of_set.made else ()
    shown = [f"{share:.1%}" for share in shares] or [""] * 3
    return (escaped(name), escaped(of_set.method), of_set.made, of_set.rejected, *shown)


def _values(description: DatasetDescription) -> list[str]:
    pictures = ("images", "clean") if description.has_clean else ("images",)
    rows = [(f"`{folder}/`", _FOLDERS[folder], "") for folder in pictures]
    for folder, values in description.labels.items():
        named = ", ".join(f"{escaped(value)} {escaped(name)}" for value, name in values.items())
        rows.append((f"`{folder}/`", _FOLDERS.get(folder, ""), named))
    flipped = [
        f"Where a picture is mirrored, values of `{folder}/` change places: {', '.join(f'{a} and {b}' for a, b in pairs)}.\n"
        for folder, values in description.labels.items()
        if (pairs := flip_pairs({int(value): name for value, name in values.items() if value.isdecimal()}))
    ]
    manifest = (
        "`manifest.parquet` has a row a sample: origins, licences, split, measures, landmarks, and `plan`, JSON text from which "
        "it can be made again. `FOLDER_sha256` is of its file there, `source_sha256` of a picture that it was made of.\n"
    )
    return ["## Files and label values\n", _table(("folder", "holds", "values"), rows), *flipped, manifest]


def _method(description: DatasetDescription) -> list[str]:
    text = yaml.safe_dump(description.recipe, sort_keys=False, default_flow_style=None, width=110)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    versions = ", ".join(f"{escaped(name)} {escaped(version)}" for name, version in description.versions.items())
    return [
        "## How it was made\n",
        "Occluders were cut out of their pictures, or drawn at random, then placed, recoloured and blended over the faces; each\n"
        f"mask follows from the matte that blended. The same recipe, inputs and versions give the same bytes on processors\n"
        f"of one kind, which `dataset.json` names: {versions}.\n",
        f"The resolved recipe, sha256 {escaped(description.recipe_sha256)}:\n",
        f"{fence}yaml\n{text}{fence}\n",
    ]


def _origins(tally: Tally) -> list[str]:
    ranked = sorted(tally.licence_uses.items(), key=lambda item: (item[0][:2], -item[1], item[0][2]))
    rows = [
        (kind, escaped(dataset), escaped(licence) if licence else "none stated", count)
        for (kind, dataset, licence), count in ranked[:_MOST_LICENCES]
    ]
    more = [f"And {len(ranked) - len(rows)} more; the manifest has all.\n"] if len(ranked) > len(rows) else []
    note = "The pictures are their owners'; natocc adds no rights. The licences of all its inputs say how a sample may be used.\n"
    return ["## Origins and licences\n", note, _table(("input", "dataset", "licence", "uses"), rows), *more]


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

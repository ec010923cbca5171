"""The card of a dataset on the Hub: the dataset's own, below the front matter that the Hub and ``datasets`` read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from natocc.core.errors import UsageError
from natocc.core.text import plain
from natocc.exports.described import DESCRIBED, features
from natocc.exports.reader import SourceDataset

_SIZES = {
    "n<1K": 10**3, "1K<n<10K": 10**4, "10K<n<100K": 10**5, "100K<n<1M": 10**6, "1M<n<10M": 10**7, "10M<n<100M": 10**8,
    "100M<n<1B": 10**9, "1B<n<10B": 10**10,
}  # fmt: skip
"""The Hub's words for how many samples there are, and how many are too many for each."""
_LOADING = """## How to load it

    from datasets import load_dataset

    rows = load_dataset("PATH_OR_NAME_OF_THIS_FOLDER")["train"]
    image, label = rows[0]["image"], rows[0]["label"]  # PIL; 255 in the label map is to be ignored

Column `image` is `images/` above, `label` is `{labels}/`; the other folders are columns of their names. `id2label.json` names the
values of `label`. The other columns:

{columns}
{flipped}
"""


def hub_card(dataset: SourceDataset, labels: str, columns: Mapping[str, str], pattern: str) -> str:
    """The dataset's own card below the front matter that the Hub reads, with how to load it from here.

    Parameters
    ----------
    dataset : SourceDataset
        What is exported.
    labels : str
        Folder of the label maps that became ``label``.
    columns : mapping of str to str
        Columns of pictures, and their folders.
    pattern : str
        Pattern of the files of a split, behind its name.

    Raises
    ------
    UsageError
        If the dataset's card is a link.
    """
    import yaml

    size = next((name for name, most in _SIZES.items() if len(dataset) < most), "10B<n<100B")
    separator = "-" if pattern.endswith(".parquet") else "/"
    known = [{"name": name, **_yaml_feature(feature)} for name, feature in features().items()]
    front = {
        "pretty_name": plain(dataset.name),
        "license": "other",
        "task_categories": ["image-segmentation"],
        "size_categories": [size],
        "tags": ["face", "occlusion", "synthetic"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"data/{split}{separator}{pattern}"} for split in dataset.counts],
            }
        ],
        "dataset_info": {"features": [*({"name": name, "dtype": "image"} for name in columns), *known]},
    }
    own = dataset.root / "README.md"
    if own.is_symlink():  # it may lead out of the dataset
        raise UsageError(f"{own} is not a regular file; natocc verify --repair")
    body = own.read_text(encoding="utf-8") if own.is_file() else f"# {plain(dataset.name)}\n\nOccluded faces with exact masks.\n"
    head, _, rest = body.partition("## How to load it\n")
    _, heading, citation = rest.partition("## Citation\n")
    pairs = ", ".join(f"{left} and {right}" for left, right in dataset.flip_pairs(labels))
    loading = _LOADING.format(
        labels=labels,
        columns="\n".join(f"- `{name}`: {text}" for name, text in DESCRIBED.items()),
        flipped=f"\nWhoever mirrors pictures exchanges these values of `label`, too: {pairs}.\n" if pairs else "",
    )
    body = f"{head.rstrip()}\n\n{loading}{heading}{citation}"
    return f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---\n\n{body}"


def _yaml_feature(feature: Any) -> dict[str, Any]:
    """A feature as the front matter has it: ``dtype: int64``, ``list: string``, ``list: {list: float64}``."""
    if feature["_type"] == "Value":
        return {"dtype": feature["dtype"]}
    inner = _yaml_feature(feature["feature"])
    return {"list": inner.get("dtype", inner)}

"""The numbers of a dataset, counted sample by sample."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from natocc.core.plans import Json
from natocc.dataset.manifest import Row

BINS = 20
"""Of every histogram, over [0, 1]."""

PARTS = ("eyes", "nose", "mouth")

COLUMNS = (
    "set",
    "method",
    "face",
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
    "eyes_occluded",
    "nose_occluded",
    "mouth_occluded",
    "mask_estimated",
    "mask_confidence",
)
"""Those of the manifest that are counted."""


def bin_of(ratio: float) -> int:
    """The bin of a share in [0, 1]; 1 belongs to the last.

    Examples
    --------
    >>> bin_of(0.0), bin_of(0.05), bin_of(1.0)
    (0, 1, 19)
    """
    return min(max(int(ratio * BINS + 1e-9), 0), BINS - 1)


@dataclasses.dataclass
class SetTally:
    """What is counted of one set; ratios are occlusion ratios of what was made."""

    method: str = ""
    made: int = 0
    rejected: int = 0
    ratio_sum: float = 0.0
    least: float = 1.0
    most: float = 0.0

    @property
    def mean_ratio(self) -> float | None:
        """Mean of the ratios; None where nothing was made."""
        return self.ratio_sum / self.made if self.made else None


class Tally:
    """Counts to which samples are added; memory grows with faces, people, categories and licences only.

    Parameters
    ----------
    rows : iterable of Row
        Of the manifest, with :data:`COLUMNS`; more may be added later.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.samples = self.made = self.bare = self.estimated = 0
        self.sets: dict[str, SetTally] = defaultdict(SetTally)
        self.splits: Counter[str] = Counter()
        """Samples made, by split; none where there are no splits."""
        self.reasons: Counter[str] = Counter()
        self.sizes: Counter[tuple[int, int]] = Counter()
        """Samples made, by width and height of the picture."""
        self.occluders: Counter[int] = Counter()
        """Samples made, by number of occluders."""
        self.categories: Counter[str] = Counter()
        """Samples made that show an occluder of a category."""
        self.category_uses: Counter[str] = Counter()
        """Occluders by category: a sample may show several of one."""
        self.licences: Counter[tuple[str, str, str]] = Counter()
        """Samples made, by ``face`` or ``occluder``, its dataset and its licence; the licence is empty where none is stated."""
        self.licence_uses: Counter[tuple[str, str, str]] = Counter()
        """Faces and occluders by the same, also where a sample shows several."""
        self.ratios = [0] * BINS
        self.confidences = [0] * BINS
        """Samples made whose face mask was estimated, by how far the estimate is trusted."""
        self.parts: dict[str, list[int]] = {name: [0] * BINS for name in PARTS}
        self.part_sums: dict[str, float] = dict.fromkeys(PARTS, 0.0)
        self.faces: set[int] = set()
        """Hashes of the faces' ids, so that memory does not grow with their length."""
        self.people: dict[str, set[int]] = defaultdict(set)
        """Hashes of the identities, by split; by the empty text where there are no splits."""
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Count one sample, rejected or not."""
        self.samples += 1
        of_set = self.sets[row["set"]]
        of_set.method = row["method"]
        if row["status"] != "made":
            of_set.rejected += 1
            self.reasons[row["reason"]] += 1
            return
        self.made += 1
        self._add_ratios(row, of_set)
        split = row["split"]
        if split is not None:
            self.splits[split] += 1
        self.faces.add(hash(row["face"]))
        self.people[split or ""].add(hash(row["identity"]))
        self.sizes[row.get("width") or 0, row.get("height") or 0] += 1
        self.estimated += bool(row.get("mask_estimated"))
        if row.get("mask_confidence") is not None:
            self.confidences[bin_of(row["mask_confidence"])] += 1
        occluders = row["occluders"] or ()
        categories = [occluder["category"] for occluder in occluders]
        self.occluders[len(categories)] += 1
        self.categories.update(dict.fromkeys(categories, 1))
        self.category_uses.update(categories)
        origins = [("face", row.get("face_dataset") or "unknown", row.get("face_licence") or "")]
        origins += [("occluder", occluder["dataset"], occluder["licence"] or "") for occluder in occluders]
        self.licences.update(dict.fromkeys(origins, 1))
        self.licence_uses.update(origins)

    def _add_ratios(self, row: Row, of_set: SetTally) -> None:
        ratio = float(row.get("occlusion_ratio") or 0.0)
        self.bare += ratio == 0
        self.ratios[bin_of(ratio)] += 1
        of_set.made += 1
        of_set.ratio_sum += ratio
        of_set.least, of_set.most = min(of_set.least, ratio), max(of_set.most, ratio)
        for name in PARTS:
            hidden = row.get(f"{name}_occluded")
            if hidden is not None:
                self.parts[name][bin_of(hidden)] += 1
                self.part_sums[name] += hidden

    @property
    def identities(self) -> int:
        """How many people there are."""
        return len(set().union(*self.people.values()))

    @property
    def mean_ratio(self) -> float | None:
        """Mean occlusion ratio of what was made."""
        return sum(of_set.ratio_sum for of_set in self.sets.values()) / self.made if self.made else None

    def mean_part(self, name: str) -> float | None:
        """Mean share of a part of the face that is occluded, over the samples where it is known."""
        known = sum(self.parts[name])
        return self.part_sums[name] / known if known else None

    def to_json(self) -> dict[str, Json]:
        """All of it as plain dictionaries, lists and numbers."""
        return {
            "samples": self.samples,
            "made": self.made,
            "rejected": dict(self.reasons.most_common()),
            "faces": len(self.faces),
            "identities": self.identities,
            "estimated_masks": self.estimated,
            "mask_confidence": {"bins": self.confidences},
            "occlusion_ratio": {"mean": _rounded(self.mean_ratio), "bins": self.ratios},
            "parts": {name: {"mean": _rounded(self.mean_part(name)), "bins": bins} for name, bins in self.parts.items()},
            "categories": dict(self.categories.most_common()),
            "occluders_a_sample": {str(number): count for number, count in sorted(self.occluders.items())},
            "splits": dict(sorted(self.splits.items())),
            "sets": {name: _set_json(of_set) for name, of_set in self.sets.items()},
            "licences": [
                {"of": what, "dataset": dataset, "licence": licence or "not stated", "samples": count}
                for (what, dataset, licence), count in self.licences.most_common()
            ],
        }


def _set_json(of_set: SetTally) -> Mapping[str, Json]:
    ratio = _rounded(of_set.mean_ratio)
    return {"method": of_set.method, "made": of_set.made, "rejected": of_set.rejected, "mean_ratio": ratio}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)

"""The numbers of a dataset, counted sample by sample."""

from __future__ import annotations

import collections
import dataclasses
from collections import Counter
from collections.abc import Mapping

from natocc.core.plans import Json
from natocc.core.samples import SampleRecord

BINS = 20
"""Of every histogram, over [0, 1]."""

PARTS = ("eyes", "nose", "mouth")


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
    """What is counted of one set."""

    method: str = ""
    made: int = 0
    rejected: int = 0
    ratio_sum: float = 0.0

    @property
    def mean_ratio(self) -> float | None:
        """Mean occlusion ratio of what was made; None where nothing was."""
        return self.ratio_sum / self.made if self.made else None


class Tally:
    """Counts that samples add to; nothing of a sample is kept."""

    def __init__(self) -> None:
        self.samples = self.made = self.bare = 0
        self.sets: dict[str, SetTally] = collections.defaultdict(SetTally)
        self.splits: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.categories: Counter[str] = Counter()
        self.occluders: Counter[int] = Counter()
        self.licences: Counter[tuple[str, str, str]] = Counter()
        self.ratios = [0] * BINS
        self.parts: dict[str, list[int]] = {name: [0] * BINS for name in PARTS}
        self.part_sums: dict[str, float] = dict.fromkeys(PARTS, 0.0)
        self.faces: set[str] = set()
        self.identities: set[str] = set()
        self.estimated = 0

    def add(self, sample: SampleRecord) -> None:
        """Count one sample, rejected or not."""
        self.samples += 1
        of_set = self.sets[sample.set_name]
        of_set.method = sample.method
        if sample.rejection is not None:
            of_set.rejected += 1
            self.reasons[str(sample.rejection.reason)] += 1
            return
        ratio = sample.measures.get("occlusion_ratio", 0.0)
        self.made += 1
        self.bare += ratio == 0
        of_set.made += 1
        of_set.ratio_sum += ratio
        self.ratios[bin_of(ratio)] += 1
        if sample.split is not None:
            self.splits[sample.split] += 1
        self.faces.add(sample.face)
        self.identities.add(sample.identity)
        self.estimated += bool(sample.measures.get("mask_estimated", 0))
        self.occluders[len(sample.categories)] += 1
        self.categories.update(set(sample.categories))
        for name in PARTS:
            hidden = sample.measures.get(f"{name}_occluded")
            if hidden is not None:
                self.parts[name][bin_of(hidden)] += 1
                self.part_sums[name] += hidden
        if sample.face_origin is not None:
            self.licences["face", sample.face_origin.dataset, sample.face_origin.licence or "not stated"] += 1
        of = {("occluder", origin.dataset, origin.licence or "not stated") for origin in sample.occluder_origins}
        self.licences.update(of)

    @property
    def mean_ratio(self) -> float | None:
        """Mean occlusion ratio of what was made."""
        return sum(each.ratio_sum for each in self.sets.values()) / self.made if self.made else None

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
            "identities": len(self.identities),
            "estimated_masks": self.estimated,
            "occlusion_ratio": {"mean": _rounded(self.mean_ratio), "bins": self.ratios},
            "parts": {name: {"mean": _rounded(self.mean_part(name)), "bins": bins} for name, bins in self.parts.items()},
            "categories": dict(self.categories.most_common()),
            "occluders_a_sample": {str(number): count for number, count in sorted(self.occluders.items())},
            "splits": dict(sorted(self.splits.items())),
            "sets": {name: _set_json(each) for name, each in self.sets.items()},
            "licences": [
                {"of": what, "dataset": dataset, "licence": licence, "samples": count}
                for (what, dataset, licence), count in self.licences.most_common()
            ],
        }


def _set_json(each: SetTally) -> Mapping[str, Json]:
    return {"method": each.method, "made": each.made, "rejected": each.rejected, "mean_ratio": _rounded(each.mean_ratio)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)

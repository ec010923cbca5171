"""What was rejected and why, in a few lines that end with the key that helps."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping

from natocc.core.errors import BadDataError, Reason, RunError
from natocc.core.samples import SampleRecord

MOST = 3
"""Reasons that are explained; the others are counted."""

ADVICE: Mapping[Reason, str] = {
    Reason.MISSING_FILE: "files have gone since they were listed: look for them, and run again",
    Reason.CANNOT_READ: "give natocc the permission to read it, or look after the disk, and run again",
    Reason.NOT_A_FILE: "leave it out with faces.exclude",
    Reason.UNREADABLE_IMAGE: "the file is damaged: replace it, or leave it out with faces.exclude",
    Reason.UNSUPPORTED_IMAGE: "convert it to PNG or JPEG, or leave it out with faces.exclude",
    Reason.TOO_MANY_PIXELS: "raise faces.max_pixels or occluders.max_pixels, or reduce the picture",
    Reason.NO_MASK: "faces.masks and faces.mask_suffix say where masks lie; faces.source=folder estimates them",
    Reason.BAD_MASK: "faces.classes says what the values of masks mean",
    Reason.EMPTY_MASK: "faces.face_classes says which classes are face; faces.exclude leaves pictures out",
    Reason.SIZE_MISMATCH: "faces.masks names the folder of the masks; each must have the proportions of its picture",
    Reason.NO_FACE: "faces.align.yunet names a detector that finds covered faces; faces.landmarks names landmarks of your own; "
    "faces.align.method=none keeps pictures that are aligned",
    Reason.DEGENERATE_LANDMARKS: "faces.landmarks names landmarks of your own; faces.align.method=none needs none",
    Reason.OUTSIDE_PHOTOGRAPH: "raise faces.align.max_outside, or choose another faces.align.border than reject; "
    "faces.align.method=none crops nothing",
    Reason.LOW_CONFIDENCE: "faces.min_confidence says how far an estimated mask must be trusted",
    Reason.BAD_ANNOTATION: "mend the annotation, or leave its picture out",
    Reason.LICENCE: "occluders.licences says which licences are wanted",
    Reason.CROWD: "occluders.crowds=take cuts them out as single objects",
    Reason.TOO_SMALL: "occluders.rules.min_side and occluders.rules.min_area say how small an occluder may be",
    Reason.TRUNCATED: "occluders.rules.border_share says how much of an outline may touch the border",
    Reason.IN_PIECES: "occluders.rules.largest_piece says how large the largest piece must be",
    Reason.TOO_THIN: "occluders.rules.min_thickness says how thin an occluder may be",
    Reason.TOO_BLURRED: "occluders.rules.min_sharpness says how blurred an occluder may be",
    Reason.POORLY_CUT: "occluders.rules.min_quality says how well an occluder must be cut out; extract -o shows the best refused",
    Reason.BACKGROUND_NOT_PLAIN: "occluders.masks=files takes masks of your own",
    Reason.LEAVES_ROOT: "faces.links and occluders.links say which links are followed",
    Reason.NO_PLACEMENT: "widen placement.area or placement.occlusion (placement.coverage.range), or raise "
    "placement.max_enlargement, occluders.side of shapes or placement.attempts",
    Reason.WORKER_DIED: "a smaller --jobs leaves each process more memory; run again",
    Reason.TIMED_OUT: "--time-limit says how long a sample may take; run again",
}
"""What helps against a reason: keys as ``--set`` takes them, or options of a build."""


@dataclasses.dataclass(frozen=True)
class Rejected:
    """What was rejected for one reason: how often, and one example, a file and what was wrong with it."""

    reason: str
    count: int
    example: str

    @property
    def advice(self) -> str:
        """What helps; empty for a reason that this version does not know."""
        return ADVICE[Reason(self.reason)] if self.reason in list(Reason) else ""


def commonest(counts: Mapping[str, int], examples: Mapping[str, str]) -> list[Rejected]:
    """Reasons by descending count."""
    return [
        Rejected(str(reason), count, examples.get(reason, ""))
        for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def may_be_made(counts: Iterable[str]) -> bool:
    """Whether samples were rejected for reasons that say nothing of what the data hold: the next run tries them again."""
    return not {str(reason) for reason in Reason if reason.by_circumstance}.isdisjoint(counts)


def not_kept(error: BadDataError) -> None:
    """Stop a search whose result is kept for good, where that of one file cannot be read at the moment is no result.

    Raises
    ------
    RunError
        If `error` is of that kind.
    """
    if error.reason is Reason.CANNOT_READ:
        why = "what is found without it would be kept for good"
        raise RunError(f"{error.detail}: {why}; give natocc the permission to read it, or leave it out, and run again") from None


def explained(counts: Mapping[str, int], examples: Mapping[str, str]) -> tuple[str, ...]:
    """A line for each of the commonest reasons: count, reason, an example, and the key that helps; the others in one line.

    Examples
    --------
    >>> explained({"timed-out": 3, "crowd": 1}, {"timed-out": "a.jpg: took more than 120 s"})[0]
    '3 timed-out, such as a.jpg: took more than 120 s; --time-limit says how long a sample may take; run again'
    """
    rejected = commonest(counts, examples)
    lines = []
    for item in rejected[:MOST]:
        such_as = f", such as {item.example}" if item.example else ""
        lines.append(f"{item.count} {item.reason}{such_as}" + (f"; {item.advice}" if item.advice else ""))
    others = ", ".join(f"{item.count} {item.reason}" for item in rejected[MOST:])
    return (*lines, *([f"others: {others}"] if others else []))


def examples_of(samples: Iterable[SampleRecord]) -> dict[str, str]:
    """The first rejected sample of each reason: its face and what was wrong."""
    examples: dict[str, str] = {}
    for sample in samples:
        if sample.rejection is not None and sample.rejection.reason not in examples:
            detail = sample.rejection.detail
            named = sample.face.rpartition("/")[2] in detail
            examples[str(sample.rejection.reason)] = detail if named else f"{sample.face}: {detail}"
    return examples


def merged_examples(parts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The first example of each reason, sorted by reason."""
    return dict(sorted(collections.ChainMap(*(dict(part) for part in parts)).items()))

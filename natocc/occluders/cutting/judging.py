"""Cutouts and their quality: what is kept, and what is refused as poorly cut out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import Cutout, Image, Mask
from natocc.occluders.cutting.quality import Quality, measure_quality


@dataclasses.dataclass(frozen=True, eq=False)
class JudgedCutout(Cutout):
    """A cutout whose quality is known; none was measured for others."""

    quality: Quality = dataclasses.field(kw_only=True)


class PoorCutoutError(BadDataError):
    """A cutout that is refused for its quality.

    Parameters
    ----------
    cutout : JudgedCutout
        What would have been used, for those who want to look at it.
    least : float
        The quality that was expected.
    """

    def __init__(self, cutout: JudgedCutout, least: float) -> None:
        detail = f"{cutout.origin.item}: {cutout.quality.flaw}; quality {cutout.quality.score:.2f}, expected {least:g} or more"
        super().__init__(Reason.POORLY_CUT, detail)
        self.cutout = cutout


def judged(
    cutout: Cutout, image: Image, mask: Mask, least: float, others: Callable[[], Mask] | None = None
) -> Cutout | PoorCutoutError:
    """A cutout with its quality, or the refusal.

    Parameters
    ----------
    cutout : Cutout
        What was cut out of `image` along `mask`.
    image, mask
        As in :func:`~natocc.occluders.cutting.quality.measure_quality`.
    least : float
        Least quality, in [0, 1]; 0 measures nothing.
    others : callable, optional
        Gives the mask of other objects, where it is known; called only if the quality is measured.
    """
    if least <= 0:
        return cutout
    quality = measure_quality(image, mask, None if others is None else others())
    known = {field.name: getattr(cutout, field.name) for field in dataclasses.fields(cutout)}
    better = JudgedCutout(**known, quality=quality)
    return better if quality.score >= least else PoorCutoutError(better, least)

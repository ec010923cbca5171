"""What a build would make, before it makes anything."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

from natocc.core.plans import Json
from natocc.pipeline.schedule import Schedule
from natocc.recipe.model import Recipe

_BYTES_A_PIXEL = {"jpg": 0.45, "png": 1.9}
_MASK_BYTES_A_PIXEL = 0.02


def expected(recipe: Recipe, data: Path, cache: Path, count: int | None) -> dict[str, Json]:
    """What a build would make: faces, samples of each set, shards, and about how many bytes; reads no picture.

    Raises
    ------
    UsageError
        If the faces are missing.
    """
    faces = recipe.faces.open(data, cache)
    faces.check()
    ids = faces.ids()
    schedule = Schedule([a_set.samples_per_face for a_set in recipe.sets], ids, count)
    samples = Counter(schedule[index].set_index for index in range(len(schedule)))
    side = recipe.faces.align.size or 1024
    pixel = _BYTES_A_PIXEL[recipe.output.image.format] + _MASK_BYTES_A_PIXEL
    return {
        "source": recipe.faces.source,
        "faces": len(ids),
        "sets": [
            {"name": a_set.name, "method": a_set.method, "occluders": a_set.occluders.source, "samples": samples[index]}
            for index, a_set in enumerate(recipe.sets)
        ],
        "samples": len(schedule),
        "shards": math.ceil(len(schedule) / recipe.output.shard_size),
        "bytes": int(len(schedule) * side * side * pixel),
    }

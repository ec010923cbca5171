"""What a build would make, before it makes anything."""

from __future__ import annotations

import dataclasses

from natocc.core.plans import Json
from natocc.dataset.layout import shard_count
from natocc.faces.sources.without_masks import open_network
from natocc.io.workspace import Workspace
from natocc.pipeline.schedule import Schedule
from natocc.recipe.model import Recipe

# As measured on photographs of faces.
_BYTES_A_PIXEL = {"jpg": 0.45, "png": 1.9}
_MASK_BYTES_A_PIXEL = {
    "face": 0.01,
    "amodal": 0.01,
    "occluder": 0.01,
    "parts": 0.01,
    "kinds": 0.01,
    "regions": 0.01,
    "matte": 0.04,
}
_BYTES_A_RECORD = 6000  # in the shard's record and in the manifest


@dataclasses.dataclass(frozen=True)
class ExpectedSet:
    """What one set of a recipe would add: its name, ``natocc``, ``randocc`` or ``none``, the source of its occluders, if it has
    any, its samples."""

    name: str
    method: str
    occluders: str | None
    samples: int


@dataclasses.dataclass(frozen=True)
class Expected:
    """What a build would make.

    Parameters
    ----------
    source : str
        Of the faces, such as ``celebamask``.
    faces : int
        How many the source has.
    sets : tuple of ExpectedSet
        In the recipe's order.
    samples, shards : int
        In all.
    bytes : int
        Estimated size of the dataset.
    """

    source: str
    faces: int
    sets: tuple[ExpectedSet, ...]
    samples: int
    shards: int
    bytes: int

    def to_json(self) -> dict[str, Json]:
        """As plain JSON."""
        return {**dataclasses.asdict(self), "sets": [dataclasses.asdict(a_set) for a_set in self.sets]}


def expected(recipe: Recipe, workspace: Workspace, count: int | None) -> Expected:
    """What a build would make: faces, samples of each set, shards, and about how many bytes; reads no picture.

    Raises
    ------
    UsageError, RunError
        If faces, occluders or models are missing, in the words of a build.
    """
    recipe.faces.align.check_models(workspace.data)
    faces = recipe.faces.open(workspace.data, workspace.cache, workspace.jobs)
    faces.check()
    open_network(recipe.faces, faces, workspace.data)
    ids = faces.ids()
    for options in recipe.occluders().values():
        options.check(workspace.data)
    schedule = Schedule([a_set.samples_per_face for a_set in recipe.sets], ids, count)
    shards = shard_count(len(schedule), recipe.output.shard_size)
    samples = schedule.samples_of_sets()
    side = recipe.faces.align.size or 1024
    output = recipe.output
    pixel = _BYTES_A_PIXEL[output.image.format] * (2 if output.clean else 1) + sum(
        _MASK_BYTES_A_PIXEL[mask] * (output.matte_bits / 8 if mask == "matte" else 1) for mask in set(output.masks)
    )
    return Expected(
        source=recipe.faces.source,
        faces=len(ids),
        sets=tuple(
            ExpectedSet(a_set.name, a_set.method, a_set.occluders.source if a_set.occluders else None, samples[index])
            for index, a_set in enumerate(recipe.sets)
        ),
        samples=len(schedule),
        shards=shards,
        bytes=int(len(schedule) * (side * side * pixel + _BYTES_A_RECORD)),
    )

"""natocc: occluded faces with exact masks.

Occlusion-aware face segmentation needs pictures of covered faces with masks of what is still visible. natocc makes them from
face datasets and occluders as their owners publish them, after T. Voo, L. Jiang, C. C. Loy, "Delving into High-Quality Synthetic
Face Occlusion Segmentation Datasets", CVPR Workshops 2022 (arXiv 2205.06218).

From Python: :func:`build` and :func:`preview` do what the commands do; :func:`occlude` and :class:`Occlude` work on arrays, in a
training loop, without any file; :func:`find_faces` and :func:`align` make of a photograph what they need. Each is imported when
it is first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

from natocc.core.versions import __version__ as __version__

if TYPE_CHECKING:
    from natocc.api import build, dry_run, open_occluders, preview
    from natocc.augment.occlude import as_cutout, occlude
    from natocc.augment.transform import Occlude
    from natocc.compose.rules import ComposeRules
    from natocc.core.errors import BadDataError, NatoccError, Reason, RecipeError, RunError, UsageError
    from natocc.core.plans import Plan
    from natocc.core.samples import AlignedFace, Composite, Cutout, FaceSample, Origin
    from natocc.core.seeds import generator
    from natocc.dataset.splits import Splits
    from natocc.exports.format import ExportOptions
    from natocc.faces.in_photograph import align, find_faces
    from natocc.faces.sources.base import FaceOptions, FaceSource
    from natocc.io.images import sha256
    from natocc.occluders.shapes.textures import TextureOptions
    from natocc.occluders.source import OccluderOptions, OccluderSource
    from natocc.plugins.options import Location
    from natocc.recipe.load import load_recipe
    from natocc.recipe.model import Recipe

_WHERE = {
    "AlignedFace": "core.samples",
    "BadDataError": "core.errors",
    "ComposeRules": "compose.rules",
    "Composite": "core.samples",
    "Cutout": "core.samples",
    "ExportOptions": "exports.format",
    "FaceOptions": "faces.sources.base",
    "FaceSample": "core.samples",
    "FaceSource": "faces.sources.base",
    "Location": "plugins.options",
    "NatoccError": "core.errors",
    "Occlude": "augment.transform",
    "OccluderOptions": "occluders.source",
    "OccluderSource": "occluders.source",
    "Origin": "core.samples",
    "Plan": "core.plans",
    "Reason": "core.errors",
    "Recipe": "recipe.model",
    "RecipeError": "core.errors",
    "RunError": "core.errors",
    "Splits": "dataset.splits",
    "TextureOptions": "occluders.shapes.textures",
    "UsageError": "core.errors",
    "align": "faces.in_photograph",
    "as_cutout": "augment.occlude",
    "build": "api",
    "dry_run": "api",
    "find_faces": "faces.in_photograph",
    "generator": "core.seeds",
    "load_recipe": "recipe.load",
    "occlude": "augment.occlude",
    "open_occluders": "api",
    "preview": "api",
    "sha256": "io.images",
}
"""Module of each name, below natocc."""

__all__ = [
    "AlignedFace",
    "BadDataError",
    "ComposeRules",
    "Composite",
    "Cutout",
    "ExportOptions",
    "FaceOptions",
    "FaceSample",
    "FaceSource",
    "Location",
    "NatoccError",
    "Occlude",
    "OccluderOptions",
    "OccluderSource",
    "Origin",
    "Plan",
    "Reason",
    "Recipe",
    "RecipeError",
    "RunError",
    "Splits",
    "TextureOptions",
    "UsageError",
    "align",
    "as_cutout",
    "build",
    "dry_run",
    "find_faces",
    "generator",
    "load_recipe",
    "occlude",
    "open_occluders",
    "preview",
    "sha256",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'natocc' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"natocc.{_WHERE[name]}"), name)
    globals()[name] = value  # the next time it is found without this function
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

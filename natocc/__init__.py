"""natocc: occluded faces with exact masks.

Occlusion-aware face segmentation needs pictures of covered faces with the mask of what is still visible. natocc makes them from
face datasets and occluders as their owners publish them, after T. Voo, L. Jiang, C. C. Loy, "Delving into High-Quality Synthetic
Face Occlusion Segmentation Datasets", CVPR Workshops 2022 (arXiv 2205.06218).

From Python: :func:`build` and :func:`preview` do what the commands do; :func:`occlude` and :class:`Occlude` work on arrays, in a
training loop, without any file. Each is imported when it is first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

from natocc.versions import __version__

if TYPE_CHECKING:
    from natocc.api import build, open_occluders, preview
    from natocc.arrays import as_cutout, occlude
    from natocc.compose.plan import ComposeRules
    from natocc.errors import BadDataError, NatoccError, RecipeError, RunError, UsageError
    from natocc.recipe import Recipe, load_recipe
    from natocc.samples import Composite, Cutout, Origin
    from natocc.seeds import generator
    from natocc.transform import Occlude

_WHERE = {
    "BadDataError": "errors",
    "ComposeRules": "compose.plan",
    "Composite": "samples",
    "Cutout": "samples",
    "NatoccError": "errors",
    "Occlude": "transform",
    "Origin": "samples",
    "Recipe": "recipe",
    "RecipeError": "errors",
    "RunError": "errors",
    "UsageError": "errors",
    "as_cutout": "arrays",
    "build": "api",
    "generator": "seeds",
    "load_recipe": "recipe",
    "occlude": "arrays",
    "open_occluders": "api",
    "preview": "api",
}
"""Module of each name, below natocc."""

__all__ = [
    "BadDataError",
    "ComposeRules",
    "Composite",
    "Cutout",
    "NatoccError",
    "Occlude",
    "Origin",
    "Recipe",
    "RecipeError",
    "RunError",
    "UsageError",
    "__version__",
    "as_cutout",
    "build",
    "generator",
    "load_recipe",
    "occlude",
    "open_occluders",
    "preview",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'natocc' has no attribute {name!r}")
    found = getattr(importlib.import_module(f"natocc.{_WHERE[name]}"), name)
    globals()[name] = found  # the next time it is there
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Where cutouts come from. A source is one file and one line in a table here, or in another package's entry points.

Those are ``natocc.occluders`` (a :class:`natocc.occluders.source.OccluderOptions`) and ``natocc.textures`` (a
:class:`natocc.occluders.shapes.textures.TextureOptions`).
"""

from typing import Any

from natocc.plugins.table import Table

SOURCES = Table[type[Any]](
    "natocc.occluders",
    {
        "coco": "natocc.occluders.coco.source:CocoOptions",
        "cutouts": "natocc.occluders.cutout_files:CutoutsOptions",
        "hands": "natocc.occluders.hands.source:HandsOptions",
        "shapes": "natocc.occluders.shapes.source:ShapesOptions",
    },
)
"""Name in a recipe's ``occluders`` to ``module:OptionsClass``."""

TEXTURES = Table[type[Any]](
    "natocc.textures",
    {
        "flat": "natocc.occluders.shapes.procedural:FlatOptions",
        "mix": "natocc.occluders.shapes.procedural:MixOptions",
        "noise": "natocc.occluders.shapes.procedural:NoiseOptions",
        "textures": "natocc.occluders.shapes.textures:TexturesOptions",
    },
)
"""Name in the ``textures`` of shapes to ``module:OptionsClass``."""

"""Where cutouts come from. A source is one file and one line in a table here, or in another package's entry points.

Those are ``natocc.occluders`` (a :class:`natocc.occluders.source.OccluderOptions`) and ``natocc.textures`` (a
:class:`natocc.occluders.shapes.textures.TextureOptions`).
"""

from typing import Any

from natocc.plugins.table import Table

SOURCES = Table[type[Any]](
    "natocc.occluders",
    {
        "coco": "natocc.occluders.coco.source:CocoOccluders",
        "cutouts": "natocc.occluders.cutout_files:CutoutsOccluders",
        "hair": "natocc.occluders.hair.source:HairOccluders",
        "hands": "natocc.occluders.hands.source:HandsOccluders",
        "shapes": "natocc.occluders.shapes.source:ShapesOccluders",
        "veils": "natocc.occluders.veils.source:VeilOccluders",
        "worn": "natocc.occluders.worn.source:WornOccluders",
    },
)
"""Name in a recipe's ``occluders`` to ``module:class`` of its options."""

TEXTURES = Table[type[Any]](
    "natocc.textures",
    {
        "flat": "natocc.occluders.shapes.procedural:FlatTextures",
        "mix": "natocc.occluders.shapes.procedural:MixedTextures",
        "noise": "natocc.occluders.shapes.procedural:NoiseTextures",
        "textures": "natocc.occluders.shapes.textures:PictureTextures",
    },
)
"""Name in the ``textures`` of shapes to ``module:class`` of its options."""

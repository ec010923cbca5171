"""Where cutouts come from. A source is one file and one line in a table here."""

SOURCES = {
    "coco": "natocc.occluders.coco:CocoOptions",
    "cutouts": "natocc.occluders.cutout_files:CutoutsOptions",
    "hands": "natocc.occluders.hands:HandsOptions",
    "shapes": "natocc.occluders.shapes:ShapesOptions",
}
"""Name in a recipe's ``occluders`` to ``module:OptionsClass``."""

TEXTURES = {
    "flat": "natocc.occluders.procedural:FlatOptions",
    "mix": "natocc.occluders.procedural:MixOptions",
    "noise": "natocc.occluders.procedural:NoiseOptions",
    "textures": "natocc.occluders.textures:TexturesOptions",
}
"""Name in the ``textures`` of shapes to ``module:OptionsClass``."""

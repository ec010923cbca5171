"""Where faces come from, and how they are aligned.

A new source is one file with its options (a :class:`natocc.faces.sources.base.FaceOptions`) and one line in this table, or in
another package's entry points ``natocc.faces``.
"""

from typing import Any

from natocc.plugins.table import Table

SOURCES = Table[type[Any]](
    "natocc.faces",
    {
        "celebamask": "natocc.faces.sources.celebamask:CelebAMaskFaces",
        "folder": "natocc.faces.sources.folder:FolderFaces",
        "labelled": "natocc.faces.sources.labelled:LabelledFaces",
        "portraits": "natocc.faces.sources.portraits:PortraitsFaces",
    },
)
"""Name in a recipe to ``module:Class``, imported only when it is named."""

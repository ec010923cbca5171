"""Where faces come from, and how they are aligned.

A new source is one file with its options (a :class:`natocc.faces.source.FaceOptions`) and one line in this table, or in another
package's entry points ``natocc.faces``.
"""

from typing import Any

from natocc.plugins import Table

SOURCES = Table[type[Any]](
    "natocc.faces",
    {
        "celebamask": "natocc.faces.celebamask:CelebAMaskOptions",
        "folder": "natocc.faces.folder:FolderOptions",
        "labelled": "natocc.faces.labelled:LabelledOptions",
        "portraits": "natocc.faces.portraits:PortraitsOptions",
    },
)
"""Name in a recipe to ``module:Class``, imported only when it is named."""

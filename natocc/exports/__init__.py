"""The same dataset as other tools read it.

A new format is one file with its options (an :class:`natocc.exports.format.ExportOptions`) and one line in this table, or in
another package's entry points ``natocc.exports``.
"""

from typing import Any

from natocc.plugins.table import Table

FORMATS = Table[type[Any]](
    "natocc.exports",
    {
        "celebamask": "natocc.exports.celebamask:CelebAMaskExport",
        "coco": "natocc.exports.coco:CocoExport",
        "hf": "natocc.exports.hf:HuggingFaceExport",
        "lapa": "natocc.exports.lapa:LaPaExport",
        "mmseg": "natocc.exports.mmseg:MmsegExport",
        "torch": "natocc.exports.pytorch:TorchExport",
        "voc": "natocc.exports.voc:VocExport",
        "webdataset": "natocc.exports.webdataset:WebDatasetExport",
        "yolo-pose": "natocc.exports.yolo_pose:YoloPoseExport",
        "yolo-seg": "natocc.exports.yolo:YoloExport",
    },
)
"""Name on the command line to ``module:Class``, imported only when it is named."""

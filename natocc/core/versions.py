"""Versions of what decides the bytes; read from the packages' files, so that none is imported."""

from __future__ import annotations

import importlib.util
import platform
import re
from pathlib import Path

__version__ = "0.1.0"

_FLAG = re.compile(r"^(\w+) = \"?([^\s\"]+)", re.MULTILINE)


def versions() -> dict[str, str]:
    """Versions that decide the bytes: of Python, of the machine's kind, and of packages."""
    from importlib.metadata import version

    packages = {name: version(name) for name in ("dlib-bin", "numpy", "pillow", "pycocotools", "simplejpeg")}
    packages |= [opencv()]
    ordered = {name: packages[name] for name in sorted(packages)}
    return {"python": platform.python_version(), "machine": platform.machine(), **ordered}


def opencv() -> tuple[str, str]:
    """Name and version of the package that ``import cv2`` finds.

    Several of them may be installed, since others ask for ``opencv-python``: they share one folder, and the last one to be
    installed is what runs.
    """
    spec = importlib.util.find_spec("cv2")
    file = Path(spec.origin).parent / "version.py" if spec and spec.origin else None
    if file is None or not file.is_file():  # a system's own
        import cv2

        return "opencv", str(cv2.__version__)
    told = dict(_FLAG.findall(file.read_text(encoding="utf-8")))
    parts = ("opencv", *(["contrib"] if told.get("contrib") == "True" else []), "python")
    return "-".join([*parts, *(["headless"] if told.get("headless") == "True" else [])]), told["opencv_version"]

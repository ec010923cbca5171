"""Versions of what decides the bytes; read from the packages' metadata, so that none is imported."""

from __future__ import annotations

import platform

__version__ = "0.1.0"


def versions() -> dict[str, str]:
    """Versions that decide the bytes: of Python, of the machine's kind, and of packages."""
    from importlib.metadata import version

    packages = ("dlib-bin", "numpy", "opencv-python-headless", "pillow", "pycocotools", "simplejpeg")
    return {"python": platform.python_version(), "machine": platform.machine(), **{name: version(name) for name in packages}}

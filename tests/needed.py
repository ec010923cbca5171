"""What a test needs beside natocc: where it is missing the test is skipped with a reason, and fails in CI."""

from __future__ import annotations

import importlib.util
import os
from typing import NoReturn

import pytest


def missing(message: str) -> NoReturn:
    """Skip the test that asks; in CI, where everything has to run, fail it."""
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def need(*modules: str) -> None:
    """Go on only where all of these can be imported."""
    absent = [module for module in modules if importlib.util.find_spec(module) is None]
    if absent:
        missing(f"not installed: {', '.join(absent)}")


def need_torchvision() -> None:
    """Go on only where torchvision is; one that was built for another PyTorch serves, too, as for training."""
    need("torch", "torchvision")
    from natocc.training.packages import import_torchvision

    import_torchvision()

"""The packages that training needs, imported where they are used, and quiet."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import re
import warnings
from collections.abc import Iterator
from types import ModuleType

from natocc.core.errors import RunError

PACKAGES = ("torch", "lightning", "segmentation-models-pytorch", "timm", "torchvision", "onnx")
"""Those whose versions decide the numbers, with those that decide the bytes."""

_USERS_OF_TORCHVISION = ("lightning", "segmentation_models_pytorch", "timm")
_ABSENT_OPERATOR = re.compile(r"operator (torchvision::\w+) does not exist")
_MOST_OPERATORS = 20


def needed(name: str) -> ModuleType:
    """A module of the extra ``benchmark``.

    Raises
    ------
    RunError
        If it cannot be imported; says what to install.
    """
    try:
        with quiet():
            if name.partition(".")[0] in _USERS_OF_TORCHVISION and importlib.util.find_spec("torchvision"):
                import_torchvision()  # before they do
            return importlib.import_module(name)
    except ImportError as error:
        raise RunError(f"training needs {name}, which cannot be imported ({error}): pip install 'natocc[benchmark]'") from None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Within the block these packages say nothing of themselves."""
    loggers = [
        logging.getLogger(name) for name in ("lightning", "lightning.pytorch", "lightning.fabric", "torch.onnx", "onnxscript")
    ]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def versions_used() -> dict[str, str]:
    """Versions of :data:`PACKAGES` that are installed."""
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def import_torchvision() -> None:
    """Import it even where its compiled operators do not fit PyTorch, as beside PyTorch's CPU build: networks need none of them.

    Its Python part registers shapes for operators that are then absent; they are declared, never called.
    """
    torch = needed("torch")
    for _ in range(_MOST_OPERATORS):
        try:
            importlib.import_module("torchvision")
            return
        except RuntimeError as error:
            absent = _ABSENT_OPERATOR.search(str(error))
            if absent is None:
                raise ImportError(f"torchvision: {error}") from None
            torch.library.define(absent[1], "(Tensor boxes) -> Tensor")

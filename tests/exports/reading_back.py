"""What was read back against what natocc wrote."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from click.testing import CliRunner, Result
from needed import missing

from natocc.cli import main
from natocc.exports.reader import SourceSample
from natocc.io.images import read_labels, read_rgb


def same_pixels(
    sample: SourceSample, image: npt.NDArray[Any] | None, mask: npt.NDArray[Any] | None, folder: str = "masks"
) -> None:
    """Picture and label map are the sample's, pixel by pixel."""
    if image is not None:
        assert np.array_equal(image, read_rgb(sample.files["images"])[0])
    if mask is not None:
        assert mask.dtype == np.uint8
        assert np.array_equal(mask, read_labels(sample.files[folder]))


def same_but_for_a_pixel(mask: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]) -> None:
    """For readers that round what they should cut off: nothing is wrong but along the edges."""
    wrong, edges = mask != wanted, cv2.morphologyEx(wanted.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    assert not (wrong & (edges == 0)).any()


def invoke(*arguments: object, code: int = 0) -> Result:
    """``natocc`` in this process."""
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exit_code == code, done.output
    return done


def needs(name: str) -> Any:
    """A package that reads an export back; without it the test skips, and fails where nothing may be missing."""
    try:
        module: ModuleType = importlib.import_module(name)
    except ImportError:
        missing(f"no package {name}, which reads this export back")
    return module

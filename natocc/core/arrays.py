"""Whether arrays are what they are said to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def check_image(name: str, array: npt.NDArray[Any]) -> None:
    """Refuse, with a ValueError, what is not a picture: (H, W, 3) uint8."""
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
        raise ValueError(f"{name} must be (H, W, 3) uint8, got {array.shape} {array.dtype}")


def check_plane(name: str, array: npt.NDArray[Any], shape: tuple[int, ...]) -> None:
    """Refuse, with a ValueError, what is not uint8 of that shape."""
    if array.shape != shape or array.dtype != np.uint8:
        raise ValueError(f"{name} must be {shape} uint8, got {array.shape} {array.dtype}")


def check_mask(name: str, array: npt.NDArray[Any], shape: tuple[int, ...]) -> None:
    """Refuse, with a ValueError, what is not uint8 of that shape, 0 and 1 only."""
    check_plane(name, array, shape)
    if array.max(initial=0) > 1:
        raise ValueError(f"{name} must hold 0 and 1 only, got {int(array.max())}")


def check_landmarks(points_xy: npt.NDArray[Any]) -> None:
    """Refuse, with a ValueError, what is not points, or has some that lie nowhere."""
    if points_xy.ndim != 2 or points_xy.shape[1] != 2 or not np.isfinite(points_xy).all():
        raise ValueError(f"landmarks_xy must be finite and (68, 2) or (5, 2), got {points_xy.shape}")

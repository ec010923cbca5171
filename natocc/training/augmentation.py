"""Pictures and their targets, turned and recoloured together; depends on the Generator alone."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import Image
from natocc.io.images import decode_rgb, encode_jpeg
from natocc.training.options import Augmentation

Plane: TypeAlias = npt.NDArray[np.float32]


def augmented(
    image: Image, target: Plane, known: Plane, options: Augmentation, rng: np.random.Generator
) -> tuple[Image, Plane, Plane]:
    """One picture as it is trained on.

    Parameters
    ----------
    image : (S, S, 3) uint8
        sRGB.
    target, known : (S, S) float32
        Share of each pixel that is face, and share that is known, in [0, 1].
    options : Augmentation
        The limits.
    rng : numpy.random.Generator
        Draws within them.

    Returns
    -------
    image, target, known
        New arrays of the same shapes; what comes from beyond the picture repeats its edge.
    """
    matrix = _matrix(image.shape[0], options, rng)
    if not np.array_equal(matrix, np.eye(2, 3)):
        image, target, known = _warped(image, matrix), _warped(target, matrix), _warped(known, matrix)
    return _recoloured(image, options, rng), target, known


def _matrix(side: int, options: Augmentation, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """(2, 3): pixels of the picture to pixels of what is made of it, around the middle."""
    mirrored = rng.random() < options.flip
    angle = math.radians(rng.uniform(-options.rotate, options.rotate))
    scale = math.exp(rng.uniform(math.log(options.scale[0]), math.log(options.scale[1])))
    shift = side * rng.uniform(-options.shift, options.shift, 2)
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    turn = turn @ np.diag([-1.0 if mirrored else 1.0, 1.0])
    middle = np.full(2, (side - 1) / 2)
    return np.column_stack([turn, middle - turn @ middle + shift])


def _warped(plane: npt.NDArray[Any], matrix: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    size = plane.shape[1], plane.shape[0]
    return np.asarray(cv2.warpAffine(plane, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _recoloured(image: Image, options: Augmentation, rng: np.random.Generator) -> Image:
    """Blurred as a lens would, then as a camera's colours and noise, then as a file."""
    sigma = rng.uniform(0, options.blur) if rng.random() < 0.5 else 0.0
    values = image.astype(np.float32) / 255
    if sigma > 0.05:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), dtype=np.float32)
    saturation = 0.0 if rng.random() < options.grey else 1 + rng.uniform(-options.saturation, options.saturation)
    grey = values @ np.array([0.299, 0.587, 0.114], np.float32)
    values = grey[..., None] + (values - grey[..., None]) * np.float32(saturation)
    contrast, brightness = 1 + rng.uniform(-options.contrast, options.contrast), rng.uniform(-1, 1) * options.brightness
    values = (values - values.mean()) * np.float32(contrast) + values.mean() + np.float32(brightness)
    if options.noise > 0:
        values = values + rng.uniform(0, options.noise) * rng.standard_normal(values.shape, dtype=np.float32)
    made: Image = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    if options.jpeg is not None:
        quality = int(rng.integers(options.jpeg[0], options.jpeg[1] + 1))
        made = decode_rgb(encode_jpeg(made, quality), "a picture compressed once more")
    return made

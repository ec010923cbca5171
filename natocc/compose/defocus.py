"""Blur that an occluder has and the face has not: it is nearer than what is in focus, or it moves."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.colour_spaces import LINEAR, to_levels
from natocc.compose.optics import OpticsRule
from natocc.compose.warp import Layer
from natocc.core.samples import Mask
from natocc.plugins.ranges import uniform

Kernel = npt.NDArray[np.float32]

_FINER = 8  # times, per side: kernels are drawn finer than pixels and averaged
_STEPS = 8192  # of linear light
_LEVELS = to_levels(np.arange(_STEPS + 1) / _STEPS)


def draw_defocus(rng: np.random.Generator, rule: OpticsRule, face_mask: Mask) -> float:
    """Draw the radius of the disc that a point becomes, px; 0 in focus. Nothing is drawn where the probability is 0."""
    if rule.defocus == 0:
        return 0.0
    chance, radius = rng.random(), uniform(rng, rule.defocus_radius)
    return round(radius * _width(face_mask), 2) if chance < rule.defocus else 0.0


def draw_motion(rng: np.random.Generator, rule: OpticsRule, face_mask: Mask) -> tuple[float, float]:
    """Draw how far an occluder moves while the shutter is open, px to the right and down; nothing where none ever does."""
    if rule.motion == 0:
        return 0.0, 0.0
    chance, length, turn = rng.random(), uniform(rng, rule.motion_length) * _width(face_mask), rng.uniform(0, math.pi)
    return (round(length * math.cos(turn), 2), round(length * math.sin(turn), 2)) if chance < rule.motion else (0.0, 0.0)


def out_of_focus(layer: Layer, radius: float, motion: tuple[float, float], shape: tuple[int, int]) -> Layer:
    """An occluder blurred by a lens and by its motion: colour, weighted by coverage and in linear light, and matte alike.

    Parameters
    ----------
    layer : Layer
        The occluder.
    radius : float
        Of the disc that a point becomes, px.
    motion : (float, float)
        Way while the shutter is open, px to the right and down.
    shape : (int, int)
        Height and width of the face's picture.

    Returns
    -------
    blurred : Layer
        In a larger box, as far as the picture reaches. The input itself where there is no blur. Straight edges keep their
        half-covered line.
    """
    kernels = [kernel for kernel in (disc(radius), streak(*motion)) if kernel.size > 1]
    if not kernels:
        return layer
    rows, columns = (sum(kernel.shape[axis] // 2 for kernel in kernels) for axis in (0, 1))
    height, width = layer.matte.shape
    above, before = min(rows, layer.top), min(columns, layer.left)
    sides = (above, min(rows, shape[0] - layer.top - height), before, min(columns, shape[1] - layer.left - width))
    matte = cv2.copyMakeBorder(layer.matte, *sides, cv2.BORDER_CONSTANT, value=0)
    foreground = cv2.copyMakeBorder(layer.foreground, *sides, cv2.BORDER_REPLICATE)
    covered = np.asarray(matte / np.float32(255), np.float32)
    light = cv2.merge([*(plane * covered for plane in cv2.split(cv2.LUT(foreground, LINEAR))), covered])
    for kernel in kernels:
        light = cv2.filter2D(light, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    *colours, coverage = cv2.split(light)
    places = cv2.merge(colours) * (_STEPS / np.maximum(coverage, 1e-6))[..., None]
    blurred = _LEVELS[np.rint(places.clip(0, _STEPS)).astype(np.intp)]
    shown = np.rint(coverage.clip(0, 1) * 255).astype(np.uint8)
    return Layer(layer.left - before, layer.top - above, np.where(shown[..., None] > 0, blurred, foreground), shown)


def disc(radius: float) -> Kernel:
    """The picture of a point out of focus: a disc of a radius in px, its sum 1; of one pixel where it is smaller than that."""
    reach = math.ceil(max(radius - 0.5, 0))
    places = (np.arange(_FINER * (2 * reach + 1)) + 0.5) / _FINER - reach - 0.5
    inside = np.hypot(places, places[:, None]) <= max(radius, 0.5)
    return _averaged(inside.astype(np.float32))


def streak(x: float, y: float) -> Kernel:
    """The picture of a point that moves by x and y px, centred: a line, its sum 1; of one pixel where it hardly moves."""
    length = math.hypot(x, y)
    if length < 0.5:
        return np.ones((1, 1), np.float32)
    across, down = math.ceil(abs(x) / 2), math.ceil(abs(y) / 2)
    kernel = np.zeros((2 * down + 3, 2 * across + 3), np.float32)
    for share in np.linspace(-0.5, 0.5, math.ceil(2 * length) + 1):
        at_x, at_y = across + 1 + share * x, down + 1 + share * y
        left, top = math.floor(at_x), math.floor(at_y)
        right, low = at_x - left, at_y - top
        kernel[top : top + 2, left : left + 2] += np.outer([1 - low, low], [1 - right, right]).astype(np.float32)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _averaged(fine: Kernel) -> Kernel:
    side = fine.shape[0] // _FINER
    kernel = fine.reshape(side, _FINER, side, _FINER).mean(axis=(1, 3))
    return np.asarray(kernel / kernel.sum(), np.float32)


def _width(face_mask: Mask) -> int:
    return int(cv2.boundingRect(face_mask)[2])

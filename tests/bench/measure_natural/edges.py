"""Edges of occluders on faces: whether a classifier tells ours from those in photographs, by square patches across them.

A patch is centred on the edge and turned so that the occluder lies on its left: where it is on the face does not give it away.
Labels of photographs are drawn by hand, 2 px off and turned by some degrees; ours are made so, and then all are moved to the
steepest place nearby. So a classifier sees what is on the two sides, in colour, and how one becomes the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from measure_natural.contour import Flags, Float, borders
from measure_natural.shown import Shown
from natocc.compose.colour_spaces import to_lab

SIZES = (33, 65)  # px
PATCHES = 24  # of a picture
OFF, TURNED = 2.0, 5.0  # px, degrees: standard error of lines that are drawn by hand
SNAP = 3  # px
FILLED = 0.7  # of each side of a patch: occluder, visible face
PLAIN = 1.5  # px: the steepest place is that of a picture blurred so
FOLDS = 5
PULL = 0.05  # of the classifier: the inverse of its ridge


def on_contour(picture: Shown, size: int, rng: np.random.Generator, exact: bool) -> Float:
    """(n, k) what patches across the contour show; `exact` where the labels are not drawn by hand."""
    at, outward = borders(picture.face, picture.occluder)
    order = rng.permutation(len(at))[: 8 * PATCHES]
    at, outward = at[order], outward[order]
    if exact:
        at = at + outward * rng.normal(0, OFF, (len(at), 1)).clip(-2 * OFF, 2 * OFF)
        outward = _turn(outward, np.radians(rng.normal(0, TURNED, len(at))))
    return _looked_at(picture, at, outward, size, True)


def elsewhere(picture: Shown, size: int, rng: np.random.Generator) -> Float:
    """(n, k) what patches on the visible face show that the occluder does not reach, turned at random."""
    room = int(np.ceil(size / np.sqrt(2)))
    taken = cv2.dilate((picture.occluder > 0).astype(np.uint8), np.ones((2 * room + 1,) * 2, np.uint8))
    at = np.argwhere((picture.face == 1) & (taken == 0))
    at = at[rng.permutation(len(at))[: 8 * PATCHES]].astype(np.float64)
    angle = rng.uniform(0, 2 * np.pi, len(at))
    return _looked_at(picture, at, np.stack([np.sin(angle), np.cos(angle)], axis=1), size, False)


def area_under_curve(real: Sequence[Float], ours: Sequence[Float], pictures: Sequence[str], rounds: int = 3) -> float:
    """Area under the ROC curve of a classifier on patches of pictures that it was not trained on.

    The classifier is linear: with so few photographs, trees and networks tell no more, and less steadily.

    Parameters
    ----------
    real, ours : sequences of (n, k) float64
        What the patches of each picture show.
    pictures : sequence of str
        Of the real ones, then of ours: what has the same name lies in one fold.
    rounds : int
        Of cross-validation, with other folds each; the mean is returned.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    counts = [len(each) for each in (*real, *ours)]
    shown, groups = np.concatenate([each for each in (*real, *ours) if len(each)]), np.repeat(np.array(pictures), counts)
    truth = np.repeat([1] * len(real) + [0] * len(ours), counts)
    areas = []
    for seed in range(rounds):
        told = np.zeros(len(truth))
        for train, test in StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(shown, truth, groups):
            model = make_pipeline(StandardScaler(), LogisticRegression(C=PULL, max_iter=500, class_weight="balanced"))
            told[test] = model.fit(shown[train], truth[train]).decision_function(shown[test])
        areas.append(roc_auc_score(truth, told))
    return float(np.mean(areas))


def _looked_at(picture: Shown, at: Float, outward: Float, size: int, between: bool) -> Float:
    """Descriptions of at most :data:`PATCHES` patches, moved to the steepest place across them; `between` occluder and face."""
    half = size // 2
    lab = to_lab(picture.image)
    smooth = cv2.GaussianBlur(lab, (0, 0), PLAIN)
    if len(at) == 0:
        return np.empty((0, 0))
    search = np.arange(-SNAP - 1, SNAP + 2)
    rows, columns = _places(at, outward, search, np.arange(-3, 4))
    profile = _sampled(smooth, rows, columns).mean(axis=1)
    steep = np.linalg.norm(profile[:, 2:] - profile[:, :-2], axis=2)
    at = at + outward * search[1:-1][steep.argmax(axis=1)][:, None]

    across, along = np.arange(-half, half + 1), np.arange(-half, half + 1)
    chosen = np.flatnonzero(_filled(picture, at, outward, half, between))[:PATCHES]
    if len(chosen) == 0:
        return np.empty((0, 0))
    rows, columns = _places(at[chosen], outward[chosen], across, along)
    lightness = np.ascontiguousarray(lab[..., 0])
    grain = np.abs(lab - cv2.GaussianBlur(lab, (0, 0), 1.0))
    slopes = [cv2.GaussianBlur(lightness, (0, 0), sigma) for sigma in (0.7, 1.5, 3.0)]
    steepness = np.dstack([np.hypot(cv2.Sobel(each, cv2.CV_32F, 1, 0), cv2.Sobel(each, cv2.CV_32F, 0, 1)) for each in slopes])
    return _described(_sampled(lab, rows, columns), _sampled(grain, rows, columns), _sampled(steepness, rows, columns))


def _filled(picture: Shown, at: Float, outward: Float, half: int, between: bool) -> Flags:
    """(n,) which patches lie within the picture, with enough of what their sides should show."""
    across = np.linspace(-half, half, 13)
    rows, columns = _places(at, outward, across, across)
    height, width = picture.face.shape
    within = (rows.min((1, 2)) >= 0) & (columns.min((1, 2)) >= 0)
    within &= (rows.max((1, 2)) <= height - 1) & (columns.max((1, 2)) <= width - 1)
    face, occluder = (_nearest(mask, rows, columns) == 1 for mask in (picture.face, picture.occluder))
    behind, before = face[:, :, across > SNAP], (occluder if between else face)[:, :, across < -SNAP]
    return within & (behind.mean((1, 2)) >= FILLED) & (before.mean((1, 2)) >= FILLED)


def _described(colour: Float, grain: Float, steepness: Float) -> Float:
    """(n, k) numbers of patches (n, size, size, 3): along the edge, across it from the occluder to the face, CIELAB."""
    half = colour.shape[1] // 2
    across, unit = np.arange(-half, half + 1), half / 16
    bands = [(across >= low * unit) & (across <= high * unit) for low, high in ((-16, -9), (-8, -3), (3, 8), (9, 16))]
    rows = slice(half - half // 2, half + half // 2 + 1)
    within, beside = colour[:, rows], [colour[:, rows][:, :, band] for band in bands]
    far_on, on, off, far_off = (each.mean((1, 2)) for each in beside)
    step = np.linalg.norm(on - off, axis=1)
    apart = step[:, None] + 3
    profile = within.mean(axis=1)
    middle = np.abs(across) <= 6
    axis = (off - on) / apart
    moved = profile[:, middle] - on[:, None]
    share = np.einsum("nkc,nc->nk", moved, axis) / apart
    aside = np.linalg.norm(moved - (share * apart)[..., None] * axis[:, None], axis=2) / apart
    ragged = np.linalg.norm(within[:, :, np.abs(across) <= 3].std(axis=1), axis=2) / apart
    close = profile[:, np.abs(across) <= 4, 0]
    darker = close.min(axis=1) - np.minimum(on[:, 0], off[:, 0])
    lighter = close.max(axis=1) - np.maximum(on[:, 0], off[:, 0])
    spread = [np.log(each.std((1, 2)) + 0.2) for each in beside]
    grains = [np.log(grain[:, rows][:, :, band].mean((1, 2)) + 0.05) for band in (*bands, np.abs(across) <= 2)]
    steeps = [np.log(steepness[:, rows][:, :, band].mean((1, 2)) + 0.1) for band in bands]
    return np.column_stack(
        [
            *(on, off, on - off, far_on - on, far_off - off, np.log(step + 1)),
            *(share, aside, ragged, darker, lighter),
            *spread,
            *grains,
            *(grains[1] - grains[2], spread[1] - spread[2]),
            *steeps,
        ]
    )


def _places(at: Float, outward: Float, across: npt.NDArray[Any], along: npt.NDArray[Any]) -> tuple[Float, Float]:
    """Rows and columns (n, along, across) of patches."""
    down, right = (outward[:, axis, None, None] for axis in (0, 1))
    rows = at[:, 0, None, None] + down * across - right * along[:, None]
    columns = at[:, 1, None, None] + right * across + down * along[:, None]
    return rows, columns


def _sampled(planes: npt.NDArray[np.float32], rows: Float, columns: Float) -> Float:
    flat = [np.ascontiguousarray(each.reshape(-1, rows.shape[2]), dtype=np.float32) for each in (columns, rows)]
    taken = cv2.remap(planes, *flat, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return taken.reshape(*rows.shape, planes.shape[2]).astype(np.float64)


def _nearest(mask: npt.NDArray[np.uint8], rows: Float, columns: Float) -> npt.NDArray[np.uint8]:
    height, width = mask.shape
    return mask[np.rint(rows).astype(int).clip(0, height - 1), np.rint(columns).astype(int).clip(0, width - 1)]


def _turn(direction: Float, angle: Float) -> Float:
    cosine, sine = np.cos(angle), np.sin(angle)
    down, right = direction.T
    return np.stack([cosine * down + sine * right, cosine * right - sine * down], axis=1)

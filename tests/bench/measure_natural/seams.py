"""Seams: whether a small classifier tells the boundary of an occluder from the edges that a photograph has anyway.

At points along the boundary, and at edges elsewhere on the same picture (on the occluder too) whose two sides have as much
contrast and are as uneven, a strip of 19 px across the edge and 9 px along it is looked at: what its noise, its gradient and its
colours do between the two sides. That is local and says nothing of what the object is. A classifier that cannot tell the two
kinds apart has an AUC of 0.5; how well it tells the boundaries of objects that really are there, in photographs that nobody
touched, is what can be asked for.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

REACH, HALF = 9, 4  # px across and along the edge, each way
POINTS = 24
_CANDIDATES = 2000
_CLEAR = 14  # px between what is elsewhere and the boundary
_COARSE = 2.0  # px
_SNAP = 2  # px
_ALIKE = 4
_LEAST = 0.4  # levels a pixel: what has no edge at all is not looked at

Points = npt.NDArray[np.float64]
Plane = npt.NDArray[np.float32]


def strips(matte: npt.NDArray[np.uint8], image: npt.NDArray[np.uint8], rng: np.random.Generator) -> Points:
    """(2 n, k) what n edges along a matte's boundary show, then n alike elsewhere; none where there are few.

    Parameters
    ----------
    matte : (H, W) uint8
        Of the occluder.
    image : (H, W, 3) uint8
        With the occluder on it.
    rng : numpy.random.Generator
        Draws the points.
    """
    inside = (matte >= 128).astype(np.uint8)
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), _COARSE)
    across, down = cv2.Scharr(grey, cv2.CV_32F, 1, 0) / 32, cv2.Scharr(grey, cv2.CV_32F, 0, 1) / 32
    steep = np.asarray(np.hypot(across, down), dtype=np.float32)
    # The steepest pixel nearby: of a boundary that was drawn a pixel off, and of an edge elsewhere alike.
    highest = steep >= cv2.dilate(steep, np.ones((2 * _SNAP + 1, 2 * _SNAP + 1), np.uint8))
    room = np.zeros(inside.shape, np.bool_)
    room[REACH + 3 : -REACH - 3, REACH + 3 : -REACH - 3] = True
    contour = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    distance = cv2.distanceTransform(1 - contour, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    usable = highest & room & (steep > _LEAST)
    on, off = np.argwhere(usable & (distance <= _SNAP)), np.argwhere(usable & (distance > _CLEAR))
    if len(on) < POINTS or len(off) < POINTS:
        return np.empty((0, 0))
    on = on[rng.choice(len(on), POINTS, replace=False)]
    off = off[rng.choice(len(off), min(_CANDIDATES, len(off)), replace=False)]
    at = np.concatenate([on, off])
    direction = np.arctan2(down[at[:, 0], at[:, 1]], across[at[:, 0], at[:, 1]])
    shown, sides = _described(image, at.astype(np.float64), direction.astype(np.float64))
    sides = sides / sides[POINTS:].std(axis=0).clip(1e-3)
    matched = []
    for each in sides[:POINTS]:
        apart = np.linalg.norm(sides[POINTS:] - each, axis=1)
        matched.append(POINTS + int(rng.choice(np.argsort(apart, kind="stable")[:_ALIKE])))
    return shown[[*range(POINTS), *matched]]


def _described(image: npt.NDArray[np.uint8], at: Points, direction: Points) -> tuple[Points, Points]:
    """What the strips at (n, 2) row, column, from dark to light along (n,) directions, show.

    Returns
    -------
    shown : (n, k) float64
        What is between the two sides: colours, gradient, noise, against those of the sides.
    sides : (n, 5) float64
        Contrast between the sides, unevenness of each along and across the edge: by which strips are alike.
    """
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    residual = np.ascontiguousarray(lab[..., 0]) - cv2.GaussianBlur(lab[..., 0], (0, 0), 1.0)
    step, side = np.arange(-REACH, REACH + 1), np.arange(-HALF, HALF + 1)
    cosine, sine = np.cos(direction)[:, None, None], np.sin(direction)[:, None, None]
    columns = at[:, 1, None, None] + cosine * step - sine * side[:, None]
    rows = at[:, 0, None, None] + sine * step + cosine * side[:, None]
    shape = (len(at), len(side), len(step))
    maps = [np.ascontiguousarray(each.reshape(-1, len(step)), dtype=np.float32) for each in (columns, rows)]
    colour = cv2.remap(lab, *maps, cv2.INTER_LINEAR).reshape(*shape, 3).astype(np.float64)
    nearest = [np.ascontiguousarray(np.rint(each)) for each in maps]  # noise would be smoothed between pixels
    noise = np.abs(cv2.remap(residual, *nearest, cv2.INTER_NEAREST).reshape(shape)).astype(np.float64)

    on_dark, on_light, middle = slice(None, REACH - 3), slice(REACH + 4, None), slice(REACH - 3, REACH + 4)
    profile = colour.mean(axis=1)
    dark, light = profile[:, on_dark].mean(axis=1), profile[:, on_light].mean(axis=1)
    between = light - dark
    apart = np.linalg.norm(between, axis=1) + 2.0
    along = np.einsum("ntc,nc->nt", profile - dark[:, None], between) / apart[:, None] ** 2
    beside = np.linalg.norm(profile - dark[:, None] - along[..., None] * between[:, None], axis=2) / apart[:, None]
    ragged = np.linalg.norm(colour.std(axis=1), axis=2) / apart[:, None]
    grain = np.log(np.median(noise, axis=1) + 0.05)
    uneven = [np.log(each[:, part].mean(axis=1) + 0.02) for each in (beside, ragged) for part in (on_dark, on_light)]
    grains = np.stack([grain[:, on_dark].mean(axis=1), grain[:, on_light].mean(axis=1)])
    shown = [
        along[:, middle],
        beside[:, middle],
        ragged[:, middle],
        grain[:, middle] - grains.max(axis=0)[:, None],
        np.abs(grains[1] - grains[0]),
    ]
    return np.column_stack(shown), np.column_stack([np.log(apart), *uneven])


def auc(shown: Points, labels: npt.NDArray[np.intp], groups: npt.NDArray[np.intp]) -> float:
    """Area under the ROC curve of held-out folds; a picture lies in one fold."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict

    model = HistGradientBoostingClassifier(max_iter=100, max_depth=3, learning_rate=0.08, random_state=0)
    told = cross_val_predict(model, shown, labels, groups=groups, cv=GroupKFold(5), method="predict_proba")[:, 1]
    return float(roc_auc_score(labels, told))

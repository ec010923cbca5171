"""Seams: whether a small classifier tells the boundary of an occluder from the edges that a photograph has anyway.

At points along the boundary, and at points elsewhere on the same picture with as much contrast at a coarse scale, a disc of 9 px
is split in two by the direction of its gradient. What is looked at is local and says nothing of what the object is: noise,
sharpness and colour of the two halves and between them. A classifier that cannot tell them apart has an AUC of 0.5.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

RADIUS = 9
POINTS = 24
_CANDIDATES = 3000
_CLEAR = 14  # px between what is elsewhere and the boundary
_COARSE = 2.5  # px


def locations(matte: npt.NDArray[np.uint8], image: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """(2 n, 2) row, column: n points on the boundary of a matte, then n elsewhere of equal contrast; none where it has few."""
    inside = (matte >= 128).astype(np.uint8)
    room = np.zeros_like(inside)
    room[RADIUS + 2 : -RADIUS - 2, RADIUS + 2 : -RADIUS - 2] = 1
    boundary = (cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) & inside & room) > 0
    near = cv2.dilate((matte > 0).astype(np.uint8), np.ones((2 * _CLEAR + 1, 2 * _CLEAR + 1), np.uint8)) > 0
    on, off = np.argwhere(boundary), np.argwhere(~near & (room > 0))
    if len(on) < POINTS or len(off) < POINTS:
        return np.empty((0, 2), np.intp)
    on = on[rng.choice(len(on), POINTS, replace=False)]
    off = off[rng.choice(len(off), min(_CANDIDATES, len(off)), replace=False)]
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), _COARSE)
    contrast = np.log(np.hypot(cv2.Scharr(grey, cv2.CV_32F, 1, 0), cv2.Scharr(grey, cv2.CV_32F, 0, 1)) / 32 + 0.3)
    matched = []
    for row, column in on:
        distance = np.abs(contrast[off[:, 0], off[:, 1]] - contrast[row, column])
        matched.append(int(rng.choice(np.argsort(distance)[:8])))
    return np.concatenate([on, off[matched]])


def features(image: npt.NDArray[np.uint8], at: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """(n, k) what a disc around each point shows."""
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    light = np.ascontiguousarray(lab[..., 0])
    residual = light - cv2.GaussianBlur(light, (0, 0), 1.0)
    smooth = cv2.GaussianBlur(light, (0, 0), 2.0)
    across, down = cv2.Scharr(smooth, cv2.CV_32F, 1, 0) / 32, cv2.Scharr(smooth, cv2.CV_32F, 0, 1) / 32
    rows, columns = np.mgrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1]
    disc = rows**2 + columns**2 <= RADIUS**2
    found = []
    for row, column in at:
        box = (slice(row - RADIUS, row + RADIUS + 1), slice(column - RADIUS, column + RADIUS + 1))
        x, y = across[box][disc], down[box][disc]
        angle = 0.5 * np.arctan2(2 * (x * y).sum(), (x * x - y * y).sum())  # the structure tensor's main direction
        along = columns[disc] * np.cos(angle) + rows[disc] * np.sin(angle)
        colours, rest = lab[box][disc], residual[box][disc]
        profile = np.array([colours[np.abs(along - step) < 0.75].mean(axis=0) for step in range(-RADIUS + 1, RADIUS)])
        steps = np.linalg.norm(np.diff(profile, axis=0), axis=1)
        one, other = colours[along < -3].mean(axis=0), colours[along > 3].mean(axis=0)
        apart = float(np.linalg.norm(other - one)) + 1.0
        middle = colours[np.abs(along) <= 2].mean(axis=0)
        share = np.clip((middle - one) @ (other - one) / apart**2, 0, 1)
        noise = sorted(float(np.median(np.abs(rest[side]))) + 0.05 for side in (along < -3, along > 3))
        ring = np.abs(rest[np.abs(along) <= 2])
        found.append([
            np.log(noise[0]), np.log(noise[1] / noise[0]), np.log((np.median(ring) + 0.05) / noise[1]),
            np.log((ring.max() + 0.05) / apart), steps.max() / apart, np.sort(steps)[::-1][:3].sum() / apart,
            np.log(steps.max() / (np.median(steps) + 0.05)), np.linalg.norm(middle - one - share * (other - one)) / apart,
            (np.ptp(profile[:, 0]) - abs(other[0] - one[0])) / apart,
            np.log(np.abs(other - one)[1:].sum() + 0.5) - np.log(abs(other[0] - one[0]) + 0.5),
        ])  # fmt: skip
    return np.array(found)


def auc(shown: npt.NDArray[np.float64], labels: npt.NDArray[np.intp], groups: npt.NDArray[np.intp]) -> float:
    """Area under the ROC curve of held-out folds; a picture lies in one fold."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import GroupKFold, cross_val_predict

    model = HistGradientBoostingClassifier(max_iter=120, max_depth=4, learning_rate=0.08, random_state=0)
    told = cross_val_predict(model, shown, labels, groups=groups, cv=GroupKFold(5), method="predict_proba")[:, 1]
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, told))

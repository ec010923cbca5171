"""Along the contour: what the border between an occluder and the face behind it looks like, in numbers.

Pictures are taken at 512 px. Labels of photographs are drawn by hand, 2 px off: both sides are looked at from 3 px away from the
line on, and what is not known (255) is not looked at. Where a number cannot be had, it is NaN.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt

from measure_natural.transport import sliced_distance
from natocc.compose.colour_spaces import to_lab
from natocc.core.samples import Image, Mask

UNKNOWN = 255
NEAR = (3, 8)  # px from the line: the two sides of an edge
FAR = (18, 28)  # px from the line: the face farther away
ALONG = 2  # px along the line, each way, that are averaged
SMOOTH = 4.0  # px: of the line's direction
POINTS = 400  # at most, along the line
LEAST, MUCH = 25, 250  # points along the line, and pixels, without which there is nothing to say
COLOURS = 8000  # pixels, at most, whose colours are compared
FAINT = 6.0  # CIELAB: an edge below it is hardly seen
STEEP = 10.0  # CIELAB: an edge from which on its blur can be measured

Float = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Contour:
    """An occluder before a face; colours in CIELAB.

    Parameters
    ----------
    step : float
        Difference of colour between the two sides of the line, median along it.
    faint : float
        Share of the line where that is below :data:`FAINT`.
    shade : float
        Lightness of the face beside the line less that of the face farther away, median along the line: below 0 it is darker.
    deepest : float
        The same where the face is darkest against the face farther away: its 10 % quantile along the line.
    rim : float
        The same on the occluder: its lightness beside the line less that farther inside.
    blur : float
        Standard deviation of the edge's Gaussian, px, median along the line where it is steep.
    lighter : float
        Lightness of the occluder less that of the visible face, means.
    colours : float
        Sliced Wasserstein distance between the colours of both.
    relief : float
        Standard deviation of the occluder's lightness over that of the visible face's.
    chroma : float
        Chroma of the occluder less that of the visible face, means.
    area : float
        Share that it covers of the visible face's convex hull.
    x, y : float
        Where its largest piece covers that hull: the centroid, 0-1 over the hull's box.
    angle : float
        Of that piece's long axis from the vertical, degrees in [0, 90].
    frame : float
        1 if it reaches the edge of the picture, 0 if it ends within.
    """

    step: float
    faint: float
    shade: float
    deepest: float
    rim: float
    blur: float
    lighter: float
    colours: float
    relief: float
    chroma: float
    area: float
    x: float
    y: float
    angle: float
    frame: float


def measure(image: Image, face: Mask, occluder: Mask) -> Contour:
    """Look at one picture.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB, about 512 px high.
    face, occluder : (H, W) uint8
        1 where the face is visible, 1 where the occluder lies, 255 where that is not known.
    """
    lab = to_lab(image).astype(np.float64)
    return Contour(**_along(lab, face, occluder), **_tone(lab, face, occluder), **_where(face == 1, occluder == 1))


def borders(face: Mask, occluder: Mask) -> tuple[Float, Float]:
    """Points of an occluder's line that have the face behind them, and how the line runs.

    Returns
    -------
    at : (n, 2) float64
        Row and column.
    outward : (n, 2) float64
        Unit vectors, rows and columns, from the occluder to the face.
    """
    inside = (occluder == 1).astype(np.uint8)
    signed = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    signed = cv2.GaussianBlur(signed - cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), (0, 0), SMOOTH)
    line = inside & (1 - cv2.erode(inside, np.ones((3, 3), np.uint8)))
    beside = cv2.dilate((face == 1).astype(np.uint8), np.ones((2 * NEAR[0] + 1,) * 2, np.uint8))
    at = np.argwhere(line & beside)
    down, across = cv2.Sobel(signed, cv2.CV_64F, 0, 1), cv2.Sobel(signed, cv2.CV_64F, 1, 0)
    outward = np.stack([down[tuple(at.T)], across[tuple(at.T)]], axis=1)
    length = np.linalg.norm(outward, axis=1)
    kept = length > 1e-6
    return at[kept].astype(np.float64), outward[kept] / length[kept, None]


def _along(lab: Float, face: Mask, occluder: Mask) -> dict[str, float]:
    """What lies across the line, at points all along it."""
    at, outward = borders(face, occluder)
    if len(at) < LEAST:
        return dict.fromkeys(("step", "faint", "shade", "deepest", "rim", "blur"), np.nan)
    at, outward = (each[:: max(1, -(-len(at) // POINTS))] for each in (at, outward))
    steps = np.arange(-FAR[1], FAR[1] + 1)
    colour, visible, covered = _across(lab, face, occluder, at, outward, steps)
    distance = np.abs(steps)
    near, far = ((distance >= low) & (distance <= high) for low, high in (NEAR, FAR))
    out, within = steps > 0, steps < 0
    edge = covered[:, near & within].all(axis=1) & visible[:, near & out].all(axis=1)

    def side(of: Flags) -> Float:
        return np.asarray(colour[:, of].mean(axis=1))

    step = np.linalg.norm(side(near & out) - side(near & within), axis=1)
    shade = (side(near & out) - side(far & out))[:, 0]
    rim = (side(near & within) - side(far & within))[:, 0]
    shaded, inner = edge & visible[:, far & out].all(axis=1), edge & covered[:, far & within].all(axis=1)
    steep = edge & (step >= STEEP)
    middle = distance <= NEAR[1]
    blur = _blur(colour[steep][:, middle], steps[middle])
    return {
        "step": _median(step[edge]),
        "faint": float((step[edge] < FAINT).mean()) if edge.sum() >= LEAST else np.nan,
        "shade": _median(shade[shaded]),
        "deepest": float(np.quantile(shade[shaded], 0.1)) if shaded.sum() >= LEAST else np.nan,
        "rim": _median(rim[inner]),
        "blur": _median(blur),
    }


def _across(
    lab: Float, face: Mask, occluder: Mask, at: Float, outward: Float, steps: npt.NDArray[np.intp]
) -> tuple[Float, Flags, Flags]:
    """Colours (n, k, 3) at steps along lines across the line; whether there is certainly face (n, k), and certainly occluder."""
    tangent = np.stack([-outward[:, 1], outward[:, 0]], axis=1)
    beside = np.arange(-ALONG, ALONG + 1)
    places = (
        at[:, None, None]
        + outward[:, None, None] * steps[None, None, :, None]
        + tangent[:, None, None] * beside[None, :, None, None]
    )
    shape = places.shape[:3]
    rows, columns = (np.ascontiguousarray(places[..., axis].reshape(-1, len(steps)), dtype=np.float32) for axis in (0, 1))
    picture = cv2.remap(lab.astype(np.float32), columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    colour = picture.reshape(*shape, 3).astype(np.float64).mean(axis=1)

    def everywhere(mask: Mask) -> Flags:
        labels = cv2.remap(mask, columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=UNKNOWN)
        return np.asarray((labels.reshape(shape) == 1).all(axis=1))

    return colour, everywhere(face), everywhere(occluder)


def _blur(colour: Float, steps: npt.NDArray[np.intp]) -> Float:
    """(n,) standard deviations of the Gaussians that blur profiles (n, k, 3) across an edge: from how steep they are."""
    ends = [(np.abs(steps) >= NEAR[0] + 2) & (steps * sign > 0) for sign in (-1, 1)]
    low, high = (colour[:, end].mean(axis=1) for end in ends)
    between = high - low
    share = np.einsum("nkc,nc->nk", colour - low[:, None], between) / (between**2).sum(axis=1)[:, None].clip(1e-6)
    steepest = np.diff(share, axis=1).max(axis=1)
    # A step that is blurred by a Gaussian of s px rises by erf(1 / (2 sqrt 2 s)) over a pixel: about 1 / (sqrt(2 pi) s).
    return np.asarray(1 / (np.sqrt(2 * np.pi) * steepest.clip(1e-2, 1)))


def _tone(lab: Float, face: Mask, occluder: Mask) -> dict[str, float]:
    """Colours of the occluder where it is level with the face, and of the face."""
    square = np.ones((2 * NEAR[0] + 1,) * 2, np.uint8)
    top, bottom, left, right = _box(_hull(face == 1))
    hand, skin = (cv2.erode((mask == 1).astype(np.uint8), square) > 0 for mask in (occluder, face))
    level = np.zeros_like(hand)
    level[top:bottom, left:right] = True
    one, other = (each[:: 1 + len(each) // COLOURS] for each in (lab[hand & level], lab[skin]))
    if min(len(one), len(other)) < MUCH:
        return dict.fromkeys(("lighter", "colours", "relief", "chroma"), np.nan)
    saturated = [float(np.hypot(each[:, 1], each[:, 2]).mean()) for each in (one, other)]
    return {
        "lighter": float(one[:, 0].mean() - other[:, 0].mean()),
        "colours": sliced_distance(one, other),
        "relief": float(one[:, 0].std() / max(other[:, 0].std(), 1e-3)),
        "chroma": saturated[0] - saturated[1],
    }


def _where(face: Flags, occluder: Flags) -> dict[str, float]:
    """Place and extent."""
    hull = _hull(face)
    top, bottom, left, right = _box(hull)
    count, pieces, boxes, _ = cv2.connectedComponentsWithStats(occluder.astype(np.uint8))
    largest = pieces == 1 + np.argmax(boxes[1:, cv2.CC_STAT_AREA]) if count > 1 else occluder
    rows, columns = np.nonzero(hull & largest)
    every = np.argwhere(largest).astype(np.float64)
    covers, there = len(rows) > 0, len(every) > 1
    axis = np.linalg.eigh(np.cov(every.T))[1][:, -1] if there else np.array([np.nan, np.nan])
    rim = np.concatenate([occluder[[0, -1]].ravel(), occluder[:, [0, -1]].ravel()])
    return {
        "area": float((hull & occluder).sum() / max(1, hull.sum())),
        "x": float((columns.mean() - left) / (right - left)) if covers else np.nan,
        "y": float((rows.mean() - top) / (bottom - top)) if covers else np.nan,
        "angle": float(np.degrees(np.arctan2(abs(axis[1]), abs(axis[0])))),
        "frame": float(rim.any()),
    }


def _hull(face: Flags) -> Flags:
    filled = np.zeros(face.shape, np.uint8)
    if face.any():
        cv2.fillConvexPoly(filled, cv2.convexHull(np.argwhere(face)[:, ::-1].astype(np.int32)), 1)
    return filled > 0


def _box(mask: Flags) -> tuple[int, int, int, int]:
    """First and last row, first and last column, the last ones not included."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return top, top + height, left, left + width


def _median(values: Float) -> float:
    return float(np.median(values)) if len(values) >= LEAST else np.nan

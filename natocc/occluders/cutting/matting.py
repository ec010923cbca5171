"""From a coarse mask to a soft matte and a foreground without its old background."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import Image, Mask, Matte

_Plane = npt.NDArray[np.float32]

_INSET = 0.5  # px by which an edge that the colours do not show lies inside the mask's
_RAMP = 2.0  # px over which such an edge goes from 0 to 1
_FAINT = 0.25  # coverage below which a pixel tells nothing of the object's colour
_DOUBT = 0.5  # of the background's colour behind a mixed pixel: it is a guess from around
_STRIP = 256  # rows that are computed at a time, so that few large arrays are in memory
_COLOUR_NOISE = 0.02  # of [0, 1]: smaller differences are noise


def refine_matte(image: Image, mask: Mask, known: Mask, band: int) -> Matte:
    """Matte that follows the picture's own edge near the edge of a coarse mask.

    Farther than `band` from its edge the mask is believed. Between, coverage is what the colour says: around each pixel a
    linear map from colour to coverage is fitted to the believed pixels, foreground and background, which is the guided
    filter [1]_ with the doubtful pixels left out of its windows. As far as the colours fail to tell the two sides apart
    (the share of coverage that the fit does not explain), the mask's own edge, softened and moved slightly inward, stands in.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    mask : (H, W) uint8
        1 on the object; off by up to `band` pixels.
    known : (H, W) uint8
        1 where `image` is a picture, 0 where it is padding.
    band : int
        Half width in pixels of the doubtful band, 1 or more.

    Returns
    -------
    matte : (H, W) uint8
        Coverage, 0-255; 0 where nothing is known.

    References
    ----------
    .. [1] K. He, J. Sun, X. Tang, "Guided Image Filtering", TPAMI 2013.
    """
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    object_sure = inside > band + 0.5
    background_sure = outside > band + 0.5
    doubtful = ~object_sure & ~background_sure

    edge_distance = cv2.GaussianBlur(inside - outside, (0, 0), 1.0)
    prior = np.clip(0.5 + (edge_distance - _INSET) / _RAMP, 0, 1)
    coverage = object_sure.astype(np.float32)
    sure = ((object_sure | background_sure) & (known > 0)).astype(np.float32)
    coverage[doubtful] = _coverage_by_colour(image, coverage, sure, prior, np.nonzero(doubtful), 2 * band + 3)
    matte = np.rint(255 * coverage).astype(np.uint8)
    # The fit knows nothing of its neighbours' fits: specks and teeth of one pixel are its noise, not the object's edge.
    smooth = cv2.GaussianBlur(cv2.medianBlur(matte, 5), (0, 0), 0.6)
    near = np.clip(0.5 + (edge_distance + band) / _RAMP, 0, 1)  # and what lies well outside the mask is not the object
    return np.rint(np.where(doubtful, np.minimum(smooth, 255 * near), matte) * known).astype(np.uint8)


def _coverage_by_colour(
    image: Image, coverage: _Plane, sure: _Plane, prior: _Plane, pixels: tuple[npt.NDArray[np.intp], ...], radius: int
) -> _Plane:
    """Coverage in [0, 1] at `pixels`, by linear regression on colour over the sure pixels around each."""
    colour = image.astype(np.float32) / 255
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    channels = [np.ascontiguousarray(colour[..., i]) for i in range(3)]
    planes = itertools.chain(
        (sure, coverage * sure),
        (channel * sure for channel in channels),
        (channels[i] * channels[j] * sure for i, j in pairs),
        (channel * coverage * sure for channel in channels),
    )
    window = (2 * radius + 1, 2 * radius + 1)
    sums = np.stack([cv2.boxFilter(plane, -1, window)[pixels] for plane in planes], axis=1)  # one at a time: few are in memory
    count = np.maximum(sums[:, 0], 1e-6)
    means = (sums / count[:, None]).astype(np.float64)
    share, mean = means[:, 1], means[:, 2:5]
    covariance = np.empty((len(count), 3, 3))
    for plane, (i, j) in enumerate(pairs):
        covariance[:, i, j] = covariance[:, j, i] = means[:, 5 + plane] - mean[:, i] * mean[:, j]
    with_coverage = means[:, 11:14] - mean * share[:, None]
    slope = np.linalg.solve(covariance + _COLOUR_NOISE**2 * np.eye(3), with_coverage[..., None])[..., 0]
    fitted = share + np.einsum("nc,nc->n", slope, colour[pixels] - mean)
    explained = np.einsum("nc,nc->n", slope, with_coverage) / np.maximum(share * (1 - share), 1e-6)
    seen = sums[:, 0] > 1e-6
    unexplained = np.where(seen, 1 - np.clip(explained, 0, 1), 1)
    mixed = np.where(seen, fitted, 0) + unexplained * (prior[pixels] - np.where(seen, share, 0))
    return np.clip(mixed, 0, 1).astype(np.float32)


def estimate_foreground(image: Image, matte: Matte) -> Image:
    """Straight foreground colours: the object's own where it is mixed with background, and beyond its edge.

    Smooth estimates of both colours are spread from the pixels that surely show one of them; what the picture adds to their
    mixture is given to the foreground, the more of it the more the pixel shows of the object, so that it keeps its detail up to
    the edge (after blur fusion [1]_).

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB, as photographed.
    matte : (H, W) uint8
        Coverage, 0-255.

    Returns
    -------
    foreground : (H, W, 3) uint8
        ``image`` where the matte is 255; valid everywhere.

    References
    ----------
    .. [1] M. Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021, arXiv 2006.14970.
    """
    coverage = (matte.astype(np.float32) / 255)[..., None]
    colour = image.astype(np.float32)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    object_sure = cv2.erode(matte, kernel).astype(np.float32) / 255
    background_sure = 1 - cv2.dilate(matte, kernel).astype(np.float32) / 255
    background_colour = spread(colour, background_sure**4 + 1e-6)
    # Thin parts have no sure pixels: there, what is left when the background is taken away speaks, the more of it the louder.
    left = (colour - (1 - coverage) * background_colour) / np.maximum(coverage, _FAINT)
    telling = np.clip((coverage[..., 0] - _FAINT) / (1 - 2 * _FAINT), 0, 1) ** 4
    np.clip(left, 0, 255, out=left)
    object_colour = spread(left.astype(np.float32, copy=False), np.maximum(object_sure**4, telling) + 1e-6)
    foreground = np.empty_like(image)
    for top in range(0, len(image), _STRIP):
        rows = slice(top, top + _STRIP)
        mixture = coverage[rows] * object_colour[rows] + (1 - coverage[rows]) * background_colour[rows]
        share = coverage[rows] / (coverage[rows] ** 2 + _DOUBT * (1 - coverage[rows]))
        foreground[rows] = np.clip(np.rint(object_colour[rows] + share * (colour[rows] - mixture)), 0, 255)
    return foreground


def continue_outwards(foreground: Image, matte: Matte) -> Image:
    """Colours of a foreground whose matte was drawn in: beyond its new edge, those from inside.

    Parameters
    ----------
    foreground : (H, W, 3) uint8
        sRGB, straight.
    matte : (H, W) uint8
        Coverage, 0-255; where it is less than whole it is so on purpose, not because background shows there.

    Returns
    -------
    continued : (H, W, 3) uint8
        ``foreground`` where the matte is 255.
    """
    coverage = (matte.astype(np.float32) / 255)[..., None]
    sure = cv2.erode(matte, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))).astype(np.float32) / 255
    inside = spread(foreground.astype(np.float32), sure**4 + 1e-4 * coverage[..., 0] ** 2)
    return np.clip(np.rint(inside + coverage * (foreground - inside)), 0, 255).astype(np.uint8)


def spread(colour: npt.NDArray[np.float32], weight: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Fill what has no weight from what has, near before far (push-pull pyramid [1]_).

    Parameters
    ----------
    colour : (H, W, 3) float32
        Any range.
    weight : (H, W) float32
        How much each pixel is believed, in [0, 1]; not 0 everywhere.

    Returns
    -------
    filled : (H, W, 3) float32
        ``colour`` where the weight is 1, weighted means of what surrounds them elsewhere.

    References
    ----------
    .. [1] S. J. Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4.
    """
    height, width = weight.shape
    if max(height, width) <= 2:
        total = max(float(weight.sum()), 1e-12)
        return np.broadcast_to((colour * weight[..., None]).sum(axis=(0, 1)) / total, colour.shape).astype(np.float32)
    half_weight = cv2.pyrDown(weight)
    half_colour = cv2.pyrDown(colour * weight[..., None]) / np.maximum(half_weight, 1e-12)[..., None]
    coarse = spread(half_colour.astype(np.float32), np.minimum(half_weight * 4, 1))
    above = cv2.pyrUp(coarse, dstsize=(width, height))
    filled = np.asarray(above, dtype=np.float32)
    return np.add(filled, (colour - above) * weight[..., None], out=filled, casting="same_kind")

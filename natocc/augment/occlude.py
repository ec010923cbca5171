"""Compositing on arrays, without files or recipes: what the pipeline does for a sample, in a training loop."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from natocc.compose.appearance import Photo
from natocc.compose.draw import draw_plan
from natocc.compose.finish import draw_finish
from natocc.compose.render import render
from natocc.compose.rules import ComposeRules
from natocc.core import seeds
from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Json, Reference
from natocc.core.samples import AlignedFace, Composite, Cutout, Image, Mask, Origin, Points
from natocc.faces.alignment.mirror import mirrored
from natocc.faces.landmarks.keypoints import inter_ocular
from natocc.io.images import list_values
from natocc.occluders.cutting.cutouts import cut_by_alpha
from natocc.occluders.source import OccluderSource, PutOnFaces
from natocc.plugins.faults import faults

Occluder: TypeAlias = Cutout | Image | tuple[Image, npt.NDArray[Any]]
"""A cutout, an RGBA picture (h, w, 4), or a foreground (h, w, 3) and its matte (h, w)."""

Rules: TypeAlias = ComposeRules | Mapping[str, Any]
"""A set's rules, or those keys as a recipe has them: ``{"colour": {"transfer": "sot"}}``."""

_ORIGIN = Origin("array", "array", "")


def occlude(
    image: Image,
    face_mask: npt.NDArray[Any],
    occluder: Occluder | OccluderSource,
    *,
    rng: np.random.Generator | int,
    landmarks: npt.NDArray[Any] | None = None,
    rules: Rules | None = None,
) -> Composite:
    """Lay an occluder on a face, as :meth:`natocc.pipeline.sample.Pipeline.make_sample` does.

    The face is not aligned: align it before where that matters. Calls share nothing, so threads may call at the same time.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB; not changed.
    face_mask : (H, W) bool or int
        1 on the face, 0 elsewhere; of a mask of 0 and 255 pass ``mask > 0``.
    occluder : Cutout, (h, w, 4) uint8, tuple or OccluderSource
        The occluder: a cutout, an RGBA picture, a foreground (h, w, 3) uint8 and its matte (h, w) as 0-255 or as bool or float
        in [0, 1], or a source to draw from, such as :func:`natocc.open_occluders` returns. Where the same one is used often, make
        a cutout of it once (:func:`natocc.as_cutout`).
    rng : numpy.random.Generator or int
        Decides everything random: the same generator or seed gives the same composite.
        ``natocc.generator(seed, epoch, index)`` makes one that depends on these alone, not on the worker.
    landmarks : (68, 2) or (5, 2), optional
        x and y in pixels. With 68, anchors aim at the features themselves, and eyes and mouth do not count as skin.
    rules : ComposeRules or mapping, optional
        Placement, colours, light, lens and blending, as in a recipe's set; by default NatOcc's, and what hair and veils have
        instead.

    Returns
    -------
    composite : Composite
        Picture, face before and after, mask and matte of each occluder. The arrays are new.

    Raises
    ------
    ValueError
        If an array has the wrong shape, type or values, or the rules are wrong.
    BadDataError
        ``empty-mask`` if the face or the occluder is empty; ``no-placement`` if no acceptable placement was found.

    Examples
    --------
    >>> face = np.zeros((64, 64), bool)
    >>> face[12:52, 16:48] = True
    >>> photograph = np.full((64, 64, 3), 180, np.uint8)
    >>> red_square = np.full((20, 20, 4), (255, 0, 0, 255), np.uint8)
    >>> composite = occlude(photograph, face, red_square, rng=1, rules={"placement": {"occlusion": [0.2, 0.5]}})
    >>> 0.2 <= composite.occlusion_ratio <= 0.5
    True
    >>> beside = ~face & (composite.mattes[0] == 0)  # on the face a shadow may lie
    >>> bool((composite.image[beside] == 180).all())
    True
    """
    source = _drawn_from(occluder)
    rules = as_rules(rules, source)
    draws = as_generator(rng)
    face = _face(image, face_mask, landmarks)
    finish = draw_finish(draws, rules.finish)
    photo = Photo(mirrored(face, {0: "background", 1: "face"}) if finish.flip else face)
    if isinstance(source, PutOnFaces):
        source = source.on(photo.face, {})

    def draw(rng: np.random.Generator) -> tuple[Reference, Cutout]:
        reference = source.draw(rng)
        return reference, source.cutout(reference)

    plan, cutouts = draw_plan(draws, photo, draw, rules, finish)
    return render(photo, cutouts, plan)


def as_cutout(occluder: Occluder, *, category: str = "occluder", points_to_xy: tuple[float, float] | None = None) -> Cutout:
    """A cutout of an RGBA picture, or of a foreground and its matte.

    Parameters
    ----------
    occluder : Cutout, (h, w, 4) uint8 or tuple
        As for :func:`occlude`; a cutout is returned itself.
    category : str
        Category of the occluder.
    points_to_xy : (float, float), optional
        Unit vector in which a hand's fingers point.

    Raises
    ------
    ValueError
        If an array has the wrong shape, type or values.
    BadDataError
        ``empty-mask`` if nothing of it is opaque.
    """
    if isinstance(occluder, Cutout):
        return occluder
    if isinstance(occluder, tuple):
        foreground, matte = occluder
    elif isinstance(occluder, np.ndarray) and occluder.ndim == 3 and occluder.shape[2] == 4:
        foreground, matte = occluder[..., :3], occluder[..., 3]
    else:
        found = f"{occluder.shape}" if isinstance(occluder, np.ndarray) else f"{type(occluder).__name__}"
        raise ValueError(f"occluder: expected a Cutout, an (h, w, 4) uint8 array or (foreground, matte), found {found}")
    _check("occluder", foreground, (*matte.shape[:2], 3))
    return cut_by_alpha(np.ascontiguousarray(foreground), _as_matte(matte), category, _ORIGIN, points_to_xy)


@dataclasses.dataclass(frozen=True, eq=False)
class Cutouts:
    """Cutouts in memory to draw from with equal probability; an :class:`OccluderSource`."""

    cutouts: Sequence[Cutout]

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        """Number of a cutout."""
        return {"number": int(rng.integers(len(self.cutouts)))}

    def subset(self, keep: Any) -> Cutouts:
        """The cutouts whose picture `keep` accepts."""
        return Cutouts([cutout for cutout in self.cutouts if keep(cutout.origin.sha256)])

    def size(self, reference: Reference) -> tuple[int, int]:
        """Width and height of the drawn cutout."""
        height, width = self.cutout(reference).matte.shape
        return width, height

    def cutout(self, reference: Reference) -> Cutout:
        """The drawn cutout."""
        return self.cutouts[reference["number"]]


def as_source(occluders: Occluder | OccluderSource | Sequence[Occluder]) -> OccluderSource:
    """A source to draw cutouts from; arrays become cutouts once.

    Raises
    ------
    ValueError
        If there is none.
    """
    if isinstance(occluders, Sequence) and not _is_pair(occluders):
        if not occluders:
            raise ValueError("occluders: expected one or more, found none")
        return Cutouts([as_cutout(occluder) for occluder in occluders])
    return _drawn_from(occluders)


def as_generator(rng: np.random.Generator | int) -> np.random.Generator:
    """The generator itself, or that of a seed."""
    return rng if isinstance(rng, np.random.Generator) else seeds.generator(rng, "occlude")


def as_rules(rules: Rules | None, source: OccluderSource) -> ComposeRules:
    """Rules of a set with these occluders; by default NatOcc's.

    Raises
    ------
    ValueError
        If they are wrong.
    """
    if not isinstance(rules, ComposeRules):
        try:
            rules = ComposeRules.model_validate(rules or {})
        except ValidationError as error:
            raise ValueError("; ".join(f"rules: {line}" for line in faults(error))) from None
    return rules.with_usual(getattr(source, "usual", {}))


def _drawn_from(occluder: Any) -> OccluderSource:
    if hasattr(occluder, "draw") and hasattr(occluder, "cutout"):
        source: OccluderSource = occluder
        return source
    return Cutouts([as_cutout(occluder)])


def _is_pair(occluders: Sequence[Any]) -> bool:
    """Whether it is a foreground and its matte rather than two occluders."""
    return (
        isinstance(occluders, tuple)
        and len(occluders) == 2
        and all(isinstance(part, np.ndarray) for part in occluders)
        and (occluders[1].ndim == 2)
    )


def _face(image: Image, face_mask: npt.NDArray[Any], landmarks: npt.NDArray[Any] | None) -> AlignedFace:
    _check("image", image, (*np.shape(face_mask)[:2], 3))
    mask = np.asarray(face_mask)
    if mask.ndim != 2:
        raise ValueError(f"face_mask: expected (H, W) of 0 and 1, found shape {mask.shape}")
    if mask.dtype != np.bool_ and not np.isin(mask, (0, 1)).all():
        raise ValueError(f"face_mask: expected 0 and 1, found {shown_values(mask)}; {_advice(mask)}")
    if not mask.any():
        raise BadDataError(Reason.EMPTY_MASK, "face_mask is 0 everywhere")
    points: Points | None = None if landmarks is None else np.asarray(landmarks, dtype=np.float32)
    zero_or_one: Mask = np.ascontiguousarray(mask, dtype=np.uint8)
    distance = None if points is None else inter_ocular(points)
    return AlignedFace(np.ascontiguousarray(image), zero_or_one, None, points, _ORIGIN, np.eye(2, 3), distance, False)


def shown_values(labels: npt.NDArray[Any]) -> str:
    """The values of a label map, for a message."""
    return "the values " + list_values(np.unique(labels).tolist())


def _advice(mask: npt.NDArray[Any]) -> str:
    """What to pass instead of a mask that is not of 0 and 1."""
    values = np.unique(mask)
    if values.min() >= 0 and np.count_nonzero(values) == 1:
        return "pass mask > 0"
    if values.min() >= 0 and (values.max() == 255 or values.max() < 1):
        return f"of a soft mask pass mask >= {128 if values.max() == 255 else 0.5}, of a label map (labels == 1)"
    return "of a label map pass (labels == 1)"


def _as_matte(matte: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if matte.dtype == np.uint8:
        return np.ascontiguousarray(matte)
    if matte.dtype == np.bool_ or (matte.dtype.kind == "f" and matte.size and matte.min() >= 0 and matte.max() <= 1):
        return np.rint(matte * np.float32(255)).astype(np.uint8)
    raise ValueError(f"matte: expected uint8, or bool or float in [0, 1], found {matte.dtype}")


def _check(name: str, array: Image, shape: tuple[int, ...]) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8 or array.shape != shape or len(shape) != 3:
        found = f"{array.shape} {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f"{name}: expected {shape} uint8 like its mask, found {found}")

"""Every random decision of a sample, written down: JSON, and enough to make the sample again."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Affine: TypeAlias = npt.NDArray[np.float64]
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""What is written as JSON. What was read from it is a mapping to anything, until its reader has checked it."""

Reference: TypeAlias = Mapping[str, Any]
"""What an occluder source drew, as plain JSON: all that it needs to make the same cutout again."""

_ATOMS = frozenset({float, int, str, bool, type(None)})


SKIN = "skin"
"""Transfer by which a hand gets the tone that its :class:`Tone` says."""


@dataclasses.dataclass(frozen=True)
class Placement:
    """Where one occluder lies.

    Parameters
    ----------
    matrix : 6 floats
        Affine (2, 3), row by row: cutout pixels to face pixels, flip included.
    flip : bool
        Whether the cutout was mirrored.
    anchor : str, optional
        The part of the face that it was aimed at, where it is held, or where a hand lies, where there was one.
    size_cm : float, optional
        How long it was drawn to be, along its long axis, where it has a physical size.
    """

    matrix: tuple[float, float, float, float, float, float]
    flip: bool
    anchor: str | None = None
    size_cm: float | None = None

    @property
    def affine(self) -> Affine:
        """The matrix as a (2, 3) float64 array."""
        return np.array(self.matrix, dtype=np.float64).reshape(2, 3)


@dataclasses.dataclass(frozen=True)
class Shadow:
    """A soft shadow on the face: what is cast (the matte, moved and blurred), and the darkness close to what is near.

    Parameters
    ----------
    x, y : float
        By how much what is cast is moved, px.
    blur : float
        Its standard deviation, px.
    strength : float
        Share of the light that it takes away, in [0, 1].
    contact : float
        Share of the light that is taken away where the occluder hides all the surroundings from the face, in [0, 1].
    contact_blur : float
        How far that reaches, as a standard deviation, px.
    """

    x: float
    y: float
    blur: float
    strength: float
    contact: float = 0.0
    contact_blur: float = 0.0


@dataclasses.dataclass(frozen=True)
class Tone:
    """How a hand differs from the skin of the face that it is before.

    Parameters
    ----------
    lightness, red, yellow : float
        Its middle tone less the skin's: L*, a* and b* of CIELAB.
    relief : float
        Standard deviation of its own lightness, L*.
    rim : float
        Its lightness near its edge less that inside, L*: below 0, since its edge turns away.
    contrast : float
        Least step of colour across its outline on the face, CIELAB, median along it.
    """

    lightness: float = 0.0
    red: float = 0.0
    yellow: float = 0.0
    relief: float = 10.0
    rim: float = 0.0
    contrast: float = 0.0


@dataclasses.dataclass(frozen=True)
class Look:
    """How an occluder is made to look as if the face's camera had seen it, in the order in which it is done.

    Strengths lie in [0, 1]; 0 is off.

    Parameters
    ----------
    transfer : str
        Name of the colour transfer, or ``none``.
    shift : float
        Of white point and exposure towards the picture's.
    shading : float
        Of the face's low-frequency shading.
    sharpness, grain : float
        Of bringing its blur and its noise to the picture's.
    grain_seed : int
        Of the noise that is added.
    jpeg : int, optional
        Quality at which it was once compressed.
    shadow : Shadow, optional
        That it casts on the face.
    defocus : float
        Radius of the disc that a point of it becomes, px; 0 in focus. Done after sharpness, before grain.
    motion : (float, float)
        How far it moves while the shutter is open, px to the right and down.
    tone : Tone, optional
        Of a hand whose transfer is :data:`SKIN`.
    """

    transfer: str = "none"
    shift: float = 0.0
    shading: float = 0.0
    sharpness: float = 0.0
    grain: float = 0.0
    grain_seed: int = 0
    jpeg: int | None = None
    shadow: Shadow | None = None
    defocus: float = 0.0
    motion: tuple[float, float] = (0.0, 0.0)
    tone: Tone | None = None


@dataclasses.dataclass(frozen=True)
class OccluderPlan:
    """Every decision about one occluder.

    Parameters
    ----------
    cutout : mapping
        Of what; see :data:`Reference`.
    placement : Placement
        Where it lies.
    look : Look
        Colour, light, sharpness, grain.
    blend : str
        Name of the blend.
    opacity : float
        In (0, 1]; below 1 the face shows through.
    softness : float, optional
        Standard deviation in px of the blur across its edge; as it comes where not given.
    occludes_from : int
        Level of the matte from which a pixel is labelled; 256 for an occluder so faint that the face counts as visible.
    ignored : bool
        Whether the pixels that it covers are labelled "ignore" instead of occluded.
    """

    cutout: Reference
    placement: Placement
    look: Look = Look()
    blend: str = "alpha"
    opacity: float = 1.0
    softness: float | None = None
    occludes_from: int = 128
    ignored: bool = False


@dataclasses.dataclass(frozen=True)
class Finish:
    """What is done to the whole picture; the defaults leave it alone.

    Parameters
    ----------
    flip : bool
        Mirrored, masks and landmarks with it, before anything is laid on it.
    blur : float
        Standard deviation of a Gaussian, px.
    brightness : float
        Added to sRGB values, share of white.
    contrast : float
        Factor on sRGB values, around middle grey.
    jpeg : int, optional
        Quality at which the picture was once compressed.
    """

    flip: bool = False
    blur: float = 0.0
    brightness: float = 0.0
    contrast: float = 1.0
    jpeg: int | None = None


@dataclasses.dataclass(frozen=True)
class Plan:
    """Every random decision of one sample; with the inputs it makes the sample again.

    Parameters
    ----------
    occluders : tuple of OccluderPlan
        Deepest first.
    attempts : int
        How many draws it took to find an acceptable placement.
    coverage : float, optional
        The occlusion ratio that was asked for, where one was.
    finish : Finish
        What is done to the whole picture.
    """

    occluders: tuple[OccluderPlan, ...]
    attempts: int
    coverage: float | None = None
    finish: Finish = Finish()

    def to_json(self) -> dict[str, Json]:
        """Plan as plain dictionaries, lists and numbers."""
        content: dict[str, Json] = as_plain(self)
        return content

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        """Inverse of :meth:`to_json`, also after a round trip through JSON text."""
        occluders = tuple(_occluder(item) for item in value["occluders"])
        return cls(occluders, value["attempts"], value["coverage"], Finish(**value["finish"]))


def as_plain(value: Any) -> Any:
    """A frozen dataclass, and those within it, as dictionaries by field; tuples and lists of them, too.

    As :func:`dataclasses.asdict`, in a third of the time: what cannot change is not copied.
    """
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is tuple or kind is list:
        return kind([as_plain(item) for item in value])
    if dataclasses.is_dataclass(kind):
        return {name: as_plain(getattr(value, name)) for name in _fields(kind)}
    return {name: as_plain(item) for name, item in value.items()} if isinstance(value, Mapping) else value


@functools.cache
def _fields(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def _occluder(item: Mapping[str, Any]) -> OccluderPlan:
    placement, look, shadow = item["placement"], item["look"], item["look"]["shadow"]
    tone = look.get("tone")
    parts = {
        "shadow": None if shadow is None else Shadow(**shadow),
        "motion": tuple(look.get("motion", (0.0, 0.0))),
        "tone": None if tone is None else Tone(**tone),
    }
    nested = {
        "placement": Placement(**{**placement, "matrix": tuple(placement["matrix"])}),
        "look": Look(**{**look, **parts}),
    }
    return OccluderPlan(**{**item, **nested})

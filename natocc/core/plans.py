"""Every random decision of a sample, written down: JSON, and enough to make the sample again."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from natocc.core.nesting import is_flat

Affine: TypeAlias = npt.NDArray[np.float64]
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""What is written as JSON. What was read from it is a mapping to anything, until its reader has checked it."""

Reference: TypeAlias = Mapping[str, Any]
"""What an occluder source drew, as plain JSON: all that it needs to make the same cutout again."""

MOST_BLUR = 1000.0
"""Largest standard deviation of what blurs the whole picture, px."""

_ATOMS = frozenset({float, int, str, bool, type(None)})
_MOST_OCCLUDERS = 64  # 16 things that 16 hands hold are the most that a recipe can ask for
_DEEPEST = 10  # mappings and lists within each other in what a source drew

# What a value read back may be; where it is a share or a quality, as a recipe's. No picture has sides of 100 000 px.
_Number = Annotated[float, Field(strict=True, ge=-1e6, le=1e6, allow_inf_nan=False)]
_Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
_Length = Annotated[float, Field(strict=True, ge=0, le=1e5, allow_inf_nan=False)]
_Blur = Annotated[float, Field(strict=True, ge=0, le=MOST_BLUR, allow_inf_nan=False)]
_Quality = Annotated[int, Field(strict=True, ge=1, le=100)]
_Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]
_Flag = Annotated[bool, Field(strict=True)]


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

    matrix: tuple[_Number, _Number, _Number, _Number, _Number, _Number]
    flip: _Flag
    anchor: str | None = None
    size_cm: _Length | None = None

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

    x: _Number
    y: _Number
    blur: _Length
    strength: _Share
    contact: _Share = 0.0
    contact_blur: _Length = 0.0


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

    lightness: _Number = 0.0
    red: _Number = 0.0
    yellow: _Number = 0.0
    relief: _Number = 10.0
    rim: _Number = 0.0
    contrast: _Number = 0.0


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
    shift: _Share = 0.0
    shading: _Share = 0.0
    sharpness: _Share = 0.0
    grain: _Share = 0.0
    grain_seed: _Seed = 0
    jpeg: _Quality | None = None
    shadow: Shadow | None = None
    defocus: _Length = 0.0
    motion: tuple[_Number, _Number] = (0.0, 0.0)
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
    opacity: _Share = 1.0
    softness: _Length | None = None
    occludes_from: Annotated[int, Field(strict=True, ge=0, le=256)] = 128
    ignored: _Flag = False


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

    flip: _Flag = False
    blur: _Blur = 0.0
    brightness: _Number = 0.0
    contrast: Annotated[_Number, Field(ge=0)] = 1.0
    jpeg: _Quality | None = None


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

    occluders: Annotated[tuple[OccluderPlan, ...], Field(max_length=_MOST_OCCLUDERS)]
    attempts: Annotated[int, Field(strict=True, ge=0, lt=2**31)]
    coverage: _Share | None = None
    finish: Finish = Finish()

    def to_json(self) -> dict[str, Json]:
        """Plan as plain dictionaries, lists and numbers."""
        content: dict[str, Json] = as_plain(self)
        return content

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        """Inverse of :meth:`to_json`, also after a round trip through JSON text.

        Raises
        ------
        ValueError
            For the first field that is missing, unknown, or not in the range that a plan can have.
        """
        _check(value)
        try:
            occluders = tuple(_occluder(item) for item in value["occluders"])
            return cls(occluders, value["attempts"], value["coverage"], Finish(**value["finish"]))
        except KeyError as error:
            raise ValueError(f"it has no {error}") from None


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


@functools.cache
def _plans() -> TypeAdapter[Plan]:
    for kind in (Placement, Shadow, Tone, Look, OccluderPlan, Finish, Plan):
        kind.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[union-attr]
    return TypeAdapter(Plan)


def _check(value: Mapping[str, Any]) -> None:
    """Only looks: a number stays the whole number that it was written as."""
    try:
        plan = _plans().validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        found = repr(first["input"])
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']}, found {found if len(found) <= 60 else f'{found[:57]}...'}") from None
    for occluder in plan.occluders:
        if not is_flat(occluder.cutout, _DEEPEST):
            raise ValueError(f"more than {_DEEPEST} mappings and lists within each other in what was drawn")


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

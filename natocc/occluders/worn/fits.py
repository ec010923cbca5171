"""How each kind of thing sits: which anchors hold it, how stiff it is, and how far a head may be turned."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal, TypeAlias

from natocc.occluders.worn.face_model import ANCHORS

Point3: TypeAlias = tuple[float, float, float]
Wearing: TypeAlias = Literal["proper", "below_nose", "chin"]
"""How a mask for mouth and nose is worn."""


@dataclasses.dataclass(frozen=True)
class Fit:
    """How a kind of thing sits.

    Parameters
    ----------
    shape : tuple of str
        Anchors that say where on the head its template lies.
    surface : tuple of (float, float, float)
        Points that its surface goes through, mm.
    held : tuple of str
        Anchors that it follows on this very face.
    stiffness : float, optional
        0: it lies exactly where the landmarks say, the larger, the less it is bent. None for what is rigid: it is moved, turned
        and scaled.
    most_yaw : float
        Degrees to a side beyond which it cannot be drawn.
    straps_from : float, optional
        How far from the middle its loops or temples begin, mm: they end where the face does, and go on under the hair.
    covers_mouth : bool
        Whether it is a mask, which may be worn wrongly.
    """

    shape: tuple[str, ...]
    surface: tuple[Point3, ...]
    held: tuple[str, ...]
    stiffness: float | None
    most_yaw: float = 60.0
    straps_from: float | None = None
    covers_mouth: bool = False


def _names(*indices: int | range) -> tuple[str, ...]:
    return tuple(str(each) for index in indices for each in (index if isinstance(index, range) else (index,)))


_FLATTER = 0.4
_JAW, _BROWS = _names(range(17)), _names(range(17, 27))
_EARS = ("ear_left", "ear_right")
# A mask stands like a tent on the nose, the cheeks and the chin: it does not follow the wings of the nose or the lips.
_TENT = (*_JAW, *_names(27, 28, 29, 30, 17, 26, 36, 39, 42, 45), *_EARS, "below_chin")
_LENSES = (*_names(17, 21, 22, 26, 27, 28, 36, 39, 42, 45, 0, 16), "temple_left", "temple_right", *_EARS)
_SKULL = (*_BROWS, *_names(0, 16, 27), "forehead", "crown", "temple_left", "temple_right", *_EARS)
_NECK = (*_JAW, *_names(27, 28, 29, 30), "below_chin", "neck_left", "neck_right", *_EARS)


def _through(names: Sequence[str]) -> tuple[Point3, ...]:
    return tuple(ANCHORS[name] for name in names)


def _dome(names: Sequence[str]) -> tuple[Point3, ...]:
    """The head, flatter than it is: what bulges all around has much the same outline however it is turned."""
    return tuple((x, y, _FLATTER * z) for x, y, z in _through(names))


def _frame() -> tuple[Point3, ...]:
    """Glasses: a front, slightly bent and leaning, whose temples go straight back to the ears."""
    half = ((0, -6), (20, -4), (45, 6), (62, 18), (68, 27), (71, 52), (75, 97))
    return tuple(
        (float(side * x), float(y), z + 0.12 * y) for side in (-1, 1) for x, z in half for y in (-40, 0, 40) if x or side > 0
    )


_MASK = Fit(_TENT, _through(_TENT), (*_JAW, *_names(27, 28, 29, 30, 36, 45, 39, 42)), 0.0, straps_from=60.0, covers_mouth=True)
_GLASSES = Fit(_LENSES, _frame(), _names(27, 28, 36, 39, 42, 45), None, straps_from=60.0)
_HAT = Fit(_SKULL, _dome(_SKULL), _names(17, 19, 24, 26, 27, 36, 45, 0, 16), None, most_yaw=22.0)
_WRAP = Fit(_NECK, _through(_NECK), (*_JAW, *_names(27, 28, 29, 30)), 0.01, most_yaw=45.0)
_SKIN = _names(range(48))
_PLASTER = Fit(_SKIN, _through(_SKIN), _SKIN, 0.003)
_WHOLE = tuple(dict.fromkeys((*_SKULL, *_JAW, "below_chin", "neck_left", "neck_right")))
_HELMET = Fit(_WHOLE, _dome(_WHOLE), (*_JAW, *_names(17, 19, 24, 26, 27)), 0.05, most_yaw=22.0)
_HOOD = Fit(_WHOLE, _dome(_WHOLE), (*_JAW, *_BROWS, "27"), 0.05, most_yaw=15.0)
_ALL = tuple(name for name in ANCHORS if name not in _names(range(60, 68)))
_ANY = Fit(_ALL, _through(_ALL), _names(range(60)), 0.003)

_WORDS: Sequence[tuple[Fit, tuple[str, ...]]] = (
    (_GLASSES, ("glasses", "goggles", "spectacles", "shades")),
    (_HOOD, ("headscarf", "hijab", "hood", "balaclava")),
    (_HELMET, ("helmet",)),
    (_HAT, ("cap", "beanie", "hat", "headband", "bandage", "turban", "bandana")),
    (_WRAP, ("scarf", "gaiter", "shawl", "strap")),
    (_PLASTER, ("plaster", "patch")),
    (_MASK, ("surgical", "cloth", "ffp2", "ffp3", "n95", "kn95", "mask", "respirator")),
)


def fit_of(kind: str) -> Fit:
    """How a kind sits, by the first word that its name holds; one that is not known follows the face wherever it has anchors.

    Examples
    --------
    >>> fit_of("surgical").covers_mouth, fit_of("sunglasses").covers_mouth
    (True, False)
    """
    return next((fit for fit, words in _WORDS if any(word in kind.lower() for word in words)), _ANY)

"""What the values of a label map mean for an evaluation: background, visible face, occluder, or not known."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.samples import IGNORE, Mask
from natocc.core.text import nearest
from natocc.faces.classes import CLASS_TABLES, FACE_PARTS
from natocc.io.images import list_values

BACKGROUND, FACE, OCCLUDER = 0, 1, 2
"""The values that every truth is brought to; :data:`natocc.core.samples.IGNORE` stays what it is."""

OWN_CLASSES = {BACKGROUND: "background", FACE: "face", OCCLUDER: "occluder"}
"""natocc's own label maps."""

OCCLUDERS = ("occluder", "occluders", "occlusion", "occluding face", "hand", "object")
"""Names of classes that are occluders unless others are named."""

_UNKNOWN = 254


@dataclasses.dataclass(frozen=True)
class ClassMap:
    """Values of a label map to :data:`BACKGROUND`, :data:`FACE` and :data:`OCCLUDER`.

    Parameters
    ----------
    names : mapping of int to str
        Value to class, 0 to 254.
    face, occluders : tuple of str
        The classes that are face, and those that are occluders; all others are background.
    """

    names: Mapping[int, str]
    face: tuple[str, ...] = FACE_PARTS
    occluders: tuple[str, ...] = OCCLUDERS

    @property
    def has_occluders(self) -> bool:
        """Whether one of the classes is an occluder."""
        return not set(self.names.values()).isdisjoint(self.occluders)

    def apply(self, labels: Mask, name: str) -> Mask:
        """A label map in natocc's own values.

        Parameters
        ----------
        labels : (H, W) uint8
            As its owner wrote it; 255 is "not known" unless a class has that value.
        name : str
            For the message.

        Raises
        ------
        BadDataError
            ``bad-mask`` if a value has no class.
        """
        table = np.full(256, _UNKNOWN, np.uint8)
        table[IGNORE] = IGNORE
        for value, label in self.names.items():
            table[value] = FACE if label in self.face else OCCLUDER if label in self.occluders else BACKGROUND
        mapped: Mask = table[labels]
        if (mapped == _UNKNOWN).any():
            known = ", ".join(f"{value} {label}" for value, label in self.names.items())
            values = list_values(np.unique(labels[mapped == _UNKNOWN]).tolist())
            raise BadDataError(Reason.BAD_MASK, f"{name}: no class has the values {values}; known: {known}, {IGNORE} not known")
        return mapped


def named_classes(
    classes: str | Mapping[int, str], face: tuple[str, ...] | None = None, occluders: tuple[str, ...] | None = None
) -> ClassMap:
    """A class table by name, or value to name, and which of the classes are face and occluders.

    Raises
    ------
    UsageError
        If there is no such table, no such class, or no class that is face.
    """
    if isinstance(classes, str):
        if classes not in CLASS_TABLES:
            raise UsageError(f"unknown class table {classes!r}{nearest(classes, list(CLASS_TABLES))}")
        classes = CLASS_TABLES[classes]
    names = list(dict.fromkeys(classes.values()))
    for option, chosen in (("face classes", face), ("occluder classes", occluders)):
        for name in chosen or ():
            if name not in names:
                raise UsageError(f"{option}: unknown class {name!r}{nearest(name, names)}")
    result = ClassMap(dict(classes), face or FACE_PARTS, occluders or OCCLUDERS)
    if set(names).isdisjoint(result.face):
        raise UsageError(f"none of the classes ({', '.join(names)}) is known as part of a face; name them as face classes")
    return result


def guessed_classes(values: Iterable[int], place: str) -> ClassMap:
    """What label maps mean whose owner says nothing: natocc's own values, or two values, of which 0 is background.

    Parameters
    ----------
    values : iterable of int
        Those of all label maps together: one map alone may lack the face.
    place : str
        For the message.

    Raises
    ------
    UsageError
        If they are neither.

    Examples
    --------
    >>> guessed_classes([0, 1, 255], "masks").names
    {0: 'background', 1: 'face', 2: 'occluder'}
    >>> guessed_classes([0, 255], "masks").names
    {0: 'background', 255: 'face'}
    """
    present = set(values)
    if present <= {BACKGROUND, FACE}:
        return ClassMap({BACKGROUND: "background", FACE: "face"})
    if FACE in present and present <= {BACKGROUND, FACE, OCCLUDER, IGNORE}:
        return ClassMap(OWN_CLASSES if OCCLUDER in present or IGNORE in present else {BACKGROUND: "background", FACE: "face"})
    if len(present - {BACKGROUND}) == 1:
        return ClassMap({BACKGROUND: "background", (present - {BACKGROUND}).pop(): "face"})
    raise UsageError(
        f"{place} has the values {list_values(sorted(present))}: expected 0 background, 1 face, 2 occluder, {IGNORE} not known, "
        f"or 0 and one other; what they mean has to be said: a class table ({', '.join(CLASS_TABLES)}) or names"
    )


def predicted_face(labels: Mask, name: str) -> Mask:
    """The face in a predicted label map: 1 in 0/1 and 0/1/2, the one other value in 0/255 and the like.

    Parameters
    ----------
    labels : (H, W) uint8
        One prediction.
    name : str
        For the message.

    Returns
    -------
    face : (H, W) uint8
        1 on the face, 0 elsewhere.

    Raises
    ------
    BadDataError
        ``bad-mask`` naming the values.
    """
    values = np.flatnonzero(np.bincount(labels.ravel(), minlength=256))
    if values.size == 0 or values.max() <= OCCLUDER:
        return np.asarray(labels == FACE, dtype=np.uint8)
    if np.count_nonzero(values) == 1:
        return np.asarray(labels == values[-1], dtype=np.uint8)
    expected = "0 and 1, 0 and one other value, or 0 background, 1 face, 2 occluder"
    raise BadDataError(Reason.BAD_MASK, f"prediction {name} has the values {list_values(values.tolist())}: expected {expected}")

"""Samples as data sets nest them: dictionaries, lists and tuples of anything, with a picture and its label map somewhere."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from natocc.augment import kinds, tensors

Path: TypeAlias = tuple[Any, ...]
"""Keys and numbers that lead to a part of a sample."""

_LANDMARKS = "landmarks"


def find(sample: Any) -> tuple[Path, Path, Path | None]:
    """Where picture, label map and, if there are some, landmarks lie.

    What torchvision calls an ``Image`` or a ``Mask`` is one; else the form tells. What is called ``image`` or ``mask`` goes
    before others, then the first one.

    Raises
    ------
    TypeError
        If there is no picture, or nothing that could be its label map.
    """
    parts = dict(_parts(sample))
    picture = _first(parts, "image", "Image", kinds.is_picture)
    if picture is None:
        raise TypeError(f"expected image=..., mask=..., an image and a mask, or a sample that has them; found {_shown(parts)}")
    size = kinds.size_of(parts[picture])
    labels = _first(parts, "mask", "Mask", lambda part: kinds.is_labels(part, *size))
    if labels is None:
        raise TypeError(f"expected a mask of {size[1]} x {size[0]} px in the sample; found {_shown(parts)}")
    landmarks = next((path for path in parts if path[-1:] == (_LANDMARKS,)), None)
    return picture, labels, landmarks


def get(sample: Any, path: Path) -> Any:
    """The part that lies there."""
    for key in path:
        sample = sample[key]
    return sample


def replaced(sample: Any, path: Path, value: Any) -> Any:
    """The sample with another part there; everything else is the same object."""
    if not path:
        return value
    key, below = path[0], path[1:]
    part = replaced(sample[key], below, value)
    if isinstance(sample, tuple):
        items = [*sample[:key], part, *sample[key + 1 :]]
        return type(sample)(*items) if hasattr(sample, "_fields") else tuple(items)
    changed: Any = copy.copy(sample)
    changed[key] = part
    return changed


def _parts(sample: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(sample, Mapping):
        nested: Any = sample.items()
    elif isinstance(sample, list | tuple) and path[-1:] != (_LANDMARKS,):
        nested = enumerate(sample)
    else:
        yield path, sample
        return
    for key, part in nested:
        yield from _parts(part, (*path, key))


def _first(parts: Mapping[Path, Any], name: str, kind: str, serves: Any) -> Path | None:
    """Of what is of torchvision's `kind`, else of what serves: the one of that name, else the first."""
    marked = [path for path, part in parts.items() if tensors.kind_of(part) == kind]
    unmarked = (path for path, part in parts.items() if tensors.kind_of(part) is None and serves(part))
    found = marked or list(unmarked)
    return next((path for path in found if path[-1:] == (name,)), found[0] if found else None)


def _shown(parts: Mapping[Path, Any]) -> str:
    told = []
    for path, part in parts.items():
        name = ".".join(map(str, path)) or "it"
        form = getattr(part, "shape", None) or getattr(part, "size", "")
        told.append(f"{name}: {type(part).__name__} {tuple(form) if form else ''}".rstrip())
    return ", ".join(told[:8]) or "nothing"

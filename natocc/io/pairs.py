"""Which mask belongs to which picture, by their names."""

from __future__ import annotations

import collections
import itertools
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from natocc.core.errors import UsageError
from natocc.io.paths import without_suffix

_PHOTOGRAPH = (".jpg", ".jpeg", ".jfif", ".webp", ".heic", ".heif", ".avif")
"""Suffixes of formats that blur a mask: of two files of one name, this one is the picture."""
_OF_A_MASK = re.compile("mask|label|lbl|seg|gt|truth|pars|anno|matte|alpha|trimap", re.IGNORECASE)
_ASKED = 3  # masks that a rule is looked for in


def check_stems(folder: Path, names: Iterable[str]) -> None:
    """Refuse two files of a folder whose names differ in their suffix alone.

    Raises
    ------
    UsageError
        Naming both.
    """
    stems: dict[str, str] = {}
    for name in names:
        other = stems.setdefault(without_suffix(name), name)
        if other != name:
            raise UsageError(
                f"{folder} has {other} and {name}, of which only the suffix differs; rename or remove one, or, if one is "
                "the mask of the other, name this folder for masks, too"
            )


def pair_masks(pictures: Iterable[str], masks: Iterable[str], suffix: str | None = None) -> dict[str, str]:
    """Mask of every picture that has one.

    Names agree but for the suffix of the file; where none does so, masks may have more to their names (``f0_mask.png``,
    ``mask_f0.png``, ``f0.jpg.png``) or something else (``f0_image.jpg``, ``f0_mask.png``), if it is the same for all of them.
    What is left over is paired where only case, leading zeros or the Unicode form differ.

    Parameters
    ----------
    pictures, masks : iterable of str
        Names relative to their folders; without suffix, those of either are different.
    suffix : str, optional
        What the name of a mask has after that of its picture, such as ``_mask`` or ``_mask.png``, instead of a search.

    Examples
    --------
    >>> pair_masks(["f0.jpg", "f1.jpg"], ["f0_mask.png", "f1_mask.png"])
    {'f0.jpg': 'f0_mask.png', 'f1.jpg': 'f1_mask.png'}
    >>> pair_masks(["img_1.jpg", "img_2.jpg"], ["mask_1.png", "mask_2.png"])
    {'img_1.jpg': 'mask_1.png', 'img_2.jpg': 'mask_2.png'}
    """
    stems = {without_suffix(name): name for name in pictures}
    by_stem = {without_suffix(name): name for name in masks}
    if suffix is not None:
        around = _around("", _of_stem(suffix))
        of_stems = _agreeing({around(stem): name for stem, name in stems.items()}, by_stem)
        return of_stems or _agreeing({around(name): name for name in stems.values()}, by_stem)
    plain = _agreeing(stems, by_stem)
    for bases in _bases(stems) if not plain else ():
        for prefix, ending in _affixes(bases, list(by_stem)):
            around = _around(prefix, ending)
            wanted = {around(base): name for base, name in bases.items()}
            paired = wanted.keys() & by_stem.keys()
            if len(paired) in (len(wanted), len(by_stem)) and all(_has(stem, prefix, ending) for stem in by_stem):
                return _agreeing(wanted, by_stem)
    return plain


def masks_beside(names: Sequence[str], suffix: str | None = None, certain: bool = True) -> set[str]:
    """Those of the files in one folder that are masks of others.

    Parameters
    ----------
    names : sequence of str
        Names of pictures and of their masks.
    suffix : str, optional
        As for :func:`pair_masks`.
    certain : bool
        Whether there are masks among them; otherwise they must be called so.

    Examples
    --------
    >>> sorted(masks_beside(["f0.jpg", "f0.png", "f1.jpg", "f1.png"]))
    ['f0.png', 'f1.png']
    >>> sorted(masks_beside(["f0.png", "f0_mask.png"])), sorted(masks_beside(["f0.png", "f0_2.png"], certain=False))
    (['f0_mask.png'], [])
    """
    by_stem: dict[str, list[str]] = collections.defaultdict(list)
    for name in names:
        by_stem[without_suffix(name)].append(name)
    twins = [group for group in by_stem.values() if len(group) > 1]
    if twins and suffix is None and all(sum(map(_is_photograph, group)) == 1 for group in twins):
        return {name for name in names if not _is_photograph(name)}
    bases = {stem: stem for stem in by_stem} | {name: name for name in names}
    longest = sorted(by_stem, key=lambda stem: (-len(stem), stem))[: 10 * _ASKED]
    searched = (affixes for stem in longest for affixes in _affixes(bases, [stem]))
    for prefix, ending in [("", _of_stem(suffix))] if suffix is not None else searched:
        around = _around(prefix, ending)
        pictures = [base for base in bases if around(base) in by_stem]
        masks = {name for base in pictures for name in by_stem[around(base)]}
        named = suffix is not None or _OF_A_MASK.search(prefix + ending) or ending.lower() in _PHOTOGRAPH
        if masks and (named or (certain and len(masks) * 2 == len(names))):
            return masks
    return set()


def _of_stem(suffix: str) -> str:
    """``_mask`` of ``_mask.png``; ``.jpg`` is the end of a stem: of ``f0.jpg.png``."""
    return without_suffix(f"x{suffix}")[1:] or suffix


def _is_photograph(name: str) -> bool:
    return name.lower().endswith(_PHOTOGRAPH)


def _agreeing(wanted: Mapping[str, str], masks: Mapping[str, str]) -> dict[str, str]:
    """Picture to mask, where the name that a picture wants is that of a mask, exactly or at least folded."""
    pairs = {picture: masks[text] for text, picture in wanted.items() if text in masks}
    used = set(pairs.values())
    left = _folded((text, picture) for text, picture in wanted.items() if picture not in pairs)
    free = _folded((text, mask) for text, mask in masks.items() if mask not in used) if left else {}
    return pairs | {picture: free[text] for text, picture in left.items() if text in free}


def _folded(names: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Names without what systems and tools change in them; those that are then equal are left out."""
    folded: dict[str, set[str]] = collections.defaultdict(set)
    for text, name in names:
        folder, file = _parts(unicodedata.normalize("NFC", text).casefold())
        folded[folder + (file.lstrip("0") or "0" if file.isdecimal() else file)].add(name)
    return {text: group.pop() for text, group in folded.items() if len(group) == 1}


def _bases(stems: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """What the names of masks may hold of their pictures': the stem, the whole name, the stem without what all pictures share."""
    yield dict(stems)
    yield {name: name for name in stems.values()}
    files = [_parts(stem)[1] for stem in stems]
    if len(files) > 1:
        prefix = _shared(files)
        ending = _shared([file[::-1] for file in files])[::-1]
        for before, after in ((prefix, ""), ("", ending), (prefix, ending)):
            if (before or after) and all(len(file) > len(before) + len(after) for file in files):
                yield {
                    _parts(stem)[0] + file[len(before) : len(file) - len(after)]: name
                    for (stem, name), file in zip(stems.items(), files, strict=True)
                }


def _shared(files: Sequence[str]) -> str:
    """What all names begin with, up to the end of a word or the beginning of a number."""
    shared = os.path.commonprefix(files)  # noqa: RUF071
    while shared and not all(_is_boundary(shared, file[len(shared) :]) for file in files):
        shared = shared[:-1]
    return shared


def _affixes(bases: Mapping[str, str], masks: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What the names of a few masks have before and after that of a picture; the longest pictures' names first."""
    for mask in masks[:_ASKED]:
        folder, file = _parts(mask)
        for length, start in itertools.product(range(len(file) - 1, 0, -1), range(len(file))):
            prefix, base, ending = file[:start], file[start : start + length], file[start + length :]
            if len(base) == length and folder + base in bases and _is_boundary(prefix, base) and _is_boundary(base, ending):
                yield prefix, ending


def _around(prefix: str, ending: str) -> Callable[[str], str]:
    def around(base: str) -> str:
        folder, file = _parts(base)
        return f"{folder}{prefix}{file}{ending}"

    return around


def _has(stem: str, prefix: str, ending: str) -> bool:
    file = _parts(stem)[1]
    return file.startswith(prefix) and file.endswith(ending) and len(file) > len(prefix) + len(ending)


def _parts(name: str) -> tuple[str, str]:
    """Folder, with ``/`` at its end, and file."""
    folder, slash, file = name.rpartition("/")
    return folder + slash, file


def _is_boundary(before: str, after: str) -> bool:
    """Whether neither a word nor a number goes on from `before` to `after`."""
    if not before or not after:
        return True
    return not ((before[-1].isdecimal() and after[0].isdecimal()) or (before[-1].isalpha() and after[0].isalpha()))

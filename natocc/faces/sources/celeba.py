"""What CelebA knows of CelebAMask-HQ's faces: the official split, and who they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from natocc.core.errors import UsageError
from natocc.io.files import exists, read_text

MAPPING = "CelebA-HQ-to-CelebA-mapping.txt"
IDENTITIES = "identity_CelebA.txt"
LAST_TRAIN, LAST_VAL, LAST_TEST = 162_770, 182_637, 202_599
"""Numbers of CelebA's files, from 000001.jpg, that end its published partition [1]_.

.. [1] Z. Liu et al., "Deep Learning Face Attributes in the Wild", ICCV 2015: ``list_eval_partition.txt``.
"""


@dataclasses.dataclass(frozen=True)
class CelebA:
    """Which picture of CelebA a face of CelebA-HQ was made from, and who it shows.

    Parameters
    ----------
    numbers : mapping of int to int
        Number of CelebA-HQ, from 0, to number of CelebA's file, from 1.
    people : mapping of int to str
        Number of CelebA's file to identity; empty where it is not known.
    """

    numbers: Mapping[int, int]
    people: Mapping[int, str]

    def split(self, number: int) -> str | None:
        """``train``, ``val`` or ``test``; none of a face that the mapping does not have."""
        original = self.numbers.get(number)
        if original is None:
            return None
        return "train" if original <= LAST_TRAIN else "val" if original <= LAST_VAL else "test"

    def identity(self, number: int) -> str | None:
        """``celeba/`` and the number of the person, where it is known."""
        person = self.people.get(self.numbers.get(number, 0))
        return None if person is None else f"celeba/{person}"


def read_celeba(root: Path) -> CelebA | None:
    """The mapping and, if it exists, the list of identities; none without a mapping.

    Parameters
    ----------
    root : Path
        CelebAMask-HQ's folder.

    Raises
    ------
    UsageError
        If a line of either file is damaged, naming it, or there are identities and no mapping to use them by.
    """
    mapping, identities = root / MAPPING, root / IDENTITIES
    if not exists(mapping):
        if exists(identities):
            raise UsageError(f"{identities} is of no use without {mapping}, which says who is who")
        return None
    numbers: dict[int, int] = {}
    for number, line, words in _lines(mapping, "a number, a number and a file name such as '0 119613 119614.jpg'", 3):
        original = _number(words[2].partition(".")[0])
        face = _number(words[0])
        if number == 1 and face is None:
            continue  # the header
        if face is None or original is None or not 1 <= original <= LAST_TEST or _number(words[1]) is None:
            raise UsageError(f"{mapping}, line {number}: expected a line such as '0 119613 119614.jpg', found {line!r}")
        if face in numbers:
            raise UsageError(f"{mapping}, line {number}: a second line of face {face}")
        numbers[face] = original
    people: dict[int, str] = {}
    if exists(identities):
        for number, line, words in _lines(identities, "a file name and a number such as '000001.jpg 2880'", 2):
            original = _number(words[0].partition(".")[0])
            if original is None or _number(words[1]) is None:
                raise UsageError(f"{identities}, line {number}: expected a line such as '000001.jpg 2880', found {line!r}")
            people[original] = words[1]
    return CelebA(numbers, people)


def _lines(path: Path, expected: str, count: int) -> Iterator[tuple[int, str, list[str]]]:
    """Number, text and words of every line that is not blank."""
    lines = read_text(path, f"lines of {expected}").splitlines()
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if words and len(words) != count:
            raise UsageError(f"{path}, line {number}: expected {expected}, found {line[:80]!r}")
        if words:
            yield number, line[:80], words


def _number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 10 else None

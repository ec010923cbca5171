"""Train, validation and test, decided by names alone: what is added later moves nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field, model_validator

from natocc.core.errors import UsageError
from natocc.plugins.options import Options


class Splits(Options):
    """How samples are divided, so that no person, photograph or occluder's picture lies in two splits."""

    train: float = Field(0.8, ge=0, le=1)
    """Share of the people (of the pictures where people are not known) and of the occluders' pictures that go to training; the
    three shares add up to 1."""
    val: float = Field(0.1, ge=0, le=1)
    """Share that goes to validation."""
    test: float = Field(0.1, ge=0, le=1)
    """Share that goes to testing."""
    faces: Literal["hash", "owner"] = "hash"
    """``hash``: faces are divided by these shares. ``owner``: faces are divided as the owner of the dataset published them, and
    the shares divide the occluders alone."""

    @model_validator(mode="after")
    def _add_up(self) -> Splits:
        if abs(self.train + self.val + self.test - 1) > 1e-6:
            raise ValueError(f"train, val and test must add up to 1, found {self.train + self.val + self.test:g}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The splits that have a share."""
        return tuple(name for name, share in self._shares() if share > 0)

    def of(self, kind: str, name: str) -> str:
        """The split that something belongs to; depends on its name and on the shares alone, not even on the recipe's seed.

        Parameters
        ----------
        kind : str
            ``face`` or ``occluder``: equal names of different kinds have nothing to do with each other.
        name : str
            A person, a picture.
        """
        digest = hashlib.blake2b(json.dumps([kind, name]).encode(), digest_size=8).digest()
        position, reached = int.from_bytes(digest, "big") / 2**64, 0.0
        for split, share in self._shares():
            reached += share
            if position < reached:
                return split
        return self.names[-1]  # the shares add up to 1 but for the last bit

    def empty(self, kind: str, names: Iterable[str]) -> list[str]:
        """Splits that have a share and get none of `names`; see :meth:`of`."""
        missing = dict.fromkeys(self.names)
        for name in names:
            missing.pop(self.of(kind, name), None)
            if not missing:
                break
        return list(missing)

    def check_owners(self, source: str, splits: Mapping[str, str | None]) -> None:
        """Where faces are divided as their owner did: whether each is in a split that has a share.

        Parameters
        ----------
        source : str
            Of the faces, for the message.
        splits : mapping of str to (str or None)
            The owner's split of each face.

        Raises
        ------
        UsageError
            If one is in none, or in one without a share.
        """
        unknown = [face_id for face_id, split in splits.items() if split not in self.names]
        if unknown:
            raise UsageError(
                f"splits.faces: owner, but source {source!r} knows no split with a share "
                f"for {len(unknown)} of its {len(splits)} faces, such as {unknown[0]!r}; use splits.faces: hash"
            )

    def _shares(self) -> tuple[tuple[str, float], ...]:
        return ("train", self.train), ("val", self.val), ("test", self.test)


def few_people(empty: Iterable[str], count: int) -> str:
    """What to say where splits with a share got nobody."""
    return (
        f"nobody falls into the split {' or '.join(empty)}: there {'is' if count == 1 else 'are'} only {count} to divide "
        "(people, or pictures where people are not known); larger shares help, or more of them"
    )

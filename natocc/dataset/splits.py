"""Train, validation and test, decided by names alone: what is added later moves nothing."""

from __future__ import annotations

import hashlib
import json
from typing import Literal

from pydantic import Field, model_validator

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

    def _shares(self) -> tuple[tuple[str, float], ...]:
        return ("train", self.train), ("val", self.val), ("test", self.test)

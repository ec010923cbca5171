"""Randomness by name: the only place where a random Generator is made."""

from __future__ import annotations

import hashlib
import json

import numpy as np


def generator(seed: int, *key: str | int) -> np.random.Generator:
    """Random generator that depends on its key alone.

    Parameters
    ----------
    seed : int
        The recipe's seed, 0 or more.
    *key : str or int
        What the numbers are for: set, face, variant, stage.

    Returns
    -------
    numpy.random.Generator
        PCG64, seeded with the 256-bit BLAKE2b digest of seed and key: neither the worker, nor the order, nor the hash seed
        of the process plays a part.

    Examples
    --------
    >>> a = generator(1, "hands", "celebamask/11", 0, "plan").integers(1000)
    >>> b = generator(1, "hands", "celebamask/11", 0, "plan").integers(1000)
    >>> bool(a == b)
    True
    """
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    digest = hashlib.blake2b(json.dumps([seed, *key]).encode(), digest_size=32).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))

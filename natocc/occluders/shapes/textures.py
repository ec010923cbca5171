"""Textures: pictures of surfaces, by class (DTD) or in any folder."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, Protocol

import cv2
import numpy as np
from pydantic import Field

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.plans import Json, Reference
from natocc.core.samples import Image, Origin
from natocc.core.text import plain
from natocc.io.equal_files import equal_files
from natocc.io.files import is_dir
from natocc.io.folders import Links, Listing, list_folder
from natocc.io.images import MAX_PIXELS, MOST_PIXELS, read_rgb
from natocc.io.notes import Notes
from natocc.io.paths import SCHEMES, SUFFIXES, locate, require_folder
from natocc.occluders import TEXTURES
from natocc.occluders.drawn import DrawnNumbers, Unit
from natocc.plugins.options import Location, Options
from natocc.plugins.table import Table

_LAYOUT = "pictures by class in images/CLASS/ (as DTD is published), or pictures in any folder"


class TextureSource(Protocol):
    """Surfaces to cover shapes with."""

    def __len__(self) -> int:
        """Number of pictures."""
        ...

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        """Reference to a texture and a place in it."""
        ...

    def subset(self, keep: Callable[[str], bool]) -> TextureSource:
        """The same source, of those pictures only whose name `keep` accepts; see :class:`OccluderSource`."""
        ...

    def texture(self, reference: Reference, height: int, width: int) -> tuple[Image, str, Origin]:
        """The texture that `reference` means, at its natural scale: (height, width, 3) uint8, its class and its origin.

        Raises
        ------
        BadDataError
            If its picture cannot be read.
        """
        ...


class TextureOptions(Options):
    """A recipe's ``textures``: which source, and that source's own keys."""

    source: str
    """Name of the source."""

    def named(self) -> Iterable[tuple[Table[Any], str]]:
        """The source."""
        return ((TEXTURES, self.source),)

    def notes(self, data: Path) -> Notes:
        """What is left out when the files are listed; see :meth:`natocc.occluders.source.OccluderOptions.notes`."""
        del data
        return Notes()

    @abstractmethod
    def open(self, data: Path) -> TextureSource:
        """The source; a UsageError names the folder and the layout where it is missing."""


class PictureTextures(TextureOptions):
    """The Describable Textures Dataset, or any folder of pictures.

    References
    ----------
    .. [1] M. Cimpoi et al., "Describing Textures in the Wild", CVPR 2014.
    """

    reads = SUFFIXES
    source: Literal["textures"] = "textures"
    root: Location = "dtd"
    """Location of a folder with ``images/CLASS/``, or of pictures."""
    include: tuple[str, ...] | None = None
    """File names of the pictures to use; by default all."""
    licence: str | None = None
    """Licence of all the pictures, recorded with every sample."""
    max_pixels: int = Field(MAX_PIXELS, ge=1, le=MOST_PIXELS)
    """Pictures of more pixels are refused by their header, before anything is decoded."""
    links: Links = "follow"
    """``follow``: symbolic links in the folder are followed wherever they lead. ``inside``: those that lead out of it are left
    out."""

    def open(self, data: Path) -> Textures:
        """List the pictures; see :meth:`TextureOptions.open`."""
        root, listing = self._listing(data)
        names = [name for name in listing.names if self.include is None or Path(name).name in self.include]
        if not names:
            raise UsageError(f"no texture in {root}; expected {_LAYOUT}", *listing.notes.lines())
        return Textures(root, tuple(names), self.licence, self.max_pixels)

    def notes(self, data: Path) -> Notes:
        """See :meth:`TextureOptions.notes`; none of a package's folder, or where the pictures were chosen by name."""
        is_own = not self.root.startswith(SCHEMES) and self.include is None
        return self._listing(data)[1].notes if is_own else Notes()

    def _listing(self, data: Path) -> tuple[Path, Listing]:
        root = require_folder(locate(self.root, data), _LAYOUT)
        root = root / "images" if is_dir(root / "images") else root
        return root, list_folder(root, SUFFIXES, self.links)


class DrawnTexture(DrawnNumbers):
    """What :class:`Textures` drew."""

    texture: str
    across: Unit
    down: Unit


class Textures:
    """Pictures of surfaces on disk; the last few read are kept.

    Parameters
    ----------
    root : Path
        Their folder.
    names : tuple of str
        Relative to it, sorted.
    licence : str, optional
        Of all of them.
    max_pixels : int
        Pictures of more are refused.
    """

    def __init__(self, root: Path, names: tuple[str, ...], licence: str | None = None, max_pixels: int = MAX_PIXELS) -> None:
        self._root, self._names, self._licence, self._max_pixels = root, names, licence, max_pixels
        self._read = functools.lru_cache(maxsize=8)(self._read_now)

    def __reduce__(self) -> tuple[type[Textures], tuple[Path, tuple[str, ...], str | None, int]]:
        return Textures, (self._root, self._names, self._licence, self._max_pixels)

    def __len__(self) -> int:
        return len(self._names)

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        """Reference to a texture, uniform over pictures, and a place in it as shares of what is left over of its sides."""
        name = self._names[int(rng.integers(len(self._names)))]
        return {"texture": name, "across": round(float(rng.random()), 4), "down": round(float(rng.random()), 4)}

    def subset(self, keep: Callable[[str], bool]) -> Textures:
        """See :meth:`TextureSource.subset`."""
        names = tuple(name for name in self._names if keep(self._first_names.get(name, name)))
        if not names:
            raise UsageError(f"none of the {len(self._names)} textures in {self._root} falls into a split; use fewer splits")
        return Textures(self._root, names, self._licence, self._max_pixels)

    @functools.cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self._names)

    @functools.cached_property
    def _first_names(self) -> dict[str, str]:
        """Pictures that another one equals byte for byte, to the name of that: both belong to one split."""
        groups = equal_files({name: self._root / name for name in self._names})
        return {name: group[0] for group in groups for name in group}

    def texture(self, reference: Reference, height: int, width: int) -> tuple[Image, str, Origin]:
        """See :meth:`TextureSource.texture`; a picture that is too small is continued by mirroring."""
        drawn = DrawnTexture.of(reference)
        name = drawn.texture
        if name not in self._known:  # it may lead anywhere
            raise BadDataError(Reason.MISSING_FILE, f"no texture {name!r} in {self._root}")
        image, digest = self._read(name)
        missing = max(0, height - image.shape[0]), max(0, width - image.shape[1])
        if any(missing):
            image = np.asarray(cv2.copyMakeBorder(image, 0, missing[0], 0, missing[1], cv2.BORDER_REFLECT), dtype=np.uint8)
        top = int(drawn.down * (image.shape[0] - height))
        left = int(drawn.across * (image.shape[1] - width))
        category = plain(Path(name).parent.name or Path(name).stem)
        crop = np.ascontiguousarray(image[top : top + height, left : left + width])
        return crop, category, Origin("textures", name, digest, self._licence)

    def _read_now(self, name: str) -> tuple[Image, str]:
        return read_rgb(self._root / name, self._max_pixels)

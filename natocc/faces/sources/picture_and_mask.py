"""Pictures and masks of a data set by their names, in the folders and official splits where they lie."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

from natocc.core.errors import UsageError
from natocc.io.files import is_dir, real
from natocc.io.folders import Links, Listing, list_folder
from natocc.io.notes import NO_PICTURE, Notes
from natocc.io.pairs import check_stems, masks_beside, pair_masks
from natocc.io.paths import SUFFIXES, require_folder, without_suffix

MASK_FOLDERS = ("masks", "labels", "annotations")
SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
"""Names of folders that are official splits, and what natocc calls them."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A picture and its mask, each a folder and a name below it; the mask may be missing."""

    pictures: Path
    picture: str
    masks: Path
    mask: str | None


def split_of(face_id: str) -> str | None:
    """The official split of a face, where the first folder of its id is one."""
    first, slash, _ = face_id.partition("/")
    return SPLITS.get(first) if slash else None


@dataclasses.dataclass(frozen=True)
class Folders:
    """Where pictures and masks lie below a root, or below each of its splits.

    Parameters
    ----------
    images : str
        Folder of the pictures.
    masks : str, optional
        Folder of the masks, which may be the same; by default the first of :data:`MASK_FOLDERS` that exists.
    mask_suffix : str, optional
        As for :func:`natocc.io.pairs.pair_masks`.
    links : str
        Whether links that lead out of a folder are followed.
    """

    images: str
    masks: str | None
    mask_suffix: str | None
    links: Links

    @property
    def layout(self) -> str:
        """For messages."""
        masks = self.masks or " or ".join(MASK_FOLDERS)
        return (
            f"{self.images}/ and {masks}/ with files of equal stems, or these below train/, val/ and test/ (other names: keys "
            "images and masks)"
        )

    def pairs(self, root: Path) -> tuple[dict[str, Entry], Notes]:
        """Id to picture and mask, and what was left out; pictures may lack a mask.

        Raises
        ------
        UsageError
            If folders are missing or empty, two pictures have one id, or no picture has a mask.
        """
        entries: dict[str, Entry] = {}
        notes = Notes()
        alone: list[str] = []
        for prefix, folder in self._places(root):
            listed = self._list(folder, notes, prefix)
            check_stems(listed.folder, listed.pictures)
            pairs = pair_masks(listed.pictures, listed.masks, self.mask_suffix)
            for name in listed.pictures:
                entries[prefix + without_suffix(name)] = Entry(listed.folder, name, listed.mask_folder, pairs.get(name))
            used = set(pairs.values())
            alone += [prefix + _below(listed.mask_folder, folder) + name for name in listed.masks if name not in used]
        if not any(entry.mask for entry in entries.values()):
            masks = f"and masks such as {min(alone)}" if alone else "and no mask"
            raise UsageError(
                f"{root}: none of the {len(entries)} pictures has a mask of its name: there are pictures such as "
                f"{self.images}/{next(iter(entries.values())).picture} {masks}; if masks have more to their names than pictures, "
                f"say what: mask_suffix, such as _mask; expected {self.layout}",
                *notes.lines(),
            )
        notes.add_all(NO_PICTURE, alone)
        return entries, notes

    def _places(self, root: Path) -> list[tuple[str, Path]]:
        """Where `images` lies: the root itself, or its splits; with what comes before an id there."""
        if is_dir(root / self.images):
            return [("", root)]
        splits = [(f"{name}/", root / name) for name in SPLITS if is_dir(root / name / self.images)]
        if not splits:
            raise UsageError(f"no folder {root / self.images}; expected {self.layout}, below {root}")
        return splits

    def _list(self, folder: Path, notes: Notes, prefix: str) -> _Listed:
        """Names of pictures and masks below a folder; what was left out is added to `notes`."""
        layout = f"{self.layout}, below {folder}"
        pictures = folder / self.images
        listing = list_folder(pictures, SUFFIXES, self.links)
        notes.merge(listing.notes, prefix + _below(pictures, folder))
        candidates = [folder / name for name in ([self.masks] if self.masks else MASK_FOLDERS)]
        masks = next((path for path in candidates if is_dir(path)), None)
        if masks is None or real(masks) == real(pictures):
            beside = masks_beside(listing.names, self.mask_suffix, certain=masks is not None)
            if not beside and masks is None:
                require_folder(candidates[0], layout)
            _require_names(listing, pictures, layout)
            return _Listed(pictures, _without(listing.names, beside), pictures, sorted(beside))
        _require_names(listing, pictures, layout)
        mask_listing = list_folder(masks, SUFFIXES, self.links)
        notes.merge(mask_listing.notes, prefix + _below(masks, folder))
        check_stems(masks, mask_listing.names)
        below = _below(masks, pictures) if masks.is_relative_to(pictures) else None
        names = [name for name in listing.names if below is None or not name.startswith(below)]
        return _Listed(pictures, names, masks, mask_listing.names)


@dataclasses.dataclass(frozen=True)
class _Listed:
    """Pictures and masks, each a folder and names below it."""

    folder: Path
    pictures: Sequence[str]
    mask_folder: Path
    masks: Sequence[str]


def _require_names(listing: Listing, folder: Path, layout: str) -> None:
    if not listing.names:
        raise UsageError(f"no picture in {folder}; expected {layout}", *listing.notes.lines())


def _without(names: Iterable[str], others: set[str]) -> list[str]:
    return [name for name in names if name not in others]


def _below(folder: Path, root: Path) -> str:
    """What comes before a name in `folder`, seen from `root`."""
    relative = folder.relative_to(root).as_posix() if folder.is_relative_to(root) else folder.as_posix()
    return "" if relative == "." else f"{relative}/"

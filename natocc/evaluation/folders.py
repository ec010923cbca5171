"""Pictures and label maps of equal stems: RealOcc, RealOcc-Wild, COFW's masks, MMSegmentation's folders, and most others."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.samples import Image, Mask
from natocc.evaluation.classes import ClassMap, guessed_classes
from natocc.evaluation.pictures import INDEX, About, Pictures, read_index
from natocc.io.files import is_dir
from natocc.io.folders import list_folder
from natocc.io.images import read_labels, read_rgb
from natocc.io.masks import fit_labels
from natocc.io.paths import SUFFIXES, without_suffix

IMAGES = ("images", "image", "img", "imgs", "img_dir", "pictures")
LABELS = ("labels", "masks", "mask", "label", "ann_dir", "annotations", "annotation", "seg", "gt")
LAYOUT = f"a folder of label maps ({', '.join(LABELS)}), and beside it their pictures ({', '.join(IMAGES)}), of equal stems"


@dataclasses.dataclass(frozen=True)
class FolderPictures(Pictures):
    """Files by name.

    Parameters
    ----------
    label_files, image_files : mapping of str to Path
        Name to file; a name may have no picture, which only matters to whoever asks for it.
    classes : ClassMap
        Of the label maps.
    entries : mapping of str to About
        What an index says.
    """

    label_files: Mapping[str, Path]
    image_files: Mapping[str, Path]
    classes: ClassMap
    entries: Mapping[str, About]

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """Those of the label maps, sorted."""
        return tuple(sorted(self.label_files))

    @property
    def has_occluders(self) -> bool:
        """By the classes."""
        return self.classes.has_occluders

    def labels(self, name: str) -> Mask:
        """See :meth:`natocc.evaluation.pictures.Pictures.labels`."""
        path = self.label_files[name]
        return self.classes.apply(read_labels(path), str(path))

    def image(self, name: str) -> Image:
        """See :meth:`natocc.evaluation.pictures.Pictures.image`; a label map of another size but the same aspect fits it."""
        if name not in self.image_files:
            raise BadDataError(Reason.MISSING_FILE, f"{self.label_files[name]}: no picture of its stem")
        image = read_rgb(self.image_files[name])[0]
        shape = read_labels(self.label_files[name]).shape
        if image.shape[:2] == shape:
            return image
        fit_labels(np.zeros(image.shape[:2], np.uint8), (shape[0], shape[1]), str(self.image_files[name]))  # raises
        import cv2

        return np.asarray(cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def about(self, name: str) -> About:
        """By the index, which names a picture with or without its folders."""
        return self.entries.get(name) or self.entries.get(name.rpartition("/")[2]) or About()


def open_folders(
    root: Path,
    images: str | None = None,
    labels: str | None = None,
    classes: ClassMap | None = None,
    split: str | None = None,
) -> FolderPictures:
    """Pair pictures and label maps.

    Parameters
    ----------
    root : Path
        An existing folder.
    images, labels : str, optional
        Folders below it; the usual names are looked for.
    classes : ClassMap, optional
        Of the label maps; without it their values tell, which takes a look at every map.
    split : str, optional
        A folder below both, such as ``val``.

    Raises
    ------
    UsageError
        If they do not lie so, or values have no meaning.
    """
    label_folder = _folder(root, labels, LABELS)
    if label_folder is None:
        raise UsageError(f"{root}: expected {LAYOUT}, a dataset of natocc's, or CelebAMask-HQ")
    image_folder = _folder(root, images, IMAGES)
    if split is not None:
        label_folder = label_folder / split
        image_folder = image_folder / split if image_folder else None
        if not is_dir(label_folder):
            raise UsageError(f"no folder {label_folder}: there is no split {split!r}")
    label_files = files_by_stem(label_folder)
    if not label_files:
        raise UsageError(f"no label map in {label_folder}; expected {LAYOUT}")
    image_files = files_by_stem(image_folder) if image_folder is not None else {}
    missing = sorted(set(label_files) - set(image_files)) if image_folder is not None else []
    if missing:
        raise UsageError(f"{label_folder}: {len(missing)} label maps have no picture in {image_folder}: {list_names(missing)}")
    if classes is None:
        values: set[int] = set()
        for path in label_files.values():
            values |= set(np.flatnonzero(np.bincount(_readable(path).ravel(), minlength=256)).tolist())
        classes = guessed_classes(values, str(label_folder))
    return FolderPictures(label_files, image_files, classes, read_index(root / INDEX))


def files_by_stem(folder: Path) -> dict[str, Path]:
    """Path below a folder without suffix, to file, of every picture.

    Raises
    ------
    UsageError
        If two differ in their suffix alone.
    """
    files: dict[str, Path] = {}
    for name in list_folder(folder, SUFFIXES).names:
        stem = without_suffix(name)
        if stem in files:
            raise UsageError(
                f"{folder} has {files[stem].name} and {name}, of which only the suffix differs; rename or remove one"
            )
        files[stem] = folder / name
    return files


def list_names(names: list[str]) -> str:
    """The first few of many names, for a message."""
    return ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")


def _folder(root: Path, name: str | None, usual: tuple[str, ...]) -> Path | None:
    if name is not None:
        if not is_dir(root / name):
            raise UsageError(f"no folder {root / name}")
        return root / name
    return next((root / candidate for candidate in usual if is_dir(root / candidate)), None)


def _readable(path: Path) -> Mask:
    try:
        return read_labels(path)
    except BadDataError as error:
        raise UsageError(error.detail) from None

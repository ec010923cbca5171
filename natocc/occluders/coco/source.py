"""Objects out of COCO [1]_, or any data set in its ``instances`` format.

.. [1] T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from natocc.core.errors import UsageError
from natocc.io.files import is_file
from natocc.io.folders import list_folder
from natocc.io.images import MAX_PIXELS, MOST_PIXELS
from natocc.io.notes import NO_PICTURES, Notes
from natocc.io.paths import SUFFIXES, locate, require_folder
from natocc.occluders.coco.categories import CATEGORIES, wanted_categories
from natocc.occluders.coco.index import open_index, read_index
from natocc.occluders.coco.layout import find_annotations, item_names, list_annotations, require_pictures
from natocc.occluders.coco.pictures import CocoFile, CocoPictures, ObjectOptions
from natocc.occluders.cutting.cutouts import CutoutRules
from natocc.occluders.cutting.upscale import UpscaleOptions, Upscaler
from natocc.occluders.library.extraction import library_key, open_library
from natocc.occluders.library.library import Library
from natocc.occluders.source import OccluderOptions
from natocc.plugins.options import Location


class CocoOccluders(OccluderOptions):
    """Annotated objects in photographs: COCO, or any dataset in its format."""

    source: Literal["coco"] = "coco"
    root: Location = "coco"
    """Location of the folder with ``annotations/`` and the folders of pictures, or of one instances file."""
    annotations: tuple[Location, ...] | None = None
    """Locations of instances files; by default ``ROOT/annotations/instances_NAME.json``, else every one below ``ROOT``, where
    its pictures are found."""
    images: Location | tuple[Location, ...] | None = None
    """Location of the folder of pictures, or one for each of ``annotations``; by default ``ROOT/NAME``, ``ROOT/images/NAME``, the
    folder of the instances file, or where else tools put them."""
    file_names: Literal["as_written", "last_part"] = "as_written"
    """How the file names its pictures: relative to their folder, or by the last part of a path of another computer."""
    categories: tuple[str, ...] = Field(CATEGORIES, min_length=1)
    """Names of the categories to use, whatever their capitals and underscores; ``[all]`` uses every one."""
    exclude_categories: tuple[str, ...] = ()
    """Names of categories to leave out of those."""
    licences: tuple[str, ...] | None = None
    """Patterns, one of which a picture's licence (its URL, else its name) must match, such as ``*/licenses/by/*``."""
    crowds: Literal["leave_out", "take", "auto"] = "auto"
    """What is marked as a crowd (``iscrowd``): ``auto`` takes it where a tool marked everything that was painted with a brush."""
    upscale: UpscaleOptions | None = None
    """A network that enlarges small objects; without one they are interpolated."""
    max_pixels: int = Field(MAX_PIXELS, ge=1, le=MOST_PIXELS)
    """Pictures of more pixels are refused by their header, before anything is decoded."""
    # Outlines drawn by hand take a rim of background along.
    rules: CutoutRules = CutoutRules(choke=1, min_sharpness=20)
    """What an object must be like."""

    def check(self, data: Path) -> int:
        """Number of pictures in the folders that the annotation files name; see :meth:`OccluderOptions.check`."""
        return sum(len(list_folder(folder, SUFFIXES).names) for folder in sorted({folder for _, folder in self.files(data)}))

    def notes(self, data: Path) -> Notes:
        """Annotation files that are left out, since their pictures are not there; see :meth:`OccluderOptions.notes`."""
        notes = Notes()
        if self.annotations is None and self.images is None:
            root = locate(self.root, data)
            taken = [path for path, _ in find_annotations(root)]
            notes.add_all(NO_PICTURES, [path.name for path in list_annotations(root) if path not in taken])
        return notes

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Library:
        """See :meth:`OccluderOptions.open`."""
        files = self.files(data)
        upscaler = self._upscaler(data)
        contents = [path for path, _ in files] + ([upscaler.path] if upscaler else [])
        key = library_key(self.model_dump_json(), contents, dict.fromkeys(folder for _, folder in files))
        return open_library(cache, key, str(files[0][0].parent), lambda: self.pictures(files, cache, upscaler), jobs)

    def _upscaler(self, data: Path) -> Upscaler | None:
        if self.upscale is None:
            return None
        upscaler = Upscaler(locate(self.upscale.model, data), self.upscale.scale, self.upscale.below)
        if not is_file(upscaler.path):
            upscaler.check()
        return upscaler

    def files(self, data: Path) -> list[tuple[Path, Path]]:
        """Each annotation file with the folder of its pictures.

        Raises
        ------
        UsageError
            If there is none, or a location does not exist; says what there is instead, and the keys that name it.
        """
        root = locate(self.root, data)
        images = self.images if isinstance(self.images, tuple) else () if self.images is None else (self.images,)
        if self.annotations is None and not images:
            return find_annotations(root)
        folders = [require_folder(locate(name, data), "the pictures that the annotations name") for name in images]
        given = self.annotations
        paths = list_annotations(root) if given is None else [locate(name, data) for name in given]
        for path in paths:
            if not is_file(path):
                raise UsageError(f"no annotation file {path}; expected a COCO instances file (relative ones lie below {data})")
        if not folders:
            return [(path, require_pictures(path, root)) for path in paths]
        if len(folders) not in (1, len(paths)):
            raise UsageError(
                f"images: expected one folder, or one for each of {len(paths)} annotation files, found {len(folders)}"
            )
        folders = folders * len(paths) if len(folders) == 1 else folders
        return [(path, require_pictures(path, folder, given=True)) for path, folder in zip(paths, folders, strict=True)]

    def pictures(
        self, files: list[tuple[Path, Path]], cache: Path | None = None, upscaler: Upscaler | None = None
    ) -> CocoPictures:
        """Every picture that has an annotation of a wanted category, in the order of the files, by id in each.

        An annotation whose picture or category the file does not know, or that is no object, ends up without a picture, where it
        is refused and counted like any other.

        Parameters
        ----------
        files : list of (Path, Path)
            Each annotation file with the folder of its pictures.
        cache : Path, optional
            Where what the files hold is kept.
        upscaler : Upscaler, optional
            What enlarges small objects.

        Raises
        ------
        UsageError
            If a file is damaged, or knows none of the categories.
        """
        if upscaler is not None:
            upscaler.check()
        names = item_names([path for path, _ in files])
        indexes = [read_index(path) if cache is None else open_index(path, cache) for path, _ in files]
        known = {name for index in indexes for name in index.categories}
        wanted = wanted_categories(str(files[0][0]), known, self.categories, self.exclude_categories)
        opened = zip(names, indexes, files, strict=True)
        groups = [CocoFile(name, index, folder, index.groups(wanted)) for name, index, (_, folder) in opened]
        options = ObjectOptions(self.file_names, self.licences, self.crowds, self.max_pixels, self.rules)
        return CocoPictures(groups, options, upscaler)

"""Things that are worn: masks, glasses, hats, scarves, laid on a face's landmarks."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.plans import Json, Reference
from natocc.core.samples import AlignedFace, Cutout, Mask
from natocc.core.text import nearest
from natocc.io.folders import Links, Listing, list_folder
from natocc.io.images import MAX_PIXELS, MOST_PIXELS
from natocc.io.notes import Notes
from natocc.io.paths import SUFFIXES, locate, require_folder
from natocc.occluders.drawn import DrawnNumbers, Pair, Shape, check_near
from natocc.occluders.source import OccluderOptions, OccluderSource
from natocc.occluders.worn.drape import drape
from natocc.occluders.worn.drawing import KINDS
from natocc.occluders.worn.fits import Wearing, fit_of
from natocc.occluders.worn.head_pose import HeadPose
from natocc.occluders.worn.template_files import LAYOUT
from natocc.occluders.worn.wardrobe import Drawn, Garment, files_of
from natocc.occluders.worn.wearer import face_outline, pose_of
from natocc.plugins.options import Location
from natocc.plugins.weights import Weight, draw_by_weight, some_weight

_FARTHEST = 3  # sides of the picture that a face's landmarks span
_TURNED = 20.0  # degrees from which a template of a turned head is taken, where there is one


class WornOccluders(OccluderOptions):
    """Masks, glasses, hats and other things that are worn, put on the face by its 68 landmarks.

    natocc draws its own, or takes pictures from a folder. They are warped to the face's landmarks and turned with its head, so
    of ``placement`` only ``occlusion``, ``attempts``, ``count`` and ``overlap`` apply; another key with a value that is not its
    default is refused. Landmarks are found where the face source has none. A face without landmarks, or one that is turned by
    more than 60° to a side (38° where its landmarks were found) or 45° up or down, is rejected.

    A face pixel is occluded where the thing's opacity there reaches one half (or ``transparency.threshold``): clear lenses leave
    the eyes visible, their frame occludes; dark lenses occlude.

    References
    ----------
    .. [1] A. Anwar, A. Raychowdhury, "Masked Face Recognition for Secure Authentication", arXiv 2008.11104 (MaskTheFace).
    """

    reads = (*SUFFIXES, ".json", ".csv", ".cfg")
    source: Literal["worn"] = "worn"
    root: Location | None = None
    """Location of a folder of templates: pictures with an alpha channel, each with its points beside it as ``NAME.json`` or
    ``NAME.csv``, or MaskTheFace's folder of masks with its ``masks.cfg``. By default natocc draws its own."""
    kinds: dict[str, Weight] | None = Field(None, min_length=1)
    """Weight of each kind, such as ``{surgical: 3, cloth: 2}``; by default all equally often. The kind of a file is what its JSON
    says, else the name of its folder below the root, else the first word of its own."""
    points: Literal["files", "mask", "glasses"] = "files"
    """Where the anchors of files come from. ``files``: beside them. ``mask``: all are masks for mouth and nose, seen from the
    front; their outlines tell. ``glasses``: all are glasses, seen from the front."""
    wearing: Annotated[dict[Wearing, Weight], some_weight("wearing needs")] = Field(
        {"proper": 0.9, "below_nose": 0.07, "chin": 0.03}, validate_default=True
    )
    """Weights of how masks are worn: over nose and mouth, below the nose, or on the chin."""
    designs: int = Field(1000, ge=1, le=1_000_000)
    """How many different ones natocc draws of each kind."""
    licence: str | None = None
    """Licence of all the pictures, recorded with every sample."""
    max_pixels: int = Field(MAX_PIXELS, ge=1, le=MOST_PIXELS)
    """Pictures of more pixels are refused by their header, before anything is decoded."""
    links: Links = "follow"
    """``follow``: symbolic links in the folder are followed wherever they lead. ``inside``: those that lead out of it are left
    out."""

    @property
    def on_landmarks(self) -> bool:
        """See :attr:`OccluderOptions.on_landmarks`."""
        return True

    @model_validator(mode="after")
    def _kinds_have_weights(self) -> WornOccluders:
        if self.kinds is not None and not sum(self.kinds.values()) > 0:
            raise ValueError("kinds need a weight above 0")
        if self.root is None:
            if self.points != "files":
                raise ValueError(f"points: {self.points} is for templates from files: name their folder as root")
            for kind in self.kinds or ():
                if kind not in KINDS:
                    raise ValueError(f"unknown kind {kind!r}{nearest(kind, list(KINDS))}; natocc draws {', '.join(KINDS)}")
        return self

    def kinds_of(self, source: OccluderSource) -> tuple[str, ...]:
        """Those of the templates."""
        return source.kinds if isinstance(source, Worn) else ()

    @property
    def counted(self) -> str:
        """See :attr:`OccluderOptions.counted`."""
        return "templates"

    def check(self, data: Path) -> int:
        """Number of templates; see :meth:`OccluderOptions.check`."""
        return len(self._drawn_kinds) * self.designs if self.root is None else len(self._listing(data)[1].names)

    def notes(self, data: Path) -> Notes:
        """See :meth:`OccluderOptions.notes`."""
        return Notes() if self.root is None else self._listing(data)[1].notes

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Worn:
        """See :meth:`OccluderOptions.open`; nothing is extracted."""
        del cache, jobs
        if self.root is None:
            drawn = [Drawn(kind, seed) for kind in self._drawn_kinds for seed in range(self.designs)]
            return Worn(self, {garment.name: garment for garment in drawn})
        root, listing = self._listing(data)
        garments = files_of(root, listing.names, self.points, self.licence, self.max_pixels)
        have = sorted({garment.kind for garment in garments})
        for kind in self.kinds or ():
            if kind not in have:
                raise UsageError(f"unknown kind {kind!r}{nearest(kind, have)}; the templates in {root} are {', '.join(have)}")
        return Worn(self, {garment.name: garment for garment in garments if self.weight(garment.kind) > 0})

    @property
    def _drawn_kinds(self) -> tuple[str, ...]:
        return tuple(kind for kind in KINDS if self.weight(kind) > 0)

    def weight(self, kind: str) -> float:
        """How often a kind is drawn, against others."""
        return 1.0 if self.kinds is None else self.kinds.get(kind, 0.0)

    def _listing(self, data: Path) -> tuple[Path, Listing]:
        assert self.root is not None
        root = require_folder(locate(self.root, data), LAYOUT)
        listing = list_folder(root, SUFFIXES, self.links)
        if not listing.names:
            raise UsageError(f"no picture below {root}; expected {LAYOUT}", *listing.notes.lines())
        return root, listing


_Place = Annotated[list[Annotated[int, Field(ge=-(10**6), le=10**6)]], Field(min_length=2, max_length=2)]


class DrawnWorn(DrawnNumbers):
    """What :meth:`WornOnFace.draw` drew."""

    template: str
    variant: str
    sha256: str
    wearing: Wearing
    px_per_mm: float = Field(ge=0.01, le=1000)
    landmarks: Annotated[list[Pair], Field(min_length=68, max_length=68)]
    outline: Annotated[list[_Place], Field(min_length=3, max_length=100_000)]
    shape: Shape

    @model_validator(mode="after")
    def _is_on_its_picture(self) -> DrawnWorn:
        check_near([*self.landmarks, *self.outline], self.shape, _FARTHEST)
        return self


class Worn:
    """Things that are worn, not yet on a face; an :class:`OccluderSource` of any face that :meth:`on` names.

    Parameters
    ----------
    options : WornOccluders
        Weights.
    garments : mapping of str to Garment
        By name.
    """

    def __init__(self, options: WornOccluders, garments: Mapping[str, Garment]) -> None:
        self._options, self._garments = options, garments

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of all things, by name."""
        return tuple(self._by_kind)

    @functools.cached_property
    def _by_kind(self) -> dict[str, list[str]]:
        """Names of all things, by kind."""
        kinds: dict[str, list[str]] = {kind: [] for kind in sorted({garment.kind for garment in self._garments.values()})}
        for name, garment in self._garments.items():
            kinds[garment.kind].append(name)
        return kinds

    def on(self, face: AlignedFace, regions: Mapping[str, Mask]) -> WornOnFace:
        """See :class:`natocc.occluders.source.PutOnFaces`."""
        pose = pose_of(face, regions)
        fitting = {kind: names for kind, names in self._by_kind.items() if abs(pose.yaw) <= fit_of(kind).most_yaw}
        if not fitting:
            kinds = self.kinds
            least = max(fit_of(kind).most_yaw for kind in kinds)
            raise BadDataError(
                Reason.NO_PLACEMENT,
                f"the head is turned by {pose.yaw:+.0f}°; {', '.join(kinds)} can be drawn up to ±{least:.0f}°",
            )
        return WornOnFace(self, self._options, fitting, face, pose)

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        """Nothing is drawn without a face: ``no-placement``."""
        raise BadDataError(Reason.NO_PLACEMENT, "what is worn is drawn for a face: call on(face) first")

    def subset(self, keep: Callable[[str], bool]) -> Worn:
        """See :meth:`OccluderSource.subset`; templates are known by their names."""
        kept = {name: garment for name, garment in self._garments.items() if keep(name)}
        if not kept:
            raise UsageError(f"none of the {len(self._garments)} templates falls into a split; use fewer splits")
        return Worn(self._options, kept)

    def size(self, reference: Reference) -> None:
        """Not known before it is made."""

    def garment(self, name: str) -> Garment:
        """The thing of that name; ``missing-file`` if there is none."""
        try:
            return self._garments[name]
        except KeyError:
            raise BadDataError(Reason.MISSING_FILE, f"no template {name!r}") from None

    def cutout(self, reference: Reference) -> Cutout:
        """What `reference` means, in pixels of the face that it was drawn for."""
        drawn = DrawnWorn.of(reference)
        garment = self.garment(drawn.template)
        if drawn.variant not in garment.variants:
            raise BadDataError(Reason.MISSING_FILE, f"no template {garment.name!r} seen {drawn.variant!r}")
        origin = garment.origin(drawn.variant)
        if drawn.sha256 != origin.sha256:
            raise BadDataError(Reason.BAD_ANNOTATION, f"template {garment.name!r} is not the file that was drawn from")
        foreground, matte, at_xy = drape(
            garment.template(drawn.variant, drawn.px_per_mm),
            np.array(drawn.landmarks, dtype=np.float32),
            fit_of(garment.kind),
            drawn.wearing,
            np.array(drawn.outline, dtype=np.int32),
            (drawn.shape[0], drawn.shape[1]),
        )
        return Cutout(foreground, matte, garment.kind, origin, at_xy=at_xy)


@dataclasses.dataclass(frozen=True, eq=False)
class WornOnFace:
    """Things that one face can wear; an :class:`OccluderSource`.

    Parameters
    ----------
    worn : Worn
        Makes them.
    options : WornOccluders
        Weights.
    kinds : mapping of str to sequence of str
        Names of things, by kind.
    face : AlignedFace
        With 68 landmarks.
    pose : HeadPose
        How it is turned.
    """

    worn: Worn
    options: WornOccluders
    kinds: Mapping[str, Sequence[str]]
    face: AlignedFace
    pose: HeadPose

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        """A kind by its weight, one of it, how it is worn; and all of the face that it takes to make it again."""
        kind = draw_by_weight(rng, {kind: self.options.weight(kind) for kind in self.kinds})
        name = self.kinds[kind][int(rng.integers(len(self.kinds[kind])))]
        wearing: Wearing = draw_by_weight(rng, self.options.wearing)
        if not fit_of(kind).covers_mouth:
            wearing = "proper"
        variant = "frontal"
        if abs(self.pose.yaw) > _TURNED and wearing == "proper":
            variant = "right" if self.pose.yaw > 0 else "left"
        garment = self.worn.garment(name)
        variant = variant if variant in garment.variants else "frontal"
        assert self.face.landmarks_xy is not None
        height, width = self.face.face_mask.shape
        return {
            "template": name,
            "variant": variant,
            "sha256": garment.origin(variant).sha256,
            "wearing": wearing,
            "px_per_mm": round(self.pose.px_per_mm, 3),
            "landmarks": np.round(self.face.landmarks_xy.astype(np.float64), 2).tolist(),
            "outline": face_outline(self.face).tolist(),
            "shape": [height, width],
        }

    def subset(self, keep: Callable[[str], bool]) -> WornOnFace:
        """Those whose names `keep` accepts."""
        kinds = {kind: [name for name in names if keep(name)] for kind, names in self.kinds.items()}
        return dataclasses.replace(self, kinds={kind: names for kind, names in kinds.items() if names})

    def size(self, reference: Reference) -> None:
        """Not known before it is made."""

    def cutout(self, reference: Reference) -> Cutout:
        """See :meth:`Worn.cutout`."""
        return self.worn.cutout(reference)

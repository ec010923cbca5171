"""The story of one sample: ``make_sample(i)``. ``build`` calls it for every index, ``preview`` for one picture."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from natocc.compose.appearance import Photo
from natocc.compose.draw import draw_plan
from natocc.compose.finish import draw_finish
from natocc.compose.hold import HOLDING
from natocc.compose.pose import can_fill, unsized
from natocc.compose.render import render
from natocc.core import seeds
from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Finish, Plan, Reference
from natocc.core.samples import AlignedFace, Composite, Cutout, MadeSample, Rejection, SampleRecord
from natocc.dataset.splits import few_people
from natocc.faces.alignment.align import align_face
from natocc.faces.alignment.mirror import mirrored
from natocc.faces.classes import SKIN_PARTS, values_of
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.faces.sources.base import FaceSource
from natocc.faces.sources.photographs import once_per_photograph
from natocc.faces.sources.without_masks import open_network
from natocc.io.notes import NO_SIZE, Notes
from natocc.io.segmenter import Segmenter
from natocc.io.workspace import Workspace
from natocc.occluders.source import OccluderSource, PutOnFaces
from natocc.pipeline.encode import encode
from natocc.pipeline.fits import check_fits, check_known, source_of
from natocc.pipeline.kinds import kind_values, kinds_of_sets
from natocc.pipeline.metrics import hidden_landmarks, labelled_regions, measures
from natocc.pipeline.occluders import divided, libraries_of, open_occluders
from natocc.pipeline.schedule import SampleSpec, Schedule
from natocc.recipe.model import OccludedSet, Recipe, SetRecipe

_FACES_KEPT = 8


class Pipeline:
    """A recipe opened on this machine: its sources are open, its libraries extracted.

    Parameters
    ----------
    recipe : Recipe
        What to build.
    workspace : Workspace
        Where inputs lie, and where libraries and landmarks are kept.
    like : Pipeline, optional
        Of a recipe that differs in its sets alone, from the same data: its faces and what it has aligned are shared.
    faces : FaceSource, optional
        Faces to use in place of the recipe's own; their alignment is still the recipe's.
    look : bool
        Whether to look at a few masks, and for pictures under several names, before anything is made. Workers do not: whoever
        started them has.
    libraries : mapping of str to Path
        See :func:`natocc.pipeline.occluders.open_occluders`. Workers are told, so that all use the same ones, whatever becomes of
        the data meanwhile.

    Raises
    ------
    UsageError
        If data is missing; the folder and the layout expected are named.
    """

    def __init__(
        self,
        recipe: Recipe,
        workspace: Workspace,
        like: Pipeline | None = None,
        faces: FaceSource | None = None,
        look: bool = True,
        libraries: Mapping[str, Path] = MappingProxyType({}),
    ) -> None:
        like = like if like is not None and like.recipe.faces == recipe.faces else None
        self.recipe: Recipe = recipe
        self.workspace: Workspace = workspace
        data, cache, jobs = workspace.data, workspace.cache, workspace.jobs
        if look:
            recipe.check_cache(data, cache)
        # The faces of `like` are one for a photograph already, if there are splits.
        if like:
            self.faces: FaceSource = like.faces
        else:
            self.faces = faces or recipe.faces.open(data, cache, jobs)
            if look or recipe.splits is not None:
                self.faces = once_per_photograph(self.faces, cache, recipe.splits is not None)
            if look:
                self.faces.check()
        self._segmenter: Segmenter | None = like._segmenter if like else open_network(recipe.faces, self.faces, data)
        self._skin_values = values_of(self.faces.classes, SKIN_PARTS)
        opened = open_occluders(recipe, workspace, libraries)
        self.libraries: dict[str, Path] = libraries_of(opened)
        self._occluders = {
            a_set.name: opened[a_set.occluders.model_dump_json()] for a_set in recipe.sets if a_set.occluders is not None
        }
        self._hands = {
            a_set.name: opened[a_set.held_by.model_dump_json()]
            for a_set in recipe.sets
            if isinstance(a_set, OccludedSet) and a_set.held_by is not None
        }
        self._of_split = {name: divided(source, recipe.splits) for name, source in self._occluders.items()}
        self._hands_of_split = {name: divided(source, recipe.splits) for name, source in self._hands.items()}
        if recipe.splits is not None and recipe.splits.faces == "owner":
            recipe.splits.check_owners(recipe.faces.source, {face_id: self.faces.split(face_id) for face_id in self.faces.ids()})
        self._finder: LandmarkFinder = like._finder if like else recipe.faces.align.finder(data, cache)
        self._aligned: OrderedDict[str, Photo | BadDataError] = like._aligned if like else OrderedDict()
        self._keeping: threading.Lock = like._keeping if like else threading.Lock()

    @property
    def occluders(self) -> dict[str, OccluderSource]:
        """The occluders of each set that has any, by its name; of all splits together."""
        return dict(self._occluders)

    @property
    def hands(self) -> dict[str, OccluderSource]:
        """The hands that hold things, by the name of each set that has some; of all splits together."""
        return dict(self._hands)

    @functools.cached_property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of occluders, by their values in label maps from 1 on; none unless the recipe asks for these."""
        wanted = "kinds" in self.recipe.output.masks
        return kinds_of_sets(self.recipe.sets, self._occluders, self._hands) if wanted else ()

    @functools.cached_property
    def notes(self) -> dict[str, Notes]:
        """What was left out when files were listed: of ``faces``, of ``occluders of`` and ``held_by of`` each set; what has no
        size."""
        data = self.workspace.data
        left_out = {key: options.notes(data) for key, options in self.recipe.occluders().items()}
        notes = {"faces": self.faces.notes()}
        for a_set in self.recipe.sets:
            if isinstance(a_set, OccludedSet):
                notes[f"occluders of {a_set.name}"] = of_set = Notes()
                of_set.merge(left_out[a_set.occluders.model_dump_json()])
                categories = getattr(self._occluders[a_set.name], "categories", {})
                for category, count in unsized(categories, a_set.placement).items():
                    of_set.add(NO_SIZE, category, count)
                if a_set.held_by is not None:
                    notes[f"held_by of {a_set.name}"] = left_out[a_set.held_by.model_dump_json()]
        return notes

    def remarks(self) -> Iterator[str]:
        """Lines for a person: what was left out, and splits that nobody falls into."""
        shown: set[str] = set()
        for what, notes in self.notes.items():
            for line in notes.lines():
                if line not in shown:  # sets share their occluders
                    yield f"{what}: {line}"
                shown.add(line)
        splits = self.recipe.splits
        if splits is not None and splits.faces == "hash":
            people = {self.faces.identity(face_id) for face_id in self.faces.ids()}
            if empty := splits.empty("face", people):
                yield few_people(empty, len(people))

    def schedule(self, count: int | None = None) -> Schedule:
        """Which sample is what; `count` None means one pass over the sets."""
        return Schedule([a_set.samples_per_face for a_set in self.recipe.sets], self.faces.ids(), count)

    def make_sample(self, spec: SampleSpec) -> MadeSample:
        """Make one sample; it depends on the recipe, the inputs and `spec` alone.

        Parameters
        ----------
        spec : SampleSpec
            From :meth:`schedule`.

        Returns
        -------
        sample : MadeSample
            Rejected, with the reason in its record, where an input cannot be used.
        """
        a_set = self.recipe.sets[spec.set_index]
        row = self.row(spec)
        stage, face = "face", None
        try:
            as_read = self._face(spec.face)
            face, labels = as_read.face, as_read.labels_sha256
            row = functools.partial(row, face_origin=face.origin, face_labels_sha256=labels, detector=face.detector)
            finish = draw_finish(seeds.generator(self.recipe.seed, a_set.name, spec.face, spec.variant, "finish"), a_set.finish)
            photo = self._photo(spec.face, finish)
            face, stage = photo.face, "plan"
            rng = seeds.generator(self.recipe.seed, a_set.name, spec.face, spec.variant, stage)
            plan, cutouts = self._plan(rng, photo, a_set, self.split(spec.face), finish)
        except BadDataError as error:
            return MadeSample(row(rejection=Rejection(error.reason, stage, error.detail)), face, None)
        composite = render(photo, cutouts, plan)
        record = row(
            occluder_origins=tuple(cutout.origin for cutout in cutouts),
            categories=tuple(cutout.category for cutout in cutouts),
            plan=plan,
            measures=measures(face, self.faces.classes, composite),
            landmarks=hidden_landmarks(face, composite),
        )
        return MadeSample(record, face, composite)

    def aligned(self, face_id: str) -> AlignedFace:
        """A face, aligned, before anything is done to it.

        Raises
        ------
        BadDataError
            If it cannot be used.
        """
        return self._face(face_id).face

    def row(self, spec: SampleSpec) -> functools.partial[SampleRecord]:
        """The record of a sample but for what came of it."""
        a_set = self.recipe.sets[spec.set_index]
        return functools.partial(
            SampleRecord,
            index=spec.index,
            set_name=a_set.name,
            method=a_set.method,
            face=spec.face,
            variant=spec.variant,
            identity=self.faces.identity(spec.face),
            split=self.split(spec.face),
        )

    def split(self, face_id: str) -> str | None:
        """The split that a face's samples belong to; none without splits."""
        splits = self.recipe.splits
        if splits is None:
            return None
        return self.faces.split(face_id) if splits.faces == "owner" else splits.of("face", self.faces.identity(face_id))

    def replay(self, spec: SampleSpec, plan: Plan) -> tuple[AlignedFace, Composite]:
        """Make a sample's face and composite again from its plan; nothing is drawn.

        Raises
        ------
        BadDataError
            If an input that was used then cannot be used now.
        """
        name = self.recipe.sets[spec.set_index].name
        check_known(spec.face, self.faces.ids())
        sources = [
            source_of(self._hands if each.placement.anchor == HOLDING else self._occluders, name) for each in plan.occluders
        ]
        photo = self._photo(spec.face, plan.finish)
        check_fits(plan, photo.face.face_mask.shape)
        cutouts = [source.cutout(occluder.cutout) for source, occluder in zip(sources, plan.occluders, strict=True)]
        return photo.face, render(photo, cutouts, plan)

    def files(self, spec: SampleSpec, plan: Plan, face: AlignedFace, composite: Composite) -> dict[str, tuple[str, bytes]]:
        """The files of a sample: folder to suffix and content."""
        kinds = kind_values(self.kinds, self.recipe.sets[spec.set_index], plan, composite.categories)
        return encode(face, composite, self.faces.classes, self.recipe.output, plan.finish, kinds)

    def _plan(
        self, rng: np.random.Generator, photo: Photo, a_set: SetRecipe, split: str | None, finish: Finish
    ) -> tuple[Plan, tuple[Cutout, ...]]:
        """Every decision, and the cutouts of occluders; of a set without occluders there is nothing to decide but the finish."""
        if not isinstance(a_set, OccludedSet):
            return Plan((), 0, None, finish), ()
        source = self._of_split[a_set.name][split] if split else self._occluders[a_set.name]
        if isinstance(source, PutOnFaces):
            source = source.on(photo.face, labelled_regions(photo.face, self.faces.classes))
        hands = self._hands.get(a_set.name)
        if hands is not None and split:
            hands = self._hands_of_split[a_set.name][split]

        def draw_hand(rng: np.random.Generator) -> tuple[Reference, Cutout]:
            assert hands is not None
            reference = hands.draw(rng)
            return reference, hands.cutout(reference)

        def draw(rng: np.random.Generator) -> tuple[Reference, Cutout]:
            reference = source.draw(rng)
            size = source.size(reference)
            if size is not None and not can_fill(size, photo.face, a_set.placement):
                raise BadDataError(Reason.TOO_SMALL, f"cutout {reference} is only {size[0]} x {size[1]} px")
            return reference, source.cutout(reference)

        return draw_plan(rng, photo, draw, a_set, finish, None if hands is None else draw_hand)

    def _photo(self, face_id: str, finish: Finish) -> Photo:
        """The face on which occluders are laid."""
        photo = self._face(face_id)
        return Photo(mirrored(photo.face, self.faces.classes), self._skin_values) if finish.flip else photo

    def _face(self, face_id: str) -> Photo:
        """The aligned face; the last few are kept, since samples of one face lie side by side. Threads may ask at once."""
        with self._keeping:
            kept = self._aligned.get(face_id)
        if kept is None:
            try:
                kept = Photo(self._align(face_id), self._skin_values)
            except BadDataError as error:
                kept = error
            with self._keeping:
                self._aligned[face_id] = kept
                if len(self._aligned) > _FACES_KEPT:
                    self._aligned.popitem(last=False)
        if isinstance(kept, BadDataError):
            raise BadDataError(kept.reason, kept.detail)
        return kept

    def _align(self, face_id: str) -> AlignedFace:
        options = self.recipe.faces
        face = align_face(self.faces.read(face_id), options.align, self._finder, self._segmenter)
        if face.mask_confidence is not None and face.mask_confidence < options.min_confidence:
            actual = f"the {'found' if self._segmenter else 'estimated'} mask has a confidence of {face.mask_confidence:.2f}"
            raise BadDataError(Reason.LOW_CONFIDENCE, f"{actual}; faces.min_confidence asks for {options.min_confidence}")
        return face

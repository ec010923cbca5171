"""The recipe: the only configuration. These models are the schema of ``pipelines/*.yaml``."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError, WithJsonSchema, model_validator

from natocc.compose.colour import ColourRule
from natocc.compose.finish import FinishRule
from natocc.compose.light import LightRule
from natocc.compose.optics import OpticsRule
from natocc.compose.pose import NOT_ON_LANDMARKS
from natocc.compose.rules import ComposeRules, TransparencyRule
from natocc.core.errors import RecipeError
from natocc.core.plans import Json
from natocc.core.text import nearest
from natocc.dataset.layout import MOST_SHARD_SIZE, NAME
from natocc.dataset.splits import Splits
from natocc.faces import SOURCES as FACE_SOURCES
from natocc.faces.sources.base import FaceOptions
from natocc.io.files import real
from natocc.io.folders import CACHE_TAG
from natocc.io.paths import locate
from natocc.occluders import SOURCES as OCCLUDER_SOURCES
from natocc.occluders.source import OccluderOptions
from natocc.plugins.faults import faults
from natocc.plugins.options import PART_OF, ChosenFrom, Options

_LARGEST = 2**63 - 1
_NAME = f"^{NAME.pattern}$"


_OCCLUDERS = ChosenFrom(OCCLUDER_SOURCES, OccluderOptions)
Occluders = Annotated[SerializeAsAny[OccluderOptions], _OCCLUDERS]


class SetRecipe(Options):
    """A set: samples of each face, made by one method with one kind of occluder, or with none."""

    name: str = Field(pattern=_NAME)
    """Name of the set; no two sets share one."""
    method: str
    """``natocc``, ``randocc`` or ``none``."""
    occluders: Occluders | None
    """Where occluders come from."""
    samples_per_face: float = Field(1, gt=0, le=1000)
    """Samples made of each face; 0.5 makes one of every second face."""
    finish: FinishRule = FinishRule()
    """Steps applied to the whole picture."""


class OccludedSet(SetRecipe, ComposeRules):
    """Samples with occluders."""

    occluders: Occluders
    """Where occluders come from."""
    held_by: Occluders | None = None
    """Hands that hold what `placement.hold` lays: one is laid over the far end of each thing. It takes on the
    skin's colours: by `colour.transfer`, or by ``skin`` where the thing keeps its own."""

    @model_validator(mode="after")
    def _something_is_held(self) -> OccludedSet:
        if self.held_by is not None and self.placement.hold is None:
            raise ValueError("held_by: nothing is held without placement.hold; name a place there, such as mouth")
        return self

    @model_validator(mode="after")
    def _has_what_is_usual_for_its_source(self) -> OccludedSet:
        return self.with_usual(self.occluders.usual)

    @model_validator(mode="after")
    def _places_what_can_be_placed(self) -> OccludedSet:
        if self.occluders.on_landmarks:
            usual = type(self).model_fields["placement"].get_default()
            for key in NOT_ON_LANDMARKS:
                if getattr(self.placement, key) != getattr(usual, key):
                    source = f"occluders.source: {self.occluders.source}"
                    raise ValueError(
                        f"placement.{key} does not apply to {source}: landmarks say how large it is and where it lies"
                    )
        return self


class NatOccSet(OccludedSet):
    """Occluders that look photographed: hands, objects."""

    method: Literal["natocc"] = "natocc"


class RandOccSet(OccludedSet):
    """Random shapes with random textures, some of them see-through."""

    method: Literal["randocc"] = "randocc"
    occluders: Occluders = Field(default_factory=lambda: _OCCLUDERS.choose({"source": "shapes"}))
    """Where occluders come from; by default random shapes."""
    transparency: TransparencyRule = TransparencyRule(probability=0.3)
    """How many occluders are see-through; by default 30 %."""
    colour: ColourRule = ColourRule(shift=(0, 0))
    """Which colours occluders take on; by default they keep their own."""
    light: LightRule = LightRule(shading=(0, 0), shadow=0)
    """Shading of occluders, and their shadows; by default none."""
    optics: OpticsRule = OpticsRule(edge=False, sharpness=(0, 0), grain=(0, 0))
    """Sharpness, grain and compression of occluders; by default they keep their own."""


class CleanSet(SetRecipe):
    """The faces as they are, with nothing laid on them."""

    method: Literal["none"]
    occluders: None = None
    """There are none."""

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_laid_on(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            for key in (key for key in value if key in OccludedSet.model_fields and value[key] is not None):
                if key not in cls.model_fields or key == "occluders":
                    raise ValueError(f"method none lays nothing on the faces: leave out {key!r}, or choose natocc or randocc")
        return value


METHODS: Mapping[str, type[SetRecipe]] = {"natocc": NatOccSet, "randocc": RandOccSet, "none": CleanSet}


def _choose_set(value: Any) -> SetRecipe:
    if isinstance(value, SetRecipe):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"expected a mapping with the keys name, method and occluders, found {value!r}")
    method = str(value.get("method", "natocc"))
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}{nearest(method, list(METHODS))}")
    return METHODS[method].model_validate(value)


class ImageFormat(Options):
    """How pictures are encoded; masks are always PNG."""

    format: Literal["jpg", "png"] = "jpg"
    """``jpg`` or ``png``."""
    quality: int = Field(95, ge=1, le=100)
    """JPEG quality."""


class Output(Options):
    """The dataset on disk."""

    shard_size: int = Field(1000, ge=1, le=MOST_SHARD_SIZE)
    """Samples in a shard."""
    image: ImageFormat = ImageFormat()
    """How pictures are encoded."""
    masks: tuple[Literal["face", "amodal", "occluder", "matte", "parts", "kinds", "regions"], ...] = Field(
        ("face",), min_length=1
    )
    """``face``: the visible face; ``amodal``: the face before it was covered; ``occluder``: instance ids; ``matte``: how much of
    each pixel occluders cover; ``parts``: the face source's own classes, with the occluder as one more; ``kinds``: what covers a
    pixel, a value for each kind of occluder that the sets have; ``regions``: visible face, occluder over the face, occluder
    elsewhere."""
    clean: bool = False
    """Whether the picture without occluders and their shadows is written beside each sample, as ``clean/``."""
    matte_bits: Literal[8, 16] = 8
    """Bits per pixel of the mattes on disk."""
    max_rejected: float = Field(0.1, ge=0, le=1)
    """Share of rejected samples above which the exit code is 3."""


class Recipe(Options):
    """What to build: faces, sets of occluded samples of them, output."""

    name: str = Field(pattern=_NAME)
    """Name of the dataset."""
    seed: int = Field(0, ge=0, le=_LARGEST)
    """Seed of every random decision: with the same inputs, the same seed makes the same bytes."""
    faces: Annotated[SerializeAsAny[FaceOptions], ChosenFrom(FACE_SOURCES, FaceOptions)]
    """Where faces come from."""
    sets: tuple[Annotated[SerializeAsAny[SetRecipe], BeforeValidator(_choose_set), WithJsonSchema({PART_OF: "sets"})], ...] = (
        Field(min_length=1, max_length=1000)
    )
    """Sets of samples; each makes one sample of each face unless it says otherwise."""
    splits: Splits | None = None
    """Train, validation and test, disjoint by person and by occluder; without them every face meets every occluder."""
    output: Output = Output()
    """What is written, and how."""

    @model_validator(mode="after")
    def _finds_landmarks_that_are_needed(self) -> Recipe:
        """What lies on landmarks needs 68 of every face."""
        needs = [a_set.name for a_set in self.sets if a_set.occluders is not None and a_set.occluders.on_landmarks]
        align = self.faces.align
        if needs and align.points != 68:
            raise ValueError(f"the occluders of set {needs[0]!r} lie on 68 landmarks: faces.align.points: 68")
        if needs and not align.landmarks:
            faces = self.faces.model_copy(update={"align": align.model_copy(update={"landmarks": True})})
            return self.model_copy(update={"faces": faces})
        return self

    def resolved(self) -> dict[str, Json]:
        """Every setting, defaults included, as JSON."""
        return self.model_dump(mode="json")

    def occluders(self) -> dict[str, OccluderOptions]:
        """The occluders of all sets and the hands that hold them, each once, however many sets share them; by their options as
        JSON."""
        used = (options for a_set in self.sets for options in (a_set.occluders, getattr(a_set, "held_by", None)))
        return {options.model_dump_json(): options for options in used if options is not None}

    def sha256(self) -> str:
        """Identity of the resolved recipe."""
        return hashlib.sha256(json.dumps(self.resolved(), sort_keys=True).encode()).hexdigest()

    def check_output(self, data: Path, out: Path) -> None:
        """Refuse to write into a folder that is read: the next build would take the output for input.

        Parameters
        ----------
        data : Path
            The data root.
        out : Path
            Folder of the dataset.

        Raises
        ------
        RecipeError
            If it is, or lies below, a location that the recipe reads.
        """
        for field, location in self.locations():
            source = locate(location, data)
            if real(out).is_relative_to(real(source)):
                raise RecipeError(f"{field}: {source} holds the output {out}; name a folder outside it with -o")

    def check_cache(self, data: Path, cache: Path) -> None:
        """Refuse a cache of which a folder that is read would take files for input.

        One that natocc makes below such a folder is known by its tag, and left out.

        Parameters
        ----------
        data : Path
            The data root.
        cache : Path
            Folder of the cache, which may not exist yet.

        Raises
        ------
        RecipeError
            If it is a location that the recipe reads, or lies below one and holds something else than a cache.
        """
        home = real(cache)
        for field, location in self.locations():
            source = real(locate(location, data))
            if home == source or (home.is_relative_to(source) and _is_taken(home)):
                raise RecipeError(
                    f"{field}: {source} holds the cache {cache}; name a folder outside it with --cache or NATOCC_CACHE"
                )


def _is_taken(cache: Path) -> bool:
    """Whether a folder holds something and is no cache of natocc's: itself, or all in it that is not hidden, has its tag."""
    with contextlib.suppress(OSError):
        shown = [entry for entry in cache.iterdir() if not entry.name.startswith(".")]
        return not (cache / CACHE_TAG).exists() and not all((entry / CACHE_TAG).exists() for entry in shown)
    return False


def validate_recipe(raw: Mapping[str, Any], name: str) -> Recipe:
    """The validated recipe.

    Raises
    ------
    RecipeError
        One line for each fault: the path of the field, what was expected, what was found.
    """
    try:
        recipe = Recipe.model_validate(raw)
    except ValidationError as error:
        raise RecipeError(*(f"recipe {name}: {line}" for line in faults(error))) from None
    names = [a_set.name for a_set in recipe.sets]
    twice = sorted({duplicate for duplicate in names if names.count(duplicate) > 1})
    if twice:
        raise RecipeError(f"recipe {name}: sets.*.name: {twice[0]!r} names two sets; give each its own name")
    return recipe

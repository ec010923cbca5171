"""The recipe: the only configuration. These models are the schema of ``pipelines/*.yaml``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError

from natocc.compose.colour import ColourRule
from natocc.compose.light import LightRule
from natocc.compose.optics import OpticsRule
from natocc.compose.plan import ComposeRules, TransparencyRule
from natocc.errors import RecipeError
from natocc.faces import SOURCES as FACE_SOURCES
from natocc.faces.source import FaceOptions
from natocc.locations import locate, own_folder
from natocc.occluders import SOURCES as OCCLUDER_SOURCES
from natocc.occluders.source import OccluderOptions
from natocc.options import ChosenFrom, Options, faults, nearest
from natocc.plans import Json
from natocc.splits import Splits

_MOST_BYTES = 1_000_000
_LARGEST = 2**63 - 1
_DEEPEST = 50
_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


_OCCLUDERS = ChosenFrom(OCCLUDER_SOURCES, OccluderOptions)
Occluders = Annotated[SerializeAsAny[OccluderOptions], _OCCLUDERS]


class SetRecipe(ComposeRules):
    """A set: samples of each face, made by one method with one kind of occluder."""

    name: str = Field(pattern=_NAME)
    method: str
    occluders: Occluders
    samples_per_face: float = Field(1, gt=0, le=1000)


class NatOccSet(SetRecipe):
    """Occluders that look photographed: hands, objects."""

    method: Literal["natocc"] = "natocc"


class RandOccSet(SetRecipe):
    """Random shapes with random textures, some of them see-through."""

    method: Literal["randocc"] = "randocc"
    occluders: Occluders = Field(default_factory=lambda: _OCCLUDERS.choose({"source": "shapes"}))
    transparency: TransparencyRule = TransparencyRule(probability=0.3)
    colour: ColourRule = ColourRule(shift=(0, 0))
    light: LightRule = LightRule(shading=(0, 0))
    optics: OpticsRule = OpticsRule(edge=False, sharpness=(0, 0), grain=(0, 0))


METHODS: Mapping[str, type[SetRecipe]] = {"natocc": NatOccSet, "randocc": RandOccSet}


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
    quality: int = Field(95, ge=1, le=100)


class Output(Options):
    """The dataset on disk.

    Parameters
    ----------
    shard_size : int
        Samples in a shard.
    image : ImageFormat
        How pictures are encoded.
    masks : tuple of str
        ``face``: the face that is visible; ``amodal``: the face before it was covered; ``occluder``: instance ids; ``matte``:
        how much of each pixel occluders cover; ``parts``: the face source's own classes, the occluder as one more.
    matte_bits : 8 or 16
        Of the mattes on disk.
    max_rejected : float
        Share of rejected samples above which the exit code is 3.
    """

    shard_size: int = Field(1000, ge=1, le=100_000)
    image: ImageFormat = ImageFormat()
    masks: tuple[Literal["face", "amodal", "occluder", "matte", "parts"], ...] = Field(("face",), min_length=1)
    matte_bits: Literal[8, 16] = 8
    max_rejected: float = Field(0.1, ge=0, le=1)


class Recipe(Options):
    """What to build: faces, sets of occluded samples of them, output.

    A *set* is one sample of each face unless it says otherwise. Without `splits` every face meets every occluder.
    """

    name: str = Field(pattern=_NAME)
    seed: int = Field(0, ge=0, le=_LARGEST)
    faces: Annotated[SerializeAsAny[FaceOptions], ChosenFrom(FACE_SOURCES, FaceOptions)]
    sets: tuple[Annotated[SerializeAsAny[SetRecipe], BeforeValidator(_choose_set)], ...] = Field(min_length=1)
    splits: Splits | None = None
    output: Output = Output()

    def resolved(self) -> dict[str, Json]:
        """Every setting, defaults included, as JSON."""
        return self.model_dump(mode="json")

    def sha256(self) -> str:
        """Identity of the resolved recipe."""
        return hashlib.sha256(json.dumps(self.resolved(), sort_keys=True).encode()).hexdigest()

    def check_output(self, data: Path, out: Path) -> None:
        """Refuse to write into a folder that is read: the next build would take what this one makes for input.

        Parameters
        ----------
        data : Path
            The data root.
        out : Path
            Where the dataset goes.

        Raises
        ------
        RecipeError
            If it is, or lies below, the root of the faces, of occluders or of textures.
        """
        for field, location in _roots(self.resolved()):
            source = locate(location, data)
            if out.resolve().is_relative_to(source.resolve()):
                raise RecipeError(f"{field}: {source} holds the output {out}; name a folder outside it with -o")


def recipe_text(name_or_path: str) -> tuple[str, str]:
    """Text and name of a recipe file, or of one of natocc's own recipes.

    Raises
    ------
    RecipeError
        If there is no such file; natocc's own recipes are named.
    """
    own = {path.stem: path for path in sorted(own_folder("pipelines").glob("*.yaml"))}
    path = own.get(name_or_path, Path(name_or_path))
    if not path.is_file():
        raise RecipeError(f"no recipe file {name_or_path!r}, and no recipe of natocc's own by that name: {', '.join(own)}")
    if path.stat().st_size > _MOST_BYTES:
        raise RecipeError(f"recipe {path} has more than {_MOST_BYTES} bytes")
    try:
        return path.read_text(encoding="utf-8-sig"), str(name_or_path)
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"recipe {path} cannot be read: {error}") from None


def parse_recipe(text: str, name: str) -> dict[str, Any]:
    """A recipe's YAML as plain dictionaries, not yet validated.

    Raises
    ------
    RecipeError
        If it is not YAML, not a mapping, has a key twice, or has tags or aliases.
    """
    try:
        value = yaml.load(text, _StrictLoader)
    except yaml.MarkedYAMLError as error:
        where = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise RecipeError(f"recipe {name}{where}: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RecipeError(f"recipe {name} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(value, dict):
        raise RecipeError(f"recipe {name}: expected a mapping with the keys {', '.join(Recipe.model_fields)}")
    return value


def edit_recipe(raw: dict[str, Any], edits: Iterable[str]) -> None:
    """Apply ``path=value`` edits such as ``sets.0.colour.transfer=sot``, in place, before validation.

    Raises
    ------
    RecipeError
        If an edit has no ``=``, or its path goes through something that is no mapping or list.
    """
    for edit in edits:
        path, equals, text = edit.partition("=")
        if not equals or not path:
            raise RecipeError(f"--set {edit!r}: expected path=value, such as output.shard_size=100")
        parsed = parse_recipe(f"value: {text}", f"--set {edit!r}")
        if list(parsed) != ["value"]:
            raise RecipeError(f"--set {edit!r}: expected one value")
        value = parsed["value"]
        *through, last = path.split(".")
        here: Any = raw
        for key in through:
            here = here.setdefault(key, {}) if isinstance(here, dict) else _item(here, key, edit)
        if isinstance(here, dict):
            here[last] = value
        else:
            _item(here, last, edit)
            here[int(last)] = value


def validate_recipe(raw: Mapping[str, Any], name: str) -> Recipe:
    """The recipe that `raw` is.

    Raises
    ------
    RecipeError
        One line a fault, each with the path of the field and, where there is one, the nearest known name.
    """
    try:
        recipe = Recipe.model_validate(raw)
    except ValidationError as error:
        raise RecipeError(*(f"recipe {name}: {line}" for line in faults(error))) from None
    names = [a_set.name for a_set in recipe.sets]
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise RecipeError(f"recipe {name}: sets.*.name: {twice[0]!r} names two sets")
    return recipe


def load_recipe(name_or_path: str, edits: Iterable[str] = ()) -> Recipe:
    """Read, edit and validate a recipe: a file, or the name of one of natocc's own.

    Raises
    ------
    RecipeError
        As :func:`recipe_text`, :func:`parse_recipe`, :func:`edit_recipe` and :func:`validate_recipe`.
    """
    text, name = recipe_text(name_or_path)
    raw = parse_recipe(text, name)
    edit_recipe(raw, edits)
    return validate_recipe(raw, name)


def _roots(value: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """Every field called ``root`` in a resolved recipe: its path and what it says."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        if key == "root" and isinstance(part, str):
            yield f"{path}{key}", part
        yield from _roots(part, f"{path}{key}.")


def _item(here: Any, key: str, edit: str) -> Any:
    if not isinstance(here, list):
        raise RecipeError(f"--set {edit!r}: {key!r} lies below something that has no parts")
    if not key.isdecimal() or int(key) >= len(here):
        raise RecipeError(f"--set {edit!r}: {key!r} is no index of a list of {len(here)}")
    return here[int(key)]


class _StrictLoader(yaml.SafeLoader):
    """YAML without tags, aliases or repeated keys: nothing that a recipe needs, everything that goes wrong in silence."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        fault = None
        if isinstance(event, yaml.AliasEvent):
            fault = "aliases are not allowed"
        elif event.tag is not None:
            fault = f"the tag {event.tag!r}: tags are not allowed"
        elif self._depth == _DEEPEST:
            fault = "nested too deeply"
        if fault:
            raise yaml.constructor.ConstructorError(None, None, fault, event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: Any) -> int:
        number: int = super().construct_yaml_int(node)
        if abs(number) > _LARGEST:  # Python has no text for the largest that YAML can write
            raise yaml.constructor.ConstructorError(None, None, "the number is too large", node.start_mark)
        return number


_StrictLoader.add_constructor("tag:yaml.org,2002:int", _StrictLoader.construct_yaml_int)

"""What decides the bytes of a dataset: recipe, versions, inputs. A run resumes a dataset only where all three agree."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from natocc.core.errors import BadDataError, UsageError
from natocc.core.plans import Json
from natocc.core.versions import __version__, versions
from natocc.dataset.description import DatasetDescription
from natocc.io.images import read_bytes, sha256
from natocc.io.listings import Place, known_files
from natocc.io.notes import OF_NATOCC, OF_THE_SYSTEM, Notes
from natocc.io.paths import locate
from natocc.io.processor import processor, told_apart
from natocc.occluders.library.library import INDEX, Library
from natocc.occluders.source import OccluderSource
from natocc.pipeline.encode import label_maps
from natocc.pipeline.sample import Pipeline
from natocc.plugins.options import Options
from natocc.recipe.model import OccludedSet, Recipe

_WITHOUT_EFFECT = ("output.max_rejected",)
"""Settings that change no file but ``dataset.json``, and the copy of it in the manifest."""

NOTES = "notes"
"""Key of an input's notes."""

_MOST_SHOWN = 8
_log = logging.getLogger("natocc")


def describe(pipeline: Pipeline) -> DatasetDescription:
    """What ``dataset.json`` says of how a dataset comes about, before anything of it is made.

    Parameters
    ----------
    pipeline : Pipeline
        Opened.

    Returns
    -------
    description : DatasetDescription
        Its ``inputs`` know faces by id, person and split, and files by name and size below the folders that the options name; an
        extracted library by its index, which holds the sha256 of every picture that it was cut from. No picture is read, and
        nothing depends on where the data lie. What was left out is counted in their ``notes``, which decide nothing.
    """
    recipe, notes, inputs = pipeline.recipe, pipeline.notes, inputs_of(pipeline)
    inputs["faces"] |= _of_the_data(notes["faces"])
    for name, known in inputs["occluders"].items():
        known |= _of_the_data(notes[f"occluders of {name}"])
    return DatasetDescription(
        recipe=recipe.resolved(),
        recipe_sha256=recipe.sha256(),
        versions=versions() | recipe.packages(),
        inputs=inputs,
        labels=label_maps(recipe.output, pipeline.faces.classes, pipeline.kinds),
        processors=(processor(),),
    )


def inputs_of(pipeline: Pipeline) -> dict[str, Any]:
    """What is known of faces and occluders at this moment, as :func:`describe` has it, without notes."""
    recipe, faces = pipeline.recipe, pipeline.faces
    data, cache = pipeline.workspace.data, pipeline.workspace.cache
    people = hashlib.sha256()
    for face_id in faces.ids():
        people.update(json.dumps([face_id, faces.identity(face_id), faces.split(face_id)]).encode())
    inputs: dict[str, Any] = {
        "faces": {"count": len(faces.ids()), "ids": people.hexdigest(), "files": files_of(recipe.faces, data, cache)}
        | hashes_of(recipe.faces, data),
        "occluders": {
            a_set.name: _occluders(pipeline.occluders[a_set.name], a_set.occluders, data, cache)
            for a_set in recipe.sets
            if a_set.occluders is not None
        },
    }
    if pipeline.hands:
        inputs["held_by"] = {
            a_set.name: _occluders(pipeline.hands[a_set.name], a_set.held_by, data, cache)
            for a_set in recipe.sets
            if isinstance(a_set, OccludedSet) and a_set.held_by is not None
        }
    return inputs


def changed_inputs(before: Mapping[str, Any], pipeline: Pipeline) -> list[str]:
    """Lines that say which inputs came, went, or have other names or sizes than before; none where all are the same.

    Parameters
    ----------
    before : mapping
        From :func:`inputs_of` or :func:`describe`, or the same from JSON.
    pipeline : Pipeline
        Opened; its files are listed again.
    """
    try:
        return differences({"inputs": before}, {"inputs": json.loads(json.dumps(inputs_of(pipeline)))})
    except BadDataError as error:
        return [f"  {error.detail}"]
    except OSError as error:  # a library that has gone
        return [f"  {error}"]


def check_agrees(shown: str, existing: DatasetDescription, wanted: DatasetDescription) -> None:
    """Refuse to resume a dataset that this run would not have begun.

    Parameters
    ----------
    shown : str
        How the message names the place.
    existing : DatasetDescription
        Its ``dataset.json``.
    wanted : DatasetDescription
        What this run is, from :func:`describe`.

    Raises
    ------
    UsageError
        A line for each difference, old and new.
    """
    lines = differences(existing.fingerprint(), wanted.fingerprint())
    if lines:
        head = f"{shown} holds a dataset ({existing.status}) that differs from the one asked for:"
        last = "use the settings that it was begun with, name another folder with -o, or replace it with --overwrite"
        raise UsageError(head, *lines, last)


def with_processors(shown: str, existing: DatasetDescription, wanted: DatasetDescription) -> DatasetDescription:
    """What a run adds samples to a dataset as: its processors and those before, which is said where they are unlike."""
    both = {*existing.processors, *wanted.processors}
    if existing.processors and both != set(existing.processors):
        say_unlike(shown, both)
    return dataclasses.replace(wanted, processors=tuple(sorted(both)))


def say_unlike(shown: str, processors: Iterable[str]) -> None:
    """Say that samples of one dataset are made by unlike processors: no reason to stop, as they differ by single levels."""
    _log.warning(
        "%s is made on unlike processors, %s: which made a sample decides its bytes, and only the same one makes them again",
        shown,
        told_apart(processors),
    )


def other_processor(existing: DatasetDescription) -> list[str]:
    """A line if no processor like this one made a dataset, which then may not make the same bytes again."""
    here = processor()
    if here in existing.processors or not existing.processors:
        return []
    return [f"processor: {told_apart(existing.processors)} -> [{here}]: code for other instructions rounds otherwise"]


def differences(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[str]:
    """Where two descriptions differ in what decides the bytes.

    Parameters
    ----------
    old, new : mapping
        Two fingerprints (:meth:`natocc.dataset.description.DatasetDescription.fingerprint`), or the same parts of both.

    Returns
    -------
    lines : list of str
        A line for each difference, old and new; only the first few of many. None where they agree.
    """
    lines = [line for part in {**old, **new} for line in _differences(part, old.get(part), new.get(part))]
    lines = [line for line in lines if not line.startswith(tuple(f"recipe.{path}: " for path in _WITHOUT_EFFECT))]
    more = [f"  and {len(lines) - _MOST_SHOWN} more"] if len(lines) > _MOST_SHOWN else []
    return [*(f"  {line}" for line in lines[:_MOST_SHOWN]), *more]


def changed_versions(existing: DatasetDescription, recipe: Recipe) -> list[str]:
    """Lines such as ``versions.numpy: "2.3" -> "2.4"``: what made a dataset, and what is installed now.

    Parameters
    ----------
    existing : DatasetDescription
        Its ``dataset.json``.
    recipe : Recipe
        Its recipe.
    """
    now = versions() | recipe.packages()
    return [*_differences("natocc", existing.natocc, __version__), *_differences("versions", existing.versions, now)]


def _differences(path: str, old: Json, new: Json) -> Iterator[str]:
    """Lines such as ``recipe.seed: 1 -> 2``."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new} - {NOTES}):
            yield from _differences(f"{path}.{key}", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from _differences(f"{path}.{index}", *pair)
    elif old != new:
        yield f"{path}: {_short(old)} -> {_short(new)}"


def _short(value: Json) -> str:
    text = "nothing" if value is None else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _of_the_data(notes: Notes) -> dict[str, Json]:
    """Notes as an input has them, without what is not the data's: hidden files come and go, and so does a cache of natocc's."""
    lasting = notes.without(OF_THE_SYSTEM, OF_NATOCC)
    return {NOTES: lasting.to_json()} if lasting else {}


def _occluders(source: OccluderSource, options: Options, data: Path, cache: Path) -> dict[str, Json]:
    if not isinstance(source, Library):
        return {"files": files_of(options, data, cache)}
    digest = hashlib.sha256()
    with (source.path / INDEX).open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return {"cutouts": len(source), "index": digest.hexdigest()}


def files_of(options: Options, data: Path, cache: Path) -> Json:
    """How many files there are where options point, and the sha256 over their names and sizes."""
    return known_files(
        (_place(options, field, locate(location, data)) for field, location in options.locations()), cache
    ).to_json()


def hashes_of(options: Options, data: Path) -> dict[str, Json]:
    """The sha256 of files that are read whole, by the options that name them; none without such options."""
    hashes: dict[str, Json] = {
        field: sha256(read_bytes(locate(location, data))) for field, location in options.hashed_locations()
    }
    return {"sha256": hashes} if hashes else {}


def _place(options: Options, field: str, path: Path) -> Place:
    """By the rules of the part that holds a field, such as ``textures.root``; that of the whole for links, where it has none."""
    owner: Any = options
    for name in field.split(".")[:-1]:
        owner = owner[int(name)] if isinstance(owner, tuple) else getattr(owner, name)
    return Place(path, getattr(owner, "links", getattr(options, "links", "follow")), owner.reads)

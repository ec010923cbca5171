"""One sample made again from the plan in the manifest alone, and held against its files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

from natocc.errors import BadDataError, UsageError
from natocc.faces.landmarks import check_models
from natocc.identity import changed_versions
from natocc.images import read_bytes, sha256
from natocc.pipeline import Pipeline
from natocc.plans import Json, Plan
from natocc.recipe import validate_recipe
from natocc.remake import replayed, spec_of
from natocc.shards.layout import FOLDERS
from natocc.shards.manifest import read_manifest
from natocc.shards.sound import describe


@dataclasses.dataclass(frozen=True, eq=False)
class Replayed:
    """A file made again.

    Parameters
    ----------
    folder, path : str
        Such as ``images`` and ``images/00000/000000007.jpg``.
    content : bytes
        As made again.
    stated : str, optional
        The sha256 that the manifest has.
    on_disk : str, optional
        That of the file; None where there is none that can be read.
    """

    folder: str
    path: str
    content: bytes
    stated: str | None
    on_disk: str | None

    @property
    def same(self) -> bool:
        """Whether it is what lies on disk and what the manifest says."""
        return sha256(self.content) == self.on_disk == self.stated

    @property
    def verdict(self) -> str:
        """``same``, or what is different."""
        made = sha256(self.content)
        if self.same:
            return "same"
        if self.on_disk is None:
            return "different: no file on disk" + ("" if made == self.stated else ", and not what the manifest says")
        if made == self.stated:
            return f"different: the file was changed (sha256 {self.on_disk}, the manifest says {self.stated})"
        return f"different: made again it has sha256 {made}, the file {self.on_disk}, the manifest says {self.stated}"


def row_of(root: Path, index: int) -> dict[str, Json]:
    """The manifest's row of a sample.

    Raises
    ------
    UsageError
        If there is none, or the manifest cannot be read.
    """
    rows = read_manifest(root, index, index)
    if len(rows) != 1:
        raise UsageError(f"{root} has no sample {index} in its manifest")
    return rows[0]


def replay(root: Path, row: Mapping[str, Json], data: Path, cache: Path, jobs: int = 1) -> list[Replayed]:
    """Make a sample again from its row's plan; nothing is drawn.

    Parameters
    ----------
    root : Path
        A dataset's folder, whose ``dataset.json`` has the recipe.
    row : mapping
        Of the manifest; not one of a rejected sample.
    data, cache, jobs
        As for a build.

    Raises
    ------
    UsageError
        If the recipe was changed, inputs are missing, or the plan cannot be read.
    BadDataError
        If an input that served then cannot serve now.
    """
    description = describe(root)
    if not description.trusted:
        raise UsageError(f"the recipe in {root / 'dataset.json'} was changed; nothing can be made again from it")
    recipe = validate_recipe(description.content["recipe"], "in dataset.json")
    spec = spec_of(recipe, row["index"], row["set"], row["face"], row["variant"])
    try:
        plan = Plan.from_json(json.loads(row["plan"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"the plan of sample {spec.index} in the manifest is damaged ({type(error).__name__}: {error})"
        ) from None
    check_models(recipe.faces.align.points)
    remade = replayed(Pipeline(recipe, data, cache, jobs), spec, plan)
    layout = description.layout(root)
    found = []
    for folder in FOLDERS:
        if folder in remade or row[f"{folder}_path"] is not None:
            suffix, content = remade.get(folder, ("", b""))
            path = row[f"{folder}_path"] or layout.file(folder, spec.index, suffix).relative_to(root).as_posix()
            found.append(Replayed(folder, path, content, row[f"{folder}_sha256"], _digest(layout.root / path)))
    return found


def changed_since(root: Path) -> list[str]:
    """A line for each version that is another one than when the dataset was made, plug-ins' packages too."""
    there = describe(root).content
    return changed_versions(there, validate_recipe(there["recipe"], "in dataset.json"))


def _digest(path: Path) -> str | None:
    try:
        return sha256(read_bytes(path))
    except BadDataError:
        return None

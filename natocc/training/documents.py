"""Options from YAML, with edits by path, as recipes have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from natocc.core.errors import BadDataError, UsageError
from natocc.core.text import nearest
from natocc.io.files import is_file
from natocc.io.images import read_bytes
from natocc.io.paths import own_folder
from natocc.plugins.faults import faults
from natocc.plugins.options import Options
from natocc.recipe.edit import edit_recipe
from natocc.recipe.text import parse_recipe
from natocc.training.options import Benchmark

Chosen = TypeVar("Chosen", bound=Options)


def read_options(model: type[Chosen], content: Path | Mapping[str, Any] | None, name: str, edits: Iterable[str] = ()) -> Chosen:
    """Options of a kind.

    Parameters
    ----------
    model : type
        The kind.
    content : Path or mapping, optional
        A YAML file, or what it would hold; the defaults without it.
    name : str
        For messages, where it is no file.
    edits : iterable of str
        Such as ``augment.flip=0``.

    Raises
    ------
    UsageError
        One line a fault.
    """
    if isinstance(content, Path):
        name = str(content)
        try:
            raw = parse_recipe(read_bytes(content).decode("utf-8-sig"), name)
        except (BadDataError, UnicodeDecodeError) as error:
            raise UsageError(f"{name} cannot be read: {error}") from None
    else:
        raw = dict(content or {})
    edit_recipe(raw, edits)
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise UsageError(*(f"{name}: {line}" for line in faults(error))) from None


def own_benchmarks() -> dict[str, Path]:
    """Natocc's own benchmarks: name to file."""
    return {path.stem: path for path in sorted((own_folder("pipelines") / "benchmarks").glob("*.yaml"))}


def read_benchmark(name_or_path: str, edits: Iterable[str] = ()) -> Benchmark:
    """A benchmark's file, or one of natocc's own by name.

    Raises
    ------
    UsageError
        If there is none, or as :func:`read_options`.
    """
    own = own_benchmarks()
    path = own.get(name_or_path, Path(name_or_path))
    if not is_file(path):
        raise UsageError(
            f"no benchmark file {name_or_path!r}, nor one of natocc's own by that name{nearest(name_or_path, list(own))}"
        )
    return read_options(Benchmark, path, path.stem, edits)

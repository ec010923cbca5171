"""Options that several commands share, and the recipe that flags make."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from natocc.recipe import Recipe

Command = TypeVar("Command", bound=Callable[..., Any])


def _cache_folder(context: click.Context, _: click.Parameter, told: Path | None) -> Path:
    """What was told, else a folder beside the data root, else one of the user's."""
    if told is not None:
        return told
    beside: Path = context.params["data"].absolute().parent
    if os.access(beside, os.W_OK):
        return beside / "natocc-cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "natocc"


def jobs_option(command: Command) -> Command:
    """``--jobs``: workers; all cores unless told."""
    option = click.option(
        "-j", "--jobs", type=click.IntRange(0), default=0, callback=_all_cores, help="Processes. [default: 0, all cores]"
    )
    return option(command)


def _all_cores(_: click.Context, __: click.Parameter, jobs: int) -> int:
    return jobs or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def data_options(command: Command) -> Command:
    """``--data`` and ``--cache``."""
    cache = click.option(
        "--cache",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="NATOCC_CACHE",
        callback=_cache_folder,
        help="Where occluders are extracted to, once. [NATOCC_CACHE; default: natocc-cache beside the data root, or the user's "
        "cache folder where that cannot be written]",
    )
    data = click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="NATOCC_DATA",
        default=Path("data"),
        is_eager=True,  # the cache lies beside it
        help="Folder that holds the datasets as their owners publish them. [NATOCC_DATA; default: ./data]",
    )
    return data(cache(command))


def recipe_options(command: Command) -> Command:
    """``--source``, ``--occluders``, ``--method``, their roots, ``--seed`` and ``--set``."""
    for option in (
        click.option("--set", "edits", multiple=True, metavar="PATH=VALUE", help="Edit the recipe: --set output.shard_size=100."),
        click.option("--seed", type=int, help="Seed of every random decision."),
        click.option("--occluders-root", metavar="DIR", help="Where the occluders lie, if not where their owner puts them."),
        click.option("--source-root", metavar="DIR", help="Where the faces lie, if not where their owner puts them."),
        click.option("--method", metavar="NAME", help="natocc (default) or randocc."),
        click.option("--occluders", metavar="NAME", help="Occluders: coco, hands; shapes for randocc."),
    ):
        command = option(command)
    return command


def recipe_of_flags(
    recipe: str | None,
    source: str | None,
    occluders: str | None,
    method: str | None,
    source_root: str | None,
    occluders_root: str | None,
    seed: int | None,
    edits: tuple[str, ...],
) -> Recipe:
    """The recipe that a file and flags name: flags edit it before it is validated.

    Raises
    ------
    UsageError, RecipeError
        If both a recipe and flags that make one are given, or the recipe does not validate.
    """
    from natocc.errors import UsageError
    from natocc.recipe import edit_recipe, parse_recipe, recipe_text, validate_recipe

    if recipe is not None and (source or occluders or method):
        raise UsageError("--source, --occluders and --method make a recipe of one set; edit a recipe file's with --set")
    if recipe is None:
        raw, name = _one_set(source, occluders, method), "made from flags"
    else:
        text, name = recipe_text(recipe)
        raw = parse_recipe(text, name)
    flags = [f"seed={seed}"] if seed is not None else []
    if source_root is not None:
        flags.append(f"faces.root={_quoted(source_root)}")
    if occluders_root is not None:
        flags += [f"sets.{index}.occluders.root={_quoted(occluders_root)}" for index in range(len(raw.get("sets") or []))]
    edit_recipe(raw, [*flags, *edits])
    return validate_recipe(raw, name)


def _one_set(source: str | None, occluders: str | None, method: str | None) -> dict[str, Any]:
    from natocc.errors import UsageError

    if source is None:
        raise UsageError(
            "name a recipe, or faces with --source (such as celebamask) and occluders with --occluders (such as coco)"
        )
    method = method or ("randocc" if occluders == "shapes" else "natocc")
    occluders = occluders or ("shapes" if method == "randocc" else "coco")
    return {
        "name": f"{source}-{occluders}",
        "faces": {"source": source},
        "sets": [{"name": occluders, "method": method, "occluders": {"source": occluders}}],
    }


def _quoted(path: str) -> str:
    """A path as a YAML string, from the folder that the command was given in."""
    import json

    return json.dumps(path if ":" in path else str(Path(path).absolute()))

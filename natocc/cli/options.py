"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from natocc.cli.completion import complete_occluders
from natocc.io.paths import cache_folder

Command = TypeVar("Command", bound=Callable[..., Any])


def _cache_folder(context: click.Context, _: click.Parameter, given: Path | None) -> Path:
    """The folder given, else :func:`natocc.io.paths.cache_folder`."""
    return cache_folder(context.params["data"]) if given is None else given


def jobs_option(command: Command) -> Command:
    """``--jobs``: workers; all cores by default."""
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
        help="Folder for extracted occluders and other results that are reused. [NATOCC_CACHE; default: natocc-cache beside the "
        "data root, or the user's cache folder where that cannot be written]",
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
        click.option("--occluders-root", metavar="DIR", help="Folder of the occluders, if not at its usual place."),
        click.option("--source-root", metavar="DIR", help="Folder of the faces, if not at its usual place."),
        click.option("--method", metavar="NAME", help="natocc (default) or randocc."),
        click.option(
            "--occluders", metavar="NAME", shell_complete=complete_occluders, help="Occluders: coco, hands; shapes for randocc."
        ),
    ):
        command = option(command)
    return command
